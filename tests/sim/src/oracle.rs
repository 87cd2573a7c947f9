//! What the results must be: a sequential evaluation that knows nothing of scheduling.

use std::collections::{BTreeMap, BTreeSet};

use wask_core::Key;

use crate::graphs::{Behaviour, Universe};

/// What may become of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectation {
    /// The value, if it is the same in every run.
    pub value: Option<u64>,
    /// Whether the key can have a value at all.
    pub may_finish: bool,
    /// Which tasks may be to blame if it has none.
    pub culprits: BTreeSet<Key>,
    /// The key and all that it depends on.
    pub lineage: BTreeSet<Key>,
}

/// The result of the task with this key on these inputs.
pub fn evaluate(key: Key, inputs: impl IntoIterator<Item = u64>) -> u64 {
    let start = key
        .0
        .first_chunk()
        .map_or(0, |bytes| u64::from_le_bytes(*bytes));
    inputs.into_iter().fold(start, mix)
}

/// Two numbers into one.
pub fn mix(a: u64, b: u64) -> u64 {
    let mixed = (a.rotate_left(23) ^ b).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

/// Evaluates everything that clients may ask for.
pub(crate) fn expectations(universe: &Universe) -> BTreeMap<Key, Expectation> {
    let mut all: BTreeMap<Key, Expectation> = BTreeMap::new();
    for key in &universe.order {
        let vertex = &universe.vertices[key];
        let inputs: Vec<_> = vertex.dependencies.iter().map(|key| &all[key]).collect();
        let mut expectation = Expectation {
            value: None,
            may_finish: inputs.iter().all(|input| input.may_finish),
            culprits: inputs
                .iter()
                .flat_map(|input| input.culprits.clone())
                .collect(),
            lineage: inputs
                .iter()
                .flat_map(|input| input.lineage.clone())
                .collect(),
        };
        expectation.lineage.insert(*key);
        let values: Option<Vec<u64>> = inputs.iter().map(|input| input.value).collect();
        match vertex.behaviour {
            Behaviour::Impure => {}
            Behaviour::GuestError | Behaviour::Trap => {
                expectation.may_finish = false;
                expectation.culprits.insert(*key);
            }
            Behaviour::Flaky => {
                expectation.value = values.map(|values| evaluate(*key, values));
                expectation.culprits.insert(*key);
            }
            Behaviour::Pure | Behaviour::Scattered => {
                expectation.value = values.map(|values| evaluate(*key, values));
            }
        }
        all.insert(*key, expectation);
    }
    all
}
