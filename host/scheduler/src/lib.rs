//! The scheduler process around [`SchedulerCore`](wask_core::SchedulerCore).
//!
//! One thread does everything: it serves a Cap'n Proto connection for each client and worker,
//! turns what they send into events for the core, and, once everything that had arrived has been
//! handed in, lets the core place tasks and sends its actions out in batches.
//!
//! Where to look: [`Scheduler`] starts it; `gateway` lets peers in; `session` serves a client and
//! `membership` a worker; `hub` is where they meet: the core and what it knows nothing of,
//! that is types, components and connections.
//!
//! Invariants:
//! - The hub is borrowed only within one of its own methods: never across an `await`.
//! - What a client sends is checked before the core sees it (`admission`): keys are computed
//!   again, arguments must fit their functions, and a session names only what its tenant owns.
//! - Bulk data passes through in chunks with flow control; the scheduler keeps none of it.

mod admission;
mod callees;
mod config;
mod datasets;
mod error;
mod gateway;
mod hub;
mod library;
mod membership;
mod quotas;
mod refusals;
mod relay;
mod scheduler;
mod sending;
mod session;
mod status;
mod tokens;
mod types;
mod upload;

pub use config::Config;
pub use error::Error;
pub use quotas::Quotas;
pub use scheduler::{Scheduler, serve};
pub use tokens::Tokens;
pub use wask_core::TaskRules;
