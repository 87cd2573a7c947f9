//! What the program wants: keys held and let go of, tasks run or not.

use super::{ClientCore, State, Submission, queue::Command};
use crate::{Digest, Key};

impl ClientCore {
    pub(super) fn tasks_submitted(&mut self, tasks: Vec<Submission>) {
        self.entries.reserve(tasks.len());
        for submission in tasks {
            if self.hold(submission.task.key, State::Pending) {
                self.say(Command::Submit(submission));
            }
        }
    }

    /// Also what is held already is asked for: the scheduler may have let go of it at the end of a
    /// hold that was before this one.
    pub(super) fn keys_wanted(&mut self, keys: &[Key]) {
        for key in keys {
            self.hold(*key, State::Pending);
            self.say(Command::Want(*key));
        }
    }

    pub(super) fn key_held(&mut self, key: Key) {
        if self.hold(key, State::Pending) {
            self.say(Command::Want(key));
        }
    }

    /// What is being computed or stored, or is there, goes on to be so.
    pub(super) fn data_offered(&mut self, key: Key) {
        self.hold(key, State::Storing);
    }

    pub(super) fn keys_released(&mut self, keys: &[Key]) {
        for key in keys {
            if self.let_go(*key) {
                self.say(Command::Release(*key));
            }
        }
    }

    /// They are cancelled from now on; what the scheduler cancels with them, it tells.
    pub(super) fn keys_cancelled(&mut self, keys: &[Key]) {
        if self.is_over() {
            return;
        }
        for key in keys {
            // It may be held there or not: whoever wants it is answered once in both cases.
            if self.state(key) == Some(&State::Storing) {
                self.say(Command::Want(*key));
            }
            let is_answered = self.cancel(*key);
            self.say(Command::Cancel {
                key: *key,
                is_answered,
            });
        }
    }

    pub(super) fn keys_detached(&mut self, keys: &[Key]) {
        for key in keys {
            self.say(Command::Detach(*key));
        }
    }

    pub(super) fn component_offered(&mut self, digest: Digest, bytes: usize) {
        if self.uploaded.insert(digest) {
            self.say(Command::Upload { digest, bytes });
        }
    }

    pub(super) fn sync_asked(&mut self, sync: u64) {
        self.say(Command::Sync(sync));
    }

    fn say(&mut self, command: Command) {
        if !self.is_over() {
            self.queue.push_back(command);
        }
    }
}
