//! Settings of a store.

use std::{path::PathBuf, time::Duration};

/// How much a [`Store`](crate::Store) keeps, and where.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bytes of objects in memory above which others are written to disk.
    pub memory_limit: u64,
    /// Bytes of objects in memory above which nothing more is taken in. The room between the two
    /// limits is for objects in use and for a slow or failing disk.
    pub hard_limit: u64,
    /// The folder to write to. `None`: everything stays in memory.
    pub spill_dir: Option<PathBuf>,
    /// Objects with fewer bytes stay in memory: a file each would cost more than it frees.
    pub spill_min: u64,
    /// How long a disk that failed is left alone.
    pub retry_after: Duration,
}

impl Config {
    /// The usual settings for this much memory, without a folder to spill to.
    pub fn new(memory_limit: u64) -> Self {
        Self {
            memory_limit,
            hard_limit: memory_limit.saturating_mul(2),
            spill_dir: None,
            spill_min: 4 << 10,
            retry_after: Duration::from_secs(1),
        }
    }
}
