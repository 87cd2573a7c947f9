//! What tasks of a cluster may use: options of whoever starts its scheduler.

use std::time::Duration;

use clap::Args;
use wask_client::{Clamps, Limit, LimitRules, ResultLimits};
use wask_scheduler::TaskRules;

use super::units;
use crate::exit::{Failed, Result};

/// What tasks of the cluster may use.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Limits of all tasks")]
pub(crate) struct TaskRuleArgs {
    /// Linear memory of a task that asks for nothing [default: 1GiB]
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    task_memory: Option<u64>,

    /// The most that a task may ask for [default: 16GiB]
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    task_memory_max: Option<u64>,

    /// Bytes of the encoded result of a task that asks for nothing [default: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    task_output: Option<u64>,

    /// The most that a task may ask for [default: 16GiB]
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    task_output_max: Option<u64>,

    /// Instructions, about, of a task that asks for nothing [default: unlimited]
    #[arg(long, value_name = "N", value_parser = units::fuel)]
    task_fuel: Option<Limit>,

    /// The most that a task may ask for [default: unlimited]
    #[arg(long, value_name = "N", value_parser = units::fuel)]
    task_fuel_max: Option<Limit>,

    /// The most time that one attempt gets, whatever is asked for [default: unlimited]
    #[arg(long, value_name = "TIME", value_parser = units::duration)]
    task_timeout_max: Option<Duration>,

    /// How often a task is tried again at most, whatever is asked for [default: unlimited]
    #[arg(long, value_name = "N")]
    task_retries_max: Option<u32>,
}

impl TaskRuleArgs {
    /// The rules. A default that is not given follows a maximum that is, and the other way round.
    pub(crate) fn rules(&self) -> Result<TaskRules> {
        let built_in = LimitRules::default();
        let [defaults, max] = [built_in.defaults(), built_in.max()];
        let (memory, memory_max) = pair(
            (self.task_memory, self.task_memory_max),
            (defaults.memory, max.memory),
        );
        let (output, output_max) = pair(
            (self.task_output, self.task_output_max),
            (defaults.output, max.output),
        );
        let (fuel, fuel_max) = pair(
            (self.task_fuel, self.task_fuel_max),
            (defaults.fuel, max.fuel),
        );
        let defaults = ResultLimits {
            memory,
            output,
            fuel,
        };
        let max = ResultLimits {
            memory: memory_max,
            output: output_max,
            fuel: fuel_max,
        };
        let limits = LimitRules::new(defaults, max).map_err(|error| {
            let option = error.kind.max_option();
            Failed::input(format!(
                "{error}; give less by default, or a greater {option}"
            ))
        })?;
        let clamps = Clamps {
            timeout: self.task_timeout_max,
            retries: self.task_retries_max,
        };
        Ok(TaskRules { limits, clamps })
    }

    /// The options as they are typed, for the command of another process.
    pub(crate) fn to_arguments(&self) -> Vec<String> {
        let number = |number: u64| number.to_string();
        let options = [
            ("--task-memory", self.task_memory.map(number)),
            ("--task-memory-max", self.task_memory_max.map(number)),
            ("--task-output", self.task_output.map(number)),
            ("--task-output-max", self.task_output_max.map(number)),
            ("--task-fuel", self.task_fuel.map(|fuel| fuel.to_string())),
            (
                "--task-fuel-max",
                self.task_fuel_max.map(|fuel| fuel.to_string()),
            ),
            (
                "--task-timeout-max",
                self.task_timeout_max
                    .map(|time| format!("{}ns", time.as_nanos())),
            ),
            (
                "--task-retries-max",
                self.task_retries_max.map(|retries| retries.to_string()),
            ),
        ];
        options
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value?]))
            .flatten()
            .collect()
    }
}

/// A default and its maximum: those given, else the built-in ones as far as they go together.
fn pair<T: Copy + Ord>(given: (Option<T>, Option<T>), (default, max): (T, T)) -> (T, T) {
    match given {
        (Some(default), Some(max)) => (default, max),
        (Some(default), None) => (default, max.max(default)),
        (None, Some(max)) => (default.min(max), max),
        (None, None) => (default, max),
    }
}

/// Options that people may look for at a worker, where no limits of tasks are set.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct MisplacedArgs {
    #[arg(long, hide = true, value_parser = belongs_to_the_scheduler)]
    task_memory: Option<String>,
    #[arg(long, hide = true, value_parser = belongs_to_the_scheduler)]
    task_memory_max: Option<String>,
    #[arg(long, hide = true, value_parser = belongs_to_the_scheduler)]
    task_output: Option<String>,
    #[arg(long, hide = true, value_parser = belongs_to_the_scheduler)]
    task_output_max: Option<String>,
    #[arg(long, hide = true, value_parser = belongs_to_the_scheduler)]
    task_fuel: Option<String>,
    #[arg(long, hide = true, value_parser = belongs_to_the_scheduler)]
    task_fuel_max: Option<String>,
    #[arg(long, hide = true, value_parser = belongs_to_the_scheduler)]
    task_timeout_max: Option<String>,
    #[arg(long, hide = true, value_parser = belongs_to_the_scheduler)]
    task_retries_max: Option<String>,
}

fn belongs_to_the_scheduler(_: &str) -> std::result::Result<String, String> {
    Err(
        "limits of tasks are the same on all workers: give this to `wask scheduler` or `wask up`"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        rules: TaskRuleArgs,
    }

    fn args(arguments: &[&str]) -> TaskRuleArgs {
        Command::parse_from([&["x"], arguments].concat()).rules
    }

    #[test]
    fn what_is_not_given_is_built_in() {
        let rules = args(&[]).rules().unwrap();
        assert_eq!(rules.limits, LimitRules::default());
        assert_eq!(rules.clamps, Clamps::default());
        assert!(args(&[]).to_arguments().is_empty());
    }

    #[test]
    fn defaults_and_maxima_follow_one_another_but_do_not_contradict() {
        let rules = |arguments| args(arguments).rules();
        let small = rules(&["--task-memory-max", "64MiB"]).unwrap().limits;
        assert_eq!(small.defaults().memory, 64 << 20);
        let large = rules(&["--task-output", "20GiB"]).unwrap().limits;
        assert_eq!(large.max().output, 20 << 30);
        let both = rules(&["--task-fuel", "9", "--task-fuel-max", "8"]).unwrap_err();
        assert_eq!(
            both.to_string(),
            "fuel: a limit of 9 units is more than a task may have, 8 units; give less by default, \
             or a greater --task-fuel-max"
        );
    }

    #[test]
    fn another_process_is_given_the_same() {
        let typed = [
            "--task-memory=64MiB",
            "--task-memory-max=128MiB",
            "--task-output=1MiB",
            "--task-output-max=2MiB",
            "--task-fuel=7",
            "--task-fuel-max=unlimited",
            "--task-timeout-max=1500ms",
            "--task-retries-max=2",
        ];
        let typed = args(&typed);
        let arguments = typed.to_arguments();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (own, other) = (typed.rules().unwrap(), args(&arguments).rules().unwrap());
        assert_eq!(own.limits, other.limits);
        assert_eq!(own.clamps, other.clamps);
        assert_eq!(own.clamps.timeout, Some(Duration::from_millis(1500)));
    }
}
