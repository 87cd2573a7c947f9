//! What a program calls tasks of its own graphs, to name them where they fail.

use std::sync::{Arc, Mutex, PoisonError};

use wask_core::{Key, KeyMap};

/// How many names are remembered.
const NAMES: usize = 1 << 17;

/// The names of tasks that have others than the cluster knows them by.
#[derive(Default)]
pub(crate) struct TaskNames(Mutex<KeyMap<Arc<str>>>);

impl TaskNames {
    /// Takes in names. Those that are there are forgotten where there would be too many.
    pub(crate) fn extend(&self, names: impl Iterator<Item = (Key, Arc<str>)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, name) in names {
            if known.len() == NAMES {
                known.clear();
            }
            known.insert(key, name);
        }
    }

    /// The name of a task.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<str>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_the_last_are_kept() {
        let names = TaskNames::default();
        let key = |n: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            Key(key)
        };
        names.extend((0..=NAMES).map(|n| (key(n), n.to_string().into())));
        assert_eq!(names.get(&key(NAMES)).as_deref(), Some("131072"));
        assert_eq!(names.get(&key(0)), None);
    }
}
