//! From submission to result.

use super::*;

#[test]
fn a_task_runs_and_its_session_hears_of_it() {
    let mut h = Harness::with_workers(1, 1);
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#1"]);
    h.finish(1, "x", 1);
    h.expect(["s1: x finished"]);
    assert_eq!(h.core.holders(&h.key("x")), [WorkerId(1)]);
}

#[test]
fn a_small_result_is_passed_on_only_when_it_is_fresh() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#1"]);
    let mut event = h.finished(1, "x", 1, 3);
    if let Event::TaskFinished { result, .. } = &mut event {
        result.inline = Some(Bytes::from_static(b"abc"));
    }
    h.send(event);
    h.expect(["s1: x finished with its value"]);
    h.submit(2, [task("x")], ["x"]);
    h.expect(["s2: x there already"]);
}

#[test]
fn a_dependent_runs_once_its_inputs_are_in_memory() {
    let mut h = Harness::with_workers(1, 2);
    let tasks = [task("a"), task("b"), task("c").after(["a", "b"])];
    h.submit(1, tasks, ["c"]);
    h.expect(["w1: compute a#1", "w1: compute b#1"]);
    h.finish(1, "b", 1);
    h.expect([]);
    h.finish(1, "a", 1);
    h.expect(["w1: compute c#1 from a@w1 b@w1"]);
    h.finish(1, "c", 1);
    h.expect(["w1: free a,b", "s1: c finished"]);
}

#[test]
fn only_what_is_wanted_runs() {
    let mut h = Harness::with_workers(1, 4);
    h.submit(1, [task("a"), task("b")], ["b"]);
    h.expect(["w1: compute b#1"]);
    assert!(!h.core.knows(&h.key("a")));
}

#[test]
fn a_key_wanted_twice_runs_once() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.submit(1, [task("x")], ["x"]);
    h.submit(2, [task("x")], ["x"]);
    h.submit(2, [], ["x"]);
    h.expect(["w1: compute x#1"]);
    h.finish(1, "x", 1);
    h.expect(["s1: x finished", "s2: x finished"]);
    h.submit(1, [task("x")], ["x"]);
    h.expect(["s1: x there already"]);
}

#[test]
fn an_older_task_may_be_wanted_later() {
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
    h.submit(1, [], ["x"]);
    h.expect(["w1: compute x#2"]);
    assert_eq!(h.counts().total_recomputed, 1);
}

#[test]
fn a_key_of_another_tenant_is_ignored_and_counted() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TenantId(2));
    h.submit(1, [task("x")], ["x"]);
    h.expect(["w1: compute x#1"]);
    h.submit(2, [task("x")], ["x"]);
    h.cancel(2, ["x"]);
    h.release(2, ["x"]);
    h.scatter(2, "data", 1);
    h.expect(["s2: data finished"]);
    h.submit(1, [task("y").after(["data"])], ["y"]);
    h.expect(["s1: y cancelled"]);
    assert_eq!(h.counts().total_foreign, 3);
}

#[test]
fn a_task_that_depends_on_an_unknown_key_counts_as_cancelled_for_its_session_alone() {
    let mut h = Harness::with_workers(1, 1);
    h.open(2, TENANT);
    h.submit(1, [task("x")], []);
    h.submit(1, [task("y").after(["x"]), task("z").after(["y"])], ["z"]);
    h.expect(["s1: z cancelled"]);
    h.expect_empty();
    let all = [task("x"), task("y").after(["x"]), task("z").after(["y"])];
    h.submit(2, all, ["z"]);
    h.expect(["w1: compute x#1"]);
}

#[test]
fn an_unknown_key_that_is_wanted_is_reported_cancelled() {
    let mut h = Harness::new();
    h.spec(&task("x"));
    h.submit(1, [], ["x"]);
    h.expect(["s1: x cancelled"]);
}

#[test]
fn order_is_by_user_then_submission_then_depth_first() {
    let mut h = Harness::new();
    let urgent = |name| task(name).options(|options| options.priority = 1);
    let tree = [
        task("a"),
        task("b"),
        task("c"),
        task("d"),
        task("cd").after(["c", "d"]),
        task("ab").after(["a", "b"]),
        task("all").after(["cd", "ab"]),
    ];
    h.submit(1, tree, ["all"]);
    h.submit(1, [urgent("u")], ["u"]);
    h.submit(1, [task("later")], ["later"]);
    h.expect([]);
    h.join(1, 10);
    h.expect([
        "w1: compute u#1",
        "w1: compute c#1",
        "w1: compute d#1",
        "w1: compute a#1",
        "w1: compute b#1",
        "w1: compute later#1",
    ]);
}

#[test]
fn a_chain_as_deep_as_a_graph_can_be_needs_no_stack() {
    const LINKS: u32 = 100_000;
    let mut core = SchedulerCore::new(Config::default());
    let session = SessionId(1);
    let kind = TaskKind::function(Digest([0; 32]), "f");
    let definition = Arc::new(Definition::new("tenant", kind, TaskOptions::default()));
    let mut tasks: Vec<TaskSpec> = Vec::new();
    for _ in 0..LINKS {
        let before = tasks.last().map(|task| task.key).into_iter().collect();
        let arguments = Arguments::default();
        tasks.push(TaskSpec::new(
            definition.clone(),
            arguments,
            before,
            0,
            TypeId(0),
        ));
    }
    let wanted = tasks.last().map(|task| task.key).into_iter().collect();
    let tenant = TENANT;
    core.handle(Time::ZERO, Event::SessionOpened { session, tenant });
    core.handle(
        Time::ZERO,
        Event::TasksSubmitted {
            session,
            tasks,
            wanted,
        },
    );
    assert_eq!(core.counts().waiting, u64::from(LINKS) - 1);
    core.handle(Time::ZERO, Event::SessionClosed { session });
    assert_eq!(core.counts().tasks(), 0);
}
