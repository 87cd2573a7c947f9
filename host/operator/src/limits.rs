//! What bounds a run.

use crate::Fault;

/// How many elements are worked on between two looks at whether the run is cancelled.
pub(crate) const BATCH: usize = 1 << 16;

/// What bounds one run of an operator.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// How many bytes the encoded result may take.
    pub max_output: u64,
    /// Asked now and then; a run that is cancelled ends with [`Fault::Cancelled`].
    pub is_cancelled: &'a dyn Fn() -> bool,
}

impl Limits<'_> {
    pub(crate) fn check_cancelled(&self) -> Result<(), Fault> {
        if (self.is_cancelled)() {
            return Err(Fault::Cancelled);
        }
        Ok(())
    }

    /// To be called with the number of each element: looks once in a [`BATCH`].
    pub(crate) fn check_cancelled_at(&self, index: usize) -> Result<(), Fault> {
        if index % BATCH == BATCH - 1 {
            self.check_cancelled()?;
        }
        Ok(())
    }

    /// Whether a result may have so many bytes.
    pub(crate) fn check_output(&self, bytes: usize) -> Result<(), Fault> {
        if bytes as u64 > self.max_output {
            return Err(Fault::OutputTooLarge);
        }
        Ok(())
    }

    /// Room for a result of so many bytes, if it may have them.
    pub(crate) fn room(&self, bytes: usize) -> Result<Vec<u8>, Fault> {
        self.check_output(bytes)?;
        Ok(Vec::with_capacity(bytes))
    }
}
