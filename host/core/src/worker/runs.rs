//! Tasks: given by the scheduler, cancelled, executed.

use std::sync::Arc;

use super::{
    Action, ToScheduler, WorkerCore,
    entry::{Entry, Run, State},
};
use crate::{
    Attempt, Failure, Key,
    probe::{self, Bug},
    scheduler::TaskResult,
};

impl WorkerCore {
    /// The scheduler asks for a task only while no worker has a result that it counts on. So if
    /// one is here, it is a stray, perhaps from before other results were lost: it is not used.
    pub(super) fn compute_task(&mut self, run: Run) {
        let key = run.task.key;
        let entry = self.entries.entry(key).or_insert_with(Entry::new);
        let given = entry.run.as_ref().map(|run| run.attempt);
        let executing = match &*entry.state {
            // One that is being stopped may be of an earlier membership, whose numbers mean nothing.
            State::Executing {
                run,
                cancelling: false,
                ..
            } => Some(run.attempt),
            _ => None,
        };
        if given
            .max(executing)
            .is_some_and(|attempt| attempt >= run.attempt)
        {
            return;
        }
        self.withdraw(key);
        self.interrupt(key);
        self.free(key);
        self.entry(key).run = Some(run);
        self.agenda.push_back(key);
    }

    /// If the attempt has finished before it heard of this, its result is dropped.
    pub(super) fn cancel_task(&mut self, key: Key, cancelled: Attempt) {
        let Some(entry) = self.entries.get(&key) else {
            return;
        };
        if entry
            .run
            .as_ref()
            .is_some_and(|run| run.attempt <= cancelled)
        {
            self.withdraw(key);
        }
        let state = self.entries.get(&key).map(|entry| &*entry.state);
        if let Some(State::Executing { run, .. }) = state
            && run.attempt <= cancelled
        {
            self.interrupt(key);
        }
        self.free(key);
    }

    pub(super) fn start_executions(&mut self) {
        while self.slots.has_room(&self.config)
            && let Some((_, key)) = self.ready.first().copied()
        {
            self.execute(key);
        }
    }

    /// The task gives its slot up until it is prepared. One that is being stopped has come to its
    /// end with that.
    pub(super) fn execution_delayed(&mut self, key: Key, attempt: Attempt) {
        let (run, was_cancelled) = self.end_execution(key, attempt);
        match was_cancelled {
            true => self.unpin_inputs(key, &run.task),
            false => self.delay(key, run),
        }
    }

    /// What comes late, of an attempt that was withdrawn or waits for an input again, does not
    /// count.
    pub(super) fn execution_prepared(&mut self, key: Key, prepared: Attempt) {
        let entry = self.entries.get(&key);
        let is_waited_for = entry.is_some_and(|entry| {
            let attempt = entry.run.as_ref().map(|run| run.attempt);
            matches!(*entry.state, State::Preparing) && attempt == Some(prepared)
        });
        if is_waited_for {
            self.prepare(key);
        }
    }

    /// The result of a cancelled attempt is dropped, even if the task was given again: the
    /// scheduler must never get one attempt's result under another's number.
    pub(super) fn execution_done(
        &mut self,
        key: Key,
        attempt: Attempt,
        result: Result<TaskResult, Arc<Failure>>,
    ) {
        let (run, was_cancelled) = self.end_execution(key, attempt);
        let task = run.task;
        let pins = |input: &&Key| {
            let entry = self.entries.get(*input);
            entry.is_some_and(|entry| entry.pins.contains(key))
        };
        let went = task.dependencies.iter().find(|input| !pins(input)).copied();
        self.unpin_inputs(key, &task);
        match (was_cancelled, result) {
            (true, Err(_)) => {}
            (true, Ok(result)) if probe::has(Bug::CancelledKept) => self.keep(key, result.nbytes),
            (true, Ok(_)) => self.actions.push_back(Action::Drop { key }),
            (false, Ok(result)) => {
                self.keep(key, result.nbytes);
                self.send(ToScheduler::TaskFinished {
                    key,
                    attempt,
                    result,
                });
            }
            // It failed after an input went away under it: that is not the task's fault.
            (false, Err(failure)) => self.send(match went {
                Some(input) => ToScheduler::InputsMissing {
                    key,
                    attempt,
                    missing: vec![(input, self.id)],
                },
                None => ToScheduler::TaskErred {
                    key,
                    attempt,
                    failure,
                },
            }),
        }
    }
}
