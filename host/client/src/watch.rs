//! Who waits for keys to resolve.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
};

use futures::task::AtomicWaker;

use crate::{
    callbacks::{Callbacks, Job},
    handle::Handle,
};

/// Keys that are looked at under one lock, so that others get it meanwhile.
pub(crate) const AT_ONCE: usize = 512;

/// Who wants to know when a key has resolved.
pub(crate) enum Watcher {
    Queue { queue: Weak<Queue>, index: usize },
    Callback(Job),
}

impl Watcher {
    /// Tells that the key has resolved. No lock may be held, for what comes of it may take any.
    pub(crate) fn tell(self, callbacks: &Callbacks) {
        match self {
            Self::Queue { queue, index } => {
                if let Some(queue) = queue.upgrade() {
                    queue.push(index);
                }
            }
            Self::Callback(job) => callbacks.run(job),
        }
    }

    /// Whether nobody waits any more.
    pub(crate) fn is_given_up(&self) -> bool {
        matches!(self, Self::Queue { queue, .. } if queue.strong_count() == 0)
    }
}

/// Tells, as keys resolve, which: each that is watched once, in the order in which they resolve.
/// Those that were resolved already come first.
#[derive(Default)]
pub(crate) struct Completions {
    queue: Arc<Queue>,
    watched: usize,
    told: usize,
}

#[derive(Default)]
pub(crate) struct Queue {
    indices: Mutex<VecDeque<usize>>,
    waker: AtomicWaker,
}

impl Queue {
    fn push(&self, index: usize) {
        self.lock().push_back(index);
        self.waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.indices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Completions {
    /// Watches a key, which is told of as `index`.
    pub(crate) fn watch(&mut self, handle: &Handle, index: usize) {
        self.watched += 1;
        let queue = Arc::downgrade(&self.queue);
        if handle.watch(Watcher::Queue { queue, index }).is_some() {
            self.queue.push(index);
        }
    }

    /// Watches all keys, each of which is told of by its place.
    pub(crate) fn watch_each(&mut self, handles: &[Arc<Handle>]) {
        let places: Vec<usize> = (0..handles.len()).collect();
        self.watch_all(handles, &places);
    }

    /// Watches many keys, each of which is told of by its index.
    pub(crate) fn watch_all(&mut self, handles: &[Arc<Handle>], indices: &[usize]) {
        for indices in indices.chunks(AT_ONCE) {
            let sessions = indices.chunk_by(|a, b| handles[*a].is_of_session_of(&handles[*b]));
            for indices in sessions {
                self.watched += indices.len();
                let watched = indices.iter().map(|index| {
                    let queue = Arc::downgrade(&self.queue);
                    let index = *index;
                    (&handles[index].key, Watcher::Queue { queue, index })
                });
                let driver = &handles[indices[0]].session.driver;
                for watcher in driver.watch_all(watched) {
                    if let Watcher::Queue { index, .. } = watcher {
                        self.queue.push(index);
                    }
                }
            }
        }
    }

    /// How many have not been told.
    pub(crate) fn left(&self) -> usize {
        self.watched - self.told
    }

    /// The next that has resolved by now.
    pub(crate) fn pop(&mut self) -> Option<usize> {
        let index = self.queue.lock().pop_front();
        self.told += usize::from(index.is_some());
        index
    }

    /// The next that has resolved; `None` when all have been told.
    pub(crate) async fn next(&mut self) -> Option<usize> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Waits for the next, and tells all that have resolved by then; none when all have been told.
    pub(crate) async fn next_all(&mut self) -> VecDeque<usize> {
        let Some(first) = self.next().await else {
            return VecDeque::new();
        };
        let mut all = std::mem::take(&mut *self.queue.lock());
        self.told += all.len();
        all.push_front(first);
        all
    }

    /// As [`next`](Self::next).
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<usize>> {
        if self.told == self.watched {
            return Poll::Ready(None);
        }
        self.queue.waker.register(cx.waker());
        match self.pop() {
            Some(index) => Poll::Ready(Some(index)),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
