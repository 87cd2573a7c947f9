//! Futures in the order in which they resolve.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, VecDeque},
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::{Stream, future::BoxFuture};

use crate::{Client, Error, Future, ReadAs, results, watch::Completions};

impl Client {
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
        let mut completed = AsCompleted {
            open: BTreeMap::new(),
            given: 0,
            completions: Completions::default(),
        };
        futures
            .into_iter()
            .for_each(|future| completed.add(future.borrow()));
        completed
    }
}

/// A stream of futures as they resolve: [`Client::as_completed`].
pub struct AsCompleted<T> {
    /// Those that have not been given back, by the order in which they were given.
    open: BTreeMap<usize, Future<T>>,
    /// How many were given so far.
    given: usize,
    completions: Completions,
}

impl<T> AsCompleted<T> {
    /// One more future to wait for. May be called at any time, also after the last was given back.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, step: Function<u32>) -> Result<(), Error> {
    /// let mut completed = client.as_completed([client.submit(&step, (27,))?]);
    /// while let Some(future) = completed.next().await {
    ///     match future.await? {
    ///         1 => break,
    ///         number => completed.add(&client.submit(&step, (number,))?),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn add(&mut self, future: &Future<T>) {
        self.completions.watch(&future.handle, self.given);
        self.open.insert(self.given, future.clone());
        self.given += 1;
    }

    /// The next future that has resolved; `None` after the last.
    pub async fn next(&mut self) -> Option<Future<T>> {
        let index = self.completions.next().await?;
        self.open.remove(&index)
    }

    /// All futures that have resolved by now, at least one; `None` after the last.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future>) -> Result<(), Error> {
    /// let mut completed = client.as_completed(&parts);
    /// while let Some(batch) = completed.next_batch().await {
    ///     println!("{} more are done, {} to go", batch.len(), completed.left());
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn next_batch(&mut self) -> Option<Vec<Future<T>>> {
        poll_fn(|cx| self.poll_batch(cx)).await
    }

    /// How many futures have not been given back.
    pub fn left(&self) -> usize {
        self.completions.left()
    }

    /// The same futures, each with its result, which is brought here in few calls for those that
    /// have resolved at about the same time.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future<u32>>) -> Result<(), Error> {
    /// let mut completed = client.as_completed(&parts).with_results();
    /// while let Some((part, result)) = completed.next().await {
    ///     match result {
    ///         Ok(number) => println!("{}: {number}", part.label()),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn with_results<R>(self) -> CompletedResults<T, R>
    where
        T: ReadAs<R>,
    {
        CompletedResults {
            left: self.left(),
            completed: self,
            resolved: VecDeque::new(),
            fetching: None,
            fetched: VecDeque::new(),
        }
    }

    fn poll_batch(&mut self, cx: &mut Context<'_>) -> Poll<Option<Vec<Future<T>>>> {
        let Some(first) = ready!(self.completions.poll_next(cx)) else {
            return Poll::Ready(None);
        };
        let mut batch = Vec::from_iter(self.open.remove(&first));
        while let Some(index) = self.completions.pop() {
            batch.extend(self.open.remove(&index));
        }
        Poll::Ready(Some(batch))
    }
}

impl<T> Stream for AsCompleted<T> {
    type Item = Future<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Future<T>>> {
        let index = ready!(self.completions.poll_next(cx));
        Poll::Ready(index.and_then(|index| self.open.remove(&index)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left(), Some(self.left()))
    }
}

/// A future and its result, or why it has none.
type Outcome<T, R> = (Future<T>, Result<R, Error>);

/// A stream of futures and their results as they resolve: [`AsCompleted::with_results`].
pub struct CompletedResults<T, R> {
    completed: AsCompleted<T>,
    /// Those whose results are to be fetched next.
    resolved: VecDeque<Future<T>>,
    fetching: Option<BoxFuture<'static, Vec<Outcome<T, R>>>>,
    fetched: VecDeque<Outcome<T, R>>,
    /// How many have not been given back.
    left: usize,
}

/// Nothing in it is pinned.
impl<T, R> Unpin for CompletedResults<T, R> {}

impl<T: ReadAs<R> + 'static, R: Send + 'static> CompletedResults<T, R> {
    /// As [`AsCompleted::add`].
    pub fn add(&mut self, future: &Future<T>) {
        self.completed.add(future);
        self.left += 1;
    }

    /// The next future that has resolved, with its result; `None` after the last.
    pub async fn next(&mut self) -> Option<(Future<T>, Result<R, Error>)> {
        poll_fn(|cx| self.poll_outcome(cx)).await
    }

    /// All futures that have resolved by now and whose results have come, at least one; `None`
    /// after the last.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, parts: Vec<Future<u32>>) -> Result<(), Error> {
    /// let mut completed = client.as_completed(&parts).with_results();
    /// while let Some(batch) = completed.next_batch().await {
    ///     let numbers: Vec<u32> = batch.into_iter().filter_map(|(_, n)| n.ok()).collect();
    ///     println!("{numbers:?}");
    /// }
    /// # Ok(()) }
    /// ```
    pub async fn next_batch(&mut self) -> Option<Vec<(Future<T>, Result<R, Error>)>> {
        let first = self.next().await?;
        let rest = mem::take(&mut self.fetched);
        self.left -= rest.len();
        Some([first].into_iter().chain(rest).collect())
    }

    /// How many futures have not been given back.
    pub fn left(&self) -> usize {
        self.left
    }

    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Option<Outcome<T, R>>> {
        loop {
            if let Some(outcome) = self.fetched.pop_front() {
                self.left -= 1;
                return Poll::Ready(Some(outcome));
            }
            if let Some(fetching) = &mut self.fetching {
                self.fetched = ready!(fetching.as_mut().poll(cx)).into();
                self.fetching = None;
                continue;
            }
            if self.resolved.is_empty() {
                match ready!(self.completed.poll_batch(cx)) {
                    Some(batch) => self.resolved = batch.into(),
                    None => return Poll::Ready(None),
                }
            }
            let batch = self.next_to_fetch();
            self.fetching = Some(Box::pin(fetch(batch)));
        }
    }

    /// As many of those that have resolved as one call may bring here.
    fn next_to_fetch(&mut self) -> Vec<Future<T>> {
        let mut batch: Vec<Future<T>> = Vec::new();
        let mut bytes: u64 = 0;
        while let Some(future) = self.resolved.front() {
            bytes = bytes.saturating_add(future.nbytes().unwrap_or(0));
            if !batch.is_empty() && bytes > future.handle.session.max_result_bytes {
                break;
            }
            batch.extend(self.resolved.pop_front());
        }
        batch
    }
}

async fn fetch<T: ReadAs<R>, R>(batch: Vec<Future<T>>) -> Vec<Outcome<T, R>> {
    let handles: Vec<_> = batch.iter().map(|future| future.handle.clone()).collect();
    let outcomes = match results::fetch_each(&handles).await {
        Ok(outcomes) => outcomes,
        Err(error) => vec![Err(error); batch.len()],
    };
    let read = |(future, outcome): (Future<T>, Result<bytes::Bytes, Error>)| {
        let result = outcome.and_then(|bytes| results::read::<T, R>(&future.handle, &bytes));
        (future, result)
    };
    batch.into_iter().zip(outcomes).map(read).collect()
}

impl<T: ReadAs<R> + 'static, R: Send + 'static> Stream for CompletedResults<T, R> {
    type Item = (Future<T>, Result<R, Error>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_outcome(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
