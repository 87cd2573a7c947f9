//! Tasks: what is to be run, on which arguments, and the key that this gives.

use std::{cmp::Reverse, collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{Digest, ENGINE_PROFILE, Key, KeySet, ResultLimits, TypeId, key::update_sized};

/// What a task runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TaskKind {
    /// A function that a component exports.
    Function {
        /// The component.
        component: Digest,
        /// The export: `count-words`, or `demo:text/words#count` inside an interface.
        function: Arc<str>,
        /// To its arguments as they are, or to each element of a list.
        applied: Applied,
    },
    /// A built-in function, pure and generic over WIT types, run in host code.
    Operator {
        /// With its parameter, where it has one: `sum`, `field(name)`.
        name: Arc<str>,
        /// Of its meaning.
        version: u32,
        /// What stands for its type parameters, as WIT text.
        types: Arc<[Arc<str>]>,
    },
}

impl TaskKind {
    /// A function applied to its arguments as they are.
    pub fn function(component: Digest, function: impl Into<Arc<str>>) -> Self {
        Self::Function {
            component,
            function: function.into(),
            applied: Applied::Once,
        }
    }

    fn update(&self, hasher: &mut blake3::Hasher) {
        match self {
            Self::Function {
                component,
                function,
                applied,
            } => {
                hasher.update(&[0, *applied as u8]);
                hasher.update(&component.0);
                update_sized(hasher, function.as_bytes());
            }
            Self::Operator {
                name,
                version,
                types,
            } => {
                hasher.update(&[1]);
                update_sized(hasher, name.as_bytes());
                hasher.update(&version.to_le_bytes());
                hasher.update(&(types.len() as u64).to_le_bytes());
                for ty in types.iter() {
                    update_sized(hasher, ty.as_bytes());
                }
            }
        }
    }
}

/// How a function is applied to the arguments of a task. But for `Once`, one parameter is a list
/// instead of an element, and the function is called for one element after another, each time in a
/// sandbox of its own: what becomes of an element does not depend on the list that it is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Applied {
    /// To the arguments as they are.
    #[default]
    Once = 0,
    /// `f(x: T, ..) -> U` to each of a `list<T>`, for a `list<U>`.
    Map = 1,
    /// `f(x: T, ..) -> bool` to each of a `list<T>`, for the list of those that it is true of.
    Filter = 2,
    /// `f(x: T, ..) -> list<U>` to each of a `list<T>`, for all that it gives in one `list<U>`.
    FlatMap = 3,
    /// `f(so-far: A, x: T, ..) -> A` to each of a `list<T>` and what came of those before it,
    /// beginning with an `A`.
    Fold = 4,
    /// `f(a: T, b: T, ..) -> T`, as `Fold`, beginning with the first of the `list<T>`, for a list
    /// of what comes of it: of none, where there was none.
    Reduce = 5,
}

/// How a task is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskOptions {
    /// A name for people; where there is none, the function's.
    pub label: Option<Arc<str>>,
    /// Higher runs first.
    pub priority: i32,
    /// How often a failed task is tried again before its failure counts.
    pub retries: u32,
    /// Wall time that one attempt may take; any where there is none.
    pub timeout: Option<Duration>,
    /// What it may use, as far as that can change its result.
    pub limits: ResultLimits,
    /// Whether equal tasks may share one result, and a lost result may be computed again.
    pub pure: bool,
    /// What a worker must have, by name, while the task runs there.
    pub resources: BTreeMap<Arc<str>, u64>,
    /// The names of the workers that may run it; any where the list is empty.
    pub workers: Vec<Arc<str>>,
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self {
            label: None,
            priority: 0,
            retries: 0,
            timeout: None,
            limits: ResultLimits::default(),
            pure: true,
            resources: BTreeMap::new(),
            workers: Vec::new(),
        }
    }
}

/// What all tasks of one `map` have in common, and the digest of that part of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Whose tasks these are, by the tenant's name.
    pub tenant: Arc<str>,
    /// What runs.
    pub kind: TaskKind,
    /// How it runs.
    pub options: TaskOptions,
    digest: [u8; 32],
}

impl Definition {
    /// A definition within a tenant, by the tenant's name.
    pub fn new(tenant: &str, kind: TaskKind, options: TaskOptions) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("wask 1 task definition");
        hasher.update(&ENGINE_PROFILE.to_le_bytes());
        update_sized(&mut hasher, tenant.as_bytes());
        kind.update(&mut hasher);
        // A timeout and retries change no result, and are left out.
        options.limits.update(&mut hasher);
        hasher.update(&[u8::from(options.pure)]);
        let digest = *hasher.finalize().as_bytes();
        Self {
            tenant: tenant.into(),
            kind,
            options,
            digest,
        }
    }

    /// The part of its tasks' keys that this definition gives.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What people call a task of this definition.
    pub fn label(&self) -> Arc<str> {
        match (&self.options.label, &self.kind) {
            (Some(label), _) => label.clone(),
            (None, TaskKind::Function { function, .. }) => function.clone(),
            (None, TaskKind::Operator { name, .. }) => name.clone(),
        }
    }
}

/// A place in the argument bytes where the result of a dependency is spliced in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// The offset into the bytes before which the result goes. Holes are in ascending order; two
    /// may stand at the same offset, then they follow one another.
    pub offset: u32,
    /// Which dependency, by its index.
    pub dependency: u32,
}

/// Encoded arguments, with holes for the results of other tasks. Nothing is copied to fill them:
/// whoever reads the arguments reads a rope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    /// The parameters' encodings, one after another, without what goes into the holes.
    pub bytes: Bytes,
    /// Where results of dependencies go.
    pub holes: Box<[Hole]>,
}

/// One piece of the rope that [`Arguments`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Bytes that the client gave; never empty.
    Bytes(&'a [u8]),
    /// The result of the dependency with this index.
    Dependency(u32),
}

impl Arguments {
    /// The rope, piece by piece. Holes must be in order and within the bytes, as
    /// [`TaskSpec::is_well_formed`] checks; others are clamped.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        let mut from = 0;
        let holes = self.holes.iter().flat_map(move |hole| {
            let to = (hole.offset as usize).clamp(from, self.bytes.len());
            let bytes = &self.bytes[from..to];
            from = to;
            [Piece::Bytes(bytes), Piece::Dependency(hole.dependency)]
        });
        let tail = self
            .holes
            .last()
            .map_or(0, |hole| hole.offset as usize)
            .min(self.bytes.len());
        holes
            .chain([Piece::Bytes(&self.bytes[tail..])])
            .filter(|piece| !matches!(piece, Piece::Bytes([])))
    }
}

/// One task as a client submits it.
///
/// Its key is `BLAKE3(definition, salt, dependencies, holes, bytes)`, where the definition holds
/// tenant, engine profile, component, function and limits. Clients compute keys, so that nothing
/// waits for a round trip; the scheduler computes them again and refuses what differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSpec {
    /// What names the task and its result.
    pub key: Key,
    /// What runs, and how.
    pub definition: Arc<Definition>,
    /// The arguments.
    pub arguments: Arguments,
    /// The tasks whose results go into the arguments; each once, in the order of first use.
    pub dependencies: Box<[Key]>,
    /// Tells tasks apart that are not pure; 0 for a pure one.
    pub salt: u64,
    /// The type of the result.
    pub result_type: TypeId,
}

impl TaskSpec {
    /// A task with the key that its parts give.
    pub fn new(
        definition: Arc<Definition>,
        arguments: Arguments,
        dependencies: Box<[Key]>,
        salt: u64,
        result_type: TypeId,
    ) -> Self {
        let key = Self::key_of(&definition, &arguments, &dependencies, salt);
        Self {
            key,
            definition,
            arguments,
            dependencies,
            salt,
            result_type,
        }
    }

    /// The key that these parts give.
    pub fn key_of(
        definition: &Definition,
        arguments: &Arguments,
        dependencies: &[Key],
        salt: u64,
    ) -> Key {
        let mut hasher = blake3::Hasher::new_derive_key("wask 1 task");
        hasher.update(&definition.digest);
        hasher.update(&salt.to_le_bytes());
        hasher.update(&(dependencies.len() as u64).to_le_bytes());
        for dependency in dependencies {
            hasher.update(&dependency.0);
        }
        hasher.update(&(arguments.holes.len() as u64).to_le_bytes());
        for hole in &arguments.holes {
            hasher.update(&hole.offset.to_le_bytes());
            hasher.update(&hole.dependency.to_le_bytes());
        }
        hasher.update(&arguments.bytes);
        Key(*hasher.finalize().as_bytes())
    }

    /// Whether holes are in order, within the bytes, and fed by dependencies that exist, each of
    /// which is there once.
    pub fn is_well_formed(&self) -> bool {
        let Arguments { bytes, holes } = &self.arguments;
        let mut seen = KeySet::default();
        self.dependencies.iter().all(|key| seen.insert(*key))
            && holes.is_sorted_by_key(|hole| hole.offset)
            && holes.iter().all(|hole| {
                hole.offset as usize <= bytes.len()
                    && (hole.dependency as usize) < self.dependencies.len()
            })
    }

    /// What people call this task.
    pub fn label(&self) -> Arc<str> {
        self.definition.label()
    }

    /// Whether its result may be shared and computed again.
    pub fn is_pure(&self) -> bool {
        self.definition.options.pure
    }
}

/// Which of two ready tasks runs first: the lesser. By the user's priority, then the submission,
/// then depth-first order within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority {
    /// The user's, highest first.
    pub user: Reverse<i32>,
    /// Which submission, earliest first.
    pub submission: u64,
    /// The place in depth-first order.
    pub order: u32,
}
