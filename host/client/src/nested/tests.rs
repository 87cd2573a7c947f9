use futures::FutureExt;
use wask_core::{Failure, FailureKind, client::News, scheduler::KeyState};

use super::*;
use crate::{
    Client, Dynamic, blocking,
    session::Session,
    testing::{description, finished, session, task, tell},
};

/// Futures of `u8`, which are their numbers.
struct Fixture {
    client: Client,
    session: Arc<Session>,
}

impl Fixture {
    fn new() -> Self {
        let session = session();
        Self {
            client: Client::new(session.clone()),
            session,
        }
    }

    fn future<T>(&self, number: u8) -> Future<T> {
        let tasks = vec![(task(number, 1), description("u8"))];
        let handles = Handle::submit(&self.session, tasks);
        let handle = handles.unwrap().remove(0);
        tell(&handle, finished(&[number]));
        Future::new(handle)
    }

    fn failed(&self, number: u8) -> Future {
        let future = self.future::<Dynamic>(number);
        let failure = Arc::new(Failure {
            kind: FailureKind::Trap,
            origin: future.key(),
            label: "test".into(),
            message: format!("number {number}"),
            value: None,
            error_type: None,
            backtrace: Vec::new(),
            log: String::new(),
            worker: String::new(),
        });
        let erred = News::State(KeyState::Erred(failure));
        tell(&future.handle, erred);
        future
    }

    fn gather<R>(&self, structure: &(impl Gather<R> + ?Sized)) -> Result<R, Error> {
        let gathered = self.client.gather_nested(structure).now_or_never();
        gathered.expect("all is here")
    }
}

#[test]
fn structures_keep_their_shape() {
    let f = Fixture::new();
    let future = |number| f.future::<Dynamic>(number);
    let list: Vec<u8> = f.gather(&vec![future(2), future(1), future(2)]).unwrap();
    assert_eq!(list, [2, 1, 2]);
    let slice: Vec<u8> = f.gather(&[future(1), future(2)][..]).unwrap();
    assert_eq!(slice, [1, 2]);
    let array: [u8; 2] = f.gather(&[&future(1), &future(2)]).unwrap();
    assert_eq!(array, [1, 2]);
    let options: [Option<u8>; 2] = f.gather(&[None, Some(future(1))]).unwrap();
    assert_eq!(options, [None, Some(1)]);
    let sorted: BTreeMap<&str, Vec<u8>> = f
        .gather(&BTreeMap::from([("a", vec![future(1)]), ("b", vec![])]))
        .unwrap();
    assert_eq!(sorted, BTreeMap::from([("a", vec![1]), ("b", vec![])]));
    let hashed: HashMap<u8, (u8,)> = f
        .gather(&HashMap::from([(1, (future(1),)), (2, (future(2),))]))
        .unwrap();
    assert_eq!(hashed, HashMap::from([(1, (1,)), (2, (2,))]));
    // Each in its own type.
    let mixed: (u8, u32, Vec<u64>) = f
        .gather(&(
            f.future::<u8>(1),
            blocking::Future::from(future(2)),
            [future(3)].as_slice(),
        ))
        .unwrap();
    assert_eq!(mixed, (1, 2, vec![3]));
    let eight: (u8, u8, u8, u8, u8, u8, u8, u8) = f
        .gather(&(
            future(1),
            future(2),
            future(3),
            future(4),
            future(5),
            future(6),
            future(7),
            future(8),
        ))
        .unwrap();
    assert_eq!(eight, (1, 2, 3, 4, 5, 6, 7, 8));
    let nothing: Vec<u8> = f.gather(&Vec::<Future>::new()).unwrap();
    assert!(nothing.is_empty());
}

#[test]
fn the_first_failure_is_raised() {
    let f = Fixture::new();
    let structure = (f.future::<u8>(1), vec![f.failed(2), f.failed(3)]);
    let error = f.gather::<(u8, Vec<u8>)>(&structure).unwrap_err();
    assert!(error.to_string().contains("number 2"), "{error}");
    let wrong = f.gather::<(u8, Vec<String>)>(&(f.future::<u8>(1), vec![f.future::<Dynamic>(2)]));
    assert!(matches!(wrong, Err(Error::Value { .. })), "{wrong:?}");
}

#[test]
fn lists_maps_and_options_do_without_what_failed() {
    let f = Fixture::new();
    let (good, bad) = (f.future::<Dynamic>(1), f.failed(2));
    type Structure = (BTreeMap<u8, Vec<u8>>, Option<u8>, BTreeMap<u8, [u8; 2]>);
    let structure = (
        BTreeMap::from([(1, vec![&good, &bad, &good]), (2, vec![&bad])]),
        Some(&bad),
        BTreeMap::from([(1, [&good, &bad]), (2, [&good, &good])]),
    );
    let gathered = f.client.gather_finished::<Structure>(&structure);
    let gathered = gathered.now_or_never().unwrap().unwrap();
    let (lists, option, arrays) = gathered.results;
    assert_eq!(lists, BTreeMap::from([(1, vec![1, 1]), (2, vec![])]));
    assert_eq!(option, None);
    assert_eq!(arrays, BTreeMap::from([(2, [1, 1])]));
    assert_eq!(gathered.failed.len(), 4);
    for (future, error) in &gathered.failed {
        assert_eq!(future.key(), bad.key());
        assert!(matches!(error, Error::Task(_)), "{error}");
    }
}

#[test]
fn what_leaves_nothing_to_build_is_raised_all_the_same() {
    let f = Fixture::new();
    let structure = (f.future::<u8>(1), f.failed(2));
    let gathered = f.client.gather_finished::<(u8, u8)>(&structure);
    let error = gathered.now_or_never().unwrap().unwrap_err();
    assert!(matches!(error, Error::Task(_)), "{error}");
}

#[test]
fn a_structure_that_gives_up_too_early_is_told() {
    struct Hasty(Future, Future);
    impl Gather<(u8, u8)> for Hasty {
        fn build(&self, results: &mut Results) -> Option<(u8, u8)> {
            Some((self.0.build(results)?, self.1.build(results)?))
        }
    }
    let f = Fixture::new();
    let hasty = Hasty(f.future(1), f.future(2));
    let error = f.gather::<(u8, u8)>(&hasty).unwrap_err();
    assert!(error.to_string().contains("Gather::build"), "{error}");
}
