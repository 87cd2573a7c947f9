//! Messages take the bytes that are said of them, whatever is in them, and readers have room.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use capnp::message::{Builder, Reader, ReaderOptions};
use proptest::{collection::vec, option, prelude::*};
use wask_core::{
    Arguments, Attempt, Definition, Digest, Failure, FailureKind, Hole, Key, Priority, TaskKind,
    TaskOptions, TaskSpec, TypeId, WorkerId,
    scheduler::{Action, Input, KeyState, TaskResult},
    worker::ToScheduler,
};
use wask_rpc::{
    Limits, Refusal, RefusalCode,
    wire::{
        self, CommandRoom, ComponentInfo, DatasetInfo, FunctionInfo, KeyNews, KeyStateKind,
        OutgoingBatch,
    },
};
use wask_schema::{
    session_capnp::{client_events, component_info, dataset_info, session_batch},
    worker_capnp::{command_batch, worker_events},
};

const WORD: usize = 8;

fn key() -> impl Strategy<Value = Key> {
    any::<[u8; 32]>().prop_map(Key)
}

fn bytes(most: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..most).prop_map(Bytes::from)
}

fn text() -> impl Strategy<Value = Arc<str>> {
    "[a-zé]{0,20}".prop_map(Into::into)
}

prop_compose! {
    fn definition()(
        name in text(),
        types in vec(text(), 0..4),
        is_function: bool,
        label in option::of("[a-z]{1,20}"),
        resources in vec(text(), 0..3),
        workers in vec(text(), 0..3),
        tenant in text(),
    ) -> Arc<Definition> {
        let kind = match is_function {
            true => TaskKind::function(Digest([1; 32]), name),
            false => TaskKind::Operator { name, version: 1, types: types.into() },
        };
        let options = TaskOptions {
            label: label.map(Into::into),
            resources: resources.into_iter().map(|name| (name, 1)).collect(),
            workers,
            ..TaskOptions::default()
        };
        Arc::new(Definition::new(&tenant, kind, options))
    }
}

prop_compose! {
    fn task(definitions: Vec<Arc<Definition>>)(
        definition in proptest::sample::select(definitions),
        bytes in bytes(100),
        keys in vec(key(), 0..10),
        holes in vec(any::<u32>(), 0..10),
        salt: u64,
    ) -> TaskSpec {
        let dependencies = keys.len() as u32;
        let holes = holes.into_iter().filter(|_| dependencies > 0).map(|n| Hole {
            offset: 0,
            dependency: n % dependencies,
        });
        let arguments = Arguments { bytes, holes: holes.collect() };
        TaskSpec::new(definition, arguments, keys.into(), salt, TypeId(0))
    }
}

fn tasks() -> impl Strategy<Value = Vec<TaskSpec>> {
    vec(definition(), 1..4).prop_flat_map(|definitions| vec(task(definitions), 0..8))
}

prop_compose! {
    fn session_batch()(
        tasks in tasks(),
        keys in proptest::array::uniform4(vec(key(), 0..20)),
        wanted: bool,
    ) -> OutgoingBatch {
        let [want, released, cancelled, detached] = keys;
        OutgoingBatch {
            tasks: tasks.into_iter().map(|task| (task, wanted)).collect(),
            wanted: want,
            released,
            cancelled,
            detached,
        }
    }
}

fn failure() -> impl Strategy<Value = Failure> {
    let long = prop_oneof![9 => 0..100_usize, 1 => 0..300_000_usize];
    let lens = proptest::array::uniform6(long);
    (lens, option::of(0..200_000_usize), 0..200_usize).prop_map(|(lens, value, frames)| {
        let text = |len: usize| "é".repeat(len / 2);
        Failure {
            kind: FailureKind::Trap,
            origin: Key([3; 32]),
            label: text(lens[0]).into(),
            message: text(lens[1]),
            value: value.map(|len| vec![7; len].into()),
            error_type: value.map(|_| text(lens[2]).into()),
            backtrace: vec![text(lens[3]); frames],
            log: text(lens[4]),
            worker: text(lens[5]),
        }
    })
}

fn news() -> impl Strategy<Value = KeyNews> {
    let finished = (any::<u64>(), option::of(bytes(100)), any::<bool>());
    prop_oneof![
        Just(KeyNews::State(KeyState::Pending)),
        Just(KeyNews::State(KeyState::Cancelled)),
        finished.prop_map(|(nbytes, inline, was_there)| {
            KeyNews::State(KeyState::Finished {
                nbytes,
                inline,
                was_there,
            })
        }),
        failure().prop_map(|failure| KeyNews::State(KeyState::Erred(Arc::new(failure)))),
        failure().prop_map(|failure| KeyNews::State(KeyState::Lost(Arc::new(failure)))),
        (0..20_000_usize).prop_map(|len| {
            KeyNews::Refused(Refusal::new(RefusalCode::Invalid, "x".repeat(len)))
        }),
    ]
}

fn worker_event() -> impl Strategy<Value = ToScheduler> {
    let (key, attempt) = (Key([1; 32]), Attempt(3));
    prop_oneof![
        (any::<u64>(), option::of(bytes(100))).prop_map(move |(nbytes, inline)| {
            let duration = Duration::from_nanos(nbytes);
            let result = TaskResult {
                nbytes,
                inline,
                duration,
            };
            ToScheduler::TaskFinished {
                key,
                attempt,
                result,
            }
        }),
        failure().prop_map(move |failure| ToScheduler::TaskErred {
            key,
            attempt,
            failure: Arc::new(failure),
        }),
        vec((self::key(), any::<u32>().prop_map(WorkerId)), 0..20).prop_map(move |missing| {
            ToScheduler::InputsMissing {
                key,
                attempt,
                missing,
            }
        }),
        Just(ToScheduler::TaskStarted { key, attempt }),
        Just(ToScheduler::ReplicaAdded { key }),
        Just(ToScheduler::ReplicaMissing { key }),
    ]
}

fn action(tasks: Vec<TaskSpec>) -> impl Strategy<Value = Action> {
    let worker = WorkerId(5);
    let key = Key([1; 32]);
    let attempt = Attempt(1);
    let holders = vec(0..40_u32, 0..30);
    let compute =
        (proptest::sample::select(tasks), vec(holders, 10)).prop_map(move |(task, holders)| {
            let inputs = task.dependencies.iter().zip(holders);
            let inputs = inputs.map(|(key, holders)| Input {
                key: *key,
                nbytes: 7,
                holders: holders.into_iter().map(WorkerId).collect(),
            });
            Action::ComputeTask {
                worker,
                attempt,
                priority: Priority {
                    user: Reverse(0),
                    submission: 1,
                    order: 2,
                },
                inputs: inputs.collect(),
                task: Arc::new(task),
            }
        });
    prop_oneof![
        4 => compute,
        1 => Just(Action::CancelTask { worker, key, attempt }),
        1 => vec(self::key(), 0..50).prop_map(move |keys| Action::FreeKeys { worker, keys }),
        1 => text().prop_map(move |reason| Action::CloseWorker {
            worker,
            reason: reason.to_string(),
        }),
    ]
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let some = tasks().prop_filter("a task to choose", |tasks| !tasks.is_empty());
    some.prop_flat_map(|tasks| vec(action(tasks), 0..10))
}

prop_compose! {
    fn dataset()(
        name in "[a-zé]{0,40}",
        ty in "[a-z<>]{0,40}",
        keys in vec(key(), 0..6),
        nbytes: u64,
    ) -> DatasetInfo {
        let states = vec![KeyStateKind::Finished; keys.len()];
        DatasetInfo { name, ty, keys, states, nbytes }
    }
}

prop_compose! {
    fn function()(
        name in "[a-z]{0,20}",
        ty in "[a-z<>]{0,40}",
        docs in option::of("[a-zé]{0,40}"),
    ) -> FunctionInfo {
        FunctionInfo { name, ty, docs }
    }
}

prop_compose! {
    fn component()(
        name in option::of("[a-z]{0,20}"),
        file in option::of("[a-zé]{0,20}"),
        functions in vec(function(), 0..6),
    ) -> ComponentInfo {
        ComponentInfo { digest: Digest([1; 32]), name, file, size: 7, functions }
    }
}

/// Where peers are.
fn address(peer: WorkerId) -> String {
    format!("tcp://10.0.0.{}:{}", peer.0, "9".repeat(peer.0 as usize))
}

fn peers(actions: &[Action]) -> Vec<(WorkerId, String)> {
    let mut peers = BTreeMap::new();
    for action in actions {
        if let Action::ComputeTask { worker, inputs, .. } = action {
            let told = inputs
                .iter()
                .flat_map(|input| wire::told_holders(*worker, input));
            peers.extend(told.map(|peer| (peer, address(peer))));
        }
    }
    peers.into_iter().collect()
}

/// A message as its receiver has it, who may visit everything twice.
fn received<A: capnp::message::Allocator>(
    message: &Builder<A>,
) -> Reader<capnp::serialize::OwnedSegments> {
    let bytes = capnp::serialize::write_message_to_words(message);
    let mut options = ReaderOptions::new();
    options.traversal_limit_in_words(Some(2 * bytes.len() / WORD + 16));
    capnp::serialize::read_message(&bytes[..], options).unwrap()
}

fn words(size: Result<capnp::MessageSize, capnp::Error>) -> usize {
    WORD * usize::try_from(size.unwrap().word_count).unwrap()
}

proptest! {
    #[test]
    fn a_client_s_batch(batch in session_batch()) {
        let mut message = Builder::new_default();
        let mut root = message.init_root::<session_batch::Builder<'_>>();
        wire::write_session_batch(root.reborrow(), &batch);
        let size = words(root.into_reader().total_size());
        prop_assert_eq!(wire::session_batch_bytes(&batch), size);
        let received = received(&message);
        let read = wire::read_session_batch(received.get_root().unwrap(), "tenant").unwrap();
        prop_assert_eq!(read.released, batch.released);
        for (read, (task, wanted)) in read.tasks.iter().zip(&batch.tasks) {
            prop_assert_eq!(&read.arguments, &task.arguments);
            prop_assert_eq!(&read.dependencies, &task.dependencies);
            prop_assert_eq!(read.wanted, *wanted);
        }
    }

    #[test]
    fn a_batch_of_commands(actions in actions()) {
        let mut room = CommandRoom::new(|peer| Some(address(peer).len()));
        let items: usize = actions.iter().map(|action| room.add(action)).sum();
        let mut message = Builder::new_default();
        let mut root = message.init_root::<command_batch::Builder<'_>>();
        let empty = words(root.reborrow().into_reader().total_size()) + 3 * WORD;
        wire::write_command_batch(root.reborrow(), &actions, &peers(&actions));
        let size = words(root.into_reader().total_size());
        prop_assert_eq!(items + empty, size);
        let received = received(&message);
        let read = wire::read_command_batch(received.get_root().unwrap());
        // Tasks are not all well-formed: their keys may be there twice.
        if let Ok(read) = read {
            prop_assert_eq!(read.commands.len(), actions.len());
        }
    }

    #[test]
    fn events_for_a_client(events in vec((key(), news()), 0..6)) {
        let mut message = Builder::new_default();
        let mut root = message.init_root::<client_events::push_params::Builder<'_>>();
        let empty = words(root.reborrow().into_reader().total_size()) + WORD;
        wire::write_key_events(root.reborrow().init_events(events.len() as u32), &events);
        let size = words(root.into_reader().total_size());
        let items: usize = events.iter().map(wire::key_event_bytes).sum();
        prop_assert_eq!(items + empty, size);
        for event in &events {
            // Whatever befell a task, it can be told in one message.
            prop_assert!(wire::key_event_bytes(event) < Limits::default().batch_bytes / 2);
        }
        let received = received(&message);
        let root: client_events::push_params::Reader<'_> = received.get_root().unwrap();
        let read = wire::read_key_events(root.get_events().unwrap()).unwrap();
        prop_assert_eq!(read.len(), events.len());
    }

    #[test]
    fn what_is_listed(dataset in dataset(), component in component()) {
        let mut message = Builder::new_default();
        let mut root = message.init_root::<dataset_info::Builder<'_>>();
        wire::write_dataset_info(root.reborrow(), &dataset);
        let size = words(root.into_reader().total_size());
        prop_assert!(size <= wire::dataset_info_bytes(&dataset));
        let mut message = Builder::new_default();
        let mut root = message.init_root::<component_info::Builder<'_>>();
        wire::write_component_info(root.reborrow(), &component);
        let size = words(root.into_reader().total_size());
        prop_assert!(size <= wire::component_info_bytes(&component));
    }

    #[test]
    fn what_a_worker_tells(events in vec(worker_event(), 0..6)) {
        let mut message = Builder::new_default();
        let mut root = message.init_root::<worker_events::push_params::Builder<'_>>();
        let empty = words(root.reborrow().into_reader().total_size()) + WORD;
        wire::write_worker_events(root.reborrow().init_events(events.len() as u32), &events);
        let size = words(root.into_reader().total_size());
        let items: usize = events.iter().map(wire::worker_event_bytes).sum();
        prop_assert_eq!(items + empty, size);
        for event in &events {
            prop_assert!(wire::worker_event_bytes(event) < Limits::default().batch_bytes / 2);
        }
        let received = received(&message);
        let root: worker_events::push_params::Reader<'_> = received.get_root().unwrap();
        let read = wire::read_worker_events(WorkerId(1), root.get_events().unwrap()).unwrap();
        prop_assert_eq!(read.len(), events.len());
    }
}

#[test]
fn of_very_many_holders_each_worker_is_told_others() {
    let input = Input {
        key: Key([1; 32]),
        nbytes: 1,
        holders: (0..1000).map(WorkerId).collect(),
    };
    let told = |worker| Vec::from_iter(wire::told_holders(WorkerId(worker), &input));
    assert_eq!(told(0).len(), 16);
    assert_ne!(told(0), told(500));
    assert_eq!(told(999)[1], WorkerId(0));
}
