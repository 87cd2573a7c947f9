//! Events of a worker's core in a record.

use std::{sync::Arc, time::Duration};

use wask_core::{Attempt, Key, ScatterId, Time, WorkerCore, WorkerId, scheduler::Action, worker};
use wask_schema::record_capnp::{entry, execution, worker_event};

use super::{Core, nanos};
use crate::{
    Error,
    wire::{
        Command,
        failure::{read_whole_failure, write_whole_failure},
        list_len, read_command_batch, read_key, read_keys,
        worker::{read_finished, write_finished},
        write_command_batch, write_keys,
    },
};

impl Core for WorkerCore {
    type Event = worker::Event;
    type Action = worker::Action;

    fn handle(&mut self, now: Time, event: worker::Event) {
        self.handle(now, event);
    }

    fn schedule(&mut self, now: Time) {
        self.schedule(now);
    }

    fn poll_action(&mut self) -> Option<worker::Action> {
        self.poll_action()
    }

    fn write_event(out: entry::Builder<'_>, event: &worker::Event) {
        write_event_of_worker(out.init_to_worker(), event);
    }

    fn read_event(entry: entry::Reader<'_>) -> Result<worker::Event, Error> {
        match entry.which()? {
            entry::ToWorker(event) => read_event_of_worker(event?),
            _ => Err(Error::Malformed("an entry that is no worker's".into())),
        }
    }
}

fn write_event_of_worker(mut out: worker_event::Builder<'_>, event: &worker::Event) {
    use worker::Event;
    if let Some(command) = command(event) {
        return write_command_batch(out.init_command(), &[command], &[]);
    }
    match event {
        Event::DataStaged { scatter, values } => {
            write_sizes(out.reborrow(), values);
            out.set_data_staged(scatter.0);
        }
        Event::SchedulerLost => out.set_scheduler_lost(()),
        Event::SchedulerFound { id } => out.set_scheduler_found(id.0),
        Event::FetchDone {
            peer,
            arrived,
            missing,
        } => {
            out.set_peer(peer.0);
            write_sizes(out.reborrow(), arrived);
            out.set_missing(&write_keys(missing));
            out.set_fetch_done(());
        }
        Event::FetchFailed { peer, arrived } => {
            out.set_peer(peer.0);
            write_sizes(out.reborrow(), arrived);
            out.set_fetch_failed(());
        }
        Event::ExecutionDone {
            key,
            attempt,
            result,
            ran,
        } => {
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
            let mut out = out.init_execution_done();
            let of_it = out.reborrow().get_result();
            match result {
                Ok(result) => write_finished(of_it.init_finished(), result),
                Err(failure) => write_whole_failure(of_it.init_erred(), failure),
            }
            match ran {
                Some(ran) => out.get_ran().set_nanos(nanos(*ran)),
                None => out.get_ran().set_never(()),
            }
        }
        Event::ExecutionDelayed { key, attempt } => {
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
            out.set_execution_delayed(());
        }
        Event::ExecutionPrepared { key, attempt } => {
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
            out.set_execution_prepared(());
        }
        Event::DataGone { key } => {
            out.set_key(&key.0);
            out.set_data_gone(());
        }
        Event::ComputeTask { .. }
        | Event::CancelTask { .. }
        | Event::FreeKeys { .. }
        | Event::KeepData { .. }
        | Event::DropStaged { .. } => unreachable!("these are commands"),
    }
}

/// An event as the scheduler commanded it, if it did.
fn command(event: &worker::Event) -> Option<Action> {
    use worker::Event;
    // A command does not say whose it is; with this, holders are told in their order.
    let worker = WorkerId(0);
    Some(match event.clone() {
        Event::ComputeTask {
            task,
            attempt,
            priority,
            inputs,
        } => Action::ComputeTask {
            worker,
            task,
            attempt,
            priority,
            inputs,
        },
        Event::CancelTask { key, attempt } => Action::CancelTask {
            worker,
            key,
            attempt,
        },
        Event::FreeKeys { keys } => Action::FreeKeys { worker, keys },
        Event::KeepData { scatter } => Action::KeepData { worker, scatter },
        Event::DropStaged { scatter } => Action::DropStaged { worker, scatter },
        _ => return None,
    })
}

fn read_event_of_worker(event: worker_event::Reader<'_>) -> Result<worker::Event, Error> {
    use worker::Event;
    use worker_event as wire;
    let peer = WorkerId(event.get_peer());
    Ok(match event.which()? {
        wire::Command(batch) => match read_command_batch(batch?)?.commands.pop() {
            Some(Command::Core(event)) => event,
            _ => return Err(Error::Malformed("an entry without its command".into())),
        },
        wire::DataStaged(scatter) => Event::DataStaged {
            scatter: ScatterId(scatter),
            values: read_sizes(event)?,
        },
        wire::SchedulerLost(()) => Event::SchedulerLost,
        wire::SchedulerFound(id) => Event::SchedulerFound { id: WorkerId(id) },
        wire::FetchDone(()) => Event::FetchDone {
            peer,
            arrived: read_sizes(event)?,
            missing: read_keys(event.get_missing()?)?,
        },
        wire::FetchFailed(()) => Event::FetchFailed {
            peer,
            arrived: read_sizes(event)?,
        },
        wire::ExecutionDone(done) => {
            let done = done?;
            let result = match done.get_result().which()? {
                execution::result::Finished(finished) => Ok(read_finished(finished?)?),
                execution::result::Erred(failure) => Err(Arc::new(read_whole_failure(failure?)?)),
            };
            let ran = match done.get_ran().which()? {
                execution::ran::Never(()) => None,
                execution::ran::Nanos(nanos) => Some(Duration::from_nanos(nanos)),
            };
            Event::ExecutionDone {
                key: read_key(event.get_key()?)?,
                attempt: Attempt(event.get_attempt()),
                result,
                ran,
            }
        }
        wire::ExecutionDelayed(()) => Event::ExecutionDelayed {
            key: read_key(event.get_key()?)?,
            attempt: Attempt(event.get_attempt()),
        },
        wire::ExecutionPrepared(()) => Event::ExecutionPrepared {
            key: read_key(event.get_key()?)?,
            attempt: Attempt(event.get_attempt()),
        },
        wire::DataGone(()) => Event::DataGone {
            key: read_key(event.get_key()?)?,
        },
    })
}

fn write_sizes(mut out: worker_event::Builder<'_>, values: &[(Key, u64)]) {
    out.set_keys(&write_keys(values.iter().map(|(key, _)| key)));
    let mut sizes = out.init_sizes(list_len(values.len()));
    for (index, (_, nbytes)) in (0..).zip(values) {
        sizes.set(index, *nbytes);
    }
}

fn read_sizes(event: worker_event::Reader<'_>) -> Result<Vec<(Key, u64)>, Error> {
    let (keys, sizes) = (read_keys(event.get_keys()?)?, event.get_sizes()?);
    if sizes.len() != list_len(keys.len()) {
        return Err(Error::Malformed("keys and sizes that do not fit".into()));
    }
    Ok(keys.into_iter().zip(sizes).collect())
}
