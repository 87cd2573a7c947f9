//! Tasks that placement treats alike.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Index, IndexMut},
    sync::Arc,
    time::Duration,
};

use super::{Config, tasks::TaskId};
use crate::{Definition, task::Priority};

/// A class's place among [`Classes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ClassId(u32);

/// Tasks that run the same function with the same needs. If no worker has room for one of them,
/// none has for another: only the first of each class is ever looked at.
#[derive(Debug)]
pub(super) struct Class {
    /// The definition of one of them; they agree on function, resources and workers.
    pub(super) definition: Arc<Definition>,
    /// Whether they depend on nothing.
    pub(super) is_root: bool,
    /// How many are known.
    tasks: u32,
    /// All that they depend on, and perhaps some more, unless that is too much to be noted.
    inputs: Option<Vec<TaskId>>,
    /// The mean of their runs, in nanoseconds, the last ones weighing most.
    mean: Option<u64>,
    /// All and only tasks of the class that are `Queued`.
    pub(super) queued: BTreeSet<(Priority, TaskId)>,
    /// All and only tasks of the class that are `NoWorker`.
    pub(super) no_worker: BTreeSet<(Priority, TaskId)>,
    /// When it lost its last task, by the count of such moments.
    idle_since: Option<u64>,
}

impl Class {
    /// Whether its tasks are ready all at once, as root tasks are, and so would pile up on workers:
    /// many depend on the same few inputs.
    pub(super) fn is_root_like(&self, slots: u64, config: &Config) -> bool {
        self.inputs.is_some() && u64::from(self.tasks) > config.shared_tasks_factor * slots
    }

    /// Notes what one more task depends on, up to so many in all.
    pub(super) fn note_inputs(&mut self, dependencies: &[TaskId], inputs_max: usize) {
        let Some(inputs) = &mut self.inputs else {
            return;
        };
        for dependency in dependencies {
            if !inputs.contains(dependency) {
                inputs.push(*dependency);
            }
            if inputs.len() > inputs_max {
                self.inputs = None;
                return;
            }
        }
    }

    /// Whether these dependencies are noted, or it was too much to.
    pub(super) fn has_noted(&self, dependencies: &[TaskId]) -> bool {
        let noted = self.inputs.as_ref();
        noted.is_none_or(|inputs| dependencies.iter().all(|id| inputs.contains(id)))
    }

    /// The mean duration of a run in nanoseconds, once there was one.
    pub(super) fn mean(&self) -> Option<u64> {
        self.mean
    }

    /// Takes in the duration of one more run.
    pub(super) fn measure(&mut self, duration: Duration, memory: u32) {
        let new = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
        self.mean = Some(match self.mean {
            None => new.unsigned_abs(),
            Some(mean) => mean.saturating_add_signed((new - mean as i64) / i64::from(memory)),
        });
    }
}

/// What tells classes apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ClassKey {
    digest: [u8; 32],
    is_root: bool,
    resources: BTreeMap<Arc<str>, u64>,
    workers: Vec<Arc<str>>,
}

impl ClassKey {
    fn new(definition: &Definition, is_root: bool) -> Self {
        Self {
            digest: *definition.digest(),
            is_root,
            resources: definition.options.resources.clone(),
            workers: definition.options.workers.clone(),
        }
    }
}

/// All classes that have tasks, and some that had, for their durations.
#[derive(Debug, Default)]
pub(super) struct Classes {
    slots: Vec<Option<Class>>,
    free: Vec<ClassId>,
    by_key: BTreeMap<ClassKey, ClassId>,
    /// The classes that have queued tasks.
    queues: BTreeSet<ClassId>,
    /// The class found last: tasks come in batches that share one definition.
    last: Option<(Arc<Definition>, bool, ClassId)>,
    /// Classes without tasks, by `idle_since`.
    idle: BTreeMap<u64, ClassId>,
    idled: u64,
}

impl Classes {
    /// How many tasks run a function that `is_meant` is true of. Looks at each class.
    pub(super) fn tasks_of(&self, is_meant: impl Fn(&Definition) -> bool) -> u64 {
        let classes = self.slots.iter().flatten();
        let meant = classes.filter(|class| is_meant(&class.definition));
        meant.map(|class| u64::from(class.tasks)).sum()
    }

    /// The class of one more task.
    pub(super) fn join(&mut self, definition: &Arc<Definition>, is_root: bool) -> ClassId {
        let id = match &self.last {
            Some((last, root, id)) if Arc::ptr_eq(last, definition) && *root == is_root => *id,
            _ => {
                let id = self.find_or_insert(definition, is_root);
                self.last = Some((definition.clone(), is_root, id));
                id
            }
        };
        self[id].tasks += 1;
        if let Some(since) = self[id].idle_since.take() {
            self.idle.remove(&since);
        }
        id
    }

    /// One task of the class is forgotten. Beyond `idle_max` classes without tasks, the one that
    /// has had none for longest is forgotten too.
    pub(super) fn leave(&mut self, id: ClassId, idle_max: usize) {
        self[id].tasks -= 1;
        if self[id].tasks > 0 {
            return;
        }
        self.idled += 1;
        self[id].inputs = Some(Vec::new());
        self[id].idle_since = Some(self.idled);
        self.idle.insert(self.idled, id);
        if self.idle.len() > idle_max
            && let Some((_, oldest)) = self.idle.pop_first()
        {
            self.remove(oldest);
        }
    }

    pub(super) fn enqueue(&mut self, id: ClassId, priority: Priority, task: TaskId) {
        self[id].queued.insert((priority, task));
        self.queues.insert(id);
    }

    pub(super) fn dequeue(&mut self, id: ClassId, priority: Priority, task: TaskId) {
        self[id].queued.remove(&(priority, task));
        if self[id].queued.is_empty() {
            self.queues.remove(&id);
        }
    }

    /// The first queued task of a class.
    pub(super) fn head(&self, id: ClassId) -> Option<(Priority, TaskId)> {
        self[id].queued.first().copied()
    }

    /// The first queued task of each class that has any.
    pub(super) fn heads(&self) -> impl Iterator<Item = ((Priority, TaskId), ClassId)> {
        self.queues
            .iter()
            .filter_map(|id| Some((self.head(*id)?, *id)))
    }

    fn find_or_insert(&mut self, definition: &Arc<Definition>, is_root: bool) -> ClassId {
        let key = ClassKey::new(definition, is_root);
        if let Some(id) = self.by_key.get(&key) {
            return *id;
        }
        let id = self.free.pop().unwrap_or_else(|| {
            let next = u32::try_from(self.slots.len()).expect("fewer classes than tasks");
            self.slots.push(None);
            ClassId(next)
        });
        self.slots[id.0 as usize] = Some(Class {
            definition: definition.clone(),
            is_root,
            tasks: 0,
            inputs: Some(Vec::new()),
            mean: None,
            queued: BTreeSet::new(),
            no_worker: BTreeSet::new(),
            idle_since: None,
        });
        self.by_key.insert(key, id);
        id
    }

    fn remove(&mut self, id: ClassId) {
        let class = self.slots[id.0 as usize].take();
        let class = class.expect("an idle class is known");
        self.by_key
            .remove(&ClassKey::new(&class.definition, class.is_root));
        if self.last.as_ref().is_some_and(|(_, _, last)| *last == id) {
            self.last = None;
        }
        self.free.push(id);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ClassId, &Class)> {
        (0..)
            .map(ClassId)
            .zip(&self.slots)
            .filter_map(|(id, class)| Some((id, class.as_ref()?)))
    }
}

impl Index<ClassId> for Classes {
    type Output = Class;

    fn index(&self, id: ClassId) -> &Class {
        self.slots[id.0 as usize]
            .as_ref()
            .expect("a class lives as long as its tasks")
    }
}

impl IndexMut<ClassId> for Classes {
    fn index_mut(&mut self, id: ClassId) -> &mut Class {
        self.slots[id.0 as usize]
            .as_mut()
            .expect("a class lives as long as its tasks")
    }
}
