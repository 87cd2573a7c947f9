//! Encoded bytes straight to and from a guest's memory, for every signature.
//!
//! One pair of types, [`Arguments`] and [`Returned`], stands in for the parameters and the result
//! of any function: `TypedFunc<Arguments, Returned>`. They walk the function's component types and
//! the encoding of `wask-value` side by side, so nothing in between is built. Where the encoding
//! and the canonical ABI lay a value out alike, as in lists of numbers, it moves as one block.
//!
//! Invariants:
//! - Memory safety does not depend on what the bytes or the guest say: every access to a guest's
//!   memory is bounds-checked, and the walk follows wasmtime's own types of the function.
//! - A guest is called only with arguments that decode to the last byte.
//! - What comes out is the canonical encoding, whatever the guest left in padding and unused bits.
//!
//! Uses `wasmtime::component::__internal`, which may change with any release: wasmtime's version
//! is pinned exactly, and the property test against `Val` must pass before the pin moves.

mod allowance;
mod layout;
mod params;
mod result;
mod rope;

pub(crate) use allowance::Allowance;
pub(crate) use params::Arguments;
pub(crate) use result::Returned;

/// Why a call was given up while values were moved. Travels through wasmtime as an error.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The arguments are not encoded values of the parameters' types.
    #[error("bad arguments: {0}")]
    BadArguments(String),
    /// The guest's result breaks the canonical ABI.
    #[error("the guest returned what its type does not allow: {0}")]
    BadResult(String),
    /// The encoded result is larger than allowed.
    #[error("output too large")]
    OutputTooLarge,
}

impl Refusal {
    fn arguments(fault: impl Into<String>) -> Self {
        Self::BadArguments(fault.into())
    }

    fn result(fault: impl Into<String>) -> Self {
        Self::BadResult(fault.into())
    }
}

#[cfg(test)]
mod tests;
