//! The worker's state machine.
//!
//! [`WorkerCore`] knows the results that are on this worker, those that its tasks need, and the
//! tasks that the scheduler wants run. The process around it turns messages and the ends of fetches
//! and executions into [`Event`]s, hands a batch of them to [`handle`](WorkerCore::handle), calls
//! [`schedule`](WorkerCore::schedule) once, and carries out the [`Action`]s that come out.
//!
//! There is one entry for each key, and it is in one state:
//!
//! | state | meaning | found in |
//! |---|---|---|
//! | `Idle` | nothing is under way; never lasts beyond an event | |
//! | `Fetch` | to be asked for | the queues of the peers that hold it |
//! | `Flight` | asked for | `Peer::flight` |
//! | `Waiting` | a task; some input is not here yet | |
//! | `Ready` | a task with all its inputs, to be handed over | `ready` |
//! | `Preparing` | a task with all its inputs, whose component is not here yet | |
//! | `Executing` | a task in a slot, or about to be; perhaps being stopped | `slots` |
//! | `Memory` | in the store; perhaps to be dropped soon | |
//!
//! What is wanted of a key next is noted beside its state: a task to run (`run`), and tasks that
//! need the result as an input (`waiting`). States in which something is under way outside, a
//! flight or an execution, are first brought to their end; then the entry turns to what is
//! wanted. So a task that was cancelled and given again at once needs no states of its own.
//! Failures need no state either: they are told and forgotten.
//!
//! | file | what it does |
//! |---|---|
//! | `transition` | changes states; the only file that does |
//! | `runs` | tasks: given, cancelled, executed |
//! | `slots` | how many tasks are handed over, and which of those run |
//! | `returns` | a scheduler that is lost, and found again |
//! | `staged` | clients' values |
//! | `fetches` | inputs: from which peer, in which batch |
//! | `entry` | what is known of a key |
//! | `invariants` | what must always hold |

mod action;
mod config;
mod entry;
mod event;
mod fetches;
mod invariants;
mod returns;
mod runs;
mod slots;
mod staged;
#[cfg(test)]
mod tests;
mod transition;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use self::{entry::Entry, fetches::Peer, slots::Slots};
use crate::{Key, KeyMap, ScatterId, Time, WorkerId, task::Priority};

pub use action::{Action, ToScheduler};
pub use config::Config;
pub use event::Event;

/// The worker's state machine. See the [module](self) for how it works.
#[derive(Debug)]
pub struct WorkerCore {
    /// This worker.
    id: WorkerId,
    config: Config,
    entries: KeyMap<Entry>,
    /// All and only tasks that are `Ready`, in the order in which they are to run.
    ready: BTreeSet<(Priority, Key)>,
    slots: Slots,
    /// When the scheduler is to be told that a task is in a slot.
    tell_started_at: Option<Time>,
    /// The peers that something is to be fetched from, or is being.
    peers: BTreeMap<WorkerId, Peer>,
    /// Clients' values that are here and no results yet, with their sizes.
    staged: BTreeMap<ScatterId, Vec<(Key, u64)>>,
    counts: Counts,
    /// Keys for which something may be due; empty between events.
    agenda: VecDeque<Key>,
    actions: VecDeque<Action>,
}

/// What a worker is busy with: how many keys are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks whose inputs are not all here yet.
    pub waiting: usize,
    /// Tasks with all their inputs, not handed over yet.
    pub ready: usize,
    /// Tasks whose component is not here yet.
    pub preparing: usize,
    /// Tasks in a slot or handed over ahead of time, cancelled ones included.
    pub executing: usize,
    /// Results to be fetched or on their way.
    pub fetching: usize,
    /// Results in the store.
    pub memory: usize,
}

impl WorkerCore {
    /// A worker that holds nothing. `id` is its first membership.
    pub fn new(id: WorkerId, config: Config) -> Self {
        Self {
            id,
            slots: Slots::new(&config),
            tell_started_at: None,
            config,
            entries: KeyMap::default(),
            ready: BTreeSet::new(),
            peers: BTreeMap::new(),
            staged: BTreeMap::new(),
            counts: Counts::default(),
            agenda: VecDeque::new(),
            actions: VecDeque::new(),
        }
    }

    /// Takes in what happened. Nothing is started before [`schedule`](Self::schedule).
    pub fn handle(&mut self, _now: Time, event: Event) {
        match event {
            Event::ComputeTask {
                task,
                attempt,
                priority,
                inputs,
            } => self.compute_task(entry::Run {
                task,
                attempt,
                priority,
                inputs,
            }),
            Event::CancelTask { key, attempt } => self.cancel_task(key, attempt),
            Event::FreeKeys { keys } => self.free_keys(&keys),
            Event::SchedulerLost => self.scheduler_lost(),
            Event::SchedulerFound { id } => self.scheduler_found(id),
            Event::DataStaged { scatter, values } => self.data_staged(scatter, values),
            Event::KeepData { scatter } => self.keep_data(scatter),
            Event::DropStaged { scatter } => self.drop_staged(scatter),
            Event::FetchDone {
                peer,
                arrived,
                missing,
            } => self.fetch_done(peer, &arrived, &missing),
            Event::FetchFailed { peer, arrived } => self.fetch_failed(peer, &arrived),
            Event::ExecutionDone {
                key,
                attempt,
                result,
                ran,
            } => {
                if let Some(ran) = ran {
                    self.slots.measure(ran);
                }
                self.execution_done(key, attempt, result);
            }
            Event::ExecutionDelayed { key, attempt } => self.execution_delayed(key, attempt),
            Event::ExecutionPrepared { key, attempt } => self.execution_prepared(key, attempt),
            Event::DataGone { key } => self.data_gone(key),
        }
        self.settle();
    }

    /// Hands tasks over for execution and starts fetches from idle peers: to be called once for each
    /// batch of events, and when [`poll_timeout`](Self::poll_timeout) has come.
    pub fn schedule(&mut self, now: Time) {
        self.start_executions();
        self.follow_slots(now);
        self.start_fetches();
    }

    /// The next thing to be done, until there is none.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`schedule`](Self::schedule) is to be called if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.tell_started_at
    }

    /// How many tasks are in a slot.
    pub fn running(&self) -> usize {
        self.slots.running(&self.config).count()
    }

    /// How much of everything there is.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether nothing is known: no task, no result, nothing staged.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.staged.is_empty()
    }

    fn send(&mut self, message: ToScheduler) {
        self.actions.push_back(Action::Send(message));
    }
}
