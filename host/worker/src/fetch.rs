//! Getting inputs from other workers.

use std::{collections::BTreeSet, rc::Rc};

use wask_core::{Key, WorkerId, worker::Event};
use wask_rpc::{Error, object_collector, wire};
use wask_schema::transfer_capnp::object_store;

use crate::{node::Node, peers::PeerLink};

/// Gets results from a peer into the store, and tells the core what came of it.
pub(crate) async fn fetch(node: Rc<Node>, peer: WorkerId, keys: Vec<(Key, u64)>) {
    while let Some(relief) = node.store.pressure() {
        relief.await;
    }
    let mut fetched = Fetched::default();
    let ended = fetch_from(&node, peer, &keys, &mut fetched).await;
    let arrived = fetched.arrived;
    node.tell(match ended {
        Ok(()) => {
            let here: BTreeSet<Key> = arrived.iter().map(|(key, _)| *key).collect();
            let missing = keys.into_iter().map(|(key, _)| key);
            let missing = missing.filter(|key| !here.contains(key)).collect();
            Event::FetchDone {
                peer,
                arrived,
                missing,
            }
        }
        Err(error) => {
            tracing::warn!(%peer, %error, "failed to fetch inputs");
            Event::FetchFailed { peer, arrived }
        }
    });
}

#[derive(Default)]
struct Fetched {
    /// What is in the store now, with its size.
    arrived: Vec<(Key, u64)>,
}

async fn fetch_from(
    node: &Node,
    peer: WorkerId,
    keys: &[(Key, u64)],
    fetched: &mut Fetched,
) -> Result<(), Error> {
    if let Some(link) = node.peers.known(peer) {
        match transfer(node, &link, keys, fetched).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                node.peers.forget(peer, &link);
                // A connection that was idle may have been closed by the other side.
                if !fetched.arrived.is_empty() || !matches!(error, Error::Disconnected(_)) {
                    return Err(error);
                }
            }
        }
    }
    let link = node.peers.open(peer).await?;
    let ended = transfer(node, &link, keys, fetched).await;
    if ended.is_err() {
        node.peers.forget(peer, &link);
    }
    ended
}

/// Fetches over one connection. What has arrived whole is stored even if the rest does not come.
async fn transfer(
    node: &Node,
    link: &PeerLink,
    keys: &[(Key, u64)],
    fetched: &mut Fetched,
) -> Result<(), Error> {
    let (sink, collected) = object_collector(keys.iter().copied());
    let mut request = link.store().get_request();
    let names = wire::write_keys(keys.iter().map(|(key, _)| key));
    request.get().set_keys(&names);
    request.get().set_sink(sink);
    let ended = tokio::select! {
        ended = finish(request) => ended,
        () = node.peers.until_silent(link) => {
            Err(Error::Disconnected("the peer does not answer any more".to_owned()))
        }
    };
    for (key, bytes) in collected.take()? {
        fetched.arrived.push((key, bytes.len() as u64));
        node.store.put_required(key, bytes);
    }
    ended
}

type GetRequest =
    capnp::capability::Request<object_store::get_params::Owned, object_store::get_results::Owned>;

/// Waits for the answer, which comes after everything was written into the sink.
async fn finish(request: GetRequest) -> Result<(), Error> {
    request.send().promise.await?.get()?;
    Ok(())
}
