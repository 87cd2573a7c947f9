//! What is said again over another connection, and what is gone.
//!
//! Messages are numbered, and kept until they are acknowledged. A scheduler that has kept the
//! session says which it has taken in, so the others are said again, and nothing twice. What it told
//! meanwhile is lost: so the client asks for all that it still holds, and is told where it stands.
//!
//! To a scheduler that has forgotten the session what was never acknowledged is said again, as far as
//! it stands on its own; all else is gone.

use std::mem;

use super::{ClientCore, State, entry::Entry, queue::Command, sending::Link};
use crate::{Key, KeySet};

impl ClientCore {
    pub(super) fn connection_lost(&mut self) {
        if self.is_over() {
            return;
        }
        match mem::replace(&mut self.link, Link::Lost) {
            Link::Uploading { digest, bytes } => {
                self.queue.push_front(Command::Upload { digest, bytes });
            }
            Link::Syncing { waiting } => {
                let waiting = waiting.into_iter().rev().map(Command::Sync);
                waiting.for_each(|sync| self.queue.push_front(sync));
            }
            Link::Ready | Link::Pushing | Link::Lost | Link::Ended => {}
        }
        // They travel beside the queue, and nobody says them again.
        for key in self.held_keys(|state| *state == State::Storing) {
            self.lose(key);
        }
    }

    pub(super) fn session_resumed(&mut self, taken: u64) {
        if !self.say_again(taken) {
            return;
        }
        self.expect_no_answers();
        // The keys that are asked for by what is said already.
        let mut asked = KeySet::default();
        for command in self.queue.take_all() {
            match &command {
                Command::Submit(submission) => _ = asked.insert(submission.task.key),
                Command::Want(key) => _ = asked.insert(*key),
                Command::Release(key) => _ = asked.remove(key),
                Command::Cancel { key, is_answered } => {
                    if *is_answered {
                        // It may have refused the task, and not hold the key: then it would not
                        // answer.
                        if !asked.contains(key) {
                            self.queue.push_back(Command::Want(*key));
                        }
                        self.expect_answer(*key);
                    }
                    asked.remove(key);
                }
                Command::Upload { .. } | Command::Detach(_) | Command::Sync(_) => {}
            }
            self.queue.push_back(command);
        }
        self.forget_what_is_over();
        for key in self.held_keys(State::was_held_there) {
            if !asked.contains(&key) {
                self.queue.push_back(Command::Want(key));
            }
        }
    }

    pub(super) fn session_forgotten(&mut self) {
        if !self.say_again(0) {
            return;
        }
        self.expect_no_answers();
        self.uploaded.clear();
        // What the new session comes to know by what is said.
        let mut known = KeySet::default();
        for command in self.queue.take_all() {
            let makes_sense = match &command {
                Command::Sync(_) => true,
                Command::Upload { digest, .. } => {
                    self.uploaded.insert(*digest);
                    true
                }
                // They name what the session knew.
                Command::Want(_) => false,
                Command::Submit(submission) => {
                    let task = &submission.task;
                    let inputs = task.dependencies.iter().all(|key| known.contains(key));
                    inputs && self.has_no_result(&task.key) && {
                        known.insert(task.key);
                        true
                    }
                }
                Command::Detach(key) => known.contains(key),
                Command::Release(key) => known.remove(key),
                Command::Cancel { key, is_answered } => {
                    let is_known = known.remove(key);
                    if is_known && *is_answered {
                        self.expect_answer(*key);
                    }
                    is_known
                }
            };
            if makes_sense {
                self.queue.push_back(command);
            }
        }
        self.forget_what_is_over();
        for key in self.held_keys(State::was_held_there) {
            if !known.contains(&key) {
                self.lose(key);
            }
        }
    }

    /// Whether nobody has been told of a result: another could not take its place.
    fn has_no_result(&self, key: &Key) -> bool {
        let state = self.state(key);
        state.is_none_or(|state| !matches!(state, State::Finished { .. } | State::Erred(_)))
    }

    /// Puts what was not taken in back in front of the queue. Whether there was no connection.
    fn say_again(&mut self, taken: u64) -> bool {
        if !matches!(self.link, Link::Lost) {
            return false;
        }
        self.link = Link::Ready;
        let unacknowledged = mem::take(&mut self.unacknowledged.commands);
        self.unacknowledged.clear();
        self.unacknowledged.last = taken;
        let again = unacknowledged.into_iter().rev();
        for (_, command) in again.take_while(|(number, _)| *number > taken) {
            self.queue.push_front(command);
        }
        true
    }

    fn expect_no_answers(&mut self) {
        for entry in self.entries.values_mut() {
            entry.cancelling = 0;
        }
    }

    fn expect_answer(&mut self, key: Key) {
        let entry = self.entries.entry(key).or_insert_with(Entry::new);
        entry.cancelling += 1;
    }

    fn forget_what_is_over(&mut self) {
        self.entries.retain(|_, entry| !entry.is_over());
    }
}
