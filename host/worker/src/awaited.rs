//! Tasks whose component is being got.

use std::collections::{HashMap, hash_map};

use tokio::task::AbortHandle;
use wask_core::{Attempt, Key, KeyMap};

use crate::components::Name;

/// Tasks by the component that they wait for. They go on together, since the core then starts them
/// in its order: whoever found the component here a moment later would otherwise overtake them.
#[derive(Default)]
pub(crate) struct Awaited {
    by_component: HashMap<Name, Waiting>,
    components: KeyMap<Name>,
}

struct Waiting {
    tasks: KeyMap<Attempt>,
    /// Ends the wait.
    abort: AbortHandle,
}

impl Awaited {
    pub(crate) fn contains(&self, component: &Name) -> bool {
        self.by_component.contains_key(component)
    }

    /// Adds a task to those that wait; the first one for a component begins the wait.
    pub(crate) fn insert(
        &mut self,
        component: Name,
        key: Key,
        attempt: Attempt,
        wait: impl FnOnce() -> AbortHandle,
    ) {
        let waiting = match self.by_component.entry(component) {
            hash_map::Entry::Occupied(entry) => entry.into_mut(),
            hash_map::Entry::Vacant(entry) => entry.insert(Waiting {
                tasks: KeyMap::default(),
                abort: wait(),
            }),
        };
        waiting.tasks.insert(key, attempt);
        self.components.insert(key, component);
    }

    /// Takes out a task that does not wait any more. With the last one the wait ends.
    pub(crate) fn forget(&mut self, key: &Key, attempt: Attempt) {
        let Some(component) = self.components.get(key) else {
            return;
        };
        let hash_map::Entry::Occupied(mut entry) = self.by_component.entry(*component) else {
            return;
        };
        let waiting = entry.get_mut();
        if waiting.tasks.get(key) != Some(&attempt) {
            return;
        }
        waiting.tasks.remove(key);
        if waiting.tasks.is_empty() {
            entry.remove().abort.abort();
        }
        self.components.remove(key);
    }

    /// Takes out all that have waited for a component.
    pub(crate) fn take(&mut self, component: &Name) -> KeyMap<Attempt> {
        let waiting = self.by_component.remove(component);
        let tasks = waiting.map(|waiting| waiting.tasks).unwrap_or_default();
        for key in tasks.keys() {
            self.components.remove(key);
        }
        tasks
    }
}

#[cfg(test)]
mod tests {
    use wask_core::Digest;

    use super::*;

    fn key(number: u8) -> Key {
        Key([number; 32])
    }

    #[tokio::test]
    async fn all_that_wait_for_a_component_go_on_together() {
        let mut awaited = Awaited::default();
        let (one, other) = ((Digest([1; 32]), false), (Digest([1; 32]), true));
        let wait = || tokio::spawn(std::future::pending::<()>());
        for number in 1..=3 {
            awaited.insert(one, key(number), Attempt(1), || wait().abort_handle());
        }
        awaited.insert(other, key(4), Attempt(1), || wait().abort_handle());
        awaited.forget(&key(2), Attempt(1));
        // Of an attempt that is over already.
        awaited.forget(&key(3), Attempt(9));
        let mut taken: Vec<Key> = awaited.take(&one).into_keys().collect();
        taken.sort_unstable();
        assert_eq!(taken, [key(1), key(3)]);
        assert!(!awaited.contains(&one) && awaited.contains(&other));
    }

    #[tokio::test]
    async fn a_wait_ends_with_the_last_who_waits() {
        let mut awaited = Awaited::default();
        let component = (Digest([1; 32]), false);
        let waiting = tokio::spawn(std::future::pending::<()>());
        awaited.insert(component, key(1), Attempt(1), || waiting.abort_handle());
        awaited.insert(component, key(2), Attempt(1), || unreachable!());
        awaited.forget(&key(1), Attempt(1));
        assert!(!waiting.is_finished() && awaited.contains(&component));
        awaited.forget(&key(2), Attempt(1));
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert!(!awaited.contains(&component));
    }
}
