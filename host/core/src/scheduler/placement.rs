//! Which worker runs what.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
};

use super::{
    Action, Input, SchedulerCore,
    classes::{Class, ClassId},
    tasks::{State, TaskId},
    transition::failure_of,
    workers::{Worker, nanos},
};
use crate::{Attempt, FailureKind, WorkerId, task::Priority, units::bytes_text};

/// Where a task may go.
enum Place {
    Worker(WorkerId),
    /// There are workers that may run it; none has room for it now.
    Full,
    /// No worker may run it.
    Nowhere,
    /// Its inputs are larger than the memory of every worker that may run it.
    TooLarge {
        nbytes: u64,
        memory_limit: u64,
    },
}

impl SchedulerCore {
    /// Places queued tasks by priority, until no worker has room for any that is left.
    pub(super) fn place_queued(&mut self) {
        let mut heads = self.heads();
        while let Some(Reverse(((_, id), class))) = heads.pop() {
            match self.choose(id, class) {
                Place::Worker(worker) => {
                    let estimate = self.estimate(&self.classes[class]);
                    self.assign(id, worker, estimate);
                    let next = self.classes.head(class);
                    heads.extend(next.map(|head| Reverse((head, class))));
                }
                Place::Full => {}
                Place::TooLarge {
                    nbytes,
                    memory_limit,
                } => {
                    self.refuse_inputs(id, nbytes, memory_limit);
                    // What it needed may have been queued, and is wanted no more.
                    self.finish_event();
                    heads = self.heads();
                }
                Place::Nowhere => {
                    while let Some((_, id)) = self.classes.head(class) {
                        self.park(id);
                    }
                }
            }
        }
    }

    /// The first queued task of each class, by priority.
    fn heads(&self) -> BinaryHeap<Reverse<((Priority, TaskId), ClassId)>> {
        self.classes.heads().map(Reverse).collect()
    }

    fn choose(&self, id: TaskId, class: ClassId) -> Place {
        let class = &self.classes[class];
        let has_room = |worker: &Worker| worker.has_room(class, &self.config);
        let chosen = if class.is_root {
            self.least_loaded(class, has_room)
        } else if class.is_root_like(self.workers.slots(), &self.config) {
            self.cheapest(id, class, has_room)
        } else {
            self.cheapest(id, class, |_| true)
        };
        chosen.map_or_else(|| self.why_nowhere_now(id, class), Place::Worker)
    }

    fn why_nowhere_now(&self, id: TaskId, class: &Class) -> Place {
        let qualifies = |(_, worker): &(_, &Worker)| worker.qualifies(&class.definition);
        let workers = self.workers.iter().filter(qualifies);
        let nbytes = self.inputs_nbytes(id);
        match workers.map(|(_, worker)| worker.info.memory_limit).max() {
            None => Place::Nowhere,
            Some(memory_limit) if nbytes > memory_limit => Place::TooLarge {
                nbytes,
                memory_limit,
            },
            Some(_) => Place::Full,
        }
    }

    /// The size of all inputs of a ready task together.
    pub(super) fn inputs_nbytes(&self, id: TaskId) -> u64 {
        let dependencies = self.tasks[id].dependencies.iter();
        let nbytes = dependencies.map(|id| match &*self.tasks[*id].state {
            State::Memory { nbytes, .. } => *nbytes,
            _ => 0,
        });
        nbytes.fold(0, u64::saturating_add)
    }

    /// Fails a task before it is placed: it would not fit any worker. Its inputs stay as they are.
    fn refuse_inputs(&mut self, id: TaskId, nbytes: u64, memory_limit: u64) {
        let message = format!(
            "its inputs are {} together, and the largest worker that may run it holds {}; keep \
             them in parts with `persist`, or combine them in a tree",
            bytes_text(nbytes),
            bytes_text(memory_limit)
        );
        let failure = failure_of(&self.tasks[id], FailureKind::OutOfMemory, &message);
        self.fail(id, Arc::new(failure));
    }

    /// The least loaded worker that can take a task of the class.
    fn least_loaded(&self, class: &Class, accept: impl Fn(&Worker) -> bool) -> Option<WorkerId> {
        let can_take = |worker: &Worker| can_take(worker, class) && accept(worker);
        let found = self.workers.by_load().find(|(_, worker)| can_take(worker));
        found.map(|(id, _)| id)
    }

    /// Where the task can start first, once the worker is free and has the inputs: one of those
    /// that hold an input, or the least loaded; never one that the inputs do not fit. If there is nothing between them, the one to which
    /// fewest bytes move.
    fn cheapest(
        &self,
        id: TaskId,
        class: &Class,
        accept: impl Fn(&Worker) -> bool,
    ) -> Option<WorkerId> {
        let inputs = self.inputs_nbytes(id);
        let accept = |worker: &Worker| inputs <= worker.info.memory_limit && accept(worker);
        let mut total: u64 = 0;
        let mut local: BTreeMap<WorkerId, u64> = BTreeMap::new();
        for dependency in &self.tasks[id].dependencies {
            if let State::Memory { holders, nbytes } = &*self.tasks[*dependency].state {
                let moved = nbytes.saturating_add(KEY_NBYTES);
                total = total.saturating_add(moved);
                for holder in holders.iter() {
                    let local = local.entry(holder).or_default();
                    *local = local.saturating_add(moved);
                }
            }
        }
        if let Some(worker) = self.least_loaded(class, accept) {
            local.entry(worker).or_default();
        }
        let cost = |(id, local): (WorkerId, u64)| {
            let worker = self.workers.get(id)?;
            let moved = total - local;
            (can_take(worker, class) && accept(worker)).then(|| {
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
    pub(super) fn estimate(&self, class: &Class) -> u64 {
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

    /// Every dependency of a task that is given to a worker is in memory, or about to be on that one.
    fn input(&self, id: TaskId) -> Option<Input> {
        let task = &self.tasks[id];
        let (nbytes, holders) = match &*task.state {
            State::Memory { holders, nbytes } => (*nbytes, holders.iter().collect()),
            // What is computed there, of a size that nobody knows yet.
            state => (0, vec![state.given_to()?.0]),
        };
        Some(Input {
            key: task.key,
            nbytes,
            holders,
        })
    }
}

/// What moving a result costs beyond its bytes, so that even an empty one is better not moved.
const KEY_NBYTES: u64 = 64;

pub(super) fn can_take(worker: &Worker, class: &Class) -> bool {
    worker.is_settled
        && worker.qualifies(&class.definition)
        && worker.has_resources(&class.definition)
}
