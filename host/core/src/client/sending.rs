//! What is said next, and when.

use std::{collections::VecDeque, mem};

use super::{Action, ClientCore, queue::Command};
use crate::{Digest, Key};

/// Where the connection stands.
#[derive(Debug)]
pub(super) enum Link {
    /// There is room for something to be sent.
    Ready,
    /// A message is being sent.
    Pushing,
    /// A component is being sent.
    Uploading { digest: Digest, bytes: usize },
    /// An acknowledgement is to come, which these wait for.
    Syncing { waiting: Vec<u64> },
    /// There is none.
    Lost,
    /// There will be none.
    Ended,
}

/// Messages that the scheduler may not have taken in, where they are to be said again over another
/// connection.
#[derive(Debug, Default)]
pub(super) struct Unacknowledged {
    /// The number of the last message.
    pub(super) last: u64,
    /// What was said, each with the number of its message.
    pub(super) commands: VecDeque<(u64, Command)>,
    pub(super) bytes: usize,
}

impl Unacknowledged {
    fn push(&mut self, command: Command) {
        self.bytes += command.bytes();
        self.commands.push_back((self.last, command));
    }

    pub(super) fn clear(&mut self) {
        self.commands.clear();
        self.bytes = 0;
    }
}

impl ClientCore {
    pub(super) fn send_next(&mut self) {
        if !matches!(self.link, Link::Ready) {
            return;
        }
        let kept = self.unacknowledged.bytes;
        let is_full = self.config.resend_bytes.is_some_and(|max| kept >= max);
        match self.queue.front() {
            Some(_) if is_full && kept > 0 => self.sync(),
            Some(Command::Sync(_)) => self.sync(),
            Some(Command::Upload { .. }) => self.upload(),
            Some(_) => self.push(),
            // So that nothing is kept for longer than need be.
            None if kept > 0 => self.sync(),
            None => {}
        }
    }

    fn push(&mut self) {
        let unacknowledged = &mut self.unacknowledged;
        unacknowledged.last += 1;
        let is_kept = self.config.resend_bytes.is_some();
        let batch = self.queue.batch(&self.config, |command| {
            if is_kept {
                unacknowledged.push(command.clone());
            }
        });
        let number = unacknowledged.last;
        self.link = Link::Pushing;
        self.actions.push_back(Action::Push { number, batch });
    }

    fn upload(&mut self) {
        if let Some(Command::Upload { digest, bytes }) = self.queue.pop_front() {
            self.link = Link::Uploading { digest, bytes };
            self.actions.push_back(Action::Upload { digest });
        }
    }

    /// Asks for an acknowledgement, for all who want it now.
    fn sync(&mut self) {
        let mut waiting = Vec::new();
        while let Some(Command::Sync(sync)) = self.queue.front() {
            waiting.push(*sync);
            self.queue.pop_front();
        }
        self.link = Link::Syncing { waiting };
        self.actions.push_back(Action::Sync);
    }

    pub(super) fn sent(&mut self) {
        if matches!(self.link, Link::Pushing | Link::Uploading { .. }) {
            self.link = Link::Ready;
        }
    }

    pub(super) fn acknowledged(&mut self) {
        if !matches!(self.link, Link::Syncing { .. }) {
            return;
        }
        if let Link::Syncing { waiting } = mem::replace(&mut self.link, Link::Ready) {
            self.unacknowledged.clear();
            let synced = waiting.into_iter().map(|sync| Action::Synced { sync });
            self.actions.extend(synced);
        }
    }

    pub(super) fn session_ended(&mut self) {
        if self.is_over() {
            return;
        }
        self.link = Link::Ended;
        self.queue.clear();
        self.unacknowledged.clear();
        for key in self.held_keys(super::State::is_pending) {
            self.lose(key);
        }
    }

    /// The keys that are held and in such a state, in order.
    pub(super) fn held_keys(&self, is_meant: impl Fn(&super::State) -> bool) -> Vec<Key> {
        let meant = self.held().filter(|(_, state)| is_meant(state));
        let mut keys: Vec<Key> = meant.map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }
}
