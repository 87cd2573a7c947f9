//! `wask up`

mod launch;

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use nix::sys::signal::Signal;
use serde_json::json;
use tokio::time::{Instant, sleep};
use wask_client::Client;
use wask_rpc::{Address, random_token};

use self::launch::Launch;
use super::scheduler::check_exposure;
use crate::{
    args::{TaskRuleArgs, units},
    cluster::Context,
    exit::{Exit, Failed, OrExit, Result},
    output::{Output, note},
    paths::{Paths, if_there, private_folder},
    state::{self, Found, write_private},
    supervisor::{Plan, Program},
    table::count,
};

/// How long the workers may take to join.
const START: Duration = Duration::from_secs(30);
/// How often it is looked for.
pub(super) const LOOK: Duration = Duration::from_millis(10);

/// Start a cluster on this machine, in the background
///
/// Other commands of this user find it from now on. What of it dies is started again, until
/// `wask down` ends it.
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
    private_folder(&paths.sockets())?;
    let _lock = lock(paths)?;
    clear(paths).await?;
    let plan = plan(&args, paths)?;
    let mut launch = Launch::start(paths, &plan)?;
    let address = launch.address().await?;
    let client = Client::builder(&*address).name("wask up");
    let client = client.token(&plan.token).connect().await?;
    let slots = tokio::select! {
        slots = joined(&client, args.workers) => slots?,
        failed = launch.failure() => return Err(failed),
    };
    launch.keep().await?;
    let mut output = Output::stdout(args.json);
    match args.json {
        true => output.json(&json!({
            "address": address,
            "workers": args.workers,
            "slots": slots,
            "logs": paths.state,
        }))?,
        false => output.line(format_args!(
            "up at {address}: {}, {}; logs in {}",
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
async fn clear(paths: &Paths) -> Result {
    match state::find_whole(paths).await? {
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
            remove_state(paths)
        }
        Found::Torn(what) => {
            note(format!("{what}; replaced"));
            remove_state(paths)
        }
    }
}

pub(super) fn remove_state(paths: &Paths) -> Result {
    let path = state::path(paths);
    if_there(fs::remove_file(&path)).or_exit(Exit::Machine, || {
        format!("cannot remove {}", path.display())
    })?;
    Ok(())
}

/// Files that processes are told of.
struct Files {
    scheduler: PathBuf,
    token: PathBuf,
    worker_token: PathBuf,
}

/// Writes a new token to a file.
fn new_token(file: &Path) -> Result<String> {
    let token = random_token();
    let token = token.or_exit(Exit::Machine, || "the system gives no random bytes")?;
    write_private(file, &token)?;
    Ok(token)
}

/// What is to run, with new tokens.
fn plan(args: &UpArgs, paths: &Paths) -> Result<Plan> {
    let files = Files {
        scheduler: paths.runtime.join("scheduler.json"),
        token: paths.runtime.join("token"),
        worker_token: paths.runtime.join("worker-token"),
    };
    let token = new_token(&files.token)?;
    new_token(&files.worker_token)?;
    let scheduler_file = files.scheduler.clone();
    if_there(fs::remove_file(&scheduler_file)).or_exit(Exit::Machine, || {
        format!("cannot remove {}", scheduler_file.display())
    })?;
    Ok(Plan {
        scheduler: scheduler(args, paths, &files)?,
        workers: workers(args, paths, &files),
        scheduler_file,
        token,
    })
}

fn scheduler(args: &UpArgs, paths: &Paths, files: &Files) -> Result<Program> {
    let socket = Address::Unix(paths.sockets().join("scheduler.sock"));
    let listen = args.listen.clone().unwrap_or(socket);
    check_exposure(&listen, true, false)?;
    // What is wrong with them is told here, not by the scheduler's log.
    args.tasks.rules()?;
    let mut program = program("scheduler", "scheduler", paths);
    program.arguments.extend([
        "--listen".to_owned(),
        listen.to_string(),
        "--scheduler-file".to_owned(),
        files.scheduler.display().to_string(),
        "--token-file".to_owned(),
        files.token.display().to_string(),
        "--worker-token-file".to_owned(),
        files.worker_token.display().to_string(),
    ]);
    program.arguments.extend(args.tasks.to_arguments());
    Ok(program)
}

fn workers(args: &UpArgs, paths: &Paths, files: &Files) -> Vec<Program> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let shared = processors.div_ceil(args.workers);
    let slots = args.slots.map_or(shared, |slots| slots as usize);
    let worker = |number| {
        let name = format!("worker-{number}");
        let spill = paths.cache.join("spill").join(&name);
        let mut program = program("worker", &name, paths);
        program.arguments.extend([
            "--scheduler-file".to_owned(),
            files.scheduler.display().to_string(),
            "--worker-token-file".to_owned(),
            files.worker_token.display().to_string(),
            "--name".to_owned(),
            name,
            "--slots".to_owned(),
            slots.to_string(),
            "--spill-dir".to_owned(),
            spill.display().to_string(),
        ]);
        if args.listen.is_none() {
            // Always the same, so that the socket of one that was killed is the next one's.
            let socket = Address::Unix(paths.sockets().join(format!("{}.sock", program.name)));
            let listen = ["--listen".to_owned(), socket.to_string()];
            program.arguments.extend(listen);
        }
        if let Some(memory) = args.memory_limit {
            let memory = ["--memory-limit".to_owned(), memory.to_string()];
            program.arguments.extend(memory);
        }
        program
    };
    (1..=args.workers).map(worker).collect()
}

fn program(command: &str, name: &str, paths: &Paths) -> Program {
    Program {
        name: name.to_owned(),
        arguments: vec![command.to_owned()],
        log: paths.state.join(format!("{name}.log")),
    }
}

/// Waits until all workers have joined, and tells how many slots they have.
async fn joined(client: &Client, workers: usize) -> Result<u32> {
    let deadline = Instant::now() + START;
    loop {
        let status = client.status().await?;
        if status.workers.len() >= workers {
            return Ok(status.workers.iter().map(|worker| worker.slots).sum());
        }
        if Instant::now() > deadline {
            let message = format!("not all workers have joined after {START:?}; see the logs");
            return Err(Failed::message(Exit::Machine, message));
        }
        sleep(LOOK).await;
    }
}
