//! What `wask up` started on this machine: `up.json` in the runtime folder, mode 0600.
//!
//! A process is named by its id and by when it started, since the system gives ids again: nothing
//! is ever signalled that is not exactly what was started.

use std::{
    fs,
    io::Write,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::{
    exit::{Exit, OrExit, Result},
    paths::{self, Paths},
};

/// How soon a supervisor has noticed that its file is torn.
const WRITTEN_AGAIN: Duration = Duration::from_secs(3);
/// How often is looked whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// The cluster of this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UpFile {
    /// Of the software that wrote this.
    pub(crate) version: String,
    /// Where the scheduler listens.
    pub(crate) address: String,
    /// What it wants to see.
    pub(crate) token: String,
    /// What keeps the others running.
    pub(crate) supervisor: Process,
    /// The scheduler.
    pub(crate) scheduler: Process,
    /// Its workers.
    pub(crate) workers: Vec<Process>,
}

/// A process that was started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// What people call it: `scheduler`, or the worker's name.
    pub(crate) name: String,
    pub(crate) pid: i32,
    /// When it started, in the system's own count; absent where the system does not tell.
    pub(crate) started: Option<u64>,
    pub(crate) log: PathBuf,
}

/// What there is of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Running(UpFile),
    /// Its supervisor is gone, and so is what that kept running.
    Stale(UpFile),
    /// The file says nothing, and this of why.
    Torn(String),
}

/// Where the file is.
pub(crate) fn path(paths: &Paths) -> PathBuf {
    paths.runtime.join("up.json")
}

/// Looks for a cluster that `wask up` started.
pub(crate) fn find(paths: &Paths) -> Result<Found> {
    let path = path(paths);
    let text = paths::if_there(paths::read_small(&path))
        .or_exit(Exit::Machine, || format!("cannot read {}", path.display()))?;
    let Some(text) = text else {
        return Ok(Found::Nothing);
    };
    let file: UpFile = match serde_json::from_slice(&text) {
        Ok(file) => file,
        Err(error) => {
            let shown = path.display();
            let what = format!("{shown} is not what `wask up` writes ({error})");
            return Ok(Found::Torn(what));
        }
    };
    match file.supervisor.is_running() {
        true => Ok(Found::Running(file)),
        false => Ok(Found::Stale(file)),
    }
}

/// As [`find`], for who ends or replaces what is there: a file that is torn under a cluster that
/// lives is soon written again.
pub(crate) async fn find_whole(paths: &Paths) -> Result<Found> {
    let socket = paths.sockets().join("scheduler.sock");
    let deadline = Instant::now() + WRITTEN_AGAIN;
    loop {
        let found = find(paths)?;
        let may_be_mended = matches!(found, Found::Torn(_)) && Instant::now() < deadline;
        if !may_be_mended || UnixStream::connect(&socket).is_err() {
            return Ok(found);
        }
        sleep(LOOK).await;
    }
}

impl UpFile {
    /// Writes the file, so that no other user can read it at any time.
    pub(crate) fn save(&self, paths: &Paths) -> Result {
        let text = serde_json::to_string_pretty(self).or_exit(Exit::Machine, || "no JSON")?;
        write_private(&path(paths), &text)
    }

    /// All of them.
    pub(crate) fn processes(&self) -> impl Iterator<Item = &Process> {
        let others = [&self.scheduler, &self.supervisor];
        self.workers.iter().chain(others)
    }

    /// What a person should hear where the supervisor is gone.
    pub(crate) fn stale(&self, paths: &Paths) -> String {
        format!(
            "{} names a cluster that is gone: process {}, which kept it running, does not run \
             any more",
            path(paths).display(),
            self.supervisor.pid
        )
    }
}

impl Process {
    /// The process with this id, as it is now.
    pub(crate) fn new(name: impl Into<String>, pid: u32, log: PathBuf) -> Self {
        // Ids are positive and small.
        let pid = i32::try_from(pid).unwrap_or(i32::MAX);
        Self {
            name: name.into(),
            pid,
            started: started(pid),
            log,
        }
    }

    /// Whether it still runs, and is the same.
    pub(crate) fn is_running(&self) -> bool {
        match self.started {
            Some(_) => started(self.pid) == self.started,
            None => kill(Pid::from_raw(self.pid), None).is_ok(),
        }
    }

    /// Sends a signal, if it still runs.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.is_running() {
            // It may have ended right now.
            let _ = kill(Pid::from_raw(self.pid), signal);
        }
    }
}

/// When a process that runs was started, in clock ticks since the system was.
fn started(pid: i32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(&stat)
}

/// Field 22 of proc(5)'s `stat`. None for a process that has ended and not been waited for.
fn parse_stat(stat: &str) -> Option<u64> {
    // The name, in brackets, may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let started = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(started)
}

/// Writes a file that only this user can read, in one step.
pub(crate) fn write_private(path: &Path, text: &str) -> Result {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path)?;
        Ok::<_, anyhow::Error>(())
    };
    write().or_exit(Exit::Machine, || format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(folder: &Path) -> Paths {
        Paths {
            runtime: folder.to_owned(),
            cache: folder.join("cache"),
            state: folder.join("state"),
            config: folder.join("config"),
        }
    }

    fn up_file(started: Option<u64>) -> UpFile {
        let me = Process::new("scheduler", std::process::id(), "log".into());
        UpFile {
            version: "0".into(),
            address: "unix:///x".into(),
            token: "secret".into(),
            supervisor: Process {
                started: started.or(me.started),
                ..me.clone()
            },
            scheduler: Process {
                started: started.or(me.started),
                ..me
            },
            workers: Vec::new(),
        }
    }

    #[test]
    fn a_cluster_is_found_as_long_as_its_supervisor_runs() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        assert_eq!(find(&paths).unwrap(), Found::Nothing);
        let running = up_file(None);
        running.save(&paths).unwrap();
        assert_eq!(find(&paths).unwrap(), Found::Running(running));
        let mode = fs::metadata(path(&paths)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn another_process_with_the_same_id_is_not_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        let stale = up_file(Some(1));
        stale.save(&paths).unwrap();
        assert_eq!(find(&paths).unwrap(), Found::Stale(stale.clone()));
        assert!(stale.stale(&paths).contains("does not run any more"));
        // Else this test would end here.
        stale.scheduler.signal(Signal::SIGKILL);
    }

    #[test]
    fn a_file_that_means_nothing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths(folder.path());
        fs::write(path(&paths), "{").unwrap();
        let Found::Torn(what) = find(&paths).unwrap() else {
            panic!("it is torn");
        };
        assert!(
            what.contains("up.json is not what `wask up` writes"),
            "{what}"
        );
    }

    #[test]
    fn names_of_processes_may_hold_anything() {
        let tail = "1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4711 1 1";
        assert_eq!(parse_stat(&format!("7 (a) b) S {tail}")), Some(4711));
        assert_eq!(parse_stat(&format!("7 (a) Z {tail}")), None);
        assert_eq!(parse_stat("7 (a"), None);
    }
}
