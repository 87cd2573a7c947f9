//! What the scheduler tells this worker.

use std::{cell::RefCell, rc::Rc};

use wask_rpc::{
    Error, Limits, Parts,
    wire::{self, Command, CommandBatch},
};
use wask_schema::worker_capnp::{command_batch, worker_commands};

use crate::node::{Inbox, Input};

/// Puts commands into the inbox, in order.
pub(crate) struct Commands {
    inbox: Inbox,
    /// The number of the membership: what comes late, from an earlier one, does not count.
    membership: u64,
    limits: Limits,
    parts: RefCell<Parts>,
}

impl Commands {
    /// The capability to give to the scheduler.
    pub(crate) fn client(inbox: Inbox, membership: u64, limits: Limits) -> worker_commands::Client {
        capnp_rpc::new_client(Self {
            inbox,
            membership,
            limits,
            parts: RefCell::default(),
        })
    }

    /// A batch that cannot be read ends the membership: the tasks in it would be waited for for
    /// ever. The scheduler is told why as the connection closes.
    fn take_in(&self, read: Result<Option<CommandBatch>, Error>) {
        let batch = read.unwrap_or_else(|error| {
            tracing::error!(%error, "a batch of commands makes no sense; leaving");
            let reason = format!("the scheduler sent commands that make no sense: {error}");
            Some(CommandBatch {
                commands: vec![Command::Close(reason)],
                ..CommandBatch::default()
            })
        });
        if let Some(batch) = batch {
            // The driver is gone only when the worker is.
            drop(self.inbox.send(Input::Commands(self.membership, batch)));
        }
    }

    fn part(&self, params: &worker_commands::PartParams) -> Result<Option<CommandBatch>, Error> {
        let params = params.get()?;
        let (part, is_last) = (params.get_bytes()?, params.get_last());
        let whole = self.parts.borrow_mut().add(part, is_last, &self.limits)?;
        let read = |whole: wask_rpc::Whole| read(whole.get_root()?);
        whole.map(read).transpose()
    }
}

fn read(batch: command_batch::Reader<'_>) -> Result<CommandBatch, Error> {
    wire::read_command_batch(batch)
}

impl worker_commands::Server for Commands {
    async fn push(self: Rc<Self>, params: worker_commands::PushParams) -> Result<(), capnp::Error> {
        let batch = params.get().and_then(|params| params.get_batch());
        self.take_in(batch.map_err(Error::from).and_then(read).map(Some));
        Ok(())
    }

    async fn part(self: Rc<Self>, params: worker_commands::PartParams) -> Result<(), capnp::Error> {
        self.take_in(Self::part(&self, &params));
        Ok(())
    }
}
