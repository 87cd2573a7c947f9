//! Why a scheduler does not run.

/// Why a scheduler does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot listen, or not open its record.
    #[error(transparent)]
    Listen(#[from] wask_rpc::Error),
    /// Its thread could not be started.
    #[error("cannot start the scheduler's thread: {0}")]
    Thread(#[from] std::io::Error),
    /// The system gives no random bytes for its secrets.
    #[error("the system gives no random bytes for secrets: {0}")]
    Random(std::io::Error),
    /// A client could join as a worker.
    #[error(
        "clients and workers have the same token, so a client could join as a worker: give them two"
    )]
    SameTokens,
    /// Its thread ended before it said that it listens.
    #[error("the scheduler ended while it started; its log says why")]
    Ended,
}
