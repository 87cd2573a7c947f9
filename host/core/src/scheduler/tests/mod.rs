//! Tests of the scheduler core: given events, exactly these actions.
//!
//! Workers and sessions have numbers, keys have names. Actions are compared as text:
//!
//! - `w1: compute y#1 from x@w1,w2`: worker 1 runs the first attempt of `y`, finding `x` on
//!   workers 1 and 2;
//! - `w1: cancel x#1`, `w1: free x,y`, `w1: close`;
//! - `s1: x finished`, `s1: x erred by y`: what session 1 hears of `x`.

mod ahead;
mod cancelling;
mod datasets;
mod detaching;
mod errors;
mod large_inputs;
mod losing_workers;
mod placement;
mod releasing;
mod returning;
mod scattering;
mod stale;
mod submitting;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;

use super::{
    Action, Config, Counts, DataHeader, Event, Input, KeyState, SchedulerCore, Spread, TaskResult,
    WorkerInfo,
};
use crate::{
    Arguments, Attempt, Definition, Digest, Failure, FailureKind, Key, ScatterId, SessionId,
    TASK_MEMORY_MAX, TaskKind, TaskOptions, TaskSpec, TenantId, Time, TypeId, WorkerId,
};

const TENANT: TenantId = TenantId(1);

/// A task by name, to be submitted.
#[derive(Clone)]
struct TaskOf {
    name: &'static str,
    function: &'static str,
    after: Vec<&'static str>,
    options: TaskOptions,
}

fn task(name: &'static str) -> TaskOf {
    TaskOf {
        name,
        function: "f",
        after: Vec::new(),
        options: TaskOptions::default(),
    }
}

impl TaskOf {
    fn after<const N: usize>(self, after: [&'static str; N]) -> Self {
        let after = after.into();
        Self { after, ..self }
    }

    fn function(self, function: &'static str) -> Self {
        Self { function, ..self }
    }

    fn options(mut self, change: impl FnOnce(&mut TaskOptions)) -> Self {
        change(&mut self.options);
        self
    }

    fn impure(self) -> Self {
        self.options(|options| options.pure = false)
    }

    fn retries(self, retries: u32) -> Self {
        self.options(|options| options.retries = retries)
    }
}

struct Harness {
    core: SchedulerCore,
    now: Time,
    keys: BTreeMap<&'static str, Key>,
    names: BTreeMap<Key, &'static str>,
}

impl Harness {
    /// An empty cluster and session 1.
    fn new() -> Self {
        Self::with_config(Config::default())
    }

    fn with_config(config: Config) -> Self {
        let mut h = Self {
            core: SchedulerCore::new(config),
            now: Time::ZERO,
            keys: BTreeMap::new(),
            names: BTreeMap::new(),
        };
        h.open(1, TENANT);
        h
    }

    /// Workers 1 to `workers`, with so many slots each, and session 1.
    fn with_workers(workers: u32, slots: u32) -> Self {
        let mut h = Self::new();
        for worker in 1..=workers {
            h.join(worker, slots);
        }
        h
    }

    fn send(&mut self, event: Event) {
        self.send_all([event]);
    }

    /// A batch: events are handled one by one, then there is one placement.
    fn send_all<const N: usize>(&mut self, events: [Event; N]) {
        for event in events {
            self.core.handle(self.now, event);
            self.core.check_invariants();
        }
        self.core.schedule(self.now);
        self.core.check_invariants();
    }

    /// These actions came since the last time, and no others.
    #[track_caller]
    fn expect<const N: usize>(&mut self, expected: [&str; N]) {
        let actions = std::iter::from_fn(|| self.core.poll_action());
        let actions: Vec<_> = actions.collect();
        let texts: Vec<_> = actions.iter().map(|action| self.text(action)).collect();
        assert_eq!(texts, expected);
    }

    fn later(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.core.schedule(self.now);
        self.core.check_invariants();
    }

    fn open(&mut self, session: u64, tenant: TenantId) {
        let session = SessionId(session);
        self.send(Event::SessionOpened { session, tenant });
    }

    fn close(&mut self, session: u64) {
        let session = SessionId(session);
        self.send(Event::SessionClosed { session });
    }

    fn join(&mut self, worker: u32, slots: u32) {
        self.join_as(worker, |info| info.slots = slots);
    }

    fn join_as(&mut self, worker: u32, change: impl FnOnce(&mut WorkerInfo)) {
        let mut info = WorkerInfo {
            name: format!("name-{worker}").into(),
            slots: 1,
            memory_limit: 1 << 30,
            task_memory: TASK_MEMORY_MAX,
            resources: BTreeMap::new(),
            returning: false,
            previous: None,
        };
        change(&mut info);
        let worker = WorkerId(worker);
        self.send(Event::WorkerJoined { worker, info });
    }

    fn submit<const N: usize, const M: usize>(
        &mut self,
        session: u64,
        tasks: [TaskOf; N],
        wanted: [&'static str; M],
    ) {
        let event = self.submission(session, tasks, wanted);
        self.send(event);
    }

    fn submission<const N: usize, const M: usize>(
        &mut self,
        session: u64,
        tasks: [TaskOf; N],
        wanted: [&'static str; M],
    ) -> Event {
        let tasks = tasks.map(|task| self.spec(&task)).into();
        Event::TasksSubmitted {
            session: SessionId(session),
            tasks,
            wanted: wanted.map(|name| self.key(name)).into(),
        }
    }

    fn spec(&mut self, task: &TaskOf) -> TaskSpec {
        let kind = TaskKind::function(Digest([0; 32]), task.function);
        let spec = TaskSpec::new(
            Arc::new(Definition::new("tenant", kind, task.options.clone())),
            Arguments {
                bytes: Bytes::from_static(task.name.as_bytes()),
                holes: Box::default(),
            },
            task.after.iter().map(|name| self.key(name)).collect(),
            0,
            TypeId(0),
        );
        self.name(task.name, spec.key);
        spec
    }

    fn name(&mut self, name: &'static str, key: Key) {
        self.keys.insert(name, key);
        self.names.insert(key, name);
    }

    #[track_caller]
    fn key(&self, name: &str) -> Key {
        self.keys[name]
    }

    fn release<const N: usize>(&mut self, session: u64, names: [&str; N]) {
        self.send(Event::KeysReleased {
            session: SessionId(session),
            keys: names.map(|name| self.key(name)).into(),
        });
    }

    fn cancel<const N: usize>(&mut self, session: u64, names: [&str; N]) {
        self.send(Event::KeysCancelled {
            session: SessionId(session),
            keys: names.map(|name| self.key(name)).into(),
        });
    }

    fn detach<const N: usize>(&mut self, session: u64, names: [&str; N]) {
        self.send(Event::KeysDetached {
            session: SessionId(session),
            keys: names.map(|name| self.key(name)).into(),
        });
    }

    fn scatter(&mut self, session: u64, name: &'static str, worker: u32) {
        // To that worker and no other: where there are several, it goes to the one it is meant for.
        self.offer(session, 100 + session, &[(name, 100)], Spread::One);
        let chosen = self.parts();
        assert!(chosen.is_empty() || chosen == [worker], "{chosen:?}");
        if !chosen.is_empty() {
            self.staged(worker, 100 + session);
            self.kept(worker, 100 + session, name);
        }
        let extra = |action: &Action| {
            matches!(
                action,
                Action::KeepData { .. } | Action::StageData { .. } | Action::ScatterDone { .. }
            )
        };
        self.core.actions.retain(|action| !extra(action));
        self.core.reports.retain(|action| !extra(action));
    }

    fn offer(
        &mut self,
        session: u64,
        scatter: u64,
        values: &[(&'static str, u64)],
        spread: Spread,
    ) {
        let header = |(name, nbytes): &(&'static str, u64)| {
            let key = Key::of_data("tenant", "string", name.as_bytes());
            self.name(name, key);
            DataHeader {
                key,
                result_type: TypeId(0),
                nbytes: *nbytes,
            }
        };
        let values = values.iter().map(header).collect();
        self.send(Event::ScatterOffered {
            session: SessionId(session),
            scatter: ScatterId(scatter),
            values,
            spread,
        });
    }

    /// The workers that the last offer goes to.
    fn parts(&self) -> Vec<u32> {
        let parts = self
            .core
            .reports
            .iter()
            .rev()
            .find_map(|action| match action {
                Action::StageData { parts, .. } => Some(parts),
                _ => None,
            });
        let parts = parts.into_iter().flatten();
        parts.map(|(worker, _)| worker.0).collect()
    }

    fn staged(&mut self, worker: u32, scatter: u64) {
        self.send(Event::DataStaged {
            worker: WorkerId(worker),
            scatter: ScatterId(scatter),
        });
    }

    fn kept(&mut self, worker: u32, scatter: u64, name: &str) {
        self.send(Event::DataKept {
            worker: WorkerId(worker),
            scatter: ScatterId(scatter),
            key: self.key(name),
        });
    }

    fn finish(&mut self, worker: u32, name: &str, attempt: u32) {
        self.send(self.finished(worker, name, attempt, 100));
    }

    /// The task ran for a millisecond.
    fn finished(&self, worker: u32, name: &str, attempt: u32, nbytes: u64) -> Event {
        Event::TaskFinished {
            worker: WorkerId(worker),
            key: self.key(name),
            attempt: Attempt(attempt),
            result: TaskResult {
                nbytes,
                inline: None,
                duration: Duration::from_millis(1),
            },
        }
    }

    fn start(&mut self, worker: u32, name: &str, attempt: u32) {
        self.send(Event::TaskStarted {
            worker: WorkerId(worker),
            key: self.key(name),
            attempt: Attempt(attempt),
        });
    }

    fn fail(&mut self, worker: u32, name: &str, attempt: u32, kind: FailureKind) {
        self.send(Event::TaskErred {
            worker: WorkerId(worker),
            key: self.key(name),
            attempt: Attempt(attempt),
            failure: Arc::new(Failure {
                kind,
                origin: self.key(name),
                label: "f".into(),
                message: String::new(),
                value: None,
                error_type: None,
                backtrace: Vec::new(),
                log: String::new(),
                worker: format!("name-{worker}"),
            }),
        });
    }

    fn miss(&mut self, worker: u32, name: &str, attempt: u32, missing: &[(&str, u32)]) {
        let missing = missing
            .iter()
            .map(|(name, holder)| (self.key(name), WorkerId(*holder)));
        self.send(Event::InputsMissing {
            worker: WorkerId(worker),
            key: self.key(name),
            attempt: Attempt(attempt),
            missing: missing.collect(),
        });
    }

    fn copied(&mut self, worker: u32, name: &str) {
        let key = self.key(name);
        let worker = WorkerId(worker);
        self.send(Event::ReplicaAdded { worker, key });
    }

    fn gone(&mut self, worker: u32, name: &str) {
        let key = self.key(name);
        let worker = WorkerId(worker);
        self.send(Event::ReplicaMissing { worker, key });
    }

    fn lose(&mut self, worker: u32) {
        let worker = WorkerId(worker);
        self.send(Event::WorkerLost {
            worker,
            may_return: false,
        });
    }

    fn cut(&mut self, worker: u32) {
        let worker = WorkerId(worker);
        self.send(Event::WorkerLost {
            worker,
            may_return: true,
        });
    }

    fn all_found(&mut self, worker: u32) {
        let worker = WorkerId(worker);
        self.send(Event::AllFound { worker });
    }

    fn find(&mut self, worker: u32, name: &str) {
        self.send(Event::DataFound {
            worker: WorkerId(worker),
            key: self.key(name),
            nbytes: 100,
        });
    }

    fn counts(&self) -> Counts {
        self.core.counts()
    }

    /// Nothing is known any more.
    #[track_caller]
    fn expect_empty(&self) {
        assert_eq!(self.counts().tasks(), 0);
    }

    fn text(&self, action: &Action) -> String {
        let name = |key: &Key| self.names.get(key).copied().unwrap_or("?");
        match action {
            Action::ComputeTask {
                worker,
                task,
                attempt,
                inputs,
                ..
            } => {
                let inputs: Vec<_> = inputs.iter().map(|input| self.text_of(input)).collect();
                let from = if inputs.is_empty() { "" } else { " from " };
                let (task, inputs) = (name(&task.key), inputs.join(" "));
                format!("w{}: compute {task}#{}{from}{inputs}", worker.0, attempt.0)
            }
            Action::CancelTask {
                worker,
                key,
                attempt,
            } => format!("w{}: cancel {}#{}", worker.0, name(key), attempt.0),
            Action::FreeKeys { worker, keys } => {
                let keys: Vec<_> = keys.iter().map(name).collect();
                format!("w{}: free {}", worker.0, keys.join(","))
            }
            Action::StageData { parts, .. } => {
                let part = |(worker, keys): &(WorkerId, Vec<Key>)| {
                    let keys: Vec<_> = keys.iter().map(name).collect();
                    format!("{} to w{}", keys.join(","), worker.0)
                };
                let parts: Vec<_> = parts.iter().map(part).collect();
                format!("stage {}", parts.join(" "))
            }
            Action::KeepData { worker, scatter } => format!("w{}: keep {}", worker.0, scatter.0),
            Action::DropStaged { worker, scatter } => {
                format!("w{}: drop staged {}", worker.0, scatter.0)
            }
            Action::ScatterDone { scatter, outcome } => match outcome {
                Ok(()) => format!("{} done", scatter.0),
                Err(error) => format!("{} failed: {error:?}", scatter.0),
            },
            Action::CloseWorker { worker, .. } => format!("w{}: close", worker.0),
            Action::Report {
                session,
                key,
                state,
            } => {
                let state = match state {
                    KeyState::Pending => "pending".to_owned(),
                    KeyState::Finished {
                        was_there: true, ..
                    } => "there already".to_owned(),
                    KeyState::Finished { inline: None, .. } => "finished".to_owned(),
                    KeyState::Finished { .. } => "finished with its value".to_owned(),
                    KeyState::Erred(failure) => format!("erred by {}", name(&failure.origin)),
                    KeyState::Cancelled => "cancelled".to_owned(),
                    KeyState::Lost(failure) => format!("lost by {}", name(&failure.origin)),
                };
                format!("s{}: {} {state}", session.0, name(key))
            }
        }
    }

    fn text_of(&self, input: &Input) -> String {
        let holders: Vec<_> = input
            .holders
            .iter()
            .map(|id| format!("w{}", id.0))
            .collect();
        format!("{}@{}", self.names[&input.key], holders.join(","))
    }
}
