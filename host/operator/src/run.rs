//! Running an operator on encoded arguments.

use bytes::Bytes;
use wask_value::Type;

use crate::{Fault, Operator};

/// What bounds a run.
pub struct Limits<'a> {
    /// How many bytes the encoded result may take.
    pub max_output: u64,
    /// Asked now and then; a run that is cancelled ends with [`Fault::Cancelled`].
    pub is_cancelled: &'a dyn Fn() -> bool,
}

impl Operator {
    /// Computes the encoded result.
    ///
    /// `types` stand for the type parameters, as [`infer`](Self::infer) gave them. `arguments` are
    /// the encoded parameters one after another, cut into pieces anywhere; they are taken to fit
    /// the [`signature`](Self::signature).
    ///
    /// # Errors
    /// [`Fault`] says why there is no result.
    pub fn run(
        &self,
        types: &[Type],
        arguments: &[Bytes],
        limits: &Limits<'_>,
    ) -> Result<Bytes, Fault> {
        let _ = (types, arguments, limits);
        Err(Fault::Undefined(format!("{self}: cannot be run yet")))
    }
}
