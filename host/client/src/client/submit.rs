//! Functions and arguments to tasks and futures.

use std::sync::Arc;

use serde::Serialize;
use wask_core::{Definition, TaskSpec, TypeId};

use crate::{
    Client, Error, Function, Future,
    arguments::{self, EncodedArguments, Rows},
    handle::Handle,
    lazy::salt,
};

/// Tasks of a `map` that are handed over at a time: while the next are encoded, they are on
/// their way.
const ROWS: usize = 1_000;

impl Client {
    /// Runs a function on the cluster. Returns at once, with a future of the result.
    ///
    /// `arguments` is a tuple with one item for each parameter, `()` for none and `(x,)` for one:
    /// of any types that serde serializes and that fit the function's. In them, at any depth, a
    /// [`Future`] stands for its result, and an [`Encoded`](crate::Encoded) for a value whose type
    /// is known only at run time. All types are checked here and now, those of futures too.
    ///
    /// Equal tasks of pure functions, from whatever client of the tenant, run once.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, words: Component) -> Result<(), Error> {
    /// let (count, merge) = (words.function("count-words")?, words.function("merge")?);
    /// let a = client.submit(&count, ("to be or not to be",))?;
    /// let b = client.submit(&count, (String::from("that is the question"),))?;
    /// let merged = client.submit(&merge, (vec![&a, &b],))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Arguments`], with the path to what does not fit; [`Error::ArgumentsTooLarge`];
    /// [`Error::Limit`]; [`Error::Disconnected`]. That the task fails is told by its future.
    pub fn submit<R, A: Serialize>(
        &self,
        function: &Function<R>,
        arguments: A,
    ) -> Result<Future<R>, Error> {
        let session = &self.session;
        let encoded = arguments::encode(function.shared_name(), function.ty(), &arguments);
        let definition = function.blueprint.definition(session.place())?;
        let task = self.task(definition, encoded?)?;
        session.admit(function.component());
        let tasks = vec![(task, function.description.clone())];
        let handles = Handle::submit(session, tasks)?;
        // There is one for each task.
        let handle = handles.into_iter().next();
        handle
            .map(Future::new)
            .ok_or(Error::Usage("a task got no future"))
    }

    /// Runs a function once for each item of a sequence. Returns as soon as all tasks are
    /// encoded, with a future for each, in order.
    ///
    /// In the arguments, [`each`](crate::each) marks the sequence; what is not marked is the same
    /// for all tasks. With several, the shortest decides.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, words: Component) -> Result<(), Error> {
    /// use wask_client::each;
    ///
    /// let count = words.function("count-words")?;
    /// let texts = vec!["to be", "or not", "to be"];
    /// let parts = client.map(&count, (each(&texts),))?;
    ///
    /// let merged = client.submit(&words.function("merge")?, (&parts,))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`submit`](Self::submit), and [`Error::Usage`] where nothing is marked. Tasks before
    /// the one at fault may have been submitted; they are released again.
    pub fn map<R, A: Serialize>(
        &self,
        function: &Function<R>,
        arguments: A,
    ) -> Result<Vec<Future<R>>, Error> {
        let session = &self.session;
        let definition = function.blueprint.definition(session.place())?;
        let mut rows = Rows {
            name: function.shared_name(),
            ty: function.ty(),
            arguments: &arguments,
        };
        session.admit(function.component());
        let mut futures = Vec::new();
        loop {
            let some = rows.by_ref().take(ROWS);
            let tasks = some.map(|row| {
                let task = self.task(definition.clone(), row?)?;
                Ok((task, function.description.clone()))
            });
            let tasks = tasks.collect::<Result<Vec<_>, Error>>()?;
            let is_last = tasks.len() < ROWS;
            let handles = Handle::submit(session, tasks)?;
            futures.extend(handles.into_iter().map(Future::new));
            if is_last {
                return Ok(futures);
            }
        }
    }

    fn task(
        &self,
        definition: Arc<Definition>,
        encoded: EncodedArguments,
    ) -> Result<TaskSpec, Error> {
        let dependencies = encoded.dependencies(&self.session)?;
        let arguments = encoded.arguments;
        let salt = match definition.options.pure {
            true => 0,
            false => salt(),
        };
        // The scheduler has its own numbers for types.
        let result_type = TypeId::default();
        let task = TaskSpec::new(definition, arguments, dependencies, salt, result_type);
        self.session.check_size(&task)?;
        Ok(task)
    }
}

/// Handles of futures, as lists of them are passed around.
pub(super) fn handles<T>(
    futures: impl IntoIterator<Item: std::borrow::Borrow<Future<T>>>,
) -> Vec<Arc<Handle>> {
    let futures = futures.into_iter();
    futures
        .map(|future| std::borrow::Borrow::borrow(&future).handle.clone())
        .collect()
}
