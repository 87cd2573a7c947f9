use wask_core::scheduler::KeyState;

use super::*;
use crate::{
    Status,
    handle::Handle,
    session::Session,
    testing::{description, finished, sent, session, task},
};

/// Some tasks by name, and a session to submit them in.
struct Fixture {
    session: Arc<Session>,
}

impl Fixture {
    fn new() -> Self {
        Self { session: session() }
    }

    fn driver(&self) -> &Driver {
        &self.session.driver
    }

    fn submit(&self, number: u8) -> Arc<Handle> {
        let tasks = vec![(task(number, 100), description("u8"))];
        Handle::submit(&self.session, tasks).unwrap().remove(0)
    }

    #[track_caller]
    fn expect(&self, messages: &[&str]) {
        let names = [1, 2, 3].map(|number| (task(number, 100).key, number.to_string()));
        assert_eq!(sent(self.driver(), &names), messages);
    }
}

#[test]
fn what_comes_together_goes_together() {
    let f = Fixture::new();
    let [a, b] = [f.submit(1), f.submit(2)];
    f.driver().cancel(vec![b.key]);
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
    f.expect(&["submit 1"]);
    drop(a);
    f.expect(&[]);
    assert_eq!(again.status(), Status::Pending);
    drop(again);
    f.expect(&["release 1"]);
}

#[test]
fn a_cancelled_key_is_cancelled_at_once() {
    let f = Fixture::new();
    let a = f.submit(1);
    f.driver().cancel(vec![a.key]);
    assert_eq!(a.status(), Status::Cancelled);
    f.driver()
        .told(vec![(a.key, News::State(KeyState::Cancelled))]);
    let again = f.submit(1);
    f.driver().told(vec![(a.key, finished(&[]))]);
    assert_eq!(again.status(), Status::Finished);
}

#[test]
fn sync_comes_after_all_that_was_said_before() {
    let f = Fixture::new();
    let _a = f.submit(1);
    let (done, mut is_done) = oneshot::channel();
    f.driver().sync(done);
    let _b = f.submit(2);
    assert!(is_done.try_recv().is_err());
    f.expect(&["submit 1", "sync", "submit 2"]);
    assert_eq!(is_done.try_recv(), Ok(()));
}

#[test]
fn submitting_waits_for_room() {
    let session = session();
    // Fills more than the queue of the tests holds.
    let big = Handle::submit(&session, vec![(task(1, 2 << 20), description("u8"))]);
    let submitter = {
        let session = session.clone();
        std::thread::spawn(move || {
            let tasks = vec![(task(2, 10), description("u8"))];
            Handle::submit(&session, tasks).map(|handles| handles.len())
        })
    };
    // It may not have begun to wait yet, but cannot have submitted either.
    let Some(Outgoing::Batch(batch)) = session.driver.next() else {
        panic!("there is something to send");
    };
    assert_eq!(batch.tasks.len(), 1);
    assert_eq!(submitter.join().unwrap().unwrap(), 1);
    drop(big);
}

#[test]
fn the_end_tells_all_that_wait() {
    let f = Fixture::new();
    let [pending, done] = [f.submit(1), f.submit(2)];
    f.driver().told(vec![(done.key, finished(&[]))]);
    let (asked, mut answered) = oneshot::channel();
    f.driver().sync(asked);
    f.driver().close("the wire was cut");
    assert!(matches!(pending.state(), State::Gone));
    assert!(matches!(done.state(), State::Finished { .. }));
    assert_eq!(
        answered.try_recv(),
        Err(oneshot::error::TryRecvError::Closed)
    );
    let tasks = vec![(task(3, 1), description("u8"))];
    let refused = Handle::submit(&f.session, tasks);
    let message = refused.err().unwrap().to_string();
    assert!(message.contains("the wire was cut"), "{message}");
    drop((pending, done));
    f.expect(&[]);
}

#[test]
fn a_component_is_uploaded_once_and_again_when_it_was_refused() {
    let f = Fixture::new();
    let driver = f.driver();
    let text = r#"(component
        (core module $m (func (export "f") (param i32) (result i32) local.get 0))
        (core instance $i (instantiate $m))
        (func (export "f") (param "x" u32) (result u32) (canon lift (core func $i "f"))))"#;
    let component = Component::load(text.as_bytes()).unwrap();
    let digest = Digest(*component.digest().as_bytes());
    let upload = format!("upload {}", component.digest());
    driver.offer(digest, &component);
    driver.offer(digest, &component);
    f.expect(&[&upload]);
    driver.component_refused(digest);
    driver.offer(digest, &component);
    f.expect(&[&upload]);
    driver.has_component(digest);
    driver.offer(digest, &component);
    f.expect(&[]);
}
