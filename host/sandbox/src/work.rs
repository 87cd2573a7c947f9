//! What a task runs, and running it.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use bytes::Bytes;
use wask_core::{Applied, TaskKind, TaskOptions, TaskSpec};
use wask_operator::Operator;
use wask_value::Type;

use crate::{
    Cancel, Compiled, Error, FunctionHandle, Outcome, Report, Sandbox, TaskLimits, applied,
    operator, run::Run,
};

/// What a task runs.
#[derive(Clone)]
pub enum Work {
    /// A function of a component, in sandboxes.
    Function {
        /// The component.
        compiled: Arc<Compiled>,
        /// A function of it.
        function: FunctionHandle,
        /// To the arguments as they are, or to each element of a list.
        applied: Applied,
    },
    /// A built-in operator, in host code.
    Operator {
        /// Which one.
        operator: Operator,
        /// What stands for its type parameters.
        types: Arc<[Type]>,
    },
}

impl Work {
    /// The function of this full name.
    ///
    /// # Errors
    /// [`Error::NoFunction`]
    pub fn function(compiled: Arc<Compiled>, name: &str, applied: Applied) -> Result<Self, Error> {
        match compiled.function(name) {
            Some(function) => Ok(Self::Function {
                compiled,
                function,
                applied,
            }),
            None => Err(Error::NoFunction {
                digest: compiled.digest(),
                function: name.to_owned(),
            }),
        }
    }

    /// The operator of this name and version, for types in WIT text, as tasks name them.
    ///
    /// # Errors
    /// [`Error::Operator`] where there is none, not in this version of wask, or no such type.
    pub fn operator(name: &str, version: u32, types: &[Arc<str>]) -> Result<Self, Error> {
        let fail = |message: String| Error::Operator {
            name: name.to_owned(),
            message,
        };
        if version != Operator::VERSION {
            let known = Operator::VERSION;
            let message = format!("it is wanted in version {version}, and this is {known}");
            return Err(fail(message));
        }
        let operator: Operator = name
            .parse()
            .map_err(|error: wask_operator::Error| fail(error.to_string()))?;
        let types: Result<Arc<[Type]>, _> = types.iter().map(|ty| ty.parse()).collect();
        let types = types.map_err(|error| fail(error.to_string()))?;
        Ok(Self::Operator { operator, types })
    }

    /// The type of the value in an [`Outcome::GuestError`], where there is one.
    pub fn error_type(&self) -> Option<Type> {
        match self {
            Self::Function {
                compiled, function, ..
            } => compiled.function_type(*function)?.error_type(),
            Self::Operator { .. } => None,
        }
    }
}

/// A task for an executor.
pub struct Job {
    /// What the report will bear, and what cancels the job. Unique among unfinished jobs.
    pub token: u64,
    /// What to run.
    pub work: Work,
    /// The encodings of the arguments one after another, in as many pieces as there happen to be.
    pub arguments: Vec<Bytes>,
    /// What guests get for randomness depends on this, see [`seed`].
    pub seed: [u8; 32],
    /// What the task may use.
    pub limits: TaskLimits,
}

/// The seed for a task's job.
///
/// It is the task's key. But where a function is applied to each element of a list, it is what all
/// tasks of one definition have in common: equal elements give equal results, whatever list they
/// are in. An impure task is not meant to repeat itself, and always has its key.
pub fn seed(task: &TaskSpec) -> [u8; 32] {
    match &task.definition.kind {
        TaskKind::Function { applied, .. } if *applied != Applied::Once && task.is_pure() => {
            *task.definition.digest()
        }
        _ => task.key.0,
    }
}

impl TaskLimits {
    /// What a task with these options may use: these limits where it asks for nothing else.
    pub fn with(self, options: &TaskOptions) -> Self {
        Self {
            memory: options.memory_limit.unwrap_or(self.memory),
            timeout: options.timeout.or(self.timeout),
            fuel: options.fuel.or(self.fuel),
            max_output: options.output_limit.unwrap_or(self.max_output),
        }
    }
}

impl Sandbox {
    /// Runs a job on the calling thread, as [`run`](Self::run) does a call; a function waits for a
    /// free slot.
    ///
    /// Whatever happens, there is a report: a panic in host code costs this task and nothing else.
    pub fn run_job(&self, job: &Job, cancel: &Cancel) -> Report {
        let run = AssertUnwindSafe(|| match &job.work {
            Work::Function {
                compiled,
                function,
                applied,
            } => self.apply(compiled, *function, *applied, job, cancel),
            Work::Operator { operator, types } => operator::run(operator, types, job, cancel),
        });
        panic::catch_unwind(run).unwrap_or_else(|_| {
            let message = "the sandbox panicked; see the worker's log";
            Report::not_run(Outcome::Unavailable(message.to_owned()))
        })
    }

    fn apply(
        &self,
        compiled: &Compiled,
        function: FunctionHandle,
        applied: Applied,
        job: &Job,
        cancel: &Cancel,
    ) -> Report {
        let run = match Run::begin(self, compiled, function, job.limits, cancel) {
            Ok(run) => run,
            Err(why) => return Report::not_run(why),
        };
        applied::run(&run, applied, &job.arguments, job.seed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wask_core::{Arguments, Definition, Digest, TypeId};

    use super::*;

    fn task(applied: Applied, pure: bool, argument: u8) -> TaskSpec {
        let kind = TaskKind::Function {
            component: Digest([1; 32]),
            function: "work".into(),
            applied,
        };
        let options = TaskOptions {
            pure,
            ..TaskOptions::default()
        };
        let definition = Definition::new("default", kind, options);
        let arguments = Arguments {
            bytes: vec![argument].into(),
            holes: [].into(),
        };
        let salt = u64::from(!pure);
        TaskSpec::new(definition.into(), arguments, [].into(), salt, TypeId(0))
    }

    #[test]
    fn tasks_that_share_a_list_share_a_seed() {
        let seeds = |applied, pure| [1, 2].map(|argument| seed(&task(applied, pure, argument)));
        let [one, other] = seeds(Applied::Map, true);
        assert_eq!(one, other);
        assert_ne!([one, one], seeds(Applied::Filter, true));
        for (applied, pure) in [(Applied::Once, true), (Applied::Map, false)] {
            let [one, other] = seeds(applied, pure);
            assert_ne!(one, other);
            assert_eq!(one, task(applied, pure, 1).key.0);
        }
    }

    #[test]
    fn what_a_task_asks_for_is_what_it_gets() {
        let limits = TaskLimits {
            timeout: Some(Duration::from_secs(9)),
            ..TaskLimits::default()
        };
        let options = TaskOptions {
            fuel: Some(7),
            output_limit: Some(8),
            ..TaskOptions::default()
        };
        let expected = TaskLimits {
            fuel: Some(7),
            max_output: 8,
            ..limits
        };
        assert_eq!(limits.with(&options), expected);
        assert_eq!(limits.with(&TaskOptions::default()), limits);
    }

    #[test]
    fn operators_that_cannot_run_are_refused() {
        let fault = |name, version, types: &[&str]| {
            let types: Vec<Arc<str>> = types.iter().map(|ty| (*ty).into()).collect();
            let work = Work::operator(name, version, &types);
            work.err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        };
        let version = Operator::VERSION;
        assert_eq!(fault("sum", version, &["u32"]), "");
        for (name, version, types, part) in [
            ("summ", version, &["u32"][..], "unknown operator"),
            ("sum", version + 1, &["u32"], "version"),
            ("sum", version, &["u33"], "u33"),
        ] {
            let fault = fault(name, version, types);
            assert!(fault.contains(part), "{fault}");
        }
    }
}
