//! What the client wants the scheduler to know, in order, and the keys that it holds.
//!
//! One lock guards both, for what a future's drop means depends on whether there is a younger
//! future of the same key: a key is released only by the last. So the order of commands is the
//! order in which their causes happened, whichever threads they happened on.
//!
//! The RPC thread takes commands out in batches, and brings back what became of keys.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::sync::{Notify, oneshot};
use wask_component::Component;
use wask_core::{Digest, Key, KeyMap, TaskSpec};
use wask_rpc::{
    Limits,
    wire::{OutgoingBatch, TaskRoom, task_bytes},
};

use crate::{
    Error,
    session::Session,
    state::{Description, Handle, State},
};

/// Bytes of a key in a message.
const KEY_BYTES: usize = size_of::<Key>();

/// One step of the ordered stream to the scheduler.
pub(crate) enum Command {
    /// Give the cluster a component, before the tasks that come next.
    Upload(Component),
    Submit(TaskSpec),
    /// Hold a key again that the scheduler knows.
    Want(Key),
    /// Compute a key even if the session ends.
    Detach(Key),
    Release(Key),
    Cancel(Key),
    /// Tell when all that came before has been taken in.
    Sync(oneshot::Sender<()>),
}

impl Command {
    /// When a batch's receiver looks at it: the fields of a batch have an order.
    fn phase(&self) -> u8 {
        match self {
            Self::Submit(_) | Self::Upload(_) => 0,
            Self::Want(_) => 1,
            Self::Detach(_) => 2,
            Self::Release(_) => 3,
            Self::Cancel(_) => 4,
            Self::Sync(_) => 5,
        }
    }

    fn key(&self) -> Option<&Key> {
        match self {
            Self::Submit(task) => Some(&task.key),
            Self::Want(key) | Self::Detach(key) | Self::Release(key) | Self::Cancel(key) => {
                Some(key)
            }
            Self::Sync(_) | Self::Upload(_) => None,
        }
    }

    /// How many bytes it takes in a message. Its definition is counted apart: others share it.
    fn bytes(&self) -> usize {
        match self {
            Self::Submit(task) => task_bytes(task),
            Self::Upload(component) => component.bytes().len(),
            _ => KEY_BYTES,
        }
    }
}

/// What the RPC thread is to send next.
pub(crate) enum Outgoing {
    Batch(OutgoingBatch),
    Upload(Component),
    Sync(oneshot::Sender<()>),
}

pub(crate) struct Outbox {
    inner: Mutex<Inner>,
    /// Wakes the RPC thread.
    wake: Notify,
    /// Wakes submitters that wait for room.
    room: Condvar,
    /// Bytes of commands that may wait to be sent.
    max_bytes: usize,
}

#[derive(Default)]
struct Inner {
    handles: KeyMap<Weak<Handle>>,
    /// How often a key was cancelled without the scheduler having said so yet. Until it has, its
    /// news of the key is from before, whatever became of the key here.
    cancelling: KeyMap<u32>,
    /// The components that the cluster has, or is given by what is in the queue.
    uploaded: HashSet<Digest>,
    queue: VecDeque<Command>,
    queue_bytes: usize,
    /// Why nothing is sent any more.
    closed: Option<Arc<str>>,
}

impl Inner {
    /// The hold on a key, if there is one. Never dropped while the lock is held, which its drop
    /// would want to take: callers keep it.
    fn held(&self, key: &Key) -> Option<Arc<Handle>> {
        self.handles.get(key).and_then(Weak::upgrade)
    }

    fn add(
        &mut self,
        session: &Arc<Session>,
        description: &Arc<Description>,
        key: Key,
    ) -> Arc<Handle> {
        let handle = Arc::new(Handle::new(key, description.clone(), session.clone()));
        self.handles.insert(key, Arc::downgrade(&handle));
        handle
    }

    /// Whether what the scheduler says of a key is of now, not from before it was cancelled.
    fn is_news(&mut self, key: &Key, state: &State) -> bool {
        let Some(count) = self.cancelling.get_mut(key) else {
            return true;
        };
        match state {
            State::Cancelled if *count > 1 => *count -= 1,
            // What was refused is not held, so the cancellation has no answer.
            State::Cancelled | State::Refused(_) => _ = self.cancelling.remove(key),
            _ => {}
        }
        matches!(state, State::Refused(_))
    }

    fn push(&mut self, command: Command) {
        self.queue_bytes += command.bytes();
        self.queue.push_back(command);
    }
}

impl Outbox {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            inner: Mutex::default(),
            wake: Notify::new(),
            room: Condvar::new(),
            max_bytes,
        }
    }

    /// Why nothing is sent any more, where that is so.
    pub(crate) fn closed(&self) -> Option<Arc<str>> {
        self.lock().closed.clone()
    }

    /// Gives the cluster a component before all that is submitted from now on, unless it was given
    /// it already.
    pub(crate) fn upload(&self, digest: Digest, component: &Component) {
        let mut inner = self.lock();
        if inner.closed.is_none() && inner.uploaded.insert(digest) {
            inner.push(Command::Upload(component.clone()));
            drop(inner);
            self.wake.notify_one();
        }
    }

    /// The cluster has this component.
    pub(crate) fn has_uploaded(&self, digest: Digest) {
        self.lock().uploaded.insert(digest);
    }

    /// The cluster refused this component: whoever wants it there uploads it again.
    pub(crate) fn was_refused(&self, digest: &Digest) {
        self.lock().uploaded.remove(digest);
    }

    /// The hold on a key, if there is one that is of use to dependents.
    pub(crate) fn find(&self, key: &Key) -> Option<Arc<Handle>> {
        let held = self.lock().held(key);
        held.filter(|handle| !handle.is_to_be_submitted_again())
    }

    /// Submits tasks and holds their keys. A key that is held already is not submitted again,
    /// unless it was cancelled or lost.
    pub(crate) fn submit(
        &self,
        session: &Arc<Session>,
        tasks: Vec<(TaskSpec, Arc<Description>)>,
    ) -> Result<Vec<Arc<Handle>>, Error> {
        let mut inner = self.with_room();
        if let Some(reason) = inner.closed.clone() {
            return Err(session.over(reason));
        }
        let mut handles = Vec::with_capacity(tasks.len());
        for (task, description) in tasks {
            let handle = match inner.held(&task.key) {
                Some(handle) if !handle.is_to_be_submitted_again() => {
                    handles.push(handle);
                    continue;
                }
                Some(handle) => {
                    handle.set(State::Pending);
                    handle
                }
                None => inner.add(session, &description, task.key),
            };
            inner.push(Command::Submit(task));
            handles.push(handle);
        }
        drop(inner);
        self.wake.notify_one();
        Ok(handles)
    }

    /// Holds keys that the scheduler knows, as those of a dataset; each with what it is.
    pub(crate) fn want(
        &self,
        session: &Arc<Session>,
        keys: &[Key],
        description: &Arc<Description>,
    ) -> Result<Vec<Arc<Handle>>, Error> {
        let mut inner = self.lock();
        if let Some(reason) = inner.closed.clone() {
            return Err(session.over(reason));
        }
        let mut handles = Vec::with_capacity(keys.len());
        for key in keys {
            let handle = match inner.held(key) {
                Some(handle) if handle.is_to_be_submitted_again() => {
                    handle.set(State::Pending);
                    handle
                }
                Some(handle) => handle,
                None => inner.add(session, description, *key),
            };
            handles.push(handle);
            inner.push(Command::Want(*key));
        }
        drop(inner);
        self.wake.notify_one();
        Ok(handles)
    }

    /// Holds a key whose value is about to be stored.
    pub(crate) fn hold(
        &self,
        session: &Arc<Session>,
        key: Key,
        description: &Arc<Description>,
    ) -> Result<Arc<Handle>, Error> {
        let mut inner = self.lock();
        if let Some(reason) = inner.closed.clone() {
            return Err(session.over(reason));
        }
        let held = inner.held(&key);
        Ok(held.unwrap_or_else(|| inner.add(session, description, key)))
    }

    /// Lets go of a key, when the last future of it is dropped; not where there is a new one.
    pub(crate) fn release(&self, handle: &Handle) {
        let mut inner = self.lock();
        let current = inner.handles.get(&handle.key);
        if current.is_none_or(|current| !std::ptr::eq(current.as_ptr(), handle)) {
            return;
        }
        inner.handles.remove(&handle.key);
        if inner.closed.is_none() {
            inner.push(Command::Release(handle.key));
            drop(inner);
            self.wake.notify_one();
        }
    }

    /// Asks that keys be not computed any more. They are cancelled from now on; what the scheduler
    /// cancels with them, it tells.
    pub(crate) fn cancel<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) {
        let mut found = Vec::new();
        let mut inner = self.lock();
        if inner.closed.is_some() {
            return;
        }
        for key in keys {
            inner.push(Command::Cancel(*key));
            let Some(handle) = inner.held(key) else {
                continue;
            };
            // The scheduler answers for those alone that it holds for this session.
            let mut waiting = None;
            if handle.is_held_there() {
                *inner.cancelling.entry(*key).or_default() += 1;
                waiting = Some(handle.put(State::Cancelled));
            }
            found.push((handle, waiting));
        }
        drop(inner);
        self.wake.notify_one();
        for (handle, waiting) in found {
            waiting.into_iter().for_each(|waiting| handle.tell(waiting));
        }
    }

    /// Asks that keys be computed even if the session ends.
    pub(crate) fn detach<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) {
        let mut inner = self.lock();
        if inner.closed.is_some() {
            return;
        }
        for key in keys {
            inner.push(Command::Detach(*key));
        }
        drop(inner);
        self.wake.notify_one();
    }

    /// Tells `done` when all that was said before has been taken in.
    pub(crate) fn sync(&self, done: oneshot::Sender<()>) {
        let mut inner = self.lock();
        if inner.closed.is_none() {
            inner.push(Command::Sync(done));
            drop(inner);
            self.wake.notify_one();
        }
    }

    /// Takes over what the scheduler says of keys. Those not held any more are passed over.
    pub(crate) fn resolve(&self, news: impl IntoIterator<Item = (Key, State)>) {
        let mut found = Vec::new();
        let mut inner = self.lock();
        for (key, state) in news {
            if inner.is_news(&key, &state)
                && let Some(handle) = inner.held(&key)
            {
                // Under the lock, so that nothing is submitted or cancelled in between.
                let waiting = handle.put(state);
                found.push((handle, waiting));
            }
        }
        drop(inner);
        for (handle, waiting) in found {
            handle.tell(waiting);
        }
    }

    /// The session is over: nothing is sent any more, and nothing stays pending.
    pub(crate) fn close(&self, reason: &str) {
        let held: Vec<_> = {
            let mut inner = self.lock();
            if inner.closed.is_some() {
                return;
            }
            inner.closed = Some(reason.into());
            inner.queue.clear();
            inner.queue_bytes = 0;
            inner.handles.values().filter_map(Weak::upgrade).collect()
        };
        self.room.notify_all();
        for handle in held {
            handle.disconnect();
        }
    }

    /// Waits until there is something to send. For the RPC thread alone.
    pub(crate) async fn filled(&self) {
        self.wake.notified().await;
    }

    /// What is to be sent next, within the limits of one message; `None` when there is nothing.
    pub(crate) fn take(&self, limits: &Limits) -> Option<Outgoing> {
        let mut inner = self.lock();
        let mut batch = OutgoingBatch::default();
        let mut items = 0;
        let mut bytes = 0;
        let mut room = TaskRoom::default();
        // The phases of the keys that are in the batch, but for tasks, which come first anyway.
        let mut phases: KeyMap<u8> = KeyMap::default();
        // Where in the batch the tasks are.
        let mut submitted: KeyMap<usize> = KeyMap::default();
        while let Some(command) = inner.queue.front() {
            let size = match command {
                Command::Submit(task) => room.add(task),
                other => other.bytes(),
            };
            let full = items >= limits.batch_items || bytes + size > limits.batch_bytes;
            let key = command.key();
            let earlier = key.and_then(|key| phases.get(key));
            // What the receiver would look at before something that was said earlier waits.
            let early = earlier.is_some_and(|phase| command.phase() < *phase);
            let is_alone = matches!(command, Command::Sync(_) | Command::Upload(_));
            if items > 0 && (full || early || is_alone) {
                break;
            }
            if let (Some(key), 1..) = (key, command.phase()) {
                phases.insert(*key, command.phase());
            }
            let command = inner.queue.pop_front()?;
            inner.queue_bytes -= command.bytes();
            bytes += size;
            items += 1;
            match command {
                Command::Submit(task) => {
                    submitted.insert(task.key, batch.tasks.len());
                    batch.tasks.push((task, true));
                }
                Command::Upload(component) => return Some(Outgoing::Upload(component)),
                Command::Want(key) => batch.wanted.push(key),
                Command::Detach(key) => {
                    submitted.remove(&key);
                    batch.detached.push(key);
                }
                Command::Release(key) => {
                    // Nobody is told of what nobody has come to hold.
                    if let Some(place) = submitted.get(&key) {
                        batch.tasks[*place].1 = false;
                    }
                    batch.released.push(key);
                }
                Command::Cancel(key) => batch.cancelled.push(key),
                Command::Sync(done) => return Some(Outgoing::Sync(done)),
            }
        }
        if inner.queue_bytes <= self.max_bytes {
            self.room.notify_all();
        }
        (items > 0).then_some(Outgoing::Batch(batch))
    }

    fn with_room(&self) -> MutexGuard<'_, Inner> {
        let is_full =
            |inner: &mut Inner| inner.queue_bytes > self.max_bytes && inner.closed.is_none();
        let waited = self.room.wait_while(self.lock(), is_full);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing panics while it holds the lock, so what a poisoned one guards is whole.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
