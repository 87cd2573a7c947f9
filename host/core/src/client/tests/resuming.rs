//! After a lost connection the scheduler is told what it may have missed, and nothing twice.

use super::*;

impl Harness {
    fn resume(&mut self, taken: u64) {
        self.handle(Event::ConnectionLost);
        self.handle(Event::SessionResumed { taken });
    }

    fn forget(&mut self) {
        self.handle(Event::ConnectionLost);
        self.handle(Event::SessionForgotten);
    }
}

#[test]
fn what_is_sent_is_acknowledged_once_there_is_nothing_else_to_say() {
    let mut h = Harness::resuming();
    h.submit(["a"]);
    h.expect(["push submit a", "sync"]);
    h.expect([]);
    // And in between, where too much would be kept.
    let mut h = Harness::with_config(Config {
        batch_items: 1,
        resend_bytes: Some(150),
        ..Config::default()
    });
    h.submit(["a", "b", "c"]);
    h.expect([
        "push submit a",
        "push submit b",
        "sync",
        "push submit c",
        "sync",
    ]);
}

#[test]
fn nothing_is_sent_while_there_is_no_connection() {
    let mut h = Harness::resuming();
    h.handle(Event::ConnectionLost);
    h.submit(["a"]);
    h.expect([]);
    h.handle(Event::SessionResumed { taken: 0 });
    h.expect(["push submit a", "sync"]);
}

#[test]
fn what_was_not_taken_in_is_said_again() {
    let mut h = Harness::resuming();
    h.submit(["a"]);
    h.expect_next(["push submit a"]);
    h.handle(Event::Sent);
    h.submit(["b"]);
    h.expect_next(["push submit b"]);
    h.submit(["c"]);
    h.resume(1);
    // The first was taken in, but what became of it may have been told to nobody.
    h.expect(["push submit b,c want a", "sync"]);
    // Messages are numbered on from there.
    h.submit(["d"]);
    h.expect_next(["push submit d"]);
    h.resume(2);
    h.expect(["push submit d want a,b,c", "sync"]);
}

#[test]
fn what_was_asked_meanwhile_is_still_answered() {
    let mut h = Harness::resuming();
    h.offer(1);
    h.sync(7);
    h.expect_next(["upload 1"]);
    h.resume(0);
    h.expect_next(["upload 1"]);
    h.handle(Event::Sent);
    h.expect_next(["sync"]);
    h.resume(0);
    h.expect(["sync", "synced 7"]);
}

#[test]
fn answers_that_were_lost_are_not_waited_for() {
    let mut h = Harness::resuming();
    h.submit(["a"]);
    h.cancel(["a"]);
    h.expect_next(["resolved a", "push submit a cancel a"]);
    h.resume(1);
    h.expect([]);
    h.submit(["a"]);
    h.finished("a");
    assert_eq!(h.state("a"), "finished");
}

#[test]
fn a_cancellation_that_is_said_again_has_an_answer_also_if_the_task_was_refused() {
    let mut h = Harness::resuming();
    h.submit(["a"]);
    h.expect_next(["push submit a"]);
    h.handle(Event::Sent);
    h.cancel(["a"]);
    h.resume(1);
    // Whether it holds the key or not, it answers once that it is cancelled.
    h.expect(["resolved a", "push want a cancel a", "sync"]);
    h.submit(["a"]);
    h.cancelled("a");
    assert_eq!(h.state("a"), "pending");
    h.finished("a");
    assert_eq!(h.state("a"), "finished");
}

#[test]
fn a_value_that_was_being_stored_is_gone() {
    let mut h = Harness::resuming();
    h.offer_data("a");
    h.handle(Event::ConnectionLost);
    h.expect(["resolved a"]);
    assert_eq!(h.state("a"), "gone");
    h.handle(Event::SessionResumed { taken: 0 });
    h.expect([]);
}

#[test]
fn a_value_that_is_offered_while_there_is_no_connection_is_not_asked_for() {
    let mut h = Harness::resuming();
    h.handle(Event::ConnectionLost);
    h.offer_data("a");
    h.handle(Event::SessionResumed { taken: 0 });
    h.expect([]);
    h.handle(Event::ConnectionLost);
    h.offer_data("b");
    h.handle(Event::SessionForgotten);
    assert_eq!([h.state("a"), h.state("b")], ["gone", "storing"]);
}

#[test]
fn released_keys_are_not_asked_for_again() {
    let mut h = Harness::resuming();
    h.submit(["a", "b"]);
    h.finished("a");
    h.expect(["resolved a", "push submit a,b", "sync"]);
    h.release(["b"]);
    h.resume(1);
    h.expect(["push want a release b", "sync"]);
}

#[test]
fn what_was_forgotten_is_gone_and_what_stands_alone_is_said_again() {
    let mut h = Harness::resuming();
    h.submit(["a", "b"]);
    h.finished("b");
    h.expect(["resolved b", "push submit a,b", "sync"]);
    h.submit_on("c", &["a"]);
    h.submit(["d"]);
    h.submit_on("e", &["d"]);
    h.detach(["a", "e"]);
    h.cancel(["a"]);
    h.release(["b"]);
    h.expect_next([
        "resolved a",
        "push submit c,d,e detach a,e release b cancel a",
    ]);
    h.forget();
    let resolved = h.texts();
    assert_eq!(resolved, ["resolved c"]);
    assert_eq!(h.state("c"), "gone");
    assert_eq!([h.state("a"), h.state("b")], ["cancelled", "unknown"]);
    h.expect(["push submit d,e detach e", "sync"]);
    // It may be asked for again.
    h.submit(["a", "c"]);
    h.expect(["push submit a,c", "sync"]);
    assert_eq!([h.state("a"), h.state("c")], ["pending", "pending"]);
}

#[test]
fn a_result_that_is_known_is_not_computed_again_under_the_same_key() {
    let mut h = Harness::resuming();
    h.submit(["a", "b"]);
    h.expect_next(["push submit a,b"]);
    h.finished("a");
    h.handle(Event::Sent);
    h.forget();
    h.expect(["resolved a", "resolved a", "push submit b", "sync"]);
    assert_eq!(h.state("a"), "gone");
}

#[test]
fn what_is_only_named_is_not_asked_for_of_a_session_that_knows_nothing() {
    let mut h = Harness::resuming();
    h.want(["a"]);
    h.submit_on("b", &["a"]);
    h.forget();
    h.expect(["resolved a", "resolved b"]);
    assert_eq!([h.state("a"), h.state("b")], ["gone", "gone"]);
}

#[test]
fn components_are_given_to_the_new_session_again() {
    let mut h = Harness::resuming();
    h.offer(1);
    h.expect(["upload 1"]);
    h.offer(2);
    h.forget();
    h.expect(["upload 2"]);
    h.offer(1);
    h.offer(2);
    h.expect(["upload 1"]);
}
