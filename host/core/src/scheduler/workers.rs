//! The workers that are members of the cluster.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{
    Config, WorkerInfo,
    classes::Class,
    tasks::{TaskId, TaskSet},
};
use crate::{Definition, TaskKind, Time, WorkerId, task::Priority};

/// One worker, and what it was given and holds.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) info: WorkerInfo,
    /// All and only tasks that are `Processing` there, in the order in which it runs them.
    pub(super) processing: BTreeSet<(Priority, TaskId)>,
    /// All and only tasks that are in `Memory` there.
    pub(super) holding: TaskSet,
    /// The bytes of `holding`.
    pub(super) nbytes: u64,
    /// How long `processing` is thought to keep one slot busy, in nanoseconds.
    pub(super) occupancy: u64,
    /// What `processing` takes of its resources.
    pub(super) used: BTreeMap<Arc<str>, u64>,
    /// How many tasks it has finished.
    pub(super) finished: u64,
    /// Whether it has told all that it kept from before.
    pub(super) is_settled: bool,
    /// Bytes of clients' values that are on their way there, so that values sent together spread.
    pub(super) staged: u64,
    /// All and only tasks of `processing` whose dependents may be worth giving to it as well, before
    /// their input is there.
    pub(super) frontier: BTreeSet<(Priority, TaskId)>,
    /// When it was heard from last.
    pub(super) heard: Time,
    /// When it was last given a task, by the count of such moments.
    turn: u64,
}

impl Worker {
    pub(super) fn new(info: WorkerInfo, now: Time) -> Self {
        Self {
            is_settled: !info.returning,
            info,
            processing: BTreeSet::new(),
            holding: TaskSet::default(),
            nbytes: 0,
            occupancy: 0,
            used: BTreeMap::new(),
            finished: 0,
            staged: 0,
            frontier: BTreeSet::new(),
            heard: now,
            turn: 0,
        }
    }

    /// A worker with no slots holds data but runs nothing.
    fn slots(&self) -> u64 {
        u64::from(self.info.slots).max(1)
    }

    /// When one more task would start, in nanoseconds from now.
    pub(super) fn load(&self) -> u64 {
        self.occupancy / self.slots()
    }

    /// Whether it may run a task of this definition at all.
    pub(super) fn qualifies(&self, definition: &Definition) -> bool {
        let options = &definition.options;
        let has = |name| self.info.resources.get(name).copied().unwrap_or(0);
        // Operators run in host code, and have no linear memory.
        let memory = match &definition.kind {
            TaskKind::Function { .. } => options.limits.memory,
            TaskKind::Operator { .. } => 0,
        };
        self.info.slots > 0
            && memory <= self.info.task_memory
            && (options.workers.is_empty() || options.workers.contains(&self.info.name))
            && options
                .resources
                .iter()
                .all(|(name, need)| *need <= has(name))
    }

    /// Whether what the definition asks for is free now.
    pub(super) fn has_resources(&self, definition: &Definition) -> bool {
        definition.options.resources.iter().all(|(name, need)| {
            let used = self.used.get(name).copied().unwrap_or(0);
            let has = self.info.resources.get(name).copied().unwrap_or(0);
            used.saturating_add(*need) <= has
        })
    }

    /// Whether one more task that is held back, of this class may be sent there: all slots are busy with a
    /// little to spare, or as many tasks are there as keep the slots busy until the next message.
    pub(super) fn has_room(&self, class: &Class, config: &Config) -> bool {
        let tasks = self.processing.len();
        (tasks as f64) < (f64::from(self.info.slots) * config.saturation).ceil()
            || self.has_room_ahead(class, config)
    }

    /// Whether one more task of this class, which is short, would still start within the time that is
    /// worth sending tasks ahead for.
    pub(super) fn has_room_ahead(&self, class: &Class, config: &Config) -> bool {
        let tasks = self.processing.len();
        let target = nanos(config.target_queue).saturating_mul(self.slots());
        class.mean().is_some_and(|mean| {
            tasks < config.target_queue_tasks_max && self.occupancy.saturating_add(mean) <= target
        })
    }
}

/// A duration in nanoseconds, as far as 64 bits go.
pub(super) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Workers by id and by load.
#[derive(Debug, Default)]
pub(super) struct Workers {
    by_id: BTreeMap<WorkerId, Worker>,
    /// By load, then the one that was given a task the longest time ago.
    by_load: BTreeSet<(u64, u64, WorkerId)>,
    /// All slots together.
    slots: u64,
    turns: u64,
}

impl Workers {
    pub(super) fn insert(&mut self, id: WorkerId, worker: Worker) {
        self.by_load.insert((worker.load(), worker.turn, id));
        self.slots += u64::from(worker.info.slots);
        let before = self.by_id.insert(id, worker);
        assert!(before.is_none(), "{id} joined twice");
    }

    pub(super) fn remove(&mut self, id: WorkerId) -> Option<Worker> {
        let worker = self.by_id.remove(&id)?;
        self.by_load.remove(&(worker.load(), worker.turn, id));
        self.slots -= u64::from(worker.info.slots);
        Some(worker)
    }

    pub(super) fn get(&self, id: WorkerId) -> Option<&Worker> {
        self.by_id.get(&id)
    }

    /// To change anything but what the order by load comes from.
    pub(super) fn get_mut(&mut self, id: WorkerId) -> Option<&mut Worker> {
        self.by_id.get_mut(&id)
    }

    pub(super) fn contains(&self, id: WorkerId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// Nobody was silent for so long before now.
    pub(super) fn forgive(&mut self, silence: Duration, now: Time) {
        for worker in self.by_id.values_mut() {
            worker.heard = (worker.heard + silence).min(now);
        }
    }

    /// Puts a task among those a worker processes.
    pub(super) fn add_processing(
        &mut self,
        id: WorkerId,
        task: (Priority, TaskId),
        estimate: u64,
        definition: &Definition,
    ) {
        self.turns += 1;
        let turn = self.turns;
        self.reload(id, |worker| {
            worker.turn = turn;
            worker.processing.insert(task);
            worker.occupancy += estimate;
            for (name, need) in &definition.options.resources {
                *worker.used.entry(name.clone()).or_default() += need;
            }
        });
    }

    /// Takes a task from those a worker processes. Nothing to do if the worker was lost.
    pub(super) fn remove_processing(
        &mut self,
        id: WorkerId,
        task: (Priority, TaskId),
        estimate: u64,
        definition: &Definition,
    ) {
        self.reload(id, |worker| {
            worker.processing.remove(&task);
            worker.occupancy -= estimate;
            for (name, need) in &definition.options.resources {
                if let Some(used) = worker.used.get_mut(name) {
                    *used -= need;
                }
            }
        });
    }

    /// Makes a change that moves the worker in the order by load.
    fn reload(&mut self, id: WorkerId, change: impl FnOnce(&mut Worker)) {
        if let Some(worker) = self.by_id.get_mut(&id) {
            self.by_load.remove(&(worker.load(), worker.turn, id));
            change(worker);
            self.by_load.insert((worker.load(), worker.turn, id));
        }
    }

    /// How many tasks all of them run at a time.
    pub(super) fn slots(&self) -> u64 {
        self.slots
    }

    /// The least loaded first.
    pub(super) fn by_load(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        self.by_load.iter().map(|(_, _, id)| (*id, &self.by_id[id]))
    }

    /// In the order of their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (WorkerId, &Worker)> {
        self.by_id.iter().map(|(id, worker)| (*id, worker))
    }

    pub(super) fn check_order(&self) {
        assert_eq!(self.by_load.len(), self.by_id.len());
        let slots = self
            .by_id
            .values()
            .map(|worker| u64::from(worker.info.slots));
        assert_eq!(self.slots, slots.sum::<u64>(), "slots");
        for (id, worker) in &self.by_id {
            let place = (worker.load(), worker.turn, *id);
            assert!(
                self.by_load.contains(&place),
                "{id} is out of the order by load"
            );
        }
    }
}
