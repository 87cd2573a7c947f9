//! Serves one worker.

use std::{cell::Cell, rc::Rc, time::Instant};

use wask_core::{Digest, Key, WorkerId, scheduler::Event};
use wask_rpc::{wire, write_objects};
use wask_schema::worker_capnp::{membership, worker_events};

use crate::{
    hub::{Hub, Report},
    relay,
};

/// A worker's place in the cluster. The worker's connection holds it; when it drops, the worker is
/// lost.
pub(crate) struct Membership {
    hub: Rc<Hub>,
    worker: WorkerId,
    /// Whether it may come back: not where it took its leave.
    may_return: Cell<bool>,
}

impl Membership {
    pub(crate) fn serve(hub: Rc<Hub>, worker: WorkerId) -> membership::Client {
        capnp_rpc::new_client(Self {
            hub,
            worker,
            may_return: Cell::new(true),
        })
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.hub.remove_worker(self.worker, self.may_return.get());
    }
}

impl membership::Server for Membership {
    async fn events(
        self: Rc<Self>,
        _: membership::EventsParams,
        mut results: membership::EventsResults,
    ) -> Result<(), capnp::Error> {
        let events = Events {
            hub: self.hub.clone(),
            worker: self.worker,
        };
        results.get().set_events(capnp_rpc::new_client(events));
        Ok(())
    }

    async fn heartbeat(
        self: Rc<Self>,
        params: membership::HeartbeatParams,
        _: membership::HeartbeatResults,
    ) -> Result<(), capnp::Error> {
        let report = params.get()?.get_report()?;
        if let Some(entry) = self.hub.state_mut().workers.get_mut(&self.worker) {
            entry.heard = Instant::now();
            entry.report = Report {
                executing: report.get_executing(),
                spilled_bytes: report.get_spilled_bytes(),
            };
        }
        self.hub.tell([Event::Heartbeat {
            worker: self.worker,
        }]);
        Ok(())
    }

    async fn leave(
        self: Rc<Self>,
        _: membership::LeaveParams,
        _: membership::LeaveResults,
    ) -> Result<(), capnp::Error> {
        self.may_return.set(false);
        Ok(())
    }

    /// A worker that cannot reach another gets its inputs by way of the scheduler.
    async fn fetch(
        self: Rc<Self>,
        params: membership::FetchParams,
        mut results: membership::FetchResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let keys = wire::read_keys(params.get_keys()?)?;
        let missing = relay::gather(&self.hub, &keys, &params.get_sink()?).await?;
        results.get().set_missing(&wire::write_keys(&missing));
        Ok(())
    }

    async fn component(
        self: Rc<Self>,
        params: membership::ComponentParams,
        mut results: membership::ComponentResults,
    ) -> Result<(), capnp::Error> {
        let params = params.get()?;
        let key = wire::read_key(params.get_digest()?)?;
        let bytes = self.hub.state().library.bytes(&Digest(key.0));
        results.get().set_found(bytes.is_some());
        if let Some(bytes) = bytes {
            let object = (Key(key.0), bytes);
            write_objects(&params.get_sink()?, [object], &self.hub.config.limits).await?;
        }
        Ok(())
    }
}

/// A result rides on the news of it only if it is small: else it is left where it is.
fn without_large(mut event: Event, most: usize) -> Event {
    if let Event::TaskFinished { result, .. } = &mut event {
        result.inline.take_if(|value| value.len() > most);
    }
    event
}

struct Events {
    hub: Rc<Hub>,
    worker: WorkerId,
}

impl worker_events::Server for Events {
    async fn push(self: Rc<Self>, params: worker_events::PushParams) -> Result<(), capnp::Error> {
        let read = params.get().and_then(|params| params.get_events());
        let events = read.map_err(Into::into);
        match events.and_then(|events| wire::read_worker_events(self.worker, events)) {
            Ok(events) => {
                let most = self.hub.config.limits.inline_bytes;
                self.hub
                    .tell(events.into_iter().map(|event| without_large(event, most)));
            }
            // An error here would poison the stream: the worker is given up instead, and told why.
            Err(error) => {
                tracing::error!(worker = %self.worker, %error, "a worker sent what makes no sense");
                let reason = format!("the worker sent what makes no sense: {error}");
                self.hub.expel(self.worker, &reason);
            }
        }
        Ok(())
    }
}
