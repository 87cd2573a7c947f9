use std::{
    fs,
    path::{Path, PathBuf},
};

use futures::executor::block_on;

use super::*;

fn key(n: u8) -> Key {
    Key([n; 32])
}

fn config(path: &Path) -> Config {
    Config {
        spill_dir: Some(path.to_owned()),
        ..Config::new(100_000)
    }
}

/// Stores an object when the disk has made room for it, as a worker would.
fn put(store: &Store, n: u8) {
    settle(store);
    store.put(key(n), vec![n; 60_000].into()).unwrap();
}

/// Waits until the disk has nothing more to write.
fn settle(store: &Store) {
    while let Some(relief) = store.pressure() {
        block_on(relief);
    }
}

fn files(path: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    folders
        .filter(|path| path.is_dir())
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().is_some_and(|name| name != "lock"))
        .collect()
}

fn load(store: &Store, n: u8) -> Result<Bytes, Error> {
    match store.get(&key(n)) {
        Found::Absent => panic!("it was put"),
        Found::Here(bytes) => Ok(bytes),
        Found::Loading(loading) => block_on(loading),
    }
}

#[test]
fn objects_go_to_disk_and_come_back() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(config(root.path())).unwrap();
    for n in 0..8 {
        put(&store, n);
    }
    settle(&store);
    let stats = store.stats();
    assert_eq!((stats.objects, stats.memory_bytes), (8, 60_000));
    assert_eq!(stats.spilled_bytes, 420_000);
    for n in 0..8 {
        assert_eq!(load(&store, n).unwrap(), vec![n; 60_000]);
    }
    drop(store);
    assert!(files(root.path()).is_empty());
}

#[test]
fn a_damaged_or_missing_file_is_told() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(config(root.path())).unwrap();
    for n in 0..3 {
        put(&store, n);
    }
    settle(&store);
    let files = files(root.path());
    assert_eq!(files.len(), 2);
    fs::write(&files[0], vec![9; 60_000]).unwrap();
    fs::remove_file(&files[1]).unwrap();
    let mut reasons: Vec<_> = (0..2)
        .map(|n| load(&store, n).unwrap_err().to_string())
        .collect();
    reasons.sort();
    assert!(reasons[0].contains("gone from the store: its file"));
    assert!(reasons.iter().any(|reason| reason.ends_with("is damaged")));
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("cannot be read"))
    );
    assert_eq!(store.stats().objects, 1);
    assert!(!store.contains(&key(0)));
}

#[test]
fn without_a_folder_memory_is_all_there_is() {
    let store = Store::open(Config::new(100_000)).unwrap();
    for n in 0..3 {
        put(&store, n);
    }
    assert!(store.pressure().is_none());
    let error = store.put(key(3), vec![3; 60_000].into()).unwrap_err();
    assert!(
        matches!(error, Error::Full { held: 180_000, .. }),
        "{error}"
    );
    store.put_required(key(3), vec![3; 60_000].into());
    assert_eq!(load(&store, 3).unwrap().len(), 60_000);
    store.remove(&key(0));
    store.remove(&key(3));
    put(&store, 4);
}

#[test]
fn a_store_is_shared_between_threads() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(config(root.path())).unwrap();
    thread::scope(|scope| {
        for n in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for _ in 0..50 {
                    settle(store);
                    // Full is an answer too, while the others hold more than they should.
                    if store.put(key(n), vec![n; 60_000].into()).is_ok() {
                        assert_eq!(load(store, n).unwrap(), vec![n; 60_000]);
                        store.remove(&key(n));
                    }
                }
            });
        }
    });
    let stats = store.stats();
    assert_eq!(
        (stats.objects, stats.memory_bytes, stats.spilled_bytes),
        (0, 0, 0)
    );
}
