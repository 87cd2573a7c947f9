//! The process around the scheduler core.

use rand::RngExt as _;
use wask_core::{
    Key, ScatterId, SessionId, TenantId, TypeId, WorkerId,
    scheduler::{Action, DataHeader, Event, Spread},
    worker,
};

use super::{Cluster, Happening, ToScheduler, ToWorker, clients::ToClient};
use crate::{detached::Ending, member::Stored, oracle, timeline::Node};

impl Cluster {
    pub(super) fn scheduler_gets(&mut self, message: ToScheduler) {
        match message {
            ToScheduler::Event(event) => self.feed(event),
            ToScheduler::Finished(event, stored) => self.feed_finished(event, &stored),
            ToScheduler::FromClient(client, connection, message) => {
                if self.clients[client].connection == connection || message.is_farewell() {
                    self.scheduler_gets(*message);
                }
            }
            ToScheduler::Batch(session, number, batch) => {
                self.take_in_batch(session, number, batch);
            }
            ToScheduler::Sync(client) => {
                let session = self.clients[client].session;
                self.tell_client(session, ToClient::Acknowledged);
            }
            ToScheduler::Scatter(session, key, spread) => self.scatter(session, key, spread),
            ToScheduler::Publish(session, keys) => {
                let tenant = self.tenant_of(session);
                let replace = keys.len() > 1;
                self.feed(Event::DatasetPublished {
                    tenant,
                    name: "set".into(),
                    ty: "u32".into(),
                    keys,
                    replace,
                });
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
            Event::WorkerLost { worker, .. } => self.forget_worker(worker),
            Event::SessionOpened { session, .. } => {
                self.open_sessions.insert(session);
            }
            Event::SessionClosed { session } => {
                self.open_sessions.remove(&session);
                self.scattering.retain(|_, (of, _)| *of != session);
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
                self.tell_client(session, ToClient::Told(key, state));
            }
            Action::StageData { scatter, parts } => {
                for (worker, keys) in parts {
                    let stage = Happening::WorkerGets(worker, ToWorker::Stage(scatter, keys));
                    self.send(Node::Scheduler, Node::Staging(worker), stage);
                }
            }
            Action::KeepData { worker, scatter } => {
                let event = worker::Event::KeepData { scatter };
                self.tell_worker(worker, ToWorker::Event(event));
            }
            Action::DropStaged { worker, scatter } => {
                let event = worker::Event::DropStaged { scatter };
                self.tell_worker(worker, ToWorker::Event(event));
            }
            Action::ScatterDone { scatter, outcome } => {
                let Some((session, key)) = self.scattering.remove(&scatter) else {
                    return;
                };
                let stored = ToClient::Stored(key, outcome.is_ok());
                self.tell_client(session, stored);
            }
            Action::CloseWorker { worker, reason } => {
                assert!(reason.contains("silent"), "{worker} is closed: {reason}");
                self.forget_worker(worker);
                self.tell_worker(worker, ToWorker::Close);
            }
        }
    }

    /// A client wants to store a value.
    pub(super) fn scatter(&mut self, session: SessionId, key: Key, spread: Spread) {
        let scatter = ScatterId(self.next_scatter);
        self.next_scatter += 1;
        self.scattering.insert(scatter, (session, key));
        let value = DataHeader {
            key,
            result_type: TypeId(0),
            nbytes: self.value_of_data(key).nbytes(),
        };
        self.feed(Event::ScatterOffered {
            session,
            scatter,
            values: vec![value],
            spread,
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
    }

    pub(super) fn tenant_of(&self, session: SessionId) -> TenantId {
        let mut clients = self.clients.iter();
        let client = clients.find(|client| client.session == session);
        client.map_or(TenantId(1), |client| self.universes[client.universe].tenant)
    }
}

impl ToScheduler {
    /// Whether it is the end of a session, which comes even where its connection breaks first.
    fn is_farewell(&self) -> bool {
        matches!(self, Self::Event(Event::SessionClosed { .. }))
    }
}
