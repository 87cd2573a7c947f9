//! Inputs from peers.

use super::*;

#[test]
fn an_input_is_fetched_announced_and_used() {
    let mut h = Harness::new();
    h.compute("y", 1, [("x", &[2])]);
    h.expect(["fetch x from w2"]);
    h.fetched(2, ["x"]);
    h.expect(["> added x", "execute y#1"]);
    h.done("y", 1);
    h.expect(["> finished y#1"]);
    assert_eq!(h.core.counts().memory, 2);
}

#[test]
fn one_fetch_at_a_time_for_each_peer_takes_all_there_is() {
    let mut h = Harness::new();
    let tasks = [
        h.task("a", 1, &[("p", &[2]), ("q", &[3])]),
        h.task("b", 1, &[("r", &[2])]),
    ];
    for task in tasks {
        h.handle(task);
    }
    h.core.schedule(Time::ZERO);
    h.expect(["fetch p,r from w2", "fetch q from w3"]);
    h.compute("c", 1, [("s", &[2])]);
    h.expect([]);
    h.fetched(2, ["p", "r"]);
    h.expect(["> added p", "> added r", "execute b#1", "fetch s from w2"]);
}

#[test]
fn an_input_is_fetched_once_for_all_who_need_it() {
    let mut h = Harness::with_slots(2);
    h.compute("a", 1, [("x", &[2])]);
    h.compute("b", 1, [("x", &[2])]);
    h.expect(["fetch x from w2"]);
    h.fetched(2, ["x"]);
    h.expect(["> added x", "execute a#1", "execute b#1"]);
}

#[test]
fn fetches_keep_within_their_limits() {
    let mut h = Harness::with_config(Config {
        fetches_max: 1,
        fetch_keys_max: 2,
        fetch_nbytes_max: 1000,
        ..Config::default()
    });
    let inputs: [(_, From); 4] = [
        ("a", ("p", &[2])),
        ("b", ("q", &[3])),
        ("c", ("r", &[3])),
        ("d", ("s", &[3])),
    ];
    for (task, input) in inputs {
        let event = h.task(task, 1, &[input]);
        h.handle(event);
    }
    h.core.schedule(Time::ZERO);
    h.expect(["fetch p from w2"]);
    h.fetched(2, ["p"]);
    h.expect(["> added p", "execute a#1", "fetch q,r from w3"]);
}

#[test]
fn what_is_larger_than_a_fetch_goes_alone() {
    let mut h = Harness::with_config(Config {
        fetch_nbytes_max: 5,
        ..Config::default()
    });
    for event in [
        h.task("a", 1, &[("p", &[2])]),
        h.task("b", 1, &[("q", &[2])]),
    ] {
        h.handle(event);
    }
    h.core.schedule(Time::ZERO);
    h.expect(["fetch p from w2"]);
    h.fetched(2, ["p"]);
    h.expect(["> added p", "execute a#1", "fetch q from w2"]);
}

#[test]
fn the_most_urgent_input_is_fetched_first() {
    let mut h = Harness::with_config(Config {
        fetches_max: 1,
        ..Config::default()
    });
    for event in [
        h.task("b", 1, &[("q", &[2])]),
        h.task("a", 1, &[("p", &[3])]),
    ] {
        h.handle(event);
    }
    h.core.schedule(Time::ZERO);
    h.expect(["fetch p from w3"]);
}

#[test]
fn a_missing_input_is_got_from_another_holder() {
    for failed in [false, true] {
        let mut h = Harness::new();
        h.compute("y", 1, [("x", &[2, 3])]);
        h.expect(["fetch x from w2"]);
        if failed {
            h.fetch_failed(2, []);
        } else {
            h.fetched_but(2, [], ["x"]);
        }
        h.expect(["fetch x from w3"]);
        h.fetched(3, ["x"]);
        h.expect(["> added x", "execute y#1"]);
    }
}

#[test]
fn a_task_whose_input_nobody_has_is_given_back() {
    let mut h = Harness::new();
    h.store("w");
    h.compute("y", 1, [("w", &[1]), ("x", &[2, 3])]);
    h.fetched_but(2, [], ["x"]);
    h.fetch_failed(3, []);
    h.expect([
        "fetch x from w2",
        "fetch x from w3",
        "> missing y#1: x@w2 x@w3",
    ]);
    h.free(["w"]);
    h.expect(["drop w"]);
    h.expect_empty();
}

#[test]
fn a_holder_that_is_this_worker_itself_is_told_of() {
    let mut h = Harness::new();
    h.compute("y", 1, [("x", &[1])]);
    h.expect(["> missing y#1: x@w1"]);
    h.expect_empty();
}

#[test]
fn what_arrived_before_a_peer_broke_off_is_used() {
    let mut h = Harness::new();
    for event in [
        h.task("a", 1, &[("p", &[2])]),
        h.task("b", 1, &[("q", &[2])]),
    ] {
        h.handle(event);
    }
    h.core.schedule(Time::ZERO);
    h.expect(["fetch p,q from w2"]);
    h.fetch_failed(2, ["p"]);
    h.expect(["> added p", "> missing b#1: q@w2", "execute a#1"]);
}

#[test]
fn what_a_peer_left_out_is_asked_for_again() {
    let mut h = Harness::new();
    for event in [
        h.task("a", 1, &[("p", &[2])]),
        h.task("b", 1, &[("q", &[2])]),
    ] {
        h.handle(event);
    }
    h.core.schedule(Time::ZERO);
    h.fetched(2, ["p"]);
    h.expect([
        "fetch p,q from w2",
        "> added p",
        "execute a#1",
        "fetch q from w2",
    ]);
    h.fetched(2, []);
    h.expect(["> missing b#1: q@w2"]);
}

#[test]
fn another_holder_learned_while_a_fetch_is_under_way_is_asked_next() {
    let mut h = Harness::new();
    h.compute("a", 1, [("x", &[2])]);
    h.compute("b", 1, [("x", &[2, 3])]);
    h.fetch_failed(2, []);
    h.expect(["fetch x from w2", "fetch x from w3"]);
}

#[test]
fn a_clients_value_may_come_before_the_fetch() {
    let mut h = Harness::new();
    h.compute("y", 1, [("x", &[2])]);
    h.store("x");
    h.expect(["fetch x from w2", "execute y#1"]);
    h.fetched(2, ["x"]);
    h.expect([]);
}

#[test]
fn what_comes_from_a_peer_that_does_not_count_any_more_is_not_used() {
    let mut h = Harness::new();
    h.compute("y", 1, [("x", &[2])]);
    h.expect(["fetch x from w2"]);
    // Worker 2 was lost with its x, which was computed again: it may have another value.
    h.cancel("y", 1);
    h.compute("y", 2, [("x", &[3])]);
    h.fetched(2, ["x"]);
    h.expect(["drop x", "fetch x from w3"]);
    h.fetched(3, ["x"]);
    h.expect(["> added x", "execute y#2"]);
}

#[test]
fn what_came_another_way_and_was_dropped_is_dropped_again_when_the_fetch_brings_it() {
    let mut h = Harness::new();
    h.compute("y", 1, [("x", &[2])]);
    h.expect(["fetch x from w2"]);
    h.cancel("y", 1);
    h.store("x");
    h.free(["x"]);
    h.expect(["drop x"]);
    h.fetched(2, ["x"]);
    h.expect(["drop x"]);
    h.expect_empty();
}
