//! What a worker knows of one key.

use std::sync::Arc;

use super::transition::CurrentState;
use crate::{
    Attempt, Key, TaskSpec, Time, WorkerId, scheduler::Input, small_set::SmallSet, task::Priority,
};

/// One key: a task to run here, a result, or both.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) state: CurrentState,
    /// The task that the scheduler wants run, until it is started.
    pub(super) run: Option<Run>,
    /// All and only tasks here that are `Waiting` for this key.
    pub(super) waiting: SmallSet<Key>,
    /// The tasks here that count on the result being in the store, until they are done.
    pub(super) pins: SmallSet<Key>,
    /// The best priority of those that ever waited.
    pub(super) priority: Option<Priority>,
    /// The size that the scheduler told.
    pub(super) nbytes: u64,
    /// The peers that are said to hold it, and were not asked.
    pub(super) holders: Vec<WorkerId>,
    /// The workers that were said to hold it, and do not.
    pub(super) tried: Vec<WorkerId>,
}

/// A task as the scheduler gave it.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) task: Arc<TaskSpec>,
    pub(super) attempt: Attempt,
    pub(super) priority: Priority,
    pub(super) inputs: Vec<Input>,
}

/// Where a key stands, with the data of just that state.
#[derive(Debug)]
pub(super) enum State {
    /// Nothing is under way.
    Idle,
    /// To be asked for from any of its holders.
    Fetch,
    /// Asked for. It is `stale` if the scheduler has named holders since without this peer: what
    /// comes may be another value then, of an impure task that has run again, and is not used.
    Flight { peer: WorkerId, stale: bool },
    /// A task; `missing` of its inputs are not here.
    Waiting { missing: usize },
    /// A task that waits for a slot.
    Ready,
    /// A task that has its inputs, while what it runs is being got. It needs no slot for that.
    Preparing,
    /// A task that was handed over, in a slot or waiting for one. It counts until the execution has
    /// ended.
    Executing {
        run: Run,
        /// Its place among those that were handed over.
        turn: u64,
        progress: Progress,
        cancelling: bool,
    },
    /// In the store. What is `freed` is as good as gone: it serves only those that count on it.
    Memory { freed: bool },
}

impl State {
    /// In one word.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Fetch => "Fetch",
            Self::Flight { .. } => "Flight",
            Self::Waiting { .. } => "Waiting",
            Self::Ready => "Ready",
            Self::Preparing => "Preparing",
            Self::Executing { .. } => "Executing",
            Self::Memory { freed: false } => "Memory",
            Self::Memory { freed: true } => "Freed",
        }
    }
}

/// How far an execution is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for a slot.
    Ahead,
    /// It has been in a slot since then.
    Running { since: Time },
    /// The scheduler was told that it is in a slot.
    Told,
}

impl Entry {
    pub(super) fn new() -> Self {
        Self {
            state: CurrentState::idle(),
            run: None,
            waiting: SmallSet::Empty,
            pins: SmallSet::Empty,
            priority: None,
            nbytes: 0,
            holders: Vec::new(),
            tried: Vec::new(),
        }
    }

    /// Whether the result can be used.
    pub(super) fn is_memory(&self) -> bool {
        matches!(*self.state, State::Memory { freed: false })
    }

    /// Whether somebody here needs the result.
    pub(super) fn is_wanted(&self) -> bool {
        self.run.is_some() || !self.waiting.is_empty()
    }
}
