//! What one client holds, and was told.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use wask_core::{
    Key, SessionId,
    scheduler::{Event, KeyState, Spread},
};

use crate::graphs::Universe;

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) session: SessionId,
    /// Which of the universes, and so which tenant.
    pub(crate) universe: usize,
    /// What it was told last of each key it holds.
    pub(crate) holds: BTreeMap<Key, KeyState>,
    /// What this session ever cancelled.
    pub(crate) cancelled: BTreeSet<Key>,
    /// What this session ever scattered.
    pub(crate) scattered: BTreeSet<Key>,
    pub(crate) steps_left: u32,
}

/// Something that a client does.
#[derive(Debug)]
pub(crate) enum Step {
    Tell(Event),
    Scatter(Key, Spread),
    Publish(Vec<Key>),
    Unpublish,
    /// Has keys computed whoever leaves, and leaves.
    DetachAndLeave(Vec<Key>),
    /// Closes its session and opens another.
    Leave,
    Nothing,
}

impl Client {
    pub(crate) fn step(&mut self, rng: &mut ChaCha8Rng, universe: &Universe) -> Step {
        match rng.random_range(0..22) {
            0..7 => self.submit(rng, universe),
            7..10 => self.scatter(rng, universe),
            10..14 => self.release(rng),
            14..16 => self.cancel(rng),
            16 => Step::Publish(self.some_held(rng, 3)),
            17 => Step::Unpublish,
            18 if rng.random_bool(0.3) => Step::Leave,
            19 => self.detach(rng),
            20 if rng.random_bool(0.3) => Step::DetachAndLeave(self.some_held(rng, 4)),
            _ => Step::Nothing,
        }
    }

    /// Wants some keys, and sends all tasks that they need, but not beyond keys that it holds.
    fn submit(&mut self, rng: &mut ChaCha8Rng, universe: &Universe) -> Step {
        let count = rng.random_range(1..=4);
        let wanted: Vec<Key> = universe.order.sample(rng, count).copied().collect();
        let stops_at_held = rng.random_bool(0.5);
        let (mut needed, mut wanted_here) = (BTreeSet::new(), Vec::new());
        for key in wanted {
            if let Some(lineage) = self.lineage(universe, key, stops_at_held) {
                needed.extend(lineage);
                wanted_here.push(key);
            }
        }
        let specs = universe.order.iter().filter(|key| needed.contains(*key));
        let tasks = specs.filter_map(|key| universe.vertices[key].spec.clone());
        let tasks = tasks.collect();
        for key in &wanted_here {
            self.holds.insert(*key, KeyState::Pending);
        }
        Step::Tell(Event::TasksSubmitted {
            session: self.session,
            tasks,
            wanted: wanted_here,
        })
    }

    /// What must be sent for a key to be known; `None` if it needs values not scattered yet.
    fn lineage(&self, universe: &Universe, key: Key, stops_at_held: bool) -> Option<BTreeSet<Key>> {
        let mut lineage = BTreeSet::new();
        let mut path = vec![key];
        while let Some(key) = path.pop() {
            let vertex = &universe.vertices[&key];
            let holds = self.holds.contains_key(&key);
            if vertex.spec.is_none() {
                let state = self.holds.get(&key)?;
                if *state == KeyState::Pending {
                    return None;
                }
            } else if !(holds && stops_at_held) && lineage.insert(key) {
                path.extend(&vertex.dependencies);
            }
        }
        Some(lineage)
    }

    fn scatter(&mut self, rng: &mut ChaCha8Rng, universe: &Universe) -> Step {
        let is_data = |key: &&Key| universe.vertices[*key].spec.is_none();
        let data: Vec<&Key> = universe.order.iter().filter(is_data).collect();
        match data.choose(rng) {
            Some(key) if self.may_scatter(key) => {
                self.scattered.insert(**key);
                self.holds.insert(**key, KeyState::Pending);
                let spread = match rng.random_bool(0.2) {
                    true => Spread::All,
                    false => Spread::One,
                };
                Step::Scatter(**key, spread)
            }
            _ => Step::Nothing,
        }
    }

    /// Once, and again if the value was lost; else an older report could be taken for the answer.
    fn may_scatter(&self, key: &Key) -> bool {
        let is_lost = matches!(self.holds.get(key), Some(KeyState::Lost(_)));
        is_lost || !self.scattered.contains(key)
    }

    fn release(&mut self, rng: &mut ChaCha8Rng) -> Step {
        let keys = self.some_held(rng, 4);
        for key in &keys {
            self.holds.remove(key);
        }
        let session = self.session;
        Step::Tell(Event::KeysReleased { session, keys })
    }

    fn cancel(&mut self, rng: &mut ChaCha8Rng) -> Step {
        let keys = self.some_held(rng, 2);
        self.cancelled.extend(&keys);
        let session = self.session;
        Step::Tell(Event::KeysCancelled { session, keys })
    }

    fn detach(&self, rng: &mut ChaCha8Rng) -> Step {
        let (session, keys) = (self.session, self.some_held(rng, 4));
        Step::Tell(Event::KeysDetached { session, keys })
    }

    /// Keys that are settled as far as this client knows, or at least are not being scattered.
    fn some_held(&self, rng: &mut ChaCha8Rng, count: usize) -> Vec<Key> {
        let held: Vec<Key> = self.holds.keys().copied().collect();
        let count = rng.random_range(0..=count);
        held.sample(rng, count).copied().collect()
    }
}
