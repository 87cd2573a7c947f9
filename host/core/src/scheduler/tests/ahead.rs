//! Tasks that a worker is given before their last input is there.

use super::*;

/// A cluster that knows how long functions `f` and `g` run, as root tasks and as others.
fn warm(workers: u32) -> Harness {
    let mut h = Harness::with_workers(1, 1);
    let second = task("warm-2").after(["warm-1"]);
    h.submit(1, [task("warm-1"), second], ["warm-2"]);
    h.finish(1, "warm-1", 1);
    h.finish(1, "warm-2", 1);
    h.release(1, ["warm-2"]);
    for worker in 2..=workers {
        h.join(worker, 1);
    }
    while h.core.poll_action().is_some() {}
    h
}

fn chain(h: &mut Harness) {
    let (b, c) = (task("b").after(["a"]), task("c").after(["b"]));
    h.submit(1, [task("a"), b, c], ["c"]);
}

#[test]
fn the_links_of_a_chain_are_given_to_one_worker_at_once() {
    let mut h = warm(1);
    chain(&mut h);
    h.expect([
        "w1: compute a#1",
        "w1: compute b#1 from a@w1",
        "w1: compute c#1 from b@w1",
    ]);
    assert_eq!(h.counts().processing, 3);
    h.finish(1, "a", 1);
    h.finish(1, "b", 1);
    h.finish(1, "c", 1);
    h.expect(["w1: free a", "w1: free b", "s1: c finished"]);
    h.release(1, ["c"]);
    h.expect_empty();
}

#[test]
fn no_more_is_given_ahead_than_is_worth_it() {
    let mut h = warm(1);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut last = None;
    for name in names {
        let after = task(name);
        let link = match last {
            Some(last) => after.after([last]),
            None => after,
        };
        h.submit(1, [link], [name]);
        last = Some(name);
    }
    // Each runs for a millisecond, and five are worth it.
    assert_eq!(h.counts().processing, 5);
    h.finish(1, "a", 1);
    assert_eq!(h.counts().processing, 5);
}

#[test]
fn a_failure_fails_and_recalls_what_was_ahead_of_it() {
    let mut h = warm(1);
    chain(&mut h);
    while h.core.poll_action().is_some() {}
    h.fail(1, "a", 1, FailureKind::Trap);
    h.expect(["w1: cancel b#1", "w1: cancel c#1", "s1: c erred by a"]);
}

#[test]
fn a_retry_recalls_what_was_ahead_and_gives_it_again() {
    let mut h = warm(1);
    let a = task("a").retries(1);
    h.submit(1, [a, task("b").after(["a"])], ["b"]);
    h.expect(["w1: compute a#1", "w1: compute b#1 from a@w1"]);
    h.fail(1, "a", 1, FailureKind::Trap);
    h.expect([
        "w1: cancel b#1",
        "w1: compute a#2",
        "w1: compute b#2 from a@w1",
    ]);
}

#[test]
fn what_was_ahead_on_a_lost_worker_waits_again() {
    let mut h = warm(2);
    chain(&mut h);
    while h.core.poll_action().is_some() {}
    let (at, other) = if h.core.workers().next().is_some_and(|w| w.processing > 0) {
        (1, 2)
    } else {
        (2, 1)
    };
    h.lose(at);
    assert_eq!((h.counts().processing, h.counts().waiting), (3, 0));
    h.finish(other, "a", 2);
    h.finish(other, "b", 2);
    h.finish(other, "c", 2);
    assert_eq!(h.counts().memory, 1);
}

#[test]
fn a_worker_gives_back_what_was_ahead() {
    let mut h = warm(1);
    h.submit(1, [task("a"), task("b").after(["a"])], ["b"]);
    while h.core.poll_action().is_some() {}
    h.miss(1, "b", 1, &[("a", 1)]);
    h.expect(["w1: cancel b#1"]);
    // Then it waits as any other.
    h.finish(1, "a", 1);
    h.expect(["w1: compute b#2 from a@w1"]);
}

#[test]
fn who_says_that_a_task_ran_before_its_input_is_parted_with() {
    let mut h = warm(1);
    h.submit(1, [task("a"), task("b").after(["a"])], ["b"]);
    while h.core.poll_action().is_some() {}
    h.finish(1, "b", 1);
    h.expect(["w1: close"]);
}

#[test]
fn what_nobody_wants_is_not_ahead_any_more() {
    let mut h = warm(1);
    chain(&mut h);
    while h.core.poll_action().is_some() {}
    h.release(1, ["c"]);
    h.expect(["w1: cancel c#1", "w1: cancel b#1", "w1: cancel a#1"]);
    h.expect_empty();
}

#[test]
fn what_needs_another_workers_result_is_not_given_ahead() {
    let mut h = warm(2);
    h.submit(1, [task("x"), task("y")], ["x", "y"]);
    h.finish(1, "x", 1);
    h.finish(2, "x", 1);
    while h.core.poll_action().is_some() {}
    let holder = h.core.holders(&h.key("x"))[0].0;
    h.submit(1, [task("z").after(["x", "y"])], ["z"]);
    let ahead = h.counts().processing == 2;
    let y_is_there = h
        .core
        .workers()
        .any(|worker| worker.id.0 == holder && worker.processing > 0);
    assert_eq!(ahead, y_is_there);
}

#[test]
fn a_lost_worker_counts_against_what_it_said_has_started() {
    let mut h = Harness::with_config(Config {
        losses_max: 1,
        ..Config::default()
    });
    h.join(1, 2);
    h.submit(1, [task("a"), task("b"), task("c")], ["a", "b", "c"]);
    while h.core.poll_action().is_some() {}
    h.start(1, "b", 1);
    h.start(1, "c", 1);
    h.lose(1);
    // Two slots: they were taken by those that the worker spoke of.
    let erred = |name| matches!(h.core.key_state(&h.key(name)), Some(KeyState::Erred(_)));
    assert_eq!(["a", "b", "c"].map(erred), [false, true, true]);
}
