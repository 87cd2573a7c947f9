//! What goes wrong.

use rand::{RngExt as _, seq::IteratorRandom as _};
use wask_core::{SchedulerCore, WorkerId, scheduler::Event, worker};

use crate::coverage;

use super::{Cluster, Fault, HEARTBEAT, Happening, ToScheduler};

impl Cluster {
    pub(super) fn go_wrong(&mut self, fault: Fault) {
        if let Fault::ClientCut = fault {
            let index = self.rng.random_range(0..self.clients.len());
            coverage::fault("client cut");
            return self.cut_client(index);
        }
        let Some(id) = self.any_member() else {
            return;
        };
        match fault {
            Fault::Crash => {
                coverage::fault("crash");
                self.remove_member(id);
                // Either its connection breaks, or it just falls silent.
                if self.rng.random_bool(0.6) {
                    coverage::fault("crash noticed");
                    self.break_connection(id);
                }
            }
            Fault::Freeze => {
                let pause = self.rng.random_range(0..6 * HEARTBEAT);
                let until = self.timeline.nanos() + pause;
                coverage::fault(match pause > 4 * HEARTBEAT {
                    true => "long freeze",
                    false => "freeze",
                });
                if let Some(member) = self.members.get_mut(&id) {
                    // Never earlier: what was put off until then must not be overtaken.
                    member.frozen_until = member.frozen_until.max(until);
                }
            }
            Fault::Cut => {
                coverage::fault("cut");
                self.break_connection(id);
                if let Some(member) = self.members.get_mut(&id) {
                    member.is_cut = true;
                }
                let delay = self.rng.random_range(0..HEARTBEAT);
                let close = Happening::WorkerGets(id, super::ToWorker::Close);
                self.timeline.after(delay, close);
            }
            Fault::FullMemory => {
                let until = self.timeline.nanos() + self.rng.random_range(0..2 * HEARTBEAT);
                if let Some(member) = self.members.get_mut(&id) {
                    member.full_until = until;
                }
            }
            Fault::Slow => {
                let until = self.timeline.nanos() + self.rng.random_range(0..10 * HEARTBEAT);
                if let Some(member) = self.members.get_mut(&id) {
                    member.slow_until = until;
                }
            }
            Fault::Rot => self.let_rot(id),
            Fault::Restart => {
                coverage::fault("restart");
                self.restart_scheduler();
            }
            Fault::Sleep => {
                let pause = self.rng.random_range(0..20 * HEARTBEAT);
                coverage::fault("sleep");
                self.timeline.sleep(pause);
            }
            // Clients have their own connections.
            Fault::ClientCut => {}
        }
    }

    /// The scheduler finds that a worker's connection is broken. What was under way may still
    /// come, or come later than this.
    fn break_connection(&mut self, worker: WorkerId) {
        let delay = self.rng.random_range(0..1_000_000);
        let lost = ToScheduler::Event(Event::WorkerLost {
            worker,
            may_return: true,
        });
        self.timeline
            .after(delay, Happening::SchedulerGets(self.epoch, lost));
    }

    /// A worker is gone with all that it had; another comes in its place.
    pub(super) fn remove_member(&mut self, id: WorkerId) {
        if let Some(member) = self.members.remove(&id) {
            let delay = self.rng.random_range(0..10_000_000);
            self.timeline.after(delay, Happening::Joins(member.place));
        }
    }

    /// A worker finds that it has lost the scheduler. It keeps its results, and looks for it.
    pub(super) fn lose_scheduler(&mut self, id: WorkerId) {
        self.feed_worker(id, worker::Event::SchedulerLost);
        self.end_all_executions(id);
        if let Some(mut member) = self.members.remove(&id) {
            member.wakes_at = None;
            member.is_cut = false;
            let place = member.place;
            self.away.insert(place, member);
            let delay = self.rng.random_range(0..30_000_000);
            self.timeline.after(delay, Happening::Returns(place));
        }
    }

    /// The scheduler's process ends, and one comes that knows nothing. All connections break.
    fn restart_scheduler(&mut self) {
        self.epoch += 1;
        self.scheduler = SchedulerCore::new(self.scheduler_config.clone());
        self.assigned.clear();
        self.accepted.clear();
        self.detached.clear();
        self.open_sessions.clear();
        self.scattering.clear();
        for member in self.members.values_mut() {
            member.is_cut = true;
        }
        for id in self.members.keys().copied().collect::<Vec<_>>() {
            let delay = self.rng.random_range(0..HEARTBEAT);
            let close = Happening::WorkerGets(id, super::ToWorker::Close);
            self.timeline.after(delay, close);
        }
        for client in 0..self.clients.len() {
            self.cut_client(client);
        }
    }

    /// A result in a store goes bad, and is found to be.
    fn let_rot(&mut self, id: WorkerId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let key = member.store.keys().choose(&mut self.rng).copied();
        if let Some(key) = key {
            coverage::fault("rot");
            member.store.remove(&key);
            self.feed_worker(id, worker::Event::DataGone { key });
        }
    }
}
