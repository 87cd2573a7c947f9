//! A cancelled key is cancelled at once, and news from before is told from news of now.

use super::*;

#[test]
fn a_cancelled_key_is_cancelled_at_once_and_once() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.cancel(["a", "a"]);
    assert_eq!(h.state("a"), "cancelled");
    h.cancelled("a");
    // What the scheduler says from now on is news.
    h.submit(["a"]);
    h.finished("a");
    assert_eq!(h.state("a"), "finished");
}

#[test]
fn news_from_before_a_cancellation_is_passed_over() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.cancel(["a"]);
    h.finished("a");
    assert_eq!(h.state("a"), "cancelled");
    h.submit(["a"]);
    h.finished("a");
    h.cancelled("a");
    assert_eq!(h.state("a"), "pending");
    h.finished("a");
    assert_eq!(h.state("a"), "finished");
    h.expect([
        "resolved a",
        "resolved a",
        "push submit a cancel a",
        "push submit a",
    ]);
}

#[test]
fn each_cancellation_has_its_answer() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.cancel(["a"]);
    // Also where the key was released in between.
    h.release(["a"]);
    assert_eq!(h.state("a"), "released");
    h.submit(["a"]);
    h.cancel(["a"]);
    h.submit(["a"]);
    h.cancelled("a");
    h.cancelled("a");
    assert_eq!(h.state("a"), "pending");
    h.cancelled("a");
    assert_eq!(h.state("a"), "cancelled");
}

#[test]
fn a_released_key_is_known_until_its_cancellation_was_answered() {
    let mut h = Harness::new();
    h.submit(["a"]);
    h.cancel(["a"]);
    h.release(["a"]);
    h.expect(["resolved a", "push submit a cancel a", "push release a"]);
    assert_eq!(h.state("a"), "released");
    h.cancelled("a");
    assert!(h.core.is_empty());
}

#[test]
fn what_the_scheduler_does_not_hold_has_no_answer_to_wait_for() {
    let mut h = Harness::new();
    // Refused before the cancellation came there.
    h.submit(["a"]);
    h.cancel(["a"]);
    h.submit(["a"]);
    h.refused("a");
    assert_eq!(h.state("a"), "refused");
    // And known to be: nothing is expected.
    h.cancel(["a"]);
    h.submit(["a"]);
    h.finished("a");
    assert_eq!(h.state("a"), "finished");
    // Nor of keys that are not held.
    h.cancel(["b"]);
    h.submit(["b"]);
    h.finished("b");
    assert_eq!(h.state("b"), "finished");
}

#[test]
fn a_cancelled_value_that_may_not_be_there_yet_is_answered_all_the_same() {
    let mut h = Harness::new();
    h.offer_data("a");
    h.cancel(["a"]);
    h.expect(["resolved a", "push want a cancel a"]);
    assert_eq!(h.state("a"), "cancelled");
}

#[test]
fn of_a_value_that_is_cancelled_while_it_is_stored_the_news_tells_what_came_last() {
    // It was stored after the cancellation.
    let mut h = Harness::new();
    h.offer_data("a");
    h.cancel(["a"]);
    h.stored("a");
    assert_eq!(h.state("a"), "cancelled");
    h.cancelled("a");
    h.finished("a");
    assert_eq!(h.state("a"), "finished");
    // Or before.
    h.offer_data("a");
    h.cancel(["a"]);
    h.finished("a");
    h.stored("a");
    h.cancelled("a");
    assert_eq!(h.state("a"), "cancelled");
    // Or it was cancelled before it was offered: then there is a value to wait for.
    h.offer_data("a");
    h.cancel(["a"]);
    h.offer_data("a");
    h.stored("a");
    assert_eq!(h.state("a"), "storing");
    h.cancelled("a");
    h.finished("a");
    assert_eq!(h.state("a"), "finished");
}
