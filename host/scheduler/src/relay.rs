//! Bulk data on its way between clients and workers.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use futures::future::join_all;
use wask_core::{Key, SessionId, TypeId, WorkerId, scheduler::Event};
use wask_rpc::{Error, Refusal, RefusalCode, wire};
use wask_schema::transfer_capnp::{object_header, object_sink, object_store};

use crate::hub::Hub;

/// A value that a client is about to scatter.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) key: Key,
    pub(crate) type_text: String,
    pub(crate) result_type: TypeId,
    pub(crate) size: u64,
}

/// On how many workers a value is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// On the one that has most room.
    One,
    /// On all that there are now.
    All,
}

/// Makes room for a client's values on workers; the sink passes them on.
///
/// Values that are already where they should be are taken in and thrown away. The session holds
/// them from now on, so that they stay there until the others have come.
pub(crate) async fn scatter(
    hub: Rc<Hub>,
    session: SessionId,
    tenant: &str,
    headers: Vec<Header>,
    spread: Spread,
) -> Result<object_sink::Client, Refusal> {
    let mut by_worker: BTreeMap<WorkerId, Vec<Header>> = BTreeMap::new();
    let mut routes: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    let mut present = Vec::new();
    for header in headers {
        let targets = place(&hub, &header, spread)?;
        routes.insert(header.key, Vec::new());
        if targets.is_empty() {
            present.push(header.key);
        }
        for worker in targets {
            by_worker.entry(worker).or_default().push(header.clone());
        }
    }
    hub.tell([Event::TasksSubmitted {
        session,
        tasks: Vec::new(),
        wanted: present,
    }]);
    let mut parts = Vec::new();
    for (worker, headers) in by_worker {
        let part = open_part(&hub, tenant, worker, headers)
            .await
            .map_err(|error| {
                let message = format!("the worker that was to store the data failed: {error}");
                Refusal::new(RefusalCode::Unavailable, message)
            })?;
        let index = parts.len();
        for header in &part.headers {
            routes.entry(header.key).or_default().push(index);
        }
        parts.push(part);
    }
    let relay = Relay {
        hub,
        session,
        routes,
        parts,
        fault: RefCell::default(),
    };
    Ok(capnp_rpc::new_client(relay))
}

/// The workers that a value has to be sent to; none where it is there already.
fn place(hub: &Hub, header: &Header, spread: Spread) -> Result<Vec<WorkerId>, Refusal> {
    let mut state = hub.state_mut();
    let holders = state.core.holders(&header.key);
    let targets = match spread {
        Spread::One if !holders.is_empty() => return Ok(Vec::new()),
        Spread::One => Vec::from_iter(state.core.place_data(header.size)),
        Spread::All => state.workers.keys().copied().collect(),
    };
    if targets.is_empty() {
        let message = "there is no worker to store the data; start one with `wask worker`";
        return Err(Refusal::new(RefusalCode::Unavailable, message));
    }
    let lacks_it = |worker: &WorkerId| !holders.contains(worker);
    Ok(targets.into_iter().filter(lacks_it).collect())
}

async fn open_part(
    hub: &Hub,
    tenant: &str,
    worker: WorkerId,
    headers: Vec<Header>,
) -> Result<Part, Error> {
    let store = hub
        .state()
        .workers
        .get(&worker)
        .map(|entry| entry.store.clone());
    let store = store.ok_or_else(|| Error::Disconnected(format!("{worker} has left")))?;
    let mut request = store.put_request();
    let mut list = request.get().init_objects(wire::list_len(headers.len()));
    for (index, header) in (0..).zip(&headers) {
        let mut out: object_header::Builder<'_> = list.reborrow().get(index);
        out.set_key(&header.key.0);
        out.set_type(&header.type_text);
        out.set_size(header.size);
        out.set_tenant(tenant);
    }
    let sink = request.send().promise.await?.get()?.get_sink()?;
    Ok(Part {
        worker,
        headers,
        sink,
    })
}

/// What goes to one worker.
struct Part {
    worker: WorkerId,
    headers: Vec<Header>,
    sink: object_sink::Client,
}

/// Passes a client's pieces on to the workers that they are for.
struct Relay {
    hub: Rc<Hub>,
    session: SessionId,
    /// Which parts each object belongs to; none where its bytes are not needed.
    routes: BTreeMap<Key, Vec<usize>>,
    parts: Vec<Part>,
    fault: RefCell<Option<Refusal>>,
}

impl object_sink::Server for Relay {
    async fn write(self: Rc<Self>, params: object_sink::WriteParams) -> Result<(), capnp::Error> {
        if self.fault.borrow().is_none()
            && let Err(error) = self.pass_on(&params).await
        {
            let refusal = Refusal::new(RefusalCode::Unavailable, error);
            *self.fault.borrow_mut() = Some(refusal);
        }
        Ok(())
    }

    async fn finish(
        self: Rc<Self>,
        _: object_sink::FinishParams,
        mut results: object_sink::FinishResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.commit().await;
        wire::write_sink_result(results.get().init_result(), &outcome);
        Ok(())
    }
}

impl Relay {
    async fn pass_on(&self, params: &object_sink::WriteParams) -> Result<(), Error> {
        let pieces = params.get()?.get_pieces()?;
        let mut by_part: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (index, piece) in (0..).zip(pieces) {
            let key = wire::read_key(piece.get_key()?)?;
            let route = self.routes.get(&key);
            let route = route.ok_or_else(|| Error::Malformed(format!("{key} not announced")))?;
            for part in route {
                by_part.entry(*part).or_default().push(index);
            }
        }
        for (part, indexes) in by_part {
            let mut request = self.parts[part].sink.write_request();
            let mut list = request.get().init_pieces(wire::list_len(indexes.len()));
            for (to, from) in (0..).zip(indexes) {
                list.set_with_caveats(to, pieces.get(from))?;
            }
            request.send().await?;
        }
        Ok(())
    }

    /// Finishes every part. The values are the session's when all are stored.
    async fn commit(&self) -> Result<(), Refusal> {
        if let Some(fault) = self.fault.borrow().clone() {
            return Err(fault);
        }
        // An older value of the same key may have been released just before: the order to drop it
        // must not come after the new one.
        for part in &self.parts {
            self.hub.commands_passed(part.worker).await;
        }
        let outcomes = join_all(self.parts.iter().map(|part| finish(&part.sink))).await;
        for outcome in outcomes {
            outcome.map_err(|error| match error {
                Error::Refused(refusal) => refusal,
                other => Refusal::new(RefusalCode::Unavailable, other),
            })?;
        }
        self.hub.tell(self.stored());
        Ok(())
    }

    /// What was stored where: each value with the first copy, and the other copies.
    fn stored(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let mut told = BTreeSet::new();
        for part in &self.parts {
            let worker = part.worker;
            events.extend(
                part.headers
                    .iter()
                    .map(|header| match told.insert(header.key) {
                        true => Event::DataScattered {
                            session: self.session,
                            key: header.key,
                            result_type: header.result_type,
                            nbytes: header.size,
                            worker,
                        },
                        false => Event::ReplicaAdded {
                            worker,
                            key: header.key,
                        },
                    }),
            );
        }
        events
    }
}

async fn finish(sink: &object_sink::Client) -> Result<(), Error> {
    let answer = sink.finish_request().send().promise.await?;
    wire::read_sink_result(answer.get()?.get_result()?)
}

/// Lets workers write results into a client's sink. Answers with the keys that none could.
pub(crate) async fn gather(
    hub: &Hub,
    keys: &[Key],
    sink: &object_sink::Client,
) -> Result<Vec<Key>, Error> {
    let mut missing = BTreeSet::new();
    let mut by_worker: BTreeMap<WorkerId, Vec<Key>> = BTreeMap::new();
    for key in keys {
        match choose_holder(&hub.state().core.holders(key), key) {
            Some(worker) => by_worker.entry(worker).or_default().push(*key),
            None => _ = missing.insert(*key),
        }
    }
    let reads = by_worker
        .iter()
        .map(|(worker, keys)| read(hub, *worker, keys, sink));
    for not_there in join_all(reads).await {
        missing.extend(not_there);
    }
    Ok(missing.into_iter().collect())
}

/// Spreads readers of many keys over all holders, the same key always to the same.
fn choose_holder(holders: &[WorkerId], key: &Key) -> Option<WorkerId> {
    let count = holders.len().max(1);
    holders.get(usize::from(key.0[0]) % count).copied()
}

async fn read(hub: &Hub, worker: WorkerId, keys: &[Key], sink: &object_sink::Client) -> Vec<Key> {
    let store = hub
        .state()
        .workers
        .get(&worker)
        .map(|entry| entry.store.clone());
    let Some(store) = store else {
        return keys.to_vec();
    };
    match read_from(&store, keys, sink).await {
        Ok(missing) => {
            let event = |key: &Key| Event::ReplicaMissing { worker, key: *key };
            hub.tell(missing.iter().map(event));
            missing
        }
        Err(error) => {
            tracing::debug!(%worker, %error, "results could not be read");
            keys.to_vec()
        }
    }
}

async fn read_from(
    store: &object_store::Client,
    keys: &[Key],
    sink: &object_sink::Client,
) -> Result<Vec<Key>, Error> {
    let mut request = store.get_request();
    request.get().set_keys(&wire::write_keys(keys));
    request.get().set_sink(sink.clone());
    let answer = request.send().promise.await?;
    wire::read_keys(answer.get()?.get_missing()?)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use wask_core::{TASK_MEMORY_MAX, TenantId, scheduler::WorkerInfo};
    use wask_rpc::Address;

    use super::*;
    use crate::Config;

    #[test]
    fn a_value_that_is_there_already_is_held_before_the_others_have_come() {
        let hub = Hub::new(Config::new(Address::InProcess("relay".into())));
        let (tenant, worker) = (TenantId(0), WorkerId(1));
        let [session, other] = [SessionId(1), SessionId(2)];
        let header = Header {
            key: Key([1; 32]),
            type_text: "string".into(),
            result_type: TypeId(0),
            size: 100,
        };
        let key = header.key;
        let info = WorkerInfo {
            name: "w".into(),
            slots: 1,
            memory_limit: 1 << 30,
            task_memory: TASK_MEMORY_MAX,
            resources: BTreeMap::new(),
        };
        hub.tell([
            Event::SessionOpened { session, tenant },
            Event::SessionOpened {
                session: other,
                tenant,
            },
            Event::WorkerJoined { worker, info },
            Event::DataScattered {
                session: other,
                key,
                result_type: header.result_type,
                nbytes: header.size,
                worker,
            },
        ]);
        let headers = vec![header];
        let sink = scatter(hub.clone(), session, "default", headers, Spread::One)
            .now_or_never()
            .unwrap();
        let keys = vec![key];
        hub.tell([Event::KeysReleased {
            session: other,
            keys,
        }]);
        assert_eq!(hub.state().core.holders(&key), [worker]);
        drop(sink);
    }
}
