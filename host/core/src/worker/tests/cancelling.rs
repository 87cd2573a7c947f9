//! Tasks that are not wanted any more.

use super::*;

#[test]
fn a_cancelled_execution_is_stopped_and_frees_its_slot_at_its_end() {
    let mut h = Harness::new();
    h.compute("a", 1, []);
    h.compute("b", 1, []);
    h.cancel("a", 1);
    h.cancel("a", 1);
    h.expect(["execute a#1", "interrupt a#1"]);
    h.failed("a", 1);
    h.expect(["execute b#1"]);
}

#[test]
fn the_result_of_a_cancelled_attempt_is_dropped() {
    let mut h = Harness::new();
    h.compute("a", 1, []);
    h.cancel("a", 1);
    h.done("a", 1);
    h.expect(["execute a#1", "interrupt a#1", "drop a"]);
    h.expect_empty();
}

#[test]
fn a_newer_attempt_runs_after_the_cancelled_one() {
    for ok in [false, true] {
        let mut h = Harness::with_slots(2);
        h.compute("a", 1, []);
        h.cancel("a", 1);
        h.compute("a", 2, []);
        h.expect(["execute a#1", "interrupt a#1"]);
        if ok {
            h.done("a", 1);
            h.expect(["drop a", "execute a#2"]);
        } else {
            h.failed("a", 1);
            h.expect(["execute a#2"]);
        }
        h.done("a", 2);
        h.expect(["> finished a#2"]);
    }
}

#[test]
fn a_newer_attempt_may_be_cancelled_while_it_waits_for_the_older() {
    let mut h = Harness::new();
    h.compute("a", 1, []);
    h.cancel("a", 1);
    h.compute("a", 2, []);
    h.cancel("a", 2);
    h.failed("a", 1);
    h.expect(["execute a#1", "interrupt a#1"]);
    h.expect_empty();
}

#[test]
fn a_task_that_waits_is_forgotten_with_what_it_waited_for() {
    let mut h = Harness::with_config(Config {
        fetches_max: 1,
        ..Config::default()
    });
    h.compute("a", 1, [("p", &[2])]);
    h.compute("b", 1, [("q", &[3])]);
    h.expect(["fetch p from w2"]);
    h.cancel("a", 1);
    h.cancel("b", 1);
    h.fetched(2, ["p"]);
    h.expect(["drop p"]);
    h.expect_empty();
}

#[test]
fn a_ready_task_is_forgotten() {
    let mut h = Harness::new();
    h.compute("a", 1, []);
    h.compute("b", 1, []);
    h.cancel("b", 1);
    h.failed("a", 1);
    h.expect(["execute a#1", "> erred a#1"]);
    h.expect_empty();
}

#[test]
fn a_stale_cancel_is_ignored() {
    let mut h = Harness::new();
    h.compute("a", 2, []);
    h.cancel("a", 1);
    h.cancel("z", 1);
    h.expect(["execute a#2"]);
}

#[test]
fn a_result_is_dropped_if_its_attempt_was_cancelled_meanwhile() {
    let mut h = Harness::new();
    h.compute("a", 1, []);
    h.done("a", 1);
    h.cancel("a", 1);
    h.expect(["execute a#1", "> finished a#1", "drop a"]);
    h.expect_empty();
}

#[test]
fn what_is_being_stopped_here_is_fetched_only_afterwards() {
    let mut h = Harness::new();
    h.compute("x", 1, []);
    h.cancel("x", 1);
    h.compute("y", 1, [("x", &[2])]);
    h.expect(["execute x#1", "interrupt x#1"]);
    h.done("x", 1);
    h.expect(["drop x", "fetch x from w2"]);
}
