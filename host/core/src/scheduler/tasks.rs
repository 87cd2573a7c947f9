//! All tasks that the scheduler knows.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    hash::{BuildHasherDefault, Hasher},
    ops::{Index, IndexMut},
    sync::Arc,
};

use hashbrown::HashTable;

use super::{classes::ClassId, transition::CurrentState};
use crate::{
    Attempt, Failure, Key, SessionId, TaskSpec, TenantId, Time, TypeId, WorkerId,
    small_set::SmallSet, task::Priority,
};

/// A task's place among [`Tasks`]: dense, and given to another task once this one is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TaskId(u32);

/// A set of tasks whose order never shows: whoever walks it sorts it first.
pub(super) type TaskSet = hashbrown::HashSet<TaskId, BuildHasherDefault<IdHasher>>;

/// Ids are dense, so they are their own hash: neighbours lie next to each other. Only the top bits,
/// by which a table tells entries apart, are mixed.
#[derive(Clone, Copy, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, id: u32) {
        let id = u64::from(id);
        self.0 = id | (id.wrapping_mul(0x9e37_79b9) << 57);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The tasks of a set in the order of their ids.
pub(super) fn sorted(tasks: &TaskSet) -> Vec<TaskId> {
    let mut tasks: Vec<_> = tasks.iter().copied().collect();
    tasks.sort_unstable();
    tasks
}

/// A task, or a scattered value.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) key: Key,
    /// `None` for a scattered value, which nobody can compute.
    pub(super) spec: Option<Arc<TaskSpec>>,
    /// What placement needs to know of it; `None` for a scattered value.
    pub(super) class: Option<ClassId>,
    pub(super) tenant: TenantId,
    pub(super) result_type: TypeId,
    pub(super) priority: Priority,
    /// One for each dependency of the spec, in its order.
    pub(super) dependencies: Box<[TaskId]>,
    /// The known tasks that have this one as a dependency. While there are any, it is not
    /// forgotten: their results may be lost, and then need it again.
    pub(super) dependents: SmallSet<TaskId>,
    /// The sessions that hold it.
    pub(super) sessions: SmallSet<SessionId>,
    /// How many places in datasets hold it.
    pub(super) datasets: u32,
    /// How many of its dependents are active, and so need its result.
    pub(super) needed_by: u32,
    /// The last attempt given to a worker, or what comes before the first.
    pub(super) attempt: Attempt,
    /// How often it may still fail and be tried again.
    pub(super) retries_left: u32,
    /// How many workers were lost while they ran it.
    pub(super) losses: u32,
    /// How many times a worker gave it back.
    pub(super) returns: u32,
    /// Whether it has had a result since it was submitted. If it is impure, it must not get a second
    /// one before it is submitted again.
    pub(super) has_finished: bool,
    /// Whether every run of it, and of all that it depends on, gives the same result.
    pub(super) is_deterministic: bool,
    /// Whether its last run went down with a worker.
    pub(super) was_lost: bool,
    /// Whether it is to come to a result though nobody else may want it: fire and forget.
    pub(super) is_detached: bool,
    pub(super) state: CurrentState,
}

/// Where a task stands, with the data of just that state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// There is no result, and nobody wants one.
    Released,
    /// Wanted; `missing` dependencies are not in memory.
    Waiting { missing: u32 },
    /// Ready, but no worker of the cluster may run it.
    NoWorker,
    /// Ready, and to be placed as soon as a worker has room for it.
    Queued,
    /// Given to the worker that was given its one missing dependency, to be run right after that:
    /// so the links of a chain need no message in between. All else is as for `Processing`.
    Ahead {
        worker: WorkerId,
        attempt: Attempt,
        estimate: u64,
    },
    /// Given to a worker, whose occupancy it adds `estimate` nanoseconds to. It `started` if the
    /// worker said that it is in a slot, which it does not say of short ones.
    Processing {
        worker: WorkerId,
        attempt: Attempt,
        estimate: u64,
        started: bool,
    },
    /// It has had a result, which nobody can compute again. The last worker that had it was lost, and
    /// may come back with it until then.
    Away { holder: WorkerId, until: Time },
    /// The result is on these workers; there is at least one.
    Memory {
        holders: SmallSet<WorkerId>,
        nbytes: u64,
    },
    /// It failed, or one of its dependencies did.
    Erred { failure: Arc<Failure> },
}

impl State {
    /// In one word.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Released => "Released",
            Self::Waiting { .. } => "Waiting",
            Self::NoWorker => "NoWorker",
            Self::Queued => "Queued",
            Self::Ahead { .. } => "Ahead",
            Self::Processing { .. } => "Processing",
            Self::Away { .. } => "Away",
            Self::Memory { .. } => "Memory",
            Self::Erred { .. } => "Erred",
        }
    }

    /// Whether the task is on its way to a result, and needs those of its dependencies.
    pub(super) fn is_active(&self) -> bool {
        match self {
            Self::Waiting { .. }
            | Self::NoWorker
            | Self::Queued
            | Self::Ahead { .. }
            | Self::Processing { .. } => true,
            Self::Released | Self::Away { .. } | Self::Memory { .. } | Self::Erred { .. } => false,
        }
    }

    /// The worker that it was given to, and the attempt, while it counts there.
    pub(super) fn given_to(&self) -> Option<(WorkerId, Attempt)> {
        match self {
            Self::Ahead {
                worker, attempt, ..
            }
            | Self::Processing {
                worker, attempt, ..
            } => Some((*worker, *attempt)),
            _ => None,
        }
    }

    pub(super) fn is_memory(&self) -> bool {
        matches!(self, Self::Memory { .. })
    }
}

impl Task {
    pub(super) fn is_held(&self) -> bool {
        !self.sessions.is_empty() || self.datasets > 0 || self.is_detached
    }

    /// Whether somebody holds it, or a task on its way to a result needs it.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_held() || self.needed_by > 0
    }

    /// Whether a run would give the result that it had before, if it had one.
    pub(super) fn can_run(&self) -> bool {
        self.spec
            .as_ref()
            .is_some_and(|spec| spec.is_pure() || !self.has_finished)
    }

    /// Bytes of the arguments that the client gave.
    pub(super) fn argument_bytes(&self) -> u64 {
        let spec = self.spec.as_ref();
        spec.map_or(0, |spec| spec.arguments.bytes.len() as u64)
    }

    /// What people call it.
    pub(super) fn label(&self) -> Arc<str> {
        self.spec
            .as_ref()
            .map_or_else(|| "scattered value".into(), |spec| spec.label())
    }
}

/// Tasks by id and by key.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    slots: Vec<Option<Task>>,
    free: Vec<TaskId>,
    by_key: HashTable<TaskId>,
    /// How many tasks have a result of each type.
    types: BTreeMap<TypeId, usize>,
}

/// A key is a digest, so any part of it is a hash.
fn hash(key: &Key) -> u64 {
    key.0
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

impl Tasks {
    /// Takes in a task whose key is not known yet.
    pub(super) fn insert(&mut self, task: Task) -> TaskId {
        debug_assert!(self.find(&task.key).is_none(), "{} is known", task.key);
        let hashed = hash(&task.key);
        let id = self.free.pop().unwrap_or_else(|| {
            let next = u32::try_from(self.slots.len()).expect("fewer than 2^32 tasks fit memory");
            self.slots.push(None);
            TaskId(next)
        });
        *self.types.entry(task.result_type).or_default() += 1;
        self.slots[id.0 as usize] = Some(task);
        let slots = &self.slots;
        self.by_key.insert_unique(hashed, id, |id| {
            slots[id.0 as usize]
                .as_ref()
                .map_or(0, |task| hash(&task.key))
        });
        id
    }

    pub(super) fn remove(&mut self, id: TaskId) -> Task {
        let task = self.slots[id.0 as usize].take();
        let task = task.expect("only a known task is removed");
        if let Ok(entry) = self
            .by_key
            .find_entry(hash(&task.key), |other| *other == id)
        {
            entry.remove();
        }
        self.free.push(id);
        if let Entry::Occupied(mut count) = self.types.entry(task.result_type) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        task
    }

    /// For tests: whether the types of all tasks are these.
    pub(super) fn check_types(&self, types: &BTreeMap<TypeId, usize>) {
        assert_eq!(self.types, *types, "tasks by type are counted wrong");
    }

    /// Whether some task has a result of this type.
    /// Those of all results, each once.
    pub(super) fn types(&self) -> impl Iterator<Item = TypeId> {
        self.types.keys().copied()
    }

    pub(super) fn find(&self, key: &Key) -> Option<TaskId> {
        self.by_key
            .find(hash(key), |id| self[*id].key == *key)
            .copied()
    }

    pub(super) fn by_key(&self, key: &Key) -> Option<&Task> {
        self.find(key).map(|id| &self[id])
    }

    pub(super) fn contains(&self, id: TaskId) -> bool {
        self.slots[id.0 as usize].is_some()
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// In the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        (0..)
            .map(TaskId)
            .zip(&self.slots)
            .filter_map(|(id, task)| Some((id, task.as_ref()?)))
    }
}

impl Index<TaskId> for Tasks {
    type Output = Task;

    fn index(&self, id: TaskId) -> &Task {
        self.slots[id.0 as usize]
            .as_ref()
            .expect("the id of a forgotten task is not kept")
    }
}

impl IndexMut<TaskId> for Tasks {
    fn index_mut(&mut self, id: TaskId) -> &mut Task {
        self.slots[id.0 as usize]
            .as_mut()
            .expect("the id of a forgotten task is not kept")
    }
}
