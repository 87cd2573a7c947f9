//! Compiled components in memory: each compiled once, the least recently used dropped.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use wask_component::Digest;

use crate::{Compiled, Error};

/// What a compiled component is known by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) digest: Digest,
    pub(crate) metered: bool,
}

type Shelf = Arc<OnceLock<Result<Arc<Compiled>, Error>>>;

/// Holds up to `capacity` components.
pub(crate) struct Library {
    capacity: usize,
    /// Least recently used first. Few enough to search in order.
    shelves: Mutex<Vec<(Key, Shelf)>>,
}

impl Library {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            shelves: Mutex::default(),
        }
    }

    /// The component, if it is here; it counts as used.
    pub(crate) fn find(&self, key: Key) -> Option<Arc<Compiled>> {
        let mut shelves = self.lock();
        // The last one was used just now, and mostly is used again.
        let position = shelves.iter().rposition(|(other, _)| *other == key)?;
        let compiled = shelves[position].1.get()?.clone().ok()?;
        if position + 1 < shelves.len() {
            let found = shelves.remove(position);
            shelves.push(found);
        }
        Some(compiled)
    }

    /// The component, which `compile` makes where it is missing. Others who ask for it meanwhile
    /// wait for that, and those who ask for another do not.
    pub(crate) fn get_or_compile(
        &self,
        key: Key,
        compile: impl FnOnce() -> Result<Arc<Compiled>, Error>,
    ) -> Result<Arc<Compiled>, Error> {
        let shelf = self.shelf(key);
        let result = shelf.get_or_init(compile).clone();
        if result.is_err() {
            // A failure may have passing causes: the next to ask tries again.
            self.lock()
                .retain(|(other, failed)| *other != key || !Arc::ptr_eq(failed, &shelf));
        }
        result
    }

    fn shelf(&self, key: Key) -> Shelf {
        let mut shelves = self.lock();
        let found = match shelves.iter().position(|(other, _)| *other == key) {
            Some(position) => shelves.remove(position),
            None => (key, Shelf::default()),
        };
        let shelf = Arc::clone(&found.1);
        shelves.push(found);
        if shelves.len() > self.capacity {
            shelves.remove(0);
        }
        shelf
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Key, Shelf)>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
