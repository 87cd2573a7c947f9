//! Why a cluster does not start.

/// Why a cluster does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address to listen on is none.
    #[error(transparent)]
    Address(#[from] wask_rpc::ParseAddressError),
    /// The scheduler cannot start.
    #[error(transparent)]
    Scheduler(#[from] wask_scheduler::Error),
    /// A worker cannot start.
    #[error(transparent)]
    Worker(#[from] wask_worker::Error),
    /// The sandbox of all workers cannot be set up.
    #[error(transparent)]
    Sandbox(#[from] wask_sandbox::Error),
    /// A thread cannot be started, or the system gives no random bytes for tokens.
    #[error("the system does not give a thread or random bytes: {0}")]
    System(#[from] std::io::Error),
    /// The thread that was starting the cluster panicked.
    #[error("the cluster's start was cut short; the log says why")]
    CutShort,
}
