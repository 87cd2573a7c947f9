//! Messages, as they come over a connection. The first byte says which message follows.

use capnp::{
    message::{Builder, HeapAllocator, Reader},
    serialize::OwnedSegments,
    traits::{FromPointerReader, Owned},
};
use wask_core::{TaskSpec, TypeId, WorkerId};
use wask_rpc::{
    Limits,
    wire::{self, IncomingBatch, OutgoingBatch},
};
use wask_schema::{
    common_capnp::{failure, refusal, task_rules},
    session_capnp::{client_events, cluster_status, component_info, dataset_info, session_batch},
    transfer_capnp::object_sink,
    worker_capnp::{command_batch, worker_events, worker_info},
};

/// A message with the limits that hold for those of a connection.
fn message(bytes: &[u8]) -> Option<Reader<OwnedSegments>> {
    let options = Limits::default().reader_options();
    capnp::serialize::read_message(&mut &*bytes, options).ok()
}

fn root<'m, R: FromPointerReader<'m>>(message: &'m Reader<OwnedSegments>) -> Option<R> {
    message.get_root().ok()
}

/// A message that this side writes.
fn written<T: Owned>(
    write: impl for<'b> FnOnce(T::Builder<'b>),
) -> capnp::message::TypedBuilder<T, HeapAllocator> {
    let mut message = Builder::new_default();
    write(message.init_root::<T::Builder<'_>>());
    message.into()
}

/// Asserts that what was read is the same after it was written and read once more.
fn holds<T: Owned, V: PartialEq + std::fmt::Debug>(
    value: V,
    write: impl for<'b> FnOnce(T::Builder<'b>, &V),
    read: impl for<'r> FnOnce(T::Reader<'r>) -> Result<V, wask_rpc::Error>,
) {
    let message = written::<T>(|out| write(out, &value));
    let again = read(message.get_root_as_reader().expect("it was just written"));
    assert_eq!(again.expect("what was written can be read"), value);
}

/// What clients send.
pub fn from_client(input: &[u8]) {
    let Some((0, bytes)) = input.split_first().map(|(kind, rest)| (kind % 2, rest)) else {
        // Keys come without a message around them.
        let _ = wire::read_keys(input);
        let _ = wire::read_key(input);
        return;
    };
    let Some(message) = message(bytes) else {
        return;
    };
    let batch = root(&message).map(|batch| wire::read_session_batch(batch, "default"));
    let Some(Ok(batch)) = batch else {
        return;
    };
    let outgoing = outgoing(&batch);
    let written = written::<session_batch::Owned>(|out| wire::write_session_batch(out, &outgoing));
    let reader = written.get_root_as_reader().expect("it was just written");
    let again = wire::read_session_batch(reader, "default").expect("what was written can be read");
    let again = self::outgoing(&again);
    assert_eq!(again.tasks, outgoing.tasks);
    let keys = |batch: &OutgoingBatch| {
        let OutgoingBatch {
            wanted,
            released,
            cancelled,
            detached,
            ..
        } = batch.clone();
        [wanted, released, cancelled, detached]
    };
    assert_eq!(keys(&again), keys(&outgoing));
}

fn outgoing(batch: &IncomingBatch) -> OutgoingBatch {
    let tasks = batch.tasks.iter().map(|task| {
        let spec = TaskSpec {
            key: task.key,
            definition: batch.definitions[task.definition].clone(),
            arguments: task.arguments.clone(),
            dependencies: task.dependencies.clone(),
            salt: task.salt,
            result_type: TypeId::default(),
        };
        let _ = (spec.is_well_formed(), spec.label());
        (spec, task.wanted)
    });
    OutgoingBatch {
        tasks: tasks.collect(),
        wanted: batch.wanted.clone(),
        released: batch.released.clone(),
        cancelled: batch.cancelled.clone(),
        detached: batch.detached.clone(),
    }
}

/// What workers send to their scheduler.
pub fn from_worker(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else {
        return;
    };
    let Some(message) = message(bytes) else {
        return;
    };
    match kind % 3 {
        0 => {
            if let Some(Ok(join)) = root(&message).map(wire::read_join_info) {
                holds::<worker_info::Owned, _>(join, wire::write_join_info, wire::read_join_info);
            }
        }
        1 => {
            let params: Option<worker_events::push_params::Reader<'_>> = root(&message);
            if let Some(Ok(events)) = params.map(|params| params.get_events()) {
                let _ = wire::read_worker_events(WorkerId(1), events);
            }
        }
        _ => {
            let result: Option<object_sink::result::Reader<'_>> = root(&message);
            let _ = result.map(wire::read_sink_result);
        }
    }
}

/// What schedulers send to workers and clients.
pub fn from_scheduler(input: &[u8]) {
    let Some((kind, bytes)) = input.split_first() else {
        return;
    };
    let Some(message) = message(bytes) else {
        return;
    };
    match kind % 8 {
        0 => {
            let batch: Option<command_batch::Reader<'_>> = root(&message);
            let _ = batch.map(wire::read_command_batch);
        }
        1 => {
            let params: Option<client_events::push_params::Reader<'_>> = root(&message);
            let events = params.and_then(|params| params.get_events().ok());
            if let Some(Ok(news)) = events.map(wire::read_key_events) {
                let written = written::<client_events::push_params::Owned>(|out| {
                    let list = out.init_events(wire::list_len(news.len()));
                    wire::write_key_events(list, &news);
                });
                let reader = written.get_root_as_reader().expect("it was just written");
                let events = reader.get_events().expect("it was just written");
                let again = wire::read_key_events(events).expect("what was written can be read");
                assert_eq!(again, news);
            }
        }
        2 => {
            if let Some(Ok(info)) = root(&message).map(wire::read_component_info) {
                holds::<component_info::Owned, _>(
                    info,
                    wire::write_component_info,
                    wire::read_component_info,
                );
            }
        }
        3 => {
            if let Some(Ok(info)) = root(&message).map(wire::read_dataset_info) {
                holds::<dataset_info::Owned, _>(
                    info,
                    wire::write_dataset_info,
                    wire::read_dataset_info,
                );
            }
        }
        4 => {
            if let Some(Ok(status)) = root(&message).map(wire::read_status) {
                holds::<cluster_status::Owned, _>(status, wire::write_status, wire::read_status);
            }
        }
        5 => {
            if let Some(Ok(rules)) = root(&message).map(wire::read_task_rules) {
                holds::<task_rules::Owned, _>(rules, wire::write_task_rules, wire::read_task_rules);
            }
        }
        6 => {
            if let Some(Ok(told)) = root(&message).map(wire::read_refusal) {
                holds::<refusal::Owned, _>(told, wire::write_refusal, wire::read_refusal);
            }
        }
        _ => {
            if let Some(Ok(told)) = root(&message).map(wire::read_failure) {
                holds::<failure::Owned, _>(told, wire::write_failure, wire::read_failure);
            }
        }
    }
}
