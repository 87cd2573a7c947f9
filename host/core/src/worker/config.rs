//! The named limits of the worker core.

/// Every number that the worker core decides by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many tasks run at a time.
    pub slots: u32,
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
            fetches_max: 10,
            fetch_keys_max: 1024,
            fetch_nbytes_max: 50 << 20,
        }
    }
}
