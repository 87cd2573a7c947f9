//! Workers that are lost, and results with them.

use super::*;

#[test]
fn what_a_lost_worker_was_running_runs_elsewhere() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x")], ["x"]);
    h.lose(1);
    h.expect(["w1: compute x#1", "w2: compute x#2"]);
    assert_eq!(h.counts().total_recomputed, 1);
    assert_eq!(h.counts().total_workers_lost, 1);
}

#[test]
fn a_lost_result_is_computed_again_from_its_lineage() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x"), task("y").after(["x"])], ["y"]);
    h.finish(1, "x", 1);
    h.finish(1, "y", 1);
    h.expect([
        "w1: compute x#1",
        "w1: compute y#1 from x@w1",
        "w1: free x",
        "s1: y finished",
    ]);
    h.lose(1);
    h.expect(["s1: y pending"]);
    h.join(2, 1);
    h.expect(["w2: compute x#2", "w2: compute y#2 from x@w2"]);
    h.finish(2, "x", 2);
    h.finish(2, "y", 2);
    h.expect(["w2: free x", "s1: y finished"]);
}

#[test]
fn another_holder_saves_the_result() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x")], ["x"]);
    h.finish(1, "x", 1);
    h.copied(2, "x");
    h.expect(["w1: compute x#1", "s1: x finished"]);
    h.lose(1);
    h.expect([]);
    assert_eq!(h.core.holders(&h.key("x")), [WorkerId(2)]);
}

#[test]
fn a_dependent_waits_again_if_its_input_is_lost() {
    let mut h = Harness::with_workers(2, 1);
    let on = |name: &'static str, worker: &'static str| {
        task(name).options(|options| options.workers = vec![worker.into()])
    };
    let tasks = [on("x", "name-1"), on("y", "name-2").after(["x"])];
    h.submit(1, tasks, ["y"]);
    h.finish(1, "x", 1);
    h.expect(["w1: compute x#1", "w2: compute y#1 from x@w1"]);
    h.lose(1);
    h.expect(["w2: cancel y#1"]);
    let counts = h.counts();
    assert_eq!((counts.waiting, counts.no_worker), (1, 1));
}

#[test]
fn a_task_that_was_running_on_three_lost_workers_errs() {
    let mut h = Harness::with_workers(4, 1);
    h.submit(1, [task("x")], ["x"]);
    h.lose(1);
    h.lose(2);
    h.lose(3);
    h.expect([
        "w1: compute x#1",
        "w2: compute x#2",
        "w3: compute x#3",
        "s1: x erred by x",
    ]);
}

#[test]
fn a_task_that_only_waited_there_is_not_to_blame() {
    let mut h = Harness::new();
    h.submit(1, [task("a"), task("b")], ["a", "b"]);
    for worker in 1..=3 {
        h.join(worker, 1);
        h.lose(worker);
    }
    h.expect([
        "w1: compute a#1",
        "w1: compute b#1",
        "w2: compute a#2",
        "w2: compute b#2",
        "w3: compute a#3",
        "w3: compute b#3",
        "s1: a erred by a",
    ]);
    h.join(4, 1);
    h.expect(["w4: compute b#4"]);
}

#[test]
fn an_impure_result_that_is_lost_is_lost() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x").impure()], ["x"]);
    h.finish(1, "x", 1);
    h.expect(["w1: compute x#1", "s1: x finished"]);
    h.submit(1, [task("y").after(["x"])], ["y"]);
    h.expect(["w1: compute y#1 from x@w1"]);
    h.lose(1);
    h.expect(["s1: x lost by x", "s1: y lost by x"]);
}

#[test]
fn an_impure_result_that_was_freed_is_not_computed_again() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x").impure(), task("y").after(["x"])], ["y"]);
    h.finish(1, "x", 1);
    h.finish(1, "y", 1);
    h.lose(1);
    h.expect([
        "w1: compute x#1",
        "w1: compute y#1 from x@w1",
        "w1: free x",
        "s1: y finished",
        "s1: y pending",
        "s1: y lost by x",
    ]);
}

#[test]
fn an_impure_task_that_is_sent_again_after_its_result_was_freed_is_a_new_run() {
    let mut h = Harness::with_workers(1, 1);
    let x = || task("x").impure();
    h.submit(1, [x(), task("f").after(["x"])], ["f"]);
    h.finish(1, "x", 1);
    h.finish(1, "f", 1);
    h.expect([
        "w1: compute x#1",
        "w1: compute f#1 from x@w1",
        "w1: free x",
        "s1: f finished",
    ]);
    h.submit(1, [x(), task("g").after(["x"])], ["g"]);
    h.expect(["w1: compute x#2", "w1: compute g#1 from x@w1"]);
    h.finish(1, "x", 2);
    h.finish(1, "g", 1);
    h.expect(["w1: free x", "s1: g finished"]);
}

#[test]
fn an_impure_task_that_is_sent_again_keeps_the_result_it_has() {
    let mut h = Harness::with_workers(1, 1);
    let x = || task("x").impure();
    h.submit(1, [x()], ["x"]);
    h.finish(1, "x", 1);
    h.submit(1, [x(), task("g").after(["x"])], ["g"]);
    h.expect([
        "w1: compute x#1",
        "w1: compute g#1 from x@w1",
        "s1: x finished",
    ]);
}

#[test]
fn an_impure_task_without_a_result_runs_again() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x").impure()], ["x"]);
    h.lose(1);
    h.expect(["w1: compute x#1", "w2: compute x#2"]);
}

#[test]
fn a_task_given_back_is_placed_anew_and_a_holder_speaks_for_itself() {
    let mut h = Harness::with_workers(3, 1);
    h.submit(1, [task("x")], ["x"]);
    h.finish(1, "x", 1);
    h.copied(2, "x");
    let on_3 = |options: &mut TaskOptions| options.workers = vec!["name-3".into()];
    h.submit(1, [task("y").after(["x"]).options(on_3)], ["y"]);
    h.expect([
        "w1: compute x#1",
        "w3: compute y#1 from x@w1,w2",
        "s1: x finished",
    ]);
    h.miss(3, "y", 1, &[("x", 1)]);
    h.expect(["w3: compute y#2 from x@w1,w2"]);
    h.gone(1, "x");
    h.miss(3, "y", 2, &[("x", 1)]);
    h.expect(["w3: compute y#3 from x@w2"]);
    h.gone(2, "x");
    h.expect(["w3: cancel y#3", "w2: compute x#2", "s1: x pending"]);
    assert_eq!(h.counts().waiting, 1);
}

#[test]
fn a_task_given_back_too_often_errs() {
    let mut h = Harness::with_config(Config {
        returns_max: 2,
        ..Config::default()
    });
    h.join(1, 1);
    h.scatter(1, "data", 1);
    h.submit(1, [task("x").after(["data"])], ["x"]);
    h.miss(1, "x", 1, &[("data", 7)]);
    h.miss(1, "x", 2, &[("data", 7)]);
    h.expect([
        "w1: compute x#1 from data@w1",
        "w1: compute x#2 from data@w1",
        "s1: data finished",
        "s1: x erred by x",
    ]);
}

#[test]
fn a_missing_replica_is_computed_again_if_it_was_the_last() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x")], ["x"]);
    h.finish(1, "x", 1);
    h.copied(2, "x");
    h.expect(["w1: compute x#1", "s1: x finished"]);
    h.gone(1, "x");
    h.expect([]);
    h.gone(2, "x");
    h.expect(["w2: compute x#2", "s1: x pending"]);
}

#[test]
fn a_worker_silent_for_three_heartbeats_is_lost() {
    let mut h = Harness::with_workers(2, 1);
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#1"]);
    assert_eq!(h.core.poll_timeout(), Some(Time::from_nanos(500_000_000)));
    h.later(1000);
    h.send(Event::Heartbeat {
        worker: WorkerId(2),
    });
    h.later(499);
    h.expect([]);
    h.later(1);
    h.expect(["w1: close", "w2: compute x#2"]);
    assert_eq!(h.core.poll_timeout(), Some(Time::from_nanos(2_000_000_000)));
}

#[test]
fn whatever_a_worker_says_shows_that_it_is_alive() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x")], ["x"]);
    h.later(1000);
    h.finish(1, "x", 1);
    h.later(1000);
    h.expect(["w1: compute x#1", "s1: x finished"]);
}
