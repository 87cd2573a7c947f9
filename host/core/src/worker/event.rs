//! What the worker core is told.

use std::{sync::Arc, time::Duration};

use crate::{
    Attempt, Failure, Key, ScatterId, TaskSpec, WorkerId,
    scheduler::{Input, TaskResult},
    task::Priority,
};

/// Something that happened outside the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The scheduler wants a task to be run.
    ComputeTask {
        task: Arc<TaskSpec>,
        attempt: Attempt,
        priority: Priority,
        /// One for each dependency, in the order of the spec's.
        inputs: Vec<Input>,
    },
    /// The scheduler wants an attempt stopped.
    CancelTask { key: Key, attempt: Attempt },
    /// The scheduler wants results dropped.
    FreeKeys { keys: Vec<Key> },
    /// Clients' values have come, with their sizes, and are staged: they are in the store under the
    /// number of the scatter, and are no results yet.
    DataStaged {
        scatter: ScatterId,
        values: Vec<(Key, u64)>,
    },
    /// The scheduler wants what was staged to be kept.
    KeepData { scatter: ScatterId },
    /// The scheduler wants what was staged to be dropped, if it still is.
    DropStaged { scatter: ScatterId },
    /// The membership is over: the scheduler cannot be reached, or has given this worker up. What it
    /// wanted does not count any more; results stay.
    SchedulerLost,
    /// The worker is a member again, under this number.
    SchedulerFound { id: WorkerId },
    /// A fetch has come to its end, after any number of keys arrived: `arrived` are in the store
    /// with their sizes, `missing` the peer does not have.
    FetchDone {
        peer: WorkerId,
        arrived: Vec<(Key, u64)>,
        missing: Vec<Key>,
    },
    /// The peer could not be reached, or broke off. The keys that had arrived are in the store.
    FetchFailed {
        peer: WorkerId,
        arrived: Vec<(Key, u64)>,
    },
    /// A task that was handed over cannot run yet: what it runs has to be got first, or compiled.
    ExecutionDelayed { key: Key, attempt: Attempt },
    /// What such a task waited for is there, or is not to be had: it can be handed over again.
    ExecutionPrepared { key: Key, attempt: Attempt },
    /// An execution came to its end; a good result is in the store. A cancelled one ends so too.
    ExecutionDone {
        key: Key,
        attempt: Attempt,
        result: Result<TaskResult, Arc<Failure>>,
        /// How long it ran, if it did.
        ran: Option<Duration>,
    },
    /// A result that the core counts on is not in the store any more, as a peer or an execution
    /// found: a spilled file went bad, for instance.
    DataGone { key: Key },
}
