//! The decisions against a plain map, with a disk that does its jobs when the test says so.

use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{SpillBackend, disk::perform};

const LIMIT: u64 = 100;
const HARD: u64 = 200;
const MIN: u64 = 4;

fn config() -> Config {
    Config {
        memory_limit: LIMIT,
        hard_limit: HARD,
        spill_dir: None,
        spill_min: MIN,
        retry_after: Duration::ZERO,
    }
}

fn key(n: u8) -> Key {
    Key([n; 32])
}

/// The value of a key is always the same, as in a store of results.
fn value(n: u8) -> Vec<u8> {
    vec![n; usize::from(n)]
}

/// A disk in memory, which fails or lies when it is told to.
#[derive(Default)]
struct Disk {
    files: BTreeMap<FileId, Vec<u8>>,
    full: bool,
    damaged: bool,
}

impl SpillBackend for Disk {
    fn write(&mut self, file: FileId, bytes: &[u8]) -> io::Result<()> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        assert_eq!(self.files.insert(file, bytes.to_vec()), None, "used twice");
        Ok(())
    }

    fn read(&mut self, file: FileId, nbytes: u64) -> io::Result<Vec<u8>> {
        let mut bytes = self
            .files
            .get(&file)
            .cloned()
            .ok_or(io::ErrorKind::NotFound)?;
        assert_eq!(bytes.len() as u64, nbytes);
        if self.damaged {
            bytes[0] ^= 1;
        }
        Ok(bytes)
    }

    fn remove(&mut self, file: FileId) -> io::Result<()> {
        self.files
            .remove(&file)
            .map(|_| ())
            .ok_or(io::ErrorKind::NotFound.into())
    }
}

struct Harness {
    state: State,
    disk: Disk,
    now: Instant,
}

impl Harness {
    fn new() -> Self {
        Self {
            state: State::new(config(), true),
            disk: Disk::default(),
            now: Instant::now(),
        }
    }

    fn put(&mut self, n: u8) -> Result<(), Error> {
        self.state.put(self.now, key(n), value(n).into())
    }

    /// One job of the disk; whether there was one.
    fn step(&mut self) -> bool {
        let Some(job) = self.state.next_job() else {
            return false;
        };
        let done = perform(&mut self.disk, job);
        self.state.finish(self.now, done);
        self.check();
        true
    }

    fn settle(&mut self) {
        while self.step() {}
    }

    /// Recounts what the state counts as it goes.
    fn check(&self) {
        let state = &self.state;
        let mut stats = Stats {
            gone: state.stats.gone,
            spill_error: state.stats.spill_error.clone(),
            ..Stats::default()
        };
        let (mut writing, mut ordered) = (0, 0);
        for (key, object) in &state.objects {
            stats.objects += 1;
            match &object.place {
                Place::Memory(bytes, file) => {
                    assert_eq!(bytes.len() as u64, object.nbytes);
                    stats.memory_bytes += object.nbytes;
                    if let File::Writing(_) = file {
                        writing += object.nbytes;
                    } else if object.nbytes >= MIN {
                        assert_eq!(state.order.get(&object.used), Some(key));
                        ordered += 1;
                    }
                }
                Place::Disk(_) => stats.spilled_bytes += object.nbytes,
                Place::Reading(_, waiters) => {
                    assert!(!waiters.is_empty());
                    stats.spilled_bytes += object.nbytes;
                }
            }
        }
        assert_eq!(stats, state.stats);
        assert_eq!((writing, ordered), (state.writing_bytes, state.order.len()));
    }
}

#[test]
fn the_least_recently_used_go_first() {
    let mut h = Harness::new();
    h.put(40).unwrap();
    h.put(41).unwrap();
    assert!(matches!(h.state.get(&key(40)), Lookup::Here(_)));
    h.put(42).unwrap();
    h.settle();
    assert_eq!(h.state.stats.spilled_bytes, 41);
    assert!(matches!(h.state.get(&key(41)), Lookup::Loading(_)));
}

#[test]
fn what_is_in_use_stays_and_can_go_later() {
    let mut h = Harness::new();
    h.put(90).unwrap();
    let Lookup::Here(held) = h.state.get(&key(90)) else {
        panic!("it is in memory");
    };
    h.put(91).unwrap();
    h.settle();
    assert_eq!(h.state.stats.spilled_bytes, 91);
    drop(held);
    let Lookup::Loading(_) = h.state.get(&key(91)) else {
        panic!("it is on disk");
    };
    h.settle();
    assert_eq!(h.state.stats.spilled_bytes, 90);
}

#[test]
fn a_copy_on_disk_is_written_once() {
    let mut h = Harness::new();
    h.put(90).unwrap();
    h.put(91).unwrap();
    h.settle();
    for n in [90, 91, 90] {
        let _ = h.state.get(&key(n));
        h.settle();
    }
    assert_eq!(h.disk.files.len(), 2);
    assert!(h.disk.files.keys().all(|file| file.0 < 6));
    h.state.remove(&key(90));
    h.state.remove(&key(91));
    h.settle();
    assert!(h.disk.files.is_empty());
}

#[test]
fn a_full_disk_costs_memory_until_the_hard_limit() {
    let mut h = Harness::new();
    h.disk.full = true;
    h.put(90).unwrap();
    h.put(91).unwrap();
    assert!(h.state.pressure().is_some());
    while h.state.stats.spill_error.is_none() {
        assert!(h.step());
    }
    let message = h.put(92).unwrap_err().to_string();
    assert!(message.contains("no room for 92 bytes"), "{message}");
    assert!(message.contains("(the disk: "), "{message}");
    assert!(!h.state.objects.contains_key(&key(92)));
    h.disk.full = false;
    h.settle();
    h.put(92).unwrap();
    h.settle();
    assert_eq!(h.state.stats.spill_error, None);
    assert!(h.state.stats.memory_bytes <= LIMIT);
}

#[test]
fn damage_is_noticed_and_the_object_dropped() {
    let mut h = Harness::new();
    h.put(90).unwrap();
    h.put(91).unwrap();
    h.settle();
    h.disk.damaged = true;
    let Lookup::Loading(mut read) = h.state.get(&key(90)) else {
        panic!("it is on disk");
    };
    h.settle();
    let error = read.try_recv().unwrap().unwrap().unwrap_err();
    assert!(matches!(error, Error::Gone { .. }), "{error}");
    assert!(matches!(h.state.get(&key(90)), Lookup::Absent));
    assert_eq!(h.state.stats.gone, 1);
    assert!(h.disk.files.is_empty());
}

#[test]
fn relief_comes_when_memory_is_free() {
    let mut h = Harness::new();
    assert!(h.state.pressure().is_none());
    h.put(90).unwrap();
    h.put(91).unwrap();
    let mut relief = h.state.pressure().unwrap();
    assert_eq!(relief.try_recv(), Ok(None));
    h.settle();
    assert_eq!(relief.try_recv(), Ok(Some(())));
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Get(u8),
    Hold(u8),
    Release,
    Remove(u8),
    Disk,
    Full(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let n = 0..12u8;
    prop_oneof![
        4 => n.clone().prop_map(|n| Step::Put(n * 8)),
        3 => n.clone().prop_map(|n| Step::Get(n * 8)),
        1 => n.clone().prop_map(|n| Step::Hold(n * 8)),
        1 => Just(Step::Release),
        2 => n.prop_map(|n| Step::Remove(n * 8)),
        4 => Just(Step::Disk),
        1 => any::<bool>().prop_map(Step::Full),
    ]
}

proptest! {
    #[test]
    fn a_store_is_a_map(steps in prop::collection::vec(step(), 0..200)) {
        let mut h = Harness::new();
        let mut model = BTreeMap::new();
        let mut held = Vec::new();
        let mut reads = Vec::new();
        for step in steps {
            match step {
                Step::Put(n) => match h.put(n) {
                    Ok(()) => { model.insert(n, value(n)); }
                    Err(error) => {
                        let full = matches!(error, Error::Full { .. });
                        prop_assert!(full);
                        prop_assert!(h.state.stats.memory_bytes + u64::from(n) > HARD);
                    }
                },
                Step::Get(n) | Step::Hold(n) => match h.state.get(&key(n)) {
                    Lookup::Absent => prop_assert!(!model.contains_key(&n)),
                    Lookup::Here(bytes) => {
                        prop_assert_eq!(Some(&bytes[..]), model.get(&n).map(|v| &v[..]));
                        if let Step::Hold(_) = step {
                            held.push(bytes);
                        }
                    }
                    Lookup::Loading(read) => {
                        prop_assert!(model.contains_key(&n));
                        reads.push((n, read));
                    }
                },
                Step::Release => held.clear(),
                Step::Remove(n) => {
                    prop_assert_eq!(h.state.remove(&key(n)), model.remove(&n).is_some());
                }
                Step::Disk => { h.step(); }
                Step::Full(full) => h.disk.full = full,
            }
            h.check();
            prop_assert_eq!(h.state.stats.objects, model.len() as u64);
        }
        h.disk.full = false;
        held.clear();
        h.settle();
        for (n, mut read) in reads {
            // Read, or removed meanwhile.
            if let Ok(Some(Ok(bytes))) = read.try_recv() {
                prop_assert_eq!(&bytes[..], &value(n)[..]);
            }
        }
        // The next call spills what was held or could not be written before.
        let _ = h.state.get(&key(255));
        h.state.shrink(h.now);
        h.settle();
        prop_assert!(h.state.stats.memory_bytes <= LIMIT);
        for (n, value) in &model {
            prop_assert_eq!(h.state.nbytes(&key(*n)), Some(value.len() as u64));
        }
        for n in model.keys() {
            h.state.remove(&key(*n));
        }
        h.settle();
        prop_assert!(h.disk.files.is_empty());
        prop_assert_eq!(h.state.stats.memory_bytes + h.state.stats.spilled_bytes, 0);
    }
}

#[test]
fn a_renamed_object_is_the_same_wherever_it_is() {
    let mut h = Harness::new();
    for n in [40, 50, 60] {
        h.put(n).unwrap();
        h.check();
    }
    // One is being written, and then one is on disk only.
    for (from, to) in [(40, 140), (50, 150), (60, 160)] {
        assert!(h.state.rename(h.now, &key(from), key(to)), "{from}");
        h.check();
        h.settle();
        assert_eq!(h.state.nbytes(&key(to)), Some(u64::from(from)));
        assert_eq!(h.state.nbytes(&key(from)), None);
    }
    assert!(!h.state.rename(h.now, &key(40), key(9)));
    assert!(h.put(100).is_ok());
    h.settle();
    let on_disk = [140, 150, 160].map(key).into_iter().find(|key| {
        let object = &h.state.objects[key];
        matches!(object.place, Place::Disk(_))
    });
    let on_disk = on_disk.expect("there is more than memory holds");
    assert!(h.state.rename(h.now, &on_disk, key(170)));
    h.check();
    let Lookup::Loading(mut loading) = h.state.get(&key(170)) else {
        panic!("it is on disk");
    };
    h.settle();
    let bytes = loading.try_recv().unwrap().unwrap().unwrap();
    assert_eq!(bytes.len(), usize::from(bytes[0]));
    // What is there already stays.
    h.put(7).unwrap();
    h.put(8).unwrap();
    assert!(h.state.rename(h.now, &key(7), key(8)));
    h.check();
    assert_eq!(h.state.nbytes(&key(8)), Some(8));
}
