//! A client of another make: it keeps to the schema, and to nothing that wask's own client keeps to.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::{
    sync::Notify,
    task::{JoinSet, LocalSet},
    time::{interval, timeout},
};
use wask_core::{
    Arguments, Definition, Digest, Key, KeyMap, TaskKind, TaskOptions, TaskSpec, TypeId,
    client::{Batch, News},
};
use wask_rpc::{
    Connection, Limits, Refusal,
    wire::{self, ClusterStatus},
    write_objects,
};
use wask_schema::{
    common_capnp::PROTOCOL_VERSION,
    gateway_capnp::gateway,
    session_capnp::{client_events, session, session_commands},
};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it says that it lives, and measures how long the scheduler takes to answer.
const BEAT: Duration = Duration::from_millis(20);

/// Runs what a peer does, on this thread.
pub fn with_peers<T>(run: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    LocalSet::new().block_on(&runtime.enable_all().build().unwrap(), run)
}

/// A session. Its calls panic where the scheduler does not answer.
pub struct Peer {
    /// All that a client can do.
    pub session: session::Client,
    /// The stream of what it submits and lets go of.
    pub commands: session_commands::Client,
    told: Rc<Told>,
    connection: Connection,
    /// Ends with the peer.
    _beating: JoinSet<()>,
}

/// What the scheduler said.
#[derive(Default)]
struct Told {
    news: RefCell<KeyMap<News>>,
    more: Notify,
    slowest: Cell<Duration>,
}

impl Peer {
    /// Logs in.
    ///
    /// # Errors
    ///
    /// The scheduler's refusal.
    pub async fn login(address: &str, token: Option<&str>) -> Result<Self, Refusal> {
        let limits = Limits::default();
        let address = address.parse().unwrap();
        let stream = wask_rpc::connect(&address, &limits).await.unwrap();
        let (door, connection) = Connection::open::<gateway::Client>(stream, &limits);
        let told = Rc::new(Told::default());
        let mut request = door.login_request();
        let mut params = request.get();
        wire::write_credential(params.reborrow().init_credential(), token);
        let mut client = params.reborrow().init_client();
        client.set_name("peer");
        client.set_software_version(wask_rpc::SOFTWARE_VERSION);
        client.set_protocol_version(PROTOCOL_VERSION);
        params.set_events(capnp_rpc::new_client(Events(told.clone())));
        let answer = request.send().promise.await.unwrap();
        let result = answer.get().unwrap().get_result().unwrap();
        let session = match result.which().unwrap() {
            gateway::login::Accepted(accepted) => accepted.unwrap().get_session().unwrap(),
            gateway::login::Refused(refusal) => {
                return Err(wire::read_refusal(refusal.unwrap()).unwrap());
            }
        };
        let commands = session.commands_request().send().pipeline.get_commands();
        let mut beating = JoinSet::new();
        beating.spawn_local(beat(session.clone(), told.clone()));
        Ok(Self {
            session,
            commands,
            told,
            connection,
            _beating: beating,
        })
    }

    /// Sends a batch as one message, whatever its size.
    pub async fn push(&self, batch: &Batch) {
        let mut request = self.commands.push_request();
        wire::write_session_batch(request.get().init_batch(), batch);
        request.send().await.unwrap();
    }

    /// Submits tasks, of which it wants the results, in messages of so many.
    pub async fn submit(&self, tasks: &[TaskSpec], at_once: usize) {
        for tasks in tasks.chunks(at_once) {
            let tasks = tasks.iter().map(|task| (task.clone(), true)).collect();
            let batch = Batch {
                tasks,
                ..Batch::default()
            };
            self.push(&batch).await;
        }
    }

    /// Waits until so many keys are neither pending nor unknown.
    pub async fn wait_for(&self, count: usize) {
        let resolved = async {
            while self.told.news.borrow().len() < count {
                self.told.more.notified().await;
            }
        };
        tokio::select! {
            waited = timeout(PATIENCE, resolved) => {
                let told = self.told.news.borrow().len();
                assert!(waited.is_ok(), "told of {told} keys of {count}");
            }
            reason = self.connection.closed() => panic!("the scheduler closed: {reason}"),
        }
    }

    /// What it was told of a key last.
    pub fn news(&self, key: &Key) -> Option<News> {
        self.told.news.borrow().get(key).cloned()
    }

    /// Forgets what it was told.
    pub fn forget(&self) {
        self.told.news.borrow_mut().clear();
    }

    /// The longest time that the scheduler took to answer a sign of life, so far.
    pub fn slowest_answer(&self) -> Duration {
        self.told.slowest.get()
    }

    /// Stores a value.
    ///
    /// # Errors
    ///
    /// The scheduler's refusal.
    pub async fn scatter(&self, ty: &str, value: Bytes) -> Result<Key, wask_rpc::Error> {
        let key = Key::of_data("default", ty, &value);
        self.scatter_all(ty, vec![(key, value)]).await?;
        Ok(key)
    }

    /// Stores values of one type in one call.
    ///
    /// # Errors
    ///
    /// The scheduler's refusal.
    pub async fn scatter_all(
        &self,
        ty: &str,
        values: Vec<(Key, Bytes)>,
    ) -> Result<(), wask_rpc::Error> {
        let mut request = self.session.scatter_request();
        let mut headers = request.get().init_objects(wire::list_len(values.len()));
        for (index, (key, value)) in (0..).zip(&values) {
            let mut header = headers.reborrow().get(index);
            header.set_key(&key.0);
            header.set_type(ty);
            header.set_size(value.len() as u64);
        }
        let answer = request.send().promise.await?;
        let sink = match answer.get()?.get_result()?.which()? {
            session::scatter::Sink(sink) => sink?,
            session::scatter::Refused(refusal) => return Err(wire::read_refusal(refusal?)?.into()),
        };
        write_objects(&sink, values, &Limits::default()).await
    }

    /// The names of the workers that hold a key.
    pub async fn holders(&self, key: &Key) -> Vec<String> {
        let mut request = self.session.who_has_request();
        request.get().set_keys(&key.0);
        let answer = request.send().promise.await.unwrap();
        let holders = answer.get().unwrap().get_holders().unwrap();
        wire::read_texts(holders.get(0).get_workers().unwrap()).unwrap()
    }

    /// The cluster at this moment.
    pub async fn status(&self) -> ClusterStatus {
        let answer = self.session.status_request().send().promise.await.unwrap();
        wire::read_status(answer.get().unwrap().get_status().unwrap()).unwrap()
    }

    /// Waits until the cluster is as it should be.
    pub async fn wait_until(&self, is_so: impl Fn(&ClusterStatus) -> bool) -> ClusterStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status().await;
            if is_so(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "still {status:?}");
        }
    }
}

async fn beat(session: session::Client, told: Rc<Told>) {
    let mut ticks = interval(BEAT);
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        if session.heartbeat_request().send().promise.await.is_err() {
            return;
        }
        let slowest = told.slowest.get().max(asked.elapsed());
        told.slowest.set(slowest);
    }
}

struct Events(Rc<Told>);

impl client_events::Server for Events {
    async fn push(self: Rc<Self>, params: client_events::PushParams) -> Result<(), capnp::Error> {
        let events = wire::read_key_events(params.get()?.get_events()?);
        let events = events.map_err(|error| capnp::Error::failed(error.to_string()))?;
        let mut news = self.0.news.borrow_mut();
        for (key, state) in events {
            match state {
                News::State(wask_core::scheduler::KeyState::Pending) => _ = news.remove(&key),
                state => _ = news.insert(key, state),
            }
        }
        self.0.more.notify_one();
        Ok(())
    }
}

/// Calls of `function(n: u32)`, all different.
pub fn calls(component: Digest, function: &str, numbers: Range<u32>) -> Vec<TaskSpec> {
    let kind = TaskKind::function(component, function);
    let definition = Arc::new(Definition::new("default", kind, TaskOptions::default()));
    let task = |number: u32| {
        let arguments = Arguments {
            bytes: number.to_le_bytes().to_vec().into(),
            ..Arguments::default()
        };
        TaskSpec::new(definition.clone(), arguments, Box::default(), 0, TypeId(0))
    };
    numbers.map(task).collect()
}
