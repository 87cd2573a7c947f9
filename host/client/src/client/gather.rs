//! Results of many futures at once.

use std::{borrow::Borrow, sync::Arc, time::Duration};

use bytes::Bytes;
use wask_core::Key;

use super::submit::handles;
use crate::{
    Client, Encoded, Error, Future, Gather, ReadAs, Results, Status,
    handle::Handle,
    results::{self, fetch_all, fetch_each},
};

impl Client {
    /// Waits for the results of many futures and brings them here, in order, in few calls.
    ///
    /// Fails as soon as one of them has failed; the others are left as they are.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// let counts: Vec<Vec<(String, u32)>> = client.gather(&parts).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Future::result`]; [`Error::ResultTooLarge`] counts all results together.
    pub async fn gather<T, R>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<R>, Error>
    where
        T: ReadAs<R>,
    {
        read_all::<T, R>(&handles(futures)).await
    }

    /// As [`gather`](Self::gather), but waits no longer than given, also for the transfer. The
    /// tasks go on.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// use std::time::Duration;
    ///
    /// let limit = Duration::from_secs(10);
    /// let counts: Vec<Vec<(String, u32)>> = client.gather_within(limit, &parts).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Timeout`], and as [`gather`](Self::gather).
    pub async fn gather_within<T, R>(
        &self,
        limit: Duration,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<R>, Error>
    where
        T: ReadAs<R>,
    {
        let handles = handles(futures);
        let gathered = self.session.within(limit, read_all::<T, R>(&handles)).await;
        gathered.unwrap_or_else(|| Err(late(&handles)))
    }

    /// As [`gather`](Self::gather), but no failure hides the other results: each comes, or why it
    /// does not.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future<u32>>) -> Result<(), Error> {
    /// for (part, result) in parts.iter().zip(client.gather_results(&parts).await?) {
    ///     match result {
    ///         Ok(number) => println!("{}: {number}", part.label()),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What concerns all of them: [`Error::ResultTooLarge`], which counts all results together;
    /// [`Error::Disconnected`].
    pub async fn gather_results<T, R>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<Result<R, Error>>, Error>
    where
        T: ReadAs<R>,
    {
        let handles = handles(futures);
        let outcomes = fetch_each(&handles).await?.into_iter();
        let outcomes = outcomes.zip(&handles);
        Ok(outcomes
            .map(|(outcome, handle)| results::read::<T, R>(handle, &outcome?))
            .collect())
    }

    /// Waits for the results of all futures in a structure, and builds the same structure of
    /// results: lists, arrays, options, tuples and maps, in any nesting, and what else is
    /// [`Gather`]. All results come in the same few calls; the result of a key that is in it
    /// several times comes once.
    ///
    /// Fails as soon as one of them has failed.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, count: Function, total: Future) -> Result<(), Error> {
    /// use std::collections::BTreeMap;
    ///
    /// let mut by_book: BTreeMap<&str, Vec<Future>> = BTreeMap::new();
    /// for (book, text) in [("hamlet", "to be"), ("hamlet", "or not"), ("lear", "nothing")] {
    ///     by_book.entry(book).or_default().push(client.submit(&count, (text,))?);
    /// }
    /// type Counts = Vec<(String, u32)>;
    /// let (total, counts): (u32, BTreeMap<&str, Vec<Counts>>) =
    ///     client.gather_nested(&(total, by_book)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub async fn gather_nested<R>(
        &self,
        structure: &(impl Gather<R> + ?Sized),
    ) -> Result<R, Error> {
        let handles = Results::wanted(structure);
        let results = fetch_all(&handles).await?.into_iter().map(Ok);
        let gathered = build(structure, &handles, results)?;
        match gathered.failed.into_iter().next() {
            // One that is of another type than it is read as.
            Some((_, error)) => Err(error),
            None => Ok(gathered.results),
        }
    }

    /// As [`gather_nested`](Self::gather_nested), without what failed: lists and maps come without
    /// the items that failed, options as `None`. Tells which futures failed, and why.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// let gathered = client.gather_finished::<Vec<u32>>(&parts).await?;
    /// println!("sum of {}: {}", gathered.results.len(), gathered.results.iter().sum::<u32>());
    /// for (part, error) in &gathered.failed {
    ///     eprintln!("{part:?}: {error}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`gather_results`](Self::gather_results); and the first failure, where one leaves nothing
    /// to build, as in a tuple.
    pub async fn gather_finished<R>(
        &self,
        structure: &(impl Gather<R> + ?Sized),
    ) -> Result<Gathered<R>, Error> {
        let handles = Results::wanted(structure);
        let outcomes = fetch_each(&handles).await?;
        build(structure, &handles, outcomes)
    }

    /// As [`gather`](Self::gather), with each result encoded as it is.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// for part in client.gather_encoded(&parts).await? {
    ///     println!("{:?}", part.value()?);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`gather`](Self::gather).
    pub async fn gather_encoded<T>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Result<Vec<Encoded>, Error> {
        let handles = handles(futures);
        let results = fetch_all(&handles).await?.into_iter();
        let encoded = handles.iter().zip(results);
        Ok(encoded
            .map(|(handle, bytes)| Encoded::trusted(handle.description.ty.clone(), bytes))
            .collect())
    }
}

async fn read_all<T: ReadAs<R>, R>(handles: &[Arc<Handle>]) -> Result<Vec<R>, Error> {
    let results = fetch_all(handles).await?;
    let results = handles.iter().zip(&results);
    results
        .map(|(handle, bytes)| results::read::<T, R>(handle, bytes))
        .collect()
}

/// The error where results were not there in time: names one that is pending, if any is.
fn late(handles: &[Arc<Handle>]) -> Error {
    let mut all = handles.iter();
    let pending = all.find(|handle| handle.status() == Status::Pending);
    let late = pending.or(handles.first());
    Error::Timeout {
        label: late.map_or_else(|| "no task".into(), |late| late.description.label.clone()),
    }
}

fn build<R>(
    structure: &(impl Gather<R> + ?Sized),
    handles: &[Arc<Handle>],
    outcomes: impl IntoIterator<Item = Result<Bytes, Error>>,
) -> Result<Gathered<R>, Error> {
    let mut results = Results::new(handles, outcomes);
    let built = structure.build(&mut results);
    let failed = results.into_failed();
    match (built, failed.first()) {
        (Some(results), _) => Ok(Gathered { results, failed }),
        (None, Some((_, error))) => Err(error.clone()),
        (None, None) => Err(Error::Usage(
            "Gather::build built nothing, though nothing failed",
        )),
    }
}

/// What [`Client::gather_finished`] tells.
#[derive(Clone, Debug)]
pub struct Gathered<R> {
    /// The structure, without what failed.
    pub results: R,
    /// The futures that failed, each as often as it is in the structure, and why.
    pub failed: Vec<(Future, Error)>,
}

/// The keys of futures, in order.
pub(super) fn keys<T>(futures: impl IntoIterator<Item: Borrow<Future<T>>>) -> Vec<Key> {
    futures
        .into_iter()
        .map(|future| future.borrow().key())
        .collect()
}
