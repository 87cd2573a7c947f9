//! The client's state machine: one session with a scheduler.
//!
//! [`ClientCore`] knows which keys the program holds and how often, what became of each, and what
//! the scheduler has yet to be told, in order. The process around it turns the program's calls and
//! the scheduler's messages into [`Event`]s, calls [`schedule`](ClientCore::schedule) when something
//! may be sent, and carries out the [`Action`]s that come out. The client decides nothing by time.
//!
//! The order of events is the order in which their causes happened, on whichever threads: a key is
//! released by the last of its holds, and what a drop means depends on whether there is a younger
//! hold. So there is one queue for all that has an order.
//!
//! There is one entry for each key that is held, or for which an answer is to come:
//!
//! | state | meaning |
//! |---|---|
//! | `Released` | not held; it was cancelled, and the scheduler has yet to say so |
//! | `Storing` | its value is on its way to the cluster, beside the queue, or there will be news of it |
//! | `Pending` | there will be news of it |
//! | `Finished`, `Erred`, `Cancelled`, `Lost`, `Refused` | as the scheduler told it last |
//! | `Gone` | its session is over |
//!
//! A key is `Cancelled` as soon as the program says so. What the scheduler says of it then is from
//! before, until it has answered; so the answers to come are counted, beside the state, since they
//! may be to come whatever became of the key here.
//!
//! | file | what it does |
//! |---|---|
//! | `transition` | changes states; the only file that does |
//! | `holding` | what the program wants |
//! | `sending` | what is said next, and when |
//! | `queue` | what has yet to be said, and how it is put into messages |
//! | `resuming` | what is said again over another connection, and what is gone |
//! | `entry` | what is known of a key |
//! | `invariants` | what must always hold |

mod action;
mod config;
mod entry;
mod event;
mod holding;
mod invariants;
mod queue;
mod resuming;
mod sending;
#[cfg(test)]
mod tests;
mod transition;

use std::collections::{BTreeSet, VecDeque};

use self::{
    entry::Entry,
    queue::Queue,
    sending::{Link, Unacknowledged},
};
use crate::{Digest, Key, KeyMap};

pub use action::{Action, Batch};
pub use config::Config;
pub use entry::State;
pub use event::{Event, News, Submission};

/// The client's state machine. See the [module](self) for how it works.
#[derive(Debug)]
pub struct ClientCore {
    config: Config,
    entries: KeyMap<Entry>,
    /// The components that the cluster has, or is given by what is in the queue.
    uploaded: BTreeSet<Digest>,
    queue: Queue,
    link: Link,
    unacknowledged: Unacknowledged,
    actions: VecDeque<Action>,
}

impl ClientCore {
    /// A session that has just been opened, and holds nothing.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            entries: KeyMap::default(),
            uploaded: BTreeSet::new(),
            queue: Queue::default(),
            link: Link::Ready,
            unacknowledged: Unacknowledged::default(),
            actions: VecDeque::new(),
        }
    }

    /// Takes in what happened. Nothing is sent before [`schedule`](Self::schedule).
    pub fn handle(&mut self, event: Event) {
        match event {
            Event::TasksSubmitted { tasks } => self.tasks_submitted(tasks),
            Event::KeysWanted { keys } => self.keys_wanted(&keys),
            Event::KeyHeld { key } => self.key_held(key),
            Event::DataOffered { key } => self.data_offered(key),
            Event::DataStored { key, nbytes } => self.stored(key, nbytes),
            Event::DataRefused { key } => self.not_stored(key),
            Event::KeysReleased { keys } => self.keys_released(&keys),
            Event::KeysCancelled { keys } => self.keys_cancelled(&keys),
            Event::KeysDetached { keys } => self.keys_detached(&keys),
            Event::ComponentOffered { digest, bytes } => self.component_offered(digest, bytes),
            Event::ComponentKnown { digest } => _ = self.uploaded.insert(digest),
            Event::ComponentRefused { digest } => _ = self.uploaded.remove(&digest),
            Event::SyncAsked { sync } => self.sync_asked(sync),
            Event::Told { news } => {
                for (key, news) in news {
                    self.take_over(key, news);
                }
            }
            Event::Sent => self.sent(),
            Event::Acknowledged => self.acknowledged(),
            Event::ConnectionLost => self.connection_lost(),
            Event::SessionResumed { taken } => self.session_resumed(taken),
            Event::SessionForgotten => self.session_forgotten(),
            Event::SessionEnded => self.session_ended(),
        }
    }

    /// Says the next thing, if the connection has room and there is something to say.
    pub fn schedule(&mut self) {
        self.send_next();
    }

    /// The next thing to be done, until there is none.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Where a key stands; none where nothing is known of it.
    pub fn state(&self, key: &Key) -> Option<&State> {
        self.entries.get(key).map(|entry| &*entry.state)
    }

    /// How often the program holds a key.
    pub fn holds(&self, key: &Key) -> u32 {
        self.entries.get(key).map_or(0, |entry| entry.holds)
    }

    /// All keys that the program holds, in no order that means anything.
    pub fn held(&self) -> impl Iterator<Item = (&Key, &State)> {
        let held = self.entries.iter().filter(|(_, entry)| entry.holds > 0);
        held.map(|(key, entry)| (key, &*entry.state))
    }

    /// Whether the cluster has a component, or is given it by what is to be said.
    pub fn has_given(&self, digest: &Digest) -> bool {
        self.uploaded.contains(digest)
    }

    /// Bytes of what has yet to be sent.
    pub fn queued_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Whether all that was said has been sent.
    pub fn has_sent_all(&self) -> bool {
        self.queue.front().is_none() && matches!(self.link, Link::Ready | Link::Ended)
    }

    /// Whether [`schedule`](Self::schedule) would have something sent now.
    pub fn wants_to_send(&self) -> bool {
        let has_more = self.queue.front().is_some() || self.unacknowledged.bytes > 0;
        has_more && matches!(self.link, Link::Ready)
    }

    /// Whether what there is to send may wait a little for more: keys that are not needed any more.
    pub fn may_wait(&self) -> bool {
        self.queue.front().is_some() && self.queue.only_releases()
    }

    /// Whether the session is over.
    pub fn is_over(&self) -> bool {
        matches!(self.link, Link::Ended)
    }

    /// Whether nothing is known of any key, and nothing is to be said.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.queue.front().is_none()
    }
}
