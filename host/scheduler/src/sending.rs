//! Sends clients and workers what waits for them, each message within its limits.

use std::{rc::Rc, sync::Arc};

use wask_core::{
    Failure, FailureKind, Key, SessionId, TaskSpec, WorkerId,
    scheduler::{Action, Event},
};
use wask_rpc::{Batch, Error, Outbox, push_commands, wire};
use wask_schema::{session_capnp::client_events, worker_capnp::worker_commands};

use crate::hub::Hub;

/// Sends a client its events until it is gone.
pub(crate) async fn send_events(
    hub: Rc<Hub>,
    session: SessionId,
    outbox: Rc<Outbox<(Key, wire::KeyNews)>>,
    events: client_events::Client,
) {
    while let Some(batch) = outbox.batch(wire::key_event_bytes).await {
        let mut request = events.push_request();
        let list = request.get().init_events(wire::list_len(batch.items.len()));
        wire::write_key_events(list, &batch.items);
        if let Err(error) = request.send().await {
            let error = Error::from(error);
            log_undelivered(&session, "events", &error);
            hub.disconnect(session, &format!("events were not taken in: {error}"));
            return;
        }
    }
}

/// Sends a worker its commands until it is gone.
pub(crate) async fn send_commands(
    hub: Rc<Hub>,
    worker: WorkerId,
    outbox: Rc<Outbox<Action>>,
    commands: worker_commands::Client,
) {
    let limits = &hub.config.limits;
    loop {
        let mut room = wire::CommandRoom::new(|peer| hub.address_len(worker, peer));
        let Some(batch) = outbox.batch(|action| room.add(action)).await else {
            return;
        };
        if batch.bytes > limits.large_bytes
            && let Some(event) = too_large(&batch, limits.large_bytes)
        {
            hub.tell([event]);
            continue;
        }
        let peers = hub.peers(worker, &batch.items);
        if let Err(error) = push_commands(&commands, &batch, &peers, limits).await {
            log_undelivered(&worker, "commands", &error);
            hub.expel(worker, &format!("commands were not taken in: {error}"));
            return;
        }
    }
}

/// What becomes of a task that no message can bring to a worker: it fails, and nothing else does.
fn too_large(batch: &Batch<Action>, most: usize) -> Option<Event> {
    let [
        Action::ComputeTask {
            worker,
            task,
            attempt,
            inputs,
            ..
        },
    ] = &batch.items[..]
    else {
        return None;
    };
    Some(Event::TaskErred {
        worker: *worker,
        key: task.key,
        attempt: *attempt,
        failure: Arc::new(unsendable(task, batch.bytes, inputs.len(), most)),
    })
}

fn unsendable(task: &TaskSpec, bytes: usize, inputs: usize, most: usize) -> Failure {
    Failure {
        // Another try would end the same way.
        kind: FailureKind::BadArguments,
        origin: task.key,
        label: task.label(),
        message: format!(
            "the task with its {inputs} inputs takes {bytes} bytes in a message, more than {most}; \
             combine its inputs in a tree"
        ),
        value: None,
        error_type: None,
        backtrace: Vec::new(),
        log: String::new(),
        worker: String::new(),
    }
}

/// A peer that is gone is nothing to wonder about; one that could not read is.
fn log_undelivered(to: &dyn std::fmt::Display, what: &str, error: &Error) {
    match error {
        Error::Disconnected(_) => tracing::debug!(%to, %error, "{what} not delivered"),
        _ => tracing::error!(%to, %error, "{what} were not taken in; closing the connection"),
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;

    use wask_core::{
        Arguments, Attempt, Definition, Digest, Priority, TaskKind, TaskOptions, TypeId,
    };

    use super::*;

    #[test]
    fn a_task_that_no_message_holds_fails_alone_and_by_name() {
        let kind = TaskKind::function(Digest([1; 32]), "wide");
        let definition = Arc::new(Definition::new("t", kind, TaskOptions::default()));
        let arguments = Arguments::default();
        let task = TaskSpec::new(definition, arguments, [].into(), 0, TypeId(0));
        let compute = Action::ComputeTask {
            worker: WorkerId(1),
            task: Arc::new(task),
            attempt: Attempt(2),
            priority: Priority {
                user: Reverse(0),
                submission: 1,
                order: 0,
            },
            inputs: Vec::new(),
        };
        let batch = Batch {
            items: vec![compute],
            bytes: 1000,
        };
        let Some(Event::TaskErred {
            attempt, failure, ..
        }) = too_large(&batch, 999)
        else {
            panic!("it is too large");
        };
        assert_eq!(attempt, Attempt(2));
        assert!(failure.to_string().contains("wide"), "{failure}");
        assert!(
            failure
                .message
                .contains("1000 bytes in a message, more than 999")
        );
    }
}
