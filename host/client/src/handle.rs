//! One hold on one key: what all clones of a future share. Its drop lets go of the key once.

use std::sync::Arc;

use wask_core::{Definition, Key, TaskSpec, client::Submission};
use wask_rpc::wire;
use wask_value::Type;

use crate::{
    Error, Status,
    callbacks::Job,
    session::Session,
    watch::{Completions, Watcher},
};

pub(crate) use wask_core::client::State;

impl From<&State> for Status {
    fn from(state: &State) -> Self {
        match state {
            State::Pending | State::Storing => Self::Pending,
            State::Finished { .. } => Self::Finished,
            State::Erred(_) | State::Refused(_) => Self::Error,
            State::Cancelled => Self::Cancelled,
            State::Lost(_) | State::Released | State::Gone => Self::Lost,
        }
    }
}

/// What all tasks of one function have in common, as far as their futures tell it.
#[derive(Debug)]
pub(crate) struct Description {
    /// What people call the task.
    pub(crate) label: Arc<str>,
    /// The type of the result.
    pub(crate) ty: Type,
}

pub(crate) struct Handle {
    pub(crate) key: Key,
    pub(crate) description: Arc<Description>,
    pub(crate) session: Arc<Session>,
}

impl Handle {
    /// Submits tasks and holds their keys. A key that is held already is not submitted again,
    /// unless it was cancelled or lost.
    pub(crate) fn submit(
        session: &Arc<Session>,
        tasks: Vec<(TaskSpec, Arc<Description>)>,
    ) -> Result<Vec<Arc<Self>>, Error> {
        let mut sizes = Sizes::default();
        let (tasks, described): (Vec<_>, Vec<_>) = tasks
            .into_iter()
            .map(|(task, description)| {
                let key = task.key;
                (sizes.submission(task), (key, description))
            })
            .unzip();
        let submitted = session.driver.submit(tasks);
        submitted.map_err(|reason| session.over(reason))?;
        let described = described.into_iter();
        Ok(described
            .map(|(key, description)| Self::of_hold(session, key, description))
            .collect())
    }

    /// Holds keys that the scheduler knows, as those of a dataset.
    pub(crate) fn want(
        session: &Arc<Session>,
        keys: &[Key],
        description_of: impl Fn(usize) -> Arc<Description>,
    ) -> Result<Vec<Arc<Self>>, Error> {
        let wanted = session.driver.want(keys.to_vec());
        wanted.map_err(|reason| session.over(reason))?;
        let hold =
            |(index, key): (usize, &Key)| Self::of_hold(session, *key, description_of(index));
        Ok(keys.iter().enumerate().map(hold).collect())
    }

    /// Holds a key whose value is about to be stored.
    pub(crate) fn of_value(
        session: &Arc<Session>,
        key: Key,
        description: Arc<Description>,
    ) -> Result<Arc<Self>, Error> {
        let held = session.driver.offer_value(key);
        held.map_err(|reason| session.over(reason))?;
        Ok(Self::of_hold(session, key, description))
    }

    /// One more hold on a key, if it is held and of use to dependents.
    pub(crate) fn again(
        session: &Arc<Session>,
        key: Key,
        description: &Arc<Description>,
    ) -> Option<Arc<Self>> {
        let is_held = session.driver.hold_again(key);
        is_held.then(|| Self::of_hold(session, key, description.clone()))
    }

    /// Takes over a hold that the driver has counted.
    fn of_hold(session: &Arc<Session>, key: Key, description: Arc<Description>) -> Arc<Self> {
        Arc::new(Self {
            key,
            description,
            session: session.clone(),
        })
    }

    pub(crate) fn is_of_session_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.session, &other.session)
    }

    pub(crate) fn state(&self) -> State {
        self.session.driver.state(&self.key)
    }

    pub(crate) fn status(&self) -> Status {
        self.session.driver.look(&self.key, |state| state.into())
    }

    /// Has `watcher` told when the key has resolved; gives it back where there is nothing to wait
    /// for.
    pub(crate) fn watch(&self, watcher: Watcher) -> Option<Watcher> {
        self.session.driver.watch(&self.key, watcher)
    }

    /// Runs `job` on the callbacks' thread once the key is not pending, or any more.
    pub(crate) fn on_resolved(&self, job: Job) -> Result<(), Error> {
        self.session.driver.on_resolved(&self.key, job)
    }

    /// Waits until the key is not pending, and tells its state.
    pub(crate) async fn resolved(&self) -> State {
        loop {
            let mut completions = Completions::default();
            completions.watch(self, 0);
            completions.next().await;
            // It may be on its way again already, as when its worker was lost at once.
            let state = self.state();
            if !state.is_pending() {
                return state;
            }
        }
    }
}

/// Measures tasks, most of which have the definition of the one before.
#[derive(Default)]
struct Sizes {
    last: Option<(Arc<Definition>, usize)>,
}

impl Sizes {
    fn submission(&mut self, task: TaskSpec) -> Submission {
        let definition = &task.definition;
        let known = self.last.as_ref();
        let known = known.filter(|(last, _)| Arc::ptr_eq(last, definition));
        let definition_bytes = match known {
            Some((_, bytes)) => *bytes,
            None => {
                let bytes = wire::definition_bytes(definition);
                self.last = Some((definition.clone(), bytes));
                bytes
            }
        };
        Submission {
            bytes: wire::task_bytes(&task),
            definition_bytes,
            task,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.session.driver.release(self.key);
    }
}
