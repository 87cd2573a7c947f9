//! Starts and ends a scheduler.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    thread::JoinHandle,
};

use tokio::{
    sync::oneshot,
    task::spawn_local,
    time::{sleep, timeout},
};
use wask_rpc::{Address, Connection, Limits, Listener, Secret, Stream, spawn_rpc_thread};
use wask_schema::gateway_capnp::gateway;

use crate::{Config, Error, gateway::Gateway, hub::Hub};

/// A scheduler on a thread of its own. Dropping it ends it.
pub struct Scheduler {
    address: Address,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Scheduler {
    /// Starts a scheduler and waits until it listens.
    ///
    /// # Errors
    ///
    /// Where it cannot listen at its address.
    pub fn start(config: Config) -> Result<Self, Error> {
        let (shutdown, asked) = oneshot::channel();
        let (ready, listening) = std::sync::mpsc::channel();
        let thread = spawn_rpc_thread("wask-scheduler", move || async move {
            let asked = async {
                // A dropped sender asks for the end too.
                let _ = asked.await;
            };
            serve(config, |address| _ = ready.send(address.clone()), asked).await
        })?;
        let Ok(address) = listening.recv() else {
            let ended = thread.join().unwrap_or(Err(Error::Ended));
            return Err(ended.err().unwrap_or(Error::Ended));
        };
        Ok(Self {
            address,
            shutdown: Some(shutdown),
            thread: Some(thread),
        })
    }

    /// Where it listens, with the actual port.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Ends it, and waits until it has ended. Its peers are told.
    pub fn shutdown(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shutdown.take();
        if let Some(thread) = self.thread.take() {
            // Its error was logged; there is nobody left to hand it to.
            let _ = thread.join();
        }
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a scheduler on the current `LocalSet` until `shutdown` resolves. `ready` is called with
/// the actual address as soon as it listens.
///
/// # Errors
///
/// Where it cannot listen at its address.
pub async fn serve(
    config: Config,
    ready: impl FnOnce(&Address),
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let listener = Listener::bind(&config.listen).await?;
    tracing::info!(address = %listener.address(), "scheduler listening");
    ready(listener.address());
    let hub = Hub::new(config);
    let peer_key = Rc::new(Secret::random().map_err(Error::Random)?);
    let connections = Rc::new(Connections {
        peer_key,
        open: RefCell::default(),
        strangers: Cell::default(),
        ever: Cell::default(),
    });
    tokio::select! {
        () = hub.run() => {}
        () = accept(&listener, &hub, &connections) => {}
        () = shutdown => {}
    }
    tracing::info!("scheduler shutting down");
    hub.close_all("the scheduler is shutting down");
    // Those that do not read what they are told are not waited for long.
    let _ = timeout(CLOSING, connections.all_closed()).await;
    Ok(())
}

/// Time for all connections to end at shutdown.
const CLOSING: std::time::Duration = std::time::Duration::from_millis(1500);
/// Pause after a failure to accept, as when file descriptors run out.
const ACCEPT_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

async fn accept(listener: &Listener, hub: &Rc<Hub>, connections: &Rc<Connections>) {
    loop {
        match listener.accept().await {
            Ok(stream) => connections.serve(stream, hub),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The connections of this process, within their limits.
struct Connections {
    /// What workers show one another: new each time, so that no key outlives its cluster.
    peer_key: Rc<Secret>,
    open: RefCell<BTreeMap<u64, Rc<Connection>>>,
    strangers: Cell<usize>,
    ever: Cell<u64>,
}

impl Connections {
    fn serve(self: &Rc<Self>, stream: Stream, hub: &Rc<Hub>) {
        let limits = &hub.config.limits;
        if self.open.borrow().len() >= limits.connections
            || self.strangers.get() >= limits.strangers
        {
            tracing::warn!("too many connections; one was turned away");
            return;
        }
        let admitted = Rc::new(Cell::new(false));
        let connection = Connection::serve_with(stream, limits, |connection| {
            let (hub, admitted) = (hub.clone(), admitted.clone());
            let peer_key = self.peer_key.clone();
            let gateway: gateway::Client = capnp_rpc::new_client(Gateway {
                hub,
                connection,
                peer_key,
                admitted,
            });
            gateway.client
        });
        let id = self.ever.get();
        self.ever.set(id + 1);
        let connection = Rc::new(connection);
        self.open.borrow_mut().insert(id, connection.clone());
        self.strangers.set(self.strangers.get() + 1);
        spawn_local(self.clone().watch(id, connection, admitted, limits.clone()));
    }

    /// Gives a stranger up who is not let in in time, and forgets a connection that has ended.
    async fn watch(
        self: Rc<Self>,
        id: u64,
        connection: Rc<Connection>,
        admitted: Rc<Cell<bool>>,
        limits: Limits,
    ) {
        let early = timeout(limits.admission, connection.closed()).await.ok();
        self.strangers.set(self.strangers.get() - 1);
        if early.is_none() && !admitted.get() {
            connection.close("nobody logged in or joined in time");
        }
        let reason = match early {
            Some(reason) => reason,
            None => connection.closed().await,
        };
        tracing::debug!(connection = id, %reason, "connection closed");
        self.open.borrow_mut().remove(&id);
    }

    async fn all_closed(&self) {
        let open: Vec<_> = self.open.borrow().values().cloned().collect();
        for connection in open {
            connection.close("the scheduler is shutting down");
            connection.closed().await;
        }
    }
}
