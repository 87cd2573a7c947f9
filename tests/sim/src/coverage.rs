//! That everything that can happen does: the transitions of the three machines, and every fault.

use std::{collections::BTreeMap, fmt::Write as _};

use wask_core::probe::{self, Transition};

use crate::{Cluster, Plan};

/// What happened in some runs.
#[derive(Clone, Debug, Default)]
pub struct Coverage(pub BTreeMap<Transition, u64>);

impl Coverage {
    /// What happens in these runs. It stops early once nothing is missing.
    ///
    /// # Panics
    ///
    /// If a run fails.
    pub fn of(seeds: impl IntoIterator<Item = u64>, plan: Plan) -> Self {
        let mut all = Self::default();
        for seed in seeds {
            probe::watch();
            Cluster::run(seed, plan, false);
            all.add(probe::seen());
            if all.missing().is_empty() {
                break;
            }
        }
        all
    }

    /// Takes in what happened in one more run.
    pub fn add(&mut self, seen: BTreeMap<Transition, u64>) {
        for (transition, count) in seen {
            *self.0.entry(transition).or_default() += count;
        }
    }

    /// What is expected to happen and did not.
    pub fn missing(&self) -> Vec<Transition> {
        let expected = EXPECTED.iter().copied();
        expected.filter(|it| !self.0.contains_key(it)).collect()
    }

    /// One line for each machine and each state that was left, with where to and how often.
    pub fn table(&self) -> String {
        let mut rows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for ((machine, from, to), count) in &self.0 {
            let row = rows.entry((machine, from)).or_default();
            row.push(match to.is_empty() {
                true => count.to_string(),
                false => format!("{to} {count}"),
            });
        }
        let mut table = String::new();
        for ((machine, from), to) in rows {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{machine:10} {from:18} {}", to.join(", "));
        }
        for (machine, from, to) in self.missing() {
            let _ = writeln!(table, "never: {machine} {from} -> {to}");
        }
        table
    }
}

/// A fault of this kind has happened, and changed something.
pub(crate) fn fault(kind: &'static str) {
    probe::note(("fault", kind, ""));
}

/// Every transition of the three machines, and every kind of fault, but for transitions that need more
/// luck than some hundreds of runs have.
pub const EXPECTED: &[Transition] = &[
    ("client", "Cancelled", "Pending"),
    ("client", "Cancelled", "Released"),
    ("client", "Cancelled", "Storing"),
    ("client", "Erred", "Cancelled"),
    ("client", "Erred", "Erred"),
    ("client", "Erred", "Gone"),
    ("client", "Erred", "Released"),
    ("client", "Finished", "Cancelled"),
    ("client", "Finished", "Finished"),
    ("client", "Finished", "Gone"),
    ("client", "Finished", "Lost"),
    ("client", "Finished", "Pending"),
    ("client", "Finished", "Released"),
    ("client", "Gone", "Finished"),
    ("client", "Gone", "Pending"),
    ("client", "Gone", "Released"),
    ("client", "Lost", "Cancelled"),
    ("client", "Lost", "Finished"),
    ("client", "Lost", "Gone"),
    ("client", "Lost", "Lost"),
    ("client", "Lost", "Pending"),
    ("client", "Lost", "Released"),
    ("client", "Pending", "Cancelled"),
    ("client", "Pending", "Erred"),
    ("client", "Pending", "Finished"),
    ("client", "Pending", "Gone"),
    ("client", "Pending", "Lost"),
    ("client", "Pending", "Pending"),
    ("client", "Pending", "Released"),
    ("client", "Released", "Pending"),
    ("client", "Released", "Storing"),
    ("client", "Storing", "Cancelled"),
    ("client", "Storing", "Finished"),
    ("client", "Storing", "Gone"),
    ("fault", "broken fetch", ""),
    ("fault", "client cut", ""),
    ("fault", "crash", ""),
    ("fault", "crash noticed", ""),
    ("fault", "cut", ""),
    ("fault", "delayed execution", ""),
    ("fault", "freeze", ""),
    ("fault", "full disk", ""),
    ("fault", "full memory", ""),
    ("fault", "long freeze", ""),
    ("fault", "restart", ""),
    ("fault", "rot", ""),
    ("fault", "sleep", ""),
    ("fault", "slow worker", ""),
    ("scheduler", "Ahead", "Processing"),
    ("scheduler", "Ahead", "Released"),
    ("scheduler", "Ahead", "Waiting"),
    ("scheduler", "Away", "Erred"),
    ("scheduler", "Away", "Memory"),
    ("scheduler", "Away", "Released"),
    ("scheduler", "Erred", "Memory"),
    ("scheduler", "Erred", "Released"),
    ("scheduler", "Memory", "Away"),
    ("scheduler", "Memory", "Released"),
    ("scheduler", "NoWorker", "Queued"),
    ("scheduler", "NoWorker", "Released"),
    ("scheduler", "NoWorker", "Waiting"),
    ("scheduler", "Processing", "Erred"),
    ("scheduler", "Processing", "Memory"),
    ("scheduler", "Processing", "Queued"),
    ("scheduler", "Processing", "Released"),
    ("scheduler", "Processing", "Waiting"),
    ("scheduler", "Queued", "Memory"),
    ("scheduler", "Queued", "NoWorker"),
    ("scheduler", "Queued", "Processing"),
    ("scheduler", "Queued", "Released"),
    ("scheduler", "Queued", "Waiting"),
    ("scheduler", "Released", "Erred"),
    ("scheduler", "Released", "Memory"),
    ("scheduler", "Released", "Queued"),
    ("scheduler", "Released", "Released"),
    ("scheduler", "Released", "Waiting"),
    ("scheduler", "Waiting", "Ahead"),
    ("scheduler", "Waiting", "Erred"),
    ("scheduler", "Waiting", "Memory"),
    ("scheduler", "Waiting", "Queued"),
    ("scheduler", "Waiting", "Released"),
    ("worker", "Executing", "Idle"),
    ("worker", "Fetch", "Flight"),
    ("worker", "Fetch", "Idle"),
    ("worker", "Flight", "Idle"),
    ("worker", "Flight", "Memory"),
    ("worker", "Freed", "Idle"),
    ("worker", "Idle", "Fetch"),
    ("worker", "Idle", "Memory"),
    ("worker", "Idle", "Preparing"),
    ("worker", "Idle", "Ready"),
    ("worker", "Idle", "Waiting"),
    ("worker", "Memory", "Freed"),
    ("worker", "Memory", "Idle"),
    ("worker", "Memory", "Memory"),
    ("worker", "Preparing", "Idle"),
    ("worker", "Preparing", "Ready"),
    ("worker", "Ready", "Executing"),
    ("worker", "Ready", "Idle"),
    ("worker", "Ready", "Waiting"),
    ("worker", "Waiting", "Idle"),
    ("worker", "Waiting", "Ready"),
];
