//! wask runs functions of WebAssembly components on a cluster, each call in a sandbox of its own.
//!
//! A [`Client`] uploads components, submits their functions, and holds [`Future`]s of the results.
//! A [`LocalCluster`] is a whole cluster inside this process; a program does not change between it
//! and a real one.
//!
//! ```
//! use wask::{LocalCluster, each};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! // Mostly a file, in whatever language it was written: client.upload("words.wasm").
//! let component = r#"(component
//!     (core module $m (func (export "add") (param i32 i32) (result i32)
//!         (i32.add (local.get 0) (local.get 1))))
//!     (core instance $i (instantiate $m))
//!     (func (export "add") (param "a" u32) (param "b" u32) (result u32)
//!         (canon lift (core func $i "add"))))"#;
//!
//! let cluster = LocalCluster::builder().slots(2).start().await?;
//! let client = cluster.client().await?;
//! let add = client.upload(component.as_bytes().to_vec()).await?.function("add")?;
//!
//! let parts = client.map(&add, (each([1, 2, 3]), 10))?;      // runs on the cluster
//! let sum = client.submit(&add, (&parts[0], &parts[2]))?;    // futures as arguments
//! assert_eq!(sum.result::<u32>().await?, 24);                // comes here
//! assert_eq!(client.gather::<_, u32>(&parts).await?, [11, 12, 13]);
//! cluster.shutdown().await;
//! # Ok(()) }
//! # tokio::runtime::Runtime::new()?.block_on(run())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`managing_computation`] tells of lazy computations and futures, and of every way between them.
//!
//! Programs without async use [`blocking::Client`]:
//!
//! ```no_run
//! let cluster = wask::LocalCluster::builder().start_blocking()?;
//! let client = cluster.blocking_client()?;
//! let count = client.upload("word_count.wasm")?.function("count-words")?;
//! let counts: Vec<(String, u32)> = client.submit(&count, ("to be or not to be",))?.result()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use wask_client::*;
pub use wask_deploy::{
    Builder as LocalClusterBuilder, Error as LocalClusterError, LocalCluster, TaskRules,
};
/// The derive. A name that stands here goes before the one that the client hands on, whose code names
/// a crate that programs do not depend on.
pub use wask_value::WitTypeOfWask as WitType;
pub use wask_value::{json, wave};

/// How to get from values, lazy computations and futures to each of the others.
///
/// The types and functions that this page tells of: [`Delayed`], [`Partitions`], [`Future`];
/// [`compute`], [`Client::compute`], [`Client::persist`]; [`Client::scatter`], [`Client::submit`],
/// [`Client::map`]; [`Future::result`], [`Client::gather`], [`Client::as_completed`],
/// [`Client::wait`]; [`Client::publish`].
///
#[doc = include_str!("../../client/docs/managing-computation.md")]
pub mod managing_computation {}
