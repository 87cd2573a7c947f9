//! Tasks whose inputs do not fit any worker together.

use super::*;

const MIB: u64 = 1 << 20;

impl Harness {
    /// Worker 1 with a slot and so much memory.
    fn with_memory(memory_limit: u64) -> Self {
        let mut h = Self::new();
        h.join_as(1, |info| info.memory_limit = memory_limit);
        h
    }

    /// `a` and `b` have run on worker 1, each with a result of 600 MiB, and `c` combines them.
    fn combine<const N: usize>(&mut self, c: TaskOf, wanted: [&'static str; N]) {
        let parts = [task("a"), task("b")].map(|task| task.function("part"));
        let [a, b] = parts;
        self.submit(1, [a, b, c.after(["a", "b"])], wanted);
        self.expect(["w1: compute a#1", "w1: compute b#1"]);
        let finished = ["a", "b"].map(|name| self.finished(1, name, 1, 600 * MIB));
        self.send_all(finished);
    }

    fn message_of(&self, name: &str) -> String {
        match self.core.key_state(&self.key(name)) {
            Some(KeyState::Erred(failure)) => {
                assert_eq!(failure.kind, FailureKind::OutOfMemory);
                failure.message.clone()
            }
            state => panic!("{name} is {state:?}"),
        }
    }
}

#[test]
fn it_errs_before_it_is_placed_and_its_inputs_stay() {
    let mut h = Harness::with_memory(1024 * MIB);
    h.combine(task("c").retries(3), ["a", "b", "c"]);
    h.expect(["s1: a finished", "s1: b finished", "s1: c erred by c"]);
    assert_eq!(
        h.message_of("c"),
        "its inputs are 1.2 GiB together, and the largest worker that may run it holds 1 GiB; \
         keep them in parts with `persist`, or combine them in a tree"
    );
    for name in ["a", "b"] {
        assert_eq!(h.core.holders(&h.key(name)), [WorkerId(1)]);
    }
}

#[test]
fn what_only_it_wanted_is_freed_and_its_dependents_err() {
    let mut h = Harness::with_memory(1024 * MIB);
    h.combine(task("c"), ["a", "c"]);
    h.expect(["w1: free b", "s1: a finished", "s1: c erred by c"]);
    h.submit(1, [task("d").after(["c"])], ["d"]);
    h.expect(["s1: d erred by c"]);
}

#[test]
fn what_is_queued_for_a_dependent_is_stopped() {
    let mut h = Harness::with_memory(1024 * MIB);
    // `x` stays queued, for want of a slot.
    let x = task("x").options(|options| options.priority = -1);
    let d = task("d").after(["c", "x"]);
    h.submit(1, [task("y"), task("z")], ["y", "z"]);
    h.expect(["w1: compute y#1", "w1: compute z#1"]);
    h.scatter(1, "big", 1);
    let c = task("c").after(["big", "a", "b"]);
    let parts = ["a", "b"].map(|name| task(name).function("part"));
    let [a, b] = parts.map(|part| part.after(["big"]));
    h.submit(1, [x, a, b, c, d], ["d"]);
    h.expect([
        "w1: compute a#1 from big@w1",
        "w1: compute b#1 from big@w1",
        "s1: big finished",
    ]);
    assert_eq!(h.counts().queued, 1);
    let finished = ["a", "b"].map(|name| h.finished(1, name, 1, 600 * MIB));
    h.send_all(finished);
    h.expect(["w1: free a,b", "s1: d erred by c"]);
    assert_eq!((h.counts().queued, h.counts().released), (0, 3));
}

#[test]
fn a_worker_that_is_large_enough_gets_it_wherever_the_inputs_are() {
    let mut h = Harness::with_memory(1024 * MIB);
    h.join_as(2, |info| info.memory_limit = 1200 * MIB);
    let only_1 = |options: &mut TaskOptions| options.workers = vec!["name-1".into()];
    let parts = [task("a"), task("b")].map(|task| task.function("part").options(only_1));
    let [a, b] = parts;
    h.submit(1, [a, b, task("c").after(["a", "b"])], ["c"]);
    let finished = ["a", "b"].map(|name| h.finished(1, name, 1, 600 * MIB));
    h.send_all(finished);
    h.expect([
        "w1: compute a#1",
        "w1: compute b#1",
        "w2: compute c#1 from a@w1 b@w1",
    ]);
}

#[test]
fn only_workers_that_may_run_it_count() {
    let mut h = Harness::with_memory(1024 * MIB);
    h.join_as(2, |info| {
        info.memory_limit = 4096 * MIB;
        info.slots = 0;
    });
    h.combine(task("c"), ["c"]);
    h.expect(["w1: free a,b", "s1: c erred by c"]);
}

#[test]
fn it_waits_for_the_one_that_is_large_enough() {
    let mut h = Harness::with_memory(1024 * MIB);
    h.join_as(2, |info| {
        info.memory_limit = 4096 * MIB;
        info.resources = [("gpu".into(), 1)].into();
    });
    h.join_as(3, |info| info.resources = [("gpu".into(), 1)].into());
    let gpu = |options: &mut TaskOptions| {
        options.resources = [("gpu".into(), 1)].into();
        options.workers = vec!["name-2".into(), "name-3".into()];
    };
    let only_2 = |options: &mut TaskOptions| {
        options.resources = [("gpu".into(), 1)].into();
        options.workers = vec!["name-2".into()];
    };
    h.submit(1, [task("busy").options(only_2)], ["busy"]);
    h.expect(["w2: compute busy#1"]);
    let only_1 = |options: &mut TaskOptions| options.workers = vec!["name-1".into()];
    let parts = [task("a"), task("b")].map(|task| task.function("part").options(only_1));
    let [a, b] = parts;
    let c = task("c").after(["a", "b"]).options(gpu);
    h.submit(1, [a, b, c], ["c"]);
    let finished = ["a", "b"].map(|name| h.finished(1, name, 1, 600 * MIB));
    h.send_all(finished);
    h.expect(["w1: compute a#1", "w1: compute b#1"]);
    h.finish(2, "busy", 1);
    h.expect(["w2: compute c#1 from a@w1 b@w1", "s1: busy finished"]);
}

#[test]
fn a_larger_worker_that_joins_later_helps_only_who_submits_it_anew() {
    let mut h = Harness::with_memory(1024 * MIB);
    h.combine(task("c"), ["a", "b", "c"]);
    h.expect(["s1: a finished", "s1: b finished", "s1: c erred by c"]);
    h.join_as(2, |info| info.memory_limit = 4096 * MIB);
    h.expect([]);
    h.submit(1, [task("c").after(["a", "b"])], ["c"]);
    h.expect(["s1: c erred by c"]);
    h.release(1, ["c"]);
    h.submit(1, [task("c").after(["a", "b"])], ["c"]);
    h.expect(["w2: compute c#1 from a@w1 b@w1"]);
}
