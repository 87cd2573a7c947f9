//! Checks what a client submits before the core sees it.

use std::{rc::Rc, sync::Arc};

use wask_core::{
    Arguments, Definition, Key, KeyMap, Piece, SchedulerCore, TaskSpec, TenantId, TypeId,
    bytes_text,
};
use wask_rpc::{
    Refusal, RefusalCode,
    wire::{IncomingBatch, IncomingTask},
};
use wask_value::{Segment, Type, Verdicts};

use crate::{Quotas, TaskRules, callees::Callee, hub::State, refusals::Refusals, types::Types};

/// A batch after the check.
#[derive(Default)]
pub(crate) struct Admitted {
    pub(crate) tasks: Vec<TaskSpec>,
    /// The keys among them, and older ones, that the session wants.
    pub(crate) wanted: Vec<Key>,
    pub(crate) refused: Vec<(Key, Rc<Refusal>)>,
    /// How many times types of holes were compared with what is expected there.
    #[cfg(test)]
    comparisons: usize,
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
    let definitions = batch.definitions.into_iter();
    let callees: Vec<_> = definitions
        .map(|one| {
            check_texts(&one, quotas)?;
            resolve(state, tenant, rules.apply(one)?)
        })
        .map(|resolved| resolved.map_err(Rc::new))
        .collect();
    let State {
        core,
        types,
        refusals,
        ..
    } = state;
    let mut known = Known {
        core,
        types,
        tenant,
        new_types: KeyMap::default(),
    };
    let mut room = Room::new(core, quotas);
    let mut verdicts = Verdicts::default();
    let mut admitted = Admitted::default();
    for task in batch.tasks {
        let (key, wanted) = (task.key, task.wanted);
        let checked = match &callees[task.definition] {
            Ok(callee) => {
                let checked = check(&known, argument_bytes, &mut verdicts, callee, task)
                    .and_then(|task| room.take(core, task).map_err(Flaw::Own));
                checked.map_err(|flaw| match flaw {
                    Flaw::Own(refusal) => Rc::new(refusal),
                    Flaw::Dependency(key) => why_unknown(refusals, tenant, &key),
                })
            }
            Err(refusal) => Err(refusal.clone()),
        };
        match checked {
            Ok(task) => {
                refusals.remove(tenant, &key);
                known.new_types.insert(key, task.result_type);
                admitted.wanted.extend(wanted.then_some(key));
                admitted.tasks.push(task);
            }
            Err(refusal) => {
                refusals.insert(tenant, key, refusal.clone());
                admitted.refused.push((key, refusal));
            }
        }
    }
    for key in batch.wanted {
        match known.type_id(&key) {
            Some(_) => admitted.wanted.push(key),
            None => {
                let refusal = why_unknown(refusals, tenant, &key);
                admitted.refused.push((key, refusal));
            }
        }
    }
    #[cfg(test)]
    {
        admitted.comparisons = verdicts.comparisons();
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
    fn new(core: &SchedulerCore, quotas: &'q Quotas) -> Self {
        let counts = core.counts();
        Self {
            tasks: quotas.tasks.saturating_sub(counts.tasks()),
            argument_bytes: quotas.argument_bytes.saturating_sub(counts.argument_bytes),
            quotas,
        }
    }

    /// Takes a task in, which costs nothing if it is known.
    fn take(&mut self, core: &SchedulerCore, task: TaskSpec) -> Result<TaskSpec, Refusal> {
        if core.knows(&task.key) {
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

/// What a name takes beside its bytes: empty ones are not for nothing.
const NAME_BYTES: usize = 16;

/// Whether the names that come with a definition are within reason: each of its tasks keeps them.
fn check_texts(definition: &Definition, quotas: &Quotas) -> Result<(), Refusal> {
    let options = &definition.options;
    let label = options.label.as_ref().map_or(0, |label| label.len());
    let resources = options.resources.keys().map(|name| NAME_BYTES + name.len());
    let workers = options.workers.iter().map(|name| NAME_BYTES + name.len());
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

fn check<'a>(
    known: &Known<'a>,
    argument_bytes: usize,
    verdicts: &mut Verdicts<'a>,
    callee: &'a Callee,
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
        callee.signature.result_type,
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
    let types = known.types_of(&task.dependencies)?;
    let hole = |dependency: u32| types.get(dependency as usize).copied();
    verdicts
        .check_arguments(&callee.signature.params, segments(&task.arguments), hole)
        .map_err(|error| invalid(format!("{}: {error}", task.label())))?;
    Ok(task)
}

fn segments(arguments: &Arguments) -> impl Iterator<Item = Segment<'_>> {
    arguments.pieces().map(|piece| match piece {
        Piece::Bytes(bytes) => Segment::Bytes(bytes),
        Piece::Dependency(index) => Segment::Hole(index),
    })
}

/// The types of what a task may depend on.
struct Known<'a> {
    core: &'a SchedulerCore,
    types: &'a Types,
    tenant: TenantId,
    /// Of the tasks of this batch.
    new_types: KeyMap<TypeId>,
}

impl<'a> Known<'a> {
    fn types_of(&self, dependencies: &[Key]) -> Result<Vec<&'a Type>, Flaw> {
        let types = dependencies.iter().map(|key| {
            let id = self.type_id(key);
            id.and_then(|id| self.types.get(id))
                .ok_or(Flaw::Dependency(*key))
        });
        types.collect()
    }

    fn type_id(&self, key: &Key) -> Option<TypeId> {
        let own = || self.core.tenant_of(key) == Some(self.tenant);
        let new = self.new_types.get(key).copied();
        new.or_else(|| self.core.result_type(key).filter(|_| own()))
    }
}

/// Why a key is not known: it was refused, or is gone.
fn why_unknown(refusals: &mut Refusals<Key>, tenant: TenantId, key: &Key) -> Rc<Refusal> {
    refusals.get(tenant, key).unwrap_or_else(|| {
        let message = format!(
            "nothing is known of future {}; it was released, or belongs to somebody else",
            key.short()
        );
        Rc::new(Refusal::new(RefusalCode::NotFound, message))
    })
}

#[cfg(test)]
mod tests;
