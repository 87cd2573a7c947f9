//! Waiting for many futures, and giving them up.

use std::{borrow::Borrow, sync::Arc, time::Duration};

use super::{gather::keys, submit::handles};
use crate::{Client, Future, handle::Handle, watch::Completions};

impl Client {
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
        resolved(&handles(futures)).await;
    }

    /// As [`wait`](Self::wait), but no longer than given. Tells which are pending still.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client, parts: Vec<wask_client::Future>) {
    /// use std::time::Duration;
    ///
    /// let waited = client.wait_within(Duration::from_secs(10), &parts).await;
    /// println!("{} done, {} to go", waited.done.len(), waited.pending.len());
    /// # }
    /// ```
    pub async fn wait_within<T>(
        &self,
        limit: Duration,
        futures: impl IntoIterator<Item: Borrow<Future<T>>>,
    ) -> Waited<T> {
        let handles = handles(futures);
        let is_in_time = self
            .session
            .within(limit, resolved(&handles))
            .await
            .is_some();
        // Those that resolved stay done, even if they are being computed again by now.
        Waited::split(handles, |_, future| is_in_time || future.is_done())
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
        completions.watch_each(&handles);
        let first = completions.next().await;
        // The first stays done, even if it is being computed again by now.
        Waited::split(handles, |index, future| {
            first == Some(index) || future.is_done()
        })
    }

    /// Asks that tasks be not run any more, or stopped, and lets go of their results. Their futures
    /// become [`Cancelled`](crate::Status::Cancelled) at once, and those of tasks that depend on
    /// them as soon as the cluster says so, unless these are finished. What somebody else wants as
    /// well goes on. Submitting a task again starts it anew.
    ///
    /// ```no_run
    /// # async fn example(client: wask_client::Client, parts: Vec<wask_client::Future>) {
    /// client.cancel(&parts);
    /// client.wait(&parts).await;
    /// # }
    /// ```
    pub fn cancel<T>(&self, futures: impl IntoIterator<Item: Borrow<Future<T>>>) {
        self.session.driver.cancel(keys(futures));
    }

    /// Has tasks run to their end, though nobody waits for them: what writes to somewhere, or
    /// fills what others will ask for. They go on when their futures are dropped, and when this
    /// client leaves. Once a task has finished or failed, its result is kept only for those who
    /// hold it, as ever. Cancelling stops it, whichever client of the tenant does.
    ///
    /// Returns at once, and does nothing once the session is over; a program that ends right
    /// afterwards should [`close`](Self::close) the
    /// client, which waits until the cluster has heard of it.
    ///
    /// ```no_run
    /// # use wask_client::*;
    /// # async fn example(client: Client, report: Function) -> Result<(), Error> {
    /// let sent = client.submit(&report, ("to whom it may concern",))?;
    /// client.fire_and_forget([sent]);
    /// client.close().await;
    /// # Ok(()) }
    /// ```
    pub fn fire_and_forget<T>(&self, futures: impl IntoIterator<Item: Borrow<Future<T>>>) {
        // Not before all are detached may the futures that were given away be dropped.
        let futures: Vec<_> = futures.into_iter().collect();
        let keys = keys(futures.iter().map(Borrow::borrow));
        self.session.driver.detach(keys);
    }
}

async fn resolved(handles: &[Arc<Handle>]) {
    let mut completions = Completions::default();
    completions.watch_each(handles);
    while !completions.next_all().await.is_empty() {}
}

/// What [`Client::wait_first`] and [`Client::wait_within`] tell.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that are not pending any more, in the order in which they were given.
    pub done: Vec<Future<T>>,
    /// Those that are.
    pub pending: Vec<Future<T>>,
}

impl<T> Waited<T> {
    fn split(
        handles: Vec<Arc<Handle>>,
        mut is_done: impl FnMut(usize, &Future<T>) -> bool,
    ) -> Self {
        let (mut done, mut pending) = (Vec::new(), Vec::new());
        for (index, handle) in handles.into_iter().enumerate() {
            let future = Future::new(handle);
            match is_done(index, &future) {
                true => done.push(future),
                false => pending.push(future),
            }
        }
        Self { done, pending }
    }
}
