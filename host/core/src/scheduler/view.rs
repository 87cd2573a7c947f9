//! What the process around the core may ask it.

use std::collections::BTreeSet;

use super::{KeyState, SchedulerCore, WorkerInfo, scatter::Scatter, tasks::State};
use crate::{Digest, Key, TaskKind, TenantId, TypeId, WorkerId};

/// Tasks by state, and what has happened since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Known, with nothing to be done: nobody wants the result.
    pub released: u64,
    /// Wanted; some input is not in memory yet, or the result is away with a worker that may return.
    pub waiting: u64,
    /// Ready; no worker of the cluster may run it.
    pub no_worker: u64,
    /// Ready, and held back until a worker has room.
    pub queued: u64,
    /// Given to a worker.
    pub processing: u64,
    /// The result is on a worker.
    pub memory: u64,
    /// Failed, or depends on what failed.
    pub erred: u64,
    /// Bytes of the arguments of all tasks that are known.
    pub argument_bytes: u64,
    /// Since the start: runs whose result was accepted.
    pub total_finished: u64,
    /// Since the start: runs of a task that had finished before, or was running on a worker when
    /// that was lost.
    pub total_recomputed: u64,
    /// Since the start: tasks that failed, dependents included.
    pub total_erred: u64,
    /// Since the start: results that workers came back with and that were still wanted.
    pub total_found: u64,
    /// Since the start: workers that were lost.
    pub total_workers_lost: u64,
    /// Since the start: messages ignored because they spoke of an attempt, a key, a worker or a
    /// session that is no more.
    pub total_stale: u64,
    /// Since the start: keys ignored because they are another tenant's.
    pub total_foreign: u64,
}

impl Counts {
    /// How many tasks and scattered values are known.
    pub fn tasks(&self) -> u64 {
        self.released
            + self.waiting
            + self.no_worker
            + self.queued
            + self.processing
            + self.memory
            + self.erred
    }

    pub(super) fn of_state(&mut self, state: &State) -> &mut u64 {
        match state {
            State::Released => &mut self.released,
            State::Waiting { .. } | State::Away { .. } => &mut self.waiting,
            State::NoWorker => &mut self.no_worker,
            State::Queued => &mut self.queued,
            State::Ahead { .. } | State::Processing { .. } => &mut self.processing,
            State::Memory { .. } => &mut self.memory,
            State::Erred { .. } => &mut self.erred,
        }
    }
}

/// One worker as the scheduler sees it.
#[derive(Clone, Copy, Debug)]
pub struct WorkerView<'a> {
    /// Its membership.
    pub id: WorkerId,
    /// What it said when it joined.
    pub info: &'a WorkerInfo,
    /// How many tasks it was given and has not finished.
    pub processing: usize,
    /// How many results it holds.
    pub holding_keys: usize,
    /// How large they are together, in bytes.
    pub holding_nbytes: u64,
    /// How many tasks it has finished.
    pub finished: u64,
}

impl SchedulerCore {
    /// Whether the key is a task's or a scattered value's.
    pub fn knows(&self, key: &Key) -> bool {
        self.tasks.find(key).is_some()
    }

    /// The type of the key's result.
    pub fn result_type(&self, key: &Key) -> Option<TypeId> {
        Some(self.tasks.by_key(key)?.result_type)
    }

    /// The types of the results of tasks and of the values on their way here.
    pub fn used_types(&self) -> BTreeSet<TypeId> {
        let on_their_way = self.scatters.values().flat_map(Scatter::types);
        self.tasks.types().chain(on_their_way).collect()
    }

    /// How many tasks of a tenant are known that run a function of a component.
    pub fn tasks_of(&self, tenant: &str, component: &Digest) -> u64 {
        self.classes.tasks_of(|definition| {
            let runs = match &definition.kind {
                TaskKind::Function {
                    component: runs, ..
                } => runs == component,
                _ => false,
            };
            runs && &*definition.tenant == tenant
        })
    }

    /// Whose the key is.
    pub fn tenant_of(&self, key: &Key) -> Option<TenantId> {
        Some(self.tasks.by_key(key)?.tenant)
    }

    /// How the key stands, without the value.
    pub fn key_state(&self, key: &Key) -> Option<KeyState> {
        Some(KeyState::of_state(&self.tasks.by_key(key)?.state))
    }

    /// The workers that hold the key's result, in ascending order.
    pub fn holders(&self, key: &Key) -> Vec<WorkerId> {
        match self.tasks.by_key(key).map(|task| &*task.state) {
            Some(State::Memory { holders, .. }) => holders.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// How much of everything there is.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The members of the cluster, in the order in which they joined.
    pub fn workers(&self) -> impl Iterator<Item = WorkerView<'_>> {
        self.workers.iter().map(|(id, worker)| WorkerView {
            id,
            info: &worker.info,
            processing: worker.processing.len(),
            holding_keys: worker.holding.len(),
            holding_nbytes: worker.nbytes,
            finished: worker.finished,
        })
    }
}
