//! Which worker runs what.

use super::*;

/// Wants one more task of the same function than there are names, without dependencies.
fn roots<const N: usize>(names: [&'static str; N]) -> ([TaskOf; N], [&'static str; N]) {
    (names.map(task), names)
}

#[test]
fn root_tasks_go_to_the_least_loaded_worker_and_are_held_back() {
    let mut h = Harness::with_workers(2, 1);
    let (tasks, wanted) = roots(["a", "b", "c", "d", "e", "f"]);
    h.submit(1, tasks, wanted);
    h.expect([
        "w1: compute a#1",
        "w2: compute b#1",
        "w1: compute c#1",
        "w2: compute d#1",
    ]);
    assert_eq!(h.counts().queued, 2);
    h.finish(2, "b", 1);
    h.expect(["w2: compute e#1", "s1: b finished"]);
}

#[test]
fn room_is_slots_times_saturation_rounded_up() {
    for (slots, room) in [(1, 2), (4, 5), (10, 11), (20, 22)] {
        let mut h = Harness::with_workers(1, slots);
        let tasks = (0..50).map(|n| h.spec(&task(Box::leak(format!("{n}").into_boxed_str()))));
        let tasks: Vec<_> = tasks.collect();
        let wanted = tasks.iter().map(|task| task.key).collect();
        h.send(Event::TasksSubmitted {
            session: SessionId(1),
            tasks,
            wanted,
        });
        assert_eq!(h.counts().processing, room);
    }
}

#[test]
fn tasks_known_to_be_short_are_sent_ahead() {
    let mut h = Harness::with_workers(1, 1);
    let (tasks, wanted) = roots(["a", "b", "c", "d", "e", "f", "g", "h"]);
    h.submit(1, tasks, wanted);
    h.expect(["w1: compute a#1", "w1: compute b#1"]);
    // A run takes a millisecond: five of them fill `target_queue`. The first two were thought to
    // be long, and still count so.
    h.send_all([h.finished(1, "a", 1, 1), h.finished(1, "b", 1, 1)]);
    assert_eq!(h.counts().processing, 5);
}

#[test]
fn tasks_of_another_function_are_not_sent_ahead() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("a")], ["a"]);
    h.finish(1, "a", 1);
    let tasks = ["b", "c", "d"].map(|name| task(name).function("g"));
    h.submit(1, tasks, ["b", "c", "d"]);
    assert_eq!(h.counts().processing, 2);
}

#[test]
fn dependents_run_where_their_inputs_are() {
    let mut h = Harness::with_workers(2, 2);
    let tasks = [task("a"), task("b"), task("c").after(["a", "b"])];
    h.submit(1, tasks, ["c"]);
    h.expect(["w1: compute a#1", "w2: compute b#1"]);
    h.send(h.finished(1, "a", 1, 10));
    h.send(h.finished(2, "b", 1, 20));
    h.expect(["w2: compute c#1 from a@w1 b@w2"]);
}

#[test]
fn data_moves_if_waiting_costs_more() {
    for (nbytes, expected) in [
        (1 << 20, "w2: compute c#1 from b@w1"),
        (1 << 30, "w1: compute c#1 from b@w1"),
    ] {
        let mut h = Harness::with_workers(2, 1);
        let only_1 = |options: &mut TaskOptions| options.workers = vec!["name-1".into()];
        let tasks = [
            task("a").options(only_1).function("g"),
            task("b").options(only_1),
        ];
        h.submit(1, tasks, ["b", "a"]);
        h.expect(["w1: compute b#1", "w1: compute a#1"]);
        h.send(h.finished(1, "b", 1, nbytes));
        // `a` has half a second to go on worker 1; a mebibyte is there sooner, a gibibyte later.
        h.submit(1, [task("c").after(["b"])], ["c"]);
        h.expect([expected, "s1: b finished"]);
    }
}

#[test]
fn dependents_of_many_inputs_are_not_held_back() {
    let mut h = Harness::with_workers(1, 1);
    let names = ["a", "b", "c", "d", "e"];
    let inputs = ["v", "w", "x", "y", "z"];
    for input in inputs {
        h.scatter(1, input, 1);
    }
    let pairs = names.into_iter().zip(inputs);
    for (name, input) in pairs {
        let submission = h.submission(1, [task(name).after([input])], [name]);
        h.core.handle(h.now, submission);
    }
    h.core.schedule(h.now);
    assert_eq!(h.counts().processing, 5);
    // Nothing of that is left once all these tasks are gone.
    h.release(1, names);
    let names = ["f", "g", "h"];
    h.submit(1, names.map(|name| task(name).after(["x"])), names);
    assert_eq!((h.counts().processing, h.counts().queued), (2, 1));
}

#[test]
fn many_dependents_of_few_inputs_are_held_back_as_root_tasks_are() {
    let mut h = Harness::with_workers(2, 1);
    h.scatter(1, "x", 1);
    let names = ["a", "b", "c", "d"];
    h.submit(1, names.map(|name| task(name).after(["x"])), names);
    assert_eq!(h.counts().processing, 4);

    let names = ["e", "f", "g", "h", "i"];
    let ofs = names.map(|name| task(name).after(["x"]).function("g"));
    h.submit(1, ofs, names);
    // The workers are full.
    assert_eq!((h.counts().processing, h.counts().queued), (4, 5));
    h.release(1, ["a", "b", "c", "d"]);
    assert_eq!((h.counts().processing, h.counts().queued), (4, 1));
}

#[test]
fn what_is_held_back_still_goes_where_its_inputs_are() {
    let mut h = Harness::with_workers(2, 2);
    h.scatter(1, "elsewhere", 1);
    h.expect(["s1: elsewhere finished"]);
    h.scatter(1, "x", 2);
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    h.submit(1, names.map(|name| task(name).after(["x"])), names);
    h.expect([
        "w2: compute a#1 from x@w2",
        "w1: compute b#1 from x@w2",
        "w2: compute c#1 from x@w2",
        "w1: compute d#1 from x@w2",
        "w2: compute e#1 from x@w2",
        "w1: compute f#1 from x@w2",
        "s1: x finished",
    ]);
    h.finish(2, "a", 1);
    h.expect(["w2: compute g#1 from x@w2", "s1: a finished"]);
}

#[test]
fn without_workers_tasks_wait_for_one() {
    let mut h = Harness::new();
    h.submit(1, [task("x")], ["x"]);
    h.expect([]);
    assert_eq!(h.counts().no_worker, 1);
    h.join(1, 1);
    h.expect(["w1: compute x#1"]);
}

#[test]
fn a_task_runs_only_on_workers_it_names() {
    let mut h = Harness::with_workers(1, 1);
    let on_2 = |options: &mut TaskOptions| options.workers = vec!["name-2".into()];
    h.submit(1, [task("x").options(on_2)], ["x"]);
    h.expect([]);
    assert_eq!(h.counts().no_worker, 1);
    h.join(2, 1);
    h.expect(["w2: compute x#1"]);
}

#[test]
fn a_task_waits_for_a_worker_that_can_give_it_its_memory() {
    const MIB: u64 = 1 << 20;
    let mut h = Harness::new();
    h.join_as(1, |info| info.task_memory = 100 * MIB);
    let with = |memory| move |options: &mut TaskOptions| options.limits.memory = memory;
    let small = task("small").options(with(100 * MIB));
    let large = task("large").options(with(100 * MIB + 1));
    h.submit(1, [large, small], ["large", "small"]);
    h.expect(["w1: compute small#1"]);
    assert_eq!(h.counts().no_worker, 1);
    h.join_as(2, |info| info.task_memory = 101 * MIB);
    h.expect(["w2: compute large#1"]);
}

#[test]
fn operators_need_no_memory_of_their_own() {
    let mut h = Harness::new();
    h.join_as(1, |info| info.task_memory = 0);
    let kind = TaskKind::Operator {
        name: "sum".into(),
        version: 1,
        types: ["u32".into()].into(),
    };
    let definition = Definition::new("tenant", kind, TaskOptions::default());
    let worker = &h.core.workers.get(WorkerId(1)).unwrap();
    assert!(worker.qualifies(&definition));
    let function = TaskKind::function(Digest([1; 32]), "f");
    let definition = Definition::new("tenant", function, TaskOptions::default());
    assert!(!worker.qualifies(&definition));
}

#[test]
fn resources_are_given_out_once() {
    let mut h = Harness::with_workers(1, 4);
    let gpu = |options: &mut TaskOptions| {
        options.resources = [("gpu".into(), 1)].into();
    };
    let tasks = ["a", "b", "c"].map(|name| task(name).options(gpu));
    h.submit(1, tasks, ["a", "b", "c"]);
    h.expect([]);
    h.join_as(2, |info| {
        info.slots = 4;
        info.resources = [("gpu".into(), 2)].into();
    });
    h.expect(["w2: compute a#1", "w2: compute b#1"]);
    assert_eq!(h.counts().queued, 1);
    h.finish(2, "a", 1);
    h.expect(["w2: compute c#1", "s1: a finished"]);
}

#[test]
fn a_dependent_waits_for_resources_too() {
    let mut h = Harness::new();
    h.join_as(1, |info| info.resources = [("gpu".into(), 1)].into());
    h.scatter(1, "x", 1);
    let gpu = |options: &mut TaskOptions| {
        options.resources = [("gpu".into(), 1)].into();
    };
    let tasks = ["a", "b"].map(|name| task(name).after(["x"]).options(gpu));
    h.submit(1, tasks, ["a", "b"]);
    h.expect(["w1: compute a#1 from x@w1", "s1: x finished"]);
    h.finish(1, "a", 1);
    h.expect(["w1: compute b#1 from x@w1", "s1: a finished"]);
}

#[test]
fn a_full_class_does_not_hold_up_another() {
    let mut h = Harness::with_workers(2, 1);
    let on_1 = |options: &mut TaskOptions| options.workers = vec!["name-1".into()];
    let tasks = ["a", "b", "c"].map(|name| task(name).options(on_1));
    h.submit(1, tasks, ["a", "b", "c"]);
    h.submit(1, [task("d")], ["d"]);
    h.expect(["w1: compute a#1", "w1: compute b#1", "w2: compute d#1"]);
}

#[test]
fn idle_workers_take_turns() {
    let mut h = Harness::with_workers(2, 1);
    for (name, expected) in [("a", 1), ("b", 2), ("c", 1)] {
        h.submit(1, [task(name)], [name]);
        h.expect([format!("w{expected}: compute {name}#1").as_str()]);
        h.finish(expected, name, 1);
        h.expect([format!("s1: {name} finished").as_str()]);
    }
}

#[test]
fn durations_outlive_their_tasks_but_not_without_limit() {
    let mut h = Harness::with_config(Config {
        idle_classes_max: 1,
        ..Config::default()
    });
    h.join(1, 1);
    let mut run = |name: &'static str, function| {
        h.submit(1, [task(name).function(function)], [name]);
        h.finish(1, name, 1);
        h.release(1, [name]);
        h.core.classes.iter().count()
    };
    assert_eq!(run("a", "f"), 1);
    assert_eq!(run("b", "g"), 1);
    assert_eq!(run("c", "g"), 1);
}
