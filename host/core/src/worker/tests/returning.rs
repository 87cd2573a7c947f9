//! A scheduler that is lost, and found again.

use super::*;

#[test]
fn results_stay_and_are_told_when_the_scheduler_is_found() {
    let mut h = Harness::new();
    h.store("a");
    h.store("b");
    h.free(["b"]);
    h.compute("x", 1, [("c", &[2])]);
    h.expect(["drop b", "fetch c from w2"]);
    h.send(Event::SchedulerLost);
    h.fetched(2, ["c"]);
    h.expect(["drop c"]);
    h.send(Event::SchedulerFound { id: WorkerId(7) });
    h.expect(["> found a", "> all found"]);
    h.compute("y", 1, [("a", &[7])]);
    h.expect(["execute y#1"]);
}

#[test]
fn what_ran_is_stopped_and_nobody_hears_of_it() {
    let mut h = Harness::new();
    h.compute("x", 5, []);
    h.stage(1, "s");
    h.send(Event::SchedulerLost);
    h.expect(["execute x#5", "drop staged s", "interrupt x#5"]);
    h.send(Event::SchedulerFound { id: WorkerId(7) });
    h.expect(["> all found"]);
    // A scheduler that started anew counts from one again.
    h.compute("x", 1, []);
    h.expect([]);
    h.done("x", 5);
    h.expect(["drop x", "execute x#1"]);
    h.done("x", 1);
    h.expect(["> finished x#1"]);
}

#[test]
fn a_peer_that_asks_in_vain_makes_the_scheduler_hear_of_it() {
    let mut h = Harness::new();
    h.gone("x");
    h.expect(["> gone x"]);
    h.expect_empty();
}
