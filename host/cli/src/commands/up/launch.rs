//! Processes that are started in the background.

use std::{
    ffi::OsStr,
    fs::{self, File},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use super::LOOK;
use crate::{
    exit::{Exit, Failed, OrExit, Result},
    paths::Paths,
    state::Process,
};

/// Lines of a log that are shown where a process ends too early.
const LOG_LINES: usize = 10;
/// How long a process may take to end by itself.
const END: Duration = Duration::from_secs(5);

/// Processes of a cluster that is being started. They are ended when this is dropped, unless they
/// are [kept](Self::keep).
pub(super) struct Launch {
    paths: Paths,
    token_file: PathBuf,
    program: PathBuf,
    started: Vec<(Child, Process)>,
}

impl Launch {
    pub(super) fn new(paths: &Paths, token_file: &Path) -> Result<Self> {
        let program = std::env::current_exe()
            .or_exit(Exit::Machine, || "cannot tell where this program is")?;
        fs::create_dir_all(&paths.state).or_exit(Exit::Machine, || {
            format!("cannot make the folder {}", paths.state.display())
        })?;
        Ok(Self {
            paths: paths.clone(),
            token_file: token_file.to_owned(),
            program,
            started: Vec::new(),
        })
    }

    /// Starts a command of this program, with its output in a log.
    pub(super) fn start(
        &mut self,
        command: &str,
        name: &str,
        arguments: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Result {
        let log = self.paths.state.join(format!("{name}.log"));
        let cannot_write = || format!("cannot write {}", log.display());
        let output = File::create(&log).or_exit(Exit::Machine, cannot_write)?;
        let errors = output.try_clone().or_exit(Exit::Machine, cannot_write)?;
        let mut process = Command::new(&self.program);
        // What is set for the user's own commands is not meant for these.
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("WASK_") {
                process.env_remove(variable);
            }
        }
        let child = process
            .arg(command)
            .args(arguments)
            .arg("--token-file")
            .arg(&self.token_file)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            // Ctrl-C at the terminal is not meant for it either.
            .process_group(0)
            .current_dir("/")
            .spawn()
            .or_exit(Exit::Machine, || format!("cannot start the {command}"))?;
        let process = Process::new(name, child.id(), log);
        self.started.push((child, process));
        Ok(())
    }

    /// Whether all still run; else what the first that does not had to say.
    pub(super) fn check(&mut self) -> Result {
        for (child, process) in &mut self.started {
            let status = child.try_wait();
            let status = status.or_exit(Exit::Machine, || "cannot wait for a process")?;
            if let Some(status) = status {
                return Err(ended(process, status));
            }
        }
        Ok(())
    }

    pub(super) fn scheduler_file(&self) -> String {
        self.paths
            .runtime
            .join("scheduler.json")
            .display()
            .to_string()
    }

    /// Where a worker writes what memory has no room for.
    pub(super) fn spill_folder(&self, worker: &str) -> String {
        let folder = self.paths.cache.join("spill").join(worker);
        folder.display().to_string()
    }

    pub(super) fn scheduler(&self) -> Result<Process> {
        let first = self.started.first().map(|(_, process)| process.clone());
        first.ok_or_else(|| Failed::message(Exit::Machine, "no scheduler was started"))
    }

    pub(super) fn workers(&self) -> Vec<Process> {
        let workers = self.started.iter().skip(1);
        workers.map(|(_, process)| process.clone()).collect()
    }

    /// Lets the processes run on.
    pub(super) fn keep(mut self) {
        self.started.clear();
    }
}

impl Drop for Launch {
    fn drop(&mut self) {
        for (child, process) in self.started.iter_mut().rev() {
            process.signal(Signal::SIGTERM);
            let deadline = Instant::now() + END;
            while matches!(child.try_wait(), Ok(None)) {
                if Instant::now() > deadline {
                    process.signal(Signal::SIGKILL);
                }
                thread::sleep(LOOK);
            }
        }
    }
}

fn ended(process: &Process, status: ExitStatus) -> Failed {
    let exit = match status.code() {
        Some(2) => Exit::Input,
        Some(3) => Exit::Cluster,
        Some(4) => Exit::Refused,
        _ => Exit::Machine,
    };
    let log = fs::read_to_string(&process.log).unwrap_or_default();
    let lines: Vec<&str> = log.trim_end().lines().collect();
    let last = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n  ");
    let Process { name, log, .. } = process;
    let log = log.display();
    Failed::message(
        exit,
        format!("{name} ended with {status}; the end of {log}:\n  {last}"),
    )
}
