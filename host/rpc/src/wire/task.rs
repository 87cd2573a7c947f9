//! Definitions and tasks.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use wask_core::{
    Applied, Arguments, Clamps, Definition, Digest, Hole, Key, Limit, LimitRules, ResultLimits,
    TaskKind, TaskOptions, TaskRules, TaskSpec,
};
use wask_schema::common_capnp::{self, definition, result_limits, task, task_options, task_rules};

use super::{list_len, read_key, read_keys, read_texts, structs, write_keys, write_texts};
use crate::Error;

/// The definitions of one outgoing batch, each once.
#[derive(Default)]
pub struct Definitions {
    all: Vec<Arc<Definition>>,
    places: HashMap<*const Definition, u32>,
}

impl Definitions {
    /// The definitions of `tasks`.
    pub fn of<'a>(tasks: impl IntoIterator<Item = &'a TaskSpec>) -> Self {
        let mut definitions = Self::default();
        for task in tasks {
            let next = definitions.len();
            let of_it = definitions.places.entry(Arc::as_ptr(&task.definition));
            if let Entry::Vacant(place) = of_it {
                place.insert(next);
                definitions.all.push(task.definition.clone());
            }
        }
        definitions
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        list_len(self.all.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn write(&self, mut out: capnp::struct_list::Builder<'_, definition::Owned>) {
        for (index, definition) in (0..).zip(&self.all) {
            let mut out = out.reborrow().get(index);
            write_kind(out.reborrow().get_kind(), &definition.kind);
            out.set_tenant(&*definition.tenant);
            write_options(out.init_options(), &definition.options);
        }
    }

    pub(super) fn write_task(&self, mut out: task::Builder<'_>, task: &TaskSpec, wanted: bool) {
        let place = self.places.get(&Arc::as_ptr(&task.definition));
        out.set_definition(*place.expect("the table was made of these tasks"));
        out.set_key(&task.key.0);
        out.set_arguments(&task.arguments.bytes);
        if !task.arguments.holes.is_empty() {
            let mut holes = out
                .reborrow()
                .init_holes(list_len(task.arguments.holes.len()));
            for (index, hole) in (0..).zip(&task.arguments.holes) {
                let mut out = holes.reborrow().get(index);
                out.set_offset(hole.offset);
                out.set_dependency(hole.dependency);
            }
        }
        if !task.dependencies.is_empty() {
            out.set_dependencies(&write_keys(&task.dependencies));
        }
        out.set_salt(task.salt);
        out.set_wanted(wanted);
    }
}

fn write_kind(out: definition::kind::Builder<'_>, kind: &TaskKind) {
    match kind {
        TaskKind::Function {
            component,
            function,
            applied,
        } => {
            let mut out = out.init_function();
            out.set_component(&component.0);
            out.set_name(&**function);
            out.set_applied(write_applied(*applied));
        }
        TaskKind::Operator {
            name,
            version,
            types,
        } => {
            let mut out = out.init_operator();
            out.set_operator_name(&**name);
            out.set_operator_version(*version);
            write_texts(out.init_types(list_len(types.len())), types);
        }
    }
}

fn write_applied(applied: Applied) -> common_capnp::Applied {
    use common_capnp::Applied as Wire;
    match applied {
        Applied::Once => Wire::Once,
        Applied::Map => Wire::Map,
        Applied::Filter => Wire::Filter,
        Applied::FlatMap => Wire::FlatMap,
        Applied::Fold => Wire::Fold,
        Applied::Reduce => Wire::Reduce,
    }
}

fn read_applied(applied: common_capnp::Applied) -> Applied {
    use common_capnp::Applied as Wire;
    match applied {
        Wire::Once => Applied::Once,
        Wire::Map => Applied::Map,
        Wire::Filter => Applied::Filter,
        Wire::FlatMap => Applied::FlatMap,
        Wire::Fold => Applied::Fold,
        Wire::Reduce => Applied::Reduce,
    }
}

fn write_options(mut out: task_options::Builder<'_>, options: &TaskOptions) {
    out.set_label(options.label.as_deref().unwrap_or_default());
    out.set_priority(options.priority);
    out.set_retries(options.retries);
    let mut timeout = out.reborrow().get_timeout();
    match options.timeout {
        Some(limit) => timeout.set_nanos(nanos(limit)),
        None => timeout.set_unlimited(()),
    }
    write_limits(out.reborrow().init_limits(), &options.limits);
    out.set_impure(!options.pure);
    let mut resources = out
        .reborrow()
        .init_resources(list_len(options.resources.len()));
    for (index, (name, amount)) in (0..).zip(&options.resources) {
        let mut out = resources.reborrow().get(index);
        out.set_name(&**name);
        out.set_amount(*amount);
    }
    let workers = out.init_workers(list_len(options.workers.len()));
    write_texts(workers, &options.workers);
}

fn write_limits(mut out: result_limits::Builder<'_>, limits: &ResultLimits) {
    out.set_memory(limits.memory);
    out.set_output(limits.output);
    let mut fuel = out.get_fuel();
    match limits.fuel {
        Limit::Unlimited => fuel.set_unlimited(()),
        Limit::Of(units) => fuel.set_units(units),
    }
}

fn read_limits(limits: result_limits::Reader<'_>) -> Result<ResultLimits, Error> {
    Ok(ResultLimits {
        memory: limits.get_memory(),
        output: limits.get_output(),
        fuel: match limits.get_fuel().which()? {
            result_limits::fuel::Unlimited(()) => Limit::Unlimited,
            result_limits::fuel::Units(units) => Limit::Of(units),
        },
    })
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Fills a message.
pub fn write_task_rules(mut out: task_rules::Builder<'_>, rules: &TaskRules) {
    write_limits(out.reborrow().init_defaults(), rules.limits.defaults());
    write_limits(out.reborrow().init_max(), rules.limits.max());
    let mut timeout = out.reborrow().get_timeout();
    match rules.clamps.timeout {
        None => timeout.set_unlimited(()),
        Some(most) => timeout.set_nanos(nanos(most)),
    }
    let mut retries = out.get_retries();
    match rules.clamps.retries {
        None => retries.set_unlimited(()),
        Some(most) => retries.set_most(most),
    }
}

/// Takes all out of a message.
pub fn read_task_rules(rules: task_rules::Reader<'_>) -> Result<TaskRules, Error> {
    let (defaults, max) = (rules.get_defaults()?, rules.get_max()?);
    let limits = LimitRules::new(read_limits(defaults)?, read_limits(max)?)
        .map_err(|error| Error::Malformed(format!("the cluster's default limits: {error}")))?;
    let timeout = match rules.get_timeout().which()? {
        task_rules::timeout::Unlimited(()) => None,
        task_rules::timeout::Nanos(nanos) => Some(Duration::from_nanos(nanos)),
    };
    let retries = match rules.get_retries().which()? {
        task_rules::retries::Unlimited(()) => None,
        task_rules::retries::Most(most) => Some(most),
    };
    Ok(TaskRules {
        limits,
        clamps: Clamps { timeout, retries },
    })
}

/// The definitions of one incoming batch.
pub(super) fn read_definitions(
    list: capnp::struct_list::Reader<'_, definition::Owned>,
    tenant: Option<&str>,
) -> Result<Vec<Arc<Definition>>, Error> {
    structs(list)?
        .iter()
        .map(|definition| {
            let kind = read_kind(definition.get_kind())?;
            let options = read_options(definition.get_options()?)?;
            let own_tenant = definition.get_tenant()?.to_str()?;
            Ok(Arc::new(Definition::new(
                tenant.unwrap_or(own_tenant),
                kind,
                options,
            )))
        })
        .collect()
}

fn read_kind(kind: definition::kind::Reader<'_>) -> Result<TaskKind, Error> {
    Ok(match kind.which()? {
        definition::kind::Function(function) => TaskKind::Function {
            component: Digest(read_key(function.get_component()?)?.0),
            function: function.get_name()?.to_str()?.into(),
            applied: read_applied(function.get_applied()?),
        },
        definition::kind::Operator(operator) => TaskKind::Operator {
            name: operator.get_operator_name()?.to_str()?.into(),
            version: operator.get_operator_version(),
            types: read_texts(operator.get_types()?)?
                .into_iter()
                .map(Into::into)
                .collect(),
        },
        definition::kind::Source(_) | definition::kind::Sink(_) => {
            let message = "a source or a sink; this version runs functions and operators";
            return Err(Error::Malformed(message.into()));
        }
    })
}

fn read_options(options: task_options::Reader<'_>) -> Result<TaskOptions, Error> {
    let label = options.get_label()?.to_str()?;
    let mut resources = std::collections::BTreeMap::new();
    for resource in structs(options.get_resources()?)? {
        resources.insert(resource.get_name()?.to_str()?.into(), resource.get_amount());
    }
    if !options.get_grants()?.is_empty() {
        let message = "a task with grants; this version grants no capabilities";
        return Err(Error::Malformed(message.into()));
    }
    Ok(TaskOptions {
        label: (!label.is_empty()).then(|| label.into()),
        priority: options.get_priority(),
        retries: options.get_retries(),
        timeout: match options.get_timeout().which()? {
            task_options::timeout::Unlimited(()) => None,
            task_options::timeout::Nanos(nanos) => Some(Duration::from_nanos(nanos)),
        },
        limits: read_limits(options.get_limits()?)?,
        pure: !options.get_impure(),
        resources,
        workers: read_texts(options.get_workers()?)?
            .into_iter()
            .map(Into::into)
            .collect(),
    })
}

/// A task as it came in: not yet checked against its function.
#[derive(Clone, Debug)]
pub struct IncomingTask {
    /// Index of its definition in the batch.
    pub definition: usize,
    /// The key that the sender gave it.
    pub key: Key,
    /// Its arguments. Those of one batch share one allocation.
    pub arguments: Arguments,
    /// The keys of its dependencies.
    pub dependencies: Box<[Key]>,
    /// Tells impure tasks apart.
    pub salt: u64,
    /// Whether the sender holds the result.
    pub wanted: bool,
}

/// The tasks of one batch that has so many definitions.
pub(super) fn read_tasks(
    tasks: &[task::Reader<'_>],
    definitions: usize,
) -> Result<Vec<IncomingTask>, Error> {
    let mut arena = BytesMut::new();
    for task in tasks {
        arena.extend_from_slice(task.get_arguments()?);
    }
    let mut arena = arena.freeze();
    tasks
        .iter()
        .map(|task| read_task(*task, definitions, &mut arena))
        .collect()
}

fn read_task(
    task: task::Reader<'_>,
    definitions: usize,
    arena: &mut Bytes,
) -> Result<IncomingTask, Error> {
    let definition = task.get_definition() as usize;
    if definition >= definitions {
        return Err(Error::Malformed(
            "a task names a definition that is not in its batch".into(),
        ));
    }
    if !task.get_slices()?.is_empty() {
        return Err(Error::Malformed(
            "a slice; this version moves only whole results".into(),
        ));
    }
    let holes = structs(task.get_holes()?)?.iter();
    let holes = holes
        .map(|hole| Hole {
            offset: hole.get_offset(),
            dependency: hole.get_dependency(),
        })
        .collect();
    Ok(IncomingTask {
        definition,
        key: read_key(task.get_key()?)?,
        arguments: Arguments {
            bytes: arena.split_to(task.get_arguments()?.len()),
            holes,
        },
        dependencies: read_keys(task.get_dependencies()?)?.into(),
        salt: task.get_salt(),
        wanted: task.get_wanted(),
    })
}
