//! The door of this worker: other workers, who connect to its contact address.

use std::{
    rc::{Rc, Weak},
    time::Duration,
};

use wask_rpc::{Acceptor, ConnectionHandle, Limits, Listener, Refusal, RefusalCode, wire};
use wask_schema::{
    common_capnp::credential,
    transfer_capnp::{object_store, peer},
};

use crate::{node::Node, store_server::StoreServer};

/// Serves all who connect, until the worker ends.
pub(crate) async fn serve_peers(
    listener: Listener,
    node: Weak<Node>,
    limits: Limits,
    idle: Duration,
) {
    let door = |connection| {
        let door = Door {
            results: Results::client(node.clone()),
            node: node.clone(),
            connection,
            idle,
        };
        capnp_rpc::new_client::<peer::Client, _>(door).client
    };
    Acceptor::new(&limits).serve(&listener, door).await;
}

/// Lets in the workers of the cluster.
struct Door {
    node: Weak<Node>,
    results: object_store::Client,
    connection: ConnectionHandle,
    idle: Duration,
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
                self.connection.let_in(self.idle);
                result.set_store(self.results.clone());
            }
            Err(refusal) => {
                self.connection
                    .log(format_args!("a peer was refused: {refusal}"));
                wire::write_refusal(result.init_refused(), &refusal);
            }
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
