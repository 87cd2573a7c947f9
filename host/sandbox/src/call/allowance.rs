//! How many bytes of output the call on this thread may still give.
//!
//! Wasmtime's own count, the fuel of host calls, is one for all that a guest hands to the host. A
//! result may be far larger than anything that WASI should take in, so results have this one. What
//! lifts a result is not given the store, and a call stays on its thread: hence a thread's variable.

use std::cell::Cell;

thread_local! {
    static LEFT: Cell<usize> = const { Cell::new(0) };
}

/// What one call may give. None is left when this is dropped.
pub(crate) struct Allowance(());

impl Allowance {
    /// So many bytes for the next call on this thread.
    pub(crate) fn of(bytes: usize) -> Self {
        LEFT.set(bytes);
        Self(())
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        LEFT.set(0);
    }
}

/// Takes so many bytes of what is left, where there are so many.
pub(super) fn take(bytes: usize) -> bool {
    match LEFT.get().checked_sub(bytes) {
        Some(left) => {
            LEFT.set(left);
            true
        }
        None => false,
    }
}
