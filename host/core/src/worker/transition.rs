//! How keys change their state: the only place where a [`State`] is assigned.
//!
//! [`WorkerCore::enter`] changes the state together with what follows from it: counts, the ready
//! tasks, the queues of peers. [`WorkerCore::settle`] has each key on the agenda turn to what is
//! wanted of it, if nothing else is under way there.

use std::{mem, ops::Deref};

use super::{
    Action, ToScheduler, WorkerCore,
    entry::{Entry, Progress, Run, State},
};
use crate::{Attempt, Key, TaskSpec, Time, WorkerId, probe};

/// A key's state, for reading. Only this file can make one that is not `Idle`.
#[derive(Debug)]
pub(super) struct CurrentState(State);

impl CurrentState {
    /// Where every key starts.
    pub(super) fn idle() -> Self {
        Self(State::Idle)
    }
}

impl Deref for CurrentState {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

impl Entry {
    /// The scheduler named who holds the key now.
    pub(super) fn doubt_flight(&mut self, holders: &[WorkerId]) {
        if let State::Flight { peer, stale } = &mut self.state.0 {
            *stale |= !holders.contains(peer);
        }
    }
}

impl WorkerCore {
    /// Does what is due, until nothing is.
    pub(super) fn settle(&mut self) {
        while let Some(key) = self.agenda.pop_front() {
            self.leave_for_what_is_wanted(key);
            self.turn_to_what_is_wanted(key);
        }
    }

    /// Ends a state that has become pointless and can be ended here and now.
    fn leave_for_what_is_wanted(&mut self, key: Key) {
        let Some(entry) = self.entries.get(&key) else {
            return;
        };
        match &*entry.state {
            State::Fetch if entry.run.is_some() || entry.waiting.is_empty() => {
                self.enter(key, State::Idle);
            }
            State::Memory { freed: true } if entry.pins.is_empty() => {
                self.actions.push_back(Action::Drop { key });
                self.enter(key, State::Idle);
            }
            _ => {}
        }
    }

    fn turn_to_what_is_wanted(&mut self, key: Key) {
        let Some(entry) = self.entries.get(&key) else {
            return;
        };
        match &*entry.state {
            State::Memory { freed: false } => self.serve(key),
            State::Idle if entry.run.is_some() => self.gather_inputs(key),
            State::Idle if entry.waiting.is_empty() => {
                self.entries.remove(&key);
            }
            State::Idle if entry.holders.is_empty() => self.give_back_waiting(key),
            State::Idle => self.enter(key, State::Fetch),
            _ => {}
        }
    }

    /// The result is here: whoever waits for it has it.
    fn serve(&mut self, key: Key) {
        let entry = self.entry(key);
        entry.tried.clear();
        for task in mem::take(&mut entry.waiting).iter() {
            self.entry(key).pins.insert(task);
            self.input_came(task);
        }
    }

    /// `Waiting` → `Ready`, if that was the last input.
    fn input_came(&mut self, task: Key) {
        if let State::Waiting { missing } = &mut self.entry(task).state.0 {
            *missing -= 1;
            if *missing == 0 {
                self.enter(task, State::Ready);
            }
        }
    }

    /// `Waiting` or `Ready` → `Waiting`: an input that was here is not.
    pub(super) fn input_went(&mut self, task: Key) {
        match &mut self.entry(task).state.0 {
            State::Waiting { missing } => *missing += 1,
            _ => self.enter(task, State::Waiting { missing: 1 }),
        }
    }

    /// `Idle` → `Waiting` or `Ready`: the task pins the inputs that are here and has the others
    /// fetched.
    fn gather_inputs(&mut self, key: Key) {
        let Some(run) = &mut self.entry(key).run else {
            return;
        };
        let (priority, inputs) = (run.priority, mem::take(&mut run.inputs));
        let mut missing = 0;
        for input in inputs {
            let here = self.id;
            let entry = self.entries.entry(input.key).or_insert_with(Entry::new);
            if entry.is_memory() {
                entry.pins.insert(key);
                continue;
            }
            missing += 1;
            entry.waiting.insert(key);
            entry.want_from(here, &input, priority, &mut self.peers);
            self.agenda.push_back(input.key);
        }
        let ready = missing == 0;
        self.enter(
            key,
            if ready {
                State::Ready
            } else {
                State::Waiting { missing }
            },
        );
    }

    /// `Waiting`, `Ready` or `Preparing` → `Idle`: the task is not wanted any more; gives back what
    /// it was.
    pub(super) fn withdraw(&mut self, key: Key) -> Option<Run> {
        let run = self.entry(key).run.take()?;
        let was_preparing = matches!(*self.entry(key).state, State::Preparing);
        let had_begun = matches!(*self.entry(key).state, State::Waiting { .. } | State::Ready);
        if was_preparing {
            let attempt = run.attempt;
            self.actions.push_back(Action::Interrupt { key, attempt });
        }
        if had_begun || was_preparing {
            self.enter_with(key, State::Idle, Some(&run));
            self.unpin_inputs(key, &run.task);
        }
        self.agenda.push_back(key);
        Some(run)
    }

    /// The task does not need its inputs any more.
    pub(super) fn unpin_inputs(&mut self, key: Key, task: &TaskSpec) {
        for input in &task.dependencies {
            if let Some(entry) = self.entries.get_mut(input) {
                entry.pins.remove(key);
                entry.waiting.remove(key);
                self.agenda.push_back(*input);
            }
        }
    }

    /// `Ready` → `Executing`.
    pub(super) fn execute(&mut self, key: Key) {
        let Some(run) = self.entry(key).run.take() else {
            return;
        };
        let (task, attempt) = (run.task.clone(), run.attempt);
        let state = State::Executing {
            run: run.clone(),
            turn: self.slots.push(key),
            progress: Progress::Ahead,
            cancelling: false,
        };
        self.enter_with(key, state, Some(&run));
        self.actions.push_back(Action::Execute { task, attempt });
    }

    /// `Idle` → `Preparing`, right after an execution that could not begin. It keeps its inputs,
    /// unless one has gone meanwhile: then it waits for that.
    pub(super) fn delay(&mut self, key: Key, run: Run) {
        let pins = |input: &&Key| {
            let entry = self.entries.get(*input);
            entry.is_some_and(|entry| entry.pins.contains(key))
        };
        let gone = run.task.dependencies.iter().filter(|input| !pins(input));
        let gone: Vec<Key> = gone.copied().collect();
        self.entry(key).run = Some(run);
        if gone.is_empty() {
            return self.enter(key, State::Preparing);
        }
        for input in &gone {
            let entry = self.entries.entry(*input).or_insert_with(Entry::new);
            entry.waiting.insert(key);
            self.agenda.push_back(*input);
        }
        let missing = gone.len();
        self.enter(key, State::Waiting { missing });
    }

    /// `Preparing` → `Ready`.
    pub(super) fn prepare(&mut self, key: Key) {
        self.enter(key, State::Ready);
    }

    /// Finds which of the tasks that were handed over have come to be in a slot, and tells the
    /// scheduler of those that have been for long enough.
    pub(super) fn follow_slots(&mut self, now: Time) {
        let (mut told, mut next) = (Vec::new(), None);
        for key in self.slots.running(&self.config) {
            let entry = self.entries.get_mut(&key);
            let Some(State::Executing {
                run,
                progress,
                cancelling: false,
                ..
            }) = entry.map(|entry| &mut entry.state.0)
            else {
                continue;
            };
            if *progress == Progress::Ahead {
                *progress = Progress::Running { since: now };
            }
            if let Progress::Running { since } = *progress {
                let due = since + self.config.started_after;
                if due <= now {
                    *progress = Progress::Told;
                    told.push((key, run.attempt));
                } else {
                    next = Some(next.map_or(due, |at: Time| at.min(due)));
                }
            }
        }
        self.tell_started_at = next;
        for (key, attempt) in told {
            self.send(ToScheduler::TaskStarted { key, attempt });
        }
    }

    /// The execution is to be stopped.
    pub(super) fn interrupt(&mut self, key: Key) {
        if let State::Executing {
            run, cancelling, ..
        } = &mut self.entry(key).state.0
            && !*cancelling
        {
            *cancelling = true;
            let attempt = run.attempt;
            self.actions.push_back(Action::Interrupt { key, attempt });
        }
    }

    /// `Executing` → `Idle`; gives back what ran, and whether it was being stopped.
    ///
    /// # Panics
    ///
    /// If it was not this attempt that was executing.
    pub(super) fn end_execution(&mut self, key: Key, ended: Attempt) -> (Run, bool) {
        let state = self.entries.get(&key).map(|entry| &*entry.state);
        let (run, cancelling) = match state {
            Some(State::Executing {
                run,
                turn,
                cancelling,
                ..
            }) if run.attempt == ended => {
                self.slots.remove(*turn);
                (run.clone(), *cancelling)
            }
            _ => panic!("{key} {ended} ended, and is not executing: {state:?}"),
        };
        self.enter(key, State::Idle);
        self.agenda.push_back(key);
        (run, cancelling)
    }

    /// `Fetch` → `Flight`.
    pub(super) fn fly(&mut self, key: Key, peer: WorkerId) {
        self.enter(key, State::Flight { peer, stale: false });
        self.entry(key).holders.retain(|holder| *holder != peer);
    }

    /// `Flight` → `Idle`: the key did not come, or is not wanted any more.
    pub(super) fn land(&mut self, key: Key) {
        self.enter(key, State::Idle);
        self.agenda.push_back(key);
    }

    /// → `Memory`.
    pub(super) fn keep(&mut self, key: Key, nbytes: u64) {
        self.enter(key, State::Memory { freed: false });
        self.entry(key).nbytes = nbytes;
        self.agenda.push_back(key);
    }

    /// If the result is here, it is dropped as soon as nobody counts on it.
    pub(super) fn free(&mut self, key: Key) {
        if self.entries.get(&key).is_some_and(Entry::is_memory) {
            self.enter(key, State::Memory { freed: true });
            self.agenda.push_back(key);
        }
    }

    /// `Memory` → `Idle`: the result is not in the store any more. Executions have had theirs; who
    /// has yet to start needs it again.
    pub(super) fn lose(&mut self, key: Key) {
        self.enter(key, State::Idle);
        let here = self.id;
        let entry = self.entry(key);
        entry.tried.push(here);
        for task in mem::take(&mut entry.pins).iter() {
            if !matches!(*self.entry(task).state, State::Executing { .. }) {
                self.entry(key).waiting.insert(task);
                self.input_went(task);
            }
        }
        self.agenda.push_back(key);
    }

    fn enter(&mut self, key: Key, state: State) {
        self.enter_with(key, state, None);
    }

    /// Changes the state and what is derived from it. `run` is the entry's if that was taken out.
    fn enter_with(&mut self, key: Key, state: State, run: Option<&Run>) {
        let entry = self
            .entries
            .get_mut(&key)
            .expect("states are of known keys");
        let priority = run.or(entry.run.as_ref()).map(|run| run.priority);
        probe::note(("worker", entry.state.name(), state.name()));
        let old = mem::replace(&mut entry.state.0, state);
        if let Some(count) = self.counts.of_state(&old) {
            *count -= 1;
        }
        if let Some(count) = self.counts.of_state(&entry.state) {
            *count += 1;
        }
        match (&old, priority) {
            (State::Ready, Some(priority)) => {
                self.ready.remove(&(priority, key));
            }
            (State::Fetch, _) => entry.leave_queues(key, &mut self.peers),
            _ => {}
        }
        match (&*entry.state, priority) {
            (State::Ready, Some(priority)) => {
                self.ready.insert((priority, key));
            }
            (State::Fetch, _) => entry.join_queues(key, &mut self.peers),
            _ => {}
        }
    }

    /// The entry of a key that is known to have one.
    pub(super) fn entry(&mut self, key: Key) -> &mut Entry {
        self.entries.get_mut(&key).expect("the key has an entry")
    }
}

impl super::Counts {
    fn of_state(&mut self, state: &State) -> Option<&mut usize> {
        match state {
            State::Idle => None,
            State::Fetch | State::Flight { .. } => Some(&mut self.fetching),
            State::Waiting { .. } => Some(&mut self.waiting),
            State::Ready => Some(&mut self.ready),
            State::Preparing => Some(&mut self.preparing),
            State::Executing { .. } => Some(&mut self.executing),
            State::Memory { .. } => Some(&mut self.memory),
        }
    }
}
