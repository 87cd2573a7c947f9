//! Checks what a client submits before the core sees it.

use std::{rc::Rc, sync::Arc};

use wask_core::{Arguments, Definition, Key, KeyMap, Piece, TaskSpec, TenantId, TypeId};
use wask_rpc::{
    Refusal, RefusalCode,
    wire::{IncomingBatch, IncomingTask},
};
use wask_value::{Segment, Type, check_arguments};

use crate::{callees::Callee, hub::State};

/// A batch after the check.
#[derive(Default)]
pub(crate) struct Admitted {
    pub(crate) tasks: Vec<TaskSpec>,
    /// The keys among them, and older ones, that the session wants.
    pub(crate) wanted: Vec<Key>,
    pub(crate) refused: Vec<(Key, Refusal)>,
}

/// Checks a batch of a tenant's client. A refused task takes its dependents with it, and nothing
/// else.
pub(crate) fn admit(state: &mut State, tenant: TenantId, batch: IncomingBatch) -> Admitted {
    let definitions = batch.definitions.into_iter();
    let callees: Vec<_> = definitions.map(|one| resolve(state, tenant, one)).collect();
    let mut admitted = Admitted::default();
    let mut new_types = KeyMap::default();
    for task in batch.tasks {
        let (key, wanted) = (task.key, task.wanted);
        let checked = match &callees[task.definition] {
            Ok(callee) => check(state, tenant, &new_types, callee, task),
            Err(refusal) => Err(refusal.clone()),
        };
        match checked {
            Ok(task) => {
                new_types.insert(key, task.result_type);
                admitted.wanted.extend(wanted.then_some(key));
                admitted.tasks.push(task);
            }
            Err(refusal) => admitted.refused.push((key, refusal)),
        }
    }
    for key in batch.wanted {
        match known_type(state, tenant, &new_types, &key) {
            Some(_) => admitted.wanted.push(key),
            None => admitted.refused.push((key, unknown_key(&key))),
        }
    }
    admitted
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
    callee: &Callee,
    task: IncomingTask,
) -> Result<TaskSpec, Refusal> {
    let invalid = |message: String| Refusal::new(RefusalCode::Invalid, message);
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
) -> Result<Vec<&'a Type>, Refusal> {
    let types = dependencies.iter().map(|key| {
        let id = known_type(state, tenant, new_types, key);
        id.and_then(|id| state.types.get(id))
            .ok_or_else(|| unknown_key(key))
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

fn unknown_key(key: &Key) -> Refusal {
    let message = format!(
        "nothing is known of future {}; it was released, or belongs to somebody else",
        key.short()
    );
    Refusal::new(RefusalCode::NotFound, message)
}
