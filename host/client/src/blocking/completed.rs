//! Futures in the order in which they resolve, which is waited for.

use super::{Future, wait::wait};
use crate::{Error, ReadAs};

/// Futures as they resolve, as [`crate::AsCompleted`]: an iterator.
pub struct AsCompleted<T>(crate::AsCompleted<T>);

impl<T> AsCompleted<T> {
    /// As [`crate::AsCompleted::add`].
    pub fn add(&mut self, future: &Future<T>) {
        self.0.add(future.inner());
    }

    /// As [`crate::AsCompleted::next_batch`].
    pub fn next_batch(&mut self) -> Option<Vec<Future<T>>> {
        let batch = wait(self.0.next_batch())?.into_iter();
        Some(batch.map(Future::from).collect())
    }

    /// As [`crate::AsCompleted::left`].
    pub fn left(&self) -> usize {
        self.0.left()
    }

    /// As [`crate::AsCompleted::with_results`].
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # fn example(client: blocking::Client, parts: Vec<blocking::Future<u32>>) {
    /// for (part, result) in client.as_completed(&parts).with_results() {
    ///     match result {
    ///         Ok(number) => println!("{}: {number}", part.label()),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn with_results<R>(self) -> CompletedResults<T, R>
    where
        T: ReadAs<R>,
    {
        CompletedResults(self.0.with_results())
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    fn next(&mut self) -> Option<Future<T>> {
        wait(self.0.next()).map(Future::from)
    }
}

impl<T> From<crate::AsCompleted<T>> for AsCompleted<T> {
    fn from(completed: crate::AsCompleted<T>) -> Self {
        Self(completed)
    }
}

/// A future and its result, or why it has none.
type Outcome<T, R> = (Future<T>, Result<R, Error>);

/// Futures and their results as they resolve, as [`crate::CompletedResults`]: an iterator.
pub struct CompletedResults<T, R>(crate::CompletedResults<T, R>);

impl<T: ReadAs<R> + 'static, R: Send + 'static> CompletedResults<T, R> {
    /// As [`crate::CompletedResults::add`].
    pub fn add(&mut self, future: &Future<T>) {
        self.0.add(future.inner());
    }

    /// As [`crate::CompletedResults::next_batch`].
    pub fn next_batch(&mut self) -> Option<Vec<Outcome<T, R>>> {
        let batch = wait(self.0.next_batch())?.into_iter();
        Some(
            batch
                .map(|(future, result)| (Future::from(future), result))
                .collect(),
        )
    }

    /// As [`crate::CompletedResults::left`].
    pub fn left(&self) -> usize {
        self.0.left()
    }
}

impl<T: ReadAs<R> + 'static, R: Send + 'static> Iterator for CompletedResults<T, R> {
    type Item = (Future<T>, Result<R, Error>);

    fn next(&mut self) -> Option<Self::Item> {
        let (future, result) = wait(self.0.next())?;
        Some((Future::from(future), result))
    }
}
