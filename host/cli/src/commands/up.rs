//! `wask up`

mod launch;

use std::{
    fs::{self, File, TryLockError},
    time::Duration,
};

use clap::Args;
use nix::sys::signal::Signal;
use serde_json::json;
use tokio::time::{Instant, sleep};
use wask_client::Client;
use wask_rpc::{Address, SOFTWARE_VERSION};

use self::launch::Launch;
use super::scheduler::check_exposure;
use crate::{
    args::{TaskRuleArgs, units},
    cluster::Context,
    exit::{Exit, Failed, OrExit, Result},
    names::fill_random,
    output::{Output, note},
    paths::{Paths, private_folder},
    scheduler_file::SchedulerFile,
    state::{self, Found, UpFile, write_private},
    table::count,
};

/// How long a process may take to start.
const START: Duration = Duration::from_secs(30);
/// How often it is looked for.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// Start a cluster on this machine, in the background
///
/// Other commands of this user find it from now on. `wask down` ends it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask up
  wask up --workers 2 --slots 4 --memory-limit 8GiB
  wask up --listen tcp://127.0.0.1:0         on a TCP port; it wants a token all the same
  wask status; wask down")]
pub(crate) struct UpArgs {
    /// Worker processes
    #[arg(long, value_name = "N", default_value = "1", value_parser = units::at_least_one)]
    pub(crate) workers: usize,

    /// Tasks at a time of each worker [default: the processors, shared among the workers]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    slots: Option<u32>,

    /// Results that each worker holds in memory: 8GiB
    #[arg(long, value_name = "SIZE", value_parser = units::size)]
    memory_limit: Option<u64>,

    /// Where to listen instead of a Unix socket that only this user can open
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<Address>,

    /// Write one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    tasks: TaskRuleArgs,
}

pub(crate) async fn run(args: UpArgs, context: &Context) -> Result {
    let paths = &context.paths;
    private_folder(&paths.runtime)?;
    let _lock = lock(paths)?;
    clear(paths)?;
    let token = new_token()?;
    let token_file = paths.runtime.join("token");
    write_private(&token_file, &token)?;
    let mut launch = Launch::new(paths, &token_file)?;
    let address = start_scheduler(&mut launch, &args, paths).await?;
    start_workers(&mut launch, &args)?;
    let client = Client::builder(address.to_string()).name("wask up");
    let client = client.token(&token).connect().await?;
    let slots = joined(&mut launch, &client, args.workers).await?;
    let up = UpFile {
        version: SOFTWARE_VERSION.into(),
        address: address.to_string(),
        token,
        scheduler: launch.scheduler()?,
        workers: launch.workers(),
    };
    up.save(paths)?;
    launch.keep();
    let mut output = Output::stdout(args.json);
    match args.json {
        true => output.json(&json!({
            "address": up.address,
            "workers": args.workers,
            "slots": slots,
            "logs": paths.state,
        }))?,
        false => output.line(format_args!(
            "up at {}: {}, {}; logs in {}",
            up.address,
            count(args.workers as u64, "worker"),
            count(slots, "slot"),
            paths.state.display()
        ))?,
    }
    output.finish()
}

/// Keeps another `wask up` or `wask down` out while this one works.
pub(super) fn lock(paths: &Paths) -> Result<File> {
    let path = paths.runtime.join("lock");
    let file = File::options().create(true).append(true).open(&path);
    let file = file.or_exit(Exit::Machine, || format!("cannot open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failed::message(
            Exit::Machine,
            "another `wask up` or `wask down` is at work; wait for it",
        )),
        Err(TryLockError::Error(error)) => {
            Err(error).or_exit(Exit::Machine, || format!("cannot lock {}", path.display()))
        }
    }
}

/// Makes room for a new cluster: there may be none, and what is left of an old one goes.
fn clear(paths: &Paths) -> Result {
    match state::find(paths)? {
        Found::Nothing => Ok(()),
        Found::Running(up) => Err(Failed::message(
            Exit::Machine,
            format!(
                "a cluster is up at {}; end it first with `wask down`",
                up.address
            ),
        )),
        Found::Stale(up) => {
            note(format!("{}; replaced", up.stale(paths)));
            up.processes()
                .for_each(|process| process.signal(Signal::SIGTERM));
            let path = state::path(paths);
            fs::remove_file(&path).or_exit(Exit::Machine, || {
                format!("cannot remove {}", path.display())
            })
        }
    }
}

fn new_token() -> Result<String> {
    let mut bytes = [0; 32];
    fill_random(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn start_scheduler(launch: &mut Launch, args: &UpArgs, paths: &Paths) -> Result<Address> {
    let socket = Address::Unix(paths.runtime.join("scheduler.sock"));
    let listen = args.listen.clone().unwrap_or(socket);
    check_exposure(&listen, true, false)?;
    let file = paths.runtime.join("scheduler.json");
    // What is wrong with them is told here, not by the scheduler's log.
    args.tasks.rules()?;
    let mut arguments = vec![
        "--listen".to_owned(),
        listen.to_string(),
        "--scheduler-file".to_owned(),
        file.display().to_string(),
    ];
    arguments.extend(args.tasks.to_arguments());
    launch.start("scheduler", "scheduler", arguments)?;
    let deadline = Instant::now() + START;
    loop {
        if file.exists() {
            return SchedulerFile::read(&file);
        }
        launch.check()?;
        wait(deadline, "the scheduler does not listen").await?;
    }
}

fn start_workers(launch: &mut Launch, args: &UpArgs) -> Result {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let shared = processors.div_ceil(args.workers);
    let slots = args
        .slots
        .map_or(shared, |slots| slots as usize)
        .to_string();
    let memory = args.memory_limit.map(|bytes| bytes.to_string());
    let file = launch.scheduler_file();
    for number in 1..=args.workers {
        let name = format!("worker-{number}");
        let spill = launch.spill_folder(&name);
        let mut arguments = vec![
            "--scheduler-file",
            &file,
            "--name",
            &name,
            "--slots",
            &slots,
            "--spill-dir",
            &spill,
        ];
        if let Some(memory) = &memory {
            arguments.extend(["--memory-limit", memory]);
        }
        launch.start("worker", &name, arguments)?;
    }
    Ok(())
}

/// Waits until all workers have joined, and tells how many slots they have.
async fn joined(launch: &mut Launch, client: &Client, workers: usize) -> Result<u32> {
    let deadline = Instant::now() + START;
    loop {
        let status = client.status().await?;
        if status.workers.len() >= workers {
            return Ok(status.workers.iter().map(|worker| worker.slots).sum());
        }
        launch.check()?;
        wait(deadline, "not all workers have joined").await?;
    }
}

async fn wait(deadline: Instant, problem: &str) -> Result {
    if Instant::now() > deadline {
        let message = format!("{problem} after {START:?}; see the logs");
        return Err(Failed::message(Exit::Machine, message));
    }
    sleep(LOOK).await;
    Ok(())
}
