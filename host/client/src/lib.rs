//! The Rust client of wask: connect to a cluster, submit functions of Wasm components, and hold
//! futures of their results.
//!
//! ```no_run
//! use wask_client::{Client, each};
//!
//! # async fn example() -> Result<(), wask_client::Error> {
//! let client = Client::connect("tcp://127.0.0.1:8786").await?;
//! let words = client.upload("word_count.wasm").await?;
//! let (count, merge) = (words.function("count-words")?, words.function("merge")?);
//!
//! // One task for each text; they run on the cluster, and their results stay there.
//! let parts = client.map(&count, (each(["to be", "or not to be"]),))?;
//! // Futures stand anywhere in arguments, for their results.
//! let merged = client.submit(&merge, (&parts,))?;
//! // Only this one comes here.
//! let counts: Vec<(String, u32)> = merged.result().await?;
//! # Ok(()) }
//! ```
//!
//! - A [`Client`] is a session with a cluster. Programs without async use [`blocking::Client`].
//! - A [`Component`] holds [`Function`]s with WIT types. A function's [`Options`] say how it runs.
//! - A [`Future`] holds a key, the result of a task or a value that was scattered, on the cluster.
//!   Its last drop lets go of it.
//! - Rust values become WIT values through serde, as the function's type directs; what does not
//!   fit is told with the path to it, before anything is sent. Where no function tells the type,
//!   `#[derive(WitType)]` does. Values of types that are known only at run time are [`Encoded`].
//!
//! Every [`Error`] says what to do next.
//!
//! `docs/managing-computation.md`, which is a part of the documentation of the crate `wask`, tells
//! of values, lazy computations and futures, and of every way between them, with examples.
//!
//! # How it works
//!
//! What a session holds and has yet to say is a pure state machine, `wask_core::ClientCore`; the
//! `driver` is the lock around it, and wakes whoever waits for keys (`watch`). One thread speaks
//! Cap'n Proto with the scheduler (`remote`). Everything that has an order, submissions, releases,
//! cancellations, goes through the core's queue, from which that thread takes batches; the rest are
//! calls that run there (`session`). A future is a counted hold on a key (`handle`). Keys are computed
//! here, so that nothing waits for an answer before it can be referred to.

#![warn(missing_docs)]

mod arguments;
pub mod blocking;
mod blueprint;
mod callbacks;
mod client;
mod connect;
mod driver;
mod encoded;
mod error;
mod function;
mod future;
mod handle;
mod lazy;
#[cfg(feature = "local")]
mod local;
mod names;
mod nested;
mod options;
mod partitions;
mod remote;
mod results;
mod session;
#[cfg(test)]
mod testing;
mod thread;
mod transfer;
mod watch;

pub use arguments::{Each, each};
pub use client::{AsCompleted, Client, CompletedResults, Dataset, Gathered, Scatter, Waited};
pub use connect::Builder;
pub use encoded::Encoded;
pub use error::{Error, TaskError};
pub use function::{Component, Function, Source};
pub use future::{Dynamic, Future, ReadAs, Status};
pub use lazy::{
    Computable, Compute, Delayed, Elements, Lazy, ListOf, Operand, Persist, Picture, Progress,
    Returned, call_operator, collect, compute, concat, count, max, mean, min, product, sum,
    visualize,
};
pub use nested::{Gather, Results};
pub use options::Options;
pub use partitions::{FileContent, Partitions};
pub use wask_core::{
    Clamps, Digest, Failure, FailureKind, Key, Limit, LimitError, LimitKind, LimitRules,
    ResultLimits, TaskRules,
};
pub use wask_operator::{Error as OperatorError, Operator};
pub use wask_rpc::{
    Address, Limits, Refusal, RefusalCode,
    wire::{ClusterStatus, DatasetInfo, KeyStateKind, TaskCounts, WorkerStatus},
};
#[cfg(feature = "local")]
pub use wask_sandbox::Compiler;
pub use wask_value::{FunctionType, Type, Value, WitType};
