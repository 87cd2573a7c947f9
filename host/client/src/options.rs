//! How tasks are to be run.

use std::{sync::Arc, time::Duration};

use wask_core::{AskedLimits, Limit, TaskOptions};

/// How tasks of a function are to be run. Given to it with
/// [`Function::with`](crate::Function::with).
///
/// ```
/// use std::time::Duration;
/// use wask_client::Options;
///
/// let options = Options::new()
///     .label("nightly count")
///     .priority(10)
///     .retries(2)
///     .timeout(Duration::from_secs(30))
///     .memory_limit(64 << 20);
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Without the limits, which are settled where a task is sent to.
    pub(crate) task: TaskOptions,
    pub(crate) asked: AskedLimits,
}

impl Options {
    /// The defaults: priority 0, no retries, no timeout, the cluster's limits, pure.
    pub fn new() -> Self {
        Self::default()
    }

    /// A name for people, in errors and in the cluster's status. The function's own name where
    /// there is none. It is not part of the key.
    #[must_use]
    pub fn label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.task.label = Some(label.into());
        self
    }

    /// Higher runs first. 0 by default.
    #[must_use]
    pub fn priority(mut self, priority: i32) -> Self {
        self.task.priority = priority;
        self
    }

    /// How often a failed task is tried again before its failure counts. 0 by default; a cluster may
    /// have a maximum, and more is cut.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.task.retries = retries;
        self
    }

    /// How long one attempt may run, in wall time. Without end by default; a cluster may have a
    /// maximum, and more is cut.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.task.timeout = Some(timeout);
        self
    }

    /// How much linear memory the sandbox may have, in bytes. The cluster's default by default.
    /// More than the cluster's maximum is refused where the task is submitted.
    #[must_use]
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.asked.memory = Some(bytes);
        self
    }

    /// How large the encoded result may be, in bytes. The cluster's default by default. More than
    /// the cluster's maximum is refused where the task is submitted.
    #[must_use]
    pub fn output_limit(mut self, bytes: u64) -> Self {
        self.asked.output = Some(bytes);
        self
    }

    /// How much the task may compute, in wasmtime's fuel, about one an instruction: a limit that
    /// is the same on every machine. The cluster's default by default, mostly without end. More than
    /// the cluster's maximum is refused where the task is submitted.
    #[must_use]
    pub fn fuel(mut self, fuel: u64) -> Self {
        self.asked.fuel = Some(Limit::Of(fuel));
        self
    }

    /// Lets the task compute without end, where the cluster's default is another.
    #[must_use]
    pub fn unlimited_fuel(mut self) -> Self {
        self.asked.fuel = Some(Limit::Unlimited);
        self
    }

    /// Says that equal tasks must not share a result: each submission is a task of its own, and a
    /// result that is lost is not computed again.
    ///
    /// A delayed value is one task, however many graphs it is in, as long as somebody holds a future
    /// of it or a graph that was sent still needs it. Once its result has been let go of, a graph
    /// that is sent with it runs it again, and may see another result than the graphs before; to
    /// share one between them, [`persist`](crate::Client::persist) it first.
    #[must_use]
    pub fn impure(mut self) -> Self {
        self.task.pure = false;
        self
    }

    /// Lets only the worker of this name run the task, or those of several calls.
    #[must_use]
    pub fn worker(mut self, name: impl Into<Arc<str>>) -> Self {
        self.task.workers.push(name.into());
        self
    }

    /// What a worker must have while the task runs there: `resource("gpu", 1)`.
    #[must_use]
    pub fn resource(mut self, name: impl Into<Arc<str>>, amount: u64) -> Self {
        self.task.resources.insert(name.into(), amount);
        self
    }
}
