//! `wask worker`

use std::{path::PathBuf, time::Duration};

use clap::Args;
use tokio::task::LocalSet;
use wask_rpc::Address;
use wask_sandbox::Compiler;
use wask_worker::Config;

use super::{compile_child::compiler, scheduler::check_exposure, supervise::Supervised};
use crate::{
    args::{MisplacedArgs, units},
    cluster::{Context, given_worker_token},
    exit::{Failed, Result},
    interrupt::signalled,
    scheduler_file::SchedulerFile,
};

/// Bytes of a worker's name, where the scheduler says nothing else.
const NAME_MAX: usize = 256;

/// Run a worker in the foreground
///
/// It joins the scheduler, and ends at SIGTERM and at Ctrl-C. A scheduler that is lost is looked for,
/// for ten minutes, with all results kept.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask worker tcp://10.0.0.7:8786 --worker-token-file worker-token --slots 8
  wask worker --scheduler-file /shared/scheduler.json --memory-limit 16GiB --spill-dir /scratch")]
pub(crate) struct WorkerArgs {
    /// The scheduler's address
    #[arg(value_name = "ADDRESS", required_unless_present = "scheduler_file")]
    scheduler: Option<Address>,

    /// A file that the scheduler wrote its address to
    #[arg(long, value_name = "FILE", conflicts_with = "scheduler")]
    scheduler_file: Option<PathBuf>,

    /// A file with the cluster's token for workers; WASK_WORKER_TOKEN may hold the token itself
    #[arg(long, value_name = "FILE", alias = "token-file")]
    worker_token_file: Option<PathBuf>,

    /// Its name, unique in the cluster [default: made of the machine's name]
    #[arg(long, value_parser = worker_name)]
    name: Option<String>,

    /// Tasks at a time [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    slots: Option<u32>,

    /// Results that it holds in memory: 16GiB [default: 60 % of the machine's memory]
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    memory_limit: Option<u64>,

    /// The most linear memory of one task here: tasks that may use more run on other workers
    /// [default: what the sandbox can give]
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    sandbox_memory: Option<u64>,

    /// How long compiling one component may take
    #[arg(
        long,
        value_name = "TIME",
        value_parser = units::duration,
        default_value = "60s"
    )]
    compile_timeout: Duration,

    /// The memory that compiling one component may take
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = units::size,
        default_value = "2GiB"
    )]
    compile_memory: u64,

    /// A folder for results that memory has no room for
    #[arg(long, value_name = "FOLDER")]
    spill_dir: Option<PathBuf>,

    /// Where other workers may connect [default: the interface that leads to the scheduler]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<Address>,

    /// How other workers reach that, where it is not how this machine names it
    #[arg(long, value_name = "ADDRESS")]
    contact_address: Option<Address>,

    /// Listen for other machines without a token
    #[arg(long)]
    insecure: bool,

    /// How long to try to reach the scheduler at the start
    #[arg(
        long,
        value_name = "TIME",
        value_parser = units::duration,
        default_value = "10s"
    )]
    connect_timeout: Duration,

    /// How long to look for a scheduler that was lost, with all results kept, before giving up
    #[arg(
        long,
        value_name = "TIME",
        value_parser = units::duration,
        default_value = "10m"
    )]
    return_timeout: Duration,

    /// Keep all that it is told in this file, for `wask-replay`: arguments and names of tasks too
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,

    #[command(flatten)]
    supervised: Supervised,

    #[command(flatten)]
    _misplaced: MisplacedArgs,
}

fn worker_name(text: &str) -> Result<String, String> {
    wask_core::check_name("worker", text, NAME_MAX).map(|()| text.to_owned())
}

pub(crate) async fn run(args: WorkerArgs, context: &Context) -> Result {
    args.supervised.obey()?;
    let token = given_worker_token(args.worker_token_file.as_ref())?;
    let scheduler = match (args.scheduler, &args.scheduler_file) {
        (Some(address), _) => address,
        (None, Some(file)) => SchedulerFile::wait_for(file, args.connect_timeout).await?,
        (None, None) => return Err(Failed::input("a worker needs the scheduler's address")),
    };
    if let Some(listen) = &args.listen {
        check_exposure(listen, token.is_some(), args.insecure)?;
    }
    let defaults = Config::new(scheduler);
    let memory_limit = args.memory_limit.unwrap_or(defaults.memory_limit);
    let config = Config {
        token,
        name: args.name.unwrap_or(defaults.name),
        slots: args.slots.unwrap_or(defaults.slots),
        memory_limit,
        memory_hard_limit: memory_limit.saturating_add(memory_limit / 4),
        task_memory: args.sandbox_memory.unwrap_or(defaults.task_memory),
        spill_dir: args.spill_dir,
        cache_dir: Some(context.paths.compiled_code()),
        compiler: Some(Compiler {
            timeout: args.compile_timeout,
            memory: args.compile_memory,
            ..compiler()
        }),
        listen: args.listen,
        contact_address: args.contact_address,
        connect_timeout: args.connect_timeout,
        return_timeout: args.return_timeout,
        record: args.record,
        ..defaults
    };
    let serve = wask_worker::serve(config, |_| (), async {
        signalled().await;
    });
    LocalSet::new().run_until(serve).await?;
    Ok(())
}
