//! What the client knows of one key: its state, and who waits for it.
//!
//! All clones of a future share one [`Handle`]; two futures of one key share it as well. The last
//! to be dropped lets go of the key.

use std::{
    collections::VecDeque,
    future::poll_fn,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::Poll,
};

use bytes::Bytes;
use futures::task::AtomicWaker;
use wask_core::{Failure, Key, scheduler::KeyState};
use wask_rpc::{Refusal, wire::KeyNews};
use wask_value::Type;

use crate::{Error, Status, callbacks::Job, session::Session};

/// Where a key stands. The scheduler's words, and what happens on the way to it.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Pending,
    Finished {
        nbytes: u64,
        inline: Option<Bytes>,
    },
    Erred(Arc<Failure>),
    Cancelled,
    Lost(Arc<Failure>),
    /// The scheduler never accepted the task.
    Refused(Refusal),
    /// The session ended first.
    Disconnected,
}

impl State {
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Finished { .. } => Status::Finished,
            Self::Erred(_) | Self::Refused(_) => Status::Error,
            Self::Cancelled => Status::Cancelled,
            Self::Lost(_) | Self::Disconnected => Status::Lost,
        }
    }

    fn is_pending(&self) -> bool {
        matches!(self, Self::Pending)
    }
}

impl From<KeyNews> for State {
    fn from(news: KeyNews) -> Self {
        match news {
            KeyNews::State(KeyState::Pending) => Self::Pending,
            KeyNews::State(KeyState::Finished { nbytes, inline }) => {
                Self::Finished { nbytes, inline }
            }
            KeyNews::State(KeyState::Erred(failure)) => Self::Erred(failure),
            KeyNews::State(KeyState::Cancelled) => Self::Cancelled,
            KeyNews::State(KeyState::Lost(failure)) => Self::Lost(failure),
            KeyNews::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// What all tasks of one function have in common, as far as their futures tell it.
#[derive(Debug)]
pub(crate) struct Description {
    /// What people call the task.
    pub(crate) label: Arc<str>,
    /// The type of the result.
    pub(crate) ty: Type,
}

/// A session's hold on one key.
pub(crate) struct Handle {
    pub(crate) key: Key,
    pub(crate) description: Arc<Description>,
    pub(crate) session: Arc<Session>,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    watchers: Vec<Watcher>,
}

/// Who wants to know when a key has resolved.
enum Watcher {
    Queue { queue: Weak<Queue>, index: usize },
    Callback(Job),
}

/// Those who wait for a key that has resolved. To be told once no lock is held, for what they do
/// then may take any.
#[must_use]
pub(crate) struct Waiting(Vec<Watcher>);

impl Handle {
    pub(crate) fn new(key: Key, description: Arc<Description>, session: Arc<Session>) -> Self {
        let inner = Inner {
            state: State::Pending,
            watchers: Vec::new(),
        };
        Self {
            key,
            description,
            session,
            inner: Mutex::new(inner),
        }
    }

    pub(crate) fn state(&self) -> State {
        self.lock().state.clone()
    }

    pub(crate) fn status(&self) -> Status {
        self.lock().state.status()
    }

    /// Whether asking for the key again means to submit it again.
    pub(crate) fn is_to_be_submitted_again(&self) -> bool {
        let state = &self.lock().state;
        matches!(state, State::Cancelled | State::Lost(_) | State::Refused(_))
    }

    /// Whether the scheduler holds the key for this session, as far as is known.
    pub(crate) fn is_held_there(&self) -> bool {
        let state = &self.lock().state;
        !matches!(
            state,
            State::Cancelled | State::Refused(_) | State::Disconnected
        )
    }

    /// Takes over a new state, and tells who waits unless it is `Pending`.
    pub(crate) fn set(&self, state: State) {
        self.tell(self.put(state));
    }

    /// Takes over a new state. Unless it is `Pending`, those who wait are to be told.
    pub(crate) fn put(&self, state: State) -> Waiting {
        let mut inner = self.lock();
        inner.state = state;
        Waiting(match inner.state.is_pending() {
            true => Vec::new(),
            false => mem::take(&mut inner.watchers),
        })
    }

    pub(crate) fn tell(&self, waiting: Waiting) {
        for watcher in waiting.0 {
            match watcher {
                Watcher::Queue { queue, index } => {
                    if let Some(queue) = queue.upgrade() {
                        queue.push(index);
                    }
                }
                Watcher::Callback(job) => self.session.callbacks.run(job),
            }
        }
    }

    /// Runs `job` on the callbacks' thread once the key is not pending, or any more.
    pub(crate) fn on_resolved(&self, job: Job) -> Result<(), Error> {
        // Before it is needed, for then nobody could be told that it does not start.
        self.session.callbacks.start()?;
        let mut inner = self.lock();
        if inner.state.is_pending() {
            inner.watchers.push(Watcher::Callback(job));
        } else {
            drop(inner);
            self.session.callbacks.run(job);
        }
        Ok(())
    }

    /// The session is over: what is pending stays so no longer.
    pub(crate) fn disconnect(&self) {
        if self.lock().state.is_pending() {
            self.set(State::Disconnected);
        }
    }

    /// Waits until the key is not pending, and tells its state.
    pub(crate) async fn resolved(&self) -> State {
        loop {
            let mut completions = Completions::default();
            completions.watch(self, 0);
            completions.next().await;
            // It may be on its way again already, as when its worker was lost at once.
            let state = self.state();
            if !state.is_pending() {
                return state;
            }
        }
    }

    /// Nothing panics while it holds the lock, so what a poisoned one guards is whole.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.session.outbox.release(self);
    }
}

impl Watcher {
    /// Whether nobody waits any more.
    fn is_given_up(&self) -> bool {
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
struct Queue {
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
        let mut inner = handle.lock();
        if !inner.state.is_pending() {
            drop(inner);
            return self.queue.push(index);
        }
        if inner.watchers.len() == inner.watchers.capacity() {
            // Waits that were given up leave their watchers behind.
            inner.watchers.retain(|watcher| !watcher.is_given_up());
        }
        inner.watchers.push(Watcher::Queue {
            queue: Arc::downgrade(&self.queue),
            index,
        });
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

    /// As [`next`](Self::next).
    pub(crate) fn poll_next(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Option<usize>> {
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
