//! The processes around the client cores, and their connections.

use rand::RngExt as _;
use wask_core::{
    Key, SessionId,
    client::{Action, Batch, Event as ClientEvent, News},
    scheduler::{Event, KeyState},
};

use super::{Cluster, Happening, STORM, ToScheduler};
use crate::{client::Step, timeline::Node};

/// How long a client is without a connection, at most.
const AWAY: u64 = 5_000_000;

/// What comes to a client, over the connection with this number.
#[derive(Debug)]
pub(crate) enum ToClient {
    Told(Key, KeyState),
    /// A value was stored, or not.
    Stored(Key, bool),
    /// All that was sent before has been taken in.
    Acknowledged,
}

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
        let deeds = client.act(&mut self.rng, &self.universes[client.universe]);
        for event in deeds.events {
            self.drive_client(index, event);
        }
        if let Some(step) = deeds.step {
            let sync = self.clients[index].after_sync(step);
            self.drive_client(index, sync);
        }
        let delay = self
            .rng
            .random_range(0..2 * STORM / u64::from(self.plan.steps.max(1)));
        self.timeline.after(delay, Happening::ClientSteps(index));
    }

    /// Hands an event to a client's core, and carries out what it wants done.
    pub(super) fn drive_client(&mut self, index: usize, event: ClientEvent) {
        let client = &mut self.clients[index];
        client.core.handle(event);
        client.core.check_invariants();
        client.core.schedule();
        client.core.check_invariants();
        let (session, connection) = (client.session, client.connection);
        let actions = std::iter::from_fn(|| self.clients[index].core.poll_action());
        for action in actions.collect::<Vec<_>>() {
            if self.clients[index].session != session {
                // It has left meanwhile.
                return;
            }
            match action {
                Action::Push { number, batch } => {
                    let message = ToScheduler::Batch(session, number, batch);
                    self.tell_scheduler(index, message);
                    let delay = self.rng.random_range(0..100_000);
                    let sent = Happening::ClientHasSent(index, connection);
                    self.timeline.after(delay, sent);
                }
                Action::Sync => self.tell_scheduler(index, ToScheduler::Sync(index)),
                Action::Synced { sync } => self.take_step(index, sync),
                Action::Resolved { .. } => {}
                Action::Upload { digest } => panic!("nobody gave it {digest}"),
            }
        }
    }

    fn take_step(&mut self, index: usize, sync: u64) {
        let client = &mut self.clients[index];
        let session = client.session;
        match client.after_sync.remove(&sync) {
            Some(Step::Scatter(key, spread)) => {
                self.tell_scheduler(index, ToScheduler::Scatter(session, key, spread));
            }
            Some(Step::Publish(keys)) => {
                self.tell_scheduler(index, ToScheduler::Publish(session, keys));
            }
            Some(Step::Unpublish) => {
                self.tell_scheduler(index, ToScheduler::Unpublish(session));
            }
            Some(Step::Leave) => self.leave_and_come_again(index),
            // Its connection was lost meanwhile.
            None => {}
        }
    }

    /// Something comes to a client, unless its connection was lost on the way.
    pub(super) fn client_gets(&mut self, index: usize, connection: u32, message: ToClient) {
        if self.clients[index].connection != connection {
            return;
        }
        match message {
            ToClient::Told(key, state) => {
                let news = vec![(key, News::State(state))];
                self.drive_client(index, ClientEvent::Told { news });
            }
            ToClient::Acknowledged => self.drive_client(index, ClientEvent::Acknowledged),
            ToClient::Stored(key, is_stored) => self.client_stored(index, key, is_stored),
        }
        self.clients[index].check_holds();
    }

    pub(super) fn client_has_sent(&mut self, index: usize, connection: u32) {
        if self.clients[index].connection == connection {
            self.drive_client(index, ClientEvent::Sent);
        }
    }

    /// Where a value was stored, the program has a future of it.
    fn client_stored(&mut self, index: usize, key: Key, is_stored: bool) {
        let storing = &mut self.clients[index].storing;
        let Some(place) = storing.iter().position(|stored| *stored == key) else {
            return;
        };
        storing.swap_remove(place);
        if is_stored {
            self.clients[index].futures.push(key);
            let nbytes = self.value_of_data(key).nbytes();
            self.drive_client(index, ClientEvent::DataStored { key, nbytes });
        } else {
            let keys = vec![key];
            self.drive_client(index, ClientEvent::DataRefused { key });
            self.drive_client(index, ClientEvent::KeysReleased { keys });
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
        self.clients[index].start_over(&mut self.rng, session);
    }

    /// A client's connection breaks, and with it all that was under way.
    pub(super) fn cut_client(&mut self, index: usize) {
        let client = &mut self.clients[index];
        if !client.is_connected {
            return;
        }
        client.is_connected = false;
        client.connection += 1;
        // The calls that stored values have failed.
        let keys = std::mem::take(&mut client.storing);
        client
            .after_sync
            .retain(|_, step| !matches!(step, Step::Scatter(..)));
        self.drive_client(index, ClientEvent::ConnectionLost);
        for key in &keys {
            self.drive_client(index, ClientEvent::DataRefused { key: *key });
        }
        self.drive_client(index, ClientEvent::KeysReleased { keys });
        let delay = self.rng.random_range(0..AWAY);
        let back = Happening::ClientReconnects(index);
        self.timeline.after(delay, back);
    }

    /// A client has a connection again. Either the scheduler has kept its session, or it was away
    /// for too long.
    pub(super) fn client_reconnects(&mut self, index: usize) {
        self.clients[index].is_connected = true;
        let session = self.clients[index].session;
        // One that has started anew knows nobody.
        let is_known = self.open_sessions.contains(&session);
        if is_known && self.rng.random_bool(0.7) {
            self.summary.resumed += 1;
            let taken = self.taken.get(&session).copied().unwrap_or(0);
            self.drive_client(index, ClientEvent::SessionResumed { taken });
        } else {
            self.summary.forgotten += 1;
            if is_known {
                self.feed(Event::SessionClosed { session });
            }
            let session = self.open_session(self.clients[index].universe);
            self.clients[index].session = session;
            self.drive_client(index, ClientEvent::SessionForgotten);
        }
    }

    /// A message of a client is taken in, part after part.
    pub(super) fn take_in_batch(&mut self, session: SessionId, number: u64, batch: Batch) {
        let before = self.taken.insert(session, number).unwrap_or(0);
        assert_eq!(number, before + 1, "a message of {session} is missing");
        let is_wanted = batch.tasks.iter().filter(|(_, is_wanted)| *is_wanted);
        let wanted = is_wanted.map(|(task, _)| task.key);
        let wanted = wanted.chain(batch.wanted).collect();
        let tasks = batch.tasks.into_iter().map(|(task, _)| task).collect();
        self.feed(Event::TasksSubmitted {
            session,
            tasks,
            wanted,
        });
        let keys = batch.detached;
        self.feed(Event::KeysDetached { session, keys });
        let keys = batch.released;
        self.feed(Event::KeysReleased { session, keys });
        let keys = batch.cancelled;
        self.feed(Event::KeysCancelled { session, keys });
    }

    pub(super) fn tell_scheduler(&mut self, index: usize, message: ToScheduler) {
        let connection = self.clients[index].connection;
        let message = ToScheduler::FromClient(index, connection, Box::new(message));
        let happening = Happening::SchedulerGets(self.epoch, message);
        self.send(Node::Client(index), Node::Scheduler, happening);
    }

    /// Sends something to the client whose session this is, if it has a connection.
    pub(super) fn tell_client(&mut self, session: SessionId, message: ToClient) {
        let mut clients = self.clients.iter();
        if let Some(index) = clients.position(|client| client.session == session)
            && self.clients[index].is_connected
        {
            let connection = self.clients[index].connection;
            let happening = Happening::ClientGets(index, connection, message);
            self.send(Node::Scheduler, Node::Client(index), happening);
        }
    }
}
