//! Transport and Cap'n Proto RPC: how the processes of a cluster reach each other, and what the
//! messages of `wask-schema` mean in terms of `wask-core`.
//!
//! Invariants:
//! - Cap'n Proto readers never leave this crate's [`wire`] conversions and the servers that call
//!   them: what enters a queue is a core type.
//! - Every message is bounded by its sender, by the bytes that it takes: one [`Outbox`] for all
//!   streams makes batches by what [`wire`] says of each item.
//! - What a peer sends is bounded before it is believed: message size, nesting, the size of every
//!   object, the time it may be silent. A malformed message closes its own connection only.
//! - capnp-rpc is single-threaded, so a process has one thread for it ([`spawn_rpc_thread`]), and
//!   nothing on that thread may block.

mod acceptor;
mod address;
mod alarm;
mod backoff;
mod connection;
mod error;
mod ledger;
mod limits;
mod network;
mod objects;
mod outbox;
mod paced;
mod parts;
mod record;
mod secret;
mod stranger;
mod streams;
mod thread;
mod transport;
pub mod wire;

pub use acceptor::Acceptor;
pub use address::{Address, ParseAddressError};
pub use alarm::Alarm;
pub use backoff::Backoff;
pub use connection::{CloseReason, Connection, ConnectionHandle};
pub use error::Error;
pub use limits::Limits;
pub use objects::{Collected, object_collector, object_sink_with, write_objects};
pub use outbox::{Batch, Outbox, Parcel};
pub use parts::{Parts, Whole};
pub use record::{Entry, Record, Recorded};
pub use secret::{Secret, random_token};
pub use stranger::shown;
pub use streams::{push_commands, push_session_batch};
pub use thread::spawn_rpc_thread;
pub use transport::{Listener, Stream, connect};
pub use wask_core::{Refusal, RefusalCode};

/// The version of this software, told to peers and to people.
pub const SOFTWARE_VERSION: &str = env!("CARGO_PKG_VERSION");
