//! What the parts of a worker share on the rpc thread.

use std::{cell::Cell, sync::Arc};

use tokio::sync::mpsc;
use wask_core::worker::Event;
use wask_rpc::{Limits, wire::CommandBatch};
use wask_sandbox::Report;
use wask_store::Store;

use crate::{
    components::{Components, Name},
    peers::Peers,
    prepare::Prepared,
};

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
    /// The scheduler told this, in the membership with this number.
    Commands(u64, CommandBatch),
    /// Something for the core: a fetch has ended, values were staged.
    Core(Event),
    /// A component is here, or is known not to be had.
    Obtained(Name),
    /// An execution has all that it needs, or cannot get it.
    Prepared(u64, Prepared),
    /// A guest has come to its end.
    Ran(u64, Report),
}

impl Node {
    /// Tells the core.
    pub(crate) fn tell(&self, event: Event) {
        // The driver is gone only when the worker is.
        let _ = self.inbox.send(Input::Core(event));
    }
}
