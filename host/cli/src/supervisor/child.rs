//! One process that is kept running.

use std::{
    fs,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::Path,
    process::{Child as OsChild, Command, ExitStatus, Stdio},
    time::Duration,
};

use nix::sys::signal::Signal;
use tokio::time::Instant;
use wask_rpc::Backoff;

use super::{Program, log};
use crate::{
    exit::{Exit, OrExit, Result},
    paths::if_there,
    state::Process,
};

/// The first and the longest pause before what died is started again.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// How long a process must have run for its next death to count as a first one.
const STEADY: Duration = Duration::from_secs(30);

/// A program, and how it stands with its process.
pub(super) struct Child {
    program: Program,
    backoff: Backoff,
    state: State,
}

enum State {
    Runs {
        child: OsChild,
        process: Process,
        since: Instant,
    },
    /// It ended, and is started again at this time.
    Ended { process: Process, again_at: Instant },
}

/// That a process ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// When it is started again.
    pub(super) pause: Duration,
}

impl Child {
    /// Starts a program for the first time, with a new log.
    pub(super) fn start(binary: &Path, program: Program) -> Result<Self> {
        let (first, longest) = AGAIN;
        if_there(fs::remove_file(&program.log)).or_exit(Exit::Machine, || {
            format!("cannot remove {}", program.log.display())
        })?;
        Ok(Self {
            state: spawn(binary, &program)?,
            backoff: Backoff::new(first, longest),
            program,
        })
    }

    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    /// To be used when it is started again.
    pub(super) fn program_mut(&mut self) -> &mut Program {
        &mut self.program
    }

    /// Its process, or the last one that it had.
    pub(super) fn process(&self) -> Process {
        match &self.state {
            State::Runs { process, .. } | State::Ended { process, .. } => process.clone(),
        }
    }

    /// Whether its process has ended since it was looked at last.
    pub(super) fn look(&mut self) -> Result<Option<Ended>> {
        let State::Runs {
            child,
            process,
            since,
        } = &mut self.state
        else {
            return Ok(None);
        };
        let status = child
            .try_wait()
            .or_exit(Exit::Machine, || "cannot wait for a process")?;
        let Some(status) = status else {
            return Ok(None);
        };
        if since.elapsed() >= STEADY {
            self.backoff.reset();
        }
        let pause = self.backoff.pause();
        self.state = State::Ended {
            process: process.clone(),
            again_at: Instant::now() + pause,
        };
        Ok(Some(Ended { status, pause }))
    }

    /// When it is to be started again, if its process has ended.
    pub(super) fn again_at(&self) -> Option<Instant> {
        match &self.state {
            State::Runs { .. } => None,
            State::Ended { again_at, .. } => Some(*again_at),
        }
    }

    /// Starts it again, if it is time; whether it did. Where that fails it is tried once more later.
    pub(super) fn start_again(&mut self, binary: &Path) -> Result<bool> {
        let State::Ended { again_at, .. } = &mut self.state else {
            return Ok(false);
        };
        if Instant::now() < *again_at {
            return Ok(false);
        }
        *again_at += self.backoff.pause();
        self.state = spawn(binary, &self.program)?;
        Ok(true)
    }

    pub(super) fn signal(&self, signal: Signal) {
        self.process().signal(signal);
    }
}

fn spawn(binary: &Path, program: &Program) -> Result<State> {
    let cannot = || format!("cannot start {}", program.name);
    let output = log::pipe_into(&program.log).or_exit(Exit::Machine, || {
        format!("cannot write {}", program.log.display())
    })?;
    let errors = output.try_clone().or_exit(Exit::Machine, cannot)?;
    let mut command = Command::new(binary);
    // What is set for the user's own commands is not meant for these.
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("WASK_") {
            command.env_remove(variable);
        }
    }
    let child = command
        .args(&program.arguments)
        .args(["--ends-with", &std::process::id().to_string()])
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        // Ctrl-C at a terminal is not meant for it.
        .process_group(0)
        .current_dir("/")
        .spawn()
        .or_exit(Exit::Machine, cannot)?;
    let process = Process::new(program.name.as_str(), child.id(), program.log.clone());
    Ok(State::Runs {
        child,
        process,
        since: Instant::now(),
    })
}

impl Ended {
    /// How it ended, for people.
    pub(super) fn how(&self) -> String {
        let signal = self.status.signal().map(Signal::try_from);
        match (self.status.code(), signal) {
            (Some(code), _) => format!("ended with exit code {code}"),
            (None, Some(Ok(signal))) => format!("was ended by {signal}"),
            _ => "ended".to_owned(),
        }
    }

    /// The exit code that says the same of who wanted it to run.
    pub(super) fn exit(&self) -> Exit {
        match self.status.code() {
            Some(2) => Exit::Input,
            Some(3) => Exit::Cluster,
            Some(4) => Exit::Refused,
            _ => Exit::Machine,
        }
    }
}
