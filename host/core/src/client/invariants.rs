//! What must always hold between events.

use super::{ClientCore, State, sending::Link};

impl ClientCore {
    /// Computes all that is derived again and compares. For tests: it looks at everything.
    ///
    /// # Panics
    ///
    /// Where something does not hold, with the key it does not hold for.
    pub fn check_invariants(&self) {
        for (key, entry) in &self.entries {
            assert!(!entry.is_over(), "{key} is kept for nothing");
            let is_released = *entry.state == State::Released;
            assert_eq!(is_released, entry.holds == 0, "{key} is {:?}", entry.state);
            let waits = self.is_over() && entry.state.is_pending();
            assert!(!waits, "{key} is pending, and there will be no news");
        }
        let queued: usize = self.queue.iter().map(|command| command.bytes()).sum();
        assert_eq!(queued, self.queue.bytes(), "bytes in the queue");
        let kept = &self.unacknowledged;
        let commands = kept.commands.iter();
        let bytes: usize = commands.map(|(_, command)| command.bytes()).sum();
        assert_eq!(bytes, kept.bytes, "bytes that are not acknowledged");
        assert!(
            bytes == 0 || self.config.resend_bytes.is_some(),
            "messages are kept for nothing"
        );
        if matches!(self.link, Link::Ended) {
            assert!(queued == 0 && bytes == 0, "nothing is sent any more");
        }
    }
}
