//! Bulk data on its way between clients and workers.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    rc::{Rc, Weak},
};

use futures::future::join_all;
use tokio::{
    sync::mpsc,
    task::spawn_local,
    time::{Instant, sleep_until, timeout},
};
use wask_core::{
    Key, ScatterId, SessionId, TypeId, WorkerId, bytes_text,
    scheduler::{DataHeader, Event, ScatterError, Spread},
};
use wask_rpc::{Error, Refusal, RefusalCode, wire};
use wask_schema::transfer_capnp::{object_header, object_sink, object_store};

use crate::{
    hub::{Hub, ScatterNews},
    quotas::Transfer,
};

/// A value that a client is about to scatter.
#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) key: Key,
    pub(crate) type_text: String,
    pub(crate) result_type: TypeId,
    pub(crate) size: u64,
}

/// Asks where a client's values are to go; the sink passes them on to workers.
///
/// Values that are already where they should be are taken in and thrown away. The session holds
/// them from now on, so that they stay there until the others have come.
pub(crate) async fn scatter(
    hub: Rc<Hub>,
    session: SessionId,
    tenant: &str,
    headers: Vec<Header>,
    spread: Spread,
    transfer: Transfer,
) -> Result<object_sink::Client, Refusal> {
    let values = headers.iter().map(|header| DataHeader {
        key: header.key,
        result_type: header.result_type,
        nbytes: header.size,
    });
    let (scatter, mut news) = hub.offer_scatter(session, values.collect(), spread);
    let mut relay = Relay {
        hub,
        scatter,
        routes: headers.iter().map(|it| (it.key, Vec::new())).collect(),
        parts: Vec::new(),
        fault: RefCell::default(),
        news: RefCell::new(None),
        heard: Cell::new(Instant::now()),
        _transfer: transfer,
    };
    let placed = match news.recv().await {
        Some(ScatterNews::Stage(placed)) => placed,
        Some(ScatterNews::Done(outcome)) => {
            return Err(refusal(&relay.hub, outcome.err().as_ref()));
        }
        None => return Err(refusal(&relay.hub, None)),
    };
    let headers: BTreeMap<Key, Header> = headers.into_iter().map(|it| (it.key, it)).collect();
    for (worker, keys) in placed {
        let index = relay.parts.len();
        for key in &keys {
            relay.routes.entry(*key).or_default().push(index);
        }
        let headers = keys.iter().filter_map(|key| headers.get(key));
        match open_part(&relay.hub, tenant, worker, scatter, headers).await {
            Ok(part) => relay.parts.push(part),
            Err(error) => {
                relay.fail(worker, &error);
                return Err(relay
                    .ended(&mut news)
                    .await
                    .err()
                    .unwrap_or_else(|| Refusal::new(RefusalCode::Unavailable, error)));
            }
        }
    }
    relay.news = RefCell::new(Some(news));
    relay.heard.set(Instant::now());
    let relay = Rc::new(relay);
    spawn_local(give_up_when_idle(Rc::downgrade(&relay)));
    Ok(capnp_rpc::new_client_from_rc(relay))
}

/// Gives a scatter up of which no bytes come, so that the room that workers keep for it is free again.
async fn give_up_when_idle(relay: Weak<Relay>) {
    let mut due = Instant::now();
    loop {
        sleep_until(due).await;
        let Some(relay) = relay.upgrade() else {
            return;
        };
        // From the end on nothing more comes of the client.
        if relay.news.borrow().is_none() || relay.fault.borrow().is_some() {
            return;
        }
        let idle = relay.hub.config.limits.transfer_idle;
        due = relay.heard.get() + idle;
        if due <= Instant::now() {
            let message = format!(
                "no bytes of these values came for {idle:?}, so they were given up; store them again"
            );
            let refusal = Refusal::new(RefusalCode::Unavailable, message);
            *relay.fault.borrow_mut() = Some(refusal);
            relay.hub.forget_scatter(relay.scatter);
            return;
        }
    }
}

/// In words for people, why values were not stored.
fn refusal(hub: &Hub, error: Option<&ScatterError>) -> Refusal {
    let unavailable = |message: String| Refusal::new(RefusalCode::Unavailable, message);
    match error {
        None => unavailable("the session is closed".to_owned()),
        Some(ScatterError::NoWorker) => unavailable(
            "there is no worker to store the data; start one with `wask worker`".to_owned(),
        ),
        Some(ScatterError::TooLarge {
            key,
            nbytes,
            memory_limit,
        }) => unavailable(format!(
            "value {} has {}, and the largest worker holds {}; scatter it in parts",
            key.short(),
            bytes_text(*nbytes),
            bytes_text(*memory_limit)
        )),
        Some(ScatterError::Busy) => unavailable(
            "all workers are taking in as many values as they have room for; try again, or start \
             more workers"
                .to_owned(),
        ),
        Some(ScatterError::Failed { worker, reason }) => {
            let state = hub.state();
            let name = state.workers.get(worker).map(|entry| &entry.join.info.name);
            let name = name.map_or_else(|| worker.to_string(), |name| format!("`{name}`"));
            unavailable(format!(
                "worker {name}, which was to store the data, failed: {reason}"
            ))
        }
        Some(ScatterError::Foreign { key }) => Refusal::new(
            RefusalCode::NotFound,
            format!("value {} is not known", key.short()),
        ),
    }
}

async fn open_part(
    hub: &Hub,
    tenant: &str,
    worker: WorkerId,
    scatter: ScatterId,
    headers: impl Iterator<Item = &Header>,
) -> Result<Part, Error> {
    let headers: Vec<_> = headers.collect();
    let store = hub
        .state()
        .workers
        .get(&worker)
        .map(|entry| entry.store.clone());
    let store = store.ok_or_else(|| Error::Disconnected(format!("{worker} has left")))?;
    let mut request = store.put_request();
    request.get().set_scatter(scatter.0);
    let mut list = request.get().init_objects(wire::list_len(headers.len()));
    for (index, header) in (0..).zip(&headers) {
        let mut out: object_header::Builder<'_> = list.reborrow().get(index);
        out.set_key(&header.key.0);
        out.set_type(&header.type_text);
        out.set_size(header.size);
        out.set_tenant(tenant);
    }
    // A worker answers that at once.
    let answer = timeout(hub.config.limits.answer_time, request.send().promise).await;
    let answer = answer.map_err(|_| Error::Disconnected(format!("{worker} does not answer")))?;
    let sink = answer?.get()?.get_sink()?;
    Ok(Part { worker, sink })
}

/// What goes to one worker.
struct Part {
    worker: WorkerId,
    sink: object_sink::Client,
}

/// Passes a client's pieces on to the workers that they are for. If it is dropped early, the scatter
/// is given up.
struct Relay {
    hub: Rc<Hub>,
    scatter: ScatterId,
    /// Which parts each object belongs to; none where its bytes are not needed.
    routes: BTreeMap<Key, Vec<usize>>,
    parts: Vec<Part>,
    fault: RefCell<Option<Refusal>>,
    /// What the core decides; taken by who waits for the end.
    news: RefCell<Option<mpsc::UnboundedReceiver<ScatterNews>>>,
    /// When bytes came last.
    heard: Cell<Instant>,
    /// Counts as begun until this is dropped.
    _transfer: Transfer,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.hub.forget_scatter(self.scatter);
    }
}

impl object_sink::Server for Relay {
    async fn write(self: Rc<Self>, params: object_sink::WriteParams) -> Result<(), capnp::Error> {
        self.heard.set(Instant::now());
        if self.fault.borrow().is_none()
            && let Err(error) = self.pass_on(&params).await
        {
            let refusal = Refusal::new(RefusalCode::Unavailable, error);
            *self.fault.borrow_mut() = Some(refusal);
            self.hub.forget_scatter(self.scatter);
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
        let pieces = wire::structs(params.get()?.get_pieces()?)?;
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

    /// Finishes every part. The values are the session's when all are kept.
    async fn commit(&self) -> Result<(), Refusal> {
        if let Some(fault) = self.fault.borrow().clone() {
            return Err(fault);
        }
        let Some(mut news) = self.news.borrow_mut().take() else {
            return Err(Refusal::new(
                RefusalCode::Invalid,
                "these values were finished before",
            ));
        };
        join_all(self.parts.iter().map(|part| self.finish_part(part))).await;
        self.ended(&mut news).await
    }

    async fn finish_part(&self, part: &Part) {
        let (worker, scatter) = (part.worker, self.scatter);
        match finish(&part.sink).await {
            Ok(()) => self.hub.tell([Event::DataStaged { worker, scatter }]),
            Err(error) => self.fail(worker, &error),
        }
    }

    fn fail(&self, worker: WorkerId, error: &Error) {
        let reason = match error {
            Error::Refused(refusal) => refusal.message.clone(),
            other => other.to_string(),
        };
        self.hub.tell([Event::StagingFailed {
            worker,
            scatter: self.scatter,
            reason,
        }]);
    }

    /// Waits for what the core says at last.
    async fn ended(&self, news: &mut mpsc::UnboundedReceiver<ScatterNews>) -> Result<(), Refusal> {
        loop {
            match news.recv().await {
                Some(ScatterNews::Done(Ok(()))) => return Ok(()),
                Some(ScatterNews::Done(Err(error))) => {
                    return Err(refusal(&self.hub, Some(&error)));
                }
                Some(ScatterNews::Stage(_)) => {}
                None => return Err(refusal(&self.hub, None)),
            }
        }
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
            // The worker says by itself, in order with all else, that it does not have them.
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
