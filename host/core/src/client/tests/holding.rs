//! Keys are held as often as the program says, and what is held is known.

use super::*;

#[test]
fn a_key_is_submitted_once_and_released_with_its_last_hold() {
    let mut h = Harness::new();
    h.submit(["a", "a"]);
    h.expect(["push submit a"]);
    h.release(["a"]);
    h.expect([]);
    h.release(["a"]);
    h.expect(["push release a"]);
    assert!(h.core.is_empty());
}

#[test]
fn a_younger_hold_keeps_the_key_from_being_released() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.expect(["push submit a"]);
    h.submit(["a"]);
    h.release(["a"]);
    h.expect([]);
    assert_eq!(h.state("a"), "pending");
}

#[test]
fn cancelled_lost_and_refused_keys_are_submitted_again() {
    let mut h = Harness::new();
    h.submit(["a", "b", "c", "d"]);
    h.cancelled("a");
    h.lost("b");
    h.refused("c");
    h.finished("d");
    h.expect([
        "resolved a",
        "resolved b",
        "resolved c",
        "resolved d",
        "push submit a,b,c,d",
    ]);
    h.submit(["a", "b", "c", "d"]);
    h.expect(["push submit a,b,c"]);
    assert_eq!(h.state("b"), "pending");
    assert_eq!(h.state("d"), "finished");
}

#[test]
fn what_is_wanted_is_asked_for_also_if_it_is_held() {
    let mut h = Harness::new();
    h.want(["a"]);
    h.expect(["push want a"]);
    h.finished("a");
    h.expect(["resolved a"]);
    h.want(["a"]);
    h.expect(["push want a"]);
    assert_eq!(h.state("a"), "finished");
    h.cancelled("a");
    h.want(["a"]);
    h.expect(["resolved a", "push want a"]);
    assert_eq!(h.state("a"), "pending");
}

#[test]
fn a_value_that_is_being_stored_is_not_asked_for() {
    let mut h = Harness::new();
    h.offer_data("a");
    assert_eq!(h.state("a"), "storing");
    h.expect([]);
    h.stored("a");
    h.expect(["resolved a"]);
    assert_eq!(h.state("a"), "finished");
    h.hold("a");
    h.release(["a"]);
    h.release(["a"]);
    h.expect(["push release a"]);
    // It was dropped before it was there.
    h.stored("a");
    assert_eq!(h.state("a"), "unknown");
}

#[test]
fn what_is_stored_again_is_there_again() {
    let mut h = Harness::new();
    h.offer_data("a");
    h.stored("a");
    h.lost("a");
    h.offer_data("a");
    h.not_stored("a");
    assert_eq!(h.state("a"), "lost");
    h.offer_data("a");
    h.stored("a");
    assert_eq!(h.state("a"), "finished");
    // What is there already stays so, whatever becomes of one more copy.
    h.offer_data("a");
    h.not_stored("a");
    assert_eq!(h.state("a"), "finished");
}

#[test]
fn news_of_released_keys_is_passed_over() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.release(["a"]);
    h.finished("a");
    h.expect(["push submit (a) release a"]);
    assert_eq!(h.state("a"), "unknown");
}

#[test]
fn a_result_may_be_pending_again() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.finished("a");
    h.told("a", KeyState::Pending);
    assert_eq!(h.state("a"), "pending");
    h.finished("a");
    h.expect(["resolved a", "resolved a", "push submit a"]);
}

#[test]
fn the_end_leaves_nothing_pending() {
    let mut h = Harness::new();
    h.submit(["a", "b"]);
    h.offer_data("c");
    h.finished("b");
    h.sync(1);
    h.handle(Event::SessionEnded);
    h.handle(Event::SessionEnded);
    let resolved = h.texts();
    assert_eq!(resolved.len(), 3, "{resolved:?}");
    assert_eq!(
        [h.state("a"), h.state("b"), h.state("c")],
        ["gone", "finished", "gone"]
    );
    // Whatever is wanted now is gone too, and nothing is sent.
    h.submit(["d"]);
    h.cancel(["b"]);
    h.release(["a"]);
    h.expect([]);
    assert_eq!([h.state("b"), h.state("d")], ["finished", "gone"]);
}
