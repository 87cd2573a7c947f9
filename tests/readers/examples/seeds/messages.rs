//! Messages, written by what writes them in a cluster.

use std::{sync::Arc, time::Duration};

use capnp::{message::Builder, traits::Owned};
use wask_core::{
    Arguments, Attempt, Definition, Digest, Failure, FailureKind, Hole, Key, Limit, Priority,
    TaskKind, TaskOptions, TaskRules, TaskSpec, TypeId, WorkerId,
    scheduler::{Action, Input, KeyState, TaskResult, WorkerInfo},
    worker::ToScheduler,
};
use wask_rpc::{
    Refusal, RefusalCode,
    wire::{
        self, ClusterStatus, ComponentInfo, DatasetInfo, FunctionInfo, JoinInfo, KeyNews,
        KeyStateKind, OutgoingBatch, WorkerStatus,
    },
};
use wask_schema::{
    common_capnp::{failure, refusal, task_rules},
    session_capnp::{client_events, cluster_status, component_info, dataset_info, session_batch},
    transfer_capnp::object_sink,
    worker_capnp::{command_batch, worker_events, worker_info},
};

use crate::Seeds;

/// A message after the byte that tells its kind.
fn message<T: Owned>(kind: u8, write: impl for<'b> FnOnce(T::Builder<'b>)) -> Vec<u8> {
    let mut message = Builder::new_default();
    write(message.init_root::<T::Builder<'_>>());
    let mut bytes = vec![kind];
    bytes.extend(capnp::serialize::write_message_to_words(&message));
    bytes
}

fn key(number: u8) -> Key {
    Key([number; 32])
}

fn tasks() -> Vec<(TaskSpec, bool)> {
    let mut options = TaskOptions {
        label: Some("a label".into()),
        priority: -3,
        retries: 2,
        timeout: Some(Duration::from_secs(9)),
        resources: [("gpu".into(), 1)].into(),
        workers: ["w1".into(), "w2".into()].into(),
        ..TaskOptions::default()
    };
    options.limits.fuel = Limit::Of(1 << 40);
    let call = TaskKind::function(Digest([1; 32]), "demo:text/words#count");
    let operator = TaskKind::Operator {
        name: "field(name)".into(),
        version: 1,
        types: ["record { name: string }".into()].into(),
    };
    let call = Arc::new(Definition::new("default", call, options));
    let operator = Arc::new(Definition::new("default", operator, TaskOptions::default()));
    let arguments = |bytes: &'static [u8], holes: &[Hole]| Arguments {
        bytes: bytes.into(),
        holes: holes.into(),
    };
    let hole = Hole {
        offset: 4,
        dependency: 0,
    };
    let first = TaskSpec::new(
        call,
        arguments(b"\x02\0\0\0hi", &[]),
        [].into(),
        0,
        TypeId(0),
    );
    let needs = [first.key].into();
    let second = TaskSpec::new(
        operator,
        arguments(b"\x01\0\0\0", &[hole]),
        needs,
        7,
        TypeId(0),
    );
    vec![(first, false), (second, true)]
}

fn some_failure() -> Arc<Failure> {
    Arc::new(Failure {
        kind: FailureKind::GuestError,
        origin: key(5),
        label: "f".into(),
        message: "it says no".into(),
        value: Some(b"\x02\0\0\0no".as_slice().into()),
        error_type: Some("string".into()),
        backtrace: vec!["f".into(), "main".into()],
        log: "a line\n".into(),
        worker: "w1".into(),
    })
}

pub(super) fn write(seeds: &Seeds) -> anyhow::Result<()> {
    let batch = OutgoingBatch {
        tasks: tasks(),
        wanted: vec![key(1)],
        released: vec![key(2), key(3)],
        cancelled: vec![key(4)],
        detached: vec![key(1)],
    };
    let keys: Vec<u8> = [[1; 32], [2; 32]].concat();
    let pushed = message::<session_batch::Owned>(0, |out| wire::write_session_batch(out, &batch));
    seeds.add_all("from_client", [pushed, keys])?;
    seeds.add_all("from_worker", from_worker())?;
    seeds.add_all("from_scheduler", from_scheduler())
}

fn from_worker() -> [Vec<u8>; 4] {
    let join = JoinInfo {
        info: WorkerInfo {
            name: "w1".into(),
            slots: 2,
            memory_limit: 1 << 30,
            task_memory: 1 << 28,
            resources: [("gpu".into(), 1), ("disk".into(), 7)].into(),
            returning: false,
            previous: None,
        },
        previous: Some((5, WorkerId(3))),
        contact_address: "tcp://10.0.0.7:41033".into(),
        software_version: "0.1.0".into(),
        protocol_version: 2,
        engine_profile: 2,
        process_id: 77,
    };
    let result = TaskResult {
        nbytes: 3,
        inline: Some(b"abc".as_slice().into()),
        duration: Duration::from_millis(4),
    };
    let attempt = Attempt(3);
    let events = [
        ToScheduler::TaskFinished {
            key: key(1),
            attempt,
            result,
        },
        ToScheduler::TaskErred {
            key: key(2),
            attempt,
            failure: some_failure(),
        },
        ToScheduler::InputsMissing {
            key: key(3),
            attempt,
            missing: vec![(key(4), WorkerId(2))],
        },
        ToScheduler::ReplicaAdded { key: key(5) },
        ToScheduler::ReplicaMissing { key: key(6) },
    ];
    let refusal = Refusal::new(RefusalCode::Unavailable, "no room");
    [
        message::<worker_info::Owned>(0, |out| wire::write_join_info(out, &join)),
        message::<worker_events::push_params::Owned>(1, |out| {
            wire::write_worker_events(out.init_events(wire::list_len(events.len())), &events);
        }),
        message::<object_sink::result::Owned>(2, |out| wire::write_sink_result(out, &Ok(()))),
        message::<object_sink::result::Owned>(2, |out| wire::write_sink_result(out, &Err(refusal))),
    ]
}

fn commands() -> Vec<u8> {
    let worker = WorkerId(1);
    let input = Input {
        key: tasks()[0].0.key,
        nbytes: 9,
        holders: vec![WorkerId(1), WorkerId(2)],
    };
    let actions = tasks().into_iter().map(|(task, _)| Action::ComputeTask {
        worker,
        attempt: Attempt(1),
        priority: Priority {
            user: std::cmp::Reverse(0),
            submission: 4,
            order: 2,
        },
        inputs: vec![input.clone(); task.dependencies.len()],
        task: Arc::new(task),
    });
    let others = [
        Action::CancelTask {
            worker,
            key: key(1),
            attempt: Attempt(1),
        },
        Action::FreeKeys {
            worker,
            keys: vec![key(2), key(3)],
        },
        Action::CloseWorker {
            worker,
            reason: "silent".into(),
        },
    ];
    let actions: Vec<Action> = actions.chain(others).collect();
    let peers = [(WorkerId(2), "tcp://10.0.0.8:1".to_owned())];
    message::<command_batch::Owned>(0, |out| wire::write_command_batch(out, &actions, &peers))
}

fn news() -> Vec<u8> {
    let state = KeyNews::State;
    let inline = Some(b"abc".as_slice().into());
    let news = [
        (key(1), state(KeyState::Pending)),
        (
            key(2),
            state(KeyState::Finished {
                nbytes: 3,
                inline,
                was_there: false,
            }),
        ),
        (
            key(3),
            state(KeyState::Finished {
                nbytes: 1 << 40,
                inline: None,
                was_there: true,
            }),
        ),
        (key(4), state(KeyState::Erred(some_failure()))),
        (key(5), state(KeyState::Cancelled)),
        (key(6), state(KeyState::Lost(some_failure()))),
        (key(7), KeyNews::Refused(some_refusal())),
    ];
    message::<client_events::push_params::Owned>(1, |out| {
        wire::write_key_events(out.init_events(wire::list_len(news.len())), &news);
    })
}

fn some_refusal() -> Refusal {
    Refusal::new(RefusalCode::NotFound, "there is no such thing")
}

fn from_scheduler() -> [Vec<u8>; 8] {
    let refusal = some_refusal();
    let function = FunctionInfo {
        name: "count-words".into(),
        ty: "func(text: string) -> u32".into(),
        docs: Some("Counts.".into()),
    };
    let component = ComponentInfo {
        digest: Digest([1; 32]),
        name: Some("words".into()),
        file: Some("words.wasm".into()),
        size: 300,
        functions: vec![function],
    };
    let dataset = DatasetInfo {
        name: "sums".into(),
        keys: vec![key(1), key(2)],
        ty: "u32".into(),
        states: vec![KeyStateKind::Pending, KeyStateKind::Lost],
        nbytes: 4,
    };
    let status = ClusterStatus {
        software_version: "0.1.0".into(),
        uptime: Duration::from_secs(3),
        workers: vec![WorkerStatus {
            name: "w1".into(),
            slots: 2,
            ..WorkerStatus::default()
        }],
        sessions: 1,
        ..ClusterStatus::default()
    };
    [
        commands(),
        news(),
        message::<component_info::Owned>(2, |out| wire::write_component_info(out, &component)),
        message::<dataset_info::Owned>(3, |out| wire::write_dataset_info(out, &dataset)),
        message::<cluster_status::Owned>(4, |out| wire::write_status(out, &status)),
        message::<task_rules::Owned>(5, |out| {
            wire::write_task_rules(out, &TaskRules::default());
        }),
        message::<refusal::Owned>(6, |out| wire::write_refusal(out, &refusal)),
        message::<failure::Owned>(7, |out| wire::write_failure(out, &some_failure())),
    ]
}
