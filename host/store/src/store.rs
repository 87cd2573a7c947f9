//! The handle of a store.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    thread::{self, JoinHandle},
    time::Instant,
};

use bytes::Bytes;
use futures::channel::oneshot;
use wask_core::Key;

use crate::{
    Config, Directory, Error, SpillBackend, Stats,
    disk::Shared,
    state::{Lookup, State},
};

/// Keeps objects by key: in memory up to a limit, then on disk. See the [crate] for what holds.
///
/// ```
/// use wask_core::Key;
/// use wask_store::{Config, Found, Store};
///
/// let store = Store::open(Config::new(64 << 20))?;
/// let key = Key::of_data("default", "string", b"\x02\0\0\0hi");
/// store.put(key, b"\x02\0\0\0hi".to_vec().into())?;
/// assert!(matches!(store.get(&key), Found::Here(bytes) if bytes.len() == 6));
/// store.remove(&key);
/// assert!(!store.contains(&key));
/// # Ok::<(), wask_store::Error>(())
/// ```
pub struct Store {
    shared: Arc<Shared>,
    disk: Option<JoinHandle<()>>,
}

/// What [`Store::get`] found.
#[derive(Debug)]
pub enum Found {
    /// The store has no such object.
    Absent,
    /// The object. As long as its bytes are held, they stay in memory.
    Here(Bytes),
    /// The object is being read from disk.
    Loading(Loading),
}

/// The bytes of an object that is being read from disk; [`Error::Gone`] if it turns out to be
/// missing or damaged, or is removed meanwhile.
#[derive(Debug)]
pub struct Loading {
    key: Key,
    receiver: oneshot::Receiver<Result<Bytes, Error>>,
}

/// Ready when memory is within its limit again, or the disk has nothing more to write.
#[derive(Debug)]
pub struct Relief(oneshot::Receiver<()>);

impl Store {
    /// An empty store. Where a folder to spill to is named, what dead processes left there is
    /// removed.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`] if that folder cannot be used.
    pub fn open(config: Config) -> Result<Self, Error> {
        match &config.spill_dir {
            Some(path) => {
                let directory = Directory::open(path)?;
                Self::with_backend(config, directory)
            }
            None => Ok(Self {
                shared: Shared::new(State::new(config, false)),
                disk: None,
            }),
        }
    }

    /// An empty store that spills to `backend`, whatever folder the configuration names.
    ///
    /// # Errors
    ///
    /// [`Error::Thread`] if the thread for the I/O cannot be started.
    pub fn with_backend(
        config: Config,
        backend: impl SpillBackend + 'static,
    ) -> Result<Self, Error> {
        let shared = Shared::new(State::new(config, true));
        let on_thread = Arc::clone(&shared);
        let disk = thread::Builder::new()
            .name("wask-store".to_owned())
            .spawn(move || on_thread.run(backend))
            .map_err(Error::Thread)?;
        Ok(Self {
            shared,
            disk: Some(disk),
        })
    }

    /// Stores an object. One with this key that is here already stays: equal keys have equal
    /// values.
    ///
    /// `bytes` ought to be a buffer of its own: a slice of a larger one keeps all of it in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if memory would exceed the hard limit.
    pub fn put(&self, key: Key, bytes: Bytes) -> Result<(), Error> {
        self.with(|state| state.put(Instant::now(), key, bytes))
    }

    /// Stores an object as [`put`](Self::put) does, but whatever the hard limit: for what others
    /// wait for already, such as the inputs of a task, where to refuse it would not help.
    pub fn put_required(&self, key: Key, bytes: Bytes) {
        self.with(|state| state.put_required(Instant::now(), key, bytes));
    }

    /// The bytes of an object, at once where they are in memory.
    pub fn get(&self, key: &Key) -> Found {
        match self.with(|state| state.get(key)) {
            Lookup::Absent => Found::Absent,
            Lookup::Here(bytes) => Found::Here(bytes),
            Lookup::Loading(receiver) => Found::Loading(Loading {
                key: *key,
                receiver,
            }),
        }
    }

    /// Forgets an object; whether it was here.
    pub fn remove(&self, key: &Key) -> bool {
        self.with(|state| state.remove(key))
    }

    /// Has an object under another key from now on; whether it was here. Nobody may be reading it.
    /// Where there is one under the new key already, that one stays: equal keys have equal values.
    pub fn rename(&self, from: &Key, to: Key) -> bool {
        self.with(|state| state.rename(Instant::now(), from, to))
    }

    /// Whether an object is here, in memory or on disk.
    pub fn contains(&self, key: &Key) -> bool {
        self.nbytes(key).is_some()
    }

    /// Size of an object in bytes, where it is here.
    pub fn nbytes(&self, key: &Key) -> Option<u64> {
        self.shared.lock().state.nbytes(key)
    }

    /// What the store holds.
    pub fn stats(&self) -> Stats {
        self.shared.lock().state.stats().clone()
    }

    /// Whether whoever makes more objects should wait: there is more in memory than should be,
    /// and the disk is at work. Wait for what this gives, then ask again.
    pub fn pressure(&self) -> Option<Relief> {
        self.shared.lock().state.pressure().map(Relief)
    }

    /// Calls into the state, then wakes the disk thread if that gave it something to do.
    fn with<R>(&self, call: impl FnOnce(&mut State) -> R) -> R {
        let mut inner = self.shared.lock();
        let result = call(&mut inner.state);
        if self.disk.is_some() && inner.state.has_jobs() {
            self.shared.wake();
        }
        result
    }
}

impl Drop for Store {
    /// Waits for the disk thread, which removes the folder.
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.wake();
        if let Some(disk) = self.disk.take()
            && disk.join().is_err()
        {
            tracing::error!("the thread that spills to disk panicked");
        }
    }
}

impl Future for Loading {
    type Output = Result<Bytes, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let key = self.key;
        Pin::new(&mut self.receiver).poll(context).map(|read| {
            read.unwrap_or_else(|_| {
                let reason = "it was removed while it was being read".to_owned();
                Err(Error::Gone { key, reason })
            })
        })
    }
}

impl Future for Relief {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(context).map(|_| ())
    }
}

#[cfg(test)]
mod tests;
