//! Lazy graphs: calls that are written down and not yet run.
//!
//! A [`Delayed`] is one call, of a [`Function`](crate::Function) or of a built-in operator, whose
//! arguments may hold further delayed values and futures. Its graph is all that can be reached
//! from it. Nodes are immutable and made after what they depend on, so a graph has no cycles.
//!
//! Types are checked as the graph is built. Operators that are written as such (`x + y`) cannot
//! return an error; there the delayed value carries it, to whoever uses it first.

mod compute;
mod delayed;
mod graph;
mod node;
mod operand;
mod operators;
mod persist;
mod visualize;

pub use compute::{Computable, Compute, Lazy, Progress, Returned, compute};
pub use delayed::Delayed;
pub use operand::Operand;
pub use operators::{
    Elements, ListOf, call_operator, collect, concat, count, max, mean, min, product, sum,
};
pub use persist::Persist;
pub use visualize::{Picture, visualize};

#[cfg(feature = "local")]
pub(crate) use compute::TELL;
pub(crate) use compute::{Root, sealed as lazy_sealed};
pub(crate) use graph::{Graph, submit};
pub(crate) use node::{Input, InputId, Node, salt};
pub(crate) use operators::{Call, GROUP, combine, tree};
pub(crate) use persist::Part;
