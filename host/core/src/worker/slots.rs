//! Slots: how many tasks are handed over, and which of those run.
//!
//! Whoever executes takes the next task by itself as soon as one has ended, without waiting for
//! this core. So short tasks are handed over ahead of time, as many as keep the slots busy for
//! [`Config::ahead`]; long ones only when a slot is free, so that a task of better priority that
//! comes later still runs first. Tasks run in the order in which they were handed over: the first
//! ones, as many as there are slots, run, and the others wait for those.

use std::{collections::BTreeMap, time::Duration};

use super::Config;
use crate::Key;

/// Weight of all runs before the last one in the mean duration.
const MEMORY: u64 = 8;

/// The tasks that are handed over.
#[derive(Debug)]
pub(super) struct Slots {
    /// All and only tasks that are `Executing`, in the order in which they were handed over.
    by_turn: BTreeMap<u64, Key>,
    turns: u64,
    /// How long a task runs, in nanoseconds: a moving average.
    mean: u64,
}

impl Slots {
    /// None is handed over; tasks count as long until some have run.
    pub(super) fn new(config: &Config) -> Self {
        Self {
            by_turn: BTreeMap::new(),
            turns: 0,
            mean: nanos(config.ahead).saturating_mul(2),
        }
    }

    /// Hands a task over; its place in the order.
    pub(super) fn push(&mut self, key: Key) -> u64 {
        self.turns += 1;
        self.by_turn.insert(self.turns, key);
        self.turns
    }

    pub(super) fn remove(&mut self, turn: u64) {
        self.by_turn.remove(&turn);
    }

    /// A task has run for so long.
    pub(super) fn measure(&mut self, ran: Duration) {
        self.mean = (self.mean.saturating_mul(MEMORY - 1)).saturating_add(nanos(ran)) / MEMORY;
    }

    /// Whether one more may be handed over.
    pub(super) fn has_room(&self, config: &Config) -> bool {
        let ahead = nanos(config.ahead) / self.mean.max(1);
        let each = 1 + ahead.min(u64::from(config.ahead_max));
        (self.by_turn.len() as u64) < u64::from(config.slots).saturating_mul(each)
    }

    /// Those that run.
    pub(super) fn running(&self, config: &Config) -> impl Iterator<Item = Key> + '_ {
        self.by_turn.values().take(config.slots as usize).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, Key)> + '_ {
        self.by_turn.iter().map(|(turn, key)| (*turn, *key))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
