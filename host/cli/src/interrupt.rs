//! Ctrl-C and SIGTERM.

use std::{io, thread};

use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

use crate::exit::{Exit, Failed, OrExit, Result};

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
        exit = signalled() => Err(Failed::message(exit, "stopped; what was started is cancelled")),
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
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.or_exit(Exit::Machine, || "cannot listen for signals")?;
    let watch = move || {
        runtime.block_on(async {
            stop(signalled().await);
            // There is nothing left that should be done in order.
            std::process::exit(signalled().await.code().into());
        });
    };
    let thread = thread::Builder::new()
        .name("wask-signals".into())
        .spawn(watch);
    thread.or_exit(Exit::Machine, || "cannot start a thread")?;
    Ok(())
}
