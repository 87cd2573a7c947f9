//! Limits of tasks on the wire: whatever they are, they come out as they went in.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;
use wask_core::{
    Arguments, Clamps, Definition, Digest, Limit, LimitRules, ResultLimits, TASK_MEMORY_MAX,
    TaskKind, TaskOptions, TaskRules, TaskSpec, TypeId, WorkerId, scheduler::WorkerInfo,
};
use wask_rpc::wire::{self, JoinInfo, OutgoingBatch};
use wask_schema::{
    common_capnp::task_rules, session_capnp::session_batch, worker_capnp::worker_info,
};

/// What is meant by "no limit" is told apart from every number, 0 among them.
fn some_limit() -> impl Strategy<Value = Limit> {
    prop_oneof![
        Just(Limit::Unlimited),
        Just(Limit::Of(0)),
        any::<u64>().prop_map(Limit::Of),
    ]
}

prop_compose! {
    fn some_limits()(memory: u64, output: u64, fuel in some_limit()) -> ResultLimits {
        ResultLimits { memory, output, fuel }
    }
}

fn some_timeout() -> impl Strategy<Value = Option<Duration>> {
    prop_oneof![
        Just(None),
        Just(Some(Duration::ZERO)),
        any::<u64>().prop_map(|nanos| Some(Duration::from_nanos(nanos))),
    ]
}

/// A definition's options and digest after a batch went to the scheduler.
fn sent(options: TaskOptions) -> (TaskOptions, [u8; 32], [u8; 32]) {
    let kind = TaskKind::function(Digest([1; 32]), "f");
    let definition = Arc::new(Definition::new("tenant", kind, options));
    let digest = *definition.digest();
    let none = Arguments::default();
    let task = TaskSpec::new(definition, none, [].into(), 0, TypeId::default());
    let batch = OutgoingBatch {
        tasks: vec![(task, true)],
        ..OutgoingBatch::default()
    };
    let mut message = capnp::message::Builder::new_default();
    wire::write_session_batch(message.init_root::<session_batch::Builder<'_>>(), &batch);
    let reader = message.get_root_as_reader().unwrap();
    let read = wire::read_session_batch(reader, "tenant").unwrap();
    let definition = &read.definitions[0];
    (definition.options.clone(), digest, *definition.digest())
}

proptest! {
    #[test]
    fn a_task_keeps_its_limits(
        limits in some_limits(),
        timeout in some_timeout(),
        retries: u32,
        pure: bool,
    ) {
        let options = TaskOptions { limits, timeout, retries, pure, ..TaskOptions::default() };
        let (read, own, other) = sent(options.clone());
        prop_assert_eq!(read, options);
        prop_assert_eq!(own, other);
    }

    #[test]
    fn rules_come_out_as_they_went_in(
        defaults in some_limits(),
        more in some_limits(),
        timeout in some_timeout(),
        retries: Option<u32>,
    ) {
        let max = ResultLimits {
            memory: defaults.memory.max(more.memory),
            output: defaults.output.max(more.output),
            fuel: defaults.fuel.max(more.fuel),
        };
        let limits = LimitRules::new(defaults, max).unwrap();
        let rules = TaskRules { limits, clamps: Clamps { timeout, retries } };
        let mut message = capnp::message::Builder::new_default();
        wire::write_task_rules(message.init_root::<task_rules::Builder<'_>>(), &rules);
        let read = wire::read_task_rules(message.get_root_as_reader().unwrap());
        prop_assert_eq!(read.unwrap(), rules);
    }
}

#[test]
fn rules_that_contradict_themselves_are_refused() {
    let mut message = capnp::message::Builder::new_default();
    let mut rules = message.init_root::<task_rules::Builder<'_>>();
    rules.reborrow().init_defaults().set_memory(2);
    rules.init_max().set_memory(1);
    let read = wire::read_task_rules(message.get_root_as_reader().unwrap());
    let error = read.unwrap_err().to_string();
    assert!(error.contains("memory: a limit of 2 bytes"), "{error}");
}

#[test]
fn a_worker_tells_how_much_memory_a_task_can_have() {
    for task_memory in [0, 64 << 20, TASK_MEMORY_MAX] {
        let join = JoinInfo {
            info: WorkerInfo {
                name: "w".into(),
                slots: 1,
                memory_limit: 7,
                task_memory,
                resources: [].into(),
                returning: false,
                previous: None,
            },
            previous: (task_memory > 0).then_some((1 << 40, WorkerId(3))),
            contact_address: "tcp://10.0.0.7:1".into(),
            software_version: "1".into(),
            protocol_version: 1,
            engine_profile: 1,
            process_id: 1,
        };
        let mut message = capnp::message::Builder::new_default();
        wire::write_join_info(message.init_root::<worker_info::Builder<'_>>(), &join);
        let read = wire::read_join_info(message.get_root_as_reader().unwrap());
        assert_eq!(read.unwrap(), join);
    }
}
