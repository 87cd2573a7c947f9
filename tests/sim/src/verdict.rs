//! What is checked when a result is accepted, when the cluster has come to rest, and when all
//! clients have left.

use wask_core::{
    Failure, FailureKind, Key, TaskSpec,
    client::State,
    scheduler::{Event, KeyState},
};

use crate::{Cluster, client::Client, member::Stored, oracle::Expectation};

impl Cluster {
    /// Hands the news of a finished task to the scheduler core. Only the attempt that the
    /// scheduler gave out last may be accepted, and only with the value that it must have.
    pub(crate) fn feed_finished(&mut self, event: Event, stored: &Stored) {
        let Event::TaskFinished {
            worker,
            key,
            attempt,
            ..
        } = event
        else {
            return;
        };
        let is_current = self.assigned.get(&key) == Some(&(worker, attempt));
        let held = self.scheduler.holders(&key).contains(&worker);
        self.feed(event);
        let holds = self.scheduler.holders(&key).contains(&worker);
        if held || !holds {
            return;
        }
        assert!(
            is_current,
            "stale {attempt} of {key} was accepted from {worker}"
        );
        if let Some(expected) = self.expectation(&key).value {
            assert_eq!(stored.value, expected, "{key} has a wrong value");
        }
        for (input, value) in stored.inputs.iter() {
            if let Some(accepted) = self.accepted.get(input) {
                assert_eq!(value, accepted, "{key} comes from another value of {input}");
            }
        }
        self.accepted.insert(key, stored.value);
    }

    pub(crate) fn expectation(&self, key: &Key) -> &Expectation {
        let found = self.expectations.iter().find_map(|all| all.get(key));
        found.unwrap_or_else(|| panic!("nobody may ask for {key}"))
    }

    /// Every key that a client holds has come to an end that it may come to, and the client knows.
    pub(crate) fn check_outcomes(&self) {
        for client in &self.clients {
            client.check_holds();
            assert!(
                client.core.has_sent_all(),
                "{} has more to say",
                client.session
            );
            for (key, told) in client.core.held() {
                self.check_outcome(client, key, told);
            }
        }
    }

    fn check_outcome(&self, client: &Client, key: &Key, told: &State) {
        let session = client.session;
        let expected = self.expectation(key);
        let state = self.scheduler.key_state(key);
        match (told, &state) {
            (State::Cancelled, _) => {
                let is_own = !expected.lineage.is_disjoint(&client.cancelled);
                assert!(is_own, "{session} did not cancel {key}");
            }
            (State::Gone, _) => {
                let cuts = self.plan.client_cuts + self.plan.restarts;
                assert!(cuts > 0.0, "{key} is gone");
            }
            (State::Finished { .. }, Some(KeyState::Finished { .. })) => {
                assert!(expected.may_finish, "{key} finished, and cannot");
                self.check_value(key, expected);
            }
            (State::Erred(told), Some(KeyState::Erred(state))) if told == state => {
                self.check_failure(key, told, expected);
            }
            (State::Lost(told), Some(KeyState::Lost(state))) if told == state => {
                assert!(
                    expected.lineage.contains(&told.origin),
                    "{key} was lost by another"
                );
                self.check_loss(told);
            }
            _ => panic!("{session} was told {told:?} of {key}, which is {state:?}"),
        }
    }

    /// Every holder has the value that was accepted, and that is the right one.
    fn check_value(&self, key: &Key, expected: &Expectation) {
        let holders = self.scheduler.holders(key);
        for holder in &holders {
            let stored = self.members[holder].store.get(key);
            let stored = stored.unwrap_or_else(|| panic!("{holder} does not hold {key}"));
            if let Some(value) = expected.value {
                assert_eq!(stored.value, value, "{holder} holds another {key}");
            }
            if let Some(value) = self.accepted.get(key) {
                assert_eq!(
                    stored.value, *value,
                    "{holder} holds a {key} never accepted"
                );
            }
        }
    }

    fn check_failure(&self, key: &Key, failure: &Failure, expected: &Expectation) {
        let Failure { kind, origin, .. } = failure;
        assert!(expected.lineage.contains(origin), "{key} erred by another");
        if *kind == FailureKind::WorkersLost {
            let lost = self.scheduler.counts().total_workers_lost;
            assert!(lost >= 3, "{lost} workers were lost");
        } else {
            let is_for_room = *kind == FailureKind::OutOfMemory && self.has_pressure();
            assert!(
                is_for_room || expected.culprits.contains(origin),
                "{origin} cannot fail: {failure}"
            );
        }
    }

    /// Only what nobody can compute again may be lost.
    fn check_loss(&self, failure: &Failure) {
        let is_repeatable = self.is_repeatable(&failure.origin);
        assert!(!is_repeatable, "{} could be computed again", failure.origin);
    }

    /// Whether the key's task may run again once it has finished.
    pub(crate) fn is_repeatable(&self, key: &Key) -> bool {
        let universes = self.universes.iter();
        let mut vertices = universes.filter_map(|universe| universe.vertices.get(key));
        vertices.any(|vertex| vertex.spec.as_ref().is_some_and(TaskSpec::is_pure))
    }

    /// With the clients gone, nobody knows or holds anything.
    pub(crate) fn check_emptiness(&self) {
        let counts = self.scheduler.counts();
        assert_eq!(counts.tasks(), 0, "tasks are left: {counts:?}");
        assert_eq!(self.scheduler.scatters(), 0, "scatters are left");
        for (id, member) in &self.members {
            assert!(
                member.core.is_empty(),
                "{id} still knows keys: {:?}",
                member.core
            );
            assert!(member.store.is_empty(), "{id} still holds results");
            assert!(member.executing.is_empty(), "{id} still executes");
            assert!(member.staged.is_empty(), "{id} still has staged values");
        }
    }
}
