//! The executions that are under way, from the core's wish to their end.

use std::{collections::HashMap, sync::Arc};

use tokio::task::AbortHandle;
use tracing::Span;
use wask_core::{Attempt, Key, KeyMap, TaskSpec};
use wask_sandbox::TaskLimits;
use wask_value::Type;

/// One attempt of a task.
pub(crate) struct Execution {
    pub(crate) task: Arc<TaskSpec>,
    pub(crate) attempt: Attempt,
    pub(crate) stage: Stage,
    pub(crate) span: Span,
}

/// How far an execution has come.
pub(crate) enum Stage {
    /// Its component or its inputs are being got.
    Preparing(Option<AbortHandle>),
    /// With the executor.
    Running {
        /// What the task may use.
        limits: TaskLimits,
        /// The type of the value in the error that it may return.
        error_type: Option<Type>,
    },
}

/// All executions, by the token that the executor knows them by, and by key.
#[derive(Default)]
pub(crate) struct Executions {
    by_token: HashMap<u64, Execution>,
    tokens: KeyMap<u64>,
    last: u64,
}

impl Executions {
    /// Takes one in, and gives it a token. The core runs one attempt of a task at a time.
    pub(crate) fn insert(&mut self, task: Arc<TaskSpec>, attempt: Attempt) -> u64 {
        let span = tracing::debug_span!(
            "task",
            key = %task.key.short(),
            label = %task.label(),
            attempt = attempt.0
        );
        self.last += 1;
        self.tokens.insert(task.key, self.last);
        let execution = Execution {
            task,
            attempt,
            stage: Stage::Preparing(None),
            span,
        };
        self.by_token.insert(self.last, execution);
        self.last
    }

    pub(crate) fn get_mut(&mut self, token: u64) -> Option<&mut Execution> {
        self.by_token.get_mut(&token)
    }

    /// The token of an attempt, while it is under way.
    pub(crate) fn find(&self, key: &Key, attempt: Attempt) -> Option<u64> {
        let token = *self.tokens.get(key)?;
        let execution = self.by_token.get(&token)?;
        (execution.attempt == attempt).then_some(token)
    }

    pub(crate) fn remove(&mut self, token: u64) -> Option<Execution> {
        let execution = self.by_token.remove(&token)?;
        if self.tokens.get(&execution.task.key) == Some(&token) {
            self.tokens.remove(&execution.task.key);
        }
        Some(execution)
    }
}
