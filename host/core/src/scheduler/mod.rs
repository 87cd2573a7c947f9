//! The scheduler's state machine.
//!
//! [`SchedulerCore`] knows tasks, the workers that run them and the sessions that want them. The
//! process around it turns messages into [`Event`]s, hands a batch of them to
//! [`handle`](SchedulerCore::handle), calls [`schedule`](SchedulerCore::schedule) once, and carries
//! out the [`Action`]s that come out.
//!
//! A task is always in one of these states:
//!
//! | state | meaning | found in |
//! |---|---|---|
//! | `Released` | no result, and nobody wants one | |
//! | `Waiting` | wanted; some dependency is not in memory | |
//! | `NoWorker` | ready; no member of the cluster may run it | `Class::no_worker` |
//! | `Queued` | ready; placed as soon as a worker has room | `Class::queued` |
//! | `Ahead` | given to the worker that computes its last missing input | `Worker::processing` |
//! | `Processing` | given to a worker | `Worker::processing` |
//! | `Away` | the result, which nobody can compute again, went with a worker that may return | `away` |
//! | `Memory` | the result is on workers | `Worker::holding` |
//! | `Erred` | it failed, or what it depends on did | |
//!
//! A task is *wanted* while a session or a dataset holds it, while it is detached and has no outcome
//! yet, or while a dependent on its way to a result needs it. What nobody wants stops and is freed. What nobody holds and nothing depends on
//! is forgotten; until then it stays known, because a lost result may need it again.
//!
//! | file | what it does |
//! |---|---|
//! | `transition` | changes states; the only file that does |
//! | `index` | where tasks are found by their state |
//! | `submit`, `clients` | what clients tell |
//! | `members` | what workers tell |
//! | `datasets` | names for keys |
//! | `scatter` | clients' values on their way to workers |
//! | `placement` | which worker runs what |
//! | `ahead` | what a worker is given before its last input is there |
//! | `tasks`, `classes`, `workers` | what is known |
//! | `view`, `invariants` | what may be asked, and what must always hold |

mod action;
mod ahead;
mod classes;
mod clients;
mod config;
mod datasets;
mod event;
mod index;
mod invariants;
mod members;
mod placement;
mod scatter;
mod submit;
mod tasks;
#[cfg(test)]
mod tests;
mod transition;
mod view;
mod workers;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use self::{
    classes::Classes,
    clients::Session,
    datasets::Dataset,
    scatter::Scatter,
    tasks::{TaskId, Tasks},
    transition::Due,
    workers::Workers,
};
use crate::{Attempt, Key, ScatterId, SessionId, TenantId, Time, WorkerId};

pub use action::{Action, Input, KeyState, ScatterError};
pub use config::Config;
pub use datasets::DatasetError;
pub use event::{DataHeader, Event, Spread, TaskResult, WorkerInfo};
pub use view::{Counts, WorkerView};

/// The scheduler's state machine. See the [module](self) for how it works.
#[derive(Debug)]
pub struct SchedulerCore {
    config: Config,
    tasks: Tasks,
    classes: Classes,
    workers: Workers,
    sessions: BTreeMap<SessionId, Session>,
    datasets: BTreeMap<TenantId, BTreeMap<Arc<str>, Dataset>>,
    scatters: BTreeMap<ScatterId, Scatter>,
    counts: Counts,
    /// How many submissions there were: the second part of a priority.
    submissions: u64,
    /// Where the attempts of a task start that was not known before: above every attempt that was
    /// cancelled and may still be heard of.
    first_attempt: Attempt,
    /// All and only tasks that are `Away`, by the end of their wait.
    away: BTreeSet<(Time, TaskId)>,
    /// No worker is silent for too long before this time.
    check_silence_at: Option<Time>,
    /// When [`schedule`](Self::schedule) was called last: at least once in a heartbeat's interval,
    /// unless this process stood still.
    last_turn: Time,
    /// What may be due; empty between events.
    agenda: VecDeque<Due>,
    /// Keys to be dropped, by worker; empty between events.
    frees: BTreeMap<WorkerId, Vec<Key>>,
    /// For workers.
    actions: VecDeque<Action>,
    /// For sessions. They come after the actions for workers: those hold up more.
    reports: VecDeque<Action>,
}

impl SchedulerCore {
    /// A scheduler of an empty cluster.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            tasks: Tasks::default(),
            classes: Classes::default(),
            workers: Workers::default(),
            sessions: BTreeMap::new(),
            datasets: BTreeMap::new(),
            scatters: BTreeMap::new(),
            counts: Counts::default(),
            submissions: 0,
            first_attempt: Attempt(1),
            away: BTreeSet::new(),
            check_silence_at: None,
            last_turn: Time::ZERO,
            agenda: VecDeque::new(),
            frees: BTreeMap::new(),
            actions: VecDeque::new(),
            reports: VecDeque::new(),
        }
    }

    /// Takes in what happened. Nothing is placed before [`schedule`](Self::schedule).
    #[expect(
        clippy::too_many_lines,
        reason = "a list: one line or two for each event"
    )]
    pub fn handle(&mut self, now: Time, event: Event) {
        match event {
            Event::SessionOpened { session, tenant } => self.session_opened(session, tenant),
            Event::SessionClosed { session } => self.session_closed(session),
            Event::TasksSubmitted {
                session,
                tasks,
                wanted,
            } => self.tasks_submitted(session, tasks, &wanted),
            Event::KeysReleased { session, keys } => self.keys_released(session, &keys),
            Event::KeysCancelled { session, keys } => self.keys_cancelled(session, &keys),
            Event::KeysDetached { session, keys } => self.keys_detached(session, &keys),
            Event::ScatterOffered {
                session,
                scatter,
                values,
                spread,
            } => self.scatter_offered(session, scatter, &values, spread),
            Event::DataStaged { worker, scatter } => self.data_staged(worker, scatter),
            Event::StagingFailed {
                worker,
                scatter,
                reason,
            } => self.staging_failed(worker, scatter, reason),
            Event::ScatterAbandoned { scatter } => self.abandon(scatter),
            Event::DataKept {
                worker,
                scatter,
                key,
            } => self.data_kept(now, worker, scatter, key),
            Event::DatasetPublished {
                tenant,
                name,
                ty,
                keys,
                replace,
            } => self.dataset_published(tenant, name, ty, &keys, replace),
            Event::DatasetUnpublished { tenant, name } => self.dataset_unpublished(tenant, &name),
            Event::WorkerJoined { worker, info } => self.worker_joined(now, worker, info),
            Event::WorkerLost { worker, may_return } => {
                let until = now + self.config.return_time;
                self.worker_lost(worker, may_return.then_some(until));
            }
            Event::DataFound {
                worker,
                key,
                nbytes,
            } => self.data_found(now, worker, key, nbytes),
            Event::Heartbeat { worker } => self.heard_from(now, worker),
            Event::TaskStarted {
                worker,
                key,
                attempt,
            } => self.task_started(now, (worker, key, attempt)),
            Event::TaskFinished {
                worker,
                key,
                attempt,
                result,
            } => self.task_finished(now, (worker, key, attempt), result),
            Event::TaskErred {
                worker,
                key,
                attempt,
                failure,
            } => self.task_erred(now, (worker, key, attempt), failure),
            Event::InputsMissing {
                worker,
                key,
                attempt,
                missing,
            } => self.inputs_missing(now, (worker, key, attempt), &missing),
            Event::AllFound { worker } => self.all_found(now, worker),
            Event::ReplicaAdded { worker, key } => self.replica_added(now, worker, key),
            Event::ReplicaMissing { worker, key } => {
                self.replica_missing(worker, key);
            }
        }
        self.finish_event();
    }

    /// Parts with workers that were silent for too long, then places what is ready: to be called
    /// once for each batch of events, and when [`poll_timeout`](Self::poll_timeout) has come. All
    /// that has arrived must have been handed in before, lest a heartbeat is overlooked.
    pub fn schedule(&mut self, now: Time) {
        self.forgive_own_sleep(now);
        self.part_with_silent_workers(now);
        self.give_up_away(now);
        self.finish_event();
        self.place_queued();
        self.place_ahead();
    }

    /// The next thing to be done, until there is none.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions
            .pop_front()
            .or_else(|| self.reports.pop_front())
    }

    /// When [`schedule`](Self::schedule) is to be called if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        let silence = self.check_silence_at?;
        let tick = self.last_turn + self.config.heartbeat_interval;
        let away = self.away.first().map(|(until, _)| *until);
        Some(silence.min(tick).min(away.unwrap_or(silence)))
    }

    fn finish_event(&mut self) {
        self.settle();
        while let Some((worker, keys)) = self.frees.pop_first() {
            self.actions.push_back(Action::FreeKeys { worker, keys });
        }
    }

    /// Has a worker drop a result.
    fn free_key(&mut self, worker: WorkerId, key: Key) {
        // What is about to be counted on once more stays; if it is not, it is freed then.
        if self.workers.contains(worker) && !self.is_keeping(worker, key) {
            self.frees.entry(worker).or_default().push(key);
        }
    }
}
