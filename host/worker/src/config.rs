//! Settings of a worker.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use wask_core::TASK_MEMORY_MAX;
use wask_rpc::{Address, Limits};
use wask_sandbox::{Compiler, Sandbox};

/// How a worker runs, and to whom it belongs.
#[derive(Clone)]
pub struct Config {
    /// Where the scheduler listens.
    pub scheduler: Address,
    /// The cluster's token for workers. `None`: the cluster asks for nothing.
    pub token: Option<String>,
    /// Its name, unique in the cluster.
    pub name: String,
    /// Tasks at a time.
    pub slots: u32,
    /// Bytes of results in memory, above which others are written to `spill_dir`.
    pub memory_limit: u64,
    /// Bytes of results in memory above which a task whose result finds no room fails.
    pub memory_hard_limit: u64,
    /// The folder for results that memory has no room for. `None`: they stay in memory.
    pub spill_dir: Option<PathBuf>,
    /// The folder for compiled code, kept between processes. `None`: it is compiled every time.
    pub cache_dir: Option<PathBuf>,
    /// How components are compiled in processes of their own, within limits. `None`: in this one,
    /// without limits.
    pub compiler: Option<Compiler>,
    /// Where peers may connect. `None`: on the interface that leads to the scheduler, or beside
    /// the scheduler's socket.
    pub listen: Option<Address>,
    /// How peers reach `listen`, where that is not how this machine names it.
    pub contact_address: Option<Address>,
    /// What it has, by name, for tasks that ask for it.
    pub resources: BTreeMap<Arc<str>, u64>,
    /// The most bytes of linear memory of one task, as far as the sandbox gives that much; tasks
    /// that may use more run on other workers. All other limits of tasks belong to the cluster, and
    /// stand in the scheduler's configuration.
    pub task_memory: u64,
    /// The sandbox to use, where a process has several workers: there should be one in a process,
    /// with room for the slots of all. `None`: one of its own.
    pub sandbox: Option<Sandbox>,
    /// Compiled components in memory, where the sandbox is one of its own; beyond that, the least
    /// recently used is dropped.
    pub components_max: usize,
    /// How long to try to reach the scheduler at the start.
    pub connect_timeout: Duration,
    /// How long to look for a scheduler that was lost, before giving up.
    pub return_timeout: Duration,
    /// How long a connection between workers may be idle.
    pub peer_idle: Duration,
    /// Limits of connections.
    pub limits: Limits,
    /// A file for all that its core is told, and what came of it, which `wask-replay` reads. It may
    /// hold what clients send: arguments, names, small results.
    pub record: Option<PathBuf>,
}

impl Config {
    /// The usual settings for a worker of this scheduler: a slot for each processor, and 60 % of
    /// the machine's memory for results (1 GiB where the system does not tell).
    pub fn new(scheduler: Address) -> Self {
        let memory_limit = machine_memory().map_or(1 << 30, |bytes| bytes / 10 * 6);
        Self {
            scheduler,
            token: None,
            name: unique_name(),
            slots: thread::available_parallelism()
                .ok()
                .and_then(|count| u32::try_from(count.get()).ok())
                .unwrap_or(1),
            memory_limit,
            memory_hard_limit: memory_limit.saturating_add(memory_limit / 4),
            spill_dir: None,
            cache_dir: None,
            compiler: None,
            listen: None,
            contact_address: None,
            resources: BTreeMap::new(),
            task_memory: TASK_MEMORY_MAX,
            sandbox: None,
            components_max: 64,
            connect_timeout: Duration::from_secs(10),
            return_timeout: Duration::from_secs(600),
            peer_idle: Duration::from_secs(60),
            limits: Limits::default(),
            record: None,
        }
    }
}

/// The machine's name, the process, and the number of the worker in it where it has several.
fn unique_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = match host.trim() {
        "" => "worker",
        host => host,
    };
    let process = std::process::id();
    match COUNT.fetch_add(1, Ordering::Relaxed) {
        0 => format!("{host}-{process}"),
        count => format!("{host}-{process}-{count}"),
    }
}

/// Bytes of memory that this machine has, where the system tells.
fn machine_memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_of_one_process_have_different_names() {
        let scheduler = Address::InProcess("none".into());
        let names = [(); 2].map(|()| Config::new(scheduler.clone()).name);
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn this_machine_has_memory() {
        assert!(machine_memory().is_some_and(|bytes| bytes > 64 << 20));
    }
}
