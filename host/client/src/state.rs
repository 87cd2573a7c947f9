//! What the client knows of one key: its state, and who waits for it.
//!
//! All clones of a future share one [`Handle`]; two futures of one key share it as well. The last
//! to be dropped lets go of the key.

use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::Poll,
};

use bytes::Bytes;
use futures::task::AtomicWaker;
use wask_core::{Failure, Key, scheduler::KeyState};
use wask_rpc::{Refusal, wire::KeyNews};
use wask_value::Type;

use crate::{Status, session::Session};

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

    /// Whether the scheduler says with it that the session does not hold the key any more: what
    /// follows speaks of a later submission.
    pub(crate) fn ends_cancelling(&self) -> bool {
        matches!(
            self,
            Self::Cancelled | Self::Refused(_) | Self::Disconnected
        )
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
    /// The type of the error that the function may return.
    pub(crate) error_type: Option<Type>,
}

/// A session's hold on one key.
pub(crate) struct Handle {
    pub(crate) key: Key,
    pub(crate) description: Arc<Description>,
    pub(crate) session: Arc<Session>,
    /// Whether it is of a task that this session submitted, for which the scheduler answers every
    /// cancellation.
    is_submitted: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    state: State,
    /// Whether its cancellation was asked for and has not been told.
    is_being_cancelled: bool,
    watchers: Vec<Watcher>,
}

struct Watcher {
    queue: Weak<Queue>,
    index: usize,
}

impl Handle {
    pub(crate) fn new(
        key: Key,
        description: Arc<Description>,
        session: Arc<Session>,
        is_submitted: bool,
    ) -> Self {
        let inner = Inner {
            state: State::Pending,
            is_being_cancelled: false,
            watchers: Vec::new(),
        };
        Self {
            key,
            description,
            session,
            is_submitted,
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
        matches!(self.lock().state, State::Lost(_) | State::Refused(_))
    }

    /// Its cancellation is asked for. From now on it is shared with no new future.
    pub(crate) fn begin_cancelling(&self) {
        let mut inner = self.lock();
        inner.is_being_cancelled |= self.is_submitted && !inner.state.ends_cancelling();
    }

    /// Whether the news of its cancellation is still to come.
    pub(crate) fn is_being_cancelled(&self) -> bool {
        self.lock().is_being_cancelled
    }

    /// Whether it was cancelled, or is being.
    pub(crate) fn is_cancelled(&self) -> bool {
        let inner = self.lock();
        inner.is_being_cancelled || matches!(inner.state, State::Cancelled)
    }

    /// Takes over a new state, and wakes who waits unless it is `Pending`.
    pub(crate) fn set(&self, state: State) {
        let watchers = {
            let mut inner = self.lock();
            inner.is_being_cancelled &= !state.ends_cancelling();
            inner.state = state;
            match inner.state.is_pending() {
                true => return,
                false => std::mem::take(&mut inner.watchers),
            }
        };
        for watcher in watchers {
            watcher.fire();
        }
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
    fn fire(&self) {
        if let Some(queue) = self.queue.upgrade() {
            queue.push(self.index);
        }
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
            inner
                .watchers
                .retain(|watcher| watcher.queue.strong_count() > 0);
        }
        inner.watchers.push(Watcher {
            queue: Arc::downgrade(&self.queue),
            index,
        });
    }

    /// How many have not been told.
    pub(crate) fn left(&self) -> usize {
        self.watched - self.told
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
        let index = self.queue.lock().pop_front();
        match index {
            Some(index) => {
                self.told += 1;
                Poll::Ready(Some(index))
            }
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests;
