//! Lazy values, for programs without async.

use super::{Client, Future, wait::wait};
use crate::{Computable, Compute, Delayed, Error, Lazy, Partitions, Persist};

impl Client {
    /// As [`crate::Client::compute`].
    ///
    /// ```no_run
    /// # use wask_client::{Delayed, Error, blocking::{Client, Future}};
    /// # fn example(client: &Client, x: Delayed<u64>, y: Delayed<u64>) -> Result<(), Error> {
    /// let total: Future<u64> = client.compute(&(x + y))?;
    /// let total: u64 = total.result()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`crate::Client::compute`].
    pub fn compute<L: Lazy>(&self, lazy: &L) -> Result<Future<L::Reads>, Error> {
        self.inner().compute(lazy).map(Future::from)
    }

    /// As [`crate::Client::compute_all`].
    ///
    /// # Errors
    /// As [`crate::Client::compute`].
    pub fn compute_all<'a, L: Lazy + 'a>(
        &self,
        lazy: impl IntoIterator<Item = &'a L>,
    ) -> Result<Vec<Future<L::Reads>>, Error> {
        let futures = self.inner().compute_all(lazy)?.into_iter();
        Ok(futures.map(Future::from).collect())
    }

    /// As [`crate::Client::persist`].
    ///
    /// # Errors
    /// As [`crate::Client::compute`].
    pub fn persist<C: Persist>(&self, collection: &C) -> Result<C, Error> {
        self.inner().persist(collection)
    }

    /// As [`Partitions::scatter`].
    ///
    /// # Errors
    /// As [`crate::Client::scatter`].
    pub fn scatter_partitions<T>(
        &self,
        partitions: &Partitions<T>,
    ) -> Result<Partitions<T>, Error> {
        wait(partitions.scatter(self.inner()))
    }
}

/// As [`crate::compute`].
///
/// ```
/// use wask_client::{Partitions, blocking::compute};
///
/// let numbers = Partitions::from_values(1..=100u32, 4)?;
/// let (sum, count) = compute((numbers.sum(), numbers.count()))?;
/// assert_eq!((sum, count), (5050, 100));
/// # Ok::<(), wask_client::Error>(())
/// ```
///
/// # Errors
/// As [`crate::compute`].
pub fn compute<C: Computable>(what: C) -> Result<C::Values, Error> {
    wait(Compute::new().run(what))
}

impl<R> From<Future<R>> for Delayed<R> {
    fn from(future: Future<R>) -> Self {
        future.into_async().into()
    }
}

impl<R> From<&Future<R>> for Delayed<R> {
    fn from(future: &Future<R>) -> Self {
        future.clone().into_async().into()
    }
}
