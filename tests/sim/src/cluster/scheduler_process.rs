//! The process around the scheduler core.

use rand::RngExt as _;
use wask_core::{
    Key, SessionId, TenantId, TypeId, WorkerId,
    scheduler::{Action, Event},
    worker,
};

use super::{Cluster, Happening, ToScheduler, ToWorker};
use crate::{detached::Ending, member::Stored, oracle, timeline::Node};

impl Cluster {
    pub(super) fn scheduler_gets(&mut self, message: ToScheduler) {
        match message {
            ToScheduler::Event(event) => self.feed(event),
            ToScheduler::Finished(event, stored) => self.feed_finished(event, &stored),
            ToScheduler::Scatter(session, key) => self.scatter(session, key),
            ToScheduler::Stored(worker, key) => self.scattered(worker, key),
            ToScheduler::Publish(session, keys) => {
                let tenant = self.tenant_of(session);
                if self.scheduler.dataset(tenant, "set").is_none() {
                    let keys = keys.into_iter().filter(|key| self.scheduler.knows(key));
                    let keys = keys.collect();
                    let name = "set".into();
                    self.feed(Event::DatasetPublished { tenant, name, keys });
                }
            }
            ToScheduler::Unpublish(session) => {
                let tenant = self.tenant_of(session);
                let name = "set".into();
                self.feed(Event::DatasetUnpublished { tenant, name });
            }
        }
    }

    /// Hands an event to the core. Sometimes more come before anything is placed.
    pub(crate) fn feed(&mut self, event: Event) {
        match event {
            Event::WorkerLost { worker } => self.forget_worker(worker),
            Event::SessionOpened { session, .. } => {
                self.open_sessions.insert(session);
            }
            Event::SessionClosed { session } => {
                self.open_sessions.remove(&session);
            }
            _ => {}
        }
        let newly_detached = self.newly_detached(&event);
        let ending = self.ending_by(&event);
        self.scheduler.handle(self.timeline.now(), event);
        self.scheduler.check_invariants();
        self.detached.extend(newly_detached);
        self.check_detached(&ending);
        self.has_news = true;
        let delay = self.rng.random_range(0..30_000);
        self.place_at(self.timeline.nanos() + delay);
    }

    pub(super) fn place_at(&mut self, at: u64) {
        if self.places_at.first().is_none_or(|first| at < *first) {
            self.places_at.insert(at);
            let delay = at.saturating_sub(self.timeline.nanos());
            self.timeline.after(delay, Happening::SchedulerPlaces);
        }
    }

    pub(super) fn scheduler_places(&mut self) {
        let now = self.timeline.nanos();
        self.places_at = self.places_at.split_off(&(now + 1));
        self.has_news = false;
        self.scheduler.schedule(self.timeline.now());
        self.scheduler.check_invariants();
        self.check_detached(&Ending::Trouble);
        while let Some(action) = self.scheduler.poll_action() {
            self.carry_out(action);
        }
        if let Some(timeout) = self.scheduler.poll_timeout() {
            self.place_at(timeout.as_nanos());
        }
    }

    pub(super) fn carry_out(&mut self, action: Action) {
        match action {
            Action::ComputeTask {
                worker,
                task,
                attempt,
                priority,
                inputs,
            } => {
                self.assigned.insert(task.key, (worker, attempt));
                let event = worker::Event::ComputeTask {
                    task,
                    attempt,
                    priority,
                    inputs,
                };
                self.tell_worker(worker, ToWorker::Event(event));
            }
            Action::CancelTask {
                worker,
                key,
                attempt,
            } => {
                if self.assigned.get(&key) == Some(&(worker, attempt)) {
                    self.assigned.remove(&key);
                }
                let event = worker::Event::CancelTask { key, attempt };
                self.tell_worker(worker, ToWorker::Event(event));
            }
            Action::FreeKeys { worker, keys } => {
                let event = worker::Event::FreeKeys { keys };
                self.tell_worker(worker, ToWorker::Event(event));
            }
            Action::Report {
                session,
                key,
                state,
            } => {
                let clients = self.clients.iter();
                if let Some(client) = clients
                    .map(|client| client.session)
                    .position(|s| s == session)
                {
                    let happening = Happening::ClientGets(client, session, key, state);
                    self.send(Node::Scheduler, Node::Client(client), happening);
                }
            }
            Action::CloseWorker { worker, reason } => {
                assert!(reason.contains("silent"), "{worker} is closed: {reason}");
                self.forget_worker(worker);
                self.tell_worker(worker, ToWorker::Close);
            }
        }
    }

    /// A client's value goes to a worker; one that is there already need not.
    pub(super) fn scatter(&mut self, session: SessionId, key: Key) {
        let nbytes = self.value_of_data(key).nbytes();
        if let Some(worker) = self.scheduler.holders(&key).first() {
            return self.feed_scattered(session, key, *worker);
        }
        if let Some((_, sessions)) = self.scattering.get_mut(&key) {
            return sessions.push(session);
        }
        match self.scheduler.place_data(nbytes) {
            Some(worker) => {
                self.scattering.insert(key, (worker, vec![session]));
                self.tell_worker(worker, ToWorker::Store(key));
            }
            None => {
                let again = ToScheduler::Scatter(session, key);
                self.timeline
                    .after(1_000_000, Happening::SchedulerGets(again));
            }
        }
    }

    pub(super) fn scattered(&mut self, worker: WorkerId, key: Key) {
        match self.scattering.get(&key) {
            Some((at, _)) if *at == worker => {}
            _ => return,
        }
        let (_, mut sessions) = self.scattering.remove(&key).unwrap_or((worker, Vec::new()));
        // Were a closed session the first, the value would be freed and then counted on.
        sessions.sort_by_key(|session| !self.open_sessions.contains(session));
        for session in sessions {
            self.feed_scattered(session, key, worker);
        }
    }

    pub(super) fn feed_scattered(&mut self, session: SessionId, key: Key, worker: WorkerId) {
        let nbytes = self.value_of_data(key).nbytes();
        self.feed(Event::DataScattered {
            session,
            key,
            result_type: TypeId(0),
            nbytes,
            worker,
        });
    }

    pub(crate) fn value_of_data(&self, key: Key) -> Stored {
        Stored {
            value: oracle::evaluate(key, []),
            inputs: [].into(),
        }
    }

    /// The scheduler's process knows that a worker is gone: nothing of it counts any more.
    pub(super) fn forget_worker(&mut self, worker: WorkerId) {
        self.assigned.retain(|_, (at, _)| *at != worker);
        let lost = self.scattering.iter().filter(|(_, (at, _))| *at == worker);
        let lost: Vec<Key> = lost.map(|(key, _)| *key).collect();
        for key in lost {
            // The core finds that the worker is not there.
            let stored = ToScheduler::Stored(worker, key);
            self.timeline.after(1, Happening::SchedulerGets(stored));
        }
    }

    pub(super) fn tenant_of(&self, session: SessionId) -> TenantId {
        let mut clients = self.clients.iter();
        let client = clients.find(|client| client.session == session);
        client.map_or(TenantId(1), |client| self.universes[client.universe].tenant)
    }
}
