//! What runs jobs: threads of this process now, child processes later.

use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
};

use crate::{Cancel, Error, Job, Outcome, Report, Sandbox};

/// Runs jobs, a fixed number at once, in the order in which they came.
///
/// Every job that was submitted is reported exactly once, whatever becomes of it.
pub trait Executor: Send + Sync {
    /// How many jobs run at once.
    fn slots(&self) -> usize;

    /// Queues jobs. Cheaper for many at once than one by one.
    fn submit(&self, jobs: Vec<Job>);

    /// Stops a job, queued or running. One that is finished, or unknown, is left as it is.
    fn cancel(&self, token: u64);
}

/// An executor of threads, one per slot.
///
/// Dropping it cancels what is unfinished, reports it, and waits for the threads.
pub struct ThreadExecutor {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

type OnDone = dyn Fn(u64, Report) + Send + Sync;

struct Shared {
    sandbox: Sandbox,
    /// One per thread, used for one job after another.
    cancels: Vec<Cancel>,
    state: Mutex<State>,
    work: Condvar,
    on_done: Box<OnDone>,
}

struct State {
    queue: VecDeque<Job>,
    /// What each thread runs. Still names the job for a moment after it has been reported.
    running: Vec<Option<u64>>,
    idle: usize,
    closed: bool,
}

impl ThreadExecutor {
    /// Starts `slots` threads. `on_done` is called with every job's token and report, on the thread
    /// that ran the job, or on the one that cancelled it in the queue; it should only pass them on.
    ///
    /// # Errors
    /// [`Error::Thread`]
    pub fn new(
        sandbox: &Sandbox,
        slots: usize,
        on_done: impl Fn(u64, Report) + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let slots = slots.max(1);
        let shared = Arc::new(Shared {
            sandbox: sandbox.clone(),
            cancels: (0..slots).map(|_| Cancel::new()).collect(),
            state: Mutex::new(State {
                queue: VecDeque::new(),
                running: vec![None; slots],
                idle: 0,
                closed: false,
            }),
            work: Condvar::new(),
            on_done: Box::new(on_done),
        });
        let mut executor = Self {
            shared,
            threads: Vec::with_capacity(slots),
        };
        for slot in 0..slots {
            let shared = Arc::clone(&executor.shared);
            let name = format!("wask-slot-{slot}");
            let thread = thread::Builder::new()
                .name(name.clone())
                .spawn(move || shared.work(slot))
                .map_err(|error| Error::Thread {
                    name,
                    message: error.to_string(),
                })?;
            executor.threads.push(thread);
        }
        Ok(executor)
    }
}

impl Executor for ThreadExecutor {
    fn slots(&self) -> usize {
        self.threads.len()
    }

    fn submit(&self, jobs: Vec<Job>) {
        let mut state = self.shared.lock();
        let wake = state.idle.min(jobs.len());
        state.queue.extend(jobs);
        drop(state);
        for _ in 0..wake {
            self.shared.work.notify_one();
        }
    }

    fn cancel(&self, token: u64) {
        let mut state = self.shared.lock();
        if let Some(slot) = state.running.iter().position(|job| *job == Some(token)) {
            self.shared.cancels[slot].cancel();
            return;
        }
        let queued = state.queue.iter().position(|job| job.token == token);
        let found = queued.and_then(|position| state.queue.remove(position));
        drop(state);
        if let Some(job) = found {
            self.shared.report_cancelled(&job);
        }
    }
}

impl Drop for ThreadExecutor {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        let queue = std::mem::take(&mut state.queue);
        for cancel in &self.shared.cancels {
            cancel.cancel();
        }
        drop(state);
        self.shared.work.notify_all();
        for job in &queue {
            self.shared.report_cancelled(job);
        }
        for thread in self.threads.drain(..) {
            // A thread panics only where `on_done` does, and has printed it.
            thread.join().ok();
        }
    }
}

impl Shared {
    fn work(&self, slot: usize) {
        while let Some(job) = self.next(slot) {
            let report = self.sandbox.run_job(&job, &self.cancels[slot]);
            (self.on_done)(job.token, report);
        }
    }

    /// Waits for a job. The slot's old job is over from here on, so cancelling it does nothing.
    fn next(&self, slot: usize) -> Option<Job> {
        let mut state = self.lock();
        state.running[slot] = None;
        loop {
            if state.closed {
                return None;
            }
            if let Some(job) = state.queue.pop_front() {
                self.cancels[slot].reset();
                state.running[slot] = Some(job.token);
                return Some(job);
            }
            state.idle += 1;
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    fn report_cancelled(&self, job: &Job) {
        (self.on_done)(job.token, Report::not_run(Outcome::Cancelled));
    }

    /// Nothing that can panic half-way runs under the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
