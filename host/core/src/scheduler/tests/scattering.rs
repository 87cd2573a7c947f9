//! Clients' values.

use super::*;
use crate::scheduler::ScatterError;

#[test]
fn a_scattered_value_is_held_and_freed() {
    let mut h = Harness::with_workers(1, 1);
    h.scatter(1, "x", 1);
    h.expect(["s1: x finished"]);
    h.release(1, ["x"]);
    h.expect(["w1: free x"]);
    h.expect_empty();
}

#[test]
fn a_value_is_counted_on_only_when_it_is_kept() {
    let mut h = Harness::with_workers(1, 1);
    h.offer(1, 1, &[("x", 100), ("y", 100)], Spread::One);
    h.expect(["stage x,y to w1"]);
    h.staged(1, 1);
    h.expect(["w1: keep 1"]);
    assert!(h.core.holders(&h.key("x")).is_empty());
    h.kept(1, 1, "x");
    h.kept(1, 1, "y");
    h.expect(["s1: x finished", "s1: y finished", "1 done"]);
    assert_eq!(h.core.scatters(), 0);
}

#[test]
fn a_broadcast_value_is_one_key_with_two_holders() {
    let mut h = Harness::with_workers(2, 1);
    h.offer(1, 1, &[("x", 100)], Spread::All);
    h.expect(["stage x to w1 x to w2"]);
    h.staged(1, 1);
    h.kept(1, 1, "x");
    h.expect(["w1: keep 1", "s1: x finished"]);
    h.staged(2, 1);
    h.kept(2, 1, "x");
    h.expect(["w2: keep 1", "s1: x finished", "1 done"]);
    h.close(1);
    h.expect(["w1: free x", "w2: free x"]);
}

#[test]
fn a_value_that_is_there_is_held_before_the_others_have_come() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.scatter(1, "x", 1);
    h.offer(2, 1, &[("x", 100), ("y", 100)], Spread::One);
    h.release(1, ["x"]);
    h.expect(["s1: x finished", "s2: x there already", "stage y to w1"]);
    h.close(2);
    h.expect(["w1: drop staged 1", "w1: free x"]);
    h.expect_empty();
}

#[test]
fn two_sessions_may_store_equal_values_at_once() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.offer(1, 1, &[("x", 100)], Spread::One);
    h.offer(2, 2, &[("x", 100)], Spread::One);
    h.expect(["stage x to w1", "stage x to w1"]);
    h.staged(2, 2);
    h.staged(1, 1);
    h.staged(1, 2);
    h.expect(["w1: keep 1", "w1: keep 2"]);
    h.kept(1, 1, "x");
    h.release(1, ["x"]);
    h.kept(1, 2, "x");
    // Were it freed for the first, the worker would drop what the second counts on.
    h.expect(["s1: x finished", "1 done", "s2: x finished", "2 done"]);
    h.release(2, ["x"]);
    h.expect(["w1: free x"]);
}

#[test]
fn what_an_abandoned_scatter_left_behind_is_not_dropped_where_another_keeps_it() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.offer(1, 1, &[("x", 100)], Spread::One);
    h.staged(1, 1);
    h.close(1);
    h.offer(2, 2, &[("x", 100)], Spread::One);
    h.staged(1, 2);
    h.kept(1, 1, "x");
    h.kept(1, 2, "x");
    h.expect([
        "w1: keep 1",
        "w1: drop staged 1",
        "w1: keep 2",
        "stage x to w1",
        "stage x to w1",
        "s2: x finished",
        "2 done",
    ]);
    assert_eq!(h.core.holders(&h.key("x")), [WorkerId(1)]);
}

#[test]
fn what_fails_on_one_worker_is_dropped_on_all() {
    let mut h = Harness::with_workers(2, 1);
    h.offer(1, 1, &[("x", 100)], Spread::All);
    h.staged(1, 1);
    h.send(Event::StagingFailed {
        worker: WorkerId(2),
        scatter: ScatterId(1),
        reason: "full".to_owned(),
    });
    h.expect([
        "w1: keep 1",
        "w1: drop staged 1",
        "w2: drop staged 1",
        "stage x to w1 x to w2",
        "1 failed: Failed { worker: WorkerId(2), reason: \"full\" }",
    ]);
    // It was on its way to be kept: nobody counts on it any more.
    h.kept(1, 1, "x");
    h.expect(["w1: free x"]);
    h.expect_empty();
}

#[test]
fn a_worker_that_is_lost_fails_what_was_on_its_way_there() {
    let mut h = Harness::with_workers(1, 1);
    h.offer(1, 1, &[("x", 100)], Spread::One);
    h.lose(1);
    h.expect([
        "stage x to w1",
        "1 failed: Failed { worker: WorkerId(1), reason: \"it was lost\" }",
    ]);
    h.offer(1, 2, &[("x", 100)], Spread::One);
    h.expect(["2 failed: NoWorker"]);
}

#[test]
fn a_size_is_checked_before_it_counts() {
    let mut h = Harness::with_workers(2, 1);
    h.offer(1, 1, &[("x", u64::MAX)], Spread::One);
    h.offer(1, 2, &[("y", 10), ("z", 1 << 31)], Spread::One);
    let failed = std::iter::from_fn(|| h.core.poll_action()).filter(|action| {
        matches!(
            action,
            Action::ScatterDone {
                outcome: Err(ScatterError::TooLarge { .. }),
                ..
            }
        )
    });
    assert_eq!(failed.count(), 2);
    h.offer(1, 3, &[("a", 10)], Spread::One);
    h.offer(1, 4, &[("b", 10)], Spread::One);
    h.expect(["stage a to w1", "stage b to w2"]);
}

#[test]
fn no_more_is_staged_than_a_worker_has_room_for() {
    let mut h = Harness::new();
    h.join_as(1, |info| info.memory_limit = 100);
    h.offer(1, 1, &[("a", 60)], Spread::One);
    h.offer(1, 2, &[("b", 60)], Spread::One);
    h.expect(["stage a to w1", "2 failed: Busy"]);
    h.staged(1, 1);
    h.kept(1, 1, "a");
    h.offer(1, 3, &[("b", 60)], Spread::One);
    h.expect(["w1: keep 1", "s1: a finished", "1 done", "stage b to w1"]);
}

#[test]
fn a_lost_value_is_lost_with_what_needs_it_until_it_comes_again() {
    let mut h = Harness::with_workers(2, 1);
    h.scatter(1, "x", 1);
    h.submit(1, [task("y").after(["x"])], ["y"]);
    h.expect(["w1: compute y#1 from x@w1", "s1: x finished"]);
    h.lose(1);
    h.expect(["s1: x lost by x", "s1: y lost by x"]);
    h.scatter(1, "x", 2);
    h.expect(["s1: x finished"]);
    h.release(1, ["y"]);
    h.submit(1, [task("y").after(["x"])], ["y"]);
    h.expect(["w2: compute y#1 from x@w2"]);
}

#[test]
fn a_task_that_lacked_a_lost_value_is_tried_again_although_it_is_held() {
    let mut h = Harness::with_workers(2, 1);
    h.scatter(1, "x", 1);
    h.submit(1, [task("y").after(["x"])], ["y"]);
    h.lose(1);
    h.expect([
        "w1: compute y#1 from x@w1",
        "s1: x finished",
        "s1: x lost by x",
        "s1: y lost by x",
    ]);
    // As long as the value is not there, the task is lost at once.
    h.submit(1, [task("y").after(["x"])], ["y"]);
    h.expect(["s1: y pending", "s1: y lost by x"]);
    h.scatter(1, "x", 2);
    h.submit(1, [task("y").after(["x"])], ["y"]);
    h.expect([
        "w2: compute y#2 from x@w2",
        "s1: x finished",
        "s1: y pending",
    ]);
}

#[test]
fn values_sent_together_spread_by_room() {
    let mut h = Harness::new();
    h.join_as(1, |info| info.memory_limit = 100);
    h.join_as(2, |info| info.memory_limit = 200);
    let names = ["a", "b", "c", "d", "e", "f"];
    let values = names.map(|name| (name, 10));
    h.offer(1, 1, &values, Spread::One);
    h.expect(["stage a,d to w1 b,c,e,f to w2"]);
}
