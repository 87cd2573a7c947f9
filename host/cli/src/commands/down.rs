//! `wask down`

use std::{fs, time::Duration};

use clap::Args;
use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep};

use super::up::{LOOK, lock, remove_state};
use crate::{
    cluster::Context,
    exit::{Exit, OrExit, Result},
    output::{Output, note},
    paths::{Paths, if_there},
    state::{self, Found, Process, UpFile},
};

/// How long processes may take to end by themselves.
const END: Duration = Duration::from_secs(25);
/// And once they were killed.
const KILLED: Duration = Duration::from_secs(5);

/// End the cluster that `wask up` started
///
/// Its results are gone with it. Only processes that `wask up` started are ended.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  wask down")]
pub(crate) struct DownArgs {}

pub(crate) async fn run(_: DownArgs, context: &Context) -> Result {
    let paths = &context.paths;
    let mut output = Output::stdout(false);
    if !paths.runtime.exists() {
        output.line("nothing is up")?;
        return output.finish();
    }
    let _lock = lock(paths)?;
    let up = match state::find_whole(paths).await? {
        Found::Nothing => {
            output.line("nothing is up")?;
            return output.finish();
        }
        Found::Torn(what) => {
            note(format!("{what}; removed"));
            remove_state(paths)?;
            output.line("nothing is up")?;
            return output.finish();
        }
        Found::Stale(up) => {
            note(format!("{}; cleared away", up.stale(paths)));
            up
        }
        Found::Running(up) => up,
    };
    end(&up).await;
    for name in ["up.json", "token", "worker-token", "scheduler.json"] {
        let path = paths.runtime.join(name);
        if_there(fs::remove_file(&path)).or_exit(Exit::Machine, || {
            format!("cannot remove {}", path.display())
        })?;
    }
    remove_sockets(paths);
    output.line(format_args!("down: {}", up.address))?;
    output.finish()
}

/// Removes what processes that were killed have left.
fn remove_sockets(paths: &Paths) {
    let folder = paths.sockets();
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let sockets = entries.map(|entry| entry.path());
    for socket in sockets.filter(|path| path.extension().is_some_and(|end| end == "sock")) {
        // One that stays is in nobody's way: the next cluster takes its place.
        let _ = fs::remove_file(socket);
    }
    if folder != paths.runtime {
        let _ = fs::remove_dir(folder);
    }
}

/// Ends exactly the processes of the cluster. The supervisor ends what it started, in order; where
/// it is gone, they are asked one by one.
async fn end(up: &UpFile) {
    if up.supervisor.is_running() {
        up.supervisor.signal(Signal::SIGTERM);
    } else {
        up.processes()
            .for_each(|process| process.signal(Signal::SIGTERM));
    }
    // One that was stopped hears nothing before it goes on.
    up.processes()
        .for_each(|process| process.signal(Signal::SIGCONT));
    wait(up, END).await;
    for process in up.processes().filter(|process| process.is_running()) {
        note(format!("{} does not end by itself; killed", process.name));
        process.signal(Signal::SIGKILL);
    }
    wait(up, KILLED).await;
}

async fn wait(up: &UpFile, time: Duration) {
    let deadline = Instant::now() + time;
    while up.processes().any(Process::is_running) && Instant::now() < deadline {
        sleep(LOOK).await;
    }
}
