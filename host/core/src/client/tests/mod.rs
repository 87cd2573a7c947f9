//! Tests of the client core: given events, exactly these actions.
//!
//! Tasks have names. Actions are compared as text: `push submit a,b want c detach d release e cancel
//! f`, where what is not wanted stands in brackets, `upload 1`, `sync`, `synced 1`, `resolved a`.

mod cancelling;
mod holding;
mod resuming;
mod sending;

use std::{collections::BTreeMap, sync::Arc};

use super::{Action, ClientCore, Config, Event, News, State, Submission};
use crate::{
    Arguments, Definition, Digest, Failure, FailureKind, Key, Refusal, RefusalCode, TaskKind,
    TaskOptions, TaskSpec, TypeId, scheduler::KeyState,
};

struct Harness {
    core: ClientCore,
    names: BTreeMap<Key, &'static str>,
    definition: Arc<Definition>,
}

impl Harness {
    fn new() -> Self {
        Self::with_config(Config::default())
    }

    /// A session that outlives its connection.
    fn resuming() -> Self {
        Self::with_config(Config {
            resend_bytes: Some(1 << 20),
            ..Config::default()
        })
    }

    fn with_config(config: Config) -> Self {
        let kind = TaskKind::function(Digest([0; 32]), "f");
        Self {
            core: ClientCore::new(config),
            names: BTreeMap::new(),
            definition: Arc::new(Definition::new("tenant", kind, TaskOptions::default())),
        }
    }

    fn handle(&mut self, event: Event) {
        self.core.handle(event);
        self.core.check_invariants();
    }

    fn key(&mut self, name: &'static str) -> Key {
        let key = Key::of_data("tenant", "key", name.as_bytes());
        self.names.insert(key, name);
        key
    }

    fn keys<const N: usize>(&mut self, names: [&'static str; N]) -> Vec<Key> {
        names.map(|name| self.key(name)).into()
    }

    /// A task of 100 bytes, and of 10 for its definition.
    fn submission(&mut self, name: &'static str, inputs: &[&'static str]) -> Submission {
        let task = TaskSpec {
            key: self.key(name),
            definition: self.definition.clone(),
            arguments: Arguments::default(),
            dependencies: inputs.iter().map(|name| self.key(name)).collect(),
            salt: 0,
            result_type: TypeId(0),
        };
        Submission {
            task,
            bytes: 100,
            definition_bytes: 10,
        }
    }

    fn submit<const N: usize>(&mut self, names: [&'static str; N]) {
        let tasks = names.map(|name| self.submission(name, &[])).into();
        self.handle(Event::TasksSubmitted { tasks });
    }

    fn submit_on(&mut self, name: &'static str, inputs: &[&'static str]) {
        let tasks = vec![self.submission(name, inputs)];
        self.handle(Event::TasksSubmitted { tasks });
    }

    fn want<const N: usize>(&mut self, names: [&'static str; N]) {
        let keys = self.keys(names);
        self.handle(Event::KeysWanted { keys });
    }

    fn release<const N: usize>(&mut self, names: [&'static str; N]) {
        let keys = self.keys(names);
        self.handle(Event::KeysReleased { keys });
    }

    fn cancel<const N: usize>(&mut self, names: [&'static str; N]) {
        let keys = self.keys(names);
        self.handle(Event::KeysCancelled { keys });
    }

    fn detach<const N: usize>(&mut self, names: [&'static str; N]) {
        let keys = self.keys(names);
        self.handle(Event::KeysDetached { keys });
    }

    fn hold(&mut self, name: &'static str) {
        let key = self.key(name);
        self.handle(Event::KeyHeld { key });
    }

    fn offer_data(&mut self, name: &'static str) {
        let key = self.key(name);
        self.handle(Event::DataOffered { key });
    }

    fn stored(&mut self, name: &'static str) {
        let key = self.key(name);
        self.handle(Event::DataStored { key, nbytes: 7 });
    }

    fn not_stored(&mut self, name: &'static str) {
        let key = self.key(name);
        self.handle(Event::DataRefused { key });
    }

    fn told(&mut self, name: &'static str, state: KeyState) {
        let news = vec![(self.key(name), News::State(state))];
        self.handle(Event::Told { news });
    }

    fn finished(&mut self, name: &'static str) {
        let state = KeyState::Finished {
            nbytes: 10,
            inline: None,
            was_there: false,
        };
        self.told(name, state);
    }

    fn cancelled(&mut self, name: &'static str) {
        self.told(name, KeyState::Cancelled);
    }

    fn refused(&mut self, name: &'static str) {
        let refusal = Refusal::new(RefusalCode::Invalid, "no");
        let news = vec![(self.key(name), News::Refused(refusal))];
        self.handle(Event::Told { news });
    }

    fn lost(&mut self, name: &'static str) {
        let failure = Failure {
            kind: FailureKind::DataLost,
            origin: self.key(name),
            label: "f".into(),
            message: String::new(),
            value: None,
            error_type: None,
            backtrace: Vec::new(),
            log: String::new(),
            worker: String::new(),
        };
        self.told(name, KeyState::Lost(Arc::new(failure)));
    }

    fn sync(&mut self, sync: u64) {
        self.handle(Event::SyncAsked { sync });
    }

    fn offer(&mut self, number: u8) {
        let (digest, bytes) = (Digest([number; 32]), 1000);
        self.handle(Event::ComponentOffered { digest, bytes });
    }

    /// Sends one thing, without saying that it was sent.
    #[track_caller]
    fn expect_next<const N: usize>(&mut self, expected: [&str; N]) {
        self.core.schedule();
        assert_eq!(self.texts(), expected);
        self.core.check_invariants();
    }

    /// All that there is to be done and to be sent, each thing taken in.
    #[track_caller]
    fn expect<const N: usize>(&mut self, expected: [&str; N]) {
        let mut texts = self.texts();
        loop {
            self.core.schedule();
            let some = self.texts();
            if some.is_empty() {
                break;
            }
            let answer = match some.iter().any(|text| text == "sync") {
                true => Event::Acknowledged,
                false => Event::Sent,
            };
            texts.extend(some);
            self.handle(answer);
            texts.extend(self.texts());
        }
        assert_eq!(texts, expected);
    }

    fn texts(&mut self) -> Vec<String> {
        let actions = std::iter::from_fn(|| self.core.poll_action());
        actions.map(|action| text(&self.names, &action)).collect()
    }

    /// The state's name.
    fn state(&mut self, name: &'static str) -> &'static str {
        let key = self.key(name);
        match self.core.state(&key) {
            None => "unknown",
            Some(State::Released) => "released",
            Some(State::Storing) => "storing",
            Some(State::Pending) => "pending",
            Some(State::Finished { .. }) => "finished",
            Some(State::Erred(_)) => "erred",
            Some(State::Cancelled) => "cancelled",
            Some(State::Lost(_)) => "lost",
            Some(State::Refused(_)) => "refused",
            Some(State::Gone) => "gone",
        }
    }
}

fn text(names: &BTreeMap<Key, &'static str>, action: &Action) -> String {
    let batch = match action {
        Action::Push { batch, .. } => batch,
        Action::Upload { digest } => return format!("upload {}", digest.0[0]),
        Action::Sync => return "sync".into(),
        Action::Synced { sync } => return format!("synced {sync}"),
        Action::Resolved { key } => return format!("resolved {}", names[key]),
    };
    let tasks = batch.tasks.iter().map(|(task, wanted)| match wanted {
        true => names[&task.key].to_owned(),
        false => format!("({})", names[&task.key]),
    });
    let mut text = String::from("push");
    let mut add = |what: &str, names: Vec<String>| {
        if !names.is_empty() {
            text += &format!(" {what} {}", names.join(","));
        }
    };
    let list = |keys: &[Key]| keys.iter().map(|key| names[key].to_owned()).collect();
    add("submit", tasks.collect());
    add("want", list(&batch.wanted));
    add("detach", list(&batch.detached));
    add("release", list(&batch.released));
    add("cancel", list(&batch.cancelled));
    text
}
