//! Work that takes its time, off the async threads.

use std::sync::Arc;

use futures::channel::oneshot;

use crate::Error;

/// Does what takes its time on a thread for it alone, so that async programs are not held up.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (done, is_done) = oneshot::channel();
    let run = move || {
        // Nobody waits any more where this fails.
        let _ = done.send(work());
    };
    let thread = std::thread::Builder::new()
        .name("wask-client-work".into())
        .spawn(run);
    let thread = thread.map_err(|error| Error::Thread(Arc::new(error)))?;
    match is_done.await {
        Ok(outcome) => Ok(outcome),
        // It panicked: so does this.
        Err(_) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => Err(Error::Usage("a thread has ended without an outcome")),
        },
    }
}
