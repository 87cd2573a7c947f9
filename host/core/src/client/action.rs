//! What the client core wants done.

use crate::{Digest, Key, TaskSpec};

/// Something that the process around the core is to do. Of `Push`, `Upload` and `Sync` one is under
/// way at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a message, then say [`Sent`](super::Event::Sent).
    Push {
        /// Messages of a session are numbered from 1.
        number: u64,
        batch: Batch,
    },
    /// Give the cluster a component, then say [`Sent`](super::Event::Sent); where it is refused,
    /// first [`ComponentRefused`](super::Event::ComponentRefused).
    Upload { digest: Digest },
    /// Find out when all that was sent so far has been taken in, then say
    /// [`Acknowledged`](super::Event::Acknowledged).
    Sync,
    /// All that was said before this sync was asked for has been taken in.
    Synced { sync: u64 },
    /// The key is not pending any more: whoever waits for it is to be told.
    Resolved { key: Key },
}

/// What a client pushes in one message. Its receiver takes it in in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Tasks, dependencies before dependents, and whether each is wanted.
    pub tasks: Vec<(TaskSpec, bool)>,
    /// Keys to hold again.
    pub wanted: Vec<Key>,
    /// Keys to compute even if the session ends before they are done.
    pub detached: Vec<Key>,
    /// Keys to let go of.
    pub released: Vec<Key>,
    /// Keys not to compute any more.
    pub cancelled: Vec<Key>,
}
