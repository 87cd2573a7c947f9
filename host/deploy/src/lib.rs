//! Starts clusters. [`LocalCluster`] runs a scheduler and workers inside this process.
//!
//! ```no_run
//! use wask_deploy::LocalCluster;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cluster = LocalCluster::builder().workers(2).slots(2).start().await?;
//! let client = cluster.client().await?;
//! let words = client.upload("word_count.wasm").await?;
//! let future = client.submit(&words.function("count-words")?, ("to be or not to be",))?;
//! let counts: Vec<(String, u32)> = future.result().await?;
//! cluster.shutdown().await;
//! # Ok(()) }
//! ```

mod error;
mod local;

pub use error::Error;
pub use local::{Builder, LocalCluster};
pub use wask_sandbox::Compiler;
pub use wask_scheduler::TaskRules;
