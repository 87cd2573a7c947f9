//! Letting go: what nobody wants stops, is freed and forgotten.

use super::*;

#[test]
fn releasing_everything_leaves_nothing() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x"), task("y").after(["x"])], ["x", "y"]);
    h.finish(1, "x", 1);
    h.finish(1, "y", 1);
    h.expect([
        "w1: compute x#1",
        "w1: compute y#1 from x@w1",
        "s1: x finished",
        "s1: y finished",
    ]);
    h.release(1, ["x"]);
    h.expect(["w1: free x"]);
    assert!(h.core.knows(&h.key("x")), "y may need it again");
    h.release(1, ["y"]);
    h.expect(["w1: free y"]);
    h.expect_empty();
}

#[test]
fn a_released_task_that_runs_is_stopped() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x")], ["x"]);
    h.release(1, ["x"]);
    h.expect(["w1: compute x#1", "w1: cancel x#1"]);
    h.expect_empty();
}

#[test]
fn a_released_key_stays_while_a_dependent_needs_it() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x"), task("y").after(["x"])], ["x", "y"]);
    h.release(1, ["x"]);
    h.finish(1, "x", 1);
    h.expect(["w1: compute x#1", "w1: compute y#1 from x@w1"]);
    h.finish(1, "y", 1);
    h.expect(["w1: free x", "s1: y finished"]);
}

#[test]
fn what_two_sessions_hold_survives_one_of_them() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.submit(1, [task("x")], ["x"]);
    h.submit(2, [task("x")], ["x"]);
    h.release(1, ["x"]);
    h.expect(["w1: compute x#1"]);
    h.finish(1, "x", 1);
    h.expect(["s2: x finished"]);
    h.close(2);
    h.expect(["w1: free x"]);
    h.expect_empty();
}

#[test]
fn a_closed_session_lets_go_of_all_it_held() {
    let mut h = Harness::with_workers(1, 2);
    h.submit(
        1,
        [task("x"), task("y"), task("z").after(["y"])],
        ["x", "z"],
    );
    h.finish(1, "x", 1);
    h.expect(["w1: compute x#1", "w1: compute y#1", "s1: x finished"]);
    h.close(1);
    h.expect(["w1: cancel y#1", "w1: free x"]);
    h.expect_empty();
}

#[test]
fn a_key_comes_back_after_it_was_forgotten() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x")], ["x"]);
    h.finish(1, "x", 1);
    h.release(1, ["x"]);
    h.expect(["w1: compute x#1", "w1: free x", "s1: x finished"]);
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#1"]);
}

#[test]
fn lineage_is_forgotten_with_its_last_dependent() {
    let mut h = Harness::with_workers(1, 1);
    let tasks = [task("a"), task("b").after(["a"]), task("c").after(["b"])];
    h.submit(1, tasks, ["b", "c"]);
    h.release(1, ["c"]);
    assert!(!h.core.knows(&h.key("c")));
    assert!(h.core.knows(&h.key("a")));
    h.release(1, ["b"]);
    h.expect(["w1: compute a#1", "w1: cancel a#1"]);
    h.expect_empty();
}
