//! Cancelling, also while running.

use super::*;

#[test]
fn a_running_task_is_stopped_and_its_slot_is_free() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a"), task("b"), task("c")], ["a", "b", "c"]);
    h.expect(["w1: compute a#1", "w1: compute b#1"]);
    h.cancel(1, ["a"]);
    h.expect(["w1: cancel a#1", "w1: compute c#1", "s1: a cancelled"]);
}

#[test]
fn unfinished_dependents_are_cancelled_as_well() {
    let mut h = Harness::with_workers(1, 1);
    let tasks = [task("a"), task("b").after(["a"]), task("c").after(["b"])];
    h.submit(1, tasks, ["a", "c"]);
    h.cancel(1, ["a"]);
    h.expect([
        "w1: compute a#1",
        "w1: cancel a#1",
        "s1: a cancelled",
        "s1: c cancelled",
    ]);
    h.expect_empty();
}

#[test]
fn a_finished_dependent_is_kept() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a"), task("b").after(["a"])], ["a", "b"]);
    h.finish(1, "a", 1);
    h.finish(1, "b", 1);
    h.cancel(1, ["a"]);
    h.expect([
        "w1: compute a#1",
        "w1: compute b#1 from a@w1",
        "w1: free a",
        "s1: a finished",
        "s1: b finished",
        "s1: a cancelled",
    ]);
    assert_eq!(h.core.holders(&h.key("b")), [WorkerId(1)]);
}

#[test]
fn what_another_session_wants_goes_on() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.submit(1, [task("a")], ["a"]);
    h.submit(2, [task("a"), task("b").after(["a"])], ["b"]);
    h.cancel(1, ["a"]);
    h.expect(["w1: compute a#1", "s1: a cancelled"]);
    h.finish(1, "a", 1);
    h.expect(["w1: compute b#1 from a@w1"]);
}

#[test]
fn a_key_is_cancelled_through_a_dependency_the_session_does_not_hold() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a"), task("b").after(["a"])], ["b"]);
    h.cancel(1, ["a"]);
    h.expect(["w1: compute a#1", "w1: cancel a#1", "s1: b cancelled"]);
    h.expect_empty();
}

#[test]
fn a_cancelled_key_starts_anew_with_a_higher_attempt() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a")], ["a"]);
    h.cancel(1, ["a"]);
    h.submit(1, [task("a")], ["a"]);
    h.expect([
        "w1: compute a#1",
        "w1: cancel a#1",
        "w1: compute a#2",
        "s1: a cancelled",
    ]);
    h.finish(1, "a", 1);
    h.expect([]);
    h.finish(1, "a", 2);
    h.expect(["s1: a finished"]);
}
