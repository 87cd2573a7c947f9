//! What a scheduler tells of its components, datasets and itself.

use std::time::Duration;

use wask_core::{Digest, Key};
use wask_schema::{
    common_capnp::function_info,
    session_capnp::{
        KeyStateKind as Kind, cluster_status, component_info, dataset_info, task_counts,
        worker_status,
    },
};

use super::{list_len, read_key, read_keys, structs, write_keys};
use crate::Error;

/// A component that the scheduler has admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentInfo {
    /// Its digest.
    pub digest: Digest,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// From which file it came, where that is known. Anything a client may say.
    pub file: Option<String>,
    /// Bytes.
    pub size: u64,
    /// What it exports.
    pub functions: Vec<FunctionInfo>,
}

/// A function of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionInfo {
    /// `count-words`, or `demo:text/words#count`.
    pub name: String,
    /// WIT text.
    pub ty: String,
    /// Its documentation, where there is some.
    pub docs: Option<String>,
}

/// A named, published set of futures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetInfo {
    /// Its name.
    pub name: String,
    /// The keys, in order.
    pub keys: Vec<Key>,
    /// The type of each, as WIT text.
    pub ty: String,
    /// The state of each.
    pub states: Vec<KeyStateKind>,
    /// Bytes of what is finished.
    pub nbytes: u64,
}

/// The state of a future, without what comes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyStateKind {
    /// Not yet computed.
    Pending,
    /// Computed.
    Finished,
    /// Failed.
    Error,
    /// Cancelled.
    Cancelled,
    /// Gone for good.
    Lost,
}

impl KeyStateKind {
    /// The state's name, as people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Finished => "finished",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }
}

/// A scheduler at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterStatus {
    /// Its software.
    pub software_version: String,
    /// Since it started.
    pub uptime: Duration,
    /// Its workers, in the order in which they joined.
    pub workers: Vec<WorkerStatus>,
    /// Its tasks.
    pub tasks: TaskCounts,
    /// Clients that are logged in.
    pub sessions: u32,
}

/// A worker at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkerStatus {
    /// Its name.
    pub name: String,
    /// Where peers reach it.
    pub address: String,
    /// Tasks at a time.
    pub slots: u32,
    /// Tasks assigned to it.
    pub processing: u32,
    /// Of them, those in a slot at its last heartbeat.
    pub executing: u32,
    /// Results that it holds.
    pub stored_keys: u64,
    /// Bytes of them.
    pub stored_bytes: u64,
    /// Of them, those on disk.
    pub spilled_bytes: u64,
    /// Bytes that it may hold in memory.
    pub memory_limit: u64,
    /// Tasks since it joined.
    pub finished: u64,
    /// Since its last heartbeat.
    pub silent: Duration,
    /// Its process.
    pub process_id: u32,
}

/// Tasks that a scheduler knows, by state, and totals since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the schema documents the states; the names say the rest"
)]
pub struct TaskCounts {
    pub released: u64,
    pub waiting: u64,
    pub no_worker: u64,
    pub queued: u64,
    pub processing: u64,
    pub memory: u64,
    pub erred: u64,
    pub total_finished: u64,
    pub total_erred: u64,
    pub total_recomputed: u64,
    pub total_workers_lost: u64,
}

fn optional(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Takes all out of a message.
pub fn read_component_info(info: component_info::Reader<'_>) -> Result<ComponentInfo, Error> {
    let functions = structs(info.get_functions()?)?.iter();
    Ok(ComponentInfo {
        digest: Digest(read_key(info.get_digest()?)?.0),
        name: optional(info.get_name()?.to_str()?),
        file: optional(info.get_file()?.to_str()?),
        size: info.get_size(),
        functions: functions.map(read_function).collect::<Result<_, _>>()?,
    })
}

fn read_function(function: function_info::Reader<'_>) -> Result<FunctionInfo, Error> {
    Ok(FunctionInfo {
        name: function.get_name()?.to_str()?.to_owned(),
        ty: function.get_type()?.to_str()?.to_owned(),
        docs: optional(function.get_docs()?.to_str()?),
    })
}

/// What the fields of an information take that are always there, with the ends of its texts and
/// lists.
const INFO_BYTES: usize = 128;

/// About what it takes in a message, and no less.
pub fn component_info_bytes(info: &ComponentInfo) -> usize {
    let functions = info.functions.iter().map(|function| {
        let docs = function.docs.as_ref().map_or(0, String::len);
        INFO_BYTES + function.name.len() + function.ty.len() + docs
    });
    let texts = info.name.iter().chain(&info.file).map(String::len);
    INFO_BYTES + texts.sum::<usize>() + functions.sum::<usize>()
}

/// Fills a message.
pub fn write_component_info(mut out: component_info::Builder<'_>, info: &ComponentInfo) {
    out.set_digest(&info.digest.0);
    out.set_name(info.name.as_deref().unwrap_or_default());
    out.set_file(info.file.as_deref().unwrap_or_default());
    out.set_size(info.size);
    let mut functions = out.init_functions(list_len(info.functions.len()));
    for (index, function) in (0..).zip(&info.functions) {
        let mut out = functions.reborrow().get(index);
        out.set_name(&function.name);
        out.set_type(&function.ty);
        out.set_docs(function.docs.as_deref().unwrap_or_default());
    }
}

/// Takes all out of a message.
pub fn read_dataset_info(info: dataset_info::Reader<'_>) -> Result<DatasetInfo, Error> {
    let states = info.get_states()?.iter();
    let states = states.map(|state| {
        Ok(match state? {
            Kind::Pending => KeyStateKind::Pending,
            Kind::Finished => KeyStateKind::Finished,
            Kind::Error => KeyStateKind::Error,
            Kind::Cancelled => KeyStateKind::Cancelled,
            Kind::Lost => KeyStateKind::Lost,
        })
    });
    Ok(DatasetInfo {
        name: info.get_name()?.to_str()?.to_owned(),
        keys: read_keys(info.get_keys()?)?,
        ty: info.get_type()?.to_str()?.to_owned(),
        states: states.collect::<Result<_, Error>>()?,
        nbytes: info.get_nbytes(),
    })
}

/// About what it takes in a message, and no less.
pub fn dataset_info_bytes(info: &DatasetInfo) -> usize {
    let states = info.states.len() * size_of::<u16>();
    INFO_BYTES + info.name.len() + info.ty.len() + info.keys.len() * size_of::<Key>() + states
}

/// Fills a message.
pub fn write_dataset_info(mut out: dataset_info::Builder<'_>, info: &DatasetInfo) {
    out.set_name(&info.name);
    out.set_keys(&write_keys(&info.keys));
    out.set_type(&info.ty);
    out.set_nbytes(info.nbytes);
    let mut states = out.init_states(list_len(info.states.len()));
    for (index, state) in (0..).zip(&info.states) {
        states.set(
            index,
            match state {
                KeyStateKind::Pending => Kind::Pending,
                KeyStateKind::Finished => Kind::Finished,
                KeyStateKind::Error => Kind::Error,
                KeyStateKind::Cancelled => Kind::Cancelled,
                KeyStateKind::Lost => Kind::Lost,
            },
        );
    }
}

/// Takes all out of a message.
pub fn read_status(status: cluster_status::Reader<'_>) -> Result<ClusterStatus, Error> {
    Ok(ClusterStatus {
        software_version: status.get_software_version()?.to_str()?.to_owned(),
        uptime: Duration::from_secs(status.get_uptime_seconds()),
        workers: structs(status.get_workers()?)?
            .iter()
            .map(read_worker)
            .collect::<Result<_, _>>()?,
        tasks: read_counts(status.get_tasks()?),
        sessions: status.get_sessions(),
    })
}

fn read_worker(worker: worker_status::Reader<'_>) -> Result<WorkerStatus, Error> {
    Ok(WorkerStatus {
        name: worker.get_name()?.to_str()?.to_owned(),
        address: worker.get_address()?.to_str()?.to_owned(),
        slots: worker.get_slots(),
        processing: worker.get_processing(),
        executing: worker.get_executing(),
        stored_keys: worker.get_stored_keys(),
        stored_bytes: worker.get_stored_bytes(),
        spilled_bytes: worker.get_spilled_bytes(),
        memory_limit: worker.get_memory_limit(),
        finished: worker.get_finished(),
        silent: Duration::from_millis(worker.get_silent_millis()),
        process_id: worker.get_process_id(),
    })
}

fn read_counts(counts: task_counts::Reader<'_>) -> TaskCounts {
    TaskCounts {
        released: counts.get_released(),
        waiting: counts.get_waiting(),
        no_worker: counts.get_no_worker(),
        queued: counts.get_queued(),
        processing: counts.get_processing(),
        memory: counts.get_memory(),
        erred: counts.get_erred(),
        total_finished: counts.get_total_finished(),
        total_erred: counts.get_total_erred(),
        total_recomputed: counts.get_total_recomputed(),
        total_workers_lost: counts.get_total_workers_lost(),
    }
}

/// Fills a message.
pub fn write_status(mut out: cluster_status::Builder<'_>, status: &ClusterStatus) {
    out.set_software_version(&status.software_version);
    out.set_uptime_seconds(status.uptime.as_secs());
    out.set_sessions(status.sessions);
    write_counts(out.reborrow().init_tasks(), &status.tasks);
    let mut workers = out.init_workers(list_len(status.workers.len()));
    for (index, worker) in (0..).zip(&status.workers) {
        write_worker(workers.reborrow().get(index), worker);
    }
}

fn write_worker(mut out: worker_status::Builder<'_>, worker: &WorkerStatus) {
    out.set_name(&worker.name);
    out.set_address(&worker.address);
    out.set_slots(worker.slots);
    out.set_processing(worker.processing);
    out.set_executing(worker.executing);
    out.set_stored_keys(worker.stored_keys);
    out.set_stored_bytes(worker.stored_bytes);
    out.set_spilled_bytes(worker.spilled_bytes);
    out.set_memory_limit(worker.memory_limit);
    out.set_finished(worker.finished);
    out.set_silent_millis(u64::try_from(worker.silent.as_millis()).unwrap_or(u64::MAX));
    out.set_process_id(worker.process_id);
}

fn write_counts(mut out: task_counts::Builder<'_>, counts: &TaskCounts) {
    out.set_released(counts.released);
    out.set_waiting(counts.waiting);
    out.set_no_worker(counts.no_worker);
    out.set_queued(counts.queued);
    out.set_processing(counts.processing);
    out.set_memory(counts.memory);
    out.set_erred(counts.erred);
    out.set_total_finished(counts.total_finished);
    out.set_total_erred(counts.total_erred);
    out.set_total_recomputed(counts.total_recomputed);
    out.set_total_workers_lost(counts.total_workers_lost);
}
