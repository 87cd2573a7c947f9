//! Room for `slots` running tasks, and the clock tick that stops them.
//!
//! Guests notice a deadline or a cancellation at the next tick of the engine's epoch. One thread
//! ticks every millisecond, and sleeps while nothing has run for a second.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use wasmtime::{Engine, EngineWeak};

use crate::{Cancel, Error, cancel::Stopped};

/// How long a stopped task may run on, at most twice.
const TICK: Duration = Duration::from_millis(1);
/// Ticks without a running task after which the ticker goes to sleep.
const IDLE_TICKS: u32 = 1000;

/// Counts running tasks, and wakes the ticker for the first.
pub(crate) struct Gate {
    slots: usize,
    state: Mutex<State>,
    left: Condvar,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    engines: Vec<EngineWeak>,
    running: usize,
    waiting: usize,
    /// The ticker sleeps until it is woken.
    asleep: bool,
    closed: bool,
}

/// One task's place, given back when dropped.
pub(crate) struct Place<'a>(&'a Gate);

impl Gate {
    /// A gate with a ticker, which ends once the gate is closed.
    pub(crate) fn new(slots: usize) -> Result<Arc<Self>, Error> {
        let gate = Arc::new(Self {
            slots,
            state: Mutex::default(),
            left: Condvar::new(),
            wake: Condvar::new(),
        });
        let ticker = Arc::clone(&gate);
        let name = "wask-ticker".to_owned();
        thread::Builder::new()
            .name(name.clone())
            .spawn(move || ticker.tick())
            .map_err(|error| Error::Thread {
                name,
                message: error.to_string(),
            })?;
        Ok(gate)
    }

    /// Makes the ticker tick for `engine` too.
    pub(crate) fn add(&self, engine: &Engine) {
        self.lock().engines.push(engine.weak());
    }

    /// Waits for a free place; no longer than until the task is cancelled.
    pub(crate) fn enter(&self, cancel: &Cancel) -> Result<Place<'_>, Stopped> {
        let mut state = self.lock();
        while state.running >= self.slots {
            if cancel.is_cancelled() {
                return Err(Stopped::Cancelled);
            }
            state.waiting += 1;
            // A cancellation wakes nobody, so it is looked for as often as in a running task.
            (state, _) = self
                .left
                .wait_timeout(state, TICK)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.running += 1;
        if state.asleep {
            state.asleep = false;
            self.wake.notify_one();
        }
        Ok(Place(self))
    }

    /// Ends the ticker.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_one();
    }

    fn tick(&self) {
        let mut idle = 0;
        loop {
            thread::sleep(TICK);
            let mut state = self.lock();
            for engine in state.engines.iter().filter_map(EngineWeak::upgrade) {
                engine.increment_epoch();
            }
            idle = if state.running == 0 { idle + 1 } else { 0 };
            if idle >= IDLE_TICKS {
                idle = 0;
                state.asleep = true;
                while state.asleep && !state.closed {
                    state = self
                        .wake
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
            if state.closed {
                return;
            }
        }
    }

    /// No code that can panic runs under the lock, so a poisoned state is still right.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running -= 1;
        if state.waiting > 0 {
            self.0.left.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_than_its_slots_enter() {
        let gate = Gate::new(2).unwrap();
        let cancel = Cancel::new();
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _place = gate.enter(&cancel).unwrap();
                        let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 2);
        gate.close();
    }

    #[test]
    fn who_is_cancelled_does_not_wait_for_a_place() {
        let gate = Gate::new(1).unwrap();
        let cancel = Cancel::new();
        let place = gate.enter(&cancel).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter(&cancel).map(drop));
            while gate.lock().waiting == 0 {
                thread::yield_now();
            }
            cancel.cancel();
            assert_eq!(waiting.join().unwrap(), Err(Stopped::Cancelled));
        });
        drop(place);
        assert!(gate.enter(&cancel).is_ok());
        gate.close();
    }
}
