//! What goes wrong.

use rand::{RngExt as _, seq::IteratorRandom as _};
use wask_core::{WorkerId, scheduler::Event, worker};

use super::{Cluster, Fault, HEARTBEAT, Happening, ToScheduler};

impl Cluster {
    pub(super) fn go_wrong(&mut self, fault: Fault) {
        let Some(id) = self.any_member() else {
            return;
        };
        match fault {
            Fault::Crash => {
                self.remove_member(id);
                // Either its connection breaks, or it just falls silent.
                if self.rng.random_bool(0.6) {
                    self.break_connection(id);
                }
            }
            Fault::Freeze => {
                let pause = self.rng.random_range(0..6 * HEARTBEAT);
                let until = self.timeline.nanos() + pause;
                if let Some(member) = self.members.get_mut(&id) {
                    // Never earlier: what was put off until then must not be overtaken.
                    member.frozen_until = member.frozen_until.max(until);
                }
            }
            Fault::Cut => {
                self.break_connection(id);
                if let Some(member) = self.members.get_mut(&id) {
                    member.is_cut = true;
                }
                let delay = self.rng.random_range(0..HEARTBEAT);
                let close = Happening::WorkerGets(id, super::ToWorker::Close);
                self.timeline.after(delay, close);
            }
            Fault::Rot => self.let_rot(id),
        }
    }

    /// The scheduler finds that a worker's connection is broken. What was under way may still
    /// come, or come later than this.
    fn break_connection(&mut self, worker: WorkerId) {
        let delay = self.rng.random_range(0..1_000_000);
        let lost = ToScheduler::Event(Event::WorkerLost { worker });
        self.timeline.after(delay, Happening::SchedulerGets(lost));
    }

    /// A worker is gone with all that it had; another comes in its place.
    pub(super) fn remove_member(&mut self, id: WorkerId) {
        if let Some(member) = self.members.remove(&id) {
            let delay = self.rng.random_range(0..10_000_000);
            self.timeline.after(delay, Happening::Joins(member.place));
        }
    }

    /// A result in a store goes bad, and is found to be.
    fn let_rot(&mut self, id: WorkerId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let key = member.store.keys().choose(&mut self.rng).copied();
        if let Some(key) = key {
            member.store.remove(&key);
            self.feed_worker(id, worker::Event::DataGone { key });
        }
    }
}
