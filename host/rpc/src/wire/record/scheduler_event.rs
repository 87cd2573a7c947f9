//! Events of a scheduler's core in a record.

use std::sync::Arc;

use wask_core::{
    Attempt, ScatterId, SchedulerCore, SessionId, TaskSpec, TenantId, Time, TypeId, WorkerId,
    scheduler::{self, Action, DataHeader, Spread, WorkerInfo},
    worker::ToScheduler,
};
use wask_schema::record_capnp::{entry, joined, scatter, scheduler_event, tasks};

use super::Core;
use crate::{
    Error,
    wire::{
        Definitions, JoinInfo,
        failure::{read_whole_failure, write_whole_failure},
        list_len, read_join_info, read_key, read_keys,
        task::{read_definitions, read_tasks},
        worker::{read_worker_event, write_worker_event},
        write_join_info, write_keys,
    },
};

impl Core for SchedulerCore {
    type Event = scheduler::Event;
    type Action = Action;

    fn handle(&mut self, now: Time, event: scheduler::Event) {
        self.handle(now, event);
    }

    fn schedule(&mut self, now: Time) {
        self.schedule(now);
    }

    fn poll_action(&mut self) -> Option<Action> {
        self.poll_action()
    }

    fn write_event(out: entry::Builder<'_>, event: &scheduler::Event) {
        write_scheduler_event(out.init_to_scheduler(), event);
    }

    fn read_event(entry: entry::Reader<'_>) -> Result<scheduler::Event, Error> {
        match entry.which()? {
            entry::ToScheduler(event) => read_scheduler_event(event?),
            _ => Err(Error::Malformed("an entry that is no scheduler's".into())),
        }
    }
}

fn write_scheduler_event(mut out: scheduler_event::Builder<'_>, event: &scheduler::Event) {
    use scheduler::Event;
    if let Some((worker, told)) = told(event) {
        out.set_worker(worker.0);
        return write_worker_event(out.init_told(), &told);
    }
    write_names(out.reborrow(), event);
    match event {
        Event::SessionOpened { .. } => out.set_session_opened(()),
        Event::SessionClosed { .. } => out.set_session_closed(()),
        Event::TasksSubmitted { tasks, .. } => write_specs(out.init_tasks_submitted(), tasks),
        Event::KeysReleased { .. } => out.set_keys_released(()),
        Event::KeysCancelled { .. } => out.set_keys_cancelled(()),
        Event::KeysDetached { .. } => out.set_keys_detached(()),
        Event::ScatterOffered { values, spread, .. } => {
            write_scatter(out.init_scatter_offered(), values, *spread);
        }
        Event::DataStaged { .. } => out.set_data_staged(()),
        Event::StagingFailed { reason, .. } => out.set_staging_failed(reason),
        Event::ScatterAbandoned { .. } => out.set_scatter_abandoned(()),
        Event::DatasetPublished {
            name, ty, replace, ..
        } => {
            let mut published = out.init_dataset_published();
            published.set_name(&**name);
            published.set_type(&**ty);
            published.set_replace(*replace);
        }
        Event::DatasetUnpublished { name, .. } => out.set_dataset_unpublished(&**name),
        Event::WorkerJoined { info, .. } => write_joined(out.init_worker_joined(), info),
        Event::WorkerLost { may_return, .. } => out.set_worker_lost(*may_return),
        Event::Heartbeat { .. } => out.set_heartbeat(()),
        Event::TaskErred { failure, .. } => write_whole_failure(out.init_task_erred(), failure),
        Event::DataKept { .. }
        | Event::TaskStarted { .. }
        | Event::TaskFinished { .. }
        | Event::InputsMissing { .. }
        | Event::DataFound { .. }
        | Event::AllFound { .. }
        | Event::ReplicaAdded { .. }
        | Event::ReplicaMissing { .. } => unreachable!("these are what a worker told"),
    }
}

/// Whom and what an event is about.
fn write_names(mut out: scheduler_event::Builder<'_>, event: &scheduler::Event) {
    use scheduler::Event;
    match event {
        Event::SessionOpened { session, tenant } => {
            out.set_session(session.0);
            out.set_tenant(tenant.0);
        }
        Event::SessionClosed { session } => out.set_session(session.0),
        Event::KeysReleased { session, keys }
        | Event::KeysCancelled { session, keys }
        | Event::KeysDetached { session, keys }
        | Event::TasksSubmitted {
            session,
            wanted: keys,
            ..
        } => {
            out.set_session(session.0);
            out.set_keys(&write_keys(keys));
        }
        Event::ScatterOffered {
            session, scatter, ..
        } => {
            out.set_session(session.0);
            out.set_scatter(scatter.0);
        }
        Event::DataStaged { worker, scatter }
        | Event::StagingFailed {
            worker, scatter, ..
        } => {
            out.set_worker(worker.0);
            out.set_scatter(scatter.0);
        }
        Event::ScatterAbandoned { scatter } => out.set_scatter(scatter.0),
        Event::DatasetPublished { tenant, keys, .. } => {
            out.set_tenant(tenant.0);
            out.set_keys(&write_keys(keys));
        }
        Event::DatasetUnpublished { tenant, .. } => out.set_tenant(tenant.0),
        Event::WorkerJoined { worker, .. }
        | Event::WorkerLost { worker, .. }
        | Event::Heartbeat { worker } => out.set_worker(worker.0),
        Event::TaskErred {
            worker,
            key,
            attempt,
            ..
        } => {
            out.set_worker(worker.0);
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
        }
        // What a worker told says it itself.
        _ => {}
    }
}

/// An event as its worker told it, where that is all that there is to it.
fn told(event: &scheduler::Event) -> Option<(WorkerId, ToScheduler)> {
    use scheduler::Event;
    Some(match event.clone() {
        Event::DataKept {
            worker,
            scatter,
            key,
        } => (worker, ToScheduler::DataKept { scatter, key }),
        Event::TaskStarted {
            worker,
            key,
            attempt,
        } => (worker, ToScheduler::TaskStarted { key, attempt }),
        Event::TaskFinished {
            worker,
            key,
            attempt,
            result,
        } => {
            let told = ToScheduler::TaskFinished {
                key,
                attempt,
                result,
            };
            (worker, told)
        }
        Event::InputsMissing {
            worker,
            key,
            attempt,
            missing,
        } => {
            let told = ToScheduler::InputsMissing {
                key,
                attempt,
                missing,
            };
            (worker, told)
        }
        Event::DataFound {
            worker,
            key,
            nbytes,
        } => (worker, ToScheduler::DataFound { key, nbytes }),
        Event::AllFound { worker } => (worker, ToScheduler::AllFound),
        Event::ReplicaAdded { worker, key } => (worker, ToScheduler::ReplicaAdded { key }),
        Event::ReplicaMissing { worker, key } => (worker, ToScheduler::ReplicaMissing { key }),
        _ => return None,
    })
}

fn read_scheduler_event(event: scheduler_event::Reader<'_>) -> Result<scheduler::Event, Error> {
    use scheduler::Event;
    use scheduler_event as wire;
    let session = SessionId(event.get_session());
    let tenant = TenantId(event.get_tenant());
    let worker = WorkerId(event.get_worker());
    let scatter = ScatterId(event.get_scatter());
    let keys = read_keys(event.get_keys()?)?;
    Ok(match event.which()? {
        wire::SessionOpened(()) => Event::SessionOpened { session, tenant },
        wire::SessionClosed(()) => Event::SessionClosed { session },
        wire::TasksSubmitted(tasks) => Event::TasksSubmitted {
            session,
            tasks: read_specs(tasks?)?,
            wanted: keys,
        },
        wire::KeysReleased(()) => Event::KeysReleased { session, keys },
        wire::KeysCancelled(()) => Event::KeysCancelled { session, keys },
        wire::KeysDetached(()) => Event::KeysDetached { session, keys },
        wire::ScatterOffered(offered) => {
            let (values, spread) = read_scatter(offered?)?;
            Event::ScatterOffered {
                session,
                scatter,
                values,
                spread,
            }
        }
        wire::DataStaged(()) => Event::DataStaged { worker, scatter },
        wire::StagingFailed(reason) => Event::StagingFailed {
            worker,
            scatter,
            reason: reason?.to_str()?.to_owned(),
        },
        wire::ScatterAbandoned(()) => Event::ScatterAbandoned { scatter },
        wire::DatasetPublished(published) => {
            let published = published?;
            Event::DatasetPublished {
                tenant,
                name: published.get_name()?.to_str()?.into(),
                ty: published.get_type()?.to_str()?.into(),
                keys,
                replace: published.get_replace(),
            }
        }
        wire::DatasetUnpublished(name) => Event::DatasetUnpublished {
            tenant,
            name: name?.to_str()?.into(),
        },
        wire::WorkerJoined(joined) => Event::WorkerJoined {
            worker,
            info: read_joined(joined?)?,
        },
        wire::WorkerLost(may_return) => Event::WorkerLost { worker, may_return },
        wire::Heartbeat(()) => Event::Heartbeat { worker },
        wire::Told(told) => read_worker_event(worker, told?)?,
        wire::TaskErred(failure) => Event::TaskErred {
            worker,
            key: read_key(event.get_key()?)?,
            attempt: Attempt(event.get_attempt()),
            failure: Arc::new(read_whole_failure(failure?)?),
        },
    })
}

fn write_specs(mut out: tasks::Builder<'_>, specs: &[TaskSpec]) {
    let definitions = Definitions::of(specs);
    definitions.write(out.reborrow().init_definitions(definitions.len()));
    let mut types = out.reborrow().init_result_types(list_len(specs.len()));
    for (index, task) in (0..).zip(specs) {
        types.set(index, task.result_type.0);
    }
    let mut list = out.init_tasks(list_len(specs.len()));
    for (index, task) in (0..).zip(specs) {
        definitions.write_task(list.reborrow().get(index), task, false);
    }
}

fn read_specs(tasks: tasks::Reader<'_>) -> Result<Vec<TaskSpec>, Error> {
    let definitions = read_definitions(tasks.get_definitions()?, None)?;
    let types = tasks.get_result_types()?;
    let tasks: Vec<_> = tasks.get_tasks()?.iter().collect();
    if types.len() != list_len(tasks.len()) {
        return Err(Error::Malformed("tasks and types that do not fit".into()));
    }
    let tasks = read_tasks(&tasks, definitions.len())?;
    let specs = tasks.into_iter().zip(types).map(|(task, ty)| TaskSpec {
        key: task.key,
        definition: definitions[task.definition].clone(),
        arguments: task.arguments,
        dependencies: task.dependencies,
        salt: task.salt,
        result_type: TypeId(ty),
    });
    Ok(specs.collect())
}

fn write_scatter(mut out: scatter::Builder<'_>, values: &[DataHeader], spread: Spread) {
    out.set_all(spread == Spread::All);
    let mut list = out.init_headers(list_len(values.len()));
    for (index, value) in (0..).zip(values) {
        let mut out = list.reborrow().get(index);
        out.set_key(&value.key.0);
        out.set_result_type(value.result_type.0);
        out.set_nbytes(value.nbytes);
    }
}

fn read_scatter(scatter: scatter::Reader<'_>) -> Result<(Vec<DataHeader>, Spread), Error> {
    let headers = scatter.get_headers()?.iter().map(|header| {
        Ok(DataHeader {
            key: read_key(header.get_key()?)?,
            result_type: TypeId(header.get_result_type()),
            nbytes: header.get_nbytes(),
        })
    });
    let spread = match scatter.get_all() {
        true => Spread::All,
        false => Spread::One,
    };
    Ok((headers.collect::<Result<_, Error>>()?, spread))
}

fn write_joined(mut out: joined::Builder<'_>, info: &WorkerInfo) {
    out.set_returning(info.returning);
    if let Some(previous) = info.previous {
        out.set_has_previous(true);
        out.set_previous(previous.0);
    }
    let join = JoinInfo {
        info: info.clone(),
        contact_address: String::new(),
        previous: None,
        software_version: String::new(),
        protocol_version: 0,
        engine_profile: 0,
        process_id: 0,
    };
    write_join_info(out.init_info(), &join);
}

fn read_joined(joined: joined::Reader<'_>) -> Result<WorkerInfo, Error> {
    let previous = WorkerId(joined.get_previous());
    Ok(WorkerInfo {
        returning: joined.get_returning(),
        previous: joined.get_has_previous().then_some(previous),
        ..read_join_info(joined.get_info()?)?.info
    })
}
