//! All processes of a cluster together.

use std::{
    env, fs,
    io::{self, BufRead, Write},
    path::PathBuf,
    thread,
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::{Instant, sleep, timeout},
};
use wask_rpc::SOFTWARE_VERSION;

use super::{
    Plan, Told,
    child::{Child, Ended},
};
use crate::{
    exit::{Exit, Failed, OrExit, Result},
    paths::{Paths, if_there},
    scheduler_file::SchedulerFile,
    state::{self, Found, Process, UpFile},
};

/// How long the scheduler may take until it listens.
const LISTENS: Duration = Duration::from_secs(30);
/// How often its file is looked for.
const LOOK: Duration = Duration::from_millis(10);
/// How often it is looked whether other commands can find the cluster.
const FILE_LOOK: Duration = Duration::from_secs(1);
/// How long processes may take to end by themselves.
const END: Duration = Duration::from_secs(10);
/// Lines of a log that are shown where a process ends too early.
const LOG_LINES: usize = 10;

/// Runs the cluster of a plan, which comes in on stdin, until a signal comes.
pub(crate) async fn watch(paths: &Paths) -> Result {
    let mut asked = lines_of_stdin();
    let no_plan = || Failed::input("a supervisor is started by `wask up`, with a plan on stdin");
    let plan = asked.recv().await.ok_or_else(no_plan)?;
    let plan: Plan = serde_json::from_str(&plan).or_exit(Exit::Input, || "this is no plan")?;
    let mut stop = Stop::new()?;
    let started = tokio::select! {
        started = start(paths, plan, &mut asked) => started,
        () = stop.asked() => return Ok(()),
    };
    let mut cluster = match started {
        Ok(cluster) => cluster,
        Err(failed) => {
            tell(&Told::Failed {
                exit: failed.exit.code(),
                message: failed.to_string(),
            });
            return Err(failed);
        }
    };
    tell(&Told::Up);
    let kept = cluster.keep(paths, &mut stop).await;
    cluster.end().await;
    cluster.clear(paths);
    kept
}

/// Starts everything, and waits until who asked for it says that it is up.
async fn start(
    paths: &Paths,
    plan: Plan,
    asked: &mut mpsc::UnboundedReceiver<String>,
) -> Result<Cluster> {
    let binary =
        env::current_exe().or_exit(Exit::Machine, || "cannot tell where this program is")?;
    let mut cluster = Cluster {
        children: vec![Child::start(&binary, plan.scheduler)?],
        binary,
        scheduler_file: plan.scheduler_file,
        token: plan.token,
        address: String::new(),
    };
    let work = async {
        cluster.address = cluster.listens().await?;
        for worker in plan.workers {
            cluster
                .children
                .push(Child::start(&cluster.binary, worker)?);
        }
        cluster.save(paths)?;
        let address = cluster.address.clone();
        tell(&Told::Listens { address });
        let mut ended = child_ended()?;
        loop {
            cluster.check()?;
            tokio::select! {
                _ = ended.recv() => {}
                line = asked.recv() => {
                    let gone = || Failed::message(Exit::Machine, "`wask up` is gone");
                    return line.map(drop).ok_or_else(gone);
                }
            }
        }
    };
    match work.await {
        Ok(()) => Ok(cluster),
        Err(failed) => {
            cluster.end().await;
            cluster.clear(paths);
            Err(failed)
        }
    }
}

/// The processes; the first is the scheduler's.
struct Cluster {
    children: Vec<Child>,
    binary: PathBuf,
    scheduler_file: PathBuf,
    token: String,
    address: String,
}

impl Cluster {
    /// Waits until the scheduler has said where it listens. From then on it always listens there.
    async fn listens(&mut self) -> Result<String> {
        let deadline = Instant::now() + LISTENS;
        while !self.scheduler_file.exists() {
            self.check()?;
            if Instant::now() > deadline {
                let message = format!("the scheduler does not listen after {LISTENS:?}");
                return Err(Failed::message(Exit::Machine, message));
            }
            sleep(LOOK).await;
        }
        let address = SchedulerFile::read(&self.scheduler_file)?.to_string();
        let arguments = &mut self.children[0].program_mut().arguments;
        if let Some(at) = arguments.iter().position(|word| word == "--listen") {
            arguments[at + 1].clone_from(&address);
        }
        Ok(address)
    }

    /// Fails if a process has ended: nothing is started again before all was up once.
    fn check(&mut self) -> Result {
        for child in &mut self.children {
            if let Some(ended) = child.look()? {
                return Err(too_early(child, &ended));
            }
        }
        Ok(())
    }

    /// Starts again what ends, until it is asked to stop.
    async fn keep(&mut self, paths: &Paths, stop: &mut Stop) -> Result {
        let mut ended = child_ended()?;
        let mut alarm = wask_rpc::Alarm::default();
        loop {
            self.heal(paths)?;
            let due = self.children.iter().filter_map(Child::again_at).min();
            tokio::select! {
                _ = ended.recv() => {}
                () = alarm.until(due) => {}
                () = sleep(FILE_LOOK) => {}
                () = stop.asked() => return Ok(()),
            }
            match state::find(paths) {
                // A logout removes the folder. What nobody can find any more must not go on.
                Ok(Found::Nothing) => {
                    tracing::warn!("the runtime folder is gone, so the cluster ends");
                    return Ok(());
                }
                Ok(Found::Running(up) | Found::Stale(up)) if !is_own(&up) => {
                    tracing::warn!("another cluster has taken the place of this one, which ends");
                    return Ok(());
                }
                Ok(Found::Torn(what)) => {
                    tracing::warn!("{what}; it is written again");
                    self.save(paths)?;
                }
                // What cannot be read now may be read the next time.
                Ok(_) | Err(_) => {}
            }
        }
    }

    fn heal(&mut self, paths: &Paths) -> Result {
        let mut is_changed = false;
        for child in &mut self.children {
            let name = child.program().name.clone();
            if let Some(ended) = child.look()? {
                let (how, pause) = (ended.how(), ended.pause);
                tracing::warn!("{name} {how}; it is started again in {pause:?}");
            }
            match child.start_again(&self.binary) {
                Ok(has_started) => is_changed |= has_started,
                Err(failed) => tracing::error!("{name} is not started again yet: {failed}"),
            }
        }
        if is_changed {
            self.save(paths)?;
        }
        Ok(())
    }

    /// Says where everything is, for the user's other commands.
    fn save(&self, paths: &Paths) -> Result {
        let mut processes = self.children.iter().map(Child::process);
        let no_scheduler = || Failed::message(Exit::Machine, "no scheduler was started");
        let log = paths.state.join("supervisor.log");
        let up = UpFile {
            version: SOFTWARE_VERSION.into(),
            address: self.address.clone(),
            token: self.token.clone(),
            supervisor: Process::new("supervisor", std::process::id(), log),
            scheduler: processes.next().ok_or_else(no_scheduler)?,
            workers: processes.collect(),
        };
        up.save(paths)
    }

    /// Ends all processes: workers first, so that they can take their leave.
    async fn end(&mut self) {
        let (scheduler, workers) = self.children.split_at_mut(1);
        for children in [workers, scheduler] {
            for child in &mut *children {
                child.signal(Signal::SIGTERM);
            }
            if timeout(END, all_ended(children)).await.is_err() {
                for child in children {
                    tracing::warn!("{} does not end by itself; killed", child.program().name);
                    child.signal(Signal::SIGKILL);
                }
            }
        }
    }

    /// Removes what other commands would take for a cluster.
    fn clear(&self, paths: &Paths) {
        if let Ok(Found::Running(up) | Found::Stale(up)) = state::find(paths)
            && !is_own(&up)
        {
            return;
        }
        for path in [state::path(paths), self.scheduler_file.clone()] {
            if let Err(error) = if_there(fs::remove_file(&path)) {
                tracing::warn!(%error, "{} is left behind", path.display());
            }
        }
    }
}

fn is_own(up: &UpFile) -> bool {
    u32::try_from(up.supervisor.pid) == Ok(std::process::id())
}

async fn all_ended(children: &mut [Child]) {
    let is_running =
        |child: &mut Child| matches!(child.look(), Ok(None)) && child.again_at().is_none();
    while children.iter_mut().any(is_running) {
        sleep(LOOK).await;
    }
}

fn child_ended() -> Result<tokio::signal::unix::Signal> {
    signal(SignalKind::child()).or_exit(Exit::Machine, || "cannot listen for signals")
}

fn too_early(child: &Child, ended: &Ended) -> Failed {
    let program = child.program();
    let log = fs::read(&program.log).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<&str> = log.trim_end().lines().collect();
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n  ");
    let message = format!(
        "{} {}; the end of {}:\n  {last}",
        program.name,
        ended.how(),
        program.log.display()
    );
    Failed::message(ended.exit(), message)
}

/// Any signal that asks a process to end.
struct Stop([tokio::signal::unix::Signal; 3]);

impl Stop {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).or_exit(Exit::Machine, || "cannot listen for signals");
        Ok(Self([
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    async fn asked(&mut self) {
        let [terminate, interrupt, hangup] = &mut self.0;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// The lines of stdin as they come. A thread reads them, since nothing else can wait for a pipe
/// that may be of any kind; it ends with the process.
fn lines_of_stdin() -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(io::Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Tells who started this, who may be gone.
fn tell(told: &Told) {
    let Ok(line) = serde_json::to_string(told) else {
        return;
    };
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}
