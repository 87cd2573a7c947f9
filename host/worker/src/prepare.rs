//! Getting all that a task needs to run: its component, and its arguments as a rope of bytes.

use std::{future::Future, pin::Pin, rc::Rc, sync::Arc};

use bytes::Bytes;
use wask_core::{Applied, Key, Piece, TaskKind, TaskSpec};
use wask_sandbox::{FunctionHandle, TaskLimits};
use wask_store::Found;

use crate::{components::Ready, node::Node};

/// All that a task needs, or why it cannot be had.
pub(crate) type Prepared = Result<Inputs, Unprepared>;
pub(crate) type Preparing = Pin<Box<dyn Future<Output = Prepared>>>;

/// What a task needs to run. Holding the arguments keeps them in memory.
pub(crate) struct Inputs {
    pub(crate) component: Arc<Ready>,
    pub(crate) function: FunctionHandle,
    pub(crate) arguments: Vec<Bytes>,
    pub(crate) limits: TaskLimits,
}

/// Why a task cannot run here.
pub(crate) enum Unprepared {
    /// The component cannot be had, or does not have the function.
    Component(String),
    /// An input is not in the store any more.
    InputGone(Key, String),
}

/// Gets what a task needs. Ready at once in the usual case: the component has been used before,
/// the inputs are in memory, and memory is not short.
pub(crate) fn prepare(node: Rc<Node>, task: Arc<TaskSpec>) -> Preparing {
    Box::pin(async move {
        // Results come faster than the disk takes older ones: it sets the pace.
        while let Some(relief) = node.store.pressure() {
            relief.await;
        }
        let limits = limits(&node, &task);
        let TaskKind::Function {
            component: digest,
            function: name,
            applied: Applied::Once,
        } = &task.definition.kind
        else {
            let why = "this worker runs only plain functions".to_owned();
            return Err(Unprepared::Component(why));
        };
        let component = node.components.get(*digest, limits.fuel.is_some()).await;
        let component = component.map_err(|why| Unprepared::Component(why.to_string()))?;
        let function = component.compiled.function(name).ok_or_else(|| {
            Unprepared::Component(format!("component {digest} has no function `{name}`"))
        })?;
        let arguments = arguments(&node, &task).await?;
        Ok(Inputs {
            component,
            function,
            arguments,
            limits,
        })
    })
}

/// What the task may use: its own limits, else the worker's.
fn limits(node: &Node, task: &TaskSpec) -> TaskLimits {
    let (options, default) = (&task.definition.options, node.task_limits);
    TaskLimits {
        memory: options.memory_limit.unwrap_or(default.memory),
        timeout: options.timeout.or(default.timeout),
        fuel: options.fuel.or(default.fuel),
        max_output: options.output_limit.unwrap_or(default.max_output),
    }
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
                    return Err(Unprepared::Component(why));
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
