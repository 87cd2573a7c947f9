//! What the tests of several modules need: a session that goes nowhere, and functions.

use std::sync::Arc;

use tokio::sync::mpsc;
use wask_core::{
    Arguments, Definition, Digest, Key, TaskKind, TaskRules, TaskSpec, TypeId,
    client::{Config, News},
    scheduler::KeyState,
};
use wask_rpc::{
    Limits,
    wire::{ComponentInfo, FunctionInfo},
};

use crate::{
    Component, Function,
    driver::{Driver, Outgoing},
    handle::{Description, Handle},
    remote::Welcome,
    session::Session,
};

/// A session whose RPC thread is gone: what it would send stays in the driver.
pub(crate) fn session() -> Arc<Session> {
    let (requests, _) = mpsc::unbounded_channel();
    let (address, tenant) = ("inproc://nowhere".into(), "default".into());
    let driver = Arc::new(Driver::new(Config::default(), 1 << 20));
    let welcome = Welcome {
        tenant,
        rules: TaskRules::default(),
    };
    let session = Session::new(address, welcome, Limits::default(), 1000, driver, requests);
    Arc::new(session)
}

/// A function `f` of the given type.
pub(crate) fn function(ty: &str) -> Function {
    let info = ComponentInfo {
        digest: Digest([7; 32]),
        name: None,
        file: None,
        size: 0,
        functions: vec![FunctionInfo {
            name: "f".into(),
            ty: ty.into(),
            docs: None,
        }],
    };
    let component = Component::new(info, None).unwrap();
    component.function("f").unwrap()
}

/// What futures of type `ty` have in common.
pub(crate) fn description(ty: &str) -> Arc<Description> {
    Arc::new(Description {
        label: "test".into(),
        ty: ty.parse().unwrap(),
    })
}

/// A task whose key depends on `number` alone, with `size` bytes of arguments.
pub(crate) fn task(number: u8, size: usize) -> TaskSpec {
    let kind = TaskKind::function(Digest([0; 32]), "f");
    let definition = Arc::new(Definition::new("default", kind, Default::default()));
    let arguments = Arguments {
        bytes: vec![number; size].into(),
        holes: Box::default(),
    };
    TaskSpec::new(definition, arguments, Box::default(), 0, TypeId(0))
}

/// What the scheduler says of a result that is these bytes.
pub(crate) fn finished(bytes: &[u8]) -> News {
    News::State(KeyState::Finished {
        nbytes: bytes.len() as u64,
        inline: Some(bytes.to_vec().into()),
        was_there: false,
    })
}

/// As if the scheduler said something of a key.
pub(crate) fn tell(handle: &Handle, news: News) {
    handle.session.driver.told(vec![(handle.key, news)]);
}

/// What a driver would send, as text: `submit 1,2 release 3`, one line for each message.
pub(crate) fn sent(driver: &Driver, names: &[(Key, String)]) -> Vec<String> {
    let name = |key: &Key| {
        let known = names.iter().find(|(known, _)| known == key);
        known.map_or_else(|| key.short(), |(_, name)| name.clone())
    };
    let list = |what: &str, keys: Vec<&Key>| match keys.is_empty() {
        true => None,
        false => Some(format!(
            "{what} {}",
            keys.into_iter().map(name).collect::<Vec<_>>().join(",")
        )),
    };
    let mut lines = Vec::new();
    while let Some(outgoing) = driver.next() {
        lines.push(match outgoing {
            Outgoing::Sync => {
                driver.acknowledged();
                "sync".into()
            }
            Outgoing::Upload(component) => format!("upload {}", component.digest()),
            Outgoing::Batch(batch) => {
                let parts = [
                    list(
                        "submit",
                        batch.tasks.iter().map(|(task, _)| &task.key).collect(),
                    ),
                    list("want", batch.wanted.iter().collect()),
                    list("detach", batch.detached.iter().collect()),
                    list("release", batch.released.iter().collect()),
                    list("cancel", batch.cancelled.iter().collect()),
                ];
                parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
        });
        driver.sent();
    }
    lines
}
