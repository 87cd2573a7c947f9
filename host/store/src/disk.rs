//! The thread that does the I/O of a store.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use bytes::Bytes;

use crate::{
    SpillBackend,
    state::{Done, Job, State, Written},
};

/// What the handle of a store and its disk thread share. The lock is never held during I/O.
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    work: Condvar,
}

pub(crate) struct Inner {
    pub(crate) state: State,
    pub(crate) closing: bool,
}

impl Shared {
    pub(crate) fn new(state: State) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(Inner {
                state,
                closing: false,
            }),
            work: Condvar::new(),
        })
    }

    /// Nothing that can panic leaves the state half changed, so a poisoned lock is still right.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the disk thread that there may be work.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }

    /// Does jobs until the store is closed. The backend is dropped at the end.
    pub(crate) fn run(&self, mut backend: impl SpillBackend) {
        let mut inner = self.lock();
        while !inner.closing {
            let Some(job) = inner.state.next_job() else {
                inner = self
                    .work
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(inner);
            let done = perform(&mut backend, job);
            inner = self.lock();
            inner.state.finish(Instant::now(), done);
        }
    }
}

/// Does one job.
pub(crate) fn perform(backend: &mut impl SpillBackend, job: Job) -> Done {
    match job {
        Job::Read(key, written, nbytes) => {
            Done::Read(key, written.file, read_checked(backend, written, nbytes))
        }
        Job::Write(key, file, bytes) => {
            let written = backend.write(file, &bytes).map(|()| blake3::hash(&bytes));
            Done::Write(key, file, written)
        }
        Job::Remove(file) => {
            if let Err(error) = backend.remove(file) {
                tracing::warn!(file = file.0, %error, "failed to remove a spilled result");
            }
            Done::Removed
        }
    }
}

fn read_checked(
    backend: &mut impl SpillBackend,
    written: Written,
    nbytes: u64,
) -> Result<Bytes, String> {
    let bytes = backend
        .read(written.file, nbytes)
        .map_err(|error| format!("its file cannot be read: {error}"))?;
    if blake3::hash(&bytes) != written.checksum {
        return Err("its file is damaged".to_owned());
    }
    Ok(Bytes::from(bytes))
}
