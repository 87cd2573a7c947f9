//! What the scheduler core wants done.

use std::sync::Arc;

use bytes::Bytes;

use crate::{Attempt, Failure, Key, ScatterId, SessionId, TaskSpec, WorkerId, task::Priority};

/// Something that the process around the core is to do. Actions for one worker or one session
/// must arrive there in the order in which they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Run a task. No result of it is counted on: should the worker have one, that is a stray, and
    /// is dropped.
    ComputeTask {
        worker: WorkerId,
        task: Arc<TaskSpec>,
        attempt: Attempt,
        priority: Priority,
        /// Where the task's dependencies are, one for each, in the order of the spec's.
        inputs: Vec<Input>,
    },
    /// Stop a task, whether it waits or runs. Nothing more is heard of this attempt.
    CancelTask {
        worker: WorkerId,
        key: Key,
        attempt: Attempt,
    },
    /// Drop the results of these keys.
    FreeKeys { worker: WorkerId, keys: Vec<Key> },
    /// Send the values with these keys to these workers, where they are staged: nobody counts on
    /// them before they are kept. To each worker goes what is named with it.
    StageData {
        scatter: ScatterId,
        parts: Vec<(WorkerId, Vec<Key>)>,
    },
    /// Put what was staged among the worker's results.
    KeepData {
        worker: WorkerId,
        scatter: ScatterId,
    },
    /// Drop what was staged, if it still is.
    DropStaged {
        worker: WorkerId,
        scatter: ScatterId,
    },
    /// A scatter has come to its end: all values are held by the session, or this is why not.
    ScatterDone {
        scatter: ScatterId,
        outcome: Result<(), ScatterError>,
    },
    /// Tell a client what became of a key that it holds.
    Report {
        session: SessionId,
        key: Key,
        state: KeyState,
    },
    /// End a worker's membership: it was silent for too long, or broke the protocol.
    CloseWorker { worker: WorkerId, reason: String },
}

/// Why values were not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScatterError {
    /// There is no worker.
    NoWorker,
    /// This value is larger than the memory of every worker, of which the largest has so much.
    TooLarge {
        key: Key,
        nbytes: u64,
        memory_limit: u64,
    },
    /// All workers are taking in as many values as they have room for.
    Busy,
    /// A worker could not take in values, or was lost, for this reason.
    Failed { worker: WorkerId, reason: String },
    /// The key is another tenant's.
    Foreign { key: Key },
}

/// Where one input of a task is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The key.
    pub key: Key,
    /// Size of the encoded value.
    pub nbytes: u64,
    /// Workers that hold it, in ascending order; the task's own worker may be among them.
    pub holders: Vec<WorkerId>,
}

/// The state of a future, as its client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Not yet computed, or being computed again.
    Pending,
    /// The result is in the cluster's memory.
    Finished {
        /// Size of the encoded value.
        nbytes: u64,
        /// The value where it is small and has just been computed.
        inline: Option<Bytes>,
        /// Whether it was there already when the session asked for it.
        was_there: bool,
    },
    /// The task, or one that it depends on, failed.
    Erred(Arc<Failure>),
    /// The computation was cancelled.
    Cancelled,
    /// The result is gone and cannot be computed again.
    Lost(Arc<Failure>),
}
