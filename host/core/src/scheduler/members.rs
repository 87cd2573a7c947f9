//! What workers tell: that they are there, and what became of tasks and results.

use std::sync::Arc;

use super::{
    Action, SchedulerCore, TaskResult, WorkerInfo,
    tasks::{State, TaskId, sorted},
    transition::failure_of,
    workers::Worker,
};
use crate::{
    Attempt, Failure, FailureKind, Key, Time, WorkerId,
    probe::{self, Bug},
};

/// What a worker speaks of when it speaks of a task.
type Run = (WorkerId, Key, Attempt);

impl SchedulerCore {
    pub(super) fn worker_joined(&mut self, now: Time, id: WorkerId, info: WorkerInfo) {
        let worker = Worker::new(info, now);
        let mut placeable: Vec<TaskId> = Vec::new();
        for (_, class) in self.classes.iter() {
            if worker.qualifies(&class.definition) {
                placeable.extend(class.no_worker.iter().map(|(_, id)| *id));
            }
        }
        self.workers.insert(id, worker);
        for id in placeable {
            self.requeue(id);
        }
        let silent_at = self.silent_at(now);
        let check_at = self
            .check_silence_at
            .map_or(silent_at, |at| at.min(silent_at));
        self.check_silence_at = Some(check_at);
    }

    /// What the worker was doing is done elsewhere; what only it held is computed again, or lost.
    ///
    /// `until` is when it counts as gone for good, if it may come back.
    pub(super) fn worker_lost(&mut self, id: WorkerId, until: Option<Time>) {
        let Some(worker) = self.workers.remove(id) else {
            self.counts.total_stale += 1;
            return;
        };
        self.counts.total_workers_lost += 1;
        self.abandon_all_on(id);
        // Tasks first: while a task is processing, its dependencies are in memory.
        for task in self.running_on(&worker) {
            self.tasks[task].losses += 1;
            self.tasks[task].was_lost = true;
        }
        for (_, task) in &worker.processing {
            if matches!(*self.tasks[*task].state, State::Ahead { .. }) {
                self.fall_back(*task);
            } else if self.tasks[*task].losses < self.config.losses_max {
                self.requeue(*task);
            } else {
                let message = "every worker that ran it was lost while it ran";
                let failure = failure_of(&self.tasks[*task], FailureKind::WorkersLost, message);
                self.fail(*task, Arc::new(failure));
            }
        }
        for task in sorted(&worker.holding) {
            self.remove_replica(task, id, until);
        }
    }

    /// The tasks that a worker runs: those that it said have started, and for the slots that are
    /// left the first ones, for it does not speak of short ones.
    fn running_on(&self, worker: &Worker) -> Vec<TaskId> {
        let (mut started, mut others) = (Vec::new(), Vec::new());
        for (_, id) in &worker.processing {
            match &*self.tasks[*id].state {
                State::Processing { started: true, .. } => started.push(*id),
                State::Processing { .. } => others.push(*id),
                _ => {}
            }
        }
        let left = (worker.info.slots as usize).saturating_sub(started.len());
        started.extend(others.into_iter().take(left));
        started
    }

    pub(super) fn part_with_silent_workers(&mut self, now: Time) {
        if self.check_silence_at.is_none_or(|at| now < at) || probe::has(Bug::SilenceIgnored) {
            return;
        }
        let silent = |worker: &Worker| self.silent_at(worker.heard) <= now;
        let silent: Vec<WorkerId> = self
            .workers
            .iter()
            .filter(|(_, worker)| silent(worker))
            .map(|(id, _)| id)
            .collect();
        for id in silent {
            self.close_worker(now, id, "it was silent for too long");
        }
        let heard = self.workers.iter().map(|(_, worker)| worker.heard).min();
        self.check_silence_at = heard.map(|heard| self.silent_at(heard));
    }

    /// Where this process stood still, stopped or on a machine that slept, nobody was silent meanwhile.
    pub(super) fn forgive_own_sleep(&mut self, now: Time) {
        let interval = self.config.heartbeat_interval;
        let stood_still = (now - self.last_turn).saturating_sub(interval);
        self.last_turn = now;
        if stood_still <= interval {
            return;
        }
        self.workers.forgive(stood_still, now);
        let heard = self.workers.iter().map(|(_, worker)| worker.heard).min();
        self.check_silence_at = heard.map(|heard| self.silent_at(heard));
        let away = std::mem::take(&mut self.away);
        for (until, id) in away {
            self.wait_longer(id, until + stood_still);
        }
    }

    /// What was away for too long is lost.
    pub(super) fn give_up_away(&mut self, now: Time) {
        while let Some((until, id)) = self.away.first().copied()
            && until <= now
        {
            self.lose_for_good(id);
            self.finish_event();
        }
    }

    /// When a worker counts as lost that is not heard from again.
    fn silent_at(&self, heard: Time) -> Time {
        heard + self.config.heartbeat_interval * self.config.heartbeats_missed_max
    }

    fn close_worker(&mut self, now: Time, worker: WorkerId, reason: &str) {
        let reason = reason.to_owned();
        self.actions
            .push_back(Action::CloseWorker { worker, reason });
        let until = now + self.config.return_time;
        self.worker_lost(worker, Some(until));
    }

    pub(super) fn heard_from(&mut self, now: Time, id: WorkerId) {
        match self.workers.get_mut(id) {
            Some(worker) => worker.heard = now,
            None => self.counts.total_stale += 1,
        }
    }

    pub(super) fn task_started(&mut self, now: Time, run: Run) {
        if let Some(id) = self.current(now, run) {
            self.start(id);
        }
    }

    /// A stale result needs no order to be dropped: its attempt was cancelled, and the worker drops
    /// it on hearing so. An order sent now might meet a copy that the worker fetched since.
    pub(super) fn task_finished(&mut self, now: Time, run: Run, result: TaskResult) {
        let Some(id) = self.current(now, run) else {
            return;
        };
        if let Some(class) = self.tasks[id].class {
            let memory = self.config.duration_memory;
            self.classes[class].measure(result.duration, memory);
        }
        self.finish(id, run.0, result);
        if let Some(worker) = self.workers.get_mut(run.0) {
            worker.finished += 1;
        }
    }

    /// Every failure is worth another try where the task asks for one, as in Dask, but for one
    /// that lies in the submission itself.
    pub(super) fn task_erred(&mut self, now: Time, run: Run, failure: Arc<Failure>) {
        let Some(id) = self.current_or_ahead(now, run) else {
            return;
        };
        let final_kind = matches!(
            failure.kind,
            FailureKind::BadArguments | FailureKind::Cancelled
        );
        if self.tasks[id].retries_left > 0 && !final_kind {
            self.tasks[id].retries_left -= 1;
            if matches!(*self.tasks[id].state, State::Ahead { .. }) {
                self.fall_back(id);
            } else {
                self.requeue(id);
            }
        } else {
            self.fail(id, failure);
        }
    }

    pub(super) fn inputs_missing(&mut self, now: Time, run: Run, missing: &[(Key, WorkerId)]) {
        let Some(id) = self.current_or_ahead(now, run) else {
            return;
        };
        let is_input = |key| {
            let input = self.tasks.find(key);
            input.is_some_and(|input| self.tasks[input].dependents.contains(id))
        };
        if missing.is_empty() || !missing.iter().all(|(key, _)| is_input(key)) {
            return self.close_worker(now, run.0, "it missed what is no input of its task");
        }
        self.tasks[id].returns += 1;
        let is_ahead = matches!(*self.tasks[id].state, State::Ahead { .. });
        if is_ahead {
            self.fall_back(id);
        } else if self.tasks[id].returns < self.config.returns_max {
            self.requeue(id);
        } else {
            let message = "its inputs could not be brought to a worker, time and again";
            let failure = failure_of(&self.tasks[id], FailureKind::Unavailable, message);
            self.fail(id, Arc::new(failure));
        }
    }

    pub(super) fn replica_added(&mut self, now: Time, worker: WorkerId, key: Key) {
        self.heard_from(now, worker);
        match self.tasks.find(&key) {
            Some(id) if self.tasks[id].state.is_memory() && self.workers.contains(worker) => {
                self.add_replica(id, worker);
            }
            _ => self.refuse_replica(worker, key),
        }
    }

    /// A worker that has come back kept a result. It is used where it certainly is the one that is
    /// wanted: what an impure task went into may have been computed anew since.
    pub(super) fn data_found(&mut self, now: Time, worker: WorkerId, key: Key, nbytes: u64) {
        self.heard_from(now, worker);
        let previous = self.workers.get(worker).map(|worker| worker.info.previous);
        let (Some(id), Some(previous)) = (self.tasks.find(&key), previous) else {
            return self.refuse_replica(worker, key);
        };
        let task = &self.tasks[id];
        if probe::has(Bug::AnythingFound) && (task.state.is_active() || task.state.is_memory()) {
            return match task.state.is_memory() {
                true => self.add_replica(id, worker),
                false => self.store(id, worker, nbytes),
            };
        }
        match &*task.state {
            State::Away { holder, .. } if task.is_deterministic || previous == Some(*holder) => {
                self.counts.total_found += 1;
                self.store(id, worker, nbytes);
            }
            State::Waiting { .. } | State::NoWorker | State::Queued if task.is_deterministic => {
                self.counts.total_found += 1;
                self.store(id, worker, nbytes);
            }
            State::Memory { nbytes: known, .. } if task.is_deterministic && *known == nbytes => {
                self.add_replica(id, worker)
            }
            _ => self.refuse_replica(worker, key),
        }
    }

    /// From now on it is a worker like all others.
    pub(super) fn all_found(&mut self, now: Time, worker: WorkerId) {
        self.heard_from(now, worker);
        if let Some(worker) = self.workers.get_mut(worker) {
            worker.is_settled = true;
        }
    }

    /// It is not told to drop it: it may be fetching another copy by now.
    pub(super) fn replica_missing(&mut self, worker: WorkerId, key: Key) {
        let id = self.tasks.find(&key);
        match id.filter(|id| self.is_holder(*id, worker)) {
            Some(id) => self.remove_replica(id, worker, None),
            None => self.counts.total_stale += 1,
        }
    }

    /// The task that a worker speaks of, if it is the attempt that the worker was given last, and all
    /// its inputs are there.
    fn current(&mut self, now: Time, run: Run) -> Option<TaskId> {
        let id = self.current_or_ahead(now, run)?;
        if matches!(*self.tasks[id].state, State::Ahead { .. }) {
            self.close_worker(now, run.0, "it ran a task that has no input yet");
            return None;
        }
        Some(id)
    }

    /// The task that a worker speaks of, if it is the attempt that the worker was given last.
    fn current_or_ahead(&mut self, now: Time, (worker, key, attempt): Run) -> Option<TaskId> {
        self.heard_from(now, worker);
        let Some(id) = self.tasks.find(&key) else {
            self.counts.total_stale += 1;
            return None;
        };
        let task = &self.tasks[id];
        let given_to = task.state.given_to();
        let is_stale_taken = probe::has(Bug::StaleAttempt)
            && given_to.is_some_and(|(at, current)| at == worker && attempt < current);
        if given_to == Some((worker, attempt)) || is_stale_taken {
            return Some(id);
        }
        self.counts.total_stale += 1;
        if attempt > task.attempt && self.workers.contains(worker) {
            self.close_worker(now, worker, "it speaks of an attempt that was never made");
        }
        None
    }

    /// A worker has a copy that nobody counts on: it is to drop it. Not if it was given the task
    /// since: then it drops what it had by itself, and must not lose what it is going to have.
    pub(super) fn refuse_replica(&mut self, worker: WorkerId, key: Key) {
        let id = self.tasks.find(&key);
        let is_processing_there = id.is_some_and(|id| {
            let given_to = self.tasks[id].state.given_to();
            given_to.is_some_and(|(at, _)| at == worker)
        });
        if !is_processing_there && !id.is_some_and(|id| self.is_holder(id, worker)) {
            self.free_key(worker, key);
        }
    }

    fn is_holder(&self, id: TaskId, worker: WorkerId) -> bool {
        let state = &*self.tasks[id].state;
        matches!(state, State::Memory { holders, .. } if holders.contains(worker))
    }
}
