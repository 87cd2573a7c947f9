//! Many futures at once.

use std::{
    borrow::Borrow,
    pin::Pin,
    task::{Context, Poll},
};

use futures::Stream;
use wask_core::Key;

use super::submit::handles;
use crate::{Client, Encoded, Error, Future, ReadAs, results, state::Completions};

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
        let handles = handles(futures);
        let results = results::fetch_all(&handles).await?;
        let results = handles.iter().zip(&results);
        results
            .map(|(handle, bytes)| results::read::<T, R>(handle, bytes))
            .collect()
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
        let results = results::fetch_all(&handles).await?.into_iter();
        let encoded = handles.iter().zip(results);
        Ok(encoded
            .map(|(handle, bytes)| Encoded::trusted(handle.description.ty.clone(), bytes))
            .collect())
    }

    /// Waits until no future is pending any more, whatever became of each.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client, parts: Vec<wask_client::Future>) {
    /// use wask_client::Status;
    ///
    /// client.wait(&parts).await;
    /// let failed = parts.iter().filter(|part| part.status() != Status::Finished).count();
    /// # }
    /// ```
    pub async fn wait<T>(&self, futures: impl IntoIterator<Item: Borrow<Future<T>>>) {
        let handles = handles(futures);
        let mut completions = Completions::default();
        for (index, handle) in handles.iter().enumerate() {
            completions.watch(handle, index);
        }
        while completions.next().await.is_some() {}
    }

    /// Waits until at least one future is not pending any more, and tells which are.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client, parts: Vec<wask_client::Future>) {
    /// let waited = client.wait_first(&parts).await;
    /// println!("{} done, {} to go", waited.done.len(), waited.pending.len());
    /// # }
    /// ```
    pub async fn wait_first<T>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Waited<T> {
        let handles = handles(futures);
        let mut completions = Completions::default();
        for (index, handle) in handles.iter().enumerate() {
            completions.watch(handle, index);
        }
        let first = completions.next().await;
        let all = handles.into_iter().map(Future::new).enumerate();
        // The first stays done, even if it is being computed again by now.
        let (done, pending): (Vec<_>, Vec<_>) =
            all.partition(|(index, future)| first == Some(*index) || future.is_done());
        let only = |futures: Vec<(usize, _)>| futures.into_iter().map(|(_, future)| future);
        Waited {
            done: only(done).collect(),
            pending: only(pending).collect(),
        }
    }

    /// Gives the futures back as they resolve, whatever became of each. A stream.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// let mut completed = client.as_completed(&parts);
    /// while let Some(part) = completed.next().await {
    ///     let counts: Vec<(String, u32)> = part.result().await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn as_completed<T>(
        &self,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> AsCompleted<T> {
        let futures: Vec<_> = handles(futures).into_iter().map(Future::new).collect();
        let mut completions = Completions::default();
        for (index, future) in futures.iter().enumerate() {
            completions.watch(&future.handle, index);
        }
        let futures = futures.into_iter().map(Some).collect();
        AsCompleted {
            futures,
            completions,
        }
    }

    /// Asks that tasks be not run any more, or stopped. Their futures become
    /// [`Cancelled`](crate::Status::Cancelled), and so do those of unfinished tasks that depend on
    /// them. They stay so: to submit an equal task again gives a new future. What somebody else
    /// wants as well goes on.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client, parts: Vec<wask_client::Future>) {
    /// client.cancel(&parts);
    /// client.wait(&parts).await;
    /// # }
    /// ```
    pub fn cancel<T>(&self, futures: impl IntoIterator<Item: Borrow<Future<T>>>) {
        self.session.outbox.cancel(&keys(futures));
    }
}

/// The keys of futures, in order.
pub(super) fn keys<T>(futures: impl IntoIterator<Item: Borrow<Future<T>>>) -> Vec<Key> {
    futures
        .into_iter()
        .map(|future| future.borrow().key())
        .collect()
}

/// What [`Client::wait_first`] tells.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that are not pending any more, in the order in which they were given.
    pub done: Vec<Future<T>>,
    /// Those that are.
    pub pending: Vec<Future<T>>,
}

/// A stream of futures as they resolve: [`Client::as_completed`].
pub struct AsCompleted<T> {
    /// Those that have not been given back.
    futures: Vec<Option<Future<T>>>,
    completions: Completions,
}

impl<T> AsCompleted<T> {
    /// The next future that has resolved; `None` after the last.
    pub async fn next(&mut self) -> Option<Future<T>> {
        let index = self.completions.next().await?;
        self.futures[index].take()
    }
}

impl<T> Stream for AsCompleted<T> {
    type Item = Future<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Future<T>>> {
        let index = std::task::ready!(self.completions.poll_next(cx));
        Poll::Ready(index.and_then(|index| self.futures[index].take()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.completions.left();
        (left, Some(left))
    }
}
