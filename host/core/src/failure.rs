//! Why a task has no result.

use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::Key;

/// The error of one task. Dependents of that task get the same failure, so that each names the
/// task at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened.
    pub kind: FailureKind,
    /// The task at fault.
    pub origin: Key,
    /// What people call that task: its label, else its function.
    pub label: Arc<str>,
    /// What happened, in words: a fragment in lower case.
    pub message: String,
    /// The encoded value of a [`FailureKind::GuestError`].
    pub value: Option<Bytes>,
    /// The type of that value, as WIT text.
    pub error_type: Option<Arc<str>>,
    /// The Wasm backtrace of a trap, one frame a line, innermost first.
    pub backtrace: Vec<String>,
    /// The end of what the task wrote to stdout and stderr.
    pub log: String,
    /// Where it ran, by the worker's name; empty where it never ran.
    pub worker: String,
}

/// The closed list of ways in which a task can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The function returned the `err` of its `result`; the value says more.
    GuestError,
    /// The guest trapped.
    Trap,
    /// The task ran longer than its timeout.
    Deadline,
    /// The task wanted more memory than its limit.
    OutOfMemory,
    /// The task used up its fuel.
    OutOfFuel,
    /// The result is larger than its limit.
    OutputTooLarge,
    /// The arguments do not fit the function.
    BadArguments,
    /// The task was cancelled.
    Cancelled,
    /// The workers that ran the task were lost, too many times.
    WorkersLost,
    /// The data cannot be computed again: it was scattered, or its task is impure.
    DataLost,
    /// A built-in operator is not defined for its arguments: an overflow, a division by zero.
    Operator,
    /// A worker could not get ready to run the task, for instance not compile the component.
    Unavailable,
}

impl FailureKind {
    /// In words, as a person would read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GuestError => "guest error",
            Self::Trap => "trap",
            Self::Deadline => "deadline",
            Self::OutOfMemory => "out of memory",
            Self::OutOfFuel => "out of fuel",
            Self::OutputTooLarge => "output too large",
            Self::BadArguments => "bad arguments",
            Self::Cancelled => "cancelled",
            Self::WorkersLost => "workers lost",
            Self::DataLost => "data lost",
            Self::Operator => "operator error",
            Self::Unavailable => "unavailable",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "task {} ({}): {}: {}",
            self.label,
            self.origin.short(),
            self.kind,
            self.message
        )
    }
}

impl std::error::Error for Failure {}
