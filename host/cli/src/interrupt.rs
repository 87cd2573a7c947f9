//! Ctrl-C and SIGTERM.

use std::{io, thread, time::Duration};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
    time::timeout,
};

use crate::exit::{Exit, Failed, OrExit, Result};

const STOPPED: &str = "stopped; what it had started is cancelled";
/// How long a command that was told to stop has to do so in order.
const IN_ORDER: Duration = Duration::from_secs(5);

/// Ends the process a while after a signal, or at a second one, whatever it waits for by then: who
/// opens a pipe that nobody writes into, say, hears no signal.
pub(crate) fn end_at_last() -> Result {
    watch(async {
        let exit = signalled().await;
        let _ = timeout(IN_ORDER, signalled()).await;
        exit
    })
}

/// Waits for Ctrl-C or SIGTERM, and tells which.
async fn arrived() -> io::Result<Exit> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => Exit::Signal(2),
        _ = terminate.recv() => Exit::Signal(15),
    })
}

/// As [`arrived`], where there is nothing to be done about an error.
pub(crate) async fn signalled() -> Exit {
    match arrived().await {
        Ok(exit) => exit,
        Err(error) => {
            tracing::warn!(%error, "cannot listen for signals");
            std::future::pending().await
        }
    }
}

/// Runs `work`, unless a signal comes first. What is dropped then cancels what was started.
pub(crate) async fn or_signal<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = work => result,
        exit = signalled() => Err(Failed::message(exit, STOPPED)),
    }
}

/// Waits for what goes on without this process. A signal ends the waiting.
pub(crate) async fn or_left<T>(waiting: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        result = waiting => result,
        exit = signalled() => Err(Failed::message(
            exit,
            "stopped waiting; nothing is cancelled, and `wask cancel` does that",
        )),
    }
}

/// Calls `stop` on another thread when a signal comes; at a second one the process ends.
pub(crate) fn on_signal(stop: impl Fn(Exit) + Send + 'static) -> Result {
    watch(async move {
        let exit = signalled().await;
        stop(exit);
        // There is nothing left that should be done in order.
        signalled().await
    })
}

/// Ends the process as soon as `until` says how, on a thread of its own.
fn watch(until: impl Future<Output = Exit> + Send + 'static) -> Result {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.or_exit(Exit::Machine, || "cannot listen for signals")?;
    let watch = move || {
        let exit = runtime.block_on(until);
        std::process::exit(exit.code().into());
    };
    let thread = thread::Builder::new()
        .name("wask-signals".into())
        .spawn(watch);
    thread.or_exit(Exit::Machine, || "cannot start a thread")?;
    Ok(())
}
