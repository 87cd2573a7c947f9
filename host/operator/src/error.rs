//! What can be wrong with an operator's name, its types and one run of it.

use std::fmt;

use wask_value::Type;

/// An operator that does not exist, or cannot be used on such types.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that no operator has.
    #[error("unknown operator `{name}`, expected one of {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },

    /// More or fewer arguments than the operator takes.
    #[error("{operator}: expected {}, got {got}", count(*.expected, "argument"))]
    Arguments {
        /// The operator.
        operator: String,
        /// How many it takes.
        expected: usize,
        /// How many there are.
        got: usize,
    },

    /// More or fewer types than the operator has type parameters.
    #[error("{operator}: expected {}, got {got}", count(*.expected, "type"))]
    Types {
        /// The operator.
        operator: String,
        /// How many type parameters it has.
        expected: usize,
        /// How many types there are.
        got: usize,
    },

    /// An argument of a type that the operator does not take.
    #[error("{operator}: expected {expected}, got {got}")]
    Mismatch {
        /// The operator.
        operator: String,
        /// What it takes there.
        expected: String,
        /// The type that stands there.
        got: String,
    },

    /// A signature that is beyond the limits of types.
    #[error("{operator}: {error}")]
    Signature {
        /// The operator.
        operator: String,
        /// What is wrong.
        error: wask_value::Error,
    },
}

/// Why a run of an operator gave no result.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The operator has no answer for these arguments: an overflow, a division by zero, nothing to
    /// choose from, an index out of range, lists of unequal lengths. The message names the operator
    /// and shows the numbers.
    #[error("{0}")]
    Undefined(String),

    /// The result would take more bytes than [`Limits::max_output`](crate::Limits::max_output).
    #[error("the result is larger than the limit")]
    OutputTooLarge,

    /// [`Limits::is_cancelled`](crate::Limits::is_cancelled) said so.
    #[error("cancelled")]
    Cancelled,

    /// The arguments are not encoded as the signature says.
    #[error("malformed arguments: {0}")]
    Malformed(#[from] wask_value::Error),
}

impl Error {
    pub(crate) fn mismatch(
        operator: impl fmt::Display,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Mismatch {
            operator: operator.to_string(),
            expected: expected.into(),
            got: got.into(),
        }
    }
}

/// Types as a message lists them: `u8 and u16`.
pub(crate) fn list(types: &[Type]) -> String {
    let types: Vec<_> = types.iter().map(Type::to_string).collect();
    types.join(" and ")
}

fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
