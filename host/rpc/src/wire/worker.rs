//! What the scheduler and its workers tell each other.

use std::{cmp::Reverse, sync::Arc, time::Duration};

use bytes::Bytes;
use wask_core::{
    Attempt, Key, Priority, ScatterId, TaskSpec, TypeId, WorkerId,
    scheduler::{self, Action, Input, TaskResult, WorkerInfo},
    worker::{self, ToScheduler},
};
use wask_schema::worker_capnp::{
    command, command_batch, compute, finished, worker_event, worker_info,
};

use super::{
    Definitions, list_len, read_failure, read_key, read_keys, structs,
    task::{read_definitions, read_tasks},
    write_failure, write_keys,
};
use crate::Error;

/// What a worker says of itself when it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinInfo {
    /// What the core wants to know.
    pub info: WorkerInfo,
    /// Where peers reach it.
    pub contact_address: String,
    /// If it was a member before: of which scheduler, and by which id.
    pub previous: Option<(u64, WorkerId)>,
    /// Its software, for people.
    pub software_version: String,
    /// Must be the scheduler's.
    pub protocol_version: u32,
    /// Must be the scheduler's.
    pub engine_profile: u32,
    /// Its process, for people.
    pub process_id: u32,
}

/// Fills a message.
pub fn write_join_info(mut out: worker_info::Builder<'_>, join: &JoinInfo) {
    out.set_name(&*join.info.name);
    out.set_slots(join.info.slots);
    out.set_memory_limit(join.info.memory_limit);
    out.set_task_memory(join.info.task_memory);
    if let Some((scheduler, worker)) = join.previous {
        out.set_returning(true);
        out.set_previous_scheduler(scheduler);
        out.set_previous_worker(worker.0);
    }
    let mut resources = out
        .reborrow()
        .init_resources(list_len(join.info.resources.len()));
    for (index, (name, amount)) in (0..).zip(&join.info.resources) {
        let mut out = resources.reborrow().get(index);
        out.set_name(&**name);
        out.set_amount(*amount);
    }
    out.set_contact_address(&join.contact_address);
    out.set_software_version(&join.software_version);
    out.set_protocol_version(join.protocol_version);
    out.set_engine_profile(join.engine_profile);
    out.set_process_id(join.process_id);
}

/// Takes all out of a message.
pub fn read_join_info(info: worker_info::Reader<'_>) -> Result<JoinInfo, Error> {
    let mut resources = std::collections::BTreeMap::new();
    for resource in structs(info.get_resources()?)? {
        resources.insert(resource.get_name()?.to_str()?.into(), resource.get_amount());
    }
    bounded("name", info.get_name()?.len(), WORKER_TEXT_MAX)?;
    let address = info.get_contact_address()?.len();
    bounded("contact address", address, WORKER_TEXT_MAX)?;
    bounded("list of resources", resources.len(), WORKER_RESOURCES_MAX)?;
    Ok(JoinInfo {
        info: WorkerInfo {
            name: info.get_name()?.to_str()?.into(),
            slots: info.get_slots(),
            memory_limit: info.get_memory_limit(),
            task_memory: info.get_task_memory(),
            resources,
            // These are the scheduler's to say.
            returning: false,
            previous: None,
        },
        previous: info.get_returning().then(|| {
            let worker = WorkerId(info.get_previous_worker());
            (info.get_previous_scheduler(), worker)
        }),
        contact_address: info.get_contact_address()?.to_str()?.to_owned(),
        software_version: info.get_software_version()?.to_str()?.to_owned(),
        protocol_version: info.get_protocol_version(),
        engine_profile: info.get_engine_profile(),
        process_id: info.get_process_id(),
    })
}

/// Bytes of a worker's name and address, which are told to others again and again.
const WORKER_TEXT_MAX: usize = 1024;
/// How many resources a worker may have.
const WORKER_RESOURCES_MAX: usize = 1024;

fn bounded(what: &str, len: usize, most: usize) -> Result<(), Error> {
    match len > most {
        true => Err(Error::Malformed(format!(
            "the worker's {what} has a length of {len}, more than {most}"
        ))),
        false => Ok(()),
    }
}

/// What a worker is told in one message.
#[derive(Clone, Debug, Default)]
pub struct CommandBatch {
    /// Addresses of the workers that the commands name.
    pub peers: Vec<(WorkerId, String)>,
    /// The commands, in order.
    pub commands: Vec<Command>,
}

/// One thing that a worker is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// An event for its core.
    Core(worker::Event),
    /// Its membership is over, for this reason.
    Close(String),
}

/// How many holders of an input are told: enough to find one that answers.
const HOLDERS_MAX: usize = 16;

/// The holders of an input that a worker is told of. Of very many each worker gets to know others,
/// so that they do not all ask the same.
pub fn told_holders(worker: WorkerId, input: &Input) -> impl Iterator<Item = WorkerId> + Clone {
    let holders = &input.holders;
    let first = match holders.len() {
        0..=HOLDERS_MAX => 0,
        len => worker.0 as usize % len,
    };
    let told = holders[first..].iter().chain(&holders[..first]);
    told.take(HOLDERS_MAX).copied()
}

/// Fills a message with the actions for one worker; those for clients are left out.
pub fn write_command_batch(
    mut out: command_batch::Builder<'_>,
    actions: &[Action],
    peers: &[(WorkerId, String)],
) {
    let definitions = Definitions::of(actions.iter().filter_map(|action| match action {
        Action::ComputeTask { task, .. } => Some(&**task),
        _ => None,
    }));
    definitions.write(out.reborrow().init_definitions(definitions.len()));
    let mut addresses = out.reborrow().init_peers(list_len(peers.len()));
    for (index, (worker, address)) in (0..).zip(peers) {
        let mut out = addresses.reborrow().get(index);
        out.set_worker(worker.0);
        out.set_address(address);
    }
    let mut commands = out.init_commands(list_len(actions.len()));
    for (index, action) in (0..).zip(actions) {
        write_command(commands.reborrow().get(index), action, &definitions);
    }
}

fn write_command(mut out: command::Builder<'_>, action: &Action, definitions: &Definitions) {
    match action {
        Action::ComputeTask {
            worker,
            task,
            attempt,
            priority,
            inputs,
        } => {
            let mut out = out.init_compute();
            definitions.write_task(out.reborrow().init_task(), task, false);
            out.set_attempt(attempt.0);
            out.set_submission(priority.submission);
            out.set_order(priority.order);
            let mut list = out.init_inputs(list_len(inputs.len()));
            for (index, input) in (0..).zip(inputs) {
                let mut out = list.reborrow().get(index);
                out.set_nbytes(input.nbytes);
                let told = told_holders(*worker, input);
                let mut holders = out.init_holders(list_len(told.clone().count()));
                for (index, holder) in (0..).zip(told) {
                    holders.set(index, holder.0);
                }
            }
        }
        Action::CancelTask { key, attempt, .. } => {
            let mut out = out.init_cancel();
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
        }
        Action::FreeKeys { keys, .. } => out.set_free(&write_keys(keys)),
        Action::KeepData { scatter, .. } => out.set_keep(scatter.0),
        Action::DropStaged { scatter, .. } => out.set_drop_staged(scatter.0),
        Action::CloseWorker { reason, .. } => out.set_close(reason),
        Action::Report { .. } | Action::StageData { .. } | Action::ScatterDone { .. } => {
            debug_assert!(false, "that is not for a worker");
        }
    }
}

/// Takes commands out of a message.
pub fn read_command_batch(batch: command_batch::Reader<'_>) -> Result<CommandBatch, Error> {
    let definitions = read_definitions(batch.get_definitions()?, None)?;
    let peers = structs(batch.get_peers()?)?.iter();
    let peers = peers
        .map(|peer| {
            Ok((
                WorkerId(peer.get_worker()),
                peer.get_address()?.to_str()?.to_owned(),
            ))
        })
        .collect::<Result<_, Error>>()?;
    let mut tasks = Vec::new();
    for command in structs(batch.get_commands()?)? {
        if let command::Compute(compute) = command.which()? {
            tasks.push(compute?.get_task()?);
        }
    }
    let mut tasks = read_tasks(&tasks, definitions.len())?.into_iter();
    let mut commands = Vec::new();
    for command in structs(batch.get_commands()?)? {
        commands.push(match command.which()? {
            command::Compute(compute) => {
                let Some(task) = tasks.next() else { continue };
                let spec = TaskSpec {
                    key: task.key,
                    definition: definitions[task.definition].clone(),
                    arguments: task.arguments,
                    dependencies: task.dependencies,
                    salt: task.salt,
                    // Types are the scheduler's business; a worker knows its components.
                    result_type: TypeId::default(),
                };
                Command::Core(read_compute(compute?, spec)?)
            }
            command::Cancel(cancel) => {
                let cancel = cancel?;
                let key = read_key(cancel.get_key()?)?;
                let attempt = Attempt(cancel.get_attempt());
                Command::Core(worker::Event::CancelTask { key, attempt })
            }
            command::Free(keys) => Command::Core(worker::Event::FreeKeys {
                keys: read_keys(keys?)?,
            }),
            command::Keep(scatter) => Command::Core(worker::Event::KeepData {
                scatter: ScatterId(scatter),
            }),
            command::DropStaged(scatter) => Command::Core(worker::Event::DropStaged {
                scatter: ScatterId(scatter),
            }),
            command::Close(reason) => Command::Close(reason?.to_str()?.to_owned()),
        });
    }
    Ok(CommandBatch { peers, commands })
}

fn read_compute(compute: compute::Reader<'_>, task: TaskSpec) -> Result<worker::Event, Error> {
    let inputs = structs(compute.get_inputs()?)?;
    if inputs.len() as usize != task.dependencies.len() || !task.is_well_formed() {
        return Err(Error::Malformed(
            "a task whose inputs do not fit its dependencies".into(),
        ));
    }
    let inputs = task.dependencies.iter().zip(inputs);
    let inputs = inputs
        .map(|(key, input)| {
            let holders = input.get_holders()?.iter().map(WorkerId).collect();
            Ok(Input {
                key: *key,
                nbytes: input.get_nbytes(),
                holders,
            })
        })
        .collect::<Result<_, Error>>()?;
    let priority = Priority {
        user: Reverse(task.definition.options.priority),
        submission: compute.get_submission(),
        order: compute.get_order(),
    };
    let attempt = Attempt(compute.get_attempt());
    Ok(worker::Event::ComputeTask {
        task: Arc::new(task),
        attempt,
        priority,
        inputs,
    })
}

/// Fills a list with what a worker tells.
pub fn write_worker_events(
    mut out: capnp::struct_list::Builder<'_, worker_event::Owned>,
    events: &[ToScheduler],
) {
    for (index, event) in (0..).zip(events) {
        write_worker_event(out.reborrow().get(index), event);
    }
}

/// Fills an event with what a worker tells.
pub(super) fn write_worker_event(mut out: worker_event::Builder<'_>, event: &ToScheduler) {
    match event {
        ToScheduler::TaskStarted { key, attempt } => {
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
            out.set_started(());
        }
        ToScheduler::TaskFinished {
            key,
            attempt,
            result,
        } => {
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
            write_finished(out.init_finished(), result);
        }
        ToScheduler::TaskErred {
            key,
            attempt,
            failure,
        } => {
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
            write_failure(out.init_erred(), failure);
        }
        ToScheduler::InputsMissing {
            key,
            attempt,
            missing,
        } => {
            out.set_key(&key.0);
            out.set_attempt(attempt.0);
            let mut list = out.init_inputs_missing(list_len(missing.len()));
            for (index, (key, holder)) in (0..).zip(missing) {
                let mut out = list.reborrow().get(index);
                out.set_key(&key.0);
                out.set_holder(holder.0);
            }
        }
        ToScheduler::DataKept { scatter, key } => {
            out.set_key(&key.0);
            out.set_kept(scatter.0);
        }
        ToScheduler::StagedMissing { scatter } => {
            out.set_key(&[0; 32]);
            out.set_staged_missing(scatter.0);
        }
        ToScheduler::DataFound { key, nbytes } => {
            out.set_key(&key.0);
            out.set_data_found(*nbytes);
        }
        ToScheduler::AllFound => {
            out.set_key(&[0; 32]);
            out.set_all_found(());
        }
        ToScheduler::ReplicaAdded { key } => {
            out.set_key(&key.0);
            out.set_replica_added(());
        }
        ToScheduler::ReplicaMissing { key } => {
            out.set_key(&key.0);
            out.set_replica_missing(());
        }
    }
}

/// Fills a message with the result of a task.
pub(super) fn write_finished(mut out: finished::Builder<'_>, result: &TaskResult) {
    out.set_nbytes(result.nbytes);
    let nanos = u64::try_from(result.duration.as_nanos()).unwrap_or(u64::MAX);
    out.set_duration_nanos(nanos);
    if let Some(inline) = &result.inline {
        out.set_has_inline(true);
        out.set_inline(inline);
    }
}

/// The result of a task.
pub(super) fn read_finished(finished: finished::Reader<'_>) -> Result<TaskResult, Error> {
    let inline = match finished.get_has_inline() {
        true => Some(Bytes::copy_from_slice(finished.get_inline()?)),
        false => None,
    };
    let nbytes = finished.get_nbytes();
    Ok(TaskResult {
        nbytes,
        // What is no whole value is none; it can still be fetched.
        inline: inline.filter(|value| value.len() as u64 == nbytes),
        duration: Duration::from_nanos(finished.get_duration_nanos()),
    })
}

/// Takes out of a list what `worker` told.
pub fn read_worker_events(
    worker: WorkerId,
    events: capnp::struct_list::Reader<'_, worker_event::Owned>,
) -> Result<Vec<scheduler::Event>, Error> {
    structs(events)?
        .iter()
        .map(|event| read_worker_event(worker, event))
        .collect()
}

/// What `worker` told.
pub(super) fn read_worker_event(
    worker: WorkerId,
    event: worker_event::Reader<'_>,
) -> Result<scheduler::Event, Error> {
    let key: Key = read_key(event.get_key()?)?;
    let attempt = Attempt(event.get_attempt());
    Ok(match event.which()? {
        worker_event::Started(()) => scheduler::Event::TaskStarted {
            worker,
            key,
            attempt,
        },
        worker_event::Finished(finished) => {
            let result = read_finished(finished?)?;
            scheduler::Event::TaskFinished {
                worker,
                key,
                attempt,
                result,
            }
        }
        worker_event::Erred(failure) => {
            let failure = Arc::new(read_failure(failure?)?);
            scheduler::Event::TaskErred {
                worker,
                key,
                attempt,
                failure,
            }
        }
        worker_event::InputsMissing(missing) => {
            let missing = structs(missing?)?.iter();
            let missing = missing
                .map(|input| Ok((read_key(input.get_key()?)?, WorkerId(input.get_holder()))))
                .collect::<Result<_, Error>>()?;
            scheduler::Event::InputsMissing {
                worker,
                key,
                attempt,
                missing,
            }
        }
        worker_event::Kept(scatter) => scheduler::Event::DataKept {
            worker,
            scatter: ScatterId(scatter),
            key,
        },
        worker_event::StagedMissing(scatter) => scheduler::Event::StagingFailed {
            worker,
            scatter: ScatterId(scatter),
            reason: "it does not have what was staged".to_owned(),
        },
        worker_event::DataFound(nbytes) => scheduler::Event::DataFound {
            worker,
            key,
            nbytes,
        },
        worker_event::AllFound(()) => scheduler::Event::AllFound { worker },
        worker_event::ReplicaAdded(()) => scheduler::Event::ReplicaAdded { worker, key },
        worker_event::ReplicaMissing(()) => scheduler::Event::ReplicaMissing { worker, key },
    })
}
