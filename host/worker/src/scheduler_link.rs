//! This side of the membership: joining, events in batches, signs of life.

use std::{
    fmt,
    rc::{Rc, Weak},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use wask_core::{WorkerId, worker::ToScheduler};
use wask_rpc::{
    Backoff, Connection, ConnectionHandle, Outbox, RefusalCode, Secret, Stream, connect, wire,
};
use wask_schema::{
    gateway_capnp::{gateway, gateway::join},
    transfer_capnp::object_store,
    worker_capnp::{membership, worker_commands, worker_events},
};

use crate::{Config, Error, node::Node};

/// The first and the longest pause between two tries to connect.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How long a worker that leaves waits for its last messages to go out.
const LEAVE: Duration = Duration::from_secs(2);

/// A place in the cluster.
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) membership: membership::Client,
    pub(crate) worker: WorkerId,
    /// Which scheduler it is.
    pub(crate) scheduler: u64,
    pub(crate) heartbeat: Duration,
    /// What workers of this cluster show one another.
    pub(crate) peer_key: Secret,
}

impl Link {
    /// Joins the cluster, with this worker's information and what it offers.
    pub(crate) async fn join(
        config: &Config,
        info: &wire::JoinInfo,
        commands: worker_commands::Client,
        store: object_store::Client,
    ) -> Result<Self, Error> {
        let stream = reach(config).await?;
        Self::join_over(stream, config, info, commands, store).await
    }

    /// Joins the cluster again, trying for [`Config::return_timeout`]: until somebody answers, and
    /// until the scheduler has noticed that the last membership is over.
    pub(crate) async fn return_to(
        config: &Config,
        info: &wire::JoinInfo,
        commands: &worker_commands::Client,
        store: &object_store::Client,
    ) -> Result<Self, Error> {
        let deadline = Instant::now() + config.return_timeout;
        let (first, longest) = RETRY;
        let mut backoff = Backoff::new(first, longest);
        loop {
            let pause = backoff.pause();
            let error = match connect(&config.scheduler, &config.limits).await {
                Err(error) => error.into(),
                Ok(stream) => {
                    let (commands, store) = (commands.clone(), store.clone());
                    match Self::join_over(stream, config, info, commands, store).await {
                        Ok(link) => return Ok(link),
                        Err(error) => error,
                    }
                }
            };
            let is_final = matches!(&error, Error::Refused { refusal, .. }
                if refusal.code != RefusalCode::Exists);
            if is_final || Instant::now() + pause > deadline {
                return Err(error);
            }
            tracing::debug!(%error, ?pause, "trying again");
            sleep(pause).await;
        }
    }

    async fn join_over(
        stream: Stream,
        config: &Config,
        info: &wire::JoinInfo,
        commands: worker_commands::Client,
        store: object_store::Client,
    ) -> Result<Self, Error> {
        let (gateway, connection) = Connection::open::<gateway::Client>(stream, &config.limits);
        let mut request = gateway.join_request();
        let mut params = request.get();
        let token = config.token.as_deref();
        wire::write_credential(params.reborrow().init_credential(), token);
        wire::write_join_info(params.reborrow().init_worker(), info);
        params.set_commands(commands);
        params.set_store(store);
        let lost = |reason: &dyn fmt::Display| Error::SchedulerLost {
            scheduler: config.scheduler.clone(),
            reason: format!("it did not answer the request to join: {reason}"),
        };
        let answer = tokio::select! {
            answer = request.send().promise => answer.map_err(|error| lost(&error))?,
            reason = connection.closed() => return Err(lost(&reason)),
        };
        let malformed = |error: capnp::Error| Error::Rpc(error.into());
        let result = answer.get().and_then(|answer| answer.get_result());
        match result
            .map_err(malformed)?
            .which()
            .map_err(wask_rpc::Error::from)?
        {
            join::Accepted(accepted) => {
                let accepted = accepted.map_err(malformed)?;
                let heartbeat = Duration::from_millis(accepted.get_heartbeat_millis().into());
                let heartbeat = heartbeat.max(Duration::from_millis(1));
                connection.set_silence(heartbeat * 3);
                Ok(Self {
                    membership: accepted.get_membership().map_err(malformed)?,
                    worker: WorkerId(accepted.get_worker()),
                    scheduler: accepted.get_scheduler(),
                    peer_key: wire::read_peer_key(accepted.get_peer_key().map_err(malformed)?)?,
                    heartbeat,
                    connection,
                })
            }
            join::Refused(refusal) => Err(Error::Refused {
                scheduler: config.scheduler.clone(),
                name: config.name.clone(),
                refusal: wire::read_refusal(refusal.map_err(malformed)?)?,
            }),
        }
    }

    /// Gives the place up, for good.
    pub(crate) async fn leave(self, reason: impl fmt::Display) {
        let leave = self.membership.leave_request().send().promise;
        if !matches!(tokio::time::timeout(LEAVE, leave).await, Ok(Ok(_))) {
            tracing::debug!("the scheduler did not hear that this worker leaves");
        }
        drop(self.membership);
        self.connection.close(reason);
        if tokio::time::timeout(LEAVE, self.connection.closed())
            .await
            .is_err()
        {
            tracing::warn!("the scheduler took too long to see this worker off");
        }
    }
}

/// Connects, trying again while nobody answers.
async fn reach(config: &Config) -> Result<Stream, Error> {
    let deadline = Instant::now() + config.connect_timeout;
    let (first, longest) = RETRY;
    let mut backoff = Backoff::new(first, longest);
    loop {
        let error = match connect(&config.scheduler, &config.limits).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let pause = backoff.pause();
        if Instant::now() + pause > deadline {
            return Err(error.into());
        }
        tracing::debug!(%error, ?pause, "trying again");
        sleep(pause).await;
    }
}

/// Sends a sign of life every interval, until the connection ends. One that is not answered holds
/// back the next; the connection itself notices that the scheduler is silent.
pub(crate) async fn heartbeats(node: Weak<Node>, membership: membership::Client, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(node) = node.upgrade() else {
            return;
        };
        let stats = node.store.stats();
        let mut request = membership.heartbeat_request();
        let mut report = request.get().init_report();
        report.set_executing(node.executing.get());
        report.set_stored_bytes(stats.memory_bytes);
        report.set_spilled_bytes(stats.spilled_bytes);
        drop(node);
        if let Err(error) = request.send().promise.await {
            tracing::debug!(%error, "a heartbeat did not get through");
            return;
        }
    }
}

/// Sends the scheduler what waits for it, until the connection ends.
pub(crate) async fn send_events(
    outbox: Rc<Outbox<ToScheduler>>,
    events: worker_events::Client,
    connection: ConnectionHandle,
) {
    while let Some(batch) = outbox.batch(wire::worker_event_bytes).await {
        let mut request = events.push_request();
        let list = request.get().init_events(wire::list_len(batch.items.len()));
        wire::write_worker_events(list, &batch.items);
        drop(batch);
        if let Err(error) = request.send().await {
            let error = wask_rpc::Error::from(error);
            tracing::warn!(%error, "events did not get through");
            connection.close(format!("events were not taken in: {error}"));
            return;
        }
    }
}
