//! What the parts of a worker share on the rpc thread.

use std::{cell::Cell, sync::Arc};

use tokio::sync::{mpsc, oneshot};
use wask_core::worker::Event;
use wask_rpc::{Limits, wire::CommandBatch};
use wask_sandbox::Report;
use wask_store::Store;

use crate::{components::Components, peers::Peers, prepare::Prepared};

/// A worker, as its parts know it.
///
/// Owned by whoever serves it; servers that connections keep alive hold it weakly, so that the
/// store is closed and its folder gone when the worker is.
pub(crate) struct Node {
    /// The worker's name.
    pub(crate) name: Arc<str>,
    pub(crate) limits: Limits,
    /// Bytes of values that may be taken in at once.
    pub(crate) scatter_max: u64,
    pub(crate) store: Store,
    pub(crate) components: Components,
    pub(crate) peers: Peers,
    pub(crate) inbox: Inbox,
    /// Tasks in a slot, for the next heartbeat.
    pub(crate) executing: Cell<u32>,
}

/// Where everything goes that the driver has to know. Never full: what comes in is bounded by what
/// the scheduler assigned and what was asked for.
pub(crate) type Inbox = mpsc::UnboundedSender<Input>;

/// Something that happened.
pub(crate) enum Input {
    /// The scheduler told this.
    Commands(CommandBatch),
    /// Something for the core: a fetch has ended, a value was stored.
    Core(Event),
    /// An execution has all that it needs, or cannot get it.
    Prepared(u64, Prepared),
    /// A guest has come to its end.
    Ran(u64, Report),
    /// Somebody waits until all that came before has been done.
    Passed(oneshot::Sender<()>),
}

impl Node {
    /// Tells the core.
    pub(crate) fn tell(&self, event: Event) {
        // The driver is gone only when the worker is.
        let _ = self.inbox.send(Input::Core(event));
    }

    /// Waits until the driver has done all that the scheduler has told this worker so far.
    pub(crate) async fn passed(&self) {
        let (done, is_done) = oneshot::channel();
        // The driver is gone only when the worker is: then there is nothing to wait for.
        let _ = self.inbox.send(Input::Passed(done));
        let _ = is_done.await;
    }
}
