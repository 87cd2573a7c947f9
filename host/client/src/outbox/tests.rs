use wask_rpc::{Refusal, RefusalCode};

use super::*;
use crate::{
    Status,
    testing::{description, sent, session, task},
};

/// Some tasks by name, and a session to submit them in.
struct Fixture {
    session: Arc<Session>,
    limits: Limits,
}

impl Fixture {
    fn new() -> Self {
        Self {
            session: session(),
            limits: Limits::default(),
        }
    }

    fn submit(&self, number: u8) -> Arc<Handle> {
        let tasks = vec![(task(number, 100), description("u8"))];
        let outbox = &self.session.outbox;
        let handles = outbox.submit(&self.session, tasks).unwrap();
        handles.into_iter().next().unwrap()
    }

    #[track_caller]
    fn expect(&self, messages: &[&str]) {
        let names = [
            (task(1, 100).key, "1"),
            (task(2, 100).key, "2"),
            (task(3, 100).key, "3"),
        ];
        assert_eq!(sent(&self.session.outbox, &self.limits, &names), messages);
    }
}

fn finished() -> State {
    State::Finished {
        nbytes: 0,
        inline: None,
    }
}

#[test]
fn what_comes_together_goes_together() {
    let f = Fixture::new();
    let [a, b] = [f.submit(1), f.submit(2)];
    f.session.outbox.cancel([&b.key]);
    drop(a);
    f.expect(&["submit 1,2 release 1 cancel 2"]);
    f.expect(&[]);
    drop(b);
    f.expect(&["release 2"]);
}

#[test]
fn a_key_is_submitted_once_and_released_by_the_last_future_of_it() {
    let f = Fixture::new();
    let (a, again) = (f.submit(1), f.submit(1));
    assert!(Arc::ptr_eq(&a, &again));
    f.expect(&["submit 1"]);
    drop(a);
    f.expect(&[]);
    drop(again);
    f.expect(&["release 1"]);
}

#[test]
fn order_is_kept_where_it_matters() {
    let f = Fixture::new();
    drop(f.submit(1));
    // In one message the new submission would come before the old release.
    let _a = f.submit(1);
    // And this release before the cancellation.
    let b = f.submit(2);
    f.session.outbox.cancel([&b.key]);
    drop(b);
    f.expect(&["submit 1 release 1", "submit 1,2 cancel 2", "release 2"]);
}

#[test]
fn what_is_detached_may_be_dropped_in_the_same_message() {
    let f = Fixture::new();
    let a = f.submit(1);
    f.session.outbox.detach([&a.key]);
    drop(a);
    let Some(Outgoing::Batch(batch)) = f.session.outbox.take(&f.limits) else {
        panic!("there is something to send");
    };
    let key = task(1, 100).key;
    // Were it not wanted, it would be forgotten before it is detached.
    assert!(batch.tasks[0].1);
    assert_eq!(
        (&*batch.detached, &*batch.released),
        (&[key][..], &[key][..])
    );

    let b = f.submit(2);
    f.session.outbox.cancel([&b.key]);
    f.session.outbox.detach([&b.key]);
    f.expect(&["submit 2 cancel 2", "detach 2"]);
}

#[test]
fn cancelled_and_lost_keys_are_submitted_again() {
    let f = Fixture::new();
    let a = f.submit(1);
    f.session.outbox.resolve([(a.key, State::Cancelled)]);
    assert!(a.is_to_be_submitted_again());
    let again = f.submit(1);
    assert!(Arc::ptr_eq(&a, &again));
    assert!(matches!(a.state(), State::Pending));
    f.expect(&["submit 1,1"]);
}

#[test]
fn a_cancelled_key_is_cancelled_at_once_and_once() {
    let f = Fixture::new();
    let a = f.submit(1);
    f.session.outbox.cancel([&a.key, &a.key]);
    assert_eq!(a.status(), Status::Cancelled);
    f.session.outbox.resolve([(a.key, State::Cancelled)]);
    // What the scheduler says from now on is news.
    let again = f.submit(1);
    f.session.outbox.resolve([(a.key, finished())]);
    assert_eq!(again.status(), Status::Finished);
}

#[test]
fn news_from_before_a_cancellation_is_passed_over() {
    let f = Fixture::new();
    let a = f.submit(1);
    f.session.outbox.cancel([&a.key]);
    f.session.outbox.resolve([(a.key, finished())]);
    assert_eq!(a.status(), Status::Cancelled);
    let again = f.submit(1);
    assert_eq!(again.status(), Status::Pending);
    f.session.outbox.resolve([(a.key, finished())]);
    f.session.outbox.resolve([(a.key, State::Cancelled)]);
    assert_eq!(again.status(), Status::Pending);
    f.session.outbox.resolve([(a.key, finished())]);
    assert_eq!(again.status(), Status::Finished);
    f.expect(&["submit 1 cancel 1", "submit 1"]);
}

#[test]
fn each_cancellation_has_its_answer() {
    let f = Fixture::new();
    let a = f.submit(1);
    f.session.outbox.cancel([&a.key]);
    // Also where the future was dropped in between.
    drop(a);
    let a = f.submit(1);
    f.session.outbox.cancel([&a.key]);
    let a = f.submit(1);
    let outbox = &f.session.outbox;
    outbox.resolve([(a.key, State::Cancelled), (a.key, State::Cancelled)]);
    assert_eq!(a.status(), Status::Pending);
    outbox.resolve([(a.key, State::Cancelled)]);
    assert_eq!(a.status(), Status::Cancelled);
}

#[test]
fn what_the_scheduler_does_not_hold_has_no_answer_to_wait_for() {
    let f = Fixture::new();
    let outbox = &f.session.outbox;
    let refusal = || State::Refused(Refusal::new(RefusalCode::Invalid, "no"));
    // Refused before the cancellation came there.
    let a = f.submit(1);
    outbox.cancel([&a.key]);
    let a = f.submit(1);
    outbox.resolve([(a.key, refusal())]);
    assert_eq!(a.status(), Status::Error);
    // And known to be: nothing is expected.
    outbox.cancel([&a.key]);
    let a = f.submit(1);
    outbox.resolve([(a.key, finished())]);
    assert_eq!(a.status(), Status::Finished);
    // Nor of keys that are not held.
    outbox.cancel([&task(2, 100).key]);
    let b = f.submit(2);
    outbox.resolve([(b.key, finished())]);
    assert_eq!(b.status(), Status::Finished);
}

#[test]
fn messages_have_limits() {
    let mut f = Fixture::new();
    f.limits.batch_items = 2;
    let _held = [f.submit(1), f.submit(2), f.submit(3)];
    f.expect(&["submit 1,2", "submit 3"]);

    let mut f = Fixture::new();
    f.limits.batch_bytes = task_bytes(&task(1, 100)) * 2 - 1;
    let _held = [f.submit(1), f.submit(2)];
    f.expect(&["submit 1", "submit 2"]);

    // One that exceeds the limit alone goes alone.
    let mut f = Fixture::new();
    f.limits.batch_bytes = 10;
    let _held = f.submit(1);
    f.expect(&["submit 1"]);
}

#[test]
fn sync_comes_after_all_that_was_said_before() {
    let f = Fixture::new();
    let _a = f.submit(1);
    let (done, _is_done) = oneshot::channel();
    f.session.outbox.sync(done);
    let _b = f.submit(2);
    f.expect(&["submit 1", "sync", "submit 2"]);
}

#[test]
fn submitting_waits_for_room() {
    let session = session();
    let outbox = &session.outbox;
    // Fills more than the outbox of the tests holds.
    let big = outbox.submit(&session, vec![(task(1, 2 << 20), description("u8"))]);
    let submitter = {
        let session = session.clone();
        std::thread::spawn(move || {
            let tasks = vec![(task(2, 10), description("u8"))];
            let handles = session.outbox.submit(&session, tasks);
            handles.map(|handles| handles.len())
        })
    };
    // It may not have begun to wait yet, but cannot have submitted either.
    let Some(Outgoing::Batch(batch)) = outbox.take(&Limits::default()) else {
        panic!("there is something to send");
    };
    assert_eq!(batch.tasks.len(), 1);
    assert_eq!(submitter.join().unwrap().unwrap(), 1);
    drop(big);
}

#[test]
fn the_end_tells_all_that_wait() {
    let f = Fixture::new();
    let [pending, finished] = [f.submit(1), f.submit(2)];
    f.session.outbox.resolve([(finished.key, self::finished())]);
    f.session.outbox.close("the wire was cut");
    assert!(matches!(pending.state(), State::Disconnected));
    assert!(matches!(finished.state(), State::Finished { .. }));
    let tasks = vec![(task(3, 1), description("u8"))];
    let refused = f.session.outbox.submit(&f.session, tasks);
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("the wire was cut"), "{message}");
    drop((pending, finished));
    f.expect(&[]);
}

#[test]
fn news_of_released_keys_is_passed_over() {
    let f = Fixture::new();
    let key = f.submit(1).key;
    f.session.outbox.resolve([(key, State::Cancelled)]);
    let again = f.submit(1);
    assert!(matches!(again.state(), State::Pending));
}

#[test]
fn a_component_is_uploaded_once_and_again_when_it_was_refused() {
    let f = Fixture::new();
    let outbox = &f.session.outbox;
    let text = r#"(component
        (core module $m (func (export "f") (param i32) (result i32) local.get 0))
        (core instance $i (instantiate $m))
        (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))"#;
    let component = Component::load(text.as_bytes()).unwrap();
    let digest = Digest(*component.digest().as_bytes());
    let upload = format!("upload {}", component.digest());
    outbox.upload(digest, &component);
    outbox.upload(digest, &component);
    f.expect(&[&upload]);
    outbox.was_refused(&digest);
    outbox.upload(digest, &component);
    f.expect(&[&upload]);
    outbox.has_uploaded(digest);
    outbox.upload(digest, &component);
    f.expect(&[]);
}
