//! One worker: its core, its store, and the executions in its slots.

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
    sync::Arc,
};

use wask_core::{
    Attempt, Key, ScatterId, TaskSpec, Time, WorkerId,
    worker::{Action, Config, Event, WorkerCore},
};

/// A result, and the inputs that it was computed from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) value: u64,
    pub(crate) inputs: Rc<[(Key, u64)]>,
}

impl Stored {
    /// Small or large, as the value has it.
    pub(crate) fn nbytes(&self) -> u64 {
        match self.value % 10 {
            0 => 40 << 20,
            small => small * 100,
        }
    }
}

/// A task in a slot.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) task: Arc<TaskSpec>,
    pub(crate) attempt: Attempt,
    pub(crate) inputs: Rc<[(Key, u64)]>,
    pub(crate) interrupted: bool,
    /// Whether it is in a slot, or waits for one.
    pub(crate) is_running: bool,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: WorkerId,
    /// Which of the cluster's workers this is; it comes again under the same name.
    pub(crate) place: usize,
    pub(crate) core: WorkerCore,
    pub(crate) slots: u32,
    pub(crate) store: BTreeMap<Key, Stored>,
    /// What was staged, by scatter.
    pub(crate) staged: BTreeMap<(ScatterId, Key), Stored>,
    pub(crate) executing: BTreeMap<Key, Execution>,
    /// Tasks whose component is being got.
    pub(crate) preparing: BTreeMap<Key, Attempt>,
    /// Those of `executing` that wait for a slot, in order.
    pub(crate) queue: VecDeque<Key>,
    /// When the core wants to be asked again.
    pub(crate) wakes_at: Option<Time>,
    /// Which scheduler it was a member with last.
    pub(crate) epoch: u32,
    /// It stands still until then.
    pub(crate) frozen_until: u64,
    /// It has no room for results until then.
    pub(crate) full_until: u64,
    /// Its tasks take long until then.
    pub(crate) slow_until: u64,
    /// Its connection to the scheduler is broken, and it does not know yet.
    pub(crate) is_cut: bool,
}

impl Member {
    pub(crate) fn new(id: WorkerId, place: usize, config: Config) -> Self {
        Self {
            id,
            place,
            slots: config.slots,
            core: WorkerCore::new(id, config),
            store: BTreeMap::new(),
            staged: BTreeMap::new(),
            executing: BTreeMap::new(),
            preparing: BTreeMap::new(),
            queue: VecDeque::new(),
            wakes_at: None,
            epoch: 0,
            frozen_until: 0,
            full_until: 0,
            slow_until: 0,
            is_cut: false,
        }
    }

    /// Hands an event to the core, or only asks it as its time has come; what it wants done comes
    /// back.
    pub(crate) fn handle(&mut self, now: Time, event: Option<Event>) -> Vec<Action> {
        if let Some(event) = event {
            self.core.handle(now, event);
            self.core.check_invariants();
        }
        self.core.schedule(now);
        self.core.check_invariants();
        std::iter::from_fn(|| self.core.poll_action()).collect()
    }

    /// Takes a task in for execution. All that it needs must be in the store.
    pub(crate) fn start(&mut self, task: Arc<TaskSpec>, attempt: Attempt) {
        let key = task.key;
        let input = |key: &Key| {
            let stored = self.store.get(key);
            let stored = stored.unwrap_or_else(|| panic!("{key} is no input of {}", task.key));
            (*key, stored.value)
        };
        let inputs = task.dependencies.iter().map(input).collect();
        let execution = Execution {
            task,
            attempt,
            inputs,
            interrupted: false,
            is_running: false,
        };
        let before = self.executing.insert(key, execution);
        assert!(before.is_none(), "{key} is executing twice");
        self.queue.push_back(key);
    }

    /// The next task for a free slot, which it takes.
    pub(crate) fn next_to_run(&mut self) -> Option<(Key, Attempt)> {
        let running = self.executing.values().filter(|it| it.is_running);
        if running.count() >= self.slots as usize {
            return None;
        }
        let key = self.queue.pop_front()?;
        let execution = self.executing.get_mut(&key)?;
        execution.is_running = true;
        Some((key, execution.attempt))
    }

    /// An execution has come to its end.
    pub(crate) fn end(&mut self, key: Key) -> Option<Execution> {
        self.queue.retain(|queued| *queued != key);
        self.executing.remove(&key)
    }

    /// The store holds what the core thinks it holds.
    pub(crate) fn check_store(&self) {
        let counts = self.core.counts();
        assert_eq!(counts.memory, self.store.len(), "{}: store", self.id);
        assert_eq!(counts.executing, self.executing.len(), "{}: slots", self.id);
    }
}
