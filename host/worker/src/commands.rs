//! What the scheduler tells this worker.

use std::rc::Rc;

use wask_rpc::wire;
use wask_schema::worker_capnp::worker_commands;

use crate::node::{Inbox, Input};

/// Puts commands into the inbox, in order.
pub(crate) struct Commands {
    inbox: Inbox,
    /// The number of the membership: what comes late, from an earlier one, does not count.
    membership: u64,
}

impl Commands {
    /// The capability to give to the scheduler.
    pub(crate) fn client(inbox: Inbox, membership: u64) -> worker_commands::Client {
        capnp_rpc::new_client(Self { inbox, membership })
    }
}

impl worker_commands::Server for Commands {
    async fn push(self: Rc<Self>, params: worker_commands::PushParams) -> Result<(), capnp::Error> {
        let batch = wire::read_command_batch(params.get()?.get_batch()?);
        match batch {
            // The driver is gone only when the worker is.
            Ok(batch) => drop(self.inbox.send(Input::Commands(self.membership, batch))),
            // A stream never fails. A scheduler that speaks otherwise was refused at the door.
            Err(error) => tracing::error!(%error, "a batch of commands makes no sense"),
        }
        Ok(())
    }
}
