use crate::{
    Delayed, Function,
    driver::Outgoing,
    lazy::{Input, submit},
    session::Session,
    sum,
    testing::{self, session},
};

use super::*;

fn function(ty: &str) -> Function {
    testing::function(ty)
}

fn input(delayed: &Delayed) -> Input {
    delayed.input.clone().unwrap()
}

/// How many tasks a session would send: all, and those that it goes on to hold.
fn sent(session: &Session) -> (usize, usize) {
    let (mut all, mut held) = (0, 0);
    while let Some(outgoing) = session.driver.next() {
        if let Outgoing::Batch(batch) = outgoing {
            all += batch.tasks.len();
            held += batch.tasks.iter().filter(|(_, wanted)| *wanted).count();
        }
        session.driver.sent();
    }
    (all, held)
}

#[test]
fn calls_come_after_what_they_depend_on_each_once() {
    let f = function("func(a: u8, b: u8) -> u8");
    let a = f.delayed((1, 2)).unwrap();
    let b = f.delayed((&a, 3)).unwrap();
    let c = f.delayed((&a, &b)).unwrap();
    let root = input(&c);
    let graph = Graph::of([&root, &root]);
    assert_eq!(graph.nodes.len(), 3);
    let tasks = graph.tasks(Place::here()).unwrap();
    assert_eq!(*tasks[2].dependencies, [tasks[0].key, tasks[1].key]);
    assert!(tasks.iter().all(TaskSpec::is_well_formed));
}

#[test]
fn equal_calls_are_one_task_wherever_they_are_made() {
    let f = function("func(a: u8, b: u8) -> u8");
    let once = || f.delayed((1, 2)).unwrap();
    let both = f.delayed((once(), once())).unwrap();
    let graph = Graph::of([&input(&both)]);
    assert_eq!(graph.nodes.len(), 3);
    let tasks = graph.tasks(Place::here()).unwrap();
    assert_eq!(tasks[0].key, tasks[1].key);
    assert_eq!(*tasks[2].dependencies, [tasks[0].key]);
    assert!(
        tasks[2]
            .arguments
            .holes
            .iter()
            .all(|hole| hole.dependency == 0)
    );

    let session = session();
    submit(&session, &[input(&both)]).unwrap();
    assert_eq!(sent(&session).0, 2);
}

#[test]
fn only_the_roots_are_held() {
    let session = session();
    let f = function("func(a: u8) -> u8");
    let mut last = f.delayed((0,)).unwrap();
    for _ in 0..3000 {
        last = f.delayed((&last,)).unwrap();
    }
    let held = submit(&session, &[input(&last)]).unwrap();
    assert_eq!(held.len(), 1);
    let (all, held) = sent(&session);
    assert_eq!(all, 3001);
    // A batch holds on to what the next one refers to.
    assert!(held <= 8, "{held}");
}

#[test]
fn what_is_held_is_not_sent_again_nor_what_only_it_needs() {
    let session = session();
    let f = function("func(a: u8) -> u8");
    let a = f.delayed((1,)).unwrap();
    let b = f.delayed((&a,)).unwrap();
    let persisted = submit(&session, &[input(&b)]).unwrap();
    assert_eq!(sent(&session).0, 2);
    let c = f.delayed((&b,)).unwrap();
    submit(&session, &[input(&c)]).unwrap();
    assert_eq!(sent(&session).0, 1);
    drop(persisted);
    submit(&session, &[input(&c)]).unwrap();
    assert_eq!(sent(&session).0, 3);
}

#[test]
fn a_future_of_another_client_is_refused() {
    let (one, other) = (session(), session());
    let f = function("func(a: u8) -> u8");
    let root = [input(&f.delayed((1,)).unwrap())];
    let future = Input::Future(submit(&other, &root).unwrap().remove(0));
    let error = submit(&one, std::slice::from_ref(&future)).err().unwrap();
    assert!(error.to_string().contains("another client"), "{error}");

    let own = Input::Future(submit(&one, &root).unwrap().remove(0));
    let list = [own, future].map(|input| Delayed::<u8>::new(Ok(input)));
    let error = sum::<u8>(&list).check().unwrap_err();
    assert!(error.to_string().contains("different clients"), "{error}");
}

#[test]
fn deep_graphs_are_walked_and_dropped_without_recursion() {
    let f = function("func(a: u8) -> u8");
    let mut last = f.delayed((0,)).unwrap();
    for _ in 0..200_000 {
        last = f.delayed((&last,)).unwrap();
    }
    assert_eq!(Graph::of([&input(&last)]).nodes.len(), 200_001);
    drop(last);
}

#[test]
fn impure_calls_are_each_their_own_but_stay_it() {
    let f = function("func(a: u8) -> u8").with(crate::Options::new().impure());
    let [a, b] = [f.delayed((1,)).unwrap(), f.delayed((1,)).unwrap()];
    let key = |delayed: &Delayed| Graph::of([&input(delayed)]).tasks(Place::here()).unwrap()[0].key;
    assert_ne!(key(&a), key(&b));
    assert_eq!(key(&a), key(&a));
}

#[test]
fn what_is_too_large_is_told_before_anything_is_sent() {
    let session = session();
    let f = function("func(a: list<u8>) -> u8");
    let large = f.delayed((vec![7u8; 5 << 20],)).unwrap();
    let error = submit(&session, &[input(&large)]).err().unwrap();
    assert!(
        error.to_string().contains("scatter large values"),
        "{error}"
    );
    assert_eq!(sent(&session), (0, 0));
}
