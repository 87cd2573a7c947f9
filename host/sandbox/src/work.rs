//! What a task runs, and running it.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use bytes::Bytes;
use wask_core::{Applied, Key, ResultLimits, TaskOptions, TaskSpec};
use wask_operator::Operator;
use wask_value::Type;

use crate::{
    Cancel, Compiled, Error, FunctionHandle, Outcome, Report, Sandbox, TaskLimits, applied,
    operator, run::Run,
};

/// What a task runs.
#[derive(Clone)]
pub enum Work {
    /// A function of a component, in sandboxes.
    Function {
        /// The component.
        compiled: Arc<Compiled>,
        /// A function of it.
        function: FunctionHandle,
        /// To the arguments as they are, or to each element of a list.
        applied: Applied,
    },
    /// A built-in operator, in host code.
    Operator {
        /// Which one.
        operator: Operator,
        /// What stands for its type parameters.
        types: Arc<[Type]>,
    },
}

impl Work {
    /// The function of this full name.
    ///
    /// # Errors
    /// [`Error::NoFunction`]
    pub fn function(compiled: Arc<Compiled>, name: &str, applied: Applied) -> Result<Self, Error> {
        match compiled.function(name) {
            Some(function) => Ok(Self::Function {
                compiled,
                function,
                applied,
            }),
            None => Err(Error::NoFunction {
                digest: compiled.digest(),
                function: name.to_owned(),
            }),
        }
    }

    /// The operator of this name and version, for types in WIT text, as tasks name them.
    ///
    /// # Errors
    /// [`Error::Operator`] where there is none, not in this version of wask, or no such type.
    pub fn operator(name: &str, version: u32, types: &[Arc<str>]) -> Result<Self, Error> {
        let fail = |message: String| Error::Operator {
            name: name.to_owned(),
            message,
        };
        if version != Operator::VERSION {
            let known = Operator::VERSION;
            let message = format!("it is wanted in version {version}, and this is {known}");
            return Err(fail(message));
        }
        let operator: Operator = name
            .parse()
            .map_err(|error: wask_operator::Error| fail(error.to_string()))?;
        let types: Result<Arc<[Type]>, _> = types.iter().map(|ty| ty.parse()).collect();
        let types = types.map_err(|error| fail(error.to_string()))?;
        Ok(Self::Operator { operator, types })
    }

    /// The type of the value in an [`Outcome::GuestError`], where there is one.
    pub fn error_type(&self) -> Option<Type> {
        match self {
            Self::Function {
                compiled, function, ..
            } => compiled.function_type(*function)?.error_type(),
            Self::Operator { .. } => None,
        }
    }
}

/// A task for an executor.
pub struct Job {
    /// What the report will bear, and what cancels the job. Unique among unfinished jobs.
    pub token: u64,
    /// What to run.
    pub work: Work,
    /// The encodings of the arguments one after another, in as many pieces as there happen to be.
    pub arguments: Vec<Bytes>,
    /// Of an impure task, see [`nonce`].
    pub nonce: Option<Key>,
    /// What the task may use.
    pub limits: TaskLimits,
}

/// What tells the randomness of a task from that of equal calls: none where it is pure, since equal
/// calls are to give equal results. An impure task is not meant to repeat what another does, and
/// has its key.
pub fn nonce(task: &TaskSpec) -> Option<Key> {
    (!task.is_pure()).then_some(task.key)
}

impl TaskLimits {
    /// What a task with these options may use. Nothing is left to whoever runs it.
    pub fn of(options: &TaskOptions) -> Self {
        Self {
            timeout: options.timeout,
            ..options.limits.into()
        }
    }
}

/// Without a timeout.
impl From<ResultLimits> for TaskLimits {
    fn from(limits: ResultLimits) -> Self {
        Self {
            memory: limits.memory,
            timeout: None,
            fuel: limits.fuel.amount(),
            max_output: limits.output,
        }
    }
}

impl Sandbox {
    /// Runs a job on the calling thread, as [`run`](Self::run) does a call; a function waits for a
    /// free slot.
    ///
    /// Whatever happens, there is a report: a panic in host code costs this task and nothing else.
    pub fn run_job(&self, job: &Job, cancel: &Cancel) -> Report {
        let run = AssertUnwindSafe(|| match &job.work {
            Work::Function {
                compiled,
                function,
                applied,
            } => self.apply(compiled, *function, *applied, job, cancel),
            Work::Operator { operator, types } => operator::run(operator, types, job, cancel),
        });
        panic::catch_unwind(run).unwrap_or_else(|_| {
            let message = "the sandbox panicked; see the worker's log";
            Report::not_run(Outcome::Unavailable(message.to_owned()))
        })
    }

    fn apply(
        &self,
        compiled: &Compiled,
        function: FunctionHandle,
        applied: Applied,
        job: &Job,
        cancel: &Cancel,
    ) -> Report {
        let run = match Run::begin(self, compiled, function, job.limits, cancel) {
            Ok(run) => run,
            Err(why) => return Report::not_run(why),
        };
        applied::run(&run, applied, &job.arguments, job.nonce)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wask_core::{Arguments, Definition, Digest, Limit, TaskKind, TypeId};

    use super::*;

    fn task(applied: Applied, pure: bool, argument: u8) -> TaskSpec {
        let kind = TaskKind::Function {
            component: Digest([1; 32]),
            function: "work".into(),
            applied,
        };
        let options = TaskOptions {
            pure,
            ..TaskOptions::default()
        };
        let definition = Definition::new("default", kind, options);
        let arguments = Arguments {
            bytes: vec![argument].into(),
            holes: [].into(),
        };
        let salt = u64::from(!pure);
        TaskSpec::new(definition.into(), arguments, [].into(), salt, TypeId(0))
    }

    #[test]
    fn impure_tasks_alone_have_a_nonce_of_their_own() {
        let nonces = |applied, pure| [1, 2].map(|argument| nonce(&task(applied, pure, argument)));
        for applied in [Applied::Once, Applied::Map] {
            assert_eq!(nonces(applied, true), [None, None]);
            let keys = [1, 2].map(|argument| Some(task(applied, false, argument).key));
            assert_eq!(nonces(applied, false), keys);
        }
    }

    #[test]
    fn what_a_task_asks_for_is_what_it_gets() {
        let timeout = Some(Duration::from_secs(9));
        let options = TaskOptions {
            timeout,
            limits: ResultLimits {
                memory: 6,
                output: 8,
                fuel: Limit::Of(7),
            },
            ..TaskOptions::default()
        };
        let expected = TaskLimits {
            memory: 6,
            timeout,
            fuel: Some(7),
            max_output: 8,
        };
        assert_eq!(TaskLimits::of(&options), expected);
        assert_eq!(
            TaskLimits::of(&TaskOptions::default()),
            TaskLimits::default()
        );
    }

    #[test]
    fn operators_that_cannot_run_are_refused() {
        let fault = |name, version, types: &[&str]| {
            let types: Vec<Arc<str>> = types.iter().map(|ty| (*ty).into()).collect();
            let work = Work::operator(name, version, &types);
            work.err()
                .map(|error| error.to_string())
                .unwrap_or_default()
        };
        let version = Operator::VERSION;
        assert_eq!(fault("sum", version, &["u32"]), "");
        for (name, version, types, part) in [
            ("summ", version, &["u32"][..], "unknown operator"),
            ("sum", version + 1, &["u32"], "version"),
            ("sum", version, &["u33"], "u33"),
        ] {
            let fault = fault(name, version, types);
            assert!(fault.contains(part), "{fault}");
        }
    }
}
