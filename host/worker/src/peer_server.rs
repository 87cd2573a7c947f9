//! The door of this worker: other workers, who connect to its contact address.

use std::{
    cell::Cell,
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::sleep,
};
use wask_rpc::{Connection, ConnectionHandle, Limits, Listener, Refusal, RefusalCode, wire};
use wask_schema::{
    common_capnp::credential,
    transfer_capnp::{object_store, peer},
};

use crate::{node::Node, store_server::StoreServer};

/// How long to wait after the system refused to accept a connection, for want of descriptors for
/// instance.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Serves all who connect, until the worker ends.
pub(crate) async fn serve_peers(
    listener: Listener,
    node: Weak<Node>,
    limits: Limits,
    idle: Duration,
) {
    let room = |count: usize| Arc::new(Semaphore::new(count.max(1)));
    let (connections, strangers) = (room(limits.connections), room(limits.strangers));
    let mut served = JoinSet::new();
    loop {
        // Neither is ever closed, so both of these wait and never fail.
        let place = connections.clone().acquire_owned().await;
        let stranger = strangers.clone().acquire_owned().await;
        let stream = match listener.accept().await {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "failed to accept a connection");
                sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let node = node.clone();
        let connection = Connection::serve_with(stream, &limits, |connection| {
            let door = Door {
                results: Results::client(node.clone()),
                node,
                connection,
                idle,
                stranger: Cell::new(stranger.ok()),
            };
            capnp_rpc::new_client::<peer::Client, _>(door).client
        });
        while served.try_join_next().is_some() {}
        served.spawn_local(async move {
            let _place = place;
            let reason = connection.closed().await;
            tracing::debug!(%reason, "a peer's connection ended");
        });
    }
}

/// Lets in the workers of the cluster.
struct Door {
    node: Weak<Node>,
    results: object_store::Client,
    connection: ConnectionHandle,
    idle: Duration,
    /// Held until the peer has been let in.
    stranger: Cell<Option<OwnedSemaphorePermit>>,
}

impl peer::Server for Door {
    async fn open(
        self: Rc<Self>,
        params: peer::OpenParams,
        mut results: peer::OpenResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.check(params.get()?.get_credential()?)?;
        let mut result = results.get().init_result();
        match outcome {
            Ok(()) => {
                self.stranger.take();
                self.connection.set_silence(self.idle);
                result.set_store(self.results.clone());
            }
            Err(refusal) => wire::write_refusal(result.init_refused(), &refusal),
        }
        Ok(())
    }
}

impl Door {
    fn check(
        &self,
        credential: credential::Reader<'_>,
    ) -> Result<Result<(), Refusal>, capnp::Error> {
        let why = match credential.which()? {
            credential::Peer(shown) => {
                let shown = shown?;
                let node = self.node.upgrade();
                if node.is_some_and(|node| node.peers.is_key(shown)) {
                    return Ok(Ok(()));
                }
                "this is not the key that this cluster's workers show one another"
            }
            credential::None(()) | credential::Token(_) => {
                "a worker's data port serves workers only; clients read by way of the scheduler"
            }
            credential::Ticket(_) => "this version does not take tickets",
        };
        Ok(Err(Refusal::new(RefusalCode::Credential, why)))
    }
}

/// The store as peers see it: they read. Values are put into it by the scheduler alone, which
/// knows whose they are.
struct Results(Rc<StoreServer>);

impl Results {
    fn client(node: Weak<Node>) -> object_store::Client {
        capnp_rpc::new_client(Self(Rc::new(StoreServer::new(node))))
    }
}

impl object_store::Server for Results {
    async fn get(
        self: Rc<Self>,
        params: object_store::GetParams,
        results: object_store::GetResults,
    ) -> Result<(), capnp::Error> {
        self.0.clone().get(params, results).await
    }

    async fn put(
        self: Rc<Self>,
        _: object_store::PutParams,
        _: object_store::PutResults,
    ) -> Result<(), capnp::Error> {
        let why = "workers read from one another; values are stored by way of the scheduler";
        Err(capnp::Error::failed(why.to_owned()))
    }
}
