//! `wask supervise`, which `wask up` starts, and what it asks of the commands that it starts.

use clap::Args;
use nix::{
    sys::{prctl::set_pdeathsig, signal::Signal},
    unistd::{Pid, getppid, setsid},
};

use crate::{
    cluster::Context,
    exit::{Exit, Failed, OrExit, Result},
    supervisor::watch,
};

/// Run the cluster of a plan that `wask up` writes to stdin, and start again what dies
#[derive(Args, Debug)]
pub(crate) struct SuperviseArgs {}

pub(crate) async fn run(_: SuperviseArgs, context: &Context) -> Result {
    // The end of a terminal is not the end of what was started from it.
    setsid().or_exit(Exit::Machine, || "cannot leave the terminal's session")?;
    watch(&context.paths).await
}

/// Options of what a supervisor starts.
#[derive(Args, Debug)]
pub(crate) struct Supervised {
    /// The parent process whose end is also the end of this one
    #[arg(long, value_name = "PID", hide = true)]
    ends_with: Option<i32>,
}

impl Supervised {
    /// From now on the end of the supervisor, however it came, asks this process to end as well.
    pub(crate) fn obey(&self) -> Result {
        let Some(supervisor) = self.ends_with else {
            return Ok(());
        };
        set_pdeathsig(Signal::SIGTERM).or_exit(Exit::Machine, || "cannot watch the supervisor")?;
        // It may have ended before that call.
        match getppid() == Pid::from_raw(supervisor) {
            true => Ok(()),
            false => Err(Failed::message(Exit::Machine, "the supervisor is gone")),
        }
    }
}
