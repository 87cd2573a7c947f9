//! Tests of what is admitted, and of the work that this takes.

use wask_core::{Digest, Hole, LimitRules, ResultLimits, TaskKind, TaskOptions};
use wask_operator::Operator;
use wask_rpc::Address;

use super::*;
use crate::{Config, hub::Hub};

const TENANT: TenantId = TenantId(0);

/// A call of a component that nobody has uploaded; `argument` tells one from another.
fn call(argument: u8) -> (Arc<Definition>, IncomingTask) {
    let kind = TaskKind::function(Digest([1; 32]), "f");
    incoming(kind, vec![argument], [].into())
}

/// `not` of another task's result.
fn not(of: Key) -> (Arc<Definition>, IncomingTask) {
    let kind = TaskKind::Operator {
        name: "not".into(),
        version: Operator::VERSION,
        types: [].into(),
    };
    incoming(kind, Vec::new(), [of].into())
}

fn incoming(
    kind: TaskKind,
    bytes: Vec<u8>,
    dependencies: Box<[Key]>,
) -> (Arc<Definition>, IncomingTask) {
    let definition = Arc::new(Definition::new("default", kind, TaskOptions::default()));
    let hole = |dependency| Hole {
        offset: 0,
        dependency,
    };
    let arguments = Arguments {
        bytes: bytes.into(),
        holes: (0..).map(hole).take(dependencies.len()).collect(),
    };
    let spec = TaskSpec::new(definition.clone(), arguments, dependencies, 0, TypeId(0));
    let task = IncomingTask {
        definition: 0,
        key: spec.key,
        arguments: spec.arguments,
        dependencies: spec.dependencies,
        salt: 0,
        wanted: true,
    };
    (definition, task)
}

fn batch(tasks: impl IntoIterator<Item = (Arc<Definition>, IncomingTask)>) -> IncomingBatch {
    let mut batch = IncomingBatch {
        definitions: Vec::new(),
        tasks: Vec::new(),
        wanted: Vec::new(),
        released: Vec::new(),
        cancelled: Vec::new(),
        detached: Vec::new(),
    };
    for (definition, mut task) in tasks {
        task.definition = batch.definitions.len();
        batch.definitions.push(definition);
        batch.tasks.push(task);
    }
    batch
}

fn hub() -> Rc<Hub> {
    Hub::new(Config::new(Address::InProcess("admission".into()))).unwrap()
}

fn admit_by_default(hub: &Hub, batch: IncomingBatch) -> Admitted {
    admit_within(&Quotas::default(), hub, batch)
}

fn admit_within(quotas: &Quotas, hub: &Hub, batch: IncomingBatch) -> Admitted {
    let (mut state, rules) = (hub.state_mut(), TaskRules::default());
    admit(&mut state, &rules, 1 << 10, quotas, TENANT, batch)
}

/// How many bytes a list holds. Each `length` is another task.
fn count(length: u8) -> (Arc<Definition>, IncomingTask) {
    let kind = TaskKind::Operator {
        name: "count".into(),
        version: Operator::VERSION,
        types: ["u8".into()].into(),
    };
    let list = [vec![length, 0, 0, 0], vec![7; length.into()]].concat();
    incoming(kind, list, [].into())
}

#[test]
fn tasks_and_their_arguments_are_bounded() {
    let hub = hub();
    let all = || batch((0..4).map(count));
    let quotas = |tasks, argument_bytes| Quotas {
        tasks,
        argument_bytes,
        ..Quotas::default()
    };
    let admitted = admit_within(&quotas(2, 1 << 20), &hub, all());
    assert_eq!((admitted.tasks.len(), admitted.refused.len()), (2, 2));
    let (_, refusal) = &admitted.refused[0];
    assert_eq!(refusal.code, RefusalCode::Unavailable);
    assert!(refusal.message.contains("up to 2 tasks"), "{refusal}");
    // Their arguments have 4, 5, 6 and 7 bytes.
    let admitted = admit_within(&quotas(9, 15), &hub, all());
    assert_eq!((admitted.tasks.len(), admitted.refused.len()), (3, 1));
    assert_eq!(admit_within(&quotas(4, 22), &hub, all()).tasks.len(), 4);
}

#[test]
fn a_definition_has_names_within_reason() {
    let (definition, task) = count(1);
    let options = TaskOptions {
        label: Some("x".repeat(65).into()),
        ..definition.options.clone()
    };
    let long = Definition::new("default", definition.kind.clone(), options);
    let quotas = Quotas {
        definition_bytes: 64,
        ..Quotas::default()
    };
    let batch = batch([(Arc::new(long), task)]);
    let admitted = admit_within(&quotas, &hub(), batch);
    let (_, refusal) = &admitted.refused[0];
    assert!(refusal.message.contains("have 65 bytes"), "{refusal}");
}

#[test]
fn types_that_no_result_has_are_forgotten() {
    let hub = Hub::new(Config {
        quotas: Quotas {
            type_bytes: 4 << 10,
            ..Quotas::default()
        },
        ..Config::new(Address::InProcess("types".into()))
    })
    .unwrap();
    for n in 0..200 {
        let ty = Type::flags([format!("f{n}")]);
        hub.type_id(&ty).unwrap();
    }
    let state = hub.state();
    let kept = (0..300).filter(|id| state.types.get(TypeId(*id)).is_some());
    assert!((1..50).contains(&kept.count()));
}

#[test]
fn dependents_are_refused_for_the_reason_of_what_they_need() {
    let hub = hub();
    let x = call(1);
    let y = not(x.1.key);
    let z = not(y.1.key);
    let keys = [x.1.key, y.1.key, z.1.key];
    let first = admit_by_default(&hub, batch([x, y]));
    let later = IncomingBatch {
        wanted: vec![keys[0]],
        ..batch([z])
    };
    let later = admit_by_default(&hub, later);
    let refused: Vec<_> = first.refused.iter().chain(&later.refused).collect();
    let told: Vec<_> = refused.iter().map(|(key, _)| *key).collect();
    assert_eq!(told, [keys[0], keys[1], keys[2], keys[0]]);
    for (_, refusal) in refused {
        assert!(refusal.message.contains("upload it"), "{refusal}");
    }
}

#[test]
fn the_tasks_of_a_refused_component_are_told_why() {
    let hub = hub();
    let refusal = Refusal::new(RefusalCode::Forbidden, "there is no room");
    let digest = Digest([1; 32]);
    hub.state_mut().library.refuse(TENANT, digest, refusal);
    let admitted = admit_by_default(&hub, batch([call(1)]));
    let (_, refusal) = &admitted.refused[0];
    assert_eq!(refusal.code, RefusalCode::Forbidden);
    assert!(refusal.message.ends_with("was refused: there is no room"));
}

#[test]
fn what_is_gone_was_not_refused() {
    let hub = hub();
    let orphan = not(call(1).1.key);
    let admitted = admit_by_default(&hub, batch([orphan]));
    let (_, refusal) = &admitted.refused[0];
    assert_eq!(refusal.code, RefusalCode::NotFound);
    assert!(refusal.message.starts_with("nothing is known of future"));
}

#[test]
fn a_batch_is_held_to_the_cluster_s_limits() {
    let hub = hub();
    let kind = TaskKind::Operator {
        name: "count".into(),
        version: Operator::VERSION,
        types: ["u8".into()].into(),
    };
    let empty_list = vec![0; 4];
    let (_, mut task) = incoming(kind.clone(), empty_list, [].into());
    let mut options = TaskOptions::default();
    options.limits.output += 1;
    let definition = Definition::new("default", kind, options);
    task.key = TaskSpec::key_of(&definition, &task.arguments, &[], 0);
    let rules = |output| TaskRules {
        limits: LimitRules::new(
            ResultLimits::default(),
            ResultLimits {
                output,
                ..*LimitRules::default().max()
            },
        )
        .unwrap(),
        ..TaskRules::default()
    };
    let most = definition.options.limits.output;
    let task = (Arc::new(definition), task);
    let admit = |most| {
        let batch = batch([task.clone()]);
        let mut state = hub.state_mut();
        let quotas = Quotas::default();
        admit(&mut state, &rules(most), 1 << 10, &quotas, TENANT, batch)
    };
    let refused = admit(most - 1).refused;
    assert_eq!(refused[0].1.code, RefusalCode::Forbidden);
    assert!(refused[0].1.message.contains("--task-output-max"));
    assert_eq!(admit(most).tasks.len(), 1);
}

/// A task that collects as many results of one wide type, and the one that gives them.
fn many_holes(width: usize, holes: u32) -> [(Arc<Definition>, IncomingTask); 2] {
    let fields: Vec<_> = (0..width).map(|n| format!("f{n:024}: u8")).collect();
    let ty: Arc<str> = format!("record {{ {} }}", fields.join(", ")).into();
    let operator = |name: &str, ty: Arc<str>| TaskKind::Operator {
        name: name.into(),
        version: Operator::VERSION,
        types: [ty].into(),
    };
    let outer = format!("tuple<{ty}, u8>").into();
    let one = incoming(operator("field(0)", outer), vec![0; width + 1], [].into());
    let kind = operator("collect", ty);
    let definition = Arc::new(Definition::new("default", kind, TaskOptions::default()));
    let hole = Hole {
        offset: 4,
        dependency: 0,
    };
    let arguments = Arguments {
        bytes: holes.to_le_bytes().to_vec().into(),
        holes: vec![hole; holes as usize].into(),
    };
    let dependencies: Box<[Key]> = [one.1.key].into();
    let task = IncomingTask {
        definition: 0,
        key: TaskSpec::key_of(&definition, &arguments, &dependencies, 0),
        arguments,
        dependencies,
        salt: 0,
        wanted: true,
    };
    [one, (definition, task)]
}

/// As many tasks as there are ways to limit their fuel, of one function of a wide type.
fn with_fuels(task: &(Arc<Definition>, IncomingTask), tasks: u64) -> IncomingBatch {
    let (definition, task) = task;
    let tasks = (1..=tasks).map(|fuel| {
        let mut options = definition.options.clone();
        options.limits.fuel = wask_core::Limit::Of(fuel);
        let kind = definition.kind.clone();
        let definition = Definition::new("default", kind, options);
        let mut task = task.clone();
        let dependencies = &task.dependencies;
        task.key = TaskSpec::key_of(&definition, &task.arguments, dependencies, 0);
        (Arc::new(definition), task)
    });
    batch(tasks)
}

#[test]
fn types_are_compared_once_for_each_two_in_a_batch() {
    let hub = hub();
    let admit = |batch| {
        let (mut state, rules) = (hub.state_mut(), TaskRules::default());
        let quotas = Quotas::default();
        admit(&mut state, &rules, 4 << 20, &quotas, TENANT, batch)
    };
    // About as wide as a type can be: its text has 248,000 bytes.
    const WIDTH: usize = 8_000;
    let tasks = many_holes(WIDTH, 30_000);
    let collecting = tasks[1].clone();
    let admitted = admit(batch(tasks));
    let refused: Vec<_> = admitted.refused.iter().map(|(_, why)| why).collect();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!((admitted.tasks.len(), admitted.comparisons), (2, 1));
    // Definitions that differ in nothing but their limits share their types.
    let [one, _] = many_holes(WIDTH, 1);
    let mut all = with_fuels(&collecting, 3);
    let definition = all.definitions.len();
    all.definitions.push(one.0);
    all.tasks.insert(
        0,
        IncomingTask {
            definition,
            ..one.1
        },
    );
    let admitted = admit(all);
    assert_eq!((admitted.tasks.len(), admitted.comparisons), (4, 1));
}

#[test]
fn a_misfit_of_wide_types_is_told_in_short() {
    let [one, collecting] = many_holes(5_000, 3);
    let [_, other] = many_holes(5_001, 3);
    let mut wrong = collecting.1.clone();
    let definition = other.0.clone();
    wrong.key = TaskSpec::key_of(&definition, &wrong.arguments, &wrong.dependencies, 0);
    let (hub, rules) = (hub(), TaskRules::default());
    let quotas = Quotas::default();
    let batch = batch([one, (definition, wrong)]);
    let mut state = hub.state_mut();
    let admitted = admit(&mut state, &rules, 4 << 20, &quotas, TENANT, batch);
    assert_eq!((admitted.tasks.len(), admitted.comparisons), (1, 1));
    let message = &admitted.refused[0].1.message;
    assert!(message.contains("expected record { f0"), "{message}");
    assert!(message.len() < 5000, "{}", message.len());
}
