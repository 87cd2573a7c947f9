//! Sends batches over streams: whole, or what is too large for that in parts.

use capnp::message::{Builder, HeapAllocator};
use wask_core::{WorkerId, scheduler::Action};
use wask_schema::{
    session_capnp::{session_batch, session_commands},
    worker_capnp::{command_batch, worker_commands},
};

use crate::{
    Batch, Error, Limits,
    parts::{cut, flatten},
    wire::{self, OutgoingBatch},
};

/// Sends a worker its commands. Those that take more than [`Limits::large_bytes`] are not for
/// sending.
///
/// # Errors
///
/// Where the connection is lost, or the worker could not read what came before.
pub async fn push_commands(
    to: &worker_commands::Client,
    batch: &Batch<Action>,
    peers: &[(WorkerId, String)],
    limits: &Limits,
) -> Result<(), Error> {
    if batch.bytes <= limits.whole_bytes() {
        let mut request = to.push_request();
        wire::write_command_batch(request.get().init_batch(), &batch.items, peers);
        return Ok(request.send().await?);
    }
    let mut message = sized(batch.bytes);
    let root = message.init_root::<command_batch::Builder<'_>>();
    wire::write_command_batch(root, &batch.items, peers);
    let bytes = flatten(&message);
    drop(message);
    for (part, is_last) in cut(&bytes, limits) {
        let mut request = to.part_request();
        request.get().set_bytes(part);
        request.get().set_last(is_last);
        request.send().await?;
    }
    Ok(())
}

/// Sends the scheduler what a client wants.
///
/// # Errors
///
/// As [`push_commands`].
pub async fn push_session_batch(
    to: &session_commands::Client,
    batch: &OutgoingBatch,
    limits: &Limits,
) -> Result<(), Error> {
    let bytes = wire::session_batch_bytes(batch);
    if bytes <= limits.whole_bytes() {
        let mut request = to.push_request();
        wire::write_session_batch(request.get().init_batch(), batch);
        return Ok(request.send().await?);
    }
    let mut message = sized(bytes);
    let root = message.init_root::<session_batch::Builder<'_>>();
    wire::write_session_batch(root, batch);
    let bytes = flatten(&message);
    drop(message);
    for (part, is_last) in cut(&bytes, limits) {
        let mut request = to.part_request();
        request.get().set_bytes(part);
        request.get().set_last(is_last);
        request.send().await?;
    }
    Ok(())
}

/// A message that will hold so many bytes, mostly in one piece.
fn sized(bytes: usize) -> Builder<HeapAllocator> {
    let words = u32::try_from(bytes.div_ceil(8) + 8).unwrap_or(u32::MAX);
    Builder::new(HeapAllocator::new().first_segment_words(words))
}
