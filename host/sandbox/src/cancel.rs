//! Stopping a running task: from outside, or because its time is up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use wasmtime::{StoreContextMut, UpdateDeadline};

use crate::{TaskLimits, guest::Guest};

/// A handle that stops the run it was given to, within two milliseconds. Clones stop the same run.
#[derive(Clone, Default, Debug)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A handle that has not been used yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops the run, or makes it end at once if it has not begun.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes the handle fit for another run, so that an executor thread needs only one.
    pub(crate) fn reset(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Why a guest was stopped. Travels through wasmtime as the error of the trap.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Stopped {
    #[error("cancelled")]
    Cancelled,
    #[error("deadline exceeded")]
    Deadline,
}

/// When a task must stop.
#[derive(Clone)]
pub(crate) struct Stop {
    cancel: Cancel,
    deadline: Option<Instant>,
}

impl Stop {
    /// For a task that began at `start`.
    pub(crate) fn new(cancel: &Cancel, start: Instant, limits: &TaskLimits) -> Self {
        Self {
            cancel: cancel.clone(),
            deadline: limits
                .timeout
                .and_then(|timeout| start.checked_add(timeout)),
        }
    }

    /// Whether it is time.
    pub(crate) fn check(&self) -> Result<(), Stopped> {
        if self.cancel.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(Stopped::Deadline),
            _ => Ok(()),
        }
    }
}

/// What wasmtime calls at each tick in which the guest runs.
pub(crate) fn on_tick(store: StoreContextMut<'_, Guest>) -> wasmtime::Result<UpdateDeadline> {
    store.data().stop.check()?;
    Ok(UpdateDeadline::Continue(1))
}
