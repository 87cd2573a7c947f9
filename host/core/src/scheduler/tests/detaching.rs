//! Fire and forget: what is computed though nobody waits for it.

use super::*;

#[test]
fn a_detached_task_and_all_it_needs_run_though_the_session_left() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a"), task("b").after(["a"])], ["b"]);
    h.detach(1, ["b"]);
    h.close(1);
    h.expect(["w1: compute a#1"]);
    h.finish(1, "a", 1);
    h.expect(["w1: compute b#1 from a@w1"]);
    h.finish(1, "b", 1);
    h.expect(["w1: free a,b"]);
    h.expect_empty();
    assert_eq!(h.counts().total_finished, 2);
}

#[test]
fn a_detached_task_that_fails_is_forgotten_with_what_it_needed() {
    let mut h = Harness::with_workers(1, 2);
    let tasks = [
        task("a").retries(1),
        task("b"),
        task("c").after(["a", "b"]),
        task("d").after(["c"]),
    ];
    h.submit(1, tasks, ["d"]);
    h.detach(1, ["d"]);
    h.close(1);
    h.expect(["w1: compute a#1", "w1: compute b#1"]);
    h.fail(1, "a", 1, FailureKind::Trap);
    h.expect(["w1: compute a#2"]);
    h.fail(1, "a", 2, FailureKind::Trap);
    h.expect(["w1: cancel b#1"]);
    h.expect_empty();
}

#[test]
fn after_its_end_only_those_keep_it_who_hold_it() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a")], ["a"]);
    h.detach(1, ["a"]);
    h.finish(1, "a", 1);
    h.expect(["w1: compute a#1", "s1: a finished"]);
    h.release(1, ["a"]);
    h.expect(["w1: free a"]);
    h.expect_empty();
}

#[test]
fn what_has_come_to_its_end_is_not_detached() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a"), task("b").function("g")], ["a", "b"]);
    h.finish(1, "a", 1);
    h.fail(1, "b", 1, FailureKind::Trap);
    h.detach(1, ["a", "b"]);
    h.close(1);
    h.expect_empty();
}

#[test]
fn what_nobody_can_compute_is_not_detached() {
    let mut h = Harness::with_workers(1, 1);
    h.scatter(1, "x", 1);
    h.submit(1, [task("a").after(["x"])], ["a"]);
    h.finish(1, "a", 1);
    h.release(1, ["x"]);
    h.expect([
        "w1: compute a#1 from x@w1",
        "w1: free x",
        "s1: x finished",
        "s1: a finished",
    ]);
    h.detach(1, ["x"]);
    assert_eq!((h.counts().released, h.counts().total_erred), (1, 0));
}

#[test]
fn cancelling_ends_what_is_detached_if_it_is_named() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a"), task("b").after(["a"])], ["b"]);
    h.detach(1, ["b"]);
    h.close(1);
    h.open(2, TENANT);
    h.cancel(2, ["b"]);
    h.expect(["w1: compute a#1", "w1: cancel a#1"]);
    h.expect_empty();
}

#[test]
fn cancelling_an_input_ends_nothing_that_another_session_detached() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.submit(1, [task("a"), task("b").after(["a"])], ["b"]);
    h.detach(1, ["b"]);
    h.close(1);
    h.submit(2, [task("a"), task("c").after(["a"])], ["a", "c"]);
    h.cancel(2, ["a"]);
    h.expect(["w1: compute a#1", "s2: a cancelled", "s2: c cancelled"]);
    h.finish(1, "a", 1);
    h.expect(["w1: compute b#1 from a@w1"]);
    h.finish(1, "b", 1);
    h.expect(["w1: free a,b"]);
    h.expect_empty();
}

#[test]
fn a_lost_worker_does_not_end_it() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("a")], ["a"]);
    h.detach(1, ["a"]);
    h.close(1);
    h.lose(1);
    h.expect(["w1: compute a#1", "w2: compute a#2"]);
    h.finish(2, "a", 2);
    h.expect(["w2: free a"]);
    h.expect_empty();
}

#[test]
fn a_result_that_nobody_kept_is_computed_again_when_it_is_detached() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a"), task("b").after(["a"])], ["b"]);
    h.finish(1, "a", 1);
    h.finish(1, "b", 1);
    h.expect([
        "w1: compute a#1",
        "w1: compute b#1 from a@w1",
        "w1: free a",
        "s1: b finished",
    ]);
    h.detach(1, ["a"]);
    h.release(1, ["b"]);
    h.expect(["w1: compute a#2", "w1: free b"]);
    h.finish(1, "a", 2);
    h.expect(["w1: free a"]);
    h.expect_empty();
}

#[test]
fn only_keys_of_the_own_tenant_are_detached_and_only_while_the_session_is_open() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TenantId(2));
    h.submit(1, [task("a")], ["a"]);
    h.detach(2, ["a"]);
    assert_eq!(h.counts().total_foreign, 1);
    h.close(2);
    h.detach(2, ["a"]);
    assert_eq!(h.counts().total_stale, 1);
    h.release(1, ["a"]);
    h.expect(["w1: compute a#1", "w1: cancel a#1"]);
    h.expect_empty();
    // Nothing is known of the key any more.
    h.detach(1, ["a"]);
    h.expect([]);
}
