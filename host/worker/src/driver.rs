//! The loop around the core: what happened goes in, what is to be done comes out.
//!
//! Each round takes in all that has happened since the last one, lets the core decide once, then
//! hands jobs to the executor and events to the scheduler in one go each.

use std::{rc::Rc, sync::Arc};

use futures::FutureExt;
use tokio::{
    sync::mpsc,
    task::{JoinSet, yield_now},
    time::Instant,
};
use wask_core::{
    Attempt, Failure, FailureKind, Key, Time, WorkerCore, WorkerId,
    scheduler::TaskResult,
    worker::{Action, Event, ToScheduler},
};
use wask_rpc::{Alarm, Outbox, Recorded, wire::Command};
use wask_sandbox::{Executor, Job, Outcome, Report, failure, nonce};

use crate::{
    awaited::Awaited,
    components::{Name, Needed, Obtained},
    executions::{Execution, Executions, Stage},
    fetch::fetch,
    node::{Input, Node},
    prepare::{Inputs, Prepared, Unprepared, prepare},
    staging::staging_key,
};

/// Inputs of one round, so that the rounds stay short.
const INPUTS_MAX: usize = 4096;

/// The core of a worker, and what carries out its wishes.
pub(crate) struct Driver<E> {
    node: Rc<Node>,
    core: Recorded<WorkerCore>,
    executor: E,
    executions: Executions,
    /// Tasks whose component is being got.
    awaited: Awaited,
    /// Tasks that this round has found to lack their component.
    delayed: Vec<(Key, Attempt)>,
    outbox: Rc<Outbox<ToScheduler>>,
    /// The number of the membership, from 1.
    membership: u64,
    /// Jobs of this round.
    jobs: Vec<Job>,
    /// Fetches, and preparations that could not be done at once. They end with the driver.
    tasks: JoinSet<()>,
    started: Instant,
}

impl<E: Executor> Driver<E> {
    pub(crate) fn new(
        node: Rc<Node>,
        core: Recorded<WorkerCore>,
        executor: E,
        outbox: Rc<Outbox<ToScheduler>>,
    ) -> Self {
        Self {
            node,
            core,
            executor,
            executions: Executions::default(),
            awaited: Awaited::default(),
            delayed: Vec::new(),
            outbox,
            membership: 1,
            jobs: Vec::new(),
            tasks: JoinSet::new(),
            started: Instant::now(),
        }
    }

    /// The membership is over: what the scheduler wanted ends, results stay. What is told until the
    /// next one begins is told to nobody.
    pub(crate) fn lose_scheduler(&mut self) {
        self.membership += 1;
        self.tasks.abort_all();
        self.node.peers.reset();
        self.outbox = Rc::new(Outbox::new(&self.node.limits));
        self.core.handle(self.now(), Event::SchedulerLost);
        self.act();
    }

    /// The worker is a member again. What it holds is told to `outbox`, and all that comes.
    pub(crate) fn find_scheduler(&mut self, id: WorkerId, outbox: Rc<Outbox<ToScheduler>>) {
        self.outbox = outbox;
        self.core.handle(self.now(), Event::SchedulerFound { id });
        self.act();
    }

    /// The number of the membership that is, or is to come.
    pub(crate) fn membership(&self) -> u64 {
        self.membership
    }

    /// Runs until the scheduler ends the membership, and gives its reason.
    pub(crate) async fn run(&mut self, inbox: &mut mpsc::UnboundedReceiver<Input>) -> String {
        let mut inputs = Vec::new();
        let mut alarm = Alarm::default();
        loop {
            tokio::select! {
                came = inbox.recv_many(&mut inputs, INPUTS_MAX) => if came == 0 { break },
                () = alarm.until(self.due()) => {}
            }
            let now = self.now();
            for input in inputs.drain(..) {
                if let Some(reason) = self.take_in(now, input) {
                    return reason;
                }
            }
            self.act();
            while self.tasks.try_join_next().is_some() {}
            // Lets connections go on, which also makes the next round a larger one.
            yield_now().await;
        }
        "its inbox was closed".to_owned()
    }

    /// Has done what the core wants done after a batch of events.
    fn act(&mut self) {
        loop {
            let now = self.now();
            self.core.schedule(now);
            while let Some(action) = self.core.poll_action() {
                self.perform(action);
            }
            if self.delayed.is_empty() {
                break;
            }
            // Others have their slots.
            for (key, attempt) in self.delayed.drain(..) {
                self.core
                    .handle(now, Event::ExecutionDelayed { key, attempt });
            }
        }
        self.hand_over();
        let running = u32::try_from(self.core.running()).unwrap_or(u32::MAX);
        self.node.executing.set(running);
    }

    /// Takes in one thing; the reason, where it is that the membership is over.
    fn take_in(&mut self, now: Time, input: Input) -> Option<String> {
        match input {
            Input::Commands(membership, _) if membership != self.membership => {}
            Input::Commands(_, batch) => {
                self.node.peers.learn(batch.peers);
                for command in batch.commands {
                    match command {
                        Command::Core(event) => self.core.handle(now, event),
                        Command::Close(reason) => return Some(reason),
                    }
                }
            }
            Input::Core(event) => self.core.handle(now, event),
            Input::Obtained(component) => {
                for (key, attempt) in self.awaited.take(&component) {
                    self.core
                        .handle(now, Event::ExecutionPrepared { key, attempt });
                }
            }
            Input::Prepared(token, prepared) => self.prepared(token, prepared),
            Input::Ran(token, report) => self.ran(now, token, report),
        }
        None
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Fetch { peer, keys } => {
                self.tasks.spawn_local(fetch(self.node.clone(), peer, keys));
            }
            Action::Execute { task, attempt } => {
                let component = match self.node.components.needed_by(&task) {
                    Needed::Known(name, component) if !self.awaited.contains(&name) => {
                        Some(component)
                    }
                    Needed::Known(name, _) | Needed::Wanted(name) => {
                        return self.delay(task.key, attempt, name);
                    }
                    Needed::Nothing => None,
                };
                let token = self.executions.insert(task, attempt);
                self.prepare(token, component);
            }
            Action::Interrupt { key, attempt } => self.interrupt(key, attempt),
            Action::Keep { scatter, key } => {
                self.node.store.rename(&staging_key(scatter, &key), key);
            }
            Action::DropStaged { scatter, key } => {
                self.node.store.remove(&staging_key(scatter, &key));
            }
            Action::Drop { key } => {
                self.node.store.remove(&key);
            }
            Action::Send(event) => self.outbox.push(event),
        }
    }

    /// Gets what a task runs, which may take long, while others have its slot. Whether that was to be
    /// had is found out when the task is handed over again.
    fn delay(&mut self, key: Key, attempt: Attempt, component: Name) {
        let (node, tasks) = (&self.node, &mut self.tasks);
        self.awaited.insert(component, key, attempt, || {
            let node = node.clone();
            tasks.spawn_local(async move {
                // The failure is remembered for the tasks.
                let _ = node.components.get(component).await;
                // The driver is gone only when the worker is.
                let _ = node.inbox.send(Input::Obtained(component));
            })
        });
        self.delayed.push((key, attempt));
    }

    /// Gets together what an execution needs, at once where it is all here.
    fn prepare(&mut self, token: u64, component: Option<Obtained>) {
        let Some(execution) = self.executions.get_mut(token) else {
            return;
        };
        let mut preparing = prepare(self.node.clone(), execution.task.clone(), component);
        match execution.span.in_scope(|| (&mut preparing).now_or_never()) {
            Some(Ok(inputs)) => {
                let job = job(token, execution, inputs);
                self.jobs.push(job);
            }
            Some(Err(why)) => self.give_up(token, why),
            None => {
                let inbox = self.node.inbox.clone();
                let waiting = self.tasks.spawn_local(async move {
                    // The driver is gone only when the worker is.
                    let _ = inbox.send(Input::Prepared(token, preparing.await));
                });
                execution.stage = Stage::Preparing(Some(waiting));
            }
        }
    }

    /// Hands this round's jobs over to the executor.
    fn hand_over(&mut self) {
        if !self.jobs.is_empty() {
            self.executor.submit(std::mem::take(&mut self.jobs));
        }
    }

    fn prepared(&mut self, token: u64, prepared: Prepared) {
        let Some(execution) = self.executions.get_mut(token) else {
            return;
        };
        match prepared {
            Ok(inputs) => {
                let job = job(token, execution, inputs);
                self.jobs.push(job);
            }
            Err(why) => self.give_up(token, why),
        }
    }

    /// Ends an execution that cannot run here.
    fn give_up(&mut self, token: u64, why: Unprepared) {
        let Some(execution) = self.executions.remove(token) else {
            return;
        };
        let message = match why {
            Unprepared::Work(message) => message,
            Unprepared::InputGone(key, message) => {
                // The core gives the task back for another try when it knows this.
                self.node.tell(Event::DataGone { key });
                message
            }
        };
        tracing::warn!(parent: &execution.span, "cannot run: {message}");
        self.fail(&execution, FailureKind::Unavailable, message);
    }

    fn interrupt(&mut self, key: Key, attempt: Attempt) {
        let Some(token) = self.executions.find(&key, attempt) else {
            return self.awaited.forget(&key, attempt);
        };
        let Some(execution) = self.executions.get_mut(token) else {
            return;
        };
        match &execution.stage {
            Stage::Running { .. } => {
                let unsent = self.jobs.iter().position(|job| job.token == token);
                let Some(unsent) = unsent else {
                    // Comes back as an outcome.
                    return self.executor.cancel(token);
                };
                self.jobs.remove(unsent);
            }
            Stage::Preparing(waiting) => {
                if let Some(waiting) = waiting {
                    waiting.abort();
                }
            }
        }
        if let Some(execution) = self.executions.remove(token) {
            let message = "the task was cancelled before it started";
            self.fail(&execution, FailureKind::Cancelled, message.to_owned());
        }
    }

    fn ran(&mut self, now: Time, token: u64, report: Report) {
        let Some(execution) = self.executions.remove(token) else {
            return;
        };
        let has_run = !matches!(report.outcome, Outcome::Cancelled);
        let ran = has_run.then_some(report.duration);
        let (duration, peak_memory) = (report.duration, report.peak_memory);
        let result = execution.span.in_scope(|| {
            let result = self.keep(&execution, report);
            match &result {
                Ok(TaskResult { nbytes, .. }) => {
                    tracing::debug!(nbytes, ?duration, peak_memory, "finished");
                }
                Err(failure) => tracing::debug!(?duration, peak_memory, "{failure}"),
            }
            result
        });
        let event = Event::ExecutionDone {
            key: execution.task.key,
            attempt: execution.attempt,
            result,
            ran,
        };
        self.core.handle(now, event);
    }

    /// Stores the result of an execution, or says why there is none.
    fn keep(&self, execution: &Execution, report: Report) -> Result<TaskResult, Arc<Failure>> {
        let (node, task) = (&self.node, &execution.task);
        let fail = |kind, why| Err(Arc::new(failure(task, &node.name, kind, why)));
        let Stage::Running { limits, error_type } = &execution.stage else {
            let why = "the executor reported a task that it was not given".to_owned();
            return fail(FailureKind::Unavailable, why);
        };
        let duration = report.duration;
        if !report.log.bytes.is_empty() {
            tracing::debug!("printed:\n{}", report.log);
        }
        let value = report.value_or_failure(task, &node.name, limits, error_type.as_ref())?;
        let nbytes = value.len() as u64;
        let small = value.len() <= node.limits.inline_bytes;
        let inline = small.then(|| value.clone());
        if let Err(full) = node.store.put(task.key, value) {
            return fail(FailureKind::OutOfMemory, full.to_string());
        }
        Ok(TaskResult {
            nbytes,
            inline,
            duration,
        })
    }

    /// Tells the core in the next round that an execution ended without running.
    fn fail(&self, execution: &Execution, kind: FailureKind, message: String) {
        let failure = failure(&execution.task, &self.node.name, kind, message);
        self.node.tell(Event::ExecutionDone {
            key: execution.task.key,
            attempt: execution.attempt,
            result: Err(Arc::new(failure)),
            ran: None,
        });
    }

    /// When the core is to be asked again if nothing happens before.
    fn due(&self) -> Option<Instant> {
        let due = self.core.poll_timeout()?;
        Some(self.started + (due - Time::ZERO))
    }

    fn now(&self) -> Time {
        let nanos = self.started.elapsed().as_nanos();
        Time::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The job that a prepared execution is to the executor.
fn job(token: u64, execution: &mut Execution, inputs: Inputs) -> Job {
    execution.stage = Stage::Running {
        limits: inputs.limits,
        error_type: inputs.work.error_type(),
    };
    Job {
        token,
        work: inputs.work,
        arguments: inputs.arguments,
        nonce: nonce(&execution.task),
        limits: inputs.limits,
    }
}
