//! The pure core of wask: keys, tasks, and the scheduler, worker and client state machines.
//!
//! Nothing here can do I/O. [`SchedulerCore`], [`WorkerCore`] and [`ClientCore`] take events in and
//! give actions out; time is an argument; order is deterministic. The processes around them
//! (`wask-scheduler`, `wask-worker`, `wask-client`) speak Cap'n Proto, run wasmtime and touch disks,
//! and `wask-sim` runs whole clusters of cores in one thread under a seed.
//!
//! Payloads never enter the core, but for small results that ride on the message that announces
//! them: those pass through untouched.

pub mod client;
mod failure;
mod id;
mod key;
mod limits;
mod name;
#[cfg(feature = "probe")]
pub mod probe;
#[cfg(not(feature = "probe"))]
mod probe;
mod refusal;
mod rules;
pub mod scheduler;
mod seed;
mod small_set;
mod task;
mod time;
mod units;
pub mod worker;

pub use client::ClientCore;
pub use failure::{Failure, FailureKind, beginning};
pub use id::{Attempt, ScatterId, SessionId, TenantId, TypeId, WorkerId};
pub use key::{Digest, Key, KeyHasher, KeyMap, KeySet, ParseKeyError};
pub use limits::{
    AskedLimits, Clamps, DEFAULT_TASK_MEMORY, DEFAULT_TASK_OUTPUT, Limit, LimitError, LimitKind,
    LimitRules, ResultLimits, TASK_MEMORY_MAX, TASK_OUTPUT_MAX,
};
pub use name::check_name;
pub use refusal::{Refusal, RefusalCode};
pub use rules::TaskRules;
pub use scheduler::SchedulerCore;
pub use seed::FunctionSeed;
pub use task::{
    Applied, Arguments, Definition, Hole, Piece, Priority, TaskKind, TaskOptions, TaskSpec,
};
pub use time::Time;
pub use units::{bytes_text, time_text};
pub use worker::WorkerCore;

/// What a task's result means depends on how the engine runs it: NaN canonicalization, the
/// deterministic WASI stand-in, the encoding of values, what goes into keys. It is part of every
/// task key, sent at login, and changes only when one of those does; it is not a wasmtime version.
/// The golden vectors (`golden.txt` here and in `wask-value`) pin what belongs to one number.
pub const ENGINE_PROFILE: u32 = 2;
