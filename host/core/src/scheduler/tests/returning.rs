//! Workers that come back with what they held, and a scheduler that stood still.

use super::*;

fn back(h: &mut Harness, worker: u32, before: u32) {
    h.join_as(worker, |info| {
        (info.returning, info.previous) = (true, Some(WorkerId(before)));
    });
}

#[test]
fn a_scattered_value_is_lost_only_after_the_time_to_come_back() {
    let mut h = Harness::with_workers(1, 1);
    h.scatter(1, "x", 1);
    h.submit(1, [task("y").after(["x"])], ["y"]);
    h.cut(1);
    h.expect([
        "w1: compute y#1 from x@w1",
        "s1: x finished",
        "s1: x pending",
    ]);
    back(&mut h, 2, 1);
    h.find(2, "x");
    h.expect(["s1: x finished"]);
    h.all_found(2);
    h.expect(["w2: compute y#2 from x@w2"]);
    h.cut(2);
    h.join(3, 1);
    for _ in 0..59 {
        h.later(1000);
        h.send(Event::Heartbeat {
            worker: WorkerId(3),
        });
    }
    h.expect(["s1: x pending"]);
    h.later(1000);
    h.expect(["s1: x lost by x", "s1: y lost by x"]);
    // Who was told stays told.
    back(&mut h, 4, 2);
    h.find(4, "x");
    h.expect(["w4: free x"]);
}

#[test]
fn a_worker_that_left_for_good_takes_its_values_with_it_at_once() {
    let mut h = Harness::with_workers(1, 1);
    h.scatter(1, "x", 1);
    h.lose(1);
    h.expect(["s1: x finished", "s1: x lost by x"]);
}

#[test]
fn what_is_found_need_not_be_computed_again() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x"), task("z")], ["x", "z"]);
    h.finish(1, "x", 1);
    h.cut(1);
    back(&mut h, 2, 1);
    h.find(2, "x");
    h.expect([
        "w1: compute x#1",
        "w1: compute z#1",
        "s1: x finished",
        "s1: x pending",
        "s1: x finished",
    ]);
    h.all_found(2);
    h.expect(["w2: compute z#2"]);
}

#[test]
fn what_nobody_knows_any_more_is_dropped() {
    let mut h = Harness::with_workers(1, 1);
    h.name("x", Key([7; 32]));
    h.find(1, "x");
    h.expect(["w1: free x"]);
}

#[test]
fn what_an_impure_task_went_into_is_taken_only_from_who_had_it_last() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x").impure()], ["x"]);
    h.finish(1, "x", 1);
    h.finish(2, "x", 1);
    let holder = h.core.holders(&h.key("x"))[0].0;
    h.cut(holder);
    while h.core.poll_action().is_some() {}
    back(&mut h, 3, 9);
    h.find(3, "x");
    h.expect(["w3: free x"]);
    back(&mut h, 4, holder);
    h.find(4, "x");
    h.expect(["s1: x finished"]);
}

#[test]
fn what_is_away_and_nobody_wants_is_forgotten() {
    let mut h = Harness::with_workers(1, 1);
    h.scatter(1, "x", 1);
    h.cut(1);
    h.release(1, ["x"]);
    h.expect_empty();
}

#[test]
fn who_stood_still_does_not_count_that_as_others_silence() {
    let mut h = Harness::with_workers(2, 1);
    h.scatter(1, "x", 1);
    h.later(400);
    h.later(30_000);
    assert_eq!(h.core.workers().count(), 2);
    // From then on silence counts as ever.
    for _ in 0..3 {
        h.later(500);
    }
    assert_eq!(h.core.workers().count(), 0);
    // A worker's time to come back stands still as well.
    h.later(50_000);
    assert_eq!(h.counts().waiting, 1);
}

#[test]
fn a_holder_that_one_worker_cannot_reach_keeps_its_value() {
    let mut h = Harness::with_workers(2, 1);
    h.scatter(1, "x", 1);
    h.submit(
        1,
        [task("y")
            .after(["x"])
            .options(|it| it.workers = vec!["name-2".into()])],
        ["y"],
    );
    h.expect(["w2: compute y#1 from x@w1", "s1: x finished"]);
    h.miss(2, "y", 1, &[("x", 1)]);
    h.expect(["w2: compute y#2 from x@w1"]);
    assert_eq!(h.core.holders(&h.key("x")), [WorkerId(1)]);
}
