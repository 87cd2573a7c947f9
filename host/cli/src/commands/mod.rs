//! The commands, one file each.

pub(crate) mod call;
pub(crate) mod cancel;
pub(crate) mod compile_child;
pub(crate) mod completions;
pub(crate) mod components;
pub(crate) mod compute;
pub(crate) mod datasets;
pub(crate) mod down;
pub(crate) mod gather;
pub(crate) mod inspect;
pub(crate) mod map;
pub(crate) mod persist;
pub(crate) mod push;
pub(crate) mod release;
pub(crate) mod result;
pub(crate) mod scatter;
pub(crate) mod scheduler;
pub(crate) mod status;
pub(crate) mod submit;
pub(crate) mod supervise;
pub(crate) mod up;
pub(crate) mod version;
pub(crate) mod visualize;
pub(crate) mod wait;
pub(crate) mod worker;

use tracing_subscriber::filter::LevelFilter;

use crate::{
    args::Command,
    cluster::Context,
    exit::Result,
    interrupt::{self, or_left, or_signal},
};

/// Runs a command. A signal ends all but those that listen for it themselves.
pub(crate) async fn run(command: Command, context: &Context) -> Result {
    match command {
        Command::Scheduler(args) => return Box::pin(scheduler::run(args)).await,
        Command::Worker(args) => return Box::pin(worker::run(args, context)).await,
        Command::Supervise(args) => return Box::pin(supervise::run(args, context)).await,
        _ => interrupt::end_at_last()?,
    }
    match command {
        Command::Map(args) => Box::pin(map::run(args, context)).await,
        // What these wait for goes on without them.
        Command::Wait(args) => or_left(wait::run(args, context)).await,
        Command::Result(args) => or_left(result::run(args, context)).await,
        Command::Gather(args) => or_left(gather::run(args, context)).await,
        command => Box::pin(or_signal(once(command, context))).await,
    }
}

async fn once(command: Command, context: &Context) -> Result {
    match command {
        Command::Inspect(args) => inspect::run(args, context).await,
        Command::Push(args) => push::run(args, context).await,
        Command::Components(args) => components::run(args, context).await,
        Command::Up(args) => up::run(args, context).await,
        Command::Down(args) => down::run(args, context).await,
        Command::Status(args) => status::run(args, context).await,
        Command::Submit(args) => submit::run(args, context).await,
        Command::Scatter(args) => scatter::run(args, context).await,
        Command::Compute(args) => Box::pin(compute::run(args, context)).await,
        Command::Persist(args) => Box::pin(persist::run(args, context)).await,
        Command::Visualize(args) => Box::pin(visualize::run(args, context)).await,
        Command::Cancel(args) => cancel::run(args, context).await,
        Command::Release(args) => release::run(args, context).await,
        Command::Datasets(args) => datasets::run(args, context).await,
        Command::Call(args) => call::run(&args, context),
        Command::Version(args) => version::run(&args),
        Command::Completions(args) => completions::run(&args),
        // Taken out before.
        Command::CompileChild(_)
        | Command::Scheduler(_)
        | Command::Worker(_)
        | Command::Supervise(_)
        | Command::Map(_)
        | Command::Wait(_)
        | Command::Result(_)
        | Command::Gather(_) => Ok(()),
    }
}

/// What is logged where `RUST_LOG` says nothing: servers tell more.
pub(crate) fn log_level(command: &Command) -> LevelFilter {
    match command {
        Command::Scheduler(_) | Command::Worker(_) | Command::Supervise(_) => LevelFilter::INFO,
        _ => LevelFilter::WARN,
    }
}
