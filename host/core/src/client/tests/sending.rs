//! What is said goes into bounded messages, in an order that means the same.

use super::*;

#[test]
fn what_comes_together_goes_together() {
    let mut h = Harness::new();
    h.submit(["a", "b", "c"]);
    h.cancel(["b"]);
    h.release(["a"]);
    h.detach(["c"]);
    h.expect([
        "resolved b",
        "push submit (a),b,c detach c release a cancel b",
    ]);
}

#[test]
fn one_thing_is_under_way_at_a_time() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.expect_next(["push submit a"]);
    h.submit(["b"]);
    h.submit(["c"]);
    h.expect_next([]);
    assert!(!h.core.has_sent_all());
    h.handle(Event::Sent);
    h.expect_next(["push submit b,c"]);
    h.handle(Event::Sent);
    assert!(h.core.has_sent_all());
}

#[test]
fn what_is_only_let_go_of_may_wait_for_something_to_say() {
    let mut h = Harness::new();
    assert!(!h.core.may_wait());
    h.submit(["a", "b"]);
    assert!(!h.core.may_wait());
    h.expect(["push submit a,b"]);
    h.release(["a"]);
    assert!(h.core.may_wait());
    h.release(["b"]);
    assert!(h.core.may_wait());
    h.submit(["c"]);
    assert!(!h.core.may_wait());
    h.expect(["push submit c release a,b"]);
    assert!(!h.core.may_wait());
}

#[test]
fn order_is_kept_where_it_matters() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.release(["a"]);
    // In one message the new submission would come before the old release.
    h.submit(["a"]);
    // And this release before the cancellation.
    h.submit(["b"]);
    h.cancel(["b"]);
    h.release(["b"]);
    h.expect([
        "resolved b",
        "push submit (a) release a",
        "push submit a,b cancel b",
        "push release b",
    ]);
}

#[test]
fn what_is_detached_may_be_dropped_in_the_same_message() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.detach(["a"]);
    h.release(["a"]);
    // Were it not wanted, it would be forgotten before it is detached.
    h.expect(["push submit a detach a release a"]);

    h.submit(["b"]);
    h.cancel(["b"]);
    h.detach(["b"]);
    h.expect(["resolved b", "push submit b cancel b", "push detach b"]);
}

#[test]
fn messages_have_limits() {
    let mut h = Harness::with_config(Config {
        batch_items: 2,
        ..Config::default()
    });
    h.submit(["a", "b", "c"]);
    h.expect(["push submit a,b", "push submit c"]);

    // Tasks share their definition.
    let with_bytes = |batch_bytes| {
        Harness::with_config(Config {
            batch_bytes,
            ..Config::default()
        })
    };
    let mut h = with_bytes(210);
    h.submit(["a", "b", "c"]);
    h.expect(["push submit a,b", "push submit c"]);
    let mut h = with_bytes(209);
    h.submit(["a", "b"]);
    h.expect(["push submit a", "push submit b"]);

    // One that exceeds the limit alone goes alone.
    let mut h = with_bytes(10);
    h.submit(["a"]);
    h.release(["b"]);
    h.expect(["push submit a"]);

    // Keys count too.
    let mut h = with_bytes(64);
    h.want(["a", "b", "c"]);
    h.expect(["push want a,b", "push want c"]);
}

#[test]
fn syncs_come_after_all_that_was_said_before() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.sync(1);
    h.sync(2);
    h.submit(["b"]);
    h.expect([
        "push submit a",
        "sync",
        "synced 1",
        "synced 2",
        "push submit b",
    ]);
}

#[test]
fn a_component_goes_before_what_needs_it_once() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.offer(1);
    h.offer(1);
    h.submit(["b"]);
    h.expect(["push submit a", "upload 1", "push submit b"]);
    let digest = Digest([1; 32]);
    h.handle(Event::ComponentRefused { digest });
    h.offer(1);
    h.expect(["upload 1"]);
    // Another client may have taken it out.
    h.submit(["c"]);
    h.expect(["push submit c"]);
    h.refused("c");
    h.offer(1);
    h.expect(["resolved c", "upload 1"]);
    let digest = Digest([2; 32]);
    h.handle(Event::ComponentKnown { digest });
    h.offer(2);
    h.expect([]);
}
