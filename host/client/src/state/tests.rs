use futures::FutureExt;

use super::*;
use crate::testing::{description, session, task};

fn handles(count: u8) -> Vec<Arc<Handle>> {
    let session = session();
    let tasks = (0..count).map(|number| (task(number, 1), description("u8")));
    session.outbox.submit(&session, tasks.collect()).unwrap()
}

fn finished() -> State {
    State::Finished {
        nbytes: 1,
        inline: Some(Bytes::from_static(&[7])),
    }
}

#[test]
fn waits_until_resolved() {
    let handle = &handles(1)[0];
    let mut waiting = Box::pin(handle.resolved());
    assert!(waiting.as_mut().now_or_never().is_none());
    handle.set(finished());
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
    handle.set(finished());
    handle.set(State::Pending);
    assert!(waiting.as_mut().now_or_never().is_none());
    handle.set(finished());
    assert!(waiting.now_or_never().is_some());
}

#[test]
fn completions_come_in_the_order_in_which_keys_resolve() {
    let handles = handles(4);
    handles[2].set(State::Cancelled);
    let mut completions = Completions::default();
    for (index, handle) in handles.iter().enumerate() {
        completions.watch(handle, index);
    }
    let mut next = || completions.next().now_or_never();
    assert_eq!(next(), Some(Some(2)));
    assert_eq!(next(), None);
    handles[3].set(finished());
    handles[0].set(finished());
    // Told once, also where it resolves again.
    handles[0].set(State::Pending);
    handles[0].set(finished());
    assert_eq!(next(), Some(Some(3)));
    assert_eq!(next(), Some(Some(0)));
    handles[1].set(State::Disconnected);
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
    handle.set(finished());
    assert_eq!(is_done.recv(), Ok(1));
    handle.set(State::Pending);
    handle.on_resolved(callback(2)).unwrap();
    handle.set(finished());
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
    assert!(session.outbox.find(&key).is_some());
    session.outbox.close("the wire was cut");
    assert_eq!(is_done.recv(), Ok(Status::Lost));
}

#[test]
fn waits_that_were_given_up_leave_little_behind() {
    let handle = &handles(1)[0];
    for _ in 0..10_000 {
        assert!(handle.resolved().now_or_never().is_none());
    }
    assert!(handle.lock().watchers.capacity() <= 8);
}
