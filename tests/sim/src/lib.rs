//! Seeded clusters of wask's three cores in one thread, held against a sequential evaluation.
//!
//! A [`Cluster`] is one real `SchedulerCore`, some real `WorkerCore`s and some real `ClientCore`s,
//! joined by a network that delays messages and keeps their order only within a link. Clients of two
//! tenants submit, release, cancel, scatter, publish, lose their connections, leave and come again at
//! random; workers crash, stop for a while, lose their connections and their data. All that is random comes from one seed, so a run
//! can be repeated exactly.
//!
//! After every step the invariants of the core that took it are checked. After the time of faults
//! comes a time of healing, and the cluster must come to rest: every key that a client still holds
//! has the outcome that the [`oracle`] allows. Then all clients leave, and nothing may be left.
//!
//! | file | what it does |
//! |---|---|
//! | `graphs` | random tasks: chains, trees, fans, layers; pure, impure, failing, scattered |
//! | `oracle` | what their results must be |
//! | `timeline` | virtual time, links |
//! | `member` | one worker: core, store, executions |
//! | `client` | one client: core, futures, what it does next |
//! | `cluster` | the processes around the scheduler core, faults, the phases of a run |
//! | `detached` | what becomes of tasks whose client need not stay |
//! | `coverage` | that everything that can happen does: transitions and faults |
//! | `planted` | bugs that are put into the cores, and must be found |
//! | `shrink` | a failing run made small |
//! | `verdict` | what is checked at acceptance and at the end |

mod client;
mod cluster;
pub mod coverage;
mod detached;
mod graphs;
mod member;
pub mod oracle;
mod plan;
pub mod planted;
pub mod shrink;
mod timeline;
mod verdict;

pub use cluster::{Cluster, Summary};
pub use plan::Plan;
