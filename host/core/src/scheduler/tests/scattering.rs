//! Clients' values.

use super::*;

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
fn equal_values_are_one_key_with_two_holders() {
    let mut h = Harness::with_workers(2, 1);
    h.open(2, TENANT);
    h.scatter(1, "x", 1);
    h.scatter(2, "x", 2);
    h.expect(["s1: x finished", "s2: x finished"]);
    h.close(1);
    h.expect([]);
    h.close(2);
    h.expect(["w1: free x", "w2: free x"]);
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
fn a_value_sent_to_a_lost_worker_is_lost() {
    let mut h = Harness::with_workers(1, 1);
    h.lose(1);
    h.scatter(1, "x", 1);
    h.expect(["s1: x lost by x"]);
    h.open(2, TENANT);
    h.scatter(2, "x", 1);
    h.expect(["s2: x lost by x"]);
}

#[test]
fn a_value_of_a_closed_session_is_dropped() {
    let mut h = Harness::with_workers(1, 1);
    h.close(1);
    h.scatter(1, "x", 1);
    h.expect(["w1: free x"]);
    h.expect_empty();
}

#[test]
fn values_sent_together_spread_by_room() {
    let mut h = Harness::new();
    assert_eq!(h.core.place_data(1), None);
    h.join_as(1, |info| info.memory_limit = 100);
    h.join_as(2, |info| info.memory_limit = 200);
    let placed: Vec<_> = (0..6).filter_map(|_| h.core.place_data(10)).collect();
    assert_eq!(placed, [1, 2, 2, 1, 2, 2].map(WorkerId));
    h.join_as(3, |info| info.memory_limit = 100);
    assert_eq!(
        h.core.place_data(10),
        Some(WorkerId(1)),
        "a newcomer takes its turn"
    );
}
