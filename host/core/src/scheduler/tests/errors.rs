//! Failures: who hears of them, and what is tried again.

use super::*;

#[test]
fn a_failure_is_passed_to_dependents_and_names_its_origin() {
    let mut h = Harness::with_workers(1, 2);
    let tasks = [
        task("a"),
        task("b").after(["a"]),
        task("c").after(["b"]),
        task("d"),
        task("e").after(["c", "d"]),
    ];
    h.submit(1, tasks, ["b", "e"]);
    h.expect(["w1: compute a#1", "w1: compute d#1"]);
    h.fail(1, "a", 1, FailureKind::Trap);
    h.expect(["w1: cancel d#1", "s1: b erred by a", "s1: e erred by a"]);
    let counts = h.counts();
    assert_eq!(
        (counts.erred, counts.released, counts.total_erred),
        (4, 1, 4)
    );
    h.release(1, ["b", "e"]);
    h.expect_empty();
}

#[test]
fn a_failed_task_is_tried_again_as_often_as_it_asks() {
    for kind in [
        FailureKind::GuestError,
        FailureKind::Trap,
        FailureKind::Deadline,
        FailureKind::OutOfMemory,
        FailureKind::Unavailable,
    ] {
        let mut h = Harness::with_workers(1, 1);
        h.submit(1, [task("x").retries(1)], ["x"]);
        h.expect(["w1: compute x#1"]);
        h.fail(1, "x", 1, kind);
        h.expect(["w1: compute x#2"]);
        h.fail(1, "x", 2, kind);
        h.expect(["s1: x erred by x"]);
    }
}

#[test]
fn bad_arguments_are_never_tried_again() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x").retries(9)], ["x"]);
    h.fail(1, "x", 1, FailureKind::BadArguments);
    h.expect(["w1: compute x#1", "s1: x erred by x"]);
}

#[test]
fn an_erred_key_keeps_its_error_while_somebody_holds_it() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.submit(1, [task("x")], ["x"]);
    h.fail(1, "x", 1, FailureKind::Trap);
    h.submit(2, [task("x")], ["x"]);
    h.expect(["w1: compute x#1", "s1: x erred by x", "s2: x erred by x"]);
    h.release(1, ["x"]);
    h.release(2, ["x"]);
    h.expect_empty();
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#1"]);
}

#[test]
fn an_erred_key_that_only_dependents_keep_starts_anew() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x"), task("y").after(["x"])], ["y"]);
    h.fail(1, "x", 1, FailureKind::Trap);
    h.expect(["w1: compute x#1", "s1: y erred by x"]);
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#2"]);
}

#[test]
fn a_new_dependent_of_an_erred_task_errs_at_once() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x")], ["x"]);
    h.fail(1, "x", 1, FailureKind::GuestError);
    h.submit(1, [task("y").after(["x"])], ["y"]);
    h.expect(["w1: compute x#1", "s1: x erred by x", "s1: y erred by x"]);
}
