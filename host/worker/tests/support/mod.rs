//! A scheduler that does what a test says, for workers on the same `LocalSet`.

mod guest;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::mpsc, task::JoinHandle};
use wask_component::Component;
use wask_core::{
    Applied, Arguments, Attempt, Definition, Digest, Failure, Hole, Key, ScatterId, TaskKind,
    TaskOptions, TaskSpec, TypeId, WorkerId,
    scheduler::{Action, Event, Input, TaskResult},
};
use wask_rpc::{
    Address, Connection, Limits, Listener, Refusal, object_collector, wire, write_objects,
};
use wask_schema::{
    gateway_capnp::gateway,
    transfer_capnp::{object_sink, object_store},
    worker_capnp::{membership, worker_commands, worker_events},
};
use wask_worker::{Config, Error};

pub(crate) const HEARTBEAT: Duration = Duration::from_millis(100);

/// The door and everything behind it.
pub(crate) struct Scheduler {
    pub(crate) address: Address,
    pub(crate) component: Component,
    shared: Rc<Shared>,
    news: RefCell<mpsc::UnboundedReceiver<News>>,
    listening: JoinHandle<()>,
}

struct Shared {
    news: mpsc::UnboundedSender<News>,
    component: Component,
    refusal: RefCell<Option<Refusal>>,
    /// What it tells workers to show one another.
    peer_key: Cell<[u8; 32]>,
    next: Cell<u32>,
    connections: RefCell<Vec<Connection>>,
    /// Messages with events.
    pushes: Cell<u32>,
    /// How often the component was asked for.
    downloads: Cell<u32>,
}

/// What a worker did.
pub(crate) enum News {
    Joined(Member),
    Told(Event),
    Heartbeat(WorkerId),
    Left(WorkerId),
}

/// A worker, as its scheduler knows it.
pub(crate) struct Member {
    pub(crate) id: WorkerId,
    pub(crate) info: wire::JoinInfo,
    pub(crate) commands: worker_commands::Client,
    pub(crate) store: object_store::Client,
}

impl Scheduler {
    /// Listens in this process.
    pub(crate) async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("scheduler-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Self::listen(Address::InProcess(name)).await
    }

    pub(crate) async fn listen(address: Address) -> Self {
        let (sender, news) = mpsc::unbounded_channel();
        let component = Component::load(guest::WAT.as_bytes()).unwrap();
        let shared = Rc::new(Shared {
            news: sender,
            component: component.clone(),
            refusal: RefCell::default(),
            peer_key: Cell::default(),
            next: Cell::new(0),
            connections: RefCell::default(),
            pushes: Cell::new(0),
            downloads: Cell::new(0),
        });
        let listener = Listener::bind(&address).await.unwrap();
        let address = listener.address().clone();
        let door = shared.clone();
        let listening = tokio::task::spawn_local(async move {
            while let Ok(stream) = listener.accept().await {
                let gateway: gateway::Client = capnp_rpc::new_client(Gateway(door.clone()));
                let connection = Connection::serve(stream, gateway.client, &Limits::default());
                door.connections.borrow_mut().push(connection);
            }
        });
        Self {
            address,
            component,
            shared,
            news: RefCell::new(news),
            listening,
        }
    }

    /// Lets nobody in.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        *self.shared.refusal.borrow_mut() = Some(refusal);
    }

    /// Tells those who join from now on another key.
    pub(crate) fn set_peer_key(&self, key: [u8; 32]) {
        self.shared.peer_key.set(key);
    }

    pub(crate) fn downloads(&self) -> u32 {
        self.shared.downloads.get()
    }

    /// Messages with events, since the last question.
    pub(crate) fn pushes(&self) -> u32 {
        self.shared.pushes.take()
    }

    /// Why the last connection ends, once it has.
    pub(crate) async fn last_closed(&self) -> String {
        let connection = self.shared.connections.borrow_mut().pop().unwrap();
        connection.closed().await.to_string()
    }

    /// Breaks all connections that there are.
    pub(crate) fn cut(&self) {
        self.shared.connections.borrow_mut().clear();
    }

    /// Breaks all connections, and takes no new ones.
    pub(crate) fn die(&self) {
        self.listening.abort();
        self.cut();
    }

    #[expect(
        clippy::await_holding_refcell_ref,
        reason = "a test waits in one place at a time"
    )]
    pub(crate) async fn news(&self) -> News {
        let mut news = self.news.borrow_mut();
        let next = tokio::time::timeout(Duration::from_secs(20), news.recv()).await;
        next.expect("a worker does something in time").unwrap()
    }

    /// The next worker that joins.
    pub(crate) async fn joined(&self) -> Member {
        loop {
            if let News::Joined(member) = self.news().await {
                return member;
            }
        }
    }

    /// The next event that a worker tells, but for heartbeats, for values that are kept, and for
    /// tasks that have started: of those it tells only where they take long.
    pub(crate) async fn event(&self) -> Event {
        loop {
            match self.news().await {
                News::Told(Event::TaskStarted { .. } | Event::DataKept { .. }) => {}
                News::Told(event) => return event,
                News::Heartbeat(_) => {}
                News::Left(worker) => panic!("{worker} left"),
                News::Joined(_) => panic!("a worker joined"),
            }
        }
    }

    pub(crate) async fn finished(&self) -> (Key, TaskResult) {
        match self.event().await {
            Event::TaskFinished { key, result, .. } => (key, result),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn erred(&self) -> Arc<Failure> {
        match self.event().await {
            Event::TaskErred { failure, .. } => failure,
            other => panic!("{other:?}"),
        }
    }

    /// A task of the test component.
    pub(crate) fn task(&self, function: &str, arguments: &[u8], options: TaskOptions) -> TaskSpec {
        let arguments = Arguments {
            bytes: Bytes::copy_from_slice(arguments),
            holes: [].into(),
        };
        let definition = Definition::new("default", self.kind(function, Applied::Once), options);
        TaskSpec::new(definition.into(), arguments, [].into(), 0, TypeId(0))
    }

    /// A task whose only argument is another's result.
    pub(crate) fn task_of(&self, function: &str, input: Key) -> TaskSpec {
        task_of_kind(self.kind(function, Applied::Once), input, &[])
    }

    /// A function of the test component, applied in some way.
    pub(crate) fn kind(&self, function: &str, applied: Applied) -> TaskKind {
        TaskKind::Function {
            component: Digest(*self.component.digest().as_bytes()),
            function: function.into(),
            applied,
        }
    }
}

/// An operator for this type.
pub(crate) fn operator(name: &str, ty: &str) -> TaskKind {
    TaskKind::Operator {
        name: name.into(),
        version: 1,
        types: [ty.into()].into(),
    }
}

/// A task of any kind whose first argument is another's result, followed by bytes.
pub(crate) fn task_of_kind(kind: TaskKind, input: Key, bytes: &[u8]) -> TaskSpec {
    let hole = Hole {
        offset: 0,
        dependency: 0,
    };
    let arguments = Arguments {
        bytes: Bytes::copy_from_slice(bytes),
        holes: [hole].into(),
    };
    let definition = Definition::new("default", kind, TaskOptions::default());
    TaskSpec::new(definition.into(), arguments, [input].into(), 0, TypeId(0))
}

impl Member {
    pub(crate) async fn compute(&self, tasks: impl IntoIterator<Item = TaskSpec>) {
        let actions: Vec<_> = tasks.into_iter().map(|task| self.run(task)).collect();
        self.command(&actions, &[]).await;
    }

    /// The order to run a task.
    pub(crate) fn run(&self, task: TaskSpec) -> Action {
        run(self.id, task, &[])
    }

    /// Runs a task whose inputs, of this size, are with other workers.
    pub(crate) async fn compute_from(&self, task: TaskSpec, nbytes: u64, holders: &[&Self]) {
        let ids: Vec<_> = holders.iter().map(|holder| (holder.id, nbytes)).collect();
        let peers: Vec<_> = holders
            .iter()
            .map(|holder| (holder.id, holder.info.contact_address.clone()))
            .collect();
        self.command(&[run(self.id, task, &ids)], &peers).await;
    }

    pub(crate) async fn command(&self, actions: &[Action], peers: &[(WorkerId, String)]) {
        let mut request = self.commands.push_request();
        wire::write_command_batch(request.get().init_batch(), actions, peers);
        request.send().await.unwrap();
    }

    /// Reads results: those that are here, in order of key, and the keys that are not.
    pub(crate) async fn read(&self, keys: &[Key]) -> (BTreeMap<Key, Bytes>, Vec<Key>) {
        let (sink, collected) = object_collector(keys.iter().map(|key| (*key, 1 << 30)));
        let mut request = self.store.get_request();
        request.get().set_keys(&wire::write_keys(keys));
        request.get().set_sink(sink);
        let answer = request.send().promise.await.unwrap();
        let missing = wire::read_keys(answer.get().unwrap().get_missing().unwrap()).unwrap();
        (collected.take().unwrap().into_iter().collect(), missing)
    }

    /// Stores a value, as scattering does: it is staged, then kept.
    pub(crate) async fn put(
        &self,
        key: Key,
        ty: &str,
        value: &[u8],
    ) -> Result<(), wask_rpc::Error> {
        let scatter = ScatterId(u64::from(key.0[0]));
        let mut request = self.store.put_request();
        request.get().set_scatter(scatter.0);
        let mut header = request.get().init_objects(1).get(0);
        header.set_key(&key.0);
        header.set_type(ty);
        header.set_size(value.len() as u64);
        header.set_tenant("default");
        let sink: object_sink::Client = request.send().pipeline.get_sink();
        let object = (key, Bytes::copy_from_slice(value));
        write_objects(&sink, [object], &Limits::default()).await?;
        let worker = self.id;
        self.command(&[Action::KeepData { worker, scatter }], &[])
            .await;
        Ok(())
    }
}

fn run(worker: WorkerId, task: TaskSpec, holders: &[(WorkerId, u64)]) -> Action {
    let dependencies = task.dependencies.iter();
    let inputs = dependencies.map(|key| Input {
        key: *key,
        nbytes: holders.first().map_or(0, |(_, nbytes)| *nbytes),
        holders: match holders {
            [] => vec![worker],
            holders => holders.iter().map(|(id, _)| *id).collect(),
        },
    });
    Action::ComputeTask {
        worker,
        attempt: Attempt(1),
        priority: wask_core::Priority {
            user: std::cmp::Reverse(task.definition.options.priority),
            submission: 1,
            order: 0,
        },
        inputs: inputs.collect(),
        task: Arc::new(task),
    }
}

/// Starts a worker on this `LocalSet`; gives it, the scheduler's view of it, and what stops it.
pub(crate) async fn start(scheduler: &Scheduler, config: Config) -> (Running, Member) {
    let running = Running::start(config);
    let member = scheduler.joined().await;
    (running, member)
}

/// A worker that runs.
pub(crate) struct Running {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), Error>>,
}

impl Running {
    pub(crate) fn start(config: Config) -> Self {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let ended = tokio::task::spawn_local(wask_worker::serve(config, |_| {}, shutdown));
        Self {
            stop: Some(stop),
            ended,
        }
    }

    /// Asks it to stop, and waits for that.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.stop.take();
        self.ended().await
    }

    /// Waits until it ends.
    pub(crate) async fn ended(self) -> Result<(), Error> {
        let ended = tokio::time::timeout(Duration::from_secs(20), self.ended).await;
        let ended = ended.expect("the worker ends in time").unwrap();
        drop(self.stop);
        ended
    }
}

/// A worker's settings for a test.
pub(crate) fn config(scheduler: &Scheduler) -> Config {
    Config {
        slots: 1,
        limits: Limits {
            heartbeat: HEARTBEAT,
            ..Limits::default()
        },
        ..Config::new(scheduler.address.clone())
    }
}

/// Runs a test on a `LocalSet`.
pub(crate) fn local<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

struct Gateway(Rc<Shared>);

impl gateway::Server for Gateway {
    async fn join(
        self: Rc<Self>,
        params: gateway::JoinParams,
        mut results: gateway::JoinResults,
    ) -> Result<(), capnp::Error> {
        let result = results.get().init_result();
        if let Some(refusal) = &*self.0.refusal.borrow() {
            wire::write_refusal(result.init_refused(), refusal);
            return Ok(());
        }
        let params = params.get()?;
        let id = WorkerId(self.0.next.get());
        self.0.next.set(id.0 + 1);
        let membership = Membership {
            id,
            shared: self.0.clone(),
        };
        let mut accepted = result.init_accepted();
        accepted.set_membership(capnp_rpc::new_client(membership));
        accepted.set_worker(id.0);
        accepted.set_peer_key(&self.0.peer_key.get());
        accepted.set_heartbeat_millis(u32::try_from(HEARTBEAT.as_millis()).unwrap());
        let joined = News::Joined(Member {
            id,
            info: wire::read_join_info(params.get_worker()?)?,
            commands: params.get_commands()?,
            store: params.get_store()?,
        });
        drop(self.0.news.send(joined));
        Ok(())
    }
}

struct Membership {
    id: WorkerId,
    shared: Rc<Shared>,
}

impl Drop for Membership {
    fn drop(&mut self) {
        drop(self.shared.news.send(News::Left(self.id)));
    }
}

impl membership::Server for Membership {
    async fn events(
        self: Rc<Self>,
        _: membership::EventsParams,
        mut results: membership::EventsResults,
    ) -> Result<(), capnp::Error> {
        let events = Events(self.id, self.shared.clone());
        results.get().set_events(capnp_rpc::new_client(events));
        Ok(())
    }

    async fn heartbeat(
        self: Rc<Self>,
        _: membership::HeartbeatParams,
        _: membership::HeartbeatResults,
    ) -> Result<(), capnp::Error> {
        drop(self.shared.news.send(News::Heartbeat(self.id)));
        Ok(())
    }

    async fn component(
        self: Rc<Self>,
        params: membership::ComponentParams,
        mut results: membership::ComponentResults,
    ) -> Result<(), capnp::Error> {
        self.shared.downloads.set(self.shared.downloads.get() + 1);
        let params = params.get()?;
        let key = wire::read_key(params.get_digest()?)?;
        let component = &self.shared.component;
        let found = *component.digest().as_bytes() == key.0;
        results.get().set_found(found);
        if found {
            let object = (key, component.bytes().clone());
            write_objects(&params.get_sink()?, [object], &Limits::default()).await?;
        }
        Ok(())
    }
}

struct Events(WorkerId, Rc<Shared>);

impl worker_events::Server for Events {
    async fn push(self: Rc<Self>, params: worker_events::PushParams) -> Result<(), capnp::Error> {
        self.1.pushes.set(self.1.pushes.get() + 1);
        for event in wire::read_worker_events(self.0, params.get()?.get_events()?)? {
            drop(self.1.news.send(News::Told(event)));
        }
        Ok(())
    }
}
