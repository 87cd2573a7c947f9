//! What a record holds: which core it is of, the events that it was told, what came of them.

mod scheduler_event;
mod worker_event;

use std::{fmt::Debug, io::Write, time::Duration};

use wask_core::{Time, WorkerId, scheduler, worker};
use wask_schema::{
    common_capnp,
    record_capnp::{entry, header, scheduled, scheduler_config, worker_config},
};

use super::{list_len, read_key};
use crate::Error;

/// A core whose events can be recorded.
pub trait Core: Sized + 'static {
    /// What it is told.
    type Event: Clone + Debug + PartialEq + Send;
    /// What it wants done.
    type Action: Clone + Debug + Send;

    /// Tells it.
    fn handle(&mut self, now: Time, event: Self::Event);
    /// Has it decide.
    fn schedule(&mut self, now: Time);
    /// The next thing to be done.
    fn poll_action(&mut self) -> Option<Self::Action>;
    /// Fills an entry with an event.
    fn write_event(out: entry::Builder<'_>, event: &Self::Event);
    /// The event of an entry.
    ///
    /// # Errors
    ///
    /// Where it has none, or one of another core.
    fn read_event(entry: entry::Reader<'_>) -> Result<Self::Event, Error>;
}

/// Which core a record is of, and all that it was made of.
#[derive(Clone, Debug, PartialEq)]
pub enum Setup {
    /// A scheduler's.
    Scheduler(scheduler::Config),
    /// A worker's, with its first membership.
    Worker(WorkerId, worker::Config),
}

/// What came out when a core decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How many actions.
    pub actions: u32,
    /// A digest of their texts, as `Debug` has them.
    pub digest: [u8; 32],
}

impl Outcome {
    /// What these actions come to.
    pub fn of(actions: &[impl Debug]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for action in actions {
            writeln!(hasher, "{action:?}").expect("hashing writes to nothing that could fail");
        }
        Self {
            actions: list_len(actions.len()),
            digest: *hasher.finalize().as_bytes(),
        }
    }
}

/// Fills a message.
pub fn write_outcome(mut out: scheduled::Builder<'_>, outcome: &Outcome) {
    out.set_actions(outcome.actions);
    out.set_digest(&outcome.digest);
}

/// Takes all out of a message.
pub fn read_outcome(scheduled: scheduled::Reader<'_>) -> Result<Outcome, Error> {
    Ok(Outcome {
        actions: scheduled.get_actions(),
        digest: read_key(scheduled.get_digest()?)?.0,
    })
}

/// Fills a message.
pub fn write_setup(mut out: header::Builder<'_>, setup: &Setup) {
    out.set_protocol_version(common_capnp::PROTOCOL_VERSION);
    match setup {
        Setup::Scheduler(config) => write_scheduler_config(out.init_scheduler(), config),
        Setup::Worker(worker, config) => {
            let mut out = out.init_worker();
            out.set_worker(worker.0);
            write_worker_config(out, config);
        }
    }
}

/// Takes all out of a message.
pub fn read_setup(header: header::Reader<'_>) -> Result<Setup, Error> {
    let version = header.get_protocol_version();
    if version != common_capnp::PROTOCOL_VERSION {
        return Err(Error::Malformed(format!(
            "a record of protocol version {version}; this program reads {}",
            common_capnp::PROTOCOL_VERSION
        )));
    }
    Ok(match header.which()? {
        header::Scheduler(config) => Setup::Scheduler(read_scheduler_config(config?)?),
        header::Worker(config) => {
            let config = config?;
            Setup::Worker(WorkerId(config.get_worker()), read_worker_config(config)?)
        }
    })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn count(count: u64) -> Result<usize, Error> {
    let error = |_| Error::Malformed(format!("a count of {count}"));
    usize::try_from(count).map_err(error)
}

fn write_scheduler_config(mut out: scheduler_config::Builder<'_>, config: &scheduler::Config) {
    out.set_heartbeat_interval_nanos(nanos(config.heartbeat_interval));
    out.set_heartbeats_missed_max(config.heartbeats_missed_max);
    out.set_return_time_nanos(nanos(config.return_time));
    out.set_saturation(config.saturation);
    out.set_shared_tasks_factor(config.shared_tasks_factor);
    out.set_shared_inputs_max(config.shared_inputs_max as u64);
    out.set_target_queue_nanos(nanos(config.target_queue));
    out.set_target_queue_tasks_max(config.target_queue_tasks_max as u64);
    out.set_unknown_duration_nanos(nanos(config.unknown_duration));
    out.set_duration_memory(config.duration_memory);
    out.set_idle_classes_max(config.idle_classes_max as u64);
    out.set_bandwidth(config.bandwidth);
    out.set_transfer_latency_nanos(nanos(config.transfer_latency));
    out.set_losses_max(config.losses_max);
    out.set_returns_max(config.returns_max);
}

fn read_scheduler_config(config: scheduler_config::Reader<'_>) -> Result<scheduler::Config, Error> {
    Ok(scheduler::Config {
        heartbeat_interval: Duration::from_nanos(config.get_heartbeat_interval_nanos()),
        heartbeats_missed_max: config.get_heartbeats_missed_max(),
        return_time: Duration::from_nanos(config.get_return_time_nanos()),
        saturation: config.get_saturation(),
        shared_tasks_factor: config.get_shared_tasks_factor(),
        shared_inputs_max: count(config.get_shared_inputs_max())?,
        target_queue: Duration::from_nanos(config.get_target_queue_nanos()),
        target_queue_tasks_max: count(config.get_target_queue_tasks_max())?,
        unknown_duration: Duration::from_nanos(config.get_unknown_duration_nanos()),
        duration_memory: config.get_duration_memory(),
        idle_classes_max: count(config.get_idle_classes_max())?,
        bandwidth: config.get_bandwidth(),
        transfer_latency: Duration::from_nanos(config.get_transfer_latency_nanos()),
        losses_max: config.get_losses_max(),
        returns_max: config.get_returns_max(),
    })
}

fn write_worker_config(mut out: worker_config::Builder<'_>, config: &worker::Config) {
    out.set_slots(config.slots);
    out.set_ahead_nanos(nanos(config.ahead));
    out.set_ahead_max(config.ahead_max);
    out.set_started_after_nanos(nanos(config.started_after));
    out.set_fetches_max(config.fetches_max as u64);
    out.set_fetch_keys_max(config.fetch_keys_max as u64);
    out.set_fetch_nbytes_max(config.fetch_nbytes_max);
}

fn read_worker_config(config: worker_config::Reader<'_>) -> Result<worker::Config, Error> {
    Ok(worker::Config {
        slots: config.get_slots(),
        ahead: Duration::from_nanos(config.get_ahead_nanos()),
        ahead_max: config.get_ahead_max(),
        started_after: Duration::from_nanos(config.get_started_after_nanos()),
        fetches_max: count(config.get_fetches_max())?,
        fetch_keys_max: count(config.get_fetch_keys_max())?,
        fetch_nbytes_max: config.get_fetch_nbytes_max(),
    })
}
