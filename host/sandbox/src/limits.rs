//! How much memory one instance may hold.

use wasmtime::ResourceLimiter;

use crate::engine::MAX_TABLE_ELEMENTS;

/// Counts the memory of an instance and remembers what it refused: a guest that dies for lack of
/// memory shows nothing but `unreachable`, and only this tells why.
pub(crate) struct Limiter {
    limit: u64,
    used: u64,
    peak: u64,
    refused: bool,
}

impl Limiter {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            used: 0,
            peak: 0,
            refused: false,
        }
    }

    /// The most bytes that the instance held.
    pub(crate) fn peak(&self) -> u64 {
        self.peak
    }

    /// Whether growing was refused at least once.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current) as u64;
        let used = self.used.saturating_add(more);
        // Beyond its own maximum a memory can not grow whatever we say: not our refusal.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if used > self.limit {
            self.refused = true;
            return Ok(false);
        }
        self.used = used;
        self.peak = self.peak.max(used);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let allowed = desired <= MAX_TABLE_ELEMENTS;
        self.refused |= !allowed;
        Ok(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_count_together() {
        let mut limiter = Limiter::new(100);
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.memory_growing(0, 40, None).unwrap());
        assert!(!limiter.refused());
        assert!(!limiter.memory_growing(40, 41, None).unwrap());
        assert!(limiter.refused());
        assert_eq!(limiter.peak(), 100);
    }

    #[test]
    fn a_memory_at_its_own_maximum_is_not_our_refusal() {
        let mut limiter = Limiter::new(100);
        assert!(!limiter.memory_growing(10, 20, Some(15)).unwrap());
        assert!(!limiter.refused());
    }
}
