//! Work that would block the rpc thread, on threads of its own.

use std::thread;

use tokio::sync::oneshot;

/// Runs `work` on a new thread. Meant for what takes milliseconds or more: to compile, to hash
/// hundreds of MiB. Such a thread does not keep the process from ending.
///
/// # Errors
///
/// In words, where the thread cannot be started, or `work` panics.
pub(crate) async fn offload<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = oneshot::channel();
    let span = tracing::Span::current();
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let done = span.in_scope(work);
            // Nobody waits any more where the worker is shutting down.
            let _ = sender.send(done);
        })
        .map_err(|error| format!("failed to start the thread `{name}`: {error}"))?;
    receiver
        .await
        .map_err(|_| format!("the thread `{name}` panicked; see the worker's log"))
}
