//! The nodes of a lazy graph.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use wask_core::{Arguments, Key};
use wask_value::Type;

use crate::{
    Component, Error,
    arguments::EncodedArguments,
    blueprint::Blueprint,
    handle::{Description, Handle},
    session::Session,
};

/// One call that is not yet run.
pub(crate) struct Node {
    /// What is called.
    pub(crate) blueprint: Arc<Blueprint>,
    /// Whose function it is; an operator is nobody's.
    pub(crate) component: Option<Component>,
    pub(crate) description: Arc<Description>,
    pub(crate) arguments: Arguments,
    /// What goes into the holes of the arguments.
    pub(crate) inputs: Box<[Input]>,
    /// Tells impure calls apart: this call is one task, however often it is computed.
    pub(crate) salt: u64,
    /// Where the futures in the graph live that ends here.
    session: Option<Arc<Session>>,
}

/// What a call depends on.
#[derive(Clone)]
pub(crate) enum Input {
    Future(Arc<Handle>),
    Lazy(Arc<Node>),
}

/// Tells inputs apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum InputId {
    Future(*const Session, Key),
    Lazy(*const Node),
}

impl Node {
    pub(crate) fn new(
        blueprint: Arc<Blueprint>,
        component: Option<Component>,
        description: Arc<Description>,
        arguments: EncodedArguments,
    ) -> Result<Arc<Self>, Error> {
        let EncodedArguments { arguments, inputs } = arguments;
        let salt = match blueprint.is_pure() {
            true => 0,
            false => salt(),
        };
        Ok(Arc::new(Self {
            session: common_session(&inputs)?,
            blueprint,
            component,
            description,
            arguments,
            inputs,
            salt,
        }))
    }

    /// The same call, called otherwise.
    pub(crate) fn labelled(&self, label: &str) -> Arc<Self> {
        Arc::new(Self {
            blueprint: self.blueprint.clone(),
            component: self.component.clone(),
            description: Arc::new(Description {
                label: label.into(),
                ty: self.description.ty.clone(),
            }),
            arguments: self.arguments.clone(),
            inputs: self.inputs.clone(),
            salt: self.salt,
            session: self.session.clone(),
        })
    }

    /// The lazy ones among the inputs.
    pub(crate) fn lazy_inputs(&self) -> impl Iterator<Item = &Arc<Self>> {
        self.inputs.iter().filter_map(|input| match input {
            Input::Lazy(node) => Some(node),
            Input::Future(_) => None,
        })
    }
}

impl Input {
    pub(crate) fn id(&self) -> InputId {
        match self {
            Self::Future(future) => InputId::Future(Arc::as_ptr(&future.session), future.key),
            Self::Lazy(node) => InputId::Lazy(Arc::as_ptr(node)),
        }
    }

    pub(crate) fn description(&self) -> &Arc<Description> {
        match self {
            Self::Future(future) => &future.description,
            Self::Lazy(node) => &node.description,
        }
    }

    pub(crate) fn ty(&self) -> &Type {
        &self.description().ty
    }

    /// Where the futures live that this stands on; none where there are none.
    pub(crate) fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Future(future) => Some(&future.session),
            Self::Lazy(node) => node.session.as_ref(),
        }
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Future(_) => "future",
            Self::Lazy(_) => "delayed",
        };
        write!(f, "{kind} {}", self.description().label)
    }
}

/// The one session whose futures stand in a graph.
pub(crate) fn common_session<'a>(
    inputs: impl IntoIterator<Item = &'a Input>,
) -> Result<Option<Arc<Session>>, Error> {
    let mut sessions = inputs.into_iter().filter_map(Input::session);
    let Some(first) = sessions.next() else {
        return Ok(None);
    };
    match sessions.all(|session| Arc::ptr_eq(session, first)) {
        true => Ok(Some(first.clone())),
        false => Err(Error::Usage(
            "futures of different clients stand in one graph: gather the results of one and \
             scatter them with the other",
        )),
    }
}

/// A graph may be deep: it is taken apart without recursion.
impl Drop for Node {
    fn drop(&mut self) {
        let mut orphans: Vec<Input> = std::mem::take(&mut self.inputs).into();
        while let Some(input) = orphans.pop() {
            if let Input::Lazy(node) = input
                && let Some(mut node) = Arc::into_inner(node)
            {
                orphans.extend(std::mem::take(&mut node.inputs));
            }
        }
    }
}

/// A number that no two impure calls have in common, but by the worst of luck. Never 0, which a
/// pure one has.
pub(crate) fn salt() -> u64 {
    /// Seeded by the system.
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    SEED.hash_one(COUNT.fetch_add(1, Ordering::Relaxed)).max(1)
}
