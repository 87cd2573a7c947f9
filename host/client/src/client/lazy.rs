//! Lazy values to futures.

use crate::{
    Client, Error, Future, Lazy, Persist,
    lazy::{Input, Part, submit},
};

impl Client {
    /// Runs a lazy value's graph on the cluster. Returns at once, with one future of the value,
    /// which must fit one worker: a collection's parts become one list there. To keep it in parts,
    /// [`persist`](Self::persist) it.
    ///
    /// Equal calls run once, what the client holds futures of is not run again, and what the value
    /// does not depend on is not sent. Where the results that the value is made of do not fit one
    /// worker, that is refused before it is tried; what of them nobody holds is let go then.
    ///
    /// Making the tasks of a large graph takes its time, a second for a million, and waits where
    /// more than 256 MiB of tasks are on their way: do that on a thread that may be held up.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: &Client, parts: Vec<Future<u64>>) -> Result<(), Error> {
    /// let (x, y) = (sum(&parts), product(&parts));
    /// let total: Future<u64> = client.compute(&(x + y))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What was wrong in the graph; [`Error::GraphTooLarge`] and [`Error::ArgumentsTooLarge`]
    /// where values should have been scattered; [`Error::Usage`] where a future of another client
    /// stands in it; [`Error::Disconnected`]. That a task fails is told by the future.
    pub fn compute<L: Lazy>(&self, lazy: &L) -> Result<Future<L::Reads>, Error> {
        let futures = self.compute_all([lazy])?.into_iter().next();
        futures.ok_or(Error::Usage("a lazy value got no future"))
    }

    /// As [`compute`](Self::compute), for many values at once, which share what they have in
    /// common: one future for each.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: &Client, counts: Vec<Delayed<u64>>) -> Result<(), Error> {
    /// let counts: Vec<Future<u64>> = client.compute_all(&counts)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    pub fn compute_all<'a, L: Lazy + 'a>(
        &self,
        lazy: impl IntoIterator<Item = &'a L>,
    ) -> Result<Vec<Future<L::Reads>>, Error> {
        let roots = lazy.into_iter().map(|lazy| Ok(lazy.root()?.0));
        let roots: Vec<Input> = roots.collect::<Result<_, Error>>()?;
        let handles = submit(&self.session, &roots)?;
        Ok(handles.into_iter().map(Future::new).collect())
    }

    /// Runs the graph of a collection, or of delayed values, on the cluster, and gives back the
    /// same collection on futures: it means what it meant before, but its parts are being computed
    /// in the background and stay on the cluster as long as it is held. Returns at once.
    ///
    /// Only the topmost results are kept, one for each part.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: &Client, texts: Partitions<String>, f: Function<u64>) -> Result<(), Error> {
    /// let sizes = client.persist(&texts.map(&f)?)?;
    /// // Both start from what has been computed.
    /// let (sum, count) = (client.compute(&sizes.sum())?, client.compute(&sizes.count())?);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`compute`](Self::compute).
    pub fn persist<C: Persist>(&self, collection: &C) -> Result<C, Error> {
        let parts: Vec<Input> = collection.parts()?.into_iter().map(|part| part.0).collect();
        let futures = submit(&self.session, &parts)?.into_iter();
        collection.with(futures.map(|future| Part(Input::Future(future))).collect())
    }
}
