//! The client whose calls wait.

use std::{borrow::Borrow, fmt, time::Duration};

use serde::Serialize;
use wask_value::WitType;

use super::{AsCompleted, Future, wait::wait};
use crate::{
    ClusterStatus, Component, DatasetInfo, Encoded, Error, Function, Gather, Gathered, Limits,
    ReadAs, Scatter, Source,
};

/// A session with a cluster, as [`crate::Client`], for programs without async. Cheap to clone, for
/// use from any thread.
#[derive(Clone)]
pub struct Client(crate::Client);

/// Prepares a connection, as [`crate::Builder`]: [`Client::builder`].
#[derive(Clone, Debug)]
pub struct Builder(crate::Builder);

impl Builder {
    /// As [`crate::Builder::token`].
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        Self(self.0.token(token))
    }

    /// As [`crate::Builder::name`].
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        Self(self.0.name(name))
    }

    /// As [`crate::Builder::max_result_bytes`].
    #[must_use]
    pub fn max_result_bytes(self, bytes: u64) -> Self {
        Self(self.0.max_result_bytes(bytes))
    }

    /// As [`crate::Builder::limits`].
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self(self.0.limits(limits))
    }

    /// Connects and logs in, as [`crate::Builder::connect`].
    ///
    /// # Errors
    /// As [`crate::Builder::connect`].
    pub fn connect(self) -> Result<Client, Error> {
        wait(self.0.connect()).map(Client)
    }
}

impl Client {
    /// Connects to a scheduler, as [`crate::Client::connect`].
    ///
    /// # Errors
    /// As [`crate::Client::connect`].
    pub fn connect(address: impl Into<String>) -> Result<Self, Error> {
        Self::builder(address).connect()
    }

    /// As [`crate::Client::builder`].
    pub fn builder(address: impl Into<String>) -> Builder {
        Builder(crate::Client::builder(address))
    }

    /// The same session for async programs.
    pub fn into_async(self) -> crate::Client {
        self.0
    }

    pub(super) fn inner(&self) -> &crate::Client {
        &self.0
    }

    /// As [`crate::Client::address`].
    pub fn address(&self) -> &str {
        self.0.address()
    }

    /// As [`crate::Client::tenant`].
    pub fn tenant(&self) -> &str {
        self.0.tenant()
    }

    /// As [`crate::Client::upload`].
    ///
    /// # Errors
    /// As [`crate::Client::upload`].
    pub fn upload(&self, source: impl Into<Source>) -> Result<Component, Error> {
        wait(self.0.upload(source))
    }

    /// As [`crate::Client::upload_as`].
    ///
    /// # Errors
    /// As [`crate::Client::upload_as`].
    pub fn upload_as(
        &self,
        name: impl Into<String>,
        source: impl Into<Source>,
    ) -> Result<Component, Error> {
        wait(self.0.upload_as(name, source))
    }

    /// As [`crate::Client::component`].
    ///
    /// # Errors
    /// As [`crate::Client::component`].
    pub fn component(&self, name: impl Into<String>) -> Result<Component, Error> {
        wait(self.0.component(name))
    }

    /// As [`crate::Client::components`].
    ///
    /// # Errors
    /// As [`crate::Client::components`].
    pub fn components(&self) -> Result<Vec<Component>, Error> {
        wait(self.0.components())
    }

    /// As [`crate::Client::remove_component`].
    ///
    /// # Errors
    /// As [`crate::Client::remove_component`].
    pub fn remove_component(&self, name: impl Into<String>) -> Result<(), Error> {
        wait(self.0.remove_component(name))
    }

    /// As [`crate::Client::submit`].
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(client: blocking::Client, count: Function) -> Result<(), Error> {
    /// let counts: Vec<(String, u32)> = client.submit(&count, ("to be or not to be",))?.result()?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`crate::Client::submit`].
    pub fn submit<R, A: Serialize>(
        &self,
        function: &Function<R>,
        arguments: A,
    ) -> Result<Future<R>, Error> {
        self.0.submit(function, arguments).map(Future::from)
    }

    /// As [`crate::Client::map`].
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(client: blocking::Client, count: Function) -> Result<(), Error> {
    /// let parts = client.map(&count, (wask_client::each(["to be", "or not"]),))?;
    /// let counts: Vec<Vec<(String, u32)>> = client.gather(&parts)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`crate::Client::map`].
    pub fn map<R, A: Serialize>(
        &self,
        function: &Function<R>,
        arguments: A,
    ) -> Result<Vec<Future<R>>, Error> {
        Ok(all(self.0.map(function, arguments)?))
    }

    /// As [`crate::Client::scatter`].
    ///
    /// # Errors
    /// As [`crate::Client::scatter`].
    pub fn scatter<T: Serialize + WitType + ?Sized>(&self, value: &T) -> Result<Future, Error> {
        wait(self.0.scatter(value)).map(Future::from)
    }

    /// As [`crate::Client::scatter_all`].
    ///
    /// # Errors
    /// As [`crate::Client::scatter_all`].
    pub fn scatter_all<T: Serialize + WitType>(
        &self,
        values: impl IntoIterator<Item = T>,
    ) -> Result<Vec<Future>, Error> {
        Ok(all(wait(self.0.scatter_all(values))?))
    }

    /// As [`crate::Client::scatter_map`].
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(client: blocking::Client) -> Result<(), Error> {
    /// use std::collections::BTreeMap;
    ///
    /// let texts = BTreeMap::from([("hamlet", "to be or not to be"), ("lear", "nothing")]);
    /// let texts: BTreeMap<&str, blocking::Future> = client.scatter_map(texts)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`crate::Client::scatter_map`].
    pub fn scatter_map<K, T, M>(&self, values: impl IntoIterator<Item = (K, T)>) -> Result<M, Error>
    where
        T: Serialize + WitType,
        M: FromIterator<(K, Future)>,
    {
        let futures: Vec<(K, crate::Future)> = wait(self.0.scatter_map(values))?;
        let futures = futures.into_iter();
        Ok(futures
            .map(|(key, future)| (key, Future::from(future)))
            .collect())
    }

    /// As [`crate::Client::scatter_with`].
    ///
    /// # Errors
    /// As [`crate::Client::scatter_with`].
    pub fn scatter_with(
        &self,
        how: Scatter,
        values: impl IntoIterator<Item = Encoded>,
    ) -> Result<Vec<Future>, Error> {
        Ok(all(wait(self.0.scatter_with(how, values))?))
    }

    /// As [`crate::Client::scatter_encoded`].
    ///
    /// # Errors
    /// As [`crate::Client::scatter_encoded`].
    pub fn scatter_encoded(
        &self,
        values: impl IntoIterator<Item = Encoded>,
    ) -> Result<Vec<Future>, Error> {
        Ok(all(wait(self.0.scatter_encoded(values))?))
    }

    /// As [`crate::Client::gather`].
    ///
    /// # Errors
    /// As [`crate::Client::gather`].
    pub fn gather<T, R>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<R>, Error>
    where
        T: ReadAs<R>,
    {
        wait(self.0.gather(inner(futures)))
    }

    /// As [`crate::Client::gather_within`].
    ///
    /// # Errors
    /// As [`crate::Client::gather_within`].
    pub fn gather_within<T, R>(
        &self,
        limit: Duration,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<R>, Error>
    where
        T: ReadAs<R>,
    {
        wait(self.0.gather_within(limit, inner(futures)))
    }

    /// As [`crate::Client::gather_results`].
    ///
    /// # Errors
    /// As [`crate::Client::gather_results`].
    pub fn gather_results<T, R>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<Result<R, Error>>, Error>
    where
        T: ReadAs<R>,
    {
        wait(self.0.gather_results(inner(futures)))
    }

    /// As [`crate::Client::gather_nested`].
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(client: blocking::Client, count: Function<u32>) -> Result<(), Error> {
    /// use std::collections::BTreeMap;
    ///
    /// let counts = BTreeMap::from([
    ///     ("hamlet", client.map(&count, (each(["to be", "or not to be"]),))?),
    ///     ("lear", client.map(&count, (each(["nothing"]),))?),
    /// ]);
    /// let counts: BTreeMap<&str, Vec<u32>> = client.gather_nested(&counts)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`crate::Client::gather_nested`].
    pub fn gather_nested<R>(&self, structure: &(impl Gather<R> + ?Sized)) -> Result<R, Error> {
        wait(self.0.gather_nested(structure))
    }

    /// As [`crate::Client::gather_finished`].
    ///
    /// # Errors
    /// As [`crate::Client::gather_finished`].
    pub fn gather_finished<R>(
        &self,
        structure: &(impl Gather<R> + ?Sized),
    ) -> Result<Gathered<R>, Error> {
        wait(self.0.gather_finished(structure))
    }

    /// As [`crate::Client::gather_encoded`].
    ///
    /// # Errors
    /// As [`crate::Client::gather_encoded`].
    pub fn gather_encoded<T>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<Encoded>, Error> {
        wait(self.0.gather_encoded(inner(futures)))
    }

    /// As [`crate::Client::wait`].
    pub fn wait<T>(&self, futures: impl IntoIterator<Item: Borrow<Future<T>>>) {
        wait(self.0.wait(inner(futures)));
    }

    /// As [`crate::Client::wait_first`].
    pub fn wait_first<T>(&self, futures: impl IntoIterator<Item: Borrow<Future<T>>>) -> Waited<T> {
        wait(self.0.wait_first(inner(futures))).into()
    }

    /// As [`crate::Client::wait_within`].
    pub fn wait_within<T>(
        &self,
        limit: Duration,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Waited<T> {
        wait(self.0.wait_within(limit, inner(futures))).into()
    }

    /// As [`crate::Client::as_completed`]. An iterator.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(client: blocking::Client, parts: Vec<blocking::Future>) -> Result<(), Error> {
    /// for part in client.as_completed(&parts) {
    ///     let counts: Vec<(String, u32)> = part.result()?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn as_completed<T>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> AsCompleted<T> {
        self.0.as_completed(inner(futures)).into()
    }

    /// As [`crate::Client::cancel`].
    pub fn cancel<T>(&self, futures: impl IntoIterator<Item: Borrow<Future<T>>>) {
        self.0.cancel(inner(futures));
    }

    /// As [`crate::Client::fire_and_forget`].
    pub fn fire_and_forget<T>(&self, futures: impl IntoIterator<Item: Borrow<Future<T>>>) {
        self.0.fire_and_forget(inner(futures));
    }

    /// As [`crate::Client::who_has`].
    ///
    /// # Errors
    /// As [`crate::Client::who_has`].
    pub fn who_has<T>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<Vec<String>>, Error> {
        wait(self.0.who_has(inner(futures)))
    }

    /// As [`crate::Client::status`].
    ///
    /// # Errors
    /// As [`crate::Client::status`].
    pub fn status(&self) -> Result<ClusterStatus, Error> {
        wait(self.0.status())
    }

    /// As [`crate::Client::publish`].
    ///
    /// # Errors
    /// As [`crate::Client::publish`].
    pub fn publish<T>(
        &self,
        name: impl Into<String>,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<(), Error> {
        wait(self.0.publish(name, inner(futures)))
    }

    /// As [`crate::Client::replace`].
    ///
    /// # Errors
    /// As [`crate::Client::replace`].
    pub fn replace<T>(
        &self,
        name: impl Into<String>,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<(), Error> {
        wait(self.0.replace(name, inner(futures)))
    }

    /// The futures that were published under a name, as [`crate::Client::dataset`].
    ///
    /// # Errors
    /// As [`crate::Client::dataset`].
    pub fn dataset(&self, name: impl Into<String>) -> Result<Vec<Future>, Error> {
        Ok(all(wait(self.0.dataset(name))?.futures))
    }

    /// As [`crate::Client::datasets`].
    ///
    /// # Errors
    /// As [`crate::Client::datasets`].
    pub fn datasets(&self) -> Result<Vec<DatasetInfo>, Error> {
        wait(self.0.datasets())
    }

    /// As [`crate::Client::unpublish`].
    ///
    /// # Errors
    /// As [`crate::Client::unpublish`].
    pub fn unpublish(&self, name: impl Into<String>) -> Result<(), Error> {
        wait(self.0.unpublish(name))
    }

    /// As [`crate::Client::flush`].
    ///
    /// # Errors
    /// As [`crate::Client::flush`].
    pub fn flush(&self) -> Result<(), Error> {
        wait(self.0.flush())
    }

    /// As [`crate::Client::close`].
    pub fn close(&self) {
        wait(self.0.close());
    }
}

impl From<crate::Builder> for Builder {
    fn from(builder: crate::Builder) -> Self {
        Self(builder)
    }
}

impl From<crate::Client> for Client {
    fn from(client: crate::Client) -> Self {
        Self(client)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn inner<T>(
    futures: impl IntoIterator<Item: Borrow<Future<T>>>,
) -> impl Iterator<Item = crate::Future<T>> {
    futures
        .into_iter()
        .map(|future| future.borrow().inner().clone())
}

fn all<T>(futures: Vec<crate::Future<T>>) -> Vec<Future<T>> {
    futures.into_iter().map(Future::from).collect()
}

/// What [`Client::wait_first`] and [`Client::wait_within`] tell.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that are not pending any more, in the order in which they were given.
    pub done: Vec<Future<T>>,
    /// Those that are.
    pub pending: Vec<Future<T>>,
}

impl<T> From<crate::Waited<T>> for Waited<T> {
    fn from(waited: crate::Waited<T>) -> Self {
        Self {
            done: all(waited.done),
            pending: all(waited.pending),
        }
    }
}
