//! The named limits of the worker core.

use std::time::Duration;

/// Every number that the worker core decides by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many tasks run at a time.
    pub slots: u32,
    /// For how long the slots shall be busy with tasks that are handed over ahead of time.
    pub ahead: Duration,
    /// How many tasks may be handed over ahead of time, for each slot.
    pub ahead_max: u32,
    /// The scheduler hears of a task that is in a slot for so long; of a shorter one it hears soon
    /// enough that it has ended.
    pub started_after: Duration,
    /// Fetches under way at a time, each from another peer.
    pub fetches_max: usize,
    /// Keys asked for in one fetch.
    pub fetch_keys_max: usize,
    /// Bytes asked for in one fetch; a single larger key goes alone.
    pub fetch_nbytes_max: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            slots: 1,
            ahead: Duration::from_micros(500),
            ahead_max: 32,
            started_after: Duration::from_millis(5),
            fetches_max: 10,
            fetch_keys_max: 1024,
            fetch_nbytes_max: 50 << 20,
        }
    }
}
