//! Random tasks: what clients may ask for.

use std::{collections::BTreeMap, sync::Arc};

use rand::{RngExt as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use wask_core::{
    Arguments, Definition, Digest, Key, TaskKind, TaskOptions, TaskSpec, TenantId, TypeId,
};

/// What a task does with its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// A value that no task computes.
    Scattered,
    /// A hash of the inputs.
    Pure,
    /// A hash of the inputs, other in every run.
    Impure,
    /// Always fails, in words of its own.
    GuestError,
    /// Always traps.
    Trap,
    /// Fails now and then.
    Flaky,
}

/// One key, with what comes before it.
#[derive(Clone, Debug)]
pub(crate) struct Vertex {
    pub(crate) behaviour: Behaviour,
    /// `None` if it is scattered.
    pub(crate) spec: Option<TaskSpec>,
    pub(crate) dependencies: Vec<Key>,
}

/// All that the clients of one tenant may ask for. They share it, so they ask for the same keys.
#[derive(Debug)]
pub(crate) struct Universe {
    pub(crate) tenant: TenantId,
    name: String,
    /// Dependencies come before dependents.
    pub(crate) order: Vec<Key>,
    pub(crate) vertices: BTreeMap<Key, Vertex>,
}

impl Universe {
    pub(crate) fn new(rng: &mut ChaCha8Rng, tenant: TenantId) -> Self {
        let mut universe = Self {
            tenant,
            name: tenant.to_string(),
            order: Vec::new(),
            vertices: BTreeMap::new(),
        };
        for _ in 0..rng.random_range(1..=3) {
            match rng.random_range(0..4) {
                0 => universe.add_chain(rng),
                1 => universe.add_tree(rng),
                2 => universe.add_fan(rng),
                _ => universe.add_layers(rng),
            }
        }
        universe
    }

    fn add_chain(&mut self, rng: &mut ChaCha8Rng) {
        let mut last = self.add(rng, Vec::new());
        for _ in 0..rng.random_range(1..8) {
            last = self.add(rng, vec![last]);
        }
    }

    /// A map, and the reduction of its results.
    fn add_tree(&mut self, rng: &mut ChaCha8Rng) {
        let width = rng.random_range(2..12);
        let mut level: Vec<Key> = (0..width).map(|_| self.add(rng, Vec::new())).collect();
        let fan_in = rng.random_range(2..5);
        while level.len() > 1 {
            let parts = level.chunks(fan_in);
            level = parts.map(|part| self.add(rng, part.to_vec())).collect();
        }
    }

    /// One function on the same input, many times, and on the results of that.
    fn add_fan(&mut self, rng: &mut ChaCha8Rng) {
        let input = self.add(rng, Vec::new());
        let function = format!("fan-{}", self.order.len());
        for _ in 0..rng.random_range(4..24) {
            let part = self.add_to(rng, vec![input], &function);
            if rng.random_bool(0.3) {
                self.add(rng, vec![part]);
            }
        }
    }

    fn add_layers(&mut self, rng: &mut ChaCha8Rng) {
        let mut before: Vec<Key> = Vec::new();
        for _ in 0..rng.random_range(2..5) {
            let width = rng.random_range(1..6);
            let layer: Vec<Key> = (0..width)
                .map(|_| {
                    let inputs = rng.random_range(0..=before.len().min(4));
                    let inputs = before.sample(rng, inputs).copied().collect();
                    self.add(rng, inputs)
                })
                .collect();
            before.extend(layer);
        }
    }

    fn add(&mut self, rng: &mut ChaCha8Rng, dependencies: Vec<Key>) -> Key {
        self.add_to(rng, dependencies, "any")
    }

    /// Adds a vertex whose function is another than those of other groups.
    fn add_to(&mut self, rng: &mut ChaCha8Rng, dependencies: Vec<Key>, group: &str) -> Key {
        let number = self.order.len() as u64;
        let behaviour = match rng.random_range(0..40) {
            0..8 if dependencies.is_empty() => Behaviour::Scattered,
            0..3 => Behaviour::Impure,
            3 => Behaviour::GuestError,
            4 => Behaviour::Trap,
            5..7 => Behaviour::Flaky,
            _ => Behaviour::Pure,
        };
        let (key, spec) = if behaviour == Behaviour::Scattered {
            (Key::of_data(&self.name, "u64", &number.to_le_bytes()), None)
        } else {
            let definition = Arc::new(self.definition(rng, behaviour, group));
            let arguments = Arguments::default();
            let inputs = dependencies.clone().into();
            let spec = TaskSpec::new(definition, arguments, inputs, number, TypeId(0));
            (spec.key, Some(spec))
        };
        let vertex = Vertex {
            behaviour,
            spec,
            dependencies,
        };
        self.vertices.insert(key, vertex);
        self.order.push(key);
        key
    }

    fn definition(&self, rng: &mut ChaCha8Rng, behaviour: Behaviour, group: &str) -> Definition {
        let kind = TaskKind::function(Digest([0; 32]), format!("{group}-{behaviour:?}"));
        let mut options = TaskOptions {
            pure: behaviour != Behaviour::Impure,
            priority: rng.random_range(0..2),
            retries: rng.random_range(0..3),
            ..TaskOptions::default()
        };
        if rng.random_bool(0.05) {
            options.resources = [("gpu".into(), 1)].into();
        }
        if rng.random_bool(0.05) {
            options.workers = vec!["worker-0".into(), "worker-1".into()];
        }
        Definition::new(&self.name, kind, options)
    }
}
