//! A cluster inside this process.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use tokio::sync::oneshot;
use wask_client::{Client, blocking};
use wask_rpc::{Address, Limits, random_token};
use wask_sandbox::{Compiler, Sandbox};
use wask_scheduler::{Scheduler, TaskRules, Tokens};
use wask_worker::{Worker, WorkerHandle};

use crate::Error;

/// A scheduler and workers inside this process, each on threads of its own. They speak as they
/// would between machines, over pipes, so a program does not change between this and a real
/// cluster; but sandboxes, and the code compiled for them, are shared.
///
/// It ends when it is dropped, which waits for its threads; [`shutdown`](Self::shutdown) does the
/// same without holding up an async program.
pub struct LocalCluster {
    /// Dropped before the scheduler, so that no worker loses it.
    workers: Vec<WorkerHandle>,
    scheduler: Option<Scheduler>,
    address: Address,
    token: Option<String>,
    limits: Limits,
}

/// Prepares a cluster: [`LocalCluster::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    workers: u32,
    slots: Option<u32>,
    memory_limit: Option<u64>,
    spill_dir: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
    compiler: Option<Compiler>,
    listen: Option<String>,
    token: Option<String>,
    worker_token: Option<String>,
    limits: Option<Limits>,
    task_rules: TaskRules,
}

impl Builder {
    /// How many workers. 1 by default: one is enough for all processors, and moves nothing; more
    /// of them show what a real cluster does.
    #[must_use]
    pub fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// How many tasks each worker runs at a time. The processors divided among the workers by
    /// default, at least 1.
    #[must_use]
    pub fn slots(mut self, slots: u32) -> Self {
        self.slots = Some(slots);
        self
    }

    /// Bytes of results that each worker holds in memory. 60 % of the machine's, divided among
    /// the workers, by default.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }

    /// The folder for results that memory has no room for. None by default.
    #[must_use]
    pub fn spill_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.spill_dir = Some(folder.into());
        self
    }

    /// The folder for compiled code, kept between processes. None by default.
    #[must_use]
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(folder.into());
        self
    }

    /// How components are compiled in processes of their own, which bounds the time and the memory
    /// that it takes. In this process by default, where nothing bounds it.
    #[must_use]
    pub fn compiler(mut self, compiler: Compiler) -> Self {
        self.compiler = Some(compiler);
        self
    }

    /// Where the scheduler listens: `tcp://127.0.0.1:0`, say, for clients and workers of other
    /// processes. Only this process reaches it by default.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = Some(address.into());
        self
    }

    /// A secret that clients must show; workers have another, which nobody knows unless
    /// [`worker_token`](Self::worker_token) is given. None by default.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// A secret that workers must show, for workers of other processes; clients have another,
    /// which only [`LocalCluster::client`] knows unless [`token`](Self::token) is given.
    #[must_use]
    pub fn worker_token(mut self, token: impl Into<String>) -> Self {
        self.worker_token = Some(token.into());
        self
    }

    /// Limits of all connections: sizes of messages, heartbeats. The usual ones by default, but
    /// with a heartbeat of a minute where only this process reaches the cluster.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// What tasks may use, by default and at most. The built-in rules by default, by which
    /// computing without a cluster goes too, so that equal calls have equal keys and results.
    #[must_use]
    pub fn task_rules(mut self, rules: TaskRules) -> Self {
        self.task_rules = rules;
        self
    }

    /// Starts the cluster, and waits until all workers have joined.
    ///
    /// # Errors
    /// Where the machine does not have what it takes; see [`Error`].
    pub async fn start(self) -> Result<LocalCluster, Error> {
        let (started, is_started) = oneshot::channel();
        thread::Builder::new()
            .name("wask-local-start".into())
            .spawn(move || {
                // Where nobody waits any more, the cluster ends here.
                let _ = started.send(self.start_blocking());
            })?;
        is_started.await.unwrap_or(Err(Error::CutShort))
    }

    /// As [`start`](Self::start), for programs without async.
    ///
    /// ```no_run
    /// use wask_deploy::LocalCluster;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cluster = LocalCluster::builder().start_blocking()?;
    /// let client = cluster.blocking_client()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_blocking(mut self) -> Result<LocalCluster, Error> {
        let tokens = self.settle_tokens()?;
        let listen = match &self.listen {
            Some(address) => address.parse()?,
            None => Address::InProcess(unique_name()),
        };
        let limits = self.limits_of_all();
        let scheduler = Scheduler::start(wask_scheduler::Config {
            tokens,
            limits: limits.clone(),
            task_rules: self.task_rules,
            ..wask_scheduler::Config::new(listen)
        })?;
        let address = scheduler.address().clone();
        let mut cluster = LocalCluster {
            workers: Vec::new(),
            scheduler: Some(scheduler),
            address,
            token: self.token.clone(),
            limits,
        };
        let sandbox = self.sandbox()?;
        for number in 0..self.workers {
            let config = self.worker(number, &cluster, &sandbox);
            cluster.workers.push(Worker::start(config)?);
        }
        Ok(cluster)
    }

    /// Where either is asked for a token, both are.
    fn settle_tokens(&mut self) -> Result<Option<Tokens>, Error> {
        if self.token.is_none() && self.worker_token.is_none() {
            return Ok(None);
        }
        for token in [&mut self.token, &mut self.worker_token] {
            if token.is_none() {
                *token = Some(random_token()?);
            }
        }
        let (clients, workers) = (self.token.clone(), self.worker_token.clone());
        let tokens = clients.zip(workers);
        Ok(tokens
            .map(|(clients, workers)| Tokens::new(clients, workers))
            .transpose()?)
    }

    /// What shares a process is lost together: there, silence means only that the machine is busy.
    fn limits_of_all(&self) -> Limits {
        self.limits.clone().unwrap_or_else(|| match self.listen {
            Some(_) => Limits::default(),
            None => Limits {
                heartbeat: Duration::from_secs(60),
                ..Limits::default()
            },
        })
    }

    fn slots_of_each(&self) -> u32 {
        let all = thread::available_parallelism().map_or(1, |count| count.get());
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        self.slots.unwrap_or(all / self.workers.max(1)).max(1)
    }

    /// One for all workers, since a process should have only one engine.
    fn sandbox(&self) -> Result<Sandbox, Error> {
        Ok(Sandbox::new(wask_sandbox::Config {
            slots: (self.slots_of_each() * self.workers.max(1)) as usize,
            cache_dir: self.cache_dir.clone(),
            compiler: self.compiler.clone(),
            ..wask_sandbox::Config::default()
        })?)
    }

    fn worker(
        &self,
        number: u32,
        cluster: &LocalCluster,
        sandbox: &Sandbox,
    ) -> wask_worker::Config {
        let defaults = wask_worker::Config::new(cluster.address.clone());
        let share = defaults.memory_limit / u64::from(self.workers.max(1));
        let memory_limit = self.memory_limit.unwrap_or(share);
        wask_worker::Config {
            token: self.worker_token.clone(),
            name: format!("local-{number}"),
            slots: self.slots_of_each(),
            memory_limit,
            memory_hard_limit: memory_limit.saturating_add(memory_limit / 4),
            spill_dir: self.spill_dir.clone(),
            sandbox: Some(sandbox.clone()),
            limits: cluster.limits.clone(),
            ..defaults
        }
    }
}

/// A name for pipes that no other cluster of this process has.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("local-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl LocalCluster {
    /// A cluster with one worker that uses all processors, unless more is said.
    pub fn builder() -> Builder {
        Builder {
            workers: 1,
            slots: None,
            memory_limit: None,
            spill_dir: None,
            cache_dir: None,
            compiler: None,
            listen: None,
            token: None,
            worker_token: None,
            limits: None,
            task_rules: TaskRules::default(),
        }
    }

    /// Starts a cluster with one worker that uses all processors.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), wask_deploy::Error> {
    /// let cluster = wask_deploy::LocalCluster::start().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// Where the scheduler listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The names of the workers that run.
    pub fn workers(&self) -> impl Iterator<Item = &str> {
        self.workers
            .iter()
            .map(|worker| worker.info().name.as_str())
    }

    /// A client of this cluster.
    ///
    /// ```no_run
    /// # async fn example(cluster: wask_deploy::LocalCluster) -> Result<(), wask_client::Error> {
    /// let client = cluster.client().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`wask_client::Builder::connect`].
    pub async fn client(&self) -> Result<Client, wask_client::Error> {
        self.client_builder().connect().await
    }

    /// As [`client`](Self::client), to set more of it.
    ///
    /// ```no_run
    /// # async fn example(cluster: wask_deploy::LocalCluster) -> Result<(), wask_client::Error> {
    /// let client = cluster.client_builder().max_result_bytes(1 << 20).connect().await?;
    /// # Ok(()) }
    /// ```
    pub fn client_builder(&self) -> wask_client::Builder {
        let builder = Client::builder(self.address.to_string()).limits(self.limits.clone());
        match &self.token {
            Some(token) => builder.token(token),
            None => builder,
        }
    }

    /// A client of this cluster, for programs without async.
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub fn blocking_client(&self) -> Result<blocking::Client, wask_client::Error> {
        blocking::Builder::from(self.client_builder()).connect()
    }

    /// Lets a worker leave, as if its machine were shut down: what it held is computed again
    /// elsewhere. Waits for its end. Says whether there was one of this name.
    ///
    /// ```no_run
    /// # fn example(mut cluster: wask_deploy::LocalCluster) {
    /// assert!(cluster.stop_worker("local-1"));
    /// # }
    /// ```
    pub fn stop_worker(&mut self, name: &str) -> bool {
        let place = self.workers().position(|worker| worker == name);
        let stopped = place.map(|place| self.workers.remove(place));
        if let Some(worker) = stopped {
            worker.shutdown();
            join(worker);
        }
        place.is_some()
    }

    /// Ends the cluster and waits for its end. Its clients are told.
    pub async fn shutdown(self) {
        let (ended, has_ended) = oneshot::channel();
        let end = move || {
            drop(self);
            // Where nobody waits any more, nothing is to be told.
            let _ = ended.send(());
        };
        if thread::Builder::new()
            .name("wask-local-end".into())
            .spawn(end)
            .is_ok()
        {
            // An error means that it has ended, too.
            let _ = has_ended.await;
        }
    }
}

impl Drop for LocalCluster {
    fn drop(&mut self) {
        for worker in &self.workers {
            worker.shutdown();
        }
        self.workers.drain(..).for_each(join);
        if let Some(scheduler) = self.scheduler.take() {
            scheduler.shutdown();
        }
    }
}

fn join(worker: WorkerHandle) {
    let name = worker.info().name.clone();
    if let Err(error) = worker.join() {
        tracing::warn!(worker = name, %error, "a worker did not end as it should");
    }
}
