//! Tests of the worker core: given events, exactly these actions.
//!
//! The worker under test is worker 1; keys have names. Actions are compared as text: `fetch a,b
//! from w2`, `execute x#1`, `interrupt x#1`, `drop x`, and what is told the scheduler: `> finished
//! x#1`, `> erred x#1`, `> missing x#1: a@w2`, `> added a`, `> gone a`.

mod cancelling;
mod executing;
mod fetching;
mod freeing;
mod preparing;
mod returning;
mod staging;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;

use super::{Action, Config, Counts, Event, ToScheduler, WorkerCore};
use crate::{
    Arguments, Attempt, Definition, Digest, Failure, FailureKind, Key, ScatterId, TaskKind,
    TaskOptions, TaskSpec, Time, TypeId, WorkerId,
    scheduler::{Input, TaskResult},
    task::Priority,
};

struct Harness {
    core: WorkerCore,
    names: BTreeMap<Key, &'static str>,
}

/// An input and who holds it.
type From = (&'static str, &'static [u32]);

impl Harness {
    /// A worker with one slot.
    fn new() -> Self {
        Self::with_config(Config::default())
    }

    fn with_slots(slots: u32) -> Self {
        Self::with_config(Config {
            slots,
            ..Config::default()
        })
    }

    fn with_config(config: Config) -> Self {
        Self {
            core: WorkerCore::new(WorkerId(1), config),
            names: BTreeMap::new(),
        }
    }

    fn send(&mut self, event: Event) {
        self.handle(event);
        self.core.schedule(Time::ZERO);
        self.core.check_invariants();
    }

    /// Without starting anything: there is more in the batch.
    fn handle(&mut self, event: Event) {
        self.core.handle(Time::ZERO, event);
        self.core.check_invariants();
    }

    /// These actions came since the last time, and no others.
    #[track_caller]
    fn expect<const N: usize>(&mut self, expected: [&str; N]) {
        let actions = std::iter::from_fn(|| self.core.poll_action());
        let texts: Vec<_> = actions.map(|action| text(&self.names, &action)).collect();
        assert_eq!(texts, expected);
    }

    #[track_caller]
    fn expect_empty(&self) {
        assert!(self.core.is_empty() && self.core.counts() == Counts::default());
    }

    fn key(&mut self, name: &'static str) -> Key {
        let key = Key::of_data("tenant", "key", name.as_bytes());
        self.names.insert(key, name);
        key
    }

    /// Names in alphabetical order run in that order.
    fn task(&mut self, name: &'static str, attempt: u32, inputs: &[From]) -> Event {
        let kind = TaskKind::function(Digest([0; 32]), "f");
        let key = self.key(name);
        let task = TaskSpec {
            key,
            definition: Arc::new(Definition::new("tenant", kind, TaskOptions::default())),
            arguments: Arguments::default(),
            dependencies: inputs.iter().map(|(name, _)| self.key(name)).collect(),
            salt: 0,
            result_type: TypeId(0),
        };
        let inputs = inputs.iter().map(|(name, holders)| Input {
            key: self.key(name),
            nbytes: 10,
            holders: holders.iter().copied().map(WorkerId).collect(),
        });
        Event::ComputeTask {
            inputs: inputs.collect(),
            task: Arc::new(task),
            attempt: Attempt(attempt),
            priority: Priority {
                user: std::cmp::Reverse(0),
                submission: 0,
                order: name
                    .bytes()
                    .fold(0, |order, byte| order << 8 | u32::from(byte)),
            },
        }
    }

    fn compute<const N: usize>(&mut self, name: &'static str, attempt: u32, inputs: [From; N]) {
        let event = self.task(name, attempt, &inputs);
        self.send(event);
    }

    fn cancel(&mut self, name: &'static str, attempt: u32) {
        let key = self.key(name);
        let attempt = Attempt(attempt);
        self.send(Event::CancelTask { key, attempt });
    }

    fn done(&mut self, name: &'static str, attempt: u32) {
        let result = Ok(TaskResult {
            nbytes: 10,
            inline: Some(Bytes::from_static(b"value")),
            duration: Duration::from_millis(1),
        });
        self.end(name, attempt, result);
    }

    fn failed(&mut self, name: &'static str, attempt: u32) {
        let failure = Failure {
            kind: FailureKind::Trap,
            origin: self.key(name),
            label: "f".into(),
            message: String::new(),
            value: None,
            error_type: None,
            backtrace: Vec::new(),
            log: String::new(),
            worker: "name".to_owned(),
        };
        self.end(name, attempt, Err(Arc::new(failure)));
    }

    fn end(&mut self, name: &'static str, attempt: u32, result: Result<TaskResult, Arc<Failure>>) {
        let key = self.key(name);
        let attempt = Attempt(attempt);
        self.send(Event::ExecutionDone {
            key,
            attempt,
            result,
            ran: Some(Duration::from_millis(1)),
        });
    }

    fn fetched<const N: usize>(&mut self, peer: u32, names: [&'static str; N]) {
        self.fetched_but(peer, names, []);
    }

    fn fetched_but<const N: usize, const M: usize>(
        &mut self,
        peer: u32,
        arrived: [&'static str; N],
        missing: [&'static str; M],
    ) {
        let arrived = arrived.map(|name| (self.key(name), 10)).into();
        let missing = missing.map(|name| self.key(name)).into();
        self.send(Event::FetchDone {
            peer: WorkerId(peer),
            arrived,
            missing,
        });
    }

    fn fetch_failed<const N: usize>(&mut self, peer: u32, arrived: [&'static str; N]) {
        let arrived = arrived.map(|name| (self.key(name), 10)).into();
        let peer = WorkerId(peer);
        self.send(Event::FetchFailed { peer, arrived });
    }

    fn stage(&mut self, scatter: u64, name: &'static str) {
        let values = vec![(self.key(name), 10)];
        let scatter = ScatterId(scatter);
        self.send(Event::DataStaged { scatter, values });
    }

    /// A value is staged and kept.
    fn store(&mut self, name: &'static str) {
        self.stage(1, name);
        let scatter = ScatterId(1);
        self.send(Event::KeepData { scatter });
        let of_storing = |action: &Action| {
            let told = matches!(action, Action::Send(ToScheduler::DataKept { .. }));
            told || matches!(action, Action::Keep { .. })
        };
        self.core.actions.retain(|action| !of_storing(action));
    }

    fn free<const N: usize>(&mut self, names: [&'static str; N]) {
        let keys = names.map(|name| self.key(name)).into();
        self.send(Event::FreeKeys { keys });
    }

    fn gone(&mut self, name: &'static str) {
        let key = self.key(name);
        self.send(Event::DataGone { key });
    }
}

fn text(names: &BTreeMap<Key, &'static str>, action: &Action) -> String {
    let name = |key: &Key| names[key];
    match action {
        Action::Fetch { peer, keys } => {
            let keys: Vec<_> = keys.iter().map(|(key, _)| name(key)).collect();
            format!("fetch {} from w{}", keys.join(","), peer.0)
        }
        Action::Execute { task, attempt } => format!("execute {}#{}", name(&task.key), attempt.0),
        Action::Interrupt { key, attempt } => format!("interrupt {}#{}", name(key), attempt.0),
        Action::Keep { key, .. } => format!("keep {}", name(key)),
        Action::DropStaged { key, .. } => format!("drop staged {}", name(key)),
        Action::Drop { key } => format!("drop {}", name(key)),
        Action::Send(message) => match message {
            ToScheduler::TaskStarted { key, attempt } => {
                format!("> started {}#{}", name(key), attempt.0)
            }
            ToScheduler::TaskFinished { key, attempt, .. } => {
                format!("> finished {}#{}", name(key), attempt.0)
            }
            ToScheduler::TaskErred { key, attempt, .. } => {
                format!("> erred {}#{}", name(key), attempt.0)
            }
            ToScheduler::InputsMissing {
                key,
                attempt,
                missing,
            } => {
                let missing: Vec<_> = missing
                    .iter()
                    .map(|(key, holder)| format!("{}@w{}", name(key), holder.0))
                    .collect();
                let missing = missing.join(" ");
                format!("> missing {}#{}: {missing}", name(key), attempt.0)
            }
            ToScheduler::DataKept { key, .. } => format!("> kept {}", name(key)),
            ToScheduler::StagedMissing { scatter } => format!("> not staged {}", scatter.0),
            ToScheduler::AllFound => "> all found".to_owned(),
            ToScheduler::DataFound { key, .. } => format!("> found {}", name(key)),
            ToScheduler::ReplicaAdded { key } => format!("> added {}", name(key)),
            ToScheduler::ReplicaMissing { key } => format!("> gone {}", name(key)),
        },
    }
}
