//! Fire and forget: a detached task comes to an end of its own, whoever leaves meanwhile.

use std::collections::BTreeSet;

use wask_core::{
    Key,
    scheduler::{Event, KeyState},
};

use crate::{Cluster, oracle::Expectation};

/// How detached tasks may come to their end by an event.
#[derive(Debug)]
pub(crate) enum Ending {
    /// This key finished, if more tasks have finished than so many.
    Finished(Key, u64),
    /// This key, and whatever needs it, failed.
    Erred(Key),
    /// This key was found with a worker that came back, if more were found than so many.
    Found(Key, u64),
    /// These keys were detached, and what they need may have failed before.
    Detached(BTreeSet<Key>),
    /// These keys were cancelled; what needs them goes on.
    Cancelled(BTreeSet<Key>),
    /// Workers or results were lost.
    Trouble,
    /// Not at all.
    Never,
}

impl Cluster {
    /// The keys that an event, not yet handed in, is going to detach.
    pub(crate) fn newly_detached(&self, event: &Event) -> Vec<Key> {
        let Event::KeysDetached { session, keys } = event else {
            return Vec::new();
        };
        let is_open = self.open_sessions.contains(session);
        let is_to_run = |key: &&Key| is_open && self.is_pending(key) && self.can_run(key);
        keys.iter().filter(is_to_run).copied().collect()
    }

    /// What an event, not yet handed in, may do to detached tasks.
    pub(crate) fn ending_by(&self, event: &Event) -> Ending {
        match event {
            Event::TaskFinished { key, .. } => {
                Ending::Finished(*key, self.scheduler.counts().total_finished)
            }
            Event::TaskErred { key, .. } => Ending::Erred(*key),
            Event::DataFound { key, .. } => {
                Ending::Found(*key, self.scheduler.counts().total_found)
            }
            Event::KeysDetached { keys, .. } => Ending::Detached(keys.iter().copied().collect()),
            Event::KeysCancelled { session, keys } if self.open_sessions.contains(session) => {
                Ending::Cancelled(keys.iter().copied().collect())
            }
            Event::WorkerLost { .. }
            | Event::InputsMissing { .. }
            | Event::ReplicaMissing { .. } => Ending::Trouble,
            _ => Ending::Never,
        }
    }

    /// What was detached is still on its way, or came to an end that it may come to.
    pub(crate) fn check_detached(&mut self, ending: &Ending) {
        match ending {
            Ending::Finished(key, before) if self.has_finished_beyond(*before) => {
                let was_detached = self.detached.remove(key);
                let for_nobody = was_detached && !self.scheduler.knows(key);
                self.summary.finished_for_nobody += u64::from(for_nobody);
            }
            Ending::Found(key, before) if self.scheduler.counts().total_found > *before => {
                self.detached.remove(key);
            }
            Ending::Cancelled(keys) => {
                self.detached.retain(|key| !keys.contains(key));
            }
            _ => {}
        }
        let detached = self.detached.iter().copied();
        let failed: Vec<Key> = detached.filter(|key| !self.is_pending(key)).collect();
        for key in failed {
            assert!(self.may_fail(&key, ending), "{key} was dropped: {ending:?}");
            self.detached.remove(&key);
        }
    }

    fn is_pending(&self, key: &Key) -> bool {
        self.scheduler.key_state(key) == Some(KeyState::Pending)
    }

    /// Whether it is a task that has not had the only result that it may have.
    fn can_run(&self, key: &Key) -> bool {
        let universes = self.universes.iter();
        let mut vertices = universes.filter_map(|universe| universe.vertices.get(key));
        let is_task = vertices.any(|vertex| vertex.spec.is_some());
        is_task && (self.is_repeatable(key) || !self.accepted.contains_key(key))
    }

    fn has_finished_beyond(&self, before: u64) -> bool {
        self.scheduler.counts().total_finished > before
    }

    fn may_fail(&self, key: &Key, ending: &Ending) -> bool {
        let expected = self.expectation(key);
        match ending {
            Ending::Erred(erred) => {
                expected.culprits.contains(erred)
                    || (self.has_pressure() && expected.lineage.contains(erred))
            }
            Ending::Detached(keys) => {
                keys.contains(key)
                    && (!expected.culprits.is_empty()
                        || self.has_pressure()
                        || self.may_be_lost(expected))
            }
            Ending::Trouble => self.may_be_lost(expected),
            Ending::Finished(..) | Ending::Found(..) | Ending::Cancelled(_) | Ending::Never => {
                false
            }
        }
    }

    /// Whether any task may meet a worker without room.
    pub(crate) fn has_pressure(&self) -> bool {
        self.plan.full_memories > 0.0
    }

    fn may_be_lost(&self, expected: &Expectation) -> bool {
        let mut lineage = expected.lineage.iter();
        self.scheduler.counts().total_workers_lost >= 3
            || lineage.any(|key| !self.is_repeatable(key))
    }

    /// All that was detached has come to its end.
    pub(crate) fn check_detached_have_ended(&self) {
        let left = &self.detached;
        assert!(
            left.is_empty(),
            "{left:?} are detached, and nothing goes on"
        );
    }
}
