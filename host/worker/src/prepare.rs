//! Getting all that a task needs to run: its component, if any, and its arguments as a rope of
//! bytes.

use std::{future::Future, pin::Pin, rc::Rc, sync::Arc};

use bytes::Bytes;
use wask_core::{Key, Piece, TaskKind, TaskSpec};
use wask_sandbox::{TaskLimits, Work};
use wask_store::Found;

use crate::{components::Obtained, node::Node};

/// All that a task needs, or why it cannot be had.
pub(crate) type Prepared = Result<Inputs, Unprepared>;
pub(crate) type Preparing = Pin<Box<dyn Future<Output = Prepared>>>;

/// What a task needs to run. Holding the arguments keeps them in memory.
pub(crate) struct Inputs {
    pub(crate) work: Work,
    pub(crate) arguments: Vec<Bytes>,
    pub(crate) limits: TaskLimits,
}

/// Why a task cannot run here.
pub(crate) enum Unprepared {
    /// What it runs cannot be had: the component, the function in it, the operator.
    Work(String),
    /// An input is not in the store any more.
    InputGone(Key, String),
}

/// Gets what a task needs beside its component, if it runs one. Ready at once in the usual case: the
/// inputs are in memory, and memory is not short.
pub(crate) fn prepare(
    node: Rc<Node>,
    task: Arc<TaskSpec>,
    component: Option<Obtained>,
) -> Preparing {
    Box::pin(async move {
        // Results come faster than the disk takes older ones: it sets the pace.
        while let Some(relief) = node.store.pressure() {
            relief.await;
        }
        let limits = TaskLimits::of(&task.definition.options);
        let work = work(&task, component).map_err(Unprepared::Work)?;
        let arguments = arguments(&node, &task).await?;
        Ok(Inputs {
            work,
            arguments,
            limits,
        })
    })
}

/// What the task runs.
fn work(task: &TaskSpec, component: Option<Obtained>) -> Result<Work, String> {
    let work = match (&task.definition.kind, component) {
        (
            TaskKind::Function {
                function, applied, ..
            },
            Some(compiled),
        ) => Work::function(compiled.map_err(|why| why.to_string())?, function, *applied),
        (TaskKind::Function { .. }, None) => return Err("it has no component".to_owned()),
        (
            TaskKind::Operator {
                name,
                version,
                types,
            },
            _,
        ) => Work::operator(name, *version, types),
    };
    work.map_err(|error| error.to_string())
}

async fn arguments(node: &Node, task: &TaskSpec) -> Result<Vec<Bytes>, Unprepared> {
    let mut arguments = Vec::with_capacity(2 * task.arguments.holes.len() + 1);
    for piece in task.arguments.pieces() {
        arguments.push(match piece {
            Piece::Bytes(bytes) => task.arguments.bytes.slice_ref(bytes),
            Piece::Dependency(index) => {
                // The message that brought the task was refused where this does not exist.
                let Some(key) = task.dependencies.get(index as usize) else {
                    let why = format!("the task has no dependency {index}");
                    return Err(Unprepared::Work(why));
                };
                input(node, *key).await?
            }
        });
    }
    Ok(arguments)
}

async fn input(node: &Node, key: Key) -> Result<Bytes, Unprepared> {
    match node.store.get(&key) {
        Found::Here(bytes) => Ok(bytes),
        Found::Loading(loading) => loading
            .await
            .map_err(|error| Unprepared::InputGone(key, error.to_string())),
        Found::Absent => {
            let why = format!("the result {} is not in the store", key.short());
            Err(Unprepared::InputGone(key, why))
        }
    }
}
