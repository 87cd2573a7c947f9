//! Checks what a client submits before the core sees it.

use std::sync::Arc;

use wask_component::Component;
use wask_core::{
    Applied, Arguments, Definition, Key, KeyMap, Piece, TaskKind, TaskSpec, TenantId, TypeId,
};
use wask_rpc::{
    Refusal, RefusalCode,
    wire::{IncomingBatch, IncomingTask},
};
use wask_value::{Param, Segment, Type, check_arguments};

use crate::hub::State;

/// A batch after the check.
#[derive(Default)]
pub(crate) struct Admitted {
    pub(crate) tasks: Vec<TaskSpec>,
    /// The keys among them, and older ones, that the session wants.
    pub(crate) wanted: Vec<Key>,
    pub(crate) refused: Vec<(Key, Refusal)>,
}

/// A definition, looked up.
struct Callee {
    definition: Arc<Definition>,
    params: Vec<Param>,
    result_type: TypeId,
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
) -> Result<Callee, Refusal> {
    let TaskKind::Function {
        component: digest,
        function: name,
        applied: Applied::Once,
    } = &definition.kind
    else {
        let message = "this scheduler takes only plain functions";
        return Err(Refusal::new(RefusalCode::Invalid, message));
    };
    let component = state.library.get(tenant, digest).ok_or_else(|| {
        let message = format!("component {digest} is not here; upload it before its tasks");
        Refusal::new(RefusalCode::NotFound, message)
    })?;
    let function = find_function(&component, name)?;
    let result_type = state.types.id(&function.ty.value_type());
    Ok(Callee {
        params: function.ty.params.clone(),
        result_type,
        definition: definition.clone(),
    })
}

fn find_function<'a>(
    component: &'a Component,
    name: &str,
) -> Result<&'a wask_component::Function, Refusal> {
    let not_found = |error| Refusal::new(RefusalCode::NotFound, error);
    let function = component
        .function(name)
        .map_err(|error| not_found(error.to_string()))?;
    // Keys hold the full name, so that equal tasks have equal keys.
    if *function.name != *name {
        return Err(not_found(format!(
            "the function `{name}` is called `{}`",
            function.name
        )));
    }
    Ok(function)
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
