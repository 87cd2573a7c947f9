//! A worker from its start to its end.

use std::{
    cell::Cell,
    pin::pin,
    rc::Rc,
    sync::{Arc, mpsc as sync_mpsc},
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    task::JoinSet,
    time::{Instant, sleep},
};
use wask_core::{
    ENGINE_PROFILE, WorkerCore, WorkerId,
    worker::{self, ToScheduler},
};
use wask_rpc::{
    Address, Backoff, Listener, Outbox, Recorded, SOFTWARE_VERSION, spawn_rpc_thread,
    wire::{JoinInfo, Setup},
};
use wask_sandbox::{Sandbox, ThreadExecutor};
use wask_schema::common_capnp;
use wask_store::Store;

use crate::{
    Config, Error, address,
    commands::Commands,
    components::Components,
    driver::Driver,
    node::{Inbox, Input, Node},
    peer_server::serve_peers,
    peers::Peers,
    scheduler_link::{Link, heartbeats, send_events},
    store_server::StoreServer,
};

/// A member of a cluster.
pub struct Worker;

/// What a worker is to others, once it has joined.
#[derive(Clone, Debug)]
pub struct WorkerInfo {
    /// Its name.
    pub name: String,
    /// Where peers reach it.
    pub address: Address,
    /// Its membership.
    pub id: WorkerId,
}

impl Worker {
    /// Starts a worker on a thread of its own, and waits until it has joined the cluster.
    ///
    /// # Errors
    ///
    /// Where this machine does not have what it takes, or the scheduler cannot be reached within
    /// [`Config::connect_timeout`], or says no.
    pub fn start(config: Config) -> Result<WorkerHandle, Error> {
        let (joined, ready) = sync_mpsc::channel();
        let stop = Arc::new(Notify::new());
        let stopped = stop.clone();
        let on_joined = move |info: &WorkerInfo| {
            // The receiver waits for exactly this.
            let _ = joined.send(info.clone());
        };
        let serve = move || serve(config, on_joined, async move { stopped.notified().await });
        let thread = spawn_rpc_thread("wask-worker", serve)
            .map_err(|error| Error::Thread(error.to_string()))?;
        match ready.recv() {
            Ok(info) => Ok(WorkerHandle {
                info,
                stop,
                thread: Some(thread),
            }),
            Err(_) => match end(thread) {
                Err(error) => Err(error),
                Ok(()) => Err(Error::Thread("it ended before it had joined".to_owned())),
            },
        }
    }
}

/// A worker that runs on a thread of this process. It leaves the cluster when this is dropped.
pub struct WorkerHandle {
    info: WorkerInfo,
    stop: Arc<Notify>,
    /// Taken when it is joined.
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl WorkerHandle {
    /// Its name, its address and its membership.
    pub fn info(&self) -> &WorkerInfo {
        &self.info
    }

    /// Makes it leave the cluster: running tasks are cancelled, the scheduler is told.
    pub fn shutdown(&self) {
        self.stop.notify_one();
    }

    /// Whether it has come to its end.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for its end, without causing it.
    ///
    /// # Errors
    ///
    /// What ended it, where that was not [`shutdown`](Self::shutdown).
    pub fn join(mut self) -> Result<(), Error> {
        self.thread.take().map_or(Ok(()), end)
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn end(thread: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    thread
        .join()
        .unwrap_or_else(|_| Err(Error::Thread("it panicked; see the log".to_owned())))
}

/// Runs a worker on the current thread, which must be inside of a `LocalSet`, until `shutdown` is
/// ready. `on_joined` is called when it has joined. A scheduler that is lost is looked for, with all
/// results kept, for [`Config::return_timeout`].
///
/// # Errors
///
/// As [`Worker::start`] and [`WorkerHandle::join`].
pub async fn serve(
    config: Config,
    on_joined: impl FnOnce(&WorkerInfo),
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let mut shutdown = pin!(shutdown);
    let mut member = tokio::select! {
        () = &mut shutdown => return Ok(()),
        member = Member::join(&config) => member?,
    };
    tracing::info!(
        name = member.info.name,
        address = %member.info.address,
        scheduler = %config.scheduler,
        slots = config.slots,
        "joined the cluster"
    );
    on_joined(&member.info);
    loop {
        let reason = tokio::select! {
            () = &mut shutdown => {
                member.leave("the worker was asked to stop").await;
                return Ok(());
            }
            reason = member.link.connection.closed() => reason.to_string(),
            reason = member.driver.run(&mut member.inbox) => reason,
        };
        tracing::warn!(
            reason,
            "lost the scheduler; looking for it, with all results kept"
        );
        tokio::select! {
            () = &mut shutdown => return Ok(()),
            rejoined = member.rejoin(&config, &reason) => rejoined?,
        }
        tracing::info!(id = %member.info.id, "joined the cluster again");
    }
}

/// A membership that ends sooner than that is thought to end so again.
const SHORT: Duration = Duration::from_secs(1);
/// The first and the longest pause after such.
const HASTE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(10));

/// A worker that has joined, with all that serves it.
struct Member {
    info: WorkerInfo,
    node: Rc<Node>,
    link: Link,
    driver: Driver<ThreadExecutor>,
    sender: Inbox,
    inbox: mpsc::UnboundedReceiver<Input>,
    join: JoinInfo,
    /// When the last membership began.
    joined: Instant,
    /// Pauses after memberships that ended at once.
    hasty: Backoff,
    /// Heartbeats and events on their way. They end with the membership.
    link_tasks: JoinSet<()>,
    /// The listener for peers. It ends with the worker.
    peers: JoinSet<()>,
}

impl Member {
    async fn join(config: &Config) -> Result<Self, Error> {
        let sandbox = sandbox(config)?;
        let (sender, inbox) = mpsc::unbounded_channel();
        let node = Rc::new(node(config, &sandbox, sender.clone())?);
        let listener = Listener::bind(&address::listen(config)?).await?;
        let contact = address::contact(config, listener.address())?;
        let executor = executor(config, &sandbox, sender.clone())?;
        let store = StoreServer::client(Rc::downgrade(&node));
        let join = join_info(config, &sandbox, &contact);
        let commands = Commands::client(sender.clone(), 1, config.limits.clone());
        let link = Link::join(config, &join, commands, store).await?;
        let outbox = Rc::new(Outbox::new(&config.limits));
        let mut peers = JoinSet::new();
        peers.spawn_local(serve_peers(
            listener,
            Rc::downgrade(&node),
            config.limits.clone(),
            config.peer_idle,
        ));
        let core_config = worker::Config {
            slots: config.slots,
            ..worker::Config::default()
        };
        let core = WorkerCore::new(link.worker, core_config.clone());
        let setup = Setup::Worker(link.worker, core_config);
        let core = Recorded::new(core, &setup, config.record.as_deref())?;
        Ok(Self {
            info: WorkerInfo {
                name: config.name.clone(),
                address: contact,
                id: link.worker,
            },
            link_tasks: link_tasks(&node, &link, &outbox),
            driver: Driver::new(node.clone(), core, executor, outbox),
            node,
            link,
            sender,
            inbox,
            join,
            joined: Instant::now(),
            hasty: Backoff::new(HASTE.0, HASTE.1),
            peers,
        })
    }

    /// The membership is over, for this reason: joins again. Meanwhile what runs comes to its end, and
    /// peers get what they ask for.
    async fn rejoin(&mut self, config: &Config, reason: &str) -> Result<(), Error> {
        self.link_tasks.abort_all();
        self.link.connection.close(reason);
        self.driver.lose_scheduler();
        self.join.previous = Some((self.link.scheduler, self.link.worker));
        if self.joined.elapsed() < SHORT {
            sleep(self.hasty.pause()).await;
        }
        let commands = Commands::client(
            self.sender.clone(),
            self.driver.membership(),
            config.limits.clone(),
        );
        let store = StoreServer::client(Rc::downgrade(&self.node));
        let link = tokio::select! {
            link = Link::return_to(config, &self.join, &commands, &store) => {
                link.map_err(|error| lost(config, reason, error))?
            }
            reason = self.driver.run(&mut self.inbox) => {
                let scheduler = config.scheduler.clone();
                return Err(Error::Closed { scheduler, reason });
            }
        };
        let outbox = Rc::new(Outbox::new(&config.limits));
        self.link_tasks = link_tasks(&self.node, &link, &outbox);
        self.info.id = link.worker;
        self.joined = Instant::now();
        self.driver.find_scheduler(link.worker, outbox);
        self.link = link;
        Ok(())
    }

    /// Stops the guests, and takes leave.
    async fn leave(self, farewell: &str) {
        drop((self.driver, self.link_tasks, self.peers));
        self.link.leave(farewell).await;
        tracing::info!("left the cluster");
    }
}

/// Why a worker that lost its scheduler ends.
fn lost(config: &Config, reason: &str, error: Error) -> Error {
    match error {
        Error::Refused { .. } => error,
        error => Error::SchedulerLost {
            scheduler: config.scheduler.clone(),
            reason: format!("{reason}; then, for {:?}: {error}", config.return_timeout),
        },
    }
}

/// What goes on for as long as the membership lasts.
fn link_tasks(node: &Rc<Node>, link: &Link, outbox: &Rc<Outbox<ToScheduler>>) -> JoinSet<()> {
    node.components.set_membership(link.membership.clone());
    node.peers.set_key(link.peer_key.clone());
    let events = link.membership.events_request().send();
    let events = events.pipeline.get_events();
    let mut tasks = JoinSet::new();
    let connection = link.connection.handle();
    tasks.spawn_local(send_events(outbox.clone(), events, connection));
    tasks.spawn_local(heartbeats(
        Rc::downgrade(node),
        link.membership.clone(),
        link.heartbeat,
    ));
    tasks
}

fn sandbox(config: &Config) -> Result<Sandbox, Error> {
    if let Some(sandbox) = &config.sandbox {
        return Ok(sandbox.clone());
    }
    Ok(Sandbox::new(wask_sandbox::Config {
        slots: config.slots as usize,
        task_memory_max: config.task_memory,
        max_components: config.components_max,
        cache_dir: config.cache_dir.clone(),
        compiler: config.compiler.clone(),
        ..wask_sandbox::Config::default()
    })?)
}

fn node(config: &Config, sandbox: &Sandbox, inbox: Inbox) -> Result<Node, Error> {
    let store = Store::open(wask_store::Config {
        hard_limit: config.memory_hard_limit.max(config.memory_limit),
        spill_dir: config.spill_dir.clone(),
        ..wask_store::Config::new(config.memory_limit)
    })?;
    Ok(Node {
        name: config.name.as_str().into(),
        limits: config.limits.clone(),
        scatter_max: config.memory_hard_limit.max(config.memory_limit),
        store,
        components: Components::new(sandbox.clone()),
        peers: Peers::new(config.limits.clone(), config.peer_idle),
        inbox,
        executing: Cell::new(0),
    })
}

fn executor(config: &Config, sandbox: &Sandbox, inbox: Inbox) -> Result<ThreadExecutor, Error> {
    let on_done = move |token, report| {
        // The driver is gone only when the worker is.
        let _ = inbox.send(Input::Ran(token, report));
    };
    Ok(ThreadExecutor::new(
        sandbox,
        config.slots as usize,
        on_done,
    )?)
}

fn join_info(config: &Config, sandbox: &Sandbox, contact: &Address) -> JoinInfo {
    JoinInfo {
        info: wask_core::scheduler::WorkerInfo {
            name: config.name.as_str().into(),
            slots: config.slots,
            memory_limit: config.memory_limit,
            task_memory: config.task_memory.min(sandbox.task_memory_max()),
            resources: config.resources.clone(),
            returning: false,
            previous: None,
        },
        previous: None,
        contact_address: contact.to_string(),
        software_version: SOFTWARE_VERSION.to_owned(),
        protocol_version: common_capnp::PROTOCOL_VERSION,
        engine_profile: ENGINE_PROFILE,
        process_id: std::process::id(),
    }
}
