//! Which worker runs what.

use std::{cmp::Reverse, collections::BTreeMap, collections::BinaryHeap};

use super::{
    Action, Input, SchedulerCore,
    classes::{Class, ClassId},
    tasks::{State, TaskId},
    workers::{Worker, nanos},
};
use crate::{Attempt, WorkerId};

/// Where a task may go.
enum Place {
    Worker(WorkerId),
    /// There are workers that may run it; none has room for it now.
    Full,
    /// No worker may run it.
    Nowhere,
}

impl SchedulerCore {
    /// Places queued tasks by priority, until no worker has room for any that is left.
    pub(super) fn place_queued(&mut self) {
        let heads = self.classes.heads().map(Reverse);
        let mut heads: BinaryHeap<_> = heads.collect();
        while let Some(Reverse(((_, id), class))) = heads.pop() {
            match self.choose(id, class) {
                Place::Worker(worker) => {
                    let estimate = self.estimate(&self.classes[class]);
                    self.assign(id, worker, estimate);
                    let next = self.classes.head(class);
                    heads.extend(next.map(|head| Reverse((head, class))));
                }
                Place::Full => {}
                Place::Nowhere => {
                    while let Some((_, id)) = self.classes.head(class) {
                        self.park(id);
                    }
                }
            }
        }
    }

    fn choose(&self, id: TaskId, class: ClassId) -> Place {
        let class = &self.classes[class];
        let chosen = if class.is_root {
            self.least_loaded(class, |worker| worker.has_room(class, &self.config))
        } else {
            self.cheapest(id, class)
        };
        let qualifies = |(_, worker): (_, &Worker)| worker.qualifies(&class.definition);
        match chosen {
            Some(worker) => Place::Worker(worker),
            None if self.workers.iter().any(qualifies) => Place::Full,
            None => Place::Nowhere,
        }
    }

    /// The least loaded worker that can take a task of the class.
    fn least_loaded(&self, class: &Class, accept: impl Fn(&Worker) -> bool) -> Option<WorkerId> {
        let can_take = |worker: &Worker| can_take(worker, class) && accept(worker);
        let found = self.workers.by_load().find(|(_, worker)| can_take(worker));
        found.map(|(id, _)| id)
    }

    /// Where the task can start first, once the worker is free and has the inputs: one of those
    /// that hold an input, or the least loaded. If there is nothing between them, the one to which
    /// fewest bytes move.
    fn cheapest(&self, id: TaskId, class: &Class) -> Option<WorkerId> {
        let mut total = 0;
        let mut local: BTreeMap<WorkerId, u64> = BTreeMap::new();
        for dependency in &self.tasks[id].dependencies {
            if let State::Memory { holders, nbytes } = &*self.tasks[*dependency].state {
                total += nbytes + KEY_NBYTES;
                for holder in holders.iter() {
                    *local.entry(holder).or_default() += nbytes + KEY_NBYTES;
                }
            }
        }
        if let Some(worker) = self.least_loaded(class, |_| true) {
            local.entry(worker).or_default();
        }
        let cost = |(id, local): (WorkerId, u64)| {
            let worker = self.workers.get(id)?;
            let moved = total - local;
            can_take(worker, class).then(|| {
                (
                    worker.load().saturating_add(self.transfer_time(moved)),
                    moved,
                    id,
                )
            })
        };
        let (_, _, worker) = local.into_iter().filter_map(cost).min()?;
        Some(worker)
    }

    /// How long it takes to get so many bytes from other workers, in nanoseconds.
    fn transfer_time(&self, nbytes: u64) -> u64 {
        if nbytes == 0 {
            return 0;
        }
        let flowing = u128::from(nbytes) * 1_000_000_000 / u128::from(self.config.bandwidth.max(1));
        let flowing = u64::try_from(flowing).unwrap_or(u64::MAX);
        nanos(self.config.transfer_latency).saturating_add(flowing)
    }

    /// How long a task of the class is thought to run, in nanoseconds.
    fn estimate(&self, class: &Class) -> u64 {
        class.mean().unwrap_or(nanos(self.config.unknown_duration))
    }

    pub(super) fn compute_task(&self, id: TaskId, worker: WorkerId, attempt: Attempt) -> Action {
        let task = &self.tasks[id];
        let spec = task.spec.clone();
        Action::ComputeTask {
            worker,
            task: spec.expect("a scattered value is never queued"),
            attempt,
            priority: task.priority,
            inputs: task
                .dependencies
                .iter()
                .filter_map(|id| self.input(*id))
                .collect(),
        }
    }

    /// Every dependency of a queued task is in memory.
    fn input(&self, id: TaskId) -> Option<Input> {
        let task = &self.tasks[id];
        let State::Memory { holders, nbytes } = &*task.state else {
            return None;
        };
        Some(Input {
            key: task.key,
            nbytes: *nbytes,
            holders: holders.iter().collect(),
        })
    }
}

/// What moving a result costs beyond its bytes, so that even an empty one is better not moved.
const KEY_NBYTES: u64 = 64;

fn can_take(worker: &Worker, class: &Class) -> bool {
    worker.qualifies(&class.definition) && worker.has_resources(&class.definition)
}
