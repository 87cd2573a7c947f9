//! Results that are to be dropped.

use super::*;

#[test]
fn a_freed_result_is_dropped() {
    let mut h = Harness::new();
    h.store("x");
    h.store("y");
    h.free(["x", "unknown", "y"]);
    h.expect(["drop x", "drop y"]);
    h.expect_empty();
}

#[test]
fn a_pinned_result_is_dropped_after_the_task() {
    let mut h = Harness::new();
    h.store("x");
    h.compute("y", 1, [("x", &[1])]);
    h.free(["x"]);
    h.expect(["execute y#1"]);
    h.done("y", 1);
    h.expect(["> finished y#1", "drop x"]);
}

#[test]
fn a_freed_result_is_not_used_for_new_tasks() {
    let mut h = Harness::new();
    h.store("x");
    h.compute("y", 1, [("x", &[1])]);
    h.free(["x"]);
    h.compute("z", 1, [("x", &[2])]);
    h.compute("x", 5, []);
    h.expect(["execute y#1"]);
    h.done("y", 1);
    h.expect(["> finished y#1", "drop x", "execute x#5"]);
    h.done("x", 5);
    h.expect(["> finished x#5", "execute z#1"]);
}

#[test]
fn a_freed_result_that_goes_bad_is_not_missed() {
    let mut h = Harness::new();
    h.store("x");
    h.compute("y", 1, [("x", &[1])]);
    h.free(["x"]);
    h.gone("x");
    h.done("y", 1);
    h.expect(["execute y#1", "> finished y#1"]);
}

#[test]
fn a_bad_result_is_told_of() {
    let mut h = Harness::new();
    h.store("x");
    h.gone("x");
    h.expect(["> gone x"]);
    h.expect_empty();
}
