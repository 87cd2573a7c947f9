//! What ends a worker.

use wask_rpc::{Address, Refusal, RefusalCode};

/// Why a worker could not start, or came to its end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A connection could not be made, or a listener not be opened.
    #[error(transparent)]
    Rpc(#[from] wask_rpc::Error),
    /// The scheduler does not let it in.
    #[error("the scheduler at {scheduler} refused worker `{name}`: {refusal}{}", advice(.refusal))]
    Refused {
        /// Which scheduler.
        scheduler: Address,
        /// The worker's name.
        name: String,
        /// What the scheduler said.
        refusal: Refusal,
    },
    /// The connection to the scheduler broke, or the scheduler fell silent.
    #[error("lost the scheduler at {scheduler}: {reason}; start the worker again when it is back")]
    SchedulerLost {
        /// Which scheduler.
        scheduler: Address,
        /// How the connection ended.
        reason: String,
    },
    /// The scheduler ended the membership.
    #[error("the scheduler at {scheduler} closed this worker: {reason}")]
    Closed {
        /// Which scheduler.
        scheduler: Address,
        /// What it said.
        reason: String,
    },
    /// The object store could not be opened.
    #[error(transparent)]
    Store(#[from] wask_store::Error),
    /// The sandbox could not be set up.
    #[error(transparent)]
    Sandbox(#[from] wask_sandbox::Error),
    /// A thread could not be started, or panicked.
    #[error("the worker's thread failed: {0}")]
    Thread(String),
    /// The addresses do not fit together.
    #[error("{0}")]
    Address(String),
}

/// Kinds of errors by who can do something about them, as the command line's exit codes tell them
/// apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The cluster cannot be reached, or was lost.
    Unreachable,
    /// The cluster is there and says no.
    Refused,
    /// Something on this machine: a port, a folder, memory.
    Local,
}

impl Error {
    /// Where the trouble lies.
    pub fn class(&self) -> Class {
        match self {
            Self::Rpc(
                wask_rpc::Error::Listen { .. }
                | wask_rpc::Error::Address(_)
                | wask_rpc::Error::Record { .. },
            )
            | Self::Store(_)
            | Self::Sandbox(_)
            | Self::Thread(_)
            | Self::Address(_) => Class::Local,
            Self::Rpc(wask_rpc::Error::Refused(_)) | Self::Refused { .. } => Class::Refused,
            Self::Rpc(_) | Self::SchedulerLost { .. } | Self::Closed { .. } => Class::Unreachable,
        }
    }
}

fn advice(refusal: &Refusal) -> &'static str {
    match refusal.code {
        RefusalCode::Exists => "; choose another --name",
        RefusalCode::Credential => "; give it the cluster's token for workers",
        RefusalCode::Version => "; run the same version of wask everywhere",
        _ => "",
    }
}
