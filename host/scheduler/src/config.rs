//! How a scheduler is set up.

use std::path::PathBuf;

use wask_core::scheduler;
use wask_rpc::{Address, Limits};

use crate::{Quotas, TaskRules, Tokens};

/// How a scheduler is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens.
    pub listen: Address,
    /// What clients and workers must show; none lets in whoever can connect.
    pub tokens: Option<Tokens>,
    /// Limits of its connections.
    pub limits: Limits,
    /// Limits of what it decides. The heartbeat interval is taken from `limits`.
    pub core: scheduler::Config,
    /// What tasks may use.
    pub task_rules: TaskRules,
    /// How much its clients can make it keep.
    pub quotas: Quotas,
    /// Bytes of components that it keeps.
    pub library_bytes: u64,
    /// Messages that may wait for one peer, before that peer is given up as too slow.
    pub outbox_items: usize,
    /// A file for all that its core is told, and what came of it, which `wask-replay` reads. It may
    /// hold what clients send: arguments, names, small results.
    pub record: Option<PathBuf>,
}

impl Config {
    /// The usual setup, listening at an address.
    pub fn new(listen: Address) -> Self {
        let limits = Limits::default();
        Self {
            listen,
            tokens: None,
            limits,
            core: scheduler::Config::default(),
            task_rules: TaskRules::default(),
            quotas: Quotas::default(),
            library_bytes: 4 << 30,
            outbox_items: 4_000_000,
            record: None,
        }
    }
}
