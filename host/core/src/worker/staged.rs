//! Clients' values: staged when they have come, results when the scheduler says so.

use super::{
    Action, ToScheduler, WorkerCore,
    entry::{Entry, State},
};
use crate::{
    Key, ScatterId,
    probe::{self, Bug},
};

impl WorkerCore {
    pub(super) fn data_staged(&mut self, scatter: ScatterId, values: Vec<(Key, u64)>) {
        self.drop_staged(scatter);
        self.staged.insert(scatter, values);
    }

    pub(super) fn keep_data(&mut self, scatter: ScatterId) {
        let Some(values) = self.staged.remove(&scatter) else {
            return self.send(ToScheduler::StagedMissing { scatter });
        };
        for (key, nbytes) in values {
            let entry = self.entries.entry(key).or_insert_with(Entry::new);
            match *entry.state {
                State::Idle | State::Fetch | State::Flight { .. } | State::Memory { .. } => {
                    self.actions.push_back(Action::Keep { scatter, key });
                    self.keep(key, nbytes);
                }
                // A task has this key, so it is no client's value.
                State::Waiting { .. }
                | State::Ready
                | State::Preparing
                | State::Executing { .. } => {
                    self.actions.push_back(Action::DropStaged { scatter, key });
                }
            }
            if !probe::has(Bug::KeptUnsaid) {
                self.send(ToScheduler::DataKept { scatter, key });
            }
        }
    }

    pub(super) fn drop_staged(&mut self, scatter: ScatterId) {
        for (key, _) in self.staged.remove(&scatter).into_iter().flatten() {
            self.actions.push_back(Action::DropStaged { scatter, key });
        }
    }
}
