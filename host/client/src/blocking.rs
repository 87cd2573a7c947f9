//! The client for programs without async: the same calls, which wait for their outcome.
//!
//! ```no_run
//! use wask_client::{blocking::Client, each};
//!
//! # fn main() -> Result<(), wask_client::Error> {
//! let client = Client::connect("tcp://127.0.0.1:8786")?;
//! let words = client.upload("word_count.wasm")?;
//! let parts = client.map(&words.function("count-words")?, (each(["to be", "or not to be"]),))?;
//! let merged = client.submit(&words.function("merge")?, (&parts,))?;
//! let counts: Vec<(String, u32)> = merged.result()?;
//! # Ok(()) }
//! ```
//!
//! Do not use it on a thread of an async runtime: it would be held up. [`Client::into_async`] and
//! [`Future::into_async`] lead to the other side, `From` back.

mod client;
mod completed;
mod future;
mod lazy;
mod wait;

pub use client::{Builder, Client, Waited};
pub use completed::{AsCompleted, CompletedResults};
pub use future::Future;
pub use lazy::compute;
