//! Messages that come too late, and workers that make no sense.

use super::*;

#[test]
fn stale_finish_is_ignored_after_worker_loss() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x")], ["x"]);
    h.lose(1);
    h.expect(["w1: compute x#1", "w2: compute x#2"]);
    h.finish(1, "x", 1);
    h.expect([]);
    h.finish(2, "x", 2);
    h.expect(["s1: x finished"]);
}

#[test]
fn the_result_of_a_cancelled_attempt_is_left_to_the_cancelling() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x")], ["x"]);
    h.cancel(1, ["x"]);
    h.expect(["w1: compute x#1", "w1: cancel x#1", "s1: x cancelled"]);
    h.finish(1, "x", 1);
    h.expect([]);
    assert_eq!(h.counts().total_stale, 1);
}

#[test]
fn a_stray_result_is_left_to_a_worker_that_was_given_the_task_again() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x")], ["x"]);
    h.cancel(1, ["x"]);
    h.submit(1, [task("x")], ["x"]);
    h.expect([
        "w1: compute x#1",
        "w1: cancel x#1",
        "w1: compute x#2",
        "s1: x cancelled",
    ]);
    h.finish(1, "x", 1);
    h.copied(1, "x");
    h.expect([]);
    assert_eq!(h.counts().processing, 1);
}

#[test]
fn a_known_holder_that_finishes_again_keeps_its_result() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x")], ["x"]);
    h.finish(1, "x", 1);
    h.finish(1, "x", 1);
    h.expect(["w1: compute x#1", "s1: x finished"]);
}

#[test]
fn a_copy_of_what_nobody_has_is_freed() {
    let mut h = Harness::with_workers(1, 1);
    h.spec(&task("x"));
    h.copied(1, "x");
    h.expect(["w1: free x"]);
}

#[test]
fn a_stale_failure_is_ignored() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x").retries(1)], ["x"]);
    h.fail(1, "x", 1, FailureKind::Trap);
    h.fail(1, "x", 1, FailureKind::Trap);
    h.miss(1, "x", 1, &[]);
    h.expect(["w1: compute x#1", "w1: compute x#2"]);
}

#[test]
fn lost_workers_and_closed_sessions_are_not_listened_to() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#1"]);
    h.close(1);
    h.lose(1);
    h.expect(["w1: cancel x#1"]);
    h.close(1);
    h.lose(1);
    h.copied(1, "x");
    h.gone(1, "x");
    h.fail(1, "x", 1, FailureKind::Trap);
    h.submit(1, [task("x")], ["x"]);
    h.release(1, ["x"]);
    h.cancel(1, ["x"]);
    h.expect([]);
    h.expect_empty();
}

#[test]
fn a_worker_that_speaks_of_an_attempt_never_made_is_closed() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#1"]);
    h.finish(1, "x", 2);
    h.expect(["w1: close", "w2: compute x#2"]);
}

#[test]
fn a_worker_that_misses_what_is_no_input_is_closed() {
    for missing in [&[][..], &[("y", 2)]] {
        let mut h = Harness::with_workers(2, 1);
        h.submit(1, [task("x"), task("y").function("g")], ["x"]);
        h.expect(["w1: compute x#1"]);
        h.miss(1, "x", 1, missing);
        h.expect(["w1: close", "w2: compute x#2"]);
    }
}
