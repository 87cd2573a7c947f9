//! Starts and ends a scheduler.

use std::{rc::Rc, thread::JoinHandle};

use tokio::{sync::oneshot, time::timeout};
use wask_rpc::{Acceptor, Address, Listener, Secret, spawn_rpc_thread};
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
    /// Where it cannot listen at its address, or not open its record.
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
/// Where it cannot listen at its address, or not open its record.
pub async fn serve(
    config: Config,
    ready: impl FnOnce(&Address),
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let hub = Hub::new(config)?;
    let listener = Listener::bind(&hub.config.listen).await?;
    tracing::info!(address = %listener.address(), "scheduler listening");
    ready(listener.address());
    let peer_key = Rc::new(Secret::random().map_err(Error::Random)?);
    let acceptor = Acceptor::new(&hub.config.limits);
    let gateway = |connection| {
        let gateway: gateway::Client = capnp_rpc::new_client(Gateway {
            hub: hub.clone(),
            connection,
            peer_key: peer_key.clone(),
        });
        gateway.client
    };
    tokio::select! {
        () = hub.run() => {}
        () = acceptor.serve(&listener, gateway) => {}
        () = shutdown => {}
    }
    tracing::info!("scheduler shutting down");
    hub.close_all("the scheduler is shutting down");
    // Those that do not read what they are told are not waited for long.
    let closed = acceptor.close_all("the scheduler is shutting down");
    let _ = timeout(CLOSING, closed).await;
    hub.end_record();
    Ok(())
}

/// Time for all connections to end at shutdown.
const CLOSING: std::time::Duration = std::time::Duration::from_millis(1500);
