//! What the client of `dask.distributed` does in some situation, and what ours does: one test for
//! each, against a whole cluster in this process. `host/client/docs/peer-semantics.md` lists them,
//! and `table` keeps that list true.
//!
//! Nothing here waits for a time to pass, but where a time that passes is the case itself: what
//! takes its time is a task without an end that is cancelled, and what happens on the scheduler is
//! asked for until it has happened.

mod cancel;
mod closing;
mod datasets;
mod errors;
mod gather;
mod limits;
mod losing_workers;
mod map;
mod order;
mod release;
mod scatter;
mod share;
mod table;
mod waiting;
mod workers;

use std::time::Duration;

use serde::Serialize;
use wask::{
    Client, ClusterStatus, Component, Error, Function, Future, LocalCluster, LocalClusterBuilder,
    Options, TaskCounts, TaskError,
};

/// Tasks that add, fail, or never end.
const TASKS: &str = include_str!("../../../../tests/guests/wat/tasks.wat");

/// How long something may take that takes no time, before a test fails rather than hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A cluster, and a client that has its tasks uploaded.
struct Bench {
    cluster: LocalCluster,
    client: Client,
    tasks: Component,
}

impl Bench {
    async fn new(workers: u32, slots: u32) -> Self {
        Self::of(LocalCluster::builder().workers(workers).slots(slots)).await
    }

    async fn of(cluster: LocalClusterBuilder) -> Self {
        let cluster = cluster.memory_limit(64 << 20).start().await.unwrap();
        let client = cluster.client().await.unwrap();
        let tasks = client.upload(TASKS.as_bytes().to_vec()).await.unwrap();
        Self {
            cluster,
            client,
            tasks,
        }
    }

    /// A cluster with one slot, which is taken, as is the place of the task that is sent ahead:
    /// whatever else needs no input is queued until these two are cancelled or dropped.
    async fn busy() -> (Self, Vec<Future>) {
        let bench = Self::new(1, 1).await;
        let endless = vec![bench.submit("spin", (1,)), bench.submit("spin", (2,))];
        bench.until(|status| status.tasks.processing == 2).await;
        (bench, endless)
    }

    fn function(&self, name: &str) -> Function {
        self.tasks.function(name).unwrap()
    }

    fn submit(&self, function: &str, arguments: impl Serialize) -> Future {
        let function = self.function(function);
        self.client.submit(&function, arguments).unwrap()
    }

    fn submit_with(&self, options: Options, function: &str, arguments: impl Serialize) -> Future {
        let function = self.function(function).with(options);
        self.client.submit(&function, arguments).unwrap()
    }

    /// What the scheduler knows, once it has taken in all that this client has said.
    async fn counts(&self) -> TaskCounts {
        self.client.flush().await.unwrap();
        self.client.status().await.unwrap().tasks
    }

    /// Asks the scheduler until it is so.
    async fn until(&self, is_so: impl Fn(&ClusterStatus) -> bool) -> ClusterStatus {
        until(&self.client, is_so).await
    }

    /// Asks the scheduler until it knows no task any more.
    async fn until_empty(&self) {
        self.until(|status| known(&status.tasks) == 0).await;
    }

    /// The names of the workers that hold a result.
    async fn holders(&self, future: &Future) -> Vec<String> {
        self.client.who_has([future]).await.unwrap().remove(0)
    }
}

/// Asks the scheduler until it is so, and gives back what it said then.
async fn until(client: &Client, is_so: impl Fn(&ClusterStatus) -> bool) -> ClusterStatus {
    let asking = async {
        loop {
            let status = client.status().await.unwrap();
            if is_so(&status) {
                return status;
            }
            tokio::task::yield_now().await;
        }
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(status) => status,
        Err(_) => panic!("it never was so: {:#?}", client.status().await),
    }
}

/// How many tasks and values the scheduler knows.
fn known(counts: &TaskCounts) -> u64 {
    let TaskCounts {
        released,
        waiting,
        no_worker,
        queued,
        processing,
        memory,
        erred,
        ..
    } = counts;
    released + waiting + no_worker + queued + processing + memory + erred
}

async fn number(future: &Future) -> u32 {
    future.result().await.unwrap()
}

/// The failure of a task that has failed.
async fn failure(future: &Future) -> TaskError {
    match future.value().await {
        Err(Error::Task(error)) => error,
        other => panic!("{future:?} did not fail but gave {other:?}"),
    }
}

/// Whether the future says that its task was cancelled.
async fn is_cancelled(future: &Future) -> bool {
    matches!(future.value().await, Err(Error::Cancelled { .. }))
}
