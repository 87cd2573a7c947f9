//! The object store of partitions: memory first, then disk.
//!
//! A [`Store`] maps keys to immutable bytes. Beyond its memory limit it writes the objects that
//! were used least recently to a folder, and reads them back when they are asked for.
//!
//! Invariants:
//! - No call waits for a disk: all I/O is done by one thread, outside the lock. A read that needs
//!   it gives a [`Loading`], a future.
//! - Whoever holds the bytes of an object pins it: to write it to disk would free nothing, so it
//!   stays in memory. The inputs of a running task are pinned by the task that reads them.
//! - What comes back from disk is what went there, or it is [`Error::Gone`] and so is the object.
//! - A disk that fails costs memory, never data: what cannot be written stays in memory.
//! - Files live as long as their store; those of a process that died are removed by the next that
//!   uses the same folder.

mod backend;
mod config;
mod directory;
mod disk;
mod error;
mod state;
mod store;

pub use backend::{FileId, SpillBackend};
pub use config::Config;
pub use directory::Directory;
pub use error::Error;
pub use state::Stats;
pub use store::{Found, Loading, Relief, Store};
