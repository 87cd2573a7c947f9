//! What can go wrong with a store.

use std::{io, path::PathBuf};

use wask_core::Key;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object was here, but its file is missing or damaged, or it was removed while it was
    /// being read. It is not in the store any more.
    #[error("the result {} is gone from the store: {reason}", key.short())]
    Gone {
        /// Which object.
        key: Key,
        /// What was wrong with it.
        reason: String,
    },
    /// There is no room in memory, and none can be made by writing to disk.
    #[error(
        "no room for {needed} bytes: the object store holds {held} of at most {limit} bytes in \
         memory{}; release results, give the worker more memory or a folder to spill to",
        disk_failure(.spill_error)
    )]
    Full {
        /// Bytes that were to be added.
        needed: u64,
        /// Bytes in memory.
        held: u64,
        /// The most bytes that may be in memory.
        limit: u64,
        /// What the disk last said, where it refuses to be written to.
        spill_error: Option<String>,
    },
    /// The folder to spill to cannot be used.
    #[error("failed to prepare the spill folder {}: {source}; name another", path.display())]
    Directory {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The thread that does the I/O could not be started.
    #[error("failed to start the thread that spills to disk: {0}")]
    Thread(#[source] io::Error),
}

fn disk_failure(error: &Option<String>) -> String {
    error
        .as_ref()
        .map_or_else(String::new, |error| format!(" (the disk: {error})"))
}
