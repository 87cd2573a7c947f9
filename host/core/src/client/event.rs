//! What the client core is told.

use super::State;
use crate::{Digest, Key, Refusal, TaskSpec, scheduler::KeyState};

/// Something that happened outside the core: the program wants something, or the scheduler or the
/// connection says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The program wants these tasks run, and holds the key of each once more. A key that is held
    /// already is not submitted again, unless asking for it again means just that
    /// ([`State::is_to_be_submitted_again`]).
    TasksSubmitted { tasks: Vec<Submission> },
    /// The program holds keys once more that the scheduler knows, such as those of a dataset.
    KeysWanted { keys: Vec<Key> },
    /// The program holds a key once more that is of use already.
    KeyHeld { key: Key },
    /// The program holds a key once more whose value it is about to store, once all that was said
    /// so far has been taken in.
    DataOffered { key: Key },
    /// The value of such a key has been stored.
    DataStored { key: Key, nbytes: u64 },
    /// It could not be stored.
    DataRefused { key: Key },
    /// The program lets go of each of these keys once.
    KeysReleased { keys: Vec<Key> },
    /// The program wants keys not to be computed any more.
    KeysCancelled { keys: Vec<Key> },
    /// The program wants keys to be computed even if the session ends.
    KeysDetached { keys: Vec<Key> },
    /// The cluster is to be given a component before all that is submitted from now on, unless it
    /// was given it already.
    ComponentOffered { digest: Digest, bytes: usize },
    /// The cluster has a component.
    ComponentKnown { digest: Digest },
    /// The cluster refused a component: whoever wants it there offers it again.
    ComponentRefused { digest: Digest },
    /// The program wants to hear when all that was said so far has been taken in, by this number.
    SyncAsked { sync: u64 },
    /// The scheduler says what became of keys. Of keys that are not held any more it is passed over.
    Told { news: Vec<(Key, News)> },
    /// What was to be pushed or uploaded last is on its way, and there is room for more.
    Sent,
    /// All that was sent before [`Action::Sync`](super::Action::Sync) has been taken in.
    Acknowledged,
    /// The connection broke. What was under way may have been taken in or not; the session may be
    /// resumed.
    ConnectionLost,
    /// There is a connection again, and the scheduler has kept the session: it has taken in the
    /// messages up to this number. What it told since the old connection broke is lost.
    SessionResumed { taken: u64 },
    /// There is a connection again, with a session that knows nothing of the old one.
    SessionForgotten,
    /// The session is over: nothing is sent any more, and nothing stays pending.
    SessionEnded,
}

/// A task, and how large it is in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The task.
    pub task: TaskSpec,
    /// Bytes that it takes in a message, beside its definition.
    pub bytes: usize,
    /// Bytes of its definition, which tasks of one message share.
    pub definition_bytes: usize,
}

/// What became of a key that a client holds, as its scheduler tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Its state.
    State(KeyState),
    /// The task was never accepted.
    Refused(Refusal),
}

impl From<News> for State {
    fn from(news: News) -> Self {
        match news {
            News::State(KeyState::Pending) => Self::Pending,
            News::State(KeyState::Finished {
                nbytes,
                inline,
                was_there,
            }) => Self::Finished {
                nbytes,
                inline,
                was_there,
            },
            News::State(KeyState::Erred(failure)) => Self::Erred(failure),
            News::State(KeyState::Cancelled) => Self::Cancelled,
            News::State(KeyState::Lost(failure)) => Self::Lost(failure),
            News::Refused(refusal) => Self::Refused(refusal),
        }
    }
}
