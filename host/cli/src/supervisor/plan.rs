//! What a supervisor is asked for, and what it tells.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) scheduler: Program,
    pub(crate) workers: Vec<Program>,
    /// Where the scheduler writes its address.
    pub(crate) scheduler_file: PathBuf,
    /// What clients must show; kept for the user's other commands.
    pub(crate) token: String,
}

/// A command of this very binary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Program {
    /// What people call it: `scheduler`, or the worker's name.
    pub(crate) name: String,
    /// The command and its options.
    pub(crate) arguments: Vec<String>,
    /// Where what it prints goes.
    pub(crate) log: PathBuf,
}

/// A line that a supervisor writes, for who started it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Told {
    /// The scheduler listens at this address, and the workers have been started.
    Listens { address: String },
    /// From now on it goes on by itself; who started it may leave.
    Up,
    /// Something ended that should not have: the exit code that says why, and words.
    Failed { exit: u8, message: String },
}
