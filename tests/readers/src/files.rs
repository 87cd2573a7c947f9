//! Files: components, and what was spilled.

use std::{fs, path::Path, thread};

use bytes::Bytes;
use futures::executor::block_on;
use wask_component::{Component, Limits};
use wask_core::{Key, SchedulerCore, WorkerCore};
use wask_rpc::{Record, wire::Setup};
use wask_store::{Config, Found, Store};
use wask_value::FunctionType;

/// A binary component, as the scheduler admits it: the functions of one that is admitted have types
/// that can be told, and are found by their names.
pub fn component(input: &[u8]) {
    let Ok(component) = Component::from_binary(input.to_vec(), &Limits::default()) else {
        return;
    };
    for function in component.functions() {
        let told = function.ty.to_string().parse::<FunctionType>();
        assert_eq!(told.as_ref(), Ok(&function.ty));
        let found = component.function(&function.name).map(|found| &found.name);
        assert_eq!(found.ok(), Some(&function.name));
    }
}

/// The record of a core: what is told of the core is read to the first entry that makes no sense.
pub fn record(input: &[u8]) {
    let Ok(mut record) = Record::read(input) else {
        return;
    };
    match record.setup() {
        Setup::Scheduler(_) => while let Ok(Some(_)) = record.next_entry::<SchedulerCore>() {},
        Setup::Worker(..) => while let Ok(Some(_)) = record.next_entry::<WorkerCore>() {},
    }
}

/// What is found in the file of a spilled result: it is the result, or the result is gone.
pub fn spill_file(input: &[u8]) {
    const VALUE: &[u8] = b"\x0e\0\0\0to be or not to";
    let folder = tempfile::tempdir().expect("a folder for this test");
    let config = Config {
        spill_dir: Some(folder.path().to_owned()),
        spill_min: 0,
        ..Config::new(0)
    };
    let config = Config {
        hard_limit: 1 << 20,
        ..config
    };
    let store = Store::open(config).expect("a store in a new folder");
    let key = Key([7; 32]);
    // Bytes of its own: what somebody else holds stays in memory.
    let put = store.put(key, Bytes::from(VALUE.to_vec()));
    put.expect("room for a few bytes");
    while store.stats().spilled_bytes == 0 {
        // The store's own thread writes it, and tells nobody.
        thread::yield_now();
    }
    overwrite(folder.path(), input);
    let read = match store.get(&key) {
        Found::Loading(loading) => block_on(loading),
        found => panic!("a spilled result is {found:?}"),
    };
    match read {
        Ok(bytes) => assert_eq!((&*bytes, input), (VALUE, VALUE)),
        Err(_) => {
            assert_ne!(input, VALUE);
            assert!(!store.contains(&key), "what is gone is not here");
        }
    }
}

/// Puts other bytes into the only file of the only store in a folder.
fn overwrite(folder: &Path, bytes: &[u8]) {
    let mut changed = 0;
    for entry in fs::read_dir(folder).expect("the store's folder") {
        let own = entry.expect("the store's folder").path();
        if !own.is_dir() {
            continue;
        }
        for entry in fs::read_dir(own).expect("the store's own folder") {
            let file = entry.expect("the store's own folder").path();
            if !file.ends_with("lock") {
                fs::write(file, bytes).expect("a spilled result");
                changed += 1;
            }
        }
    }
    assert_eq!(changed, 1, "one result was spilled");
}
