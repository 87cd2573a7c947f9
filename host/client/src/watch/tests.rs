use futures::FutureExt;
use wask_core::{
    client::{News, State},
    scheduler::KeyState,
};

use super::*;
use crate::{
    Status,
    testing::{description, finished, session, task, tell},
};

fn handles(count: u8) -> Vec<Arc<Handle>> {
    let session = session();
    let tasks = (0..count).map(|number| (task(number, 1), description("u8")));
    Handle::submit(&session, tasks.collect()).unwrap()
}

fn pending() -> News {
    News::State(KeyState::Pending)
}

#[test]
fn waits_until_resolved() {
    let handle = &handles(1)[0];
    let mut waiting = Box::pin(handle.resolved());
    assert!(waiting.as_mut().now_or_never().is_none());
    tell(handle, finished(&[7]));
    assert!(matches!(
        waiting.now_or_never(),
        Some(State::Finished { nbytes: 1, .. })
    ));
    assert_eq!(handle.status(), Status::Finished);
}

#[test]
fn a_result_that_is_lost_at_once_is_waited_for_again() {
    let handle = &handles(1)[0];
    let mut waiting = Box::pin(handle.resolved());
    assert!(waiting.as_mut().now_or_never().is_none());
    tell(handle, finished(&[7]));
    tell(handle, pending());
    assert!(waiting.as_mut().now_or_never().is_none());
    tell(handle, finished(&[7]));
    assert!(waiting.now_or_never().is_some());
}

#[test]
fn completions_come_in_the_order_in_which_keys_resolve() {
    let handles = handles(4);
    tell(&handles[2], News::State(KeyState::Cancelled));
    let mut completions = Completions::default();
    for (index, handle) in handles.iter().enumerate() {
        completions.watch(handle, index);
    }
    let mut next = || completions.next().now_or_never();
    assert_eq!(next(), Some(Some(2)));
    assert_eq!(next(), None);
    tell(&handles[3], finished(&[7]));
    tell(&handles[0], finished(&[7]));
    // Told once, also where it resolves again.
    tell(&handles[0], pending());
    tell(&handles[0], finished(&[7]));
    assert_eq!(next(), Some(Some(3)));
    assert_eq!(next(), Some(Some(0)));
    handles[1].session.driver.close("the wire was cut");
    assert_eq!(next(), Some(Some(1)));
    assert_eq!(next(), Some(None));
}

#[test]
fn callbacks_run_once_whenever_they_were_given() {
    let handle = &handles(1)[0];
    let (done, is_done) = std::sync::mpsc::channel();
    let callback = |number| -> Job {
        let done = done.clone();
        Box::new(move || done.send(number).unwrap())
    };
    handle.on_resolved(callback(1)).unwrap();
    assert!(is_done.try_recv().is_err());
    tell(handle, finished(&[7]));
    assert_eq!(is_done.recv(), Ok(1));
    tell(handle, pending());
    handle.on_resolved(callback(2)).unwrap();
    tell(handle, finished(&[7]));
    handle.on_resolved(callback(3)).unwrap();
    assert_eq!([is_done.recv(), is_done.recv()], [Ok(2), Ok(3)]);
    // Nobody has another one.
    drop(done);
    assert!(is_done.recv().is_err());
}

#[test]
fn the_end_of_the_session_is_told_to_callbacks() {
    let handle = handles(1).remove(0);
    let future = crate::Future::<crate::Dynamic>::new(handle);
    let (done, is_done) = std::sync::mpsc::channel();
    let callback = move |future: crate::Future| done.send(future.status()).unwrap();
    future.on_done(callback).unwrap();
    let session = future.handle.session.clone();
    // The callback holds the key.
    let key = future.key();
    drop(future);
    assert!(session.driver.state(&key).is_pending());
    session.driver.close("the wire was cut");
    assert_eq!(is_done.recv(), Ok(Status::Lost));
}

#[test]
fn waits_that_were_given_up_leave_little_behind() {
    let handle = &handles(1)[0];
    for _ in 0..10_000 {
        assert!(handle.resolved().now_or_never().is_none());
    }
    assert!(handle.session.driver.watchers(&handle.key) <= 8);
}
