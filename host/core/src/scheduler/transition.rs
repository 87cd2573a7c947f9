//! How tasks change their state: the only place where a [`State`] is assigned.
//!
//! [`SchedulerCore::enter`] changes the state together with everything that follows from it and is
//! only kept for speed: counts, queues, the workers' sets, and how many active dependents a task
//! has. The transitions above it add what the outside must hear, and note in the *agenda* what
//! may now be due elsewhere in the graph. [`SchedulerCore::settle`] works the agenda off, so the
//! depth of a graph never is the depth of the stack.
//!
//! Within one event wishes flow down the graph (a wanted task wants its dependencies) and
//! outcomes flow up (a result readies, a failure fails its dependents). A failure is final within
//! the event, and nobody takes hold of anything while the agenda is worked off, so it comes to an
//! end.

use std::{mem, ops::Deref, sync::Arc};

use super::{
    Action, KeyState, SchedulerCore, TaskResult,
    tasks::{State, Task, TaskId},
};
use crate::{
    Attempt, Failure, FailureKind, SessionId, Time, WorkerId,
    probe::{self, Bug},
    small_set::SmallSet,
};

/// A task's state, for reading. Only this file can make one that is not `Released`.
#[derive(Debug)]
pub(super) struct CurrentState(State);

impl CurrentState {
    /// Where every task starts.
    pub(super) fn released() -> Self {
        Self(State::Released)
    }
}

impl Deref for CurrentState {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

/// What may be due for a task. Whether it is, is found out when its turn comes.
#[derive(Debug)]
pub(super) enum Due {
    /// It is wanted: if it is released, it should get going.
    Want(TaskId),
    /// It lost one who wanted it: if that was the last, it should stop, and perhaps be forgotten.
    Relax(TaskId),
    /// One of its dependencies failed.
    Fail(TaskId, Arc<Failure>),
    /// It is not about to have a result any more: what was given to its worker ahead is recalled.
    Recall(TaskId),
}

impl SchedulerCore {
    /// Does what is due, until nothing is.
    pub(super) fn settle(&mut self) {
        while let Some(due) = self.agenda.pop_front() {
            match due {
                Due::Want(id) => self.want(id),
                Due::Relax(id) => self.relax(id),
                Due::Recall(id) => self.recall(id),
                Due::Fail(id, failure) => {
                    if self.tasks.contains(id) && self.tasks[id].state.is_active() {
                        self.fail(id, failure);
                    }
                }
            }
        }
    }

    /// `Released` → `Waiting`, `Queued` or `Erred`, if the task is wanted.
    fn want(&mut self, id: TaskId) {
        if !self.tasks.contains(id) {
            return;
        }
        let task = &self.tasks[id];
        if *task.state != State::Released || !task.is_wanted() {
            return;
        }
        if !task.can_run() {
            let failure = data_lost(task);
            return self.fail(id, Arc::new(failure));
        }
        let mut missing = 0;
        for dependency in &task.dependencies {
            match &*self.tasks[*dependency].state {
                State::Memory { .. } => {}
                State::Erred { failure } => {
                    let failure = failure.clone();
                    return self.fail(id, failure);
                }
                _ => missing += 1,
            }
        }
        let ready = missing == 0;
        self.enter(
            id,
            if ready {
                State::Queued
            } else {
                State::Waiting { missing }
            },
        );
    }

    /// Active or `Memory` → `Released`, if nobody wants the task any more; then it is forgotten,
    /// unless others depend on it.
    fn relax(&mut self, id: TaskId) {
        if !self.tasks.contains(id) || self.tasks[id].is_wanted() {
            return;
        }
        let task = &self.tasks[id];
        let is_away = matches!(*task.state, State::Away { .. });
        if task.state.is_active() || task.state.is_memory() || is_away {
            let key = task.key;
            match self.enter(id, State::Released) {
                State::Ahead {
                    worker, attempt, ..
                }
                | State::Processing {
                    worker, attempt, ..
                } => self.cancel_task(worker, id, attempt),
                State::Memory { holders, .. } if !probe::has(Bug::ResultLeaks) => {
                    for worker in holders.iter() {
                        self.free_key(worker, key);
                    }
                }
                _ => {}
            }
        }
        if self.tasks[id].dependents.is_empty() {
            self.forget(id);
        }
    }

    /// A scattered value is on a worker: `Released` or `Erred` → `Memory`.
    pub(super) fn store(&mut self, id: TaskId, worker: WorkerId, nbytes: u64) {
        self.remember(id, worker, nbytes);
        self.report(
            id,
            &KeyState::Finished {
                nbytes,
                inline: None,
                was_there: false,
            },
        );
    }

    /// `Processing` → `Memory`.
    pub(super) fn finish(&mut self, id: TaskId, worker: WorkerId, result: TaskResult) {
        self.counts.total_finished += 1;
        let TaskResult { nbytes, inline, .. } = result;
        self.remember(id, worker, nbytes);
        let was_there = false;
        self.report(
            id,
            &KeyState::Finished {
                nbytes,
                inline,
                was_there,
            },
        );
    }

    /// → `Memory`; dependents that waited for nothing else become `Queued`.
    fn remember(&mut self, id: TaskId, worker: WorkerId, nbytes: u64) {
        let holders = SmallSet::One(worker);
        self.enter(id, State::Memory { holders, nbytes });
        self.tasks[id].has_finished = true;
        self.attach(id);
        self.for_each_dependent(id, |core, dependent| {
            match &mut core.tasks[dependent].state.0 {
                State::Waiting { missing } => {
                    *missing -= 1;
                    if *missing == 0 {
                        core.enter(dependent, State::Queued);
                    }
                }
                State::Ahead { worker: at, .. } if *at == worker => core.go_on(dependent),
                State::Ahead { .. } => {
                    let old = core.enter(dependent, State::Queued);
                    core.cancel_given(dependent, &old);
                }
                _ => {}
            }
        });
    }

    /// `Ahead` → `Processing`: its last input is there, on the same worker.
    fn go_on(&mut self, id: TaskId) {
        // What is derived from the state is the same for both.
        let state = &mut self.tasks[id].state.0;
        if let State::Ahead {
            worker,
            attempt,
            estimate,
        } = *state
        {
            probe::note(("scheduler", "Ahead", "Processing"));
            *state = State::Processing {
                worker,
                attempt,
                estimate,
                started: false,
            };
        }
    }

    /// `Processing`: the worker says that it is in a slot.
    pub(super) fn start(&mut self, id: TaskId) {
        if let State::Processing { started, .. } = &mut self.tasks[id].state.0 {
            *started = true;
        }
    }

    /// `Ahead` → `Waiting`: its input is not about to be there any more.
    pub(super) fn fall_back(&mut self, id: TaskId) {
        let old = self.enter(id, State::Waiting { missing: 1 });
        self.cancel_given(id, &old);
    }

    /// What was given to the task's worker ahead falls back, unless the task has a result or is
    /// still, or again, with that worker.
    fn recall(&mut self, id: TaskId) {
        if !self.tasks.contains(id) || probe::has(Bug::AheadForgotten) {
            return;
        }
        let given_to = self.tasks[id].state.given_to().map(|(worker, _)| worker);
        if self.tasks[id].state.is_memory() {
            return;
        }
        self.for_each_dependent(id, |core, dependent| {
            if let State::Ahead { worker, .. } = *core.tasks[dependent].state
                && given_to != Some(worker)
            {
                core.fall_back(dependent);
            }
        });
    }

    /// Has the attempt stopped that a task was at, if it was given to a worker.
    fn cancel_given(&mut self, id: TaskId, old: &State) {
        if let Some((worker, attempt)) = old.given_to() {
            self.cancel_task(worker, id, attempt);
        }
    }

    /// → `Erred`, and so all that need the task.
    pub(super) fn fail(&mut self, id: TaskId, failure: Arc<Failure>) {
        self.counts.total_erred += 1;
        let state = KeyState::of_failure(failure.clone());
        let old = self.enter(
            id,
            State::Erred {
                failure: failure.clone(),
            },
        );
        if matches!(old, State::Ahead { .. }) {
            self.cancel_given(id, &old);
        }
        self.report(id, &state);
        self.for_each_dependent(id, |core, dependent| {
            if core.tasks[dependent].state.is_active() && !probe::has(Bug::FailureStays) {
                core.agenda.push_back(Due::Fail(dependent, failure.clone()));
            }
        });
        self.attach(id);
    }

    /// `Queued` → `Processing`.
    pub(super) fn assign(&mut self, id: TaskId, worker: WorkerId, estimate: u64) {
        let attempt = self.give(id, worker);
        self.enter(
            id,
            State::Processing {
                worker,
                attempt,
                estimate,
                started: false,
            },
        );
    }

    /// `Waiting` → `Ahead`.
    pub(super) fn assign_ahead(&mut self, id: TaskId, worker: WorkerId, estimate: u64) {
        let attempt = self.give(id, worker);
        self.enter(
            id,
            State::Ahead {
                worker,
                attempt,
                estimate,
            },
        );
    }

    /// Sends a new attempt of a task to a worker.
    fn give(&mut self, id: TaskId, worker: WorkerId) -> Attempt {
        let task = &mut self.tasks[id];
        task.attempt = task.attempt.next();
        let attempt = task.attempt;
        if mem::take(&mut task.was_lost) || task.has_finished {
            self.counts.total_recomputed += 1;
        }
        let compute = self.compute_task(id, worker, attempt);
        self.actions.push_back(compute);
        attempt
    }

    /// `Processing` or `NoWorker` → `Queued`: to be placed, perhaps again.
    pub(super) fn requeue(&mut self, id: TaskId) {
        self.enter(id, State::Queued);
    }

    /// `Queued` → `NoWorker`.
    pub(super) fn park(&mut self, id: TaskId) {
        self.enter(id, State::NoWorker);
    }

    /// `Erred` or `Released` → `Released`, as if nothing had happened: the task is submitted again.
    pub(super) fn start_anew(&mut self, id: TaskId) {
        self.enter(id, State::Released);
        let task = &mut self.tasks[id];
        let retries = task
            .spec
            .as_ref()
            .map(|spec| spec.definition.options.retries);
        task.retries_left = retries.unwrap_or(0);
        task.losses = 0;
        task.returns = 0;
        task.has_finished = false;
        self.report(id, &KeyState::Pending);
        self.agenda.extend([Due::Relax(id), Due::Want(id)]);
    }

    /// A copy of a result was made.
    pub(super) fn add_replica(&mut self, id: TaskId, worker: WorkerId) {
        if let State::Memory { holders, nbytes } = &mut self.tasks[id].state.0
            && holders.insert(worker)
            && let Some(worker) = self.workers.get_mut(worker)
        {
            worker.holding.insert(id);
            worker.nbytes += *nbytes;
        }
    }

    /// A copy of a result is gone, with its worker or without. With the last copy the result is
    /// lost.
    ///
    /// `until` is when the worker counts as gone for good, if it took the copy with it and may come
    /// back.
    pub(super) fn remove_replica(&mut self, id: TaskId, holder: WorkerId, until: Option<Time>) {
        let State::Memory { holders, nbytes } = &mut self.tasks[id].state.0 else {
            return;
        };
        if !holders.remove(holder) {
            return;
        }
        let is_lost = holders.is_empty();
        if let Some(worker) = self.workers.get_mut(holder) {
            worker.holding.remove(&id);
            worker.nbytes -= *nbytes;
        }
        if is_lost {
            let until = until.filter(|_| !self.tasks[id].can_run());
            self.lose(id, until.map(|until| State::Away { holder, until }));
        }
    }

    /// `Away`: it may take longer.
    pub(super) fn wait_longer(&mut self, id: TaskId, later: Time) {
        if let State::Away { until, .. } = &mut self.tasks[id].state.0 {
            *until = later;
            self.away.insert((later, id));
        }
    }

    /// `Away` → `Erred`: nobody came back with it.
    pub(super) fn lose_for_good(&mut self, id: TaskId) {
        let failure = data_lost(&self.tasks[id]);
        self.fail(id, Arc::new(failure));
    }

    /// `Memory` without a holder → `Away`, if it may come back, or `Released`, from where it is wanted
    /// again; whoever needs it must wait.
    fn lose(&mut self, id: TaskId, away: Option<State>) {
        let is_away = away.is_some();
        self.enter(id, away.unwrap_or(State::Released));
        if is_away || self.tasks[id].can_run() {
            self.report(id, &KeyState::Pending);
        }
        if !probe::has(Bug::LossForgotten) {
            self.for_each_dependent(id, Self::wait_again);
        }
        self.agenda.push_back(Due::Want(id));
    }

    /// One more dependency of the task is missing: active → `Waiting`.
    fn wait_again(&mut self, id: TaskId) {
        if let State::Waiting { missing } = &mut self.tasks[id].state.0 {
            *missing += 1;
        } else if self.tasks[id].state.is_active() {
            let was_missing = u32::from(matches!(*self.tasks[id].state, State::Ahead { .. }));
            let missing = was_missing + 1;
            let old = self.enter(id, State::Waiting { missing });
            self.cancel_given(id, &old);
        }
    }

    /// Removes a task that nobody holds and nothing depends on.
    fn forget(&mut self, id: TaskId) {
        let task = self.tasks.remove(id);
        *self.counts.of_state(&task.state) -= 1;
        self.counts.argument_bytes -= task.argument_bytes();
        for dependency in &task.dependencies {
            self.tasks[*dependency].dependents.remove(id);
            self.agenda.push_back(Due::Relax(*dependency));
        }
        if let Some(class) = task.class {
            self.classes.leave(class, self.config.idle_classes_max);
        }
    }

    /// Changes the state and all that is derived from it; gives back the state that was.
    fn enter(&mut self, id: TaskId, state: State) -> State {
        *self.counts.of_state(&state) += 1;
        self.index(id, &state);
        let activates = state.is_active();
        probe::note(("scheduler", self.tasks[id].state.name(), state.name()));
        let old = mem::replace(&mut self.tasks[id].state.0, state);
        *self.counts.of_state(&old) -= 1;
        self.unindex(id, &old);
        if old.is_active() != activates {
            self.tell_dependencies(id, activates);
        }
        if old.given_to().is_some() && !self.tasks[id].dependents.is_empty() {
            self.agenda.push_back(Due::Recall(id));
        }
        old
    }

    /// Counts an active dependent in or out, at each of the task's dependencies.
    fn tell_dependencies(&mut self, id: TaskId, is_active: bool) {
        let dependencies = mem::take(&mut self.tasks[id].dependencies);
        for dependency in &dependencies {
            let task = &mut self.tasks[*dependency];
            if is_active {
                task.needed_by += 1;
                if *task.state == State::Released {
                    self.agenda.push_back(Due::Want(*dependency));
                }
            } else {
                task.needed_by -= 1;
                if !task.is_wanted() {
                    self.agenda.push_back(Due::Relax(*dependency));
                }
            }
        }
        self.tasks[id].dependencies = dependencies;
    }

    /// Starts the count of a task that was just taken in.
    pub(super) fn count_in(&mut self) {
        self.counts.released += 1;
    }

    /// `visit` must not change whose dependents they are.
    fn for_each_dependent(&mut self, id: TaskId, mut visit: impl FnMut(&mut Self, TaskId)) {
        let dependents = mem::take(&mut self.tasks[id].dependents);
        for dependent in dependents.iter() {
            visit(self, dependent);
        }
        self.tasks[id].dependents = dependents;
    }

    /// Has an attempt stopped, whose worker may yet say that it has finished. Should the key be
    /// forgotten and come back, its attempts must not be taken for that one.
    fn cancel_task(&mut self, worker: WorkerId, id: TaskId, attempt: Attempt) {
        self.first_attempt = self.first_attempt.max(attempt.next());
        if !self.workers.contains(worker) {
            return;
        }
        let key = self.tasks[id].key;
        self.actions.push_back(Action::CancelTask {
            worker,
            key,
            attempt,
        });
    }

    /// Tells all sessions that hold the key.
    fn report(&mut self, id: TaskId, state: &KeyState) {
        let task = &self.tasks[id];
        let report = |session| Action::Report {
            session,
            key: task.key,
            state: state.clone(),
        };
        self.reports.extend(task.sessions.iter().map(report));
    }

    /// Tells one session.
    pub(super) fn report_to(&mut self, session: SessionId, id: TaskId, state: KeyState) {
        let key = self.tasks[id].key;
        self.reports.push_back(Action::Report {
            session,
            key,
            state,
        });
    }
}

fn data_lost(task: &Task) -> Failure {
    let message = match task.spec {
        None => "the scattered value is on no worker any more; scatter it again",
        Some(_) => "the result is gone, and as the task is impure a new run would give another one",
    };
    failure_of(task, FailureKind::DataLost, message)
}

/// A failure that the scheduler found.
pub(super) fn failure_of(task: &Task, kind: FailureKind, message: &str) -> Failure {
    Failure {
        kind,
        origin: task.key,
        label: task.label(),
        message: message.to_owned(),
        value: None,
        error_type: None,
        backtrace: Vec::new(),
        log: String::new(),
        worker: String::new(),
    }
}

impl KeyState {
    /// What a failure is to a client.
    pub(super) fn of_failure(failure: Arc<Failure>) -> Self {
        match failure.kind {
            FailureKind::Cancelled => Self::Cancelled,
            FailureKind::DataLost => Self::Lost(failure),
            _ => Self::Erred(failure),
        }
    }

    /// What a task's state is to a client that asks for it now, without the value.
    pub(super) fn of_state(state: &State) -> Self {
        match state {
            State::Memory { nbytes, .. } => Self::Finished {
                nbytes: *nbytes,
                inline: None,
                was_there: true,
            },
            State::Erred { failure } => Self::of_failure(failure.clone()),
            _ => Self::Pending,
        }
    }
}
