//! New tasks: how they are linked to those already known, and ranked.

use std::{cmp::Reverse, sync::Arc};

use super::{
    KeyState, SchedulerCore,
    tasks::{State, Task, TaskId},
    transition::{CurrentState, Due},
};
use crate::{
    Attempt, FailureKind, Key, SessionId, TaskSpec, TenantId, TypeId, small_set::SmallSet,
    task::Priority,
};

/// The order of a task that has none yet.
const UNRANKED: u32 = u32::MAX;
/// The order of a task whose dependencies are being ranked.
const RANKING: u32 = u32::MAX - 1;

impl SchedulerCore {
    pub(super) fn tasks_submitted(
        &mut self,
        session: SessionId,
        tasks: Vec<TaskSpec>,
        wanted: &[Key],
    ) {
        let Some(tenant) = self.tenant_of_session(session) else {
            return;
        };
        self.submissions += 1;
        let mut fresh = Vec::with_capacity(tasks.len());
        for spec in tasks {
            match self.tasks.find(&spec.key) {
                None => fresh.extend(self.introduce(tenant, spec)),
                Some(id) => self.submit_again(tenant, id),
            }
        }
        let found: Vec<_> = wanted.iter().map(|key| self.tasks.find(key)).collect();
        self.rank(found.iter().flatten().chain(&fresh).copied());
        for (key, id) in wanted.iter().zip(found) {
            match id {
                Some(id) => self.take_hold(session, tenant, id),
                None => self.report_unknown(session, *key),
            }
        }
        let tasks = &self.tasks;
        let is_unwanted = |id: &TaskId| !tasks[*id].is_wanted();
        let unwanted = fresh.into_iter().filter(is_unwanted);
        self.agenda.extend(unwanted.map(Due::Relax));
    }

    /// Takes in a task that is not known; not if one of its dependencies is not known either, as it
    /// was released or cancelled meanwhile. Were it kept as failed, another session that sends all
    /// of it would get that failure.
    fn introduce(&mut self, tenant: TenantId, spec: TaskSpec) -> Option<TaskId> {
        let find = |key| {
            let id = self.tasks.find(key)?;
            (self.tasks[id].tenant == tenant).then_some(id)
        };
        let dependencies: Option<Box<[TaskId]>> = spec.dependencies.iter().map(find).collect();
        let dependencies = dependencies?;
        let id = self.insert(tenant, spec.key, spec.result_type);
        for dependency in &dependencies {
            self.tasks[*dependency].dependents.insert(id);
            self.look_ahead_of(*dependency);
        }
        let class = self.classes.join(&spec.definition, dependencies.is_empty());
        let inputs_max = self.config.shared_inputs_max;
        self.classes[class].note_inputs(&dependencies, inputs_max);
        let repeats = |id: &TaskId| self.tasks[*id].is_deterministic;
        let is_deterministic = spec.is_pure() && dependencies.iter().all(repeats);
        let task = &mut self.tasks[id];
        task.is_deterministic = is_deterministic;
        task.priority.user = Reverse(spec.definition.options.priority);
        task.retries_left = spec.definition.options.retries;
        task.class = Some(class);
        task.dependencies = dependencies;
        task.spec = Some(Arc::new(spec));
        self.counts.argument_bytes += task.argument_bytes();
        Some(id)
    }

    /// Takes in a key as a scattered value; a task's spec is put in by who calls.
    pub(super) fn insert(&mut self, tenant: TenantId, key: Key, result_type: TypeId) -> TaskId {
        self.count_in();
        self.tasks.insert(Task {
            key,
            spec: None,
            class: None,
            tenant,
            result_type,
            priority: Priority {
                user: Reverse(0),
                submission: self.submissions,
                order: UNRANKED,
            },
            dependencies: Box::default(),
            dependents: SmallSet::Empty,
            sessions: SmallSet::Empty,
            datasets: 0,
            needed_by: 0,
            attempt: Attempt(self.first_attempt.0 - 1),
            retries_left: 0,
            losses: 0,
            returns: 0,
            has_finished: false,
            is_deterministic: true,
            was_lost: false,
            is_detached: false,
            state: CurrentState::released(),
        })
    }

    /// A task that is known is submitted again. It goes on where it is, but starts anew if it
    /// failed and nobody holds it, or if data that it needed was lost: that may be there again.
    /// So does an impure one whose result was let go of by all: this is a new run.
    fn submit_again(&mut self, tenant: TenantId, id: TaskId) {
        let task = &self.tasks[id];
        if task.tenant != tenant {
            self.counts.total_foreign += 1;
            return;
        }
        let is_over = match &*task.state {
            State::Erred { failure } => {
                !task.is_held() || (failure.kind == FailureKind::DataLost && task.can_run())
            }
            State::Released => !task.is_held() && !task.can_run(),
            _ => false,
        };
        if is_over && task.spec.is_some() {
            self.start_anew(id);
        }
    }

    /// Gives each new task its place in depth-first order: a task comes right after all that it
    /// depends on, so that results are used up soon after they were computed.
    fn rank(&mut self, roots: impl Iterator<Item = TaskId>) {
        let mut next = 0;
        // A task, and which of its dependencies to look at next.
        let mut path: Vec<(TaskId, usize)> = Vec::new();
        for root in roots {
            self.begin_ranking(root, &mut path);
            while let Some((id, index)) = path.last_mut() {
                let id = *id;
                if let Some(dependency) = self.tasks[id].dependencies.get(*index) {
                    *index += 1;
                    self.begin_ranking(*dependency, &mut path);
                } else {
                    self.tasks[id].priority.order = next;
                    next += 1;
                    path.pop();
                }
            }
        }
    }

    fn begin_ranking(&mut self, id: TaskId, path: &mut Vec<(TaskId, usize)>) {
        let order = &mut self.tasks[id].priority.order;
        if *order == UNRANKED {
            *order = RANKING;
            path.push((id, 0));
        }
    }

    /// The session wants the key from now on, and hears at once if there is something to hear.
    pub(super) fn take_hold(&mut self, session: SessionId, tenant: TenantId, id: TaskId) {
        if self.tasks[id].tenant != tenant {
            self.counts.total_foreign += 1;
            return;
        }
        self.hold(session, id);
        match KeyState::of_state(&self.tasks[id].state) {
            KeyState::Pending => self.agenda.push_back(Due::Want(id)),
            state => self.report_to(session, id, state),
        }
    }
}
