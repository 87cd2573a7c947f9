//! The one thread of a process that speaks Cap'n Proto.

use std::{future::Future, io, thread};

use tokio::{runtime, task::LocalSet};

/// Runs `main` on a new thread with a tokio runtime of its own, on which `spawn_local` works.
///
/// What `main` returns is what joining the thread gives.
pub fn spawn_rpc_thread<F, T>(
    name: &str,
    main: impl FnOnce() -> F + Send + 'static,
) -> io::Result<thread::JoinHandle<T>>
where
    F: Future<Output = T>,
    T: Send + 'static,
{
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || LocalSet::new().block_on(&runtime, async move { main().await }))
}
