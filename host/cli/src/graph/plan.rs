//! A graph in which every type is known and fits.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    path::Path,
};

use wask_client::{Operator, Options};
use wask_value::Type;

use super::{
    Source,
    arguments::Reader,
    document::{Callee, Document, Task, place},
};
use crate::{
    cluster::Cluster,
    component::{Signature, Target},
    exit::{Failed, Result},
    expression::{Scope, Tree, is_name},
};

/// Checked tasks, and what is needed to call them.
pub(crate) struct Plan {
    pub(super) targets: BTreeMap<String, Target>,
    /// Each after those that it refers to.
    pub(super) tasks: Vec<Planned>,
    /// The names and types of what is asked for.
    pub(crate) outputs: Vec<(String, Type)>,
    has_datasets: bool,
}

/// A task that fits.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) name: String,
    pub(super) callee: PlannedCallee,
    pub(super) arguments: Tree,
}

#[derive(Debug)]
pub(super) enum PlannedCallee {
    Function {
        component: String,
        function: Signature,
        options: Box<Options>,
    },
    Operator {
        operator: Operator,
        /// Of the arguments.
        types: Vec<Type>,
    },
}

/// The functions that a graph calls, by component and name as they are written.
pub(super) type Signatures = HashMap<(String, String), Signature>;

impl Plan {
    /// Looks up what the graph refers to, on the cluster only what is not here, and checks it.
    pub(crate) async fn read(source: &Source, cluster: &mut Cluster) -> Result<Self> {
        let Source { document, folder } = source;
        let targets = targets(document, folder, cluster)?;
        let mut signatures = Signatures::new();
        for task in &document.tasks {
            let Callee::Function {
                component,
                function,
                ..
            } = &task.callee
            else {
                continue;
            };
            let key = (component.clone(), function.clone());
            if let Entry::Vacant(signature) = signatures.entry(key) {
                let found = targets[component].function(cluster, function).await;
                signature.insert(found.map_err(|failed| failed.context(place(&task.name)))?);
            }
        }
        let scope = scope(document, cluster).await?;
        let (tasks, outputs) = planned(document, folder, &signatures, &scope)?;
        Ok(Self {
            targets,
            tasks,
            outputs,
            has_datasets: !scope.datasets.is_empty(),
        })
    }
}

impl Plan {
    /// Whether it refers to what only a cluster has.
    pub(crate) fn needs_cluster(&self) -> bool {
        let is_named = |target: &Target| matches!(target, Target::Named(_));
        self.targets.values().any(is_named) || self.has_datasets
    }
}

fn targets(
    document: &Document,
    folder: &Path,
    cluster: &Cluster,
) -> Result<BTreeMap<String, Target>> {
    let targets = document.components.iter().map(|(name, source)| {
        let target = Target::load_in(folder, source).and_then(|target| {
            if let Target::Named(source) = &target {
                cluster.check_lasts(source)?;
            }
            Ok(target)
        });
        let target = target.map_err(|failed| failed.context(format!("component `{name}`")))?;
        Ok((name.clone(), target))
    });
    targets.collect()
}

async fn scope(document: &Document, cluster: &mut Cluster) -> Result<Scope> {
    let mut texts: Vec<String> = Vec::new();
    for name in document.datasets() {
        if !is_name(name) {
            return Err(Failed::input(format!(
                "`{name}` is no name of a dataset; `wask datasets` lists them"
            )));
        }
        texts.push(format!("@{name}"));
    }
    texts.sort();
    texts.dedup();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    cluster.scope(&texts, false).await
}

pub(super) type Checked = (Vec<Planned>, Vec<(String, Type)>);

/// Checks all arguments, in order, so that what each task refers to is known before it.
pub(super) fn planned(
    document: &Document,
    folder: &Path,
    signatures: &Signatures,
    scope: &Scope,
) -> Result<Checked> {
    let mut reader = Reader {
        tasks: HashMap::with_capacity(document.tasks.len()),
        scope,
        folder,
    };
    let mut tasks = Vec::with_capacity(document.tasks.len());
    for task in &document.tasks {
        let (planned, ty) =
            one(task, &reader, signatures).map_err(|failed| failed.context(place(&task.name)))?;
        reader.tasks.insert(&task.name, ty);
        tasks.push(planned);
    }
    let outputs = document.outputs.iter().map(|name| {
        // The document has found each.
        let ty = reader.tasks.get(name.as_str()).cloned();
        (name.clone(), ty.unwrap_or_else(Type::unit))
    });
    let outputs = outputs.collect();
    Ok((tasks, outputs))
}

fn one(task: &Task, reader: &Reader<'_>, signatures: &Signatures) -> Result<(Planned, Type)> {
    let Task { name, callee, args } = task;
    let (callee, arguments, ty) = match callee {
        Callee::Function {
            component,
            function,
            options,
        } => {
            let signature = signatures.get(&(component.clone(), function.clone()));
            let signature = signature.ok_or_else(|| {
                Failed::input(format!("there is no function `{component}#{function}`"))
            })?;
            let arguments = reader.arguments(&signature.name, &signature.ty, args)?;
            let callee = PlannedCallee::Function {
                component: component.clone(),
                function: signature.clone(),
                options: options.clone(),
            };
            (callee, arguments, signature.ty.value_type())
        }
        Callee::Operator(operator) => {
            let types = reader.types(operator, args)?;
            let signature = operator
                .infer(&types)
                .and_then(|types| operator.signature(&types));
            let signature = signature.map_err(Failed::input)?;
            let arguments = reader.arguments(&operator.to_string(), &signature, args)?;
            let operator = operator.clone();
            let callee = PlannedCallee::Operator { operator, types };
            (callee, arguments, signature.value_type())
        }
    };
    let planned = Planned {
        name: name.clone(),
        callee,
        arguments,
    };
    Ok((planned, ty))
}
