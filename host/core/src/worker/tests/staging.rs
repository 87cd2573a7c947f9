//! Clients' values.

use super::*;

#[test]
fn what_is_staged_is_a_result_when_it_is_kept() {
    let mut h = Harness::new();
    h.stage(1, "x");
    h.expect([]);
    assert_eq!(h.core.counts().memory, 0);
    let scatter = ScatterId(1);
    h.send(Event::KeepData { scatter });
    h.expect(["keep x", "> kept x"]);
    h.free(["x"]);
    h.expect(["drop x"]);
    h.expect_empty();
}

#[test]
fn an_order_to_drop_an_older_copy_does_not_meet_what_is_staged() {
    let mut h = Harness::new();
    h.store("x");
    h.stage(2, "x");
    h.free(["x"]);
    h.expect(["drop x"]);
    let scatter = ScatterId(2);
    h.send(Event::KeepData { scatter });
    h.expect(["keep x", "> kept x"]);
}

#[test]
fn what_is_staged_may_be_dropped() {
    let mut h = Harness::new();
    h.stage(1, "x");
    let scatter = ScatterId(1);
    h.send(Event::DropStaged { scatter });
    h.expect(["drop staged x"]);
    h.send(Event::KeepData { scatter });
    h.expect(["> not staged 1"]);
    h.expect_empty();
}

#[test]
fn a_value_that_was_to_be_fetched_is_there() {
    let mut h = Harness::new();
    h.compute("y", 1, [("x", &[2])]);
    h.store("x");
    h.expect(["fetch x from w2", "execute y#1"]);
}
