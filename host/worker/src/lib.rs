//! The process around the worker core: it runs tasks in sandboxes and keeps their results.
//!
//! One thread, the *rpc thread*, owns everything but the guests: the connection to the scheduler,
//! the connections of peers, and [`WorkerCore`](wask_core::WorkerCore), which decides. What happens
//! (a command, a finished guest, an arrived input) goes into one inbox; the driver empties it,
//! tells the core, and does what the core wants done. Guests run on threads of `wask-sandbox`.
//!
//! ```text
//! scheduler ─ commands ─▶ inbox ─▶ driver ─▶ WorkerCore ─▶ actions: execute ─▶ slots ─▶ inbox
//!     ▲                     ▲                                       fetch ─▶ peers ─▶ inbox
//!     └────── events ───────┼─────────────────────────────────────  send
//!                  peers ─▶ object store
//! ```
//!
//! Invariants:
//! - Nothing on the rpc thread blocks: disks, compilers and the hashing of large values have
//!   threads of their own.
//! - Nothing costs a message or a spawned task for each task that runs: commands, jobs and events
//!   move in batches, whatever has come in the meantime.
//! - What a result is, and where, is in the core and the store; the driver keeps only what is
//!   under way.

mod address;
mod awaited;
mod commands;
mod components;
mod config;
mod driver;
mod error;
mod executions;
mod fetch;
mod node;
mod offload;
mod peer_server;
mod peers;
mod prepare;
mod scheduler_link;
mod staging;
mod store_server;
mod worker;

pub use config::Config;
pub use error::{Class, Error};
pub use worker::{Worker, WorkerHandle, WorkerInfo, serve};
