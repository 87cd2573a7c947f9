//! The processes around the worker cores.

use std::{sync::Arc, time::Duration};

use rand::RngExt as _;
use wask_core::{
    Attempt, Failure, FailureKind, Key, ScatterId, WorkerId,
    scheduler::{Event, TaskResult},
    worker::{self, Action, ToScheduler as Message},
};

use super::{Cluster, HEARTBEAT, Happening, ToScheduler, ToWorker};
use crate::{
    coverage::fault,
    graphs::Behaviour,
    member::{Execution, Stored},
    oracle,
    timeline::Node,
};

impl Cluster {
    pub(super) fn worker_gets(&mut self, id: WorkerId, message: ToWorker) {
        if !self.members.contains_key(&id) {
            // A peer that asks a worker that is gone finds that out.
            match message {
                ToWorker::Serve { asker, .. } => {
                    self.answer(id, asker, Vec::new(), Vec::new(), true);
                }
                ToWorker::Stage(scatter, _) => self.fail_staging(id, scatter),
                _ => {}
            }
            return;
        }
        match message {
            ToWorker::Event(event) => self.feed_worker(id, event),
            ToWorker::Stage(scatter, keys) => self.stage(id, scatter, &keys),
            ToWorker::Close => self.lose_scheduler(id),
            ToWorker::Serve { asker, keys } => self.serve(id, asker, &keys),
            ToWorker::Served {
                peer,
                arrived,
                missing,
                broke_off,
            } => {
                let sizes = arrived.iter().map(|(key, stored)| (*key, stored.nbytes()));
                let sizes = sizes.collect();
                if let Some(member) = self.members.get_mut(&id) {
                    member.store.extend(arrived);
                }
                let arrived = sizes;
                self.feed_worker(
                    id,
                    if broke_off {
                        worker::Event::FetchFailed { peer, arrived }
                    } else {
                        worker::Event::FetchDone {
                            peer,
                            arrived,
                            missing,
                        }
                    },
                );
            }
        }
    }

    /// A client's values come to a worker, whose disk may be full.
    fn stage(&mut self, id: WorkerId, scatter: ScatterId, keys: &[Key]) {
        if self.is_stormy && self.rng.random_bool(self.plan.full_disks) {
            fault("full disk");
            return self.fail_staging(id, scatter);
        }
        let values = keys.iter().map(|key| (*key, self.value_of_data(*key)));
        let values: Vec<(Key, Stored)> = values.collect();
        let sizes = values.iter().map(|(key, it)| (*key, it.nbytes()));
        let sizes = sizes.collect();
        if let Some(member) = self.members.get_mut(&id) {
            let staged = values.into_iter().map(|(key, it)| ((scatter, key), it));
            member.staged.extend(staged);
        }
        let staged = worker::Event::DataStaged {
            scatter,
            values: sizes,
        };
        self.feed_worker(id, staged);
        let staged = ToScheduler::Event(Event::DataStaged {
            worker: id,
            scatter,
        });
        let staged = Happening::SchedulerGets(self.epoch, staged);
        self.send(Node::Staging(id), Node::Scheduler, staged);
    }

    fn fail_staging(&mut self, worker: WorkerId, scatter: ScatterId) {
        let failed = ToScheduler::Event(Event::StagingFailed {
            worker,
            scatter,
            reason: "as planned".to_owned(),
        });
        let failed = Happening::SchedulerGets(self.epoch, failed);
        self.send(Node::Staging(worker), Node::Scheduler, failed);
    }

    pub(super) fn feed_worker(&mut self, id: WorkerId, event: worker::Event) {
        self.ask_worker(id, Some(event));
    }

    pub(super) fn worker_wakes(&mut self, id: WorkerId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.wakes_at = None;
            self.ask_worker(id, None);
        }
    }

    fn ask_worker(&mut self, id: WorkerId, event: Option<worker::Event>) {
        let now = self.now();
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        for action in member.handle(now, event) {
            self.carry_out_at(id, action);
        }
        self.fill_slots(id);
        if let Some(member) = self.members.get_mut(&id) {
            member.check_store();
            if let Some(due) = member.core.poll_timeout()
                && member.wakes_at.is_none_or(|at| due < at)
            {
                member.wakes_at = Some(due);
                let delay = due.as_nanos().saturating_sub(self.timeline.nanos());
                self.timeline.after(delay, Happening::WorkerWakes(id));
            }
        }
    }

    /// Tasks that were handed over go into free slots, one after the other.
    fn fill_slots(&mut self, id: WorkerId) {
        while let Some(member) = self.members.get_mut(&id)
            && let Some((key, attempt)) = member.next_to_run()
        {
            let is_slow = self.timeline.nanos() < member.slow_until;
            let long = self.rng.random_bool(0.1);
            let mut nanos = self
                .rng
                .random_range(1_000..if long { 20_000_000 } else { 500_000 });
            if is_slow {
                fault("slow worker");
                nanos *= 100;
            }
            let ends = Happening::ExecutionEnds(id, key, attempt);
            self.timeline.after(nanos, ends);
        }
    }

    fn carry_out_at(&mut self, id: WorkerId, action: Action) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        match action {
            Action::Fetch { peer, keys } => {
                let keys = keys.into_iter().map(|(key, _)| key).collect();
                let serve = Happening::WorkerGets(peer, ToWorker::Serve { asker: id, keys });
                self.send(Node::Worker(id), Node::Worker(peer), serve);
            }
            Action::Execute { task, attempt } => {
                let key = task.key;
                member.start(task, attempt);
                if self.rng.random_bool(0.05) {
                    // It never comes into a slot.
                    member.queue.retain(|queued| *queued != key);
                    let delayed = Happening::ExecutionDelayed(id, key, attempt);
                    self.timeline.after(1_000, delayed);
                }
            }
            Action::Interrupt { key, attempt } => {
                if member.preparing.get(&key) == Some(&attempt) {
                    member.preparing.remove(&key);
                    return;
                }
                let execution = member.executing.get_mut(&key);
                let execution = execution.expect("only what executes is interrupted");
                assert_eq!(execution.attempt, attempt, "{key} is another attempt");
                execution.interrupted = true;
                self.timeline
                    .after(5_000, Happening::ExecutionEnds(id, key, attempt));
            }
            Action::Keep { scatter, key } => {
                let staged = member.staged.remove(&(scatter, key));
                let staged = staged.expect("what is kept was staged");
                member.store.entry(key).or_insert(staged);
            }
            Action::DropStaged { scatter, key } => {
                let staged = member.staged.remove(&(scatter, key));
                assert!(staged.is_some(), "{key} is not staged by {scatter}");
            }
            Action::Drop { key } => {
                let dropped = member.store.remove(&key);
                assert!(dropped.is_some(), "{key} is dropped and not there");
            }
            Action::Send(message) => {
                let message = self.translate(id, message);
                self.report(id, message);
            }
        }
    }

    fn translate(&self, worker: WorkerId, message: Message) -> ToScheduler {
        ToScheduler::Event(match message {
            Message::TaskStarted { key, attempt } => Event::TaskStarted {
                worker,
                key,
                attempt,
            },
            Message::TaskFinished {
                key,
                attempt,
                result,
            } => {
                let stored = self.members[&worker].store[&key].clone();
                let event = Event::TaskFinished {
                    worker,
                    key,
                    attempt,
                    result,
                };
                return ToScheduler::Finished(event, stored);
            }
            Message::TaskErred {
                key,
                attempt,
                failure,
            } => Event::TaskErred {
                worker,
                key,
                attempt,
                failure,
            },
            Message::InputsMissing {
                key,
                attempt,
                missing,
            } => Event::InputsMissing {
                worker,
                key,
                attempt,
                missing,
            },
            Message::DataKept { scatter, key } => Event::DataKept {
                worker,
                scatter,
                key,
            },
            Message::StagedMissing { scatter } => Event::StagingFailed {
                worker,
                scatter,
                reason: "it is not staged".to_owned(),
            },
            Message::DataFound { key, nbytes } => Event::DataFound {
                worker,
                key,
                nbytes,
            },
            Message::AllFound => Event::AllFound { worker },
            Message::ReplicaAdded { key } => Event::ReplicaAdded { worker, key },
            Message::ReplicaMissing { key } => Event::ReplicaMissing { worker, key },
        })
    }

    /// Sends a message to the scheduler, if the connection is whole.
    fn report(&mut self, id: WorkerId, message: ToScheduler) {
        if self.members.get(&id).is_some_and(|member| !member.is_cut) {
            let happening = Happening::SchedulerGets(self.epoch, message);
            self.send(Node::Worker(id), Node::Scheduler, happening);
        }
    }

    pub(super) fn heart_beats(&mut self, worker: WorkerId) {
        if self.members.contains_key(&worker) {
            self.report(worker, ToScheduler::Event(Event::Heartbeat { worker }));
            self.timeline
                .after(HEARTBEAT, Happening::HeartBeats(worker));
        }
    }

    /// A peer gets what is there. Sometimes it gets only a part, or the connection breaks.
    fn serve(&mut self, id: WorkerId, asker: WorkerId, keys: &[Key]) {
        let broke_off = self.is_stormy && self.rng.random_bool(self.plan.broken_fetches);
        if broke_off {
            fault("broken fetch");
        }
        let is_partial = broke_off || self.rng.random_bool(0.1);
        let share = if is_partial {
            keys.len() / 2
        } else {
            keys.len()
        };
        let (mut arrived, mut missing) = (Vec::new(), Vec::new());
        for key in &keys[..share] {
            match self.members[&id].store.get(key) {
                Some(stored) => arrived.push((*key, stored.clone())),
                None => missing.push(*key),
            }
        }
        self.answer(id, asker, arrived, missing, broke_off);
    }

    fn answer(
        &mut self,
        peer: WorkerId,
        asker: WorkerId,
        arrived: Vec<(Key, Stored)>,
        missing: Vec<Key>,
        broke_off: bool,
    ) {
        let served = ToWorker::Served {
            peer,
            arrived,
            missing,
            broke_off,
        };
        let happening = Happening::WorkerGets(asker, served);
        self.send(Node::Worker(peer), Node::Worker(asker), happening);
    }

    /// All executions end, as the worker has lost the scheduler.
    pub(super) fn end_all_executions(&mut self, id: WorkerId) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let executing = member.executing.iter();
        let executing: Vec<_> = executing.map(|(key, it)| (*key, it.attempt)).collect();
        for (key, attempt) in executing {
            self.execution_ends(id, key, attempt);
        }
    }

    /// What a task runs is not there yet.
    pub(super) fn execution_delayed(&mut self, id: WorkerId, key: Key, attempt: Attempt) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let current = member.executing.get(&key);
        // It may have come to its end.
        if current.is_none_or(|it| it.attempt != attempt) {
            return;
        }
        fault("delayed execution");
        let was_interrupted = member.end(key).is_some_and(|it| it.interrupted);
        if !was_interrupted {
            member.preparing.insert(key, attempt);
            let nanos = self.rng.random_range(1_000..30_000_000);
            let prepared = Happening::ExecutionPrepared(id, key, attempt);
            self.timeline.after(nanos, prepared);
        }
        self.feed_worker(id, worker::Event::ExecutionDelayed { key, attempt });
    }

    pub(super) fn execution_prepared(&mut self, id: WorkerId, key: Key, attempt: Attempt) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        if member.preparing.get(&key) == Some(&attempt) {
            member.preparing.remove(&key);
            self.feed_worker(id, worker::Event::ExecutionPrepared { key, attempt });
        }
    }

    /// An execution has come to its end, or was interrupted, which may come too late.
    pub(super) fn execution_ends(&mut self, id: WorkerId, key: Key, attempt: Attempt) {
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        let current = member.executing.get(&key);
        if current.is_none_or(|execution| execution.attempt != attempt) {
            return;
        }
        let Some(execution) = member.end(key) else {
            return;
        };
        let ran = Duration::from_micros(self.rng.random_range(1..300));
        self.runs += 1;
        let result = self.outcome(id, &execution).map(|stored| {
            let nbytes = stored.nbytes();
            if let Some(member) = self.members.get_mut(&id) {
                member.store.insert(key, stored);
            }
            TaskResult {
                nbytes,
                inline: None,
                duration: ran,
            }
        });
        self.feed_worker(
            id,
            worker::Event::ExecutionDone {
                key,
                attempt,
                result,
                ran: execution.is_running.then_some(ran),
            },
        );
    }

    fn outcome(&mut self, id: WorkerId, execution: &Execution) -> Result<Stored, Arc<Failure>> {
        let key = execution.task.key;
        let vertex = self
            .universes
            .iter()
            .find_map(|universe| universe.vertices.get(&key));
        let behaviour = vertex.map(|vertex| vertex.behaviour);
        let failed = |kind| Err(failure(key, kind));
        if !execution.is_running {
            return failed(FailureKind::Cancelled);
        }
        if execution.interrupted && self.rng.random_bool(0.7) {
            return failed(FailureKind::Cancelled);
        }
        let store = &self.members[&id].store;
        if !execution
            .inputs
            .iter()
            .all(|(input, _)| store.contains_key(input))
        {
            return failed(FailureKind::Unavailable);
        }
        let inputs = execution.inputs.clone();
        let value = oracle::evaluate(key, inputs.iter().map(|(_, value)| *value));
        let value = match behaviour {
            Some(Behaviour::GuestError) => return failed(FailureKind::GuestError),
            Some(Behaviour::Trap) => return failed(FailureKind::Trap),
            Some(Behaviour::Flaky) if self.rng.random_bool(0.3) => {
                return failed(FailureKind::OutOfMemory);
            }
            Some(Behaviour::Impure) => oracle::mix(value, self.runs),
            _ => value,
        };
        if self.timeline.nanos() < self.members[&id].full_until {
            fault("full memory");
            return failed(FailureKind::OutOfMemory);
        }
        Ok(Stored { value, inputs })
    }
}

fn failure(origin: Key, kind: FailureKind) -> Arc<Failure> {
    Arc::new(Failure {
        kind,
        origin,
        label: "simulated".into(),
        message: "as planned".to_owned(),
        value: None,
        error_type: None,
        backtrace: Vec::new(),
        log: String::new(),
        worker: String::new(),
    })
}
