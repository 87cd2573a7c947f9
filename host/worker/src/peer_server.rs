//! The door of this worker: whoever connects to its contact address.

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
    token: Option<String>,
    limits: Limits,
    idle: Duration,
) {
    let room = |count: usize| Arc::new(Semaphore::new(count.max(1)));
    let (connections, strangers) = (room(limits.connections), room(limits.strangers));
    let token = Rc::new(token);
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
        let (token, node) = (token.clone(), node.clone());
        let connection = Connection::serve_with(stream, &limits, |connection| {
            let door = Door {
                token,
                store: StoreServer::client(node),
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

/// Lets in who has the cluster's token.
struct Door {
    token: Rc<Option<String>>,
    store: object_store::Client,
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
        let outcome = check(self.token.as_deref(), params.get()?.get_credential()?)?;
        let mut result = results.get().init_result();
        match outcome {
            Ok(()) => {
                self.stranger.take();
                self.connection.set_silence(self.idle);
                result.set_store(self.store.clone());
            }
            Err(refusal) => wire::write_refusal(result.init_refused(), &refusal),
        }
        Ok(())
    }
}

/// Whether a credential is good where `token` is asked for.
fn check(
    token: Option<&str>,
    credential: credential::Reader<'_>,
) -> Result<Result<(), Refusal>, capnp::Error> {
    let Some(token) = token else {
        return Ok(Ok(()));
    };
    let refuse = |why: &str| Err(Refusal::new(RefusalCode::Credential, why));
    Ok(match credential.which()? {
        credential::Token(given) => match same(given?.as_bytes(), token.as_bytes()) {
            true => Ok(()),
            false => refuse("the token is not this cluster's"),
        },
        credential::None(()) => refuse("this cluster asks for a token"),
        credential::Ticket(_) => refuse("this version does not take tickets"),
    })
}

/// Compares digests, which takes the same time wherever two secrets differ.
fn same(given: &[u8], secret: &[u8]) -> bool {
    blake3::hash(given) == blake3::hash(secret)
}
