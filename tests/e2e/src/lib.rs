//! What end-to-end tests share: the `wask` binary, run in an environment of its own, and clusters
//! of real processes.
//!
//! Every process started here is ended when its handle drops, by its own id.

mod cluster;
mod peer;
mod wask;

pub use cluster::{Cluster, Process};
pub use peer::{Peer, calls, with_peers};
pub use wask::{Output, Wask, guest, repository};
