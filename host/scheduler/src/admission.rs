//! Checks what a client submits before the core sees it.

use std::{rc::Rc, sync::Arc};

use wask_core::{
    Arguments, Definition, Key, KeyMap, Piece, TaskSpec, TenantId, TypeId, bytes_text,
};
use wask_rpc::{
    Refusal, RefusalCode,
    wire::{IncomingBatch, IncomingTask},
};
use wask_value::{Segment, Type, check_arguments};

use crate::{Quotas, TaskRules, callees::Callee, hub::State};

/// A batch after the check.
#[derive(Default)]
pub(crate) struct Admitted {
    pub(crate) tasks: Vec<TaskSpec>,
    /// The keys among them, and older ones, that the session wants.
    pub(crate) wanted: Vec<Key>,
    pub(crate) refused: Vec<(Key, Rc<Refusal>)>,
}

/// Why a task is not admitted.
enum Flaw {
    Own(Refusal),
    /// This dependency is not known.
    Dependency(Key),
}

/// Checks a batch of a tenant's client. A refused task takes its dependents with it, in this batch
/// or a later one, and nothing else; they are refused for the same reason.
pub(crate) fn admit(
    state: &mut State,
    rules: &TaskRules,
    argument_bytes: usize,
    quotas: &Quotas,
    tenant: TenantId,
    batch: IncomingBatch,
) -> Admitted {
    state.make_room_for_types();
    let mut room = Room::new(state, quotas);
    let definitions = batch.definitions.into_iter();
    let callees: Vec<_> = definitions
        .map(|one| {
            check_texts(&one, quotas)?;
            resolve(state, tenant, rules.apply(one)?)
        })
        .map(|resolved| resolved.map_err(Rc::new))
        .collect();
    let mut admitted = Admitted::default();
    let mut new_types = KeyMap::default();
    for task in batch.tasks {
        let (key, wanted) = (task.key, task.wanted);
        let checked = match &callees[task.definition] {
            Ok(callee) => {
                let checked = check(state, tenant, &new_types, argument_bytes, callee, task)
                    .and_then(|task| room.take(state, task).map_err(Flaw::Own));
                checked.map_err(|flaw| match flaw {
                    Flaw::Own(refusal) => Rc::new(refusal),
                    Flaw::Dependency(key) => why_unknown(state, tenant, &key),
                })
            }
            Err(refusal) => Err(refusal.clone()),
        };
        match checked {
            Ok(task) => {
                state.refusals.remove(tenant, &key);
                new_types.insert(key, task.result_type);
                admitted.wanted.extend(wanted.then_some(key));
                admitted.tasks.push(task);
            }
            Err(refusal) => {
                state.refusals.insert(tenant, key, refusal.clone());
                admitted.refused.push((key, refusal));
            }
        }
    }
    for key in batch.wanted {
        match known_type(state, tenant, &new_types, &key) {
            Some(_) => admitted.wanted.push(key),
            None => {
                let refusal = why_unknown(state, tenant, &key);
                admitted.refused.push((key, refusal));
            }
        }
    }
    admitted
}

/// How many tasks the scheduler may still take in.
struct Room<'q> {
    tasks: u64,
    argument_bytes: u64,
    quotas: &'q Quotas,
}

impl<'q> Room<'q> {
    fn new(state: &State, quotas: &'q Quotas) -> Self {
        let counts = state.core.counts();
        Self {
            tasks: quotas.tasks.saturating_sub(counts.tasks()),
            argument_bytes: quotas.argument_bytes.saturating_sub(counts.argument_bytes),
            quotas,
        }
    }

    /// Takes a task in, which costs nothing if it is known.
    fn take(&mut self, state: &State, task: TaskSpec) -> Result<TaskSpec, Refusal> {
        if state.core.knows(&task.key) {
            return Ok(task);
        }
        let left = (
            self.tasks.checked_sub(1),
            self.argument_bytes
                .checked_sub(task.arguments.bytes.len() as u64),
        );
        let (Some(tasks), Some(argument_bytes)) = left else {
            let message = format!(
                "{}: this scheduler keeps up to {} tasks and values with {} of arguments, and has \
                 no room for more; release what is not needed, or scatter large arguments",
                task.label(),
                self.quotas.tasks,
                bytes_text(self.quotas.argument_bytes)
            );
            return Err(Refusal::new(RefusalCode::Unavailable, message));
        };
        (self.tasks, self.argument_bytes) = (tasks, argument_bytes);
        Ok(task)
    }
}

/// Whether the names that come with a definition are within reason: each of its tasks keeps them.
fn check_texts(definition: &Definition, quotas: &Quotas) -> Result<(), Refusal> {
    let options = &definition.options;
    let label = options.label.as_ref().map_or(0, |label| label.len());
    let resources = options.resources.keys().map(|name| name.len());
    let workers = options.workers.iter().map(|name| name.len());
    let bytes = label + resources.chain(workers).sum::<usize>();
    if bytes <= quotas.definition_bytes {
        return Ok(());
    }
    let message = format!(
        "the label and the names of resources and workers of a task have {bytes} bytes, the limit \
         is {}; shorten them",
        quotas.definition_bytes
    );
    Err(Refusal::new(RefusalCode::Invalid, message))
}

fn resolve(
    state: &mut State,
    tenant: TenantId,
    definition: Arc<Definition>,
) -> Result<Rc<Callee>, Refusal> {
    let State {
        callees,
        library,
        types,
        ..
    } = state;
    callees.resolve(library, types, tenant, definition)
}

fn check(
    state: &State,
    tenant: TenantId,
    new_types: &KeyMap<TypeId>,
    argument_bytes: usize,
    callee: &Callee,
    task: IncomingTask,
) -> Result<TaskSpec, Flaw> {
    let invalid = |message: String| Flaw::Own(Refusal::new(RefusalCode::Invalid, message));
    let IncomingTask {
        key,
        arguments,
        dependencies,
        salt,
        ..
    } = task;
    let definition = callee.definition.clone();
    let task = TaskSpec::new(
        definition,
        arguments,
        dependencies,
        salt,
        callee.result_type,
    );
    if task.key != key {
        let message = "the key of this task is not the one that its parts give; client and \
                       scheduler may be of different versions";
        return Err(invalid(message.into()));
    }
    if task.arguments.bytes.len() > argument_bytes {
        return Err(invalid(format!(
            "{}: {} bytes of arguments exceed the limit of {argument_bytes}; scatter large values \
             and pass their futures",
            task.label(),
            task.arguments.bytes.len()
        )));
    }
    if !task.is_well_formed() || task.is_pure() != (salt == 0) {
        return Err(invalid("the task is malformed".into()));
    }
    let types = dependency_types(state, tenant, new_types, &task.dependencies)?;
    let hole = |dependency: u32| types.get(dependency as usize).copied();
    check_arguments(&callee.params, segments(&task.arguments), hole)
        .map_err(|error| invalid(format!("{}: {error}", task.label())))?;
    Ok(task)
}

fn segments(arguments: &Arguments) -> impl Iterator<Item = Segment<'_>> {
    arguments.pieces().map(|piece| match piece {
        Piece::Bytes(bytes) => Segment::Bytes(bytes),
        Piece::Dependency(index) => Segment::Hole(index),
    })
}

fn dependency_types<'a>(
    state: &'a State,
    tenant: TenantId,
    new_types: &KeyMap<TypeId>,
    dependencies: &[Key],
) -> Result<Vec<&'a Type>, Flaw> {
    let types = dependencies.iter().map(|key| {
        let id = known_type(state, tenant, new_types, key);
        id.and_then(|id| state.types.get(id))
            .ok_or(Flaw::Dependency(*key))
    });
    types.collect()
}

fn known_type(
    state: &State,
    tenant: TenantId,
    new_types: &KeyMap<TypeId>,
    key: &Key,
) -> Option<TypeId> {
    let own = || state.core.tenant_of(key) == Some(tenant);
    new_types
        .get(key)
        .copied()
        .or_else(|| state.core.result_type(key).filter(|_| own()))
}

/// Why a key is not known: it was refused, or is gone.
fn why_unknown(state: &mut State, tenant: TenantId, key: &Key) -> Rc<Refusal> {
    state.refusals.get(tenant, key).unwrap_or_else(|| {
        let message = format!(
            "nothing is known of future {}; it was released, or belongs to somebody else",
            key.short()
        );
        Rc::new(Refusal::new(RefusalCode::NotFound, message))
    })
}

#[cfg(test)]
mod tests {
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
}
