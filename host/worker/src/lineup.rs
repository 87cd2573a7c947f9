//! Which executions wait for the executor, and how many it is given ahead.
//!
//! An executor thread that is done takes the next job from its queue, without waiting for the rpc
//! thread. So short tasks are handed over ahead of time, as many as keep the slots busy for
//! [`AHEAD`]; long ones only when a slot is free, so that a task of higher priority that comes
//! later still runs first.

use std::{cmp::Reverse, collections::BTreeSet, time::Duration};

/// Work that is handed to the executor ahead of time, in time of a slot.
const AHEAD: Duration = Duration::from_micros(500);
/// Executions that the core starts for each slot beyond the one that runs.
const AHEAD_MAX: u32 = 32;

/// Executions that wait, the next one first: by the user's priority, then as they came.
pub(crate) struct Lineup {
    slots: u32,
    waiting: BTreeSet<(Reverse<i32>, u64)>,
    /// How many are with the executor, or being prepared for it.
    under_way: u32,
    /// How long a task runs, in nanoseconds: a moving average.
    mean_nanos: f64,
}

impl Lineup {
    pub(crate) fn new(slots: u32) -> Self {
        Self {
            slots,
            waiting: BTreeSet::new(),
            under_way: 0,
            mean_nanos: AHEAD.as_nanos() as f64 * 2.0,
        }
    }

    /// How many executions the core may start: those that run, and those that wait here.
    pub(crate) fn core_slots(slots: u32) -> u32 {
        slots.saturating_mul(1 + AHEAD_MAX)
    }

    pub(crate) fn push(&mut self, priority: i32, token: u64) {
        self.waiting.insert((Reverse(priority), token));
    }

    /// Takes one out that is not to run any more; whether it still waited.
    pub(crate) fn remove(&mut self, priority: i32, token: u64) -> bool {
        self.waiting.remove(&(Reverse(priority), token))
    }

    /// The next to be handed over, if it is time.
    pub(crate) fn pop(&mut self) -> Option<u64> {
        if self.under_way >= self.room() {
            return None;
        }
        let (_, token) = self.waiting.pop_first()?;
        self.under_way += 1;
        Some(token)
    }

    /// One that was handed over did not run, or not to its end.
    pub(crate) fn gave_up(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// One that was handed over has come to its end, after running for so long.
    pub(crate) fn finished(&mut self, ran: Duration) {
        self.gave_up();
        self.mean_nanos += (ran.as_nanos() as f64 - self.mean_nanos) / 8.0;
    }

    /// How many run, or are about to.
    pub(crate) fn executing(&self) -> u32 {
        self.under_way.min(self.slots)
    }

    fn room(&self) -> u32 {
        let ahead = AHEAD.as_nanos() as f64 / self.mean_nanos.max(1.0);
        // The cast saturates.
        self.slots.saturating_mul(1 + (ahead as u32).min(AHEAD_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(lineup: &mut Lineup) -> Vec<u64> {
        std::iter::from_fn(|| lineup.pop()).collect()
    }

    #[test]
    fn long_tasks_wait_for_a_slot_and_yield_to_priority() {
        let mut lineup = Lineup::new(1);
        (0..4).for_each(|token| lineup.push(0, token));
        assert_eq!(drain(&mut lineup), [0]);
        lineup.push(5, 9);
        lineup.finished(Duration::from_secs(1));
        assert_eq!(drain(&mut lineup), [9]);
        assert!(lineup.remove(0, 1));
        assert!(!lineup.remove(0, 1));
        lineup.finished(Duration::from_secs(1));
        assert_eq!(drain(&mut lineup), [2]);
    }

    #[test]
    fn short_tasks_are_handed_over_ahead() {
        let mut lineup = Lineup::new(2);
        (0..1000).for_each(|token| lineup.push(0, token));
        for _ in 0..100 {
            drain(&mut lineup);
            lineup.finished(Duration::from_micros(6));
        }
        drain(&mut lineup);
        assert_eq!(lineup.under_way, 2 * (1 + AHEAD_MAX));
        assert_eq!(lineup.executing(), 2);
    }
}
