//! The client's side of a session, as every thread of the program sees it.
//!
//! It ends when the last client and the last future of it are dropped, or when it is closed: the
//! RPC thread sees the channel of requests end, sends what is still to be said and leaves.

use std::{
    future::{self, Future},
    pin::pin,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use futures::future::{Either, select};
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_local,
    time::sleep,
};
use wask_core::{Digest, TaskRules, TaskSpec};
use wask_rpc::{Limits, wire};

use crate::{
    Component, Error,
    blueprint::Place,
    driver::Driver,
    names::TaskNames,
    remote::{Remote, Request, Welcome},
};

/// Bytes that tell a worker where one input is, of which a few copies exist.
const INPUT_PLACE_BYTES: usize = 40;

pub(crate) struct Session {
    pub(crate) address: Arc<str>,
    /// Whose the session is; part of every key.
    pub(crate) tenant: Arc<str>,
    /// What its tasks may use.
    pub(crate) rules: TaskRules,
    pub(crate) limits: Limits,
    /// The most bytes of results that one call takes.
    pub(crate) max_result_bytes: u64,
    pub(crate) driver: Arc<Driver>,
    pub(crate) names: TaskNames,
    requests: mpsc::UnboundedSender<Request>,
}

impl Session {
    pub(crate) fn new(
        address: Arc<str>,
        welcome: Welcome,
        limits: Limits,
        max_result_bytes: u64,
        driver: Arc<Driver>,
        requests: mpsc::UnboundedSender<Request>,
    ) -> Self {
        Self {
            address,
            tenant: welcome.tenant,
            rules: welcome.rules,
            limits,
            max_result_bytes,
            driver,
            names: TaskNames::default(),
            requests,
        }
    }

    /// Where tasks of this session run.
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            tenant: &self.tenant,
            rules: &self.rules,
            scheduler: Some(&self.address),
        }
    }

    /// Does something on the RPC thread and waits for its outcome. It goes on where the caller
    /// stops waiting.
    pub(crate) async fn call<T, F>(
        &self,
        request: impl FnOnce(Rc<Remote>) -> F + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, wask_rpc::Error>> + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let request: Request = Box::new(move |remote| {
            Box::pin(async move {
                // Nobody waits any more where this fails.
                let _ = answer.send(request(remote).await);
            })
        });
        if self.requests.send(request).is_err() {
            return Err(self.gone());
        }
        match answered.await {
            Ok(outcome) => outcome.map_err(|error| self.error(error)),
            Err(_) => Err(self.gone()),
        }
    }

    /// The outcome of a future, if it comes in time; at least one look is taken. The clock is the
    /// RPC thread's, so the caller needs no runtime.
    pub(crate) async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let alarm = pin!(self.alarm(limit));
        match select(pin!(future), alarm).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(((), _)) => None,
        }
    }

    async fn alarm(&self, limit: Duration) {
        let (mut alarm, rings) = oneshot::channel::<()>();
        let request: Request = Box::new(move |_| {
            // A task of its own: it is no call, of which only so many may be under way.
            spawn_local(async move {
                tokio::select! {
                    () = alarm.closed() => {}
                    () = sleep(limit) => {
                        // It may have been given up just now.
                        let _ = alarm.send(());
                    }
                }
            });
            Box::pin(future::ready(()))
        });
        // Where the session is over there is no clock; but nothing of it is pending then either,
        // which the look at the future that comes first has seen.
        if self.requests.send(request).is_ok() {
            let _ = rings.await;
        }
    }

    fn error(&self, error: wask_rpc::Error) -> Error {
        match error {
            wask_rpc::Error::Refused(refusal) => refusal.into(),
            wask_rpc::Error::Disconnected(reason) => self.over(reason.into()),
            error => Error::Protocol(Arc::new(error)),
        }
    }

    /// Waits until the scheduler has taken in all that was submitted and released so far.
    pub(crate) async fn flush(&self) -> Result<(), Error> {
        let (done, is_done) = oneshot::channel();
        self.driver.sync(done);
        is_done.await.map_err(|_| self.gone())
    }

    /// Ends the session, and waits until it has ended.
    pub(crate) async fn close(&self) {
        let closing = self.call(async |remote| {
            remote.close();
            Ok(())
        });
        // An error means that it is over already.
        let _ = closing.await;
        self.requests.closed().await;
    }

    /// The error of all that comes after the end.
    pub(crate) fn gone(&self) -> Error {
        let reason = self.driver.closed();
        self.over(reason.unwrap_or_else(|| "the client's thread has ended".into()))
    }

    pub(crate) fn over(&self, reason: Arc<str>) -> Error {
        Error::Disconnected {
            address: self.address.clone(),
            reason,
        }
    }

    /// Whether a task can be sent to the cluster, and from there to a worker.
    pub(crate) fn check_size(&self, task: &TaskSpec) -> Result<(), Error> {
        let (bytes, limit) = (task.arguments.bytes.len(), self.limits.argument_bytes);
        if bytes > limit {
            return Err(Error::ArgumentsTooLarge {
                function: task.label(),
                bytes,
                limit,
            });
        }
        let inputs = task.dependencies.len();
        // To a worker it goes with the place of each input.
        let bytes = wire::task_bytes(task)
            + wire::definition_bytes(&task.definition)
            + INPUT_PLACE_BYTES * inputs;
        let limit = self.limits.large_bytes;
        match bytes > limit {
            true => Err(Error::TooManyInputs {
                function: task.label(),
                inputs,
                bytes,
                limit,
            }),
            false => Ok(()),
        }
    }

    /// Gives the cluster a component before all that is submitted from now on, if it may not have
    /// it.
    pub(crate) fn admit(&self, component: &Component) {
        if let Some(code) = component.code() {
            self.driver.offer(component.digest(), code);
        }
    }

    /// The cluster has this component.
    pub(crate) fn has_admitted(&self, digest: Digest) {
        self.driver.has_component(digest);
    }
}
