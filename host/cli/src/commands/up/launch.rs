//! The supervisor of a cluster that is being started.

use std::{
    fs::{self, File},
    io::Write,
    process::{Child, ChildStdin, Command, Stdio},
};

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::unix::pipe;

use crate::{
    exit::{Exit, Failed, OrExit, Result},
    paths::Paths,
    supervisor::{Plan, Told},
};

/// A supervisor that has been started. It ends with all that it started when this is dropped,
/// unless it was told that all is up.
pub(super) struct Launch {
    /// Reaped when it fails; else it outlives this process.
    supervisor: Child,
    asks: ChildStdin,
    told: Lines<BufReader<pipe::Receiver>>,
}

impl Launch {
    /// Starts a supervisor and gives it its plan.
    pub(super) fn start(paths: &Paths, plan: &Plan) -> Result<Self> {
        let cannot = || "cannot start the supervisor";
        fs::create_dir_all(&paths.state).or_exit(Exit::Machine, || {
            format!("cannot make the folder {}", paths.state.display())
        })?;
        let log = paths.state.join("supervisor.log");
        let log = File::create(&log)
            .or_exit(Exit::Machine, || format!("cannot write {}", log.display()))?;
        let program = std::env::current_exe()
            .or_exit(Exit::Machine, || "cannot tell where this program is")?;
        let mut supervisor = Command::new(program)
            .arg("supervise")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .current_dir("/")
            .spawn()
            .or_exit(Exit::Machine, cannot)?;
        let (Some(asks), Some(told)) = (supervisor.stdin.take(), supervisor.stdout.take()) else {
            return Err(Failed::message(Exit::Machine, cannot()));
        };
        let told = pipe::Receiver::from_owned_fd(told.into()).or_exit(Exit::Machine, cannot)?;
        let mut launch = Self {
            supervisor,
            asks,
            told: BufReader::new(told).lines(),
        };
        let plan = serde_json::to_string(plan).or_exit(Exit::Machine, || "no JSON")?;
        launch.say(&plan)?;
        Ok(launch)
    }

    /// Where the scheduler listens, once it does.
    pub(super) async fn address(&mut self) -> Result<String> {
        match self.hear().await? {
            Told::Listens { address } => Ok(address),
            other => Err(unexpected(&other)),
        }
    }

    /// Ends, with the reason, if a process ends that should run.
    pub(super) async fn failure(&mut self) -> Failed {
        match self.hear().await {
            Ok(other) => unexpected(&other),
            Err(failed) => failed,
        }
    }

    /// All is up: the cluster goes on without this process.
    pub(super) async fn keep(mut self) -> Result {
        self.say("up")?;
        match self.hear().await? {
            Told::Up => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    fn say(&mut self, line: &str) -> Result {
        let said = writeln!(self.asks, "{line}");
        said.or_exit(
            Exit::Machine,
            || "the supervisor has ended; see supervisor.log",
        )
    }

    async fn hear(&mut self) -> Result<Told> {
        let line = self.told.next_line().await;
        let line = line.or_exit(Exit::Machine, || "cannot hear the supervisor")?;
        let Some(line) = line else {
            // It has closed its output, so it ends.
            let status = self.supervisor.wait();
            let status = status.or_exit(Exit::Machine, || "cannot wait for the supervisor")?;
            let message = format!("the supervisor ended with {status}; see supervisor.log");
            return Err(Failed::message(Exit::Machine, message));
        };
        match serde_json::from_str(&line).or_exit(Exit::Machine, || "the supervisor said")? {
            Told::Failed { exit, message } => Err(Failed::message(exit_of(exit), message)),
            told => Ok(told),
        }
    }
}

fn exit_of(code: u8) -> Exit {
    let known = [Exit::Input, Exit::Cluster, Exit::Refused];
    let found = known.into_iter().find(|exit| exit.code() == code);
    found.unwrap_or(Exit::Machine)
}

fn unexpected(told: &Told) -> Failed {
    Failed::message(Exit::Machine, format!("the supervisor said {told:?}"))
}
