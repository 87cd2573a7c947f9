//! Getting inputs from other workers.

use std::{collections::BTreeSet, rc::Rc};

use bytes::Bytes;
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
    let mut ended = fetch_from(&node, peer, &keys, &mut fetched).await;
    if let Err(error) = &ended {
        // A peer that this worker cannot reach may be well, and have the only copy.
        tracing::warn!(%peer, %error, "failed to fetch inputs; asking the scheduler for them");
        ended = fetch_by_relay(&node, &keys, &mut fetched).await;
    }
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

impl Fetched {
    fn keep(&mut self, node: &Node, objects: Vec<(Key, Bytes)>) {
        for (key, bytes) in objects {
            self.arrived.push((key, bytes.len() as u64));
            node.store.put_required(key, bytes);
        }
    }
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

/// Has the scheduler get what has not arrived.
async fn fetch_by_relay(
    node: &Node,
    keys: &[(Key, u64)],
    fetched: &mut Fetched,
) -> Result<(), Error> {
    let here: BTreeSet<Key> = fetched.arrived.iter().map(|(key, _)| *key).collect();
    let lacking = keys.iter().filter(|(key, _)| !here.contains(key));
    let lacking: Vec<(Key, u64)> = lacking.copied().collect();
    let Some(membership) = node.components.membership() else {
        return Err(Error::Disconnected(
            "this worker is no member now".to_owned(),
        ));
    };
    let (sink, collected) = object_collector(lacking.iter().copied());
    let mut request = membership.fetch_request();
    let names = wire::write_keys(lacking.iter().map(|(key, _)| key));
    request.get().set_keys(&names);
    request.get().set_sink(sink);
    let ended = request.send().promise.await;
    fetched.keep(node, collected.take()?);
    ended?.get()?;
    Ok(())
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
    fetched.keep(node, collected.take()?);
    ended
}

type GetRequest =
    capnp::capability::Request<object_store::get_params::Owned, object_store::get_results::Owned>;

/// Waits for the answer, which comes after everything was written into the sink.
async fn finish(request: GetRequest) -> Result<(), Error> {
    request.send().promise.await?.get()?;
    Ok(())
}
