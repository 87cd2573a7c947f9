//! What a client knows of one key.

use std::sync::Arc;

use bytes::Bytes;

use super::transition::CurrentState;
use crate::{Failure, Refusal};

/// One key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) state: CurrentState,
    /// How often the program holds it.
    pub(super) holds: u32,
    /// How often it was cancelled without the scheduler having said so yet. Until it has, its news
    /// of the key is from before, whatever became of the key here.
    pub(super) cancelling: u32,
}

/// Where a key stands: the scheduler's words, and what happens on the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody here holds it; answers to cancellations are to come.
    Released,
    /// Its value is about to be stored.
    Storing,
    /// Not yet computed, or being computed again.
    Pending,
    /// The result is in the cluster's memory.
    Finished {
        /// Size of the encoded value.
        nbytes: u64,
        /// The value where it is small and came with the news.
        inline: Option<Bytes>,
        /// Whether it was there already when it was asked for.
        was_there: bool,
    },
    /// The task, or one that it depends on, failed.
    Erred(Arc<Failure>),
    /// The computation was cancelled.
    Cancelled,
    /// The result is gone and cannot be computed again.
    Lost(Arc<Failure>),
    /// The scheduler never accepted the task.
    Refused(Refusal),
    /// The session that held it is over.
    Gone,
}

impl State {
    /// In one word.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Released => "Released",
            Self::Storing => "Storing",
            Self::Pending => "Pending",
            Self::Finished { .. } => "Finished",
            Self::Erred(_) => "Erred",
            Self::Cancelled => "Cancelled",
            Self::Lost(_) => "Lost",
            Self::Refused(_) => "Refused",
            Self::Gone => "Gone",
        }
    }

    /// Whether there will be news of it.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Pending | Self::Storing)
    }

    /// Whether asking for the key again means to submit it again.
    pub fn is_to_be_submitted_again(&self) -> bool {
        matches!(
            self,
            Self::Released | Self::Cancelled | Self::Lost(_) | Self::Refused(_) | Self::Gone
        )
    }

    /// Whether the scheduler held the key for this session before the connection was lost. What is
    /// being stored now was offered afterwards.
    pub(super) fn was_held_there(&self) -> bool {
        self.is_held_there() && *self != Self::Storing
    }

    /// Whether the scheduler holds the key for this session, as far as is known.
    pub(super) fn is_held_there(&self) -> bool {
        !matches!(
            self,
            Self::Released | Self::Cancelled | Self::Refused(_) | Self::Gone
        )
    }
}

impl Entry {
    pub(super) fn new() -> Self {
        Self {
            state: CurrentState::released(),
            holds: 0,
            cancelling: 0,
        }
    }

    /// Whether there is nothing to know any more.
    pub(super) fn is_over(&self) -> bool {
        self.holds == 0 && self.cancelling == 0
    }
}
