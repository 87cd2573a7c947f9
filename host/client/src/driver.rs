//! The process around the client core, for every thread of the program.
//!
//! One lock guards the core, so the order of its events is the order in which their causes happened,
//! whichever threads they happened on. The RPC thread takes out what is to be sent, and brings back
//! what became of it and of keys; who waits for keys is told here, once the lock is free again.
//!
//! Nothing here knows sessions, futures or connections: those stand on this.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use smallvec::SmallVec;
use tokio::sync::{Notify, oneshot};
use wask_component::Component;
use wask_core::{
    ClientCore, Digest, Key, KeyMap,
    client::{Action, Batch, Config, Event, News, State, Submission},
};

use crate::{
    Error,
    callbacks::{Callbacks, Job},
    watch::Watcher,
};

/// What the RPC thread is to send next. It says what came of it before it asks for more.
pub(crate) enum Outgoing {
    /// Ends with [`Driver::sent`].
    Batch(Batch),
    /// Ends with [`Driver::sent`].
    Upload(Component),
    /// Ends with [`Driver::acknowledged`].
    Sync,
}

pub(crate) struct Driver {
    inner: Mutex<Inner>,
    callbacks: Callbacks,
    /// Wakes the RPC thread.
    wake: Notify,
    /// Wakes submitters that wait for room.
    room: Condvar,
    /// Bytes of commands that may wait to be sent.
    max_bytes: usize,
}

struct Inner {
    core: ClientCore,
    /// Who waits for keys that are pending: mostly one.
    watchers: KeyMap<SmallVec<[Watcher; 1]>>,
    /// The components that have yet to be sent.
    components: HashMap<Digest, Component>,
    /// Who waits for an acknowledgement.
    syncs: HashMap<u64, oneshot::Sender<()>>,
    next_sync: u64,
    /// Why nothing is sent any more.
    closed: Option<Arc<str>>,
}

/// Those who are to be told something once the lock is free, for what they do then may take it.
#[must_use]
#[derive(Default)]
struct ToTell {
    watchers: Vec<Watcher>,
    synced: Vec<oneshot::Sender<()>>,
}

impl Inner {
    fn handle(&mut self, event: Event) -> ToTell {
        self.core.handle(event);
        let mut to_tell = ToTell::default();
        while let Some(action) = self.core.poll_action() {
            self.note(&action, &mut to_tell);
        }
        to_tell
    }

    fn note(&mut self, action: &Action, to_tell: &mut ToTell) {
        match action {
            Action::Resolved { key } => {
                to_tell
                    .watchers
                    .extend(self.watchers.remove(key).into_iter().flatten());
            }
            Action::Synced { sync } => to_tell.synced.extend(self.syncs.remove(sync)),
            // They come of `schedule` alone.
            Action::Push { .. } | Action::Upload { .. } | Action::Sync => {}
        }
    }

    fn watch(&mut self, key: &Key, watcher: Watcher) -> Option<Watcher> {
        if !self.core.state(key).is_some_and(State::is_pending) {
            return Some(watcher);
        }
        let watchers = self.watchers.entry(*key).or_default();
        if watchers.len() == watchers.capacity() {
            // Waits that were given up leave their watchers behind.
            watchers.retain(|watcher| !watcher.is_given_up());
        }
        watchers.push(watcher);
        None
    }

    fn outgoing(&mut self, action: Action) -> Option<Outgoing> {
        match action {
            Action::Push { batch, .. } => Some(Outgoing::Batch(batch)),
            // It was put there as it was offered.
            Action::Upload { digest } => self.components.remove(&digest).map(Outgoing::Upload),
            Action::Sync => Some(Outgoing::Sync),
            Action::Resolved { .. } | Action::Synced { .. } => None,
        }
    }
}

impl Driver {
    /// `max_bytes` may wait to be sent before submitting waits too.
    pub(crate) fn new(config: Config, max_bytes: usize) -> Self {
        let inner = Inner {
            core: ClientCore::new(config),
            watchers: KeyMap::default(),
            components: HashMap::new(),
            syncs: HashMap::new(),
            next_sync: 0,
            closed: None,
        };
        Self {
            inner: Mutex::new(inner),
            callbacks: Callbacks::default(),
            wake: Notify::new(),
            room: Condvar::new(),
            max_bytes,
        }
    }

    /// Why nothing is sent any more, where that is so.
    pub(crate) fn closed(&self) -> Option<Arc<str>> {
        self.lock().closed.clone()
    }

    /// Where a key stands.
    pub(crate) fn state(&self, key: &Key) -> State {
        self.lock().core.state(key).cloned().unwrap_or(State::Gone)
    }

    /// Where keys stand, in their order.
    pub(crate) fn states<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) -> Vec<State> {
        let inner = self.lock();
        let state = |key| inner.core.state(key).cloned().unwrap_or(State::Gone);
        keys.into_iter().map(state).collect()
    }

    /// As [`state`](Self::state), as far as `look` looks at it.
    pub(crate) fn look<T>(&self, key: &Key, look: impl FnOnce(&State) -> T) -> T {
        look(self.lock().core.state(key).unwrap_or(&State::Gone))
    }

    /// Gives the cluster a component before all that is submitted from now on, unless it was given
    /// it already.
    pub(crate) fn offer(&self, digest: Digest, component: &Component) {
        let mut inner = self.lock();
        if inner.closed.is_none() && !inner.core.has_given(&digest) {
            inner.components.insert(digest, component.clone());
            let bytes = component.bytes().len();
            self.say(inner, Event::ComponentOffered { digest, bytes });
        }
    }

    /// The cluster has this component.
    pub(crate) fn has_component(&self, digest: Digest) {
        self.say(self.lock(), Event::ComponentKnown { digest });
    }

    /// The cluster refused this component: whoever wants it there offers it again.
    pub(crate) fn component_refused(&self, digest: Digest) {
        self.say(self.lock(), Event::ComponentRefused { digest });
    }

    /// Submits tasks and holds their keys once more each. Waits for room. Fails, with the reason,
    /// where the session is over.
    pub(crate) fn submit(&self, tasks: Vec<Submission>) -> Result<(), Arc<str>> {
        self.hold(self.with_room(), Event::TasksSubmitted { tasks })
    }

    /// Holds keys once more each that the scheduler knows, as those of a dataset.
    pub(crate) fn want(&self, keys: Vec<Key>) -> Result<(), Arc<str>> {
        self.hold(self.lock(), Event::KeysWanted { keys })
    }

    /// Holds a key once more whose value is about to be stored.
    pub(crate) fn offer_value(&self, key: Key) -> Result<(), Arc<str>> {
        self.hold(self.lock(), Event::DataOffered { key })
    }

    /// Holds a key once more, if it is held and of use to dependents; whether it is.
    pub(crate) fn hold_again(&self, key: Key) -> bool {
        let inner = self.lock();
        let state = inner.core.state(&key);
        let is_of_use = state.is_some_and(|state| !state.is_to_be_submitted_again());
        if is_of_use {
            self.say(inner, Event::KeyHeld { key });
        }
        is_of_use
    }

    /// The value of a key has been stored.
    pub(crate) fn stored(&self, key: Key, nbytes: u64) {
        self.say(self.lock(), Event::DataStored { key, nbytes });
    }

    /// It could not be stored.
    pub(crate) fn not_stored(&self, key: Key) {
        self.say(self.lock(), Event::DataRefused { key });
    }

    /// Lets go of a key once.
    pub(crate) fn release(&self, key: Key) {
        let mut inner = self.lock();
        let to_tell = inner.handle(Event::KeysReleased { keys: vec![key] });
        // Mostly nobody waits for any key by now, and a look at all of them is dear.
        let is_watched = !inner.watchers.is_empty() && inner.core.holds(&key) == 0;
        let given_up = is_watched.then(|| inner.watchers.remove(&key));
        self.go_on(inner, to_tell);
        drop(given_up);
    }

    /// Asks that keys be not computed any more. They are cancelled from now on; what the scheduler
    /// cancels with them, it tells.
    pub(crate) fn cancel(&self, keys: Vec<Key>) {
        self.say(self.lock(), Event::KeysCancelled { keys });
    }

    /// Asks that keys be computed even if the session ends.
    pub(crate) fn detach(&self, keys: Vec<Key>) {
        self.say(self.lock(), Event::KeysDetached { keys });
    }

    /// Tells `done` when all that was said before has been taken in.
    pub(crate) fn sync(&self, done: oneshot::Sender<()>) {
        let mut inner = self.lock();
        if inner.closed.is_none() {
            let sync = inner.next_sync;
            inner.next_sync += 1;
            inner.syncs.insert(sync, done);
            self.say(inner, Event::SyncAsked { sync });
        }
    }

    /// The scheduler says what became of keys.
    pub(crate) fn told(&self, news: Vec<(Key, News)>) {
        self.say(self.lock(), Event::Told { news });
    }

    /// Has `watcher` told when the key has resolved; gives it back where there is nothing to wait
    /// for.
    pub(crate) fn watch(&self, key: &Key, watcher: Watcher) -> Option<Watcher> {
        self.lock().watch(key, watcher)
    }

    /// As [`watch`](Self::watch), for many keys.
    pub(crate) fn watch_all<'a>(
        &self,
        watched: impl IntoIterator<Item = (&'a Key, Watcher)>,
    ) -> Vec<Watcher> {
        let mut inner = self.lock();
        let watch = |(key, watcher)| inner.watch(key, watcher);
        watched.into_iter().filter_map(watch).collect()
    }

    /// Runs `job` on the callbacks' thread once the key is not pending, or any more.
    pub(crate) fn on_resolved(&self, key: &Key, job: Job) -> Result<(), Error> {
        // Before it is needed, for then nobody could be told that it does not start.
        self.callbacks.start()?;
        if let Some(watcher) = self.watch(key, Watcher::Callback(job)) {
            watcher.tell(&self.callbacks);
        }
        Ok(())
    }

    /// The session is over: nothing is sent any more, and nothing stays pending.
    pub(crate) fn close(&self, reason: &str) {
        let mut inner = self.lock();
        if inner.closed.is_some() {
            return;
        }
        inner.closed = Some(reason.into());
        inner.components.clear();
        // Who waits for an acknowledgement hears that there is none.
        inner.syncs.clear();
        self.say(inner, Event::SessionEnded);
        self.room.notify_all();
    }

    /// Has the RPC thread look again.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits until there may be something to send. For the RPC thread alone.
    pub(crate) async fn filled(&self) {
        self.wake.notified().await;
    }

    /// Whether what there is to send may wait a little for more.
    pub(crate) fn may_wait(&self) -> bool {
        self.lock().core.may_wait()
    }

    /// What is to be sent next; none when there is nothing, or when it has yet to be said what came
    /// of the last.
    pub(crate) fn next(&self) -> Option<Outgoing> {
        let mut inner = self.lock();
        inner.core.schedule();
        let action = inner.core.poll_action()?;
        let outgoing = inner.outgoing(action);
        if inner.core.queued_bytes() <= self.max_bytes {
            self.room.notify_all();
        }
        outgoing
    }

    /// A batch or a component has been sent.
    pub(crate) fn sent(&self) {
        self.say(self.lock(), Event::Sent);
    }

    /// What was sent has been taken in.
    pub(crate) fn acknowledged(&self) {
        self.say(self.lock(), Event::Acknowledged);
    }

    /// How much room there is for those who wait for a key.
    #[cfg(test)]
    pub(crate) fn watchers(&self, key: &Key) -> usize {
        self.lock().watchers.get(key).map_or(0, SmallVec::capacity)
    }

    fn hold(&self, inner: MutexGuard<'_, Inner>, event: Event) -> Result<(), Arc<str>> {
        match inner.closed.clone() {
            Some(reason) => Err(reason),
            None => {
                self.say(inner, event);
                Ok(())
            }
        }
    }

    fn say(&self, mut inner: MutexGuard<'_, Inner>, event: Event) {
        let to_tell = inner.handle(event);
        self.go_on(inner, to_tell);
    }

    /// Does what comes of events, with the lock free again.
    fn go_on(&self, inner: MutexGuard<'_, Inner>, to_tell: ToTell) {
        let wants_to_send = inner.core.wants_to_send();
        drop(inner);
        self.tell(to_tell);
        if wants_to_send {
            self.wake.notify_one();
        }
    }

    fn tell(&self, to_tell: ToTell) {
        for watcher in to_tell.watchers {
            watcher.tell(&self.callbacks);
        }
        for synced in to_tell.synced {
            // Whoever asked may have given up by now.
            let _ = synced.send(());
        }
    }

    fn with_room(&self) -> MutexGuard<'_, Inner> {
        let is_full = |inner: &mut Inner| {
            inner.core.queued_bytes() > self.max_bytes && inner.closed.is_none()
        };
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
