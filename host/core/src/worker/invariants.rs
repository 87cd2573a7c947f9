//! What must always hold between events.

use super::{
    Counts, WorkerCore,
    entry::{Entry, State},
    fetches::Peer,
};
use crate::{Key, WorkerId};

impl WorkerCore {
    /// Computes all that is derived again and compares. For tests: it looks at everything.
    ///
    /// # Panics
    ///
    /// Where something does not hold, with the key it does not hold for.
    pub fn check_invariants(&self) {
        assert!(self.agenda.is_empty(), "unsettled");
        let mut counts = Counts::default();
        for (key, entry) in &self.entries {
            self.check_wishes(*key, entry);
            self.check_state(*key, entry, &mut counts);
        }
        assert_eq!(counts, self.counts, "keys by state are counted wrong");
        assert_eq!(self.ready.len(), counts.ready, "ready");
        assert_eq!(self.slots.iter().count(), counts.executing, "slots");
        let most = self.config.slots as usize * (1 + self.config.ahead_max as usize);
        assert!(counts.executing <= most, "too many are handed over");
        for (turn, key) in self.slots.iter() {
            let state = &*self.entries[&key].state;
            let is_there = matches!(state, State::Executing { turn: at, .. } if *at == turn);
            assert!(is_there, "{key} was handed over, and is {state:?}");
        }
        for (id, peer) in &self.peers {
            self.check_peer(*id, peer);
        }
    }

    /// Who waits is waiting, who pins has what it pins, and nobody waits for what is here.
    fn check_wishes(&self, key: Key, entry: &Entry) {
        let state = &*entry.state;
        for task in entry.waiting.iter() {
            let waiting = matches!(*self.entries[&task].state, State::Waiting { .. });
            assert!(waiting, "{task} waits for {key}, and is not waiting");
            let run = self.entries[&task].run.as_ref();
            let needs = run.is_some_and(|run| run.task.dependencies.contains(&key));
            assert!(needs, "{task} does not need {key}");
        }
        assert!(
            entry.pins.is_empty() || matches!(state, State::Memory { .. }),
            "{key} is pinned and {state:?}"
        );
        for task in entry.pins.iter() {
            let state = &*self.entries[&task].state;
            let busy = matches!(
                state,
                State::Waiting { .. } | State::Ready | State::Preparing | State::Executing { .. }
            );
            assert!(busy, "{task} pins {key}, and is {state:?}");
        }
        if entry.is_memory() {
            assert!(!entry.is_wanted(), "{key} is here, and still wanted");
        }
    }

    fn check_state(&self, key: Key, entry: &Entry, counts: &mut Counts) {
        match &*entry.state {
            State::Idle => panic!("{key} is idle"),
            State::Fetch => {
                counts.fetching += 1;
                assert!(entry.run.is_none() && !entry.waiting.is_empty(), "{key}");
                assert!(!entry.holders.is_empty(), "{key} is nowhere to be got");
                for holder in &entry.holders {
                    let place = entry.priority.map(|priority| (priority, key));
                    let queue = &self.peers[holder].queue;
                    assert!(place.is_some_and(|place| queue.contains(&place)), "{key}");
                }
            }
            State::Flight { peer, .. } => {
                counts.fetching += 1;
                assert!(self.peers[peer].flight.contains(&key), "{key} flies alone");
                assert!(!entry.holders.contains(peer), "{key} is asked for twice");
            }
            State::Waiting { missing } => {
                counts.waiting += 1;
                assert_eq!(*missing, self.missing_inputs(key, entry), "{key}");
                assert!(*missing > 0, "{key} waits for nothing");
            }
            State::Ready => {
                counts.ready += 1;
                assert_eq!(self.missing_inputs(key, entry), 0, "{key}");
                let place = entry.run.as_ref().map(|run| (run.priority, key));
                assert!(
                    place.is_some_and(|place| self.ready.contains(&place)),
                    "{key}"
                );
            }
            State::Preparing => {
                counts.preparing += 1;
                assert_eq!(self.missing_inputs(key, entry), 0, "{key}");
                assert!(entry.run.is_some(), "{key} is prepared for nothing");
            }
            State::Executing { .. } => counts.executing += 1,
            State::Memory { freed } => {
                counts.memory += 1;
                assert!(!freed || !entry.pins.is_empty(), "{key} should be dropped");
            }
        }
    }

    /// Each input of a task that has yet to run is either pinned or waited for.
    fn missing_inputs(&self, key: Key, entry: &Entry) -> usize {
        let run = entry.run.as_ref();
        let inputs = run.into_iter().flat_map(|run| &run.task.dependencies);
        let is_missing = |input: &&Key| {
            let input = &self.entries[*input];
            let (pins, waits) = (input.pins.contains(key), input.waiting.contains(key));
            assert!(pins != waits, "{key} must either pin or wait for an input");
            waits
        };
        inputs.filter(is_missing).count()
    }

    fn check_peer(&self, id: WorkerId, peer: &Peer) {
        let is_idle = peer.queue.is_empty() && peer.flight.is_empty();
        assert!(!is_idle, "{id} is kept for nothing");
        for (_, key) in &peer.queue {
            let entry = &self.entries[key];
            let is_queued = matches!(*entry.state, State::Fetch);
            assert!(is_queued && entry.holders.contains(&id), "{key} of {id}");
        }
    }
}
