//! Serves who connects to a listener, within limits.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::{Rc, Weak},
    time::Duration,
};

use capnp::capability::Client;
use tokio::{
    task::{spawn_local, yield_now},
    time::sleep,
};

use crate::{CloseReason, Connection, ConnectionHandle, Limits, Listener, Stream, stranger::Lines};

/// Pause after a failure to accept, as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The connections of a listener. They end when it is dropped.
pub struct Acceptor {
    limits: Limits,
    open: RefCell<BTreeMap<u64, Connection>>,
    /// Those that may not have been let in yet, the oldest first.
    strangers: RefCell<BTreeMap<u64, ConnectionHandle>>,
    ever: Cell<u64>,
    lines: Rc<Lines>,
}

impl Acceptor {
    /// Has no connections yet.
    pub fn new(limits: &Limits) -> Rc<Self> {
        Rc::new(Self {
            limits: limits.clone(),
            open: RefCell::default(),
            strangers: RefCell::default(),
            ever: Cell::default(),
            lines: Rc::new(Lines::new(limits)),
        })
    }

    /// Offers each who connects what `bootstrap` makes; never ends. Who connects is a stranger
    /// until what it was offered calls [`ConnectionHandle::let_in`].
    ///
    /// One stranger too many pushes out the oldest, so that those who connect and say nothing keep
    /// nobody out.
    pub async fn serve(
        self: &Rc<Self>,
        listener: &Listener,
        bootstrap: impl Fn(ConnectionHandle) -> Client,
    ) {
        loop {
            match listener.accept().await {
                Ok(stream) => self.add(stream, &bootstrap),
                Err(error) => {
                    self.lines
                        .write(&format!("cannot accept a connection: {error}"));
                    self.push_out();
                    sleep(ACCEPT_PAUSE).await;
                }
            }
            // Those who have said who they are already are let in before the next.
            yield_now().await;
        }
    }

    fn add(self: &Rc<Self>, stream: Stream, bootstrap: impl Fn(ConnectionHandle) -> Client) {
        if self.strangers.borrow().len() >= self.limits.strangers {
            self.strangers.borrow_mut().retain(|_, it| it.is_stranger());
        }
        while self.strangers.borrow().len() >= self.limits.strangers.max(1) {
            self.push_out();
        }
        if self.open.borrow().len() >= self.limits.connections && !self.push_out() {
            self.lines
                .write("too many connections; one was turned away");
            return;
        }
        let lines = self.lines.clone();
        let connection = Connection::serve_stranger(stream, &self.limits, lines, bootstrap);
        let id = self.ever.get();
        self.ever.set(id + 1);
        spawn_local(Self::forget(Rc::downgrade(self), id, connection.ended()));
        self.strangers.borrow_mut().insert(id, connection.handle());
        self.open.borrow_mut().insert(id, connection);
    }

    /// Closes the connection of the oldest stranger, if there is one.
    fn push_out(&self) -> bool {
        loop {
            let oldest = self.strangers.borrow_mut().pop_first();
            let Some((_, stranger)) = oldest else {
                return false;
            };
            if stranger.is_stranger() {
                stranger.close("others connected, and this one had not been let in yet");
                return true;
            }
        }
    }

    /// Forgets a connection when it has ended.
    async fn forget(acceptor: Weak<Self>, id: u64, ended: impl Future<Output = CloseReason>) {
        let reason = ended.await;
        tracing::debug!(connection = id, %reason, "connection closed");
        if let Some(acceptor) = acceptor.upgrade() {
            acceptor.strangers.borrow_mut().remove(&id);
            acceptor.open.borrow_mut().remove(&id);
        }
    }

    /// Closes all connections, and waits until they have ended.
    pub async fn close_all(&self, reason: &str) {
        let ended: Vec<_> = self
            .open
            .borrow()
            .values()
            .map(|connection| {
                connection.close(reason);
                connection.ended()
            })
            .collect();
        for each in ended {
            each.await;
        }
    }
}
