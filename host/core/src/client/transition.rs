//! How keys change their state: the only place where a [`State`] is assigned.

use std::ops::Deref;

use super::{Action, ClientCore, News, State, entry::Entry};
use crate::{Key, probe};

/// A key's state, for reading. Only this file can make one that is not `Released`.
#[derive(Debug)]
pub(super) struct CurrentState(State);

impl CurrentState {
    /// Where every key starts.
    pub(super) fn released() -> Self {
        Self(State::Released)
    }
}

impl Deref for CurrentState {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl ClientCore {
    /// `Released`, or what is to be asked for again → `first`, which is pending. Holds the key once
    /// more; whether that changed its state.
    pub(super) fn hold(&mut self, key: Key, first: State) -> bool {
        let is_over = self.is_over();
        let entry = self.entries.entry(key).or_insert_with(Entry::new);
        let was_held = entry.holds > 0;
        entry.holds += 1;
        let renews = !was_held
            || match first {
                // Whatever else it is, it stays until it is stored.
                State::Storing => *entry.state == State::Cancelled,
                _ => entry.state.is_to_be_submitted_again(),
            };
        if renews {
            let next = match is_over {
                true => State::Gone,
                false => first,
            };
            probe::note(("client", entry.state.name(), next.name()));
            entry.state.0 = next;
        }
        renews
    }

    /// → `Released`, where this was the last hold; whether it was.
    pub(super) fn let_go(&mut self, key: Key) -> bool {
        let Some(entry) = self.entries.get_mut(&key) else {
            return false;
        };
        if entry.holds == 0 {
            return false;
        }
        entry.holds -= 1;
        let is_last = entry.holds == 0;
        if is_last {
            probe::note(("client", entry.state.name(), "Released"));
            entry.state.0 = State::Released;
            self.forget_if_over(key);
        }
        is_last
    }

    /// → `Cancelled`, where the scheduler holds it for us: then it answers; whether it will.
    pub(super) fn cancel(&mut self, key: Key) -> bool {
        let Some(entry) = self.entries.get_mut(&key) else {
            return false;
        };
        if !entry.state.is_held_there() {
            return false;
        }
        entry.cancelling += 1;
        self.enter(key, State::Cancelled);
        true
    }

    /// Takes over what the scheduler says, unless it says it of what was before a cancellation.
    pub(super) fn take_over(&mut self, key: Key, news: News) {
        let state = State::from(news);
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        let is_news = entry.cancelling == 0 || matches!(state, State::Refused(_));
        match state {
            State::Cancelled => entry.cancelling = entry.cancelling.saturating_sub(1),
            // What was refused is not held, so the cancellation has no answer.
            State::Refused(_) => {
                entry.cancelling = 0;
                // It may be that somebody took a component from the cluster. Those that are there
                // need not be sent again.
                self.uploaded.clear();
            }
            _ => {}
        }
        if is_news && entry.holds > 0 {
            self.enter(key, state);
        }
        self.forget_if_over(key);
    }

    /// → `Finished`: the value was stored by ourselves. Where answers to cancellations are to come,
    /// the news after them tells whether it was stored before or after those.
    pub(super) fn stored(&mut self, key: Key, nbytes: u64) {
        let entry = self.entries.get(&key);
        if entry.is_some_and(|entry| entry.holds > 0 && entry.cancelling == 0) {
            let state = State::Finished {
                nbytes,
                inline: None,
                was_there: false,
            };
            self.enter(key, state);
        }
    }

    /// `Storing` → `Cancelled`: it did not come about.
    pub(super) fn not_stored(&mut self, key: Key) {
        if self.state(&key) == Some(&State::Storing) {
            self.enter(key, State::Cancelled);
        }
    }

    /// → `Gone`: the session that held the key is over.
    pub(super) fn lose(&mut self, key: Key) {
        if self.holds(&key) > 0 {
            self.enter(key, State::Gone);
        }
    }

    pub(super) fn forget_if_over(&mut self, key: Key) {
        if self.entries.get(&key).is_some_and(Entry::is_over) {
            self.entries.remove(&key);
        }
    }

    /// Changes the state of a key that is held, and has those told who wait for it.
    fn enter(&mut self, key: Key, state: State) {
        let entry = self.entries.get_mut(&key).expect("held keys are known");
        let is_resolved = !state.is_pending();
        probe::note(("client", entry.state.name(), state.name()));
        entry.state.0 = state;
        if is_resolved {
            self.actions.push_back(Action::Resolved { key });
        }
    }
}
