//! What the worker core wants done.

use std::sync::Arc;

use crate::{Attempt, Failure, Key, ScatterId, TaskSpec, WorkerId, scheduler::TaskResult};

/// Something that the process around the core is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Get results from a peer. One fetch at a time is under way for each peer.
    Fetch {
        peer: WorkerId,
        /// The keys, with the sizes that the scheduler told.
        keys: Vec<(Key, u64)>,
    },
    /// Run a task as soon as a slot is free, after all that were to be executed before it. All of
    /// its inputs are in the store, and stay there until it is done.
    Execute {
        task: Arc<TaskSpec>,
        attempt: Attempt,
    },
    /// Stop a running attempt. It still comes to an `ExecutionDone`.
    Interrupt { key: Key, attempt: Attempt },
    /// Make a staged value a result. Where one of this key is in the store already, it stays.
    Keep { scatter: ScatterId, key: Key },
    /// Drop a staged value.
    DropStaged { scatter: ScatterId, key: Key },
    /// Drop a result from the store.
    Drop { key: Key },
    /// Tell the scheduler.
    Send(ToScheduler),
}

/// What a worker tells the scheduler: its events but for those that concern the worker as a
/// whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToScheduler {
    /// A task is in a slot, and has been for a while.
    TaskStarted { key: Key, attempt: Attempt },
    /// A task has run and its result is stored.
    TaskFinished {
        key: Key,
        attempt: Attempt,
        result: TaskResult,
    },
    /// A task has run and failed.
    TaskErred {
        key: Key,
        attempt: Attempt,
        failure: Arc<Failure>,
    },
    /// A task is given back: these inputs could not be got from these holders.
    InputsMissing {
        key: Key,
        attempt: Attempt,
        missing: Vec<(Key, WorkerId)>,
    },
    /// A staged value is a result now.
    DataKept { scatter: ScatterId, key: Key },
    /// What was to be kept is not staged here.
    StagedMissing { scatter: ScatterId },
    /// A result that was here before this membership began.
    DataFound { key: Key, nbytes: u64 },
    /// All that was here before has been told.
    AllFound,
    /// A copy of a result was fetched.
    ReplicaAdded { key: Key },
    /// A result is not here any more.
    ReplicaMissing { key: Key },
}
