//! What a client pushes, and what it is told.

use std::sync::Arc;

use bytes::Bytes;
use wask_core::{Definition, Key, scheduler::KeyState};
use wask_schema::session_capnp::{key_event, session_batch};

use super::{
    Definitions, IncomingTask, list_len, read_failure, read_key, read_keys, read_refusal, structs,
    task::{read_definitions, read_tasks},
    write_failure, write_keys, write_refusal,
};
use crate::Error;

pub use wask_core::client::{Batch as OutgoingBatch, News as KeyNews};

/// What a client pushed, not yet checked.
#[derive(Clone, Debug)]
pub struct IncomingBatch {
    /// The definitions of the tasks.
    pub definitions: Vec<Arc<Definition>>,
    /// The tasks.
    pub tasks: Vec<IncomingTask>,
    /// Keys to hold again.
    pub wanted: Vec<Key>,
    /// Keys to let go of.
    pub released: Vec<Key>,
    /// Keys not to compute any more.
    pub cancelled: Vec<Key>,
    /// Keys to compute even if the session ends before they are done.
    pub detached: Vec<Key>,
}

/// Fills a message with a batch.
pub fn write_session_batch(mut out: session_batch::Builder<'_>, batch: &OutgoingBatch) {
    let definitions = Definitions::of(batch.tasks.iter().map(|(task, _)| task));
    definitions.write(out.reborrow().init_definitions(definitions.len()));
    let mut tasks = out.reborrow().init_tasks(list_len(batch.tasks.len()));
    for (index, (task, wanted)) in (0..).zip(&batch.tasks) {
        definitions.write_task(tasks.reborrow().get(index), task, *wanted);
    }
    out.set_wanted(&write_keys(&batch.wanted));
    out.set_released(&write_keys(&batch.released));
    out.set_cancelled(&write_keys(&batch.cancelled));
    out.set_detached(&write_keys(&batch.detached));
}

/// Takes a batch out of a message; its tasks belong to `tenant`.
pub fn read_session_batch(
    batch: session_batch::Reader<'_>,
    tenant: &str,
) -> Result<IncomingBatch, Error> {
    let definitions = read_definitions(batch.get_definitions()?, Some(tenant))?;
    let tasks: Vec<_> = structs(batch.get_tasks()?)?.iter().collect();
    let tasks = read_tasks(&tasks, definitions.len())?;
    Ok(IncomingBatch {
        definitions,
        tasks,
        wanted: read_keys(batch.get_wanted()?)?,
        released: read_keys(batch.get_released()?)?,
        cancelled: read_keys(batch.get_cancelled()?)?,
        detached: read_keys(batch.get_detached()?)?,
    })
}

/// Fills a list with events.
pub fn write_key_events(
    mut out: capnp::struct_list::Builder<'_, key_event::Owned>,
    events: &[(Key, KeyNews)],
) {
    for (index, (key, news)) in (0..).zip(events) {
        let mut out = out.reborrow().get(index);
        out.set_key(&key.0);
        match news {
            KeyNews::State(KeyState::Pending) => out.set_pending(()),
            KeyNews::State(KeyState::Cancelled) => out.set_cancelled(()),
            KeyNews::State(KeyState::Erred(failure)) => write_failure(out.init_erred(), failure),
            KeyNews::State(KeyState::Lost(failure)) => write_failure(out.init_lost(), failure),
            KeyNews::State(KeyState::Finished {
                nbytes,
                inline,
                was_there,
            }) => {
                let mut finished = out.init_finished();
                finished.set_nbytes(*nbytes);
                finished.set_was_there(*was_there);
                if let Some(inline) = inline {
                    finished.set_has_inline(true);
                    finished.set_inline(inline);
                }
            }
            KeyNews::Refused(refusal) => write_refusal(out.init_refused(), refusal),
        }
    }
}

/// Takes events out of a list.
pub fn read_key_events(
    events: capnp::struct_list::Reader<'_, key_event::Owned>,
) -> Result<Vec<(Key, KeyNews)>, Error> {
    structs(events)?
        .iter()
        .map(|event| Ok((read_key(event.get_key()?)?, read_news(event)?)))
        .collect()
}

fn read_news(event: key_event::Reader<'_>) -> Result<KeyNews, Error> {
    let state = match event.which()? {
        key_event::Pending(()) => KeyState::Pending,
        key_event::Cancelled(()) => KeyState::Cancelled,
        key_event::Erred(failure) => KeyState::Erred(Arc::new(read_failure(failure?)?)),
        key_event::Lost(failure) => KeyState::Lost(Arc::new(read_failure(failure?)?)),
        key_event::Refused(refusal) => return Ok(KeyNews::Refused(read_refusal(refusal?)?)),
        key_event::Finished(finished) => {
            let finished = finished?;
            let inline = match finished.get_has_inline() {
                true => Some(Bytes::copy_from_slice(finished.get_inline()?)),
                false => None,
            };
            KeyState::Finished {
                nbytes: finished.get_nbytes(),
                inline,
                was_there: finished.get_was_there(),
            }
        }
    };
    Ok(KeyNews::State(state))
}
