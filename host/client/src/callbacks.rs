//! The thread on which a session's callbacks run, one after another.
//!
//! It starts with the first callback and ends with the session. Whatever a callback does, wait or
//! panic, neither the RPC thread nor whoever resolves a key is held up by it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Sender},
    },
    thread,
};

use crate::Error;

/// What is to be done once a key has resolved.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(crate) struct Callbacks(Mutex<Option<Sender<Job>>>);

impl Callbacks {
    /// Starts the thread, unless it runs.
    pub(crate) fn start(&self) -> Result<(), Error> {
        let mut started = self.lock();
        if started.is_some() {
            return Ok(());
        }
        let (to_thread, jobs) = mpsc::channel::<Job>();
        let thread = thread::Builder::new()
            .name("wask-client-callbacks".into())
            .spawn(move || jobs.into_iter().for_each(run));
        thread.map_err(|error| Error::Thread(Arc::new(error)))?;
        *started = Some(to_thread);
        Ok(())
    }

    /// Hands a job to the thread, which was started before. Does not wait.
    pub(crate) fn run(&self, job: Job) {
        if let Some(jobs) = &*self.lock() {
            // The thread takes jobs for as long as this sender is there.
            let _ = jobs.send(job);
        }
    }

    /// Nothing panics while it holds the lock, so what a poisoned one guards is whole.
    fn lock(&self) -> MutexGuard<'_, Option<Sender<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(job: Job) {
    // What a panic left half done belongs to the callback, which is gone.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
        tracing::error!(panic = message(&*panic), "a callback of a future panicked");
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let literal = panic.downcast_ref::<&str>().copied();
    let text = panic.downcast_ref::<String>().map(String::as_str);
    literal.or(text).unwrap_or("it does not say why")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_run_in_order_on_one_thread_whatever_the_others_do() {
        let callbacks = Callbacks::default();
        callbacks.start().unwrap();
        callbacks.start().unwrap();
        let (done, is_done) = mpsc::channel();
        for number in 0..4 {
            let done = done.clone();
            callbacks.run(Box::new(move || {
                let thread = thread::current().name().map(str::to_owned);
                done.send((number, thread)).unwrap();
                assert!(number % 2 == 1, "even numbers panic");
            }));
        }
        let name = Some("wask-client-callbacks".to_owned());
        for number in 0..4 {
            assert_eq!(is_done.recv().unwrap(), (number, name.clone()));
        }
    }

    #[test]
    fn the_thread_ends_with_the_session() {
        let callbacks = Callbacks::default();
        callbacks.start().unwrap();
        let (held, is_dropped) = mpsc::channel::<()>();
        callbacks.run(Box::new(move || drop(held)));
        drop(callbacks);
        assert!(is_dropped.recv().is_err());
    }

    #[test]
    fn panics_are_told_in_words() {
        let panic = catch_unwind(|| panic!("no {}", 1)).unwrap_err();
        assert_eq!(message(&*panic), "no 1");
        let panic = catch_unwind(|| panic!("no")).unwrap_err();
        assert_eq!(message(&*panic), "no");
        assert_eq!(message(&7), "it does not say why");
    }
}
