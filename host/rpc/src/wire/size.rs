//! How many bytes things take in a message: exactly those that their writers fill.
//!
//! Whoever sends decides by these numbers what goes into one message, so that no reader meets one
//! that is too large for it. What a message takes beside them (its own header, and a word for each
//! further segment) is small and constant.

use std::{collections::HashSet, sync::Arc};

use capnp::traits::{HasStructSize, OwnedStruct};
use wask_core::{
    Definition, Failure, Key, TaskKind, TaskSpec, WorkerId,
    scheduler::{Action, Input, KeyState},
    worker::ToScheduler,
};
use wask_schema::{common_capnp, session_capnp, worker_capnp};

use super::{KeyNews, OutgoingBatch, told_holders};
use crate::Refusal;

/// Bytes of one word, in which messages are measured.
pub(super) const WORD: usize = 8;
/// Words of a key.
const KEY: usize = size_of::<Key>() / WORD;

/// A struct, without what it points to.
pub(super) fn of<S: OwnedStruct>() -> usize {
    let size = <S::Builder<'static> as HasStructSize>::STRUCT_SIZE;
    usize::from(size.data) + usize::from(size.pointers)
}

/// A list of structs, without what these point to.
fn list<S: OwnedStruct>(len: usize) -> usize {
    1 + len * of::<S>()
}

/// Text that was set, be it empty: it ends with a zero byte.
fn text(text: &str) -> usize {
    text.len() / WORD + 1
}

fn texts<T: AsRef<str>>(all: &[T]) -> usize {
    all.len() + all.iter().map(|one| text(one.as_ref())).sum::<usize>()
}

fn data(bytes: usize) -> usize {
    bytes.div_ceil(WORD)
}

/// What a definition takes in the table of a batch.
fn definition(definition: &Definition) -> usize {
    let kind = match &definition.kind {
        TaskKind::Function { function, .. } => KEY + text(function),
        TaskKind::Operator { name, types, .. } => text(name) + texts(types),
    };
    let options = &definition.options;
    let resources = options.resources.keys().map(|name| text(name));
    of::<common_capnp::definition::Owned>()
        + kind
        + text(&definition.tenant)
        + of::<common_capnp::task_options::Owned>()
        + text(options.label.as_deref().unwrap_or_default())
        + of::<common_capnp::result_limits::Owned>()
        + list::<common_capnp::resource::Owned>(options.resources.len())
        + resources.sum::<usize>()
        + texts(&options.workers)
}

fn task(task: &TaskSpec) -> usize {
    let holes = match task.arguments.holes.len() {
        0 => 0,
        len => list::<common_capnp::hole::Owned>(len),
    };
    of::<common_capnp::task::Owned>()
        + KEY
        + data(task.arguments.bytes.len())
        + holes
        + KEY * task.dependencies.len()
}

fn failure(told: &Failure) -> usize {
    let told = told.as_told();
    of::<common_capnp::failure::Owned>()
        + KEY
        + text(&told.label)
        + text(&told.message)
        + data(told.value.as_ref().map_or(0, bytes::Bytes::len))
        + text(told.error_type.as_deref().unwrap_or_default())
        + texts(&told.backtrace)
        + text(&told.log)
        + text(&told.worker)
}

fn refusal(refusal: &Refusal) -> usize {
    of::<common_capnp::refusal::Owned>() + text(&refusal.message)
}

/// Bytes of a task in a batch of a client, without its definition, which it may share.
pub fn task_bytes(spec: &TaskSpec) -> usize {
    WORD * task(spec)
}

/// Bytes of a definition, which all of its tasks in one batch share.
pub fn definition_bytes(of: &Definition) -> usize {
    WORD * definition(of)
}

/// Bytes of a batch of a client.
pub fn session_batch_bytes(batch: &OutgoingBatch) -> usize {
    let mut room = TaskRoom::default();
    let tasks = batch.tasks.iter().map(|(task, _)| room.add(task));
    let keys = [
        &batch.wanted,
        &batch.released,
        &batch.cancelled,
        &batch.detached,
    ];
    let keys = keys.iter().map(|keys| KEY * keys.len());
    let empty = of::<session_capnp::session_batch::Owned>() + 2;
    WORD * (empty + keys.sum::<usize>()) + tasks.sum::<usize>()
}

/// The room that tasks take in one batch of a client.
#[derive(Default)]
pub struct TaskRoom(HashSet<*const Definition>);

impl TaskRoom {
    /// How many more bytes the batch takes with this task.
    pub fn add(&mut self, spec: &TaskSpec) -> usize {
        WORD * (task(spec) + self.definition(&spec.definition))
    }

    fn definition(&mut self, one: &Arc<Definition>) -> usize {
        match self.0.insert(Arc::as_ptr(one)) {
            true => definition(one),
            false => 0,
        }
    }
}

/// The room that actions take in one batch of commands.
pub struct CommandRoom<A> {
    definitions: TaskRoom,
    peers: HashSet<WorkerId>,
    address: A,
}

impl<A: Fn(WorkerId) -> Option<usize>> CommandRoom<A> {
    /// `address` gives the length of a peer's address; none where it is not told.
    pub fn new(address: A) -> Self {
        Self {
            definitions: TaskRoom::default(),
            peers: HashSet::new(),
            address,
        }
    }

    /// How many more bytes the batch takes with this action.
    pub fn add(&mut self, action: &Action) -> usize {
        let words = match action {
            Action::ComputeTask {
                worker,
                task: spec,
                inputs,
                ..
            } => {
                of::<worker_capnp::compute::Owned>()
                    + task(spec)
                    + self.definitions.definition(&spec.definition)
                    + list::<worker_capnp::input::Owned>(inputs.len())
                    + inputs
                        .iter()
                        .map(|input| self.holders(*worker, input))
                        .sum::<usize>()
            }
            Action::CancelTask { .. } => of::<worker_capnp::attempt::Owned>() + KEY,
            Action::FreeKeys { keys, .. } => KEY * keys.len(),
            Action::CloseWorker { reason, .. } => text(reason),
            Action::KeepData { .. }
            | Action::DropStaged { .. }
            | Action::StageData { .. }
            | Action::ScatterDone { .. }
            | Action::Report { .. } => 0,
        };
        WORD * (of::<worker_capnp::command::Owned>() + words)
    }

    fn holders(&mut self, worker: WorkerId, input: &Input) -> usize {
        let mut count = 0;
        let mut words = 0;
        for holder in told_holders(worker, input) {
            count += 1;
            if self.peers.insert(holder)
                && let Some(len) = (self.address)(holder)
            {
                words += of::<worker_capnp::peer_address::Owned>() + len / WORD + 1;
            }
        }
        words + data(count * size_of::<u32>())
    }
}

/// Bytes of an event for a client.
pub fn key_event_bytes((_, news): &(Key, KeyNews)) -> usize {
    let words = match news {
        KeyNews::State(KeyState::Pending | KeyState::Cancelled) => 0,
        KeyNews::State(KeyState::Erred(told) | KeyState::Lost(told)) => failure(told),
        KeyNews::State(KeyState::Finished { inline, .. }) => {
            of::<session_capnp::key_event::finished::Owned>()
                + data(inline.as_ref().map_or(0, bytes::Bytes::len))
        }
        KeyNews::Refused(why) => refusal(why),
    };
    WORD * (of::<session_capnp::key_event::Owned>() + KEY + words)
}

/// Bytes of what a worker tells.
pub fn worker_event_bytes(event: &ToScheduler) -> usize {
    let words = match event {
        ToScheduler::TaskFinished { result, .. } => {
            of::<worker_capnp::finished::Owned>()
                + data(result.inline.as_ref().map_or(0, bytes::Bytes::len))
        }
        ToScheduler::TaskErred { failure: told, .. } => failure(told),
        ToScheduler::InputsMissing { missing, .. } => {
            list::<worker_capnp::missing_input::Owned>(missing.len()) + KEY * missing.len()
        }
        ToScheduler::TaskStarted { .. }
        | ToScheduler::DataKept { .. }
        | ToScheduler::StagedMissing { .. }
        | ToScheduler::DataFound { .. }
        | ToScheduler::AllFound
        | ToScheduler::ReplicaAdded { .. }
        | ToScheduler::ReplicaMissing { .. } => 0,
    };
    WORD * (of::<worker_capnp::worker_event::Owned>() + KEY + words)
}

/// Bytes of one input in what a worker gives back.
pub(crate) fn missing_input_bytes() -> usize {
    WORD * (of::<worker_capnp::missing_input::Owned>() + KEY)
}
