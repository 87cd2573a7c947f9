//! Tasks whose component is not here yet.

use super::*;

impl Harness {
    fn delayed(&mut self, name: &'static str, attempt: u32) {
        let (key, attempt) = (self.key(name), Attempt(attempt));
        self.send(Event::ExecutionDelayed { key, attempt });
    }

    fn prepared(&mut self, name: &'static str, attempt: u32) {
        let (key, attempt) = (self.key(name), Attempt(attempt));
        self.send(Event::ExecutionPrepared { key, attempt });
    }
}

#[test]
fn a_task_gives_its_slot_up_until_it_is_prepared() {
    let mut h = Harness::with_slots(1);
    h.compute("x", 1, []);
    h.compute("y", 1, []);
    h.expect(["execute x#1"]);
    h.delayed("x", 1);
    h.expect(["execute y#1"]);
    h.prepared("x", 1);
    h.expect([]);
    h.done("y", 1);
    h.expect(["> finished y#1", "execute x#1"]);
    h.done("x", 1);
    h.expect(["> finished x#1"]);
}

#[test]
fn what_prepares_a_cancelled_task_is_stopped() {
    let mut h = Harness::with_slots(1);
    h.compute("x", 1, []);
    h.delayed("x", 1);
    h.cancel("x", 1);
    h.expect(["execute x#1", "interrupt x#1"]);
    h.expect_empty();
    h.prepared("x", 1);
    h.compute("x", 2, []);
    h.expect(["execute x#2"]);
    // It was cancelled before the news that it has to wait.
    h.cancel("x", 2);
    h.delayed("x", 2);
    h.expect(["interrupt x#2"]);
    h.expect_empty();
}

#[test]
fn an_input_that_goes_meanwhile_is_waited_for() {
    let mut h = Harness::with_slots(1);
    h.store("a");
    h.compute("x", 1, [("a", &[1])]);
    h.expect(["execute x#1"]);
    h.gone("a");
    h.delayed("x", 1);
    h.expect(["> gone a", "> missing x#1: a@w1"]);
    h.prepared("x", 1);
    h.expect_empty();
}
