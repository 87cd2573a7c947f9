//! What must always hold between events.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Counts, SchedulerCore,
    tasks::{State, Task, TaskId},
    workers::Worker,
};
use crate::WorkerId;

impl SchedulerCore {
    /// Computes all that is derived again and compares. For tests: it looks at everything.
    ///
    /// # Panics
    ///
    /// Where something does not hold, with the task or worker it does not hold for.
    pub fn check_invariants(&self) {
        assert!(self.agenda.is_empty() && self.frees.is_empty(), "unsettled");
        let mut counts = Counts::default();
        let mut types = BTreeMap::new();
        for (id, task) in self.tasks.iter() {
            self.check_links(id, task);
            self.check_wishes(task);
            self.check_dependencies(task);
            self.check_place(id, task);
            *counts.of_state(&task.state) += 1;
            counts.argument_bytes += task.argument_bytes();
            *types.entry(task.result_type).or_default() += 1;
        }
        assert_eq!(counts.tasks(), self.tasks.len() as u64);
        self.tasks.check_types(&types);
        let totals = Counts {
            total_finished: self.counts.total_finished,
            total_recomputed: self.counts.total_recomputed,
            total_erred: self.counts.total_erred,
            total_found: self.counts.total_found,
            total_workers_lost: self.counts.total_workers_lost,
            total_stale: self.counts.total_stale,
            total_foreign: self.counts.total_foreign,
            ..counts
        };
        assert_eq!(totals, self.counts, "tasks by state are counted wrong");
        let is_away = |(_, id): &&(_, TaskId)| matches!(*self.tasks[*id].state, State::Away { .. });
        assert_eq!(
            self.away.iter().filter(is_away).count(),
            self.away.len(),
            "away"
        );
        self.check_classes();
        self.check_holds();
        self.check_scatters();
        for (id, worker) in self.workers.iter() {
            self.check_worker(id, worker);
        }
        self.workers.check_order();
    }

    /// Dependencies and dependents, sessions and holds, name each other.
    fn check_links(&self, id: TaskId, task: &Task) {
        let Task { key, tenant, .. } = task;
        assert_eq!(self.tasks.find(&task.key), Some(id), "{key} is not found");
        for dependency in &task.dependencies {
            let dependency = &self.tasks[*dependency];
            assert!(dependency.dependents.contains(id), "{key} is no dependent");
            assert_eq!(dependency.tenant, *tenant, "{key} crosses tenants");
        }
        for dependent in task.dependents.iter() {
            let dependencies = &self.tasks[dependent].dependencies;
            assert!(dependencies.contains(&id), "{key} has a false dependent");
        }
        for session in task.sessions.iter() {
            let session = &self.sessions[&session];
            assert!(session.holds.contains(&id), "{key} has a false session");
            assert_eq!(session.tenant, *tenant, "{key} is another tenant's");
        }
    }

    /// A task is on its way or in memory only if it is wanted, and known only if it is held or
    /// something depends on it; and what is wanted is not left lying.
    fn check_wishes(&self, task: &Task) {
        let Task { key, state, .. } = task;
        let active = |id: &TaskId| self.tasks[*id].state.is_active();
        let needed_by = task.dependents.iter().filter(active).count();
        assert_eq!(task.needed_by as usize, needed_by, "{key}: needed_by");
        let is_away = matches!(**state, State::Away { .. });
        if state.is_active() || state.is_memory() || is_away {
            assert!(task.is_wanted(), "{key} is {state:?}, and nobody wants it");
        }
        if **state == State::Released {
            assert!(!task.is_wanted(), "{key} is wanted, and released");
        }
        assert!(
            state.is_active() || !task.is_detached,
            "{key} is {state:?}, and detached"
        );
        let kept = task.is_held() || !task.dependents.is_empty();
        assert!(kept, "{key} is {state:?}, and should be forgotten");
    }

    /// A task waits just for what is not in memory, and goes on just if all is.
    fn check_dependencies(&self, task: &Task) {
        let Task { key, state, .. } = task;
        let is_memory = |id: &&TaskId| self.tasks[**id].state.is_memory();
        let have = task.dependencies.iter().filter(is_memory).count();
        let missing = task.dependencies.len() - have;
        match &**state {
            State::Waiting { missing: noted } => {
                assert_eq!(*noted as usize, missing, "{key}: missing");
                assert!(missing > 0, "{key} waits for nothing");
            }
            State::Ahead { worker, .. } => {
                assert_eq!(missing, 1, "{key} is ahead of its inputs");
                let mut lacking = task.dependencies.iter().filter(|id| !is_memory(id));
                let given_to = lacking
                    .next()
                    .and_then(|id| self.tasks[*id].state.given_to());
                let same = given_to.is_some_and(|(at, _)| at == *worker);
                assert!(same, "{key} is ahead on {worker}, its input elsewhere");
            }
            State::NoWorker | State::Queued | State::Processing { .. } => {
                assert_eq!(missing, 0, "{key} is {state:?} without its inputs");
            }
            State::Released | State::Away { .. } | State::Memory { .. } | State::Erred { .. } => {}
        }
        if state.is_active() {
            assert!(task.can_run(), "{key} is {state:?} and cannot run");
            for dependency in &task.dependencies {
                let dependency = &self.tasks[*dependency];
                let erred = matches!(&*dependency.state, State::Erred { .. });
                assert!(!erred, "{key} is {state:?}, {} erred", dependency.key);
            }
        }
    }

    /// A task is where tasks of its state are, and nowhere else.
    fn check_place(&self, id: TaskId, task: &Task) {
        let Task { key, state, .. } = task;
        let place = (task.priority, id);
        if let Some(class) = task.class {
            let class = &self.classes[class];
            assert!(class.has_noted(&task.dependencies), "{key}: its inputs");
            let queued = **state == State::Queued;
            assert_eq!(class.queued.contains(&place), queued, "{key}: queued");
            let no_worker = **state == State::NoWorker;
            assert_eq!(
                class.no_worker.contains(&place),
                no_worker,
                "{key}: no worker"
            );
        }
        for (worker_id, worker) in self.workers.iter() {
            let processing = state.given_to() == Some((worker_id, task.attempt));
            assert_eq!(
                worker.processing.contains(&place),
                processing,
                "{key}: processing"
            );
            let holding = matches!(&**state, State::Memory { holders, .. }
                if holders.contains(worker_id));
            assert_eq!(worker.holding.contains(&id), holding, "{key}: holding");
        }
        match &**state {
            State::Ahead { worker, .. } | State::Processing { worker, .. } => {
                assert!(self.workers.contains(*worker), "{key} is on {worker}");
            }
            State::Away { until, .. } => {
                assert!(self.away.contains(&(*until, id)), "{key} is away unnoticed");
                assert!(!task.can_run(), "{key} is away, and could be computed");
            }
            State::Memory { holders, .. } => {
                assert!(!holders.is_empty(), "{key} is in memory nowhere");
                for holder in holders.iter() {
                    assert!(self.workers.contains(holder), "{key} is on {holder}");
                }
            }
            _ => {}
        }
    }

    /// Queues hold nothing but what `check_place` found there.
    fn check_classes(&self) {
        let classes = self.classes.iter().map(|(_, class)| class);
        let (mut queued, mut no_worker) = (0, 0);
        for class in classes {
            queued += class.queued.len() as u64;
            no_worker += class.no_worker.len() as u64;
        }
        assert_eq!(queued, self.counts.queued, "queued");
        assert_eq!(no_worker, self.counts.no_worker, "no worker");
        let heads: BTreeSet<_> = self.classes.heads().map(|(_, class)| class).collect();
        let queues = self
            .classes
            .iter()
            .filter(|(_, class)| !class.queued.is_empty());
        assert!(heads.into_iter().eq(queues.map(|(id, _)| id)), "queues");
    }

    fn check_holds(&self) {
        for (id, session) in &self.sessions {
            for task in &session.holds {
                let task = &self.tasks[*task];
                assert!(
                    task.sessions.contains(*id),
                    "{id} does not hold {}",
                    task.key
                );
            }
        }
        let mut published: BTreeMap<TaskId, u32> = BTreeMap::new();
        for dataset in self.datasets.values().flat_map(BTreeMap::values) {
            for id in &dataset.tasks {
                *published.entry(*id).or_default() += 1;
            }
        }
        for (id, task) in self.tasks.iter() {
            let places = published.get(&id).copied().unwrap_or(0);
            assert_eq!(task.datasets, places, "{}: datasets", task.key);
        }
    }

    fn check_worker(&self, id: WorkerId, worker: &Worker) {
        let mut occupancy = 0;
        let mut used = BTreeMap::new();
        for (_, task) in &worker.processing {
            let task = &self.tasks[*task];
            if let State::Ahead { estimate, .. } | State::Processing { estimate, .. } = &*task.state
            {
                occupancy += estimate;
            }
            if let Some(spec) = &task.spec {
                for (name, need) in &spec.definition.options.resources {
                    *used.entry(name.clone()).or_insert(0) += need;
                }
            }
        }
        assert_eq!(worker.occupancy, occupancy, "{id}: occupancy");
        let is_there = worker.frontier.is_subset(&worker.processing);
        assert!(is_there, "{id}: the frontier is not processing there");
        for (name, amount) in &worker.used {
            let sum = used.get(name).copied().unwrap_or(0);
            assert_eq!(*amount, sum, "{id}: {name} in use");
            let limit = worker.info.resources.get(name).copied().unwrap_or(0);
            assert!(sum <= limit, "{id}: {name} is given out twice");
        }
        let nbytes = |id: &TaskId| match &*self.tasks[*id].state {
            State::Memory { nbytes, .. } => *nbytes,
            _ => 0,
        };
        let held: u64 = worker.holding.iter().map(nbytes).sum();
        assert_eq!(worker.nbytes, held, "{id}: nbytes");
    }
}
