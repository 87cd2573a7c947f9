//! What can go wrong before a task runs. What a task itself does is an [`Outcome`](crate::Outcome).

use std::path::PathBuf;

use wask_component::Digest;

/// Why a sandbox could not be made, or a component not be compiled.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The settings do not make an engine on this machine.
    #[error("failed to set up the wasm engine for {slots} slots: {message}; try fewer slots")]
    Engine {
        /// How many slots were asked for.
        slots: usize,
        /// What wasmtime said.
        message: String,
    },
    /// A thread could not be started.
    #[error("failed to start the thread `{name}`: {message}")]
    Thread {
        /// What the thread is called.
        name: String,
        /// What the operating system said.
        message: String,
    },
    /// The folder for compiled code can not be used safely.
    #[error("the compiled-code cache {path} can not be used: {message}; remove it or name another")]
    Cache {
        /// The folder.
        path: PathBuf,
        /// Why not.
        message: String,
    },
    /// The component is not valid, or uses a feature that sandboxes do not have.
    #[error("failed to compile component `{digest}`: {message}")]
    Compile {
        /// Which component.
        digest: Digest,
        /// What the compiler said.
        message: String,
    },
    /// The compiler's process could not be started.
    #[error("{message}")]
    Compiler {
        /// Which program, and why not.
        message: String,
    },
    /// Nobody wanted the component any more while it was compiled.
    #[error("compiling component `{digest}` was cancelled")]
    Cancelled {
        /// Which component.
        digest: Digest,
    },
    /// The component imports something that sandboxes do not offer.
    #[error("component `{digest}` can not be linked: {message}; sandboxes offer WASI 0.2")]
    Link {
        /// Which component.
        digest: Digest,
        /// What is missing.
        message: String,
    },
    /// The component does not export what its type says. A fault of ours.
    #[error("component `{digest}` has no function `{function}`")]
    NoFunction {
        /// Which component.
        digest: Digest,
        /// The function's full name.
        function: String,
    },
    /// There is no such operator, or not in this version.
    #[error("the operator `{name}` can not be run: {message}")]
    Operator {
        /// The operator, as the task names it.
        name: String,
        /// Why not.
        message: String,
    },
}
