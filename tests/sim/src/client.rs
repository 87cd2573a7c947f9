//! One client: its core, the futures that its program has, and what that does next.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use wask_core::{
    ClientCore, Key, SessionId,
    client::{Config, Event, State, Submission},
    scheduler::Spread,
};

use crate::graphs::Universe;

/// Bytes of a task in a message.
const TASK_BYTES: usize = 100;

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) session: SessionId,
    /// Counts the connections: what comes over an older one is lost.
    pub(crate) connection: u32,
    pub(crate) is_connected: bool,
    /// Which of the universes, and so which tenant.
    pub(crate) universe: usize,
    pub(crate) core: ClientCore,
    /// A key for each future that the program has.
    pub(crate) futures: Vec<Key>,
    /// The values that are being stored, each of which is held.
    pub(crate) storing: Vec<Key>,
    /// What this session ever cancelled.
    pub(crate) cancelled: BTreeSet<Key>,
    /// What is done once an acknowledgement has come.
    pub(crate) after_sync: BTreeMap<u64, Step>,
    next_sync: u64,
    pub(crate) steps_left: u32,
}

/// What a client asks of the scheduler beside the queue of its core.
#[derive(Debug)]
pub(crate) enum Step {
    Scatter(Key, Spread),
    Publish(Vec<Key>),
    Unpublish,
    /// Closes its session, once all has been said, and opens another.
    Leave,
}

/// Something that a client's program does: events for its core, and what comes afterwards.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    pub(crate) events: Vec<Event>,
    pub(crate) step: Option<Step>,
}

impl From<Event> for Deeds {
    fn from(event: Event) -> Self {
        Self {
            events: vec![event],
            step: None,
        }
    }
}

impl From<Step> for Deeds {
    fn from(step: Step) -> Self {
        Self {
            events: Vec::new(),
            step: Some(step),
        }
    }
}

impl Client {
    pub(crate) fn new(
        rng: &mut ChaCha8Rng,
        session: SessionId,
        universe: usize,
        steps: u32,
    ) -> Self {
        Self {
            session,
            connection: 0,
            is_connected: true,
            universe,
            core: core(rng),
            futures: Vec::new(),
            storing: Vec::new(),
            cancelled: BTreeSet::new(),
            after_sync: BTreeMap::new(),
            next_sync: 0,
            steps_left: steps,
        }
    }

    /// Starts anew in another session, with nothing.
    pub(crate) fn start_over(&mut self, rng: &mut ChaCha8Rng, session: SessionId) {
        let steps = self.steps_left;
        let connection = self.connection + 1;
        *self = Self::new(rng, session, self.universe, steps);
        self.connection = connection;
    }

    pub(crate) fn act(&mut self, rng: &mut ChaCha8Rng, universe: &Universe) -> Deeds {
        match rng.random_range(0..22) {
            0..7 => self.submit(rng, universe),
            7..10 => self.scatter(rng, universe),
            10..14 => self.release(rng),
            14..16 => self.cancel(rng),
            16 => Step::Publish(self.some_held(rng, 3)).into(),
            17 => Step::Unpublish.into(),
            18 if rng.random_bool(0.3) => Step::Leave.into(),
            19 => self.detach(rng),
            20 if rng.random_bool(0.3) => Deeds {
                step: Some(Step::Leave),
                ..self.detach(rng)
            },
            _ => Deeds::default(),
        }
    }

    /// A number for an acknowledgement, after which something is done.
    pub(crate) fn after_sync(&mut self, step: Step) -> Event {
        let sync = self.next_sync;
        self.next_sync += 1;
        self.after_sync.insert(sync, step);
        Event::SyncAsked { sync }
    }

    /// Wants some keys, and sends all tasks that they need, mostly not beyond keys that it holds. It
    /// holds each until all have been sent.
    fn submit(&mut self, rng: &mut ChaCha8Rng, universe: &Universe) -> Deeds {
        let count = rng.random_range(1..=4);
        let wanted: Vec<Key> = universe.order.sample(rng, count).copied().collect();
        let stops_at_held = rng.random_bool(0.5);
        let mut needed = BTreeSet::new();
        let mut futures = Vec::new();
        for key in wanted {
            if let Some(lineage) = self.lineage(universe, key, stops_at_held) {
                if universe.vertices[&key].spec.is_some() {
                    needed.insert(key);
                    futures.push(key);
                }
                needed.extend(lineage);
            }
        }
        let order = universe.order.iter().filter(|key| needed.contains(*key));
        let specs = order.filter_map(|key| universe.vertices[key].spec.clone());
        let tasks = specs.map(|task| Submission {
            task,
            bytes: TASK_BYTES,
            definition_bytes: TASK_BYTES,
        });
        let tasks: Vec<Submission> = tasks.collect();
        let mut let_go = Vec::new();
        for submission in &tasks {
            let key = submission.task.key;
            if !futures.contains(&key) {
                let_go.push(key);
            }
        }
        self.futures.extend(futures);
        let keys = let_go;
        Deeds {
            events: vec![
                Event::TasksSubmitted { tasks },
                Event::KeysReleased { keys },
            ],
            step: None,
        }
    }

    /// What must be sent for a key to be known; `None` if it needs values that are not there.
    fn lineage(&self, universe: &Universe, key: Key, stops_at_held: bool) -> Option<BTreeSet<Key>> {
        let mut lineage = BTreeSet::new();
        let mut path = vec![key];
        while let Some(key) = path.pop() {
            let vertex = &universe.vertices[&key];
            let state = self.core.state(&key).filter(|_| self.core.holds(&key) > 0);
            let is_of_use = state.is_some_and(|state| !state.is_to_be_submitted_again());
            if vertex.spec.is_none() {
                let is_settled = |state: &State| !state.is_pending() && *state != State::Gone;
                if !self.futures.contains(&key) || !state.is_some_and(is_settled) {
                    return None;
                }
            } else if !(is_of_use && stops_at_held) && lineage.insert(key) {
                path.extend(&vertex.dependencies);
            }
        }
        Some(lineage)
    }

    /// Stores a value, whether or not it is there, was, or is being stored.
    fn scatter(&mut self, rng: &mut ChaCha8Rng, universe: &Universe) -> Deeds {
        let is_data = |key: &&Key| universe.vertices[*key].spec.is_none();
        let data: Vec<&Key> = universe.order.iter().filter(is_data).collect();
        let Some(key) = data.choose(rng).map(|key| **key) else {
            return Deeds::default();
        };
        let spread = match rng.random_bool(0.2) {
            true => Spread::All,
            false => Spread::One,
        };
        let is_there = matches!(self.core.state(&key), Some(State::Finished { .. }));
        let event = Event::DataOffered { key };
        if is_there && spread == Spread::One {
            self.futures.push(key);
            return event.into();
        }
        self.storing.push(key);
        Deeds {
            events: vec![event],
            step: Some(Step::Scatter(key, spread)),
        }
    }

    fn release(&mut self, rng: &mut ChaCha8Rng) -> Deeds {
        let count = rng.random_range(0..=4);
        let mut keys = Vec::new();
        for _ in 0..count {
            if !self.futures.is_empty() {
                let place = rng.random_range(0..self.futures.len());
                keys.push(self.futures.swap_remove(place));
            }
        }
        Event::KeysReleased { keys }.into()
    }

    fn cancel(&mut self, rng: &mut ChaCha8Rng) -> Deeds {
        let keys = self.some_held(rng, 2);
        self.cancelled.extend(&keys);
        Event::KeysCancelled { keys }.into()
    }

    fn detach(&self, rng: &mut ChaCha8Rng) -> Deeds {
        let keys = self.some_held(rng, 4);
        Event::KeysDetached { keys }.into()
    }

    fn some_held(&self, rng: &mut ChaCha8Rng, count: usize) -> Vec<Key> {
        let count = rng.random_range(0..=count);
        let keys: BTreeSet<Key> = self.futures.sample(rng, count).copied().collect();
        keys.into_iter().collect()
    }

    /// The core counts the futures that there are, and what is being stored.
    pub(crate) fn check_holds(&self) {
        let mut holds: BTreeMap<Key, u32> = BTreeMap::new();
        for key in self.futures.iter().chain(&self.storing) {
            *holds.entry(*key).or_default() += 1;
        }
        let counted = self
            .core
            .held()
            .map(|(key, _)| (*key, self.core.holds(key)));
        assert_eq!(counted.collect::<BTreeMap<_, _>>(), holds, "holds");
    }
}

/// The core of a session that outlives its connections, with messages large and small.
fn core(rng: &mut ChaCha8Rng) -> ClientCore {
    ClientCore::new(Config {
        batch_items: rng.random_range(1..=20),
        batch_bytes: rng.random_range(1..=2_000),
        resend_bytes: Some(rng.random_range(1..=4_000)),
    })
}
