//! What clients do, as far as it concerns the cluster.

use rand::RngExt as _;
use wask_core::{Key, SessionId, scheduler::Event};

use super::{Cluster, Happening, STORM, ToScheduler};
use crate::{client::Step, timeline::Node};

impl Cluster {
    pub(super) fn open_session(&mut self, universe: usize) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        let tenant = self.universes[universe].tenant;
        self.feed(Event::SessionOpened { session, tenant });
        session
    }

    pub(super) fn client_steps(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if !self.is_stormy || client.steps_left == 0 {
            return;
        }
        client.steps_left -= 1;
        let session = client.session;
        match client.step(&mut self.rng, &self.universes[client.universe]) {
            Step::Tell(event) => self.tell_scheduler(index, ToScheduler::Event(event)),
            Step::Scatter(key, spread) => {
                self.tell_scheduler(index, ToScheduler::Scatter(session, key, spread));
            }
            Step::Publish(keys) => self.tell_scheduler(index, ToScheduler::Publish(session, keys)),
            Step::Unpublish => self.tell_scheduler(index, ToScheduler::Unpublish(session)),
            Step::DetachAndLeave(keys) => {
                let detached = Event::KeysDetached { session, keys };
                self.tell_scheduler(index, ToScheduler::Event(detached));
                self.leave_and_come_again(index);
            }
            Step::Leave => self.leave_and_come_again(index),
            Step::Nothing => {}
        }
        let delay = self
            .rng
            .random_range(0..2 * STORM / u64::from(self.plan.steps.max(1)));
        self.timeline.after(delay, Happening::ClientSteps(index));
    }

    /// Where a value could not be stored, the client lets go of it.
    pub(super) fn client_stored(
        &mut self,
        index: usize,
        session: SessionId,
        key: Key,
        is_stored: bool,
    ) {
        let client = &mut self.clients[index];
        if client.session != session || is_stored {
            return;
        }
        client.scattered.remove(&key);
        if client.holds.remove(&key).is_some() {
            let keys = vec![key];
            let released = Event::KeysReleased { session, keys };
            self.tell_scheduler(index, ToScheduler::Event(released));
        }
    }

    pub(super) fn leave_and_come_again(&mut self, index: usize) {
        let session = self.clients[index].session;
        self.tell_scheduler(index, ToScheduler::Event(Event::SessionClosed { session }));
        self.come_anew(index);
    }

    /// A client logs in and knows nothing.
    pub(super) fn come_anew(&mut self, index: usize) {
        let session = self.open_session(self.clients[index].universe);
        let client = &mut self.clients[index];
        client.session = session;
        client.holds.clear();
        client.cancelled.clear();
        client.scattered.clear();
    }

    pub(super) fn tell_scheduler(&mut self, client: usize, message: ToScheduler) {
        let happening = Happening::SchedulerGets(self.epoch, message);
        self.send(Node::Client(client), Node::Scheduler, happening);
    }
}
