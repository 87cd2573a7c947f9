//! What the scheduler core is told.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{Attempt, Failure, Key, ScatterId, SessionId, TaskSpec, TenantId, TypeId, WorkerId};

/// Something that happened outside the core.
///
/// The process in front has checked what a peer sent: keys are recomputed, arguments fit their
/// functions, a session names only what its tenant owns. Dependencies of a submitted task come
/// before it, in the same batch or an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client logged in.
    SessionOpened {
        session: SessionId,
        tenant: TenantId,
    },
    /// A client left, or was away for too long. What only it held is released.
    SessionClosed { session: SessionId },
    /// A client wants `tasks` to be known and `wanted`, some of them or older ones, to be run and
    /// kept. A session holds a key once, however often it asks.
    ///
    /// A task that is not wanted is known only as long as another depends on it: a graph that comes
    /// in parts wants in each part what later parts refer to. A task whose dependency is not known
    /// any more is not taken in, and a wanted key that is not known is reported `Cancelled`.
    TasksSubmitted {
        session: SessionId,
        tasks: Vec<TaskSpec>,
        wanted: Vec<Key>,
    },
    /// A client let go of keys.
    KeysReleased { session: SessionId, keys: Vec<Key> },
    /// A client wants keys not to be computed any more, and their dependents neither. Ignored for
    /// a key that another session or dataset wants as well: there the session only lets go.
    KeysCancelled { session: SessionId, keys: Vec<Key> },
    /// A client wants keys to be computed even if nobody holds them any more: fire and forget. They
    /// are kept until they have finished or failed, whoever leaves meanwhile, or until somebody
    /// cancels them; then only those keep them who hold them.
    KeysDetached { session: SessionId, keys: Vec<Key> },
    /// A client wants values stored on workers, and held by its session. It is told where the bytes
    /// of those are to go that are nowhere yet ([`Action::StageData`](super::Action::StageData)), and
    /// at last what came of it ([`Action::ScatterDone`](super::Action::ScatterDone)).
    ScatterOffered {
        session: SessionId,
        scatter: ScatterId,
        values: Vec<DataHeader>,
        spread: Spread,
    },
    /// All values of a scatter that were for this worker are there, checked, and not counted on yet.
    DataStaged {
        worker: WorkerId,
        scatter: ScatterId,
    },
    /// A worker could not take in values, for this reason.
    StagingFailed {
        worker: WorkerId,
        scatter: ScatterId,
        reason: String,
    },
    /// A client gave up before all bytes of a scatter had come.
    ScatterAbandoned { scatter: ScatterId },
    /// A worker has put a value that was staged there among its results.
    DataKept {
        worker: WorkerId,
        scatter: ScatterId,
        key: Key,
    },
    /// Keys, in order, are published under a name, instead of those that have it, if they may be
    /// ([`may_publish`](super::SchedulerCore::may_publish)). They are held until the name is given
    /// up.
    DatasetPublished {
        tenant: TenantId,
        name: Arc<str>,
        /// The type of each key's value, as WIT text.
        ty: Arc<str>,
        keys: Vec<Key>,
        /// Whether a dataset that has the name loses it.
        replace: bool,
    },
    /// A name is given up.
    DatasetUnpublished { tenant: TenantId, name: Arc<str> },
    /// A worker joined.
    WorkerJoined { worker: WorkerId, info: WorkerInfo },
    /// A worker left for good, or its connection broke: then it may come back.
    WorkerLost { worker: WorkerId, may_return: bool },
    /// A worker is alive.
    Heartbeat { worker: WorkerId },
    /// A worker has a task in a slot, and has had it there for a while.
    TaskStarted {
        worker: WorkerId,
        key: Key,
        attempt: Attempt,
    },
    /// A worker has run a task and stored the result.
    TaskFinished {
        worker: WorkerId,
        key: Key,
        attempt: Attempt,
        result: TaskResult,
    },
    /// A worker has run a task and it failed.
    TaskErred {
        worker: WorkerId,
        key: Key,
        attempt: Attempt,
        failure: Arc<Failure>,
    },
    /// A worker gives a task back: it could not get these inputs from these holders. They may have
    /// them all the same: each says by itself what it does not have.
    InputsMissing {
        worker: WorkerId,
        key: Key,
        attempt: Attempt,
        missing: Vec<(Key, WorkerId)>,
    },
    /// A worker that has come back has kept a result.
    DataFound {
        worker: WorkerId,
        key: Key,
        nbytes: u64,
    },
    /// A worker that has come back has told all that it kept.
    AllFound { worker: WorkerId },
    /// A worker fetched a copy of a result.
    ReplicaAdded { worker: WorkerId, key: Key },
    /// A worker does not have a result that it was thought to hold, as it found itself, or
    /// answered when asked for it.
    ReplicaMissing { worker: WorkerId, key: Key },
}

/// A value that a client wants stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataHeader {
    /// What names it.
    pub key: Key,
    /// Its type.
    pub result_type: TypeId,
    /// Bytes of its encoding.
    pub nbytes: u64,
}

/// On how many workers values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Each on the one that has most room.
    One,
    /// On all that there are now.
    All,
}

/// What a worker says of itself when it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Its name, unique among the workers of the cluster.
    pub name: Arc<str>,
    /// How many tasks it runs at a time.
    pub slots: u32,
    /// Bytes of results that it may hold in memory.
    pub memory_limit: u64,
    /// Bytes of linear memory that a task can have there, at most.
    pub task_memory: u64,
    /// What it has, by name, for tasks that ask for it.
    pub resources: BTreeMap<Arc<str>, u64>,
    /// Whether it has been a member before, here or of another scheduler, and is going to tell what it
    /// has kept: until it has, nothing is sent there, lest an order and such news cross.
    pub returning: bool,
    /// Its membership before this one, if that was with this same scheduler.
    pub previous: Option<WorkerId>,
}

/// The stored result of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskResult {
    /// Size of the encoded value.
    pub nbytes: u64,
    /// The value itself where it is small; passed on to whoever waits for it, never kept.
    pub inline: Option<Bytes>,
    /// How long the task ran.
    pub duration: Duration,
}
