//! What can be typed: the commands and their options.
//!
//! An option's value comes from the first of: the command line, the environment (`--token-file` as
//! `WASK_TOKEN_FILE`), the config file ([`config`]), its default.

pub(crate) mod config;
mod environment;
mod shared;
mod sources;
mod tasks;
pub(crate) mod units;

use clap::{Parser, Subcommand};

pub(crate) use environment::{from_environment, source_of};
pub(crate) use shared::{ClusterArgs, LimitArgs, NameArgs, OutputArgs, dataset_name};
pub(crate) use sources::{InputFormat, SourceArgs};
pub(crate) use tasks::{MisplacedArgs, TaskRuleArgs};

use crate::{commands, logging::LogFormat};

const ABOUT: &str = "Run functions of WebAssembly components in sandboxes, here and on a cluster";

const AFTER_HELP: &str = "\
Examples:
  wask call words.wasm 'count-words(\"to be or not to be\")'    run a function here
  wask map words.wasm count-words --files 'src/**/*.rs' --reduce merge
  wask up                                                     start a cluster on this machine

COMPONENT is a file where it holds a `/` or ends in .wasm or .wat, else a name given by `wask push`.
Arguments are WAVE: 1, \"text\", [1, 2], {x: 1.5}, some(3); and @name, @name[3], @file(\"p\"), @stdin.

Every option can be set in the environment too (--token-file as WASK_TOKEN_FILE; limits of tasks as
WASK_TASK_TIMEOUT and so on), and in config.toml in $XDG_CONFIG_HOME/wask.

Exit codes: 0 done; 1 a task failed; 2 bad input, nothing ran; 3 cluster unreachable or lost;
4 refused; 5 this machine (port, disk); 6 not there in time; 130 Ctrl-C.";

/// The command line.
#[derive(Parser, Debug)]
#[command(
    name = "wask",
    bin_name = "wask",
    version,
    about = ABOUT,
    after_help = AFTER_HELP,
    max_term_width = 100,
    infer_subcommands = false
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Messages")]
pub(crate) struct GlobalArgs {
    /// No progress, no summary: only results and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// How logs are written; RUST_LOG tells which
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,

    /// How much is read of one file, or of stdin
    #[arg(
        long,
        global = true,
        value_name = "SIZE",
        value_parser = units::size,
        default_value = "1GiB"
    )]
    pub(crate) read_limit: u64,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Inspect(commands::inspect::InspectArgs),
    Call(commands::call::CallArgs),
    Push(commands::push::PushArgs),
    Components(commands::components::ComponentsArgs),
    Scheduler(commands::scheduler::SchedulerArgs),
    Worker(commands::worker::WorkerArgs),
    #[command(hide = true)]
    CompileChild(commands::compile_child::CompileChildArgs),
    #[command(hide = true)]
    Supervise(commands::supervise::SuperviseArgs),
    Up(commands::up::UpArgs),
    Down(commands::down::DownArgs),
    Status(commands::status::StatusArgs),
    Submit(commands::submit::SubmitArgs),
    Map(commands::map::MapArgs),
    Compute(commands::compute::ComputeArgs),
    Persist(commands::persist::PersistArgs),
    Visualize(commands::visualize::VisualizeArgs),
    Scatter(commands::scatter::ScatterArgs),
    Result(commands::result::ResultArgs),
    Gather(commands::gather::GatherArgs),
    Wait(commands::wait::WaitArgs),
    Cancel(commands::cancel::CancelArgs),
    Release(commands::release::ReleaseArgs),
    Datasets(commands::datasets::DatasetsArgs),
    Version(commands::version::VersionArgs),
    Completions(commands::completions::CompletionsArgs),
}

#[cfg(test)]
mod tests;
