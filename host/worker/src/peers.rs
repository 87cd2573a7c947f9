//! Connections to other workers: one for each, kept while it is in use.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
    time::Duration,
};

use tokio::time::{sleep, timeout};
use wask_core::WorkerId;
use wask_rpc::{Address, Connection, Error, Limits, Secret, connect, wire};
use wask_schema::transfer_capnp::{object_store, peer};

/// The other workers, as far as the scheduler has named them.
pub(crate) struct Peers {
    /// What workers of this cluster show one another; none before this one has joined.
    key: RefCell<Option<Secret>>,
    limits: Limits,
    idle: Duration,
    addresses: RefCell<BTreeMap<WorkerId, String>>,
    links: RefCell<HashMap<WorkerId, Rc<PeerLink>>>,
}

/// An open connection to another worker, which has let this one in.
pub(crate) struct PeerLink {
    door: peer::Client,
    store: object_store::Client,
    /// Ends when it is dropped.
    _connection: Connection,
}

impl Peers {
    pub(crate) fn new(limits: Limits, idle: Duration) -> Self {
        Self {
            key: RefCell::default(),
            limits,
            idle,
            addresses: RefCell::default(),
            links: RefCell::default(),
        }
    }

    /// Takes in what workers of the cluster show one another.
    pub(crate) fn set_key(&self, key: Secret) {
        *self.key.borrow_mut() = Some(key);
    }

    /// Whether this is what a worker of the cluster shows.
    pub(crate) fn is_key(&self, shown: &[u8]) -> bool {
        self.key.borrow().as_ref().is_some_and(|key| key.is(shown))
    }

    /// Takes in where workers are. Those that joined first are forgotten beyond as many as one
    /// process serves.
    pub(crate) fn learn(&self, peers: Vec<(WorkerId, String)>) {
        let mut addresses = self.addresses.borrow_mut();
        addresses.extend(peers);
        while addresses.len() > self.limits.connections {
            addresses.pop_first();
        }
    }

    /// Forgets all: in a new membership these numbers may name others.
    pub(crate) fn reset(&self) {
        self.addresses.borrow_mut().clear();
        self.links.borrow_mut().clear();
    }

    /// A connection that was used before, if there is one. It may have broken since.
    pub(crate) fn known(&self, worker: WorkerId) -> Option<Rc<PeerLink>> {
        self.links.borrow().get(&worker).cloned()
    }

    /// Connects anew.
    pub(crate) async fn open(&self, worker: WorkerId) -> Result<Rc<PeerLink>, Error> {
        let address = self.addresses.borrow().get(&worker).cloned();
        let Some(address) = address else {
            let why = format!("the scheduler has not said where {worker} is");
            return Err(Error::Malformed(why));
        };
        let address: Address = address.parse()?;
        let stream = connect(&address, &self.limits).await?;
        let (door, connection) = Connection::open::<peer::Client>(stream, &self.limits);
        let answer = self.knock(&door).await?;
        connection.set_silence(self.idle);
        let link = Rc::new(PeerLink {
            door,
            store: answer,
            _connection: connection,
        });
        self.links.borrow_mut().insert(worker, link.clone());
        Ok(link)
    }

    /// Drops a connection that has failed.
    pub(crate) fn forget(&self, worker: WorkerId, failed: &Rc<PeerLink>) {
        let mut links = self.links.borrow_mut();
        if links
            .get(&worker)
            .is_some_and(|link| Rc::ptr_eq(link, failed))
        {
            links.remove(&worker);
        }
    }

    /// Ends when a peer does not answer any more, as one that is stopped does not. Asking keeps the
    /// connection from being idle as well.
    pub(crate) async fn until_silent(&self, link: &PeerLink) {
        let every = self.limits.heartbeat;
        loop {
            sleep(every).await;
            let knock = self.knock(&link.door);
            if !matches!(timeout(every * 2, knock).await, Ok(Ok(_))) {
                return;
            }
        }
    }

    /// Asks to be let in.
    async fn knock(&self, door: &peer::Client) -> Result<object_store::Client, Error> {
        let mut request = door.open_request();
        if let Some(key) = &*self.key.borrow() {
            wire::write_peer_key(request.get().init_credential(), key);
        }
        let answer = request.send().promise.await?;
        match answer.get()?.get_result()?.which()? {
            peer::result::Store(store) => Ok(store?),
            peer::result::Refused(refusal) => Err(wire::read_refusal(refusal?)?.into()),
        }
    }
}

impl PeerLink {
    pub(crate) fn store(&self) -> &object_store::Client {
        &self.store
    }
}
