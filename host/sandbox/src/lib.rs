//! Runs tasks: functions of components in fresh wasmtime sandboxes, operators in host code.
//!
//! A [`Sandbox`] compiles components (once: in memory and on disk) and runs their functions. A call
//! takes encoded arguments (see `wask-value`) and gives a [`Report`]: the encoded result or another
//! [`Outcome`], what the guest printed, and what it used. A [`Job`] is all that a task may be: one
//! call, one for each element of a list, or an operator ([`Work`]). An [`Executor`] runs jobs on
//! threads; workers do that, and clients that compute without a cluster.
//!
//! Invariants:
//! - An instance that has run is never used again, not for the next element of a list either.
//! - A guest sees nothing that differs between two runs of the same task: no time, no randomness
//!   but the key's, no environment, no files, no network.
//! - Whatever a guest does, [`Sandbox::run`] returns within its limits, and the next task runs.
//! - Where a [`Compiler`] is given, compiling is bounded too, and done in processes of its own.
//! - `unsafe` is confined to `call` and `cache`.
//!
//! ```
//! use bytes::Bytes;
//! use wask_component::Component;
//! use wask_sandbox::{Call, Cancel, Config, Outcome, Sandbox, TaskLimits};
//!
//! let component = Component::load(
//!     br#"(component
//!         (core module $m (func (export "add") (param i32 i32) (result i32)
//!             (i32.add (local.get 0) (local.get 1))))
//!         (core instance $i (instantiate $m))
//!         (func (export "add") (param "a" s32) (param "b" s32) (result s32)
//!             (canon lift (core func $i "add"))))"#,
//! )?;
//! let sandbox = Sandbox::new(Config { slots: 1, ..Config::default() })?;
//! let compiled = sandbox.compile(&component)?;
//! let call = Call {
//!     function: compiled.function("add").ok_or("no such function")?,
//!     arguments: &[Bytes::from_static(&[2, 0, 0, 0]), Bytes::from_static(&[3, 0, 0, 0])],
//!     nonce: None,
//!     limits: TaskLimits::default(),
//! };
//! let report = sandbox.run(&compiled, &call, &Cancel::new());
//! assert_eq!(report.outcome, Outcome::Value(vec![5, 0, 0, 0].into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod applied;
mod cache;
mod call;
mod cancel;
mod clock;
mod compile_child;
mod compiler;
mod component;
mod config;
mod engine;
mod error;
mod executor;
mod failure;
mod frame_name;
mod gate;
mod guest;
mod library;
mod limits;
mod log;
mod operator;
mod outcome;
mod random;
mod run;
mod sandbox;
mod text;
mod work;

pub use cancel::Cancel;
pub use compile_child::compile_child;
pub use compiler::Compiler;
pub use component::{Compiled, FunctionHandle};
pub use config::{Config, TaskLimits};
pub use engine::Reset;
pub use error::Error;
pub use executor::{Executor, ThreadExecutor};
pub use failure::{FAILURE_MAX, failure};
pub use log::Log;
pub use outcome::{Outcome, Report};
pub use run::Call;
pub use sandbox::{CodeStats, Sandbox};
pub use work::{Job, Work, nonce};
