//! A scheduler that is lost, and found again: what was wanted is over, results stay.

use super::{
    ToScheduler, WorkerCore,
    entry::{Entry, State},
};
use crate::{Key, WorkerId};

impl WorkerCore {
    /// Nothing is told meanwhile: whoever sends must forget what was not sent.
    pub(super) fn scheduler_lost(&mut self) {
        for scatter in self.staged.keys().copied().collect::<Vec<_>>() {
            self.drop_staged(scatter);
        }
        for key in self.sorted_keys(|entry| entry.run.is_some()) {
            self.withdraw(key);
        }
        for key in self.sorted_keys(|entry| matches!(*entry.state, State::Executing { .. })) {
            self.interrupt(key);
        }
        for peer in self.peers.keys().copied().collect::<Vec<_>>() {
            self.fetch_failed(peer, &[]);
        }
    }

    /// Says what is here, so that the scheduler counts on it or has it dropped.
    pub(super) fn scheduler_found(&mut self, id: WorkerId) {
        self.id = id;
        for key in self.sorted_keys(Entry::is_memory) {
            let nbytes = self.entry(key).nbytes;
            self.send(ToScheduler::DataFound { key, nbytes });
        }
        self.send(ToScheduler::AllFound);
    }

    /// In an order that is the same in every run.
    fn sorted_keys(&self, is_meant: impl Fn(&Entry) -> bool) -> Vec<Key> {
        let meant = self.entries.iter().filter(|(_, entry)| is_meant(entry));
        let mut keys: Vec<Key> = meant.map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }
}
