//! Slots, order, results.

use super::*;

#[test]
fn a_task_runs_and_its_result_is_told() {
    let mut h = Harness::new();
    h.compute("x", 1, []);
    h.expect(["execute x#1"]);
    h.done("x", 1);
    h.expect(["> finished x#1"]);
    assert_eq!(h.core.counts().memory, 1);
}

#[test]
fn a_failure_is_told_and_forgotten() {
    let mut h = Harness::new();
    h.compute("x", 1, []);
    h.failed("x", 1);
    h.expect(["execute x#1", "> erred x#1"]);
    h.expect_empty();
}

#[test]
fn as_many_tasks_run_as_there_are_slots_the_first_first() {
    let mut h = Harness::with_slots(2);
    for name in ["c", "b", "a"] {
        let event = h.task(name, 1, &[]);
        h.handle(event);
    }
    h.core.schedule(Time::ZERO);
    h.expect(["execute a#1", "execute b#1"]);
    h.failed("a", 1);
    h.expect(["> erred a#1", "execute c#1"]);
}

#[test]
fn inputs_that_are_here_need_no_fetch() {
    let mut h = Harness::new();
    h.compute("x", 1, []);
    h.done("x", 1);
    h.compute("y", 1, [("x", &[1, 2])]);
    h.expect(["execute x#1", "> finished x#1", "execute y#1"]);
}

#[test]
fn a_stray_result_is_not_taken_for_that_of_a_newer_attempt() {
    let mut h = Harness::new();
    h.compute("x", 1, []);
    h.done("x", 1);
    h.compute("x", 2, []);
    h.expect(["execute x#1", "> finished x#1", "drop x", "execute x#2"]);
}

#[test]
fn a_copy_that_comes_after_its_task_was_given_is_dropped() {
    let mut h = Harness::new();
    h.compute("y", 1, [("x", &[2])]);
    h.compute("x", 2, []);
    h.expect(["fetch x from w2"]);
    h.fetched(2, ["x"]);
    h.expect(["drop x", "execute x#2"]);
    h.done("x", 2);
    h.expect(["> finished x#2", "execute y#1"]);
}

#[test]
fn a_task_whose_result_was_to_come_and_does_not_runs() {
    let mut h = Harness::new();
    h.compute("y", 1, [("x", &[2])]);
    h.compute("x", 2, []);
    h.fetch_failed(2, []);
    h.expect(["fetch x from w2", "execute x#2"]);
    h.done("x", 2);
    h.expect(["> finished x#2", "execute y#1"]);
}

#[test]
fn a_task_whose_result_was_to_be_fetched_runs_instead() {
    let mut h = Harness::with_config(Config {
        fetches_max: 1,
        ..Config::default()
    });
    h.compute("a", 1, [("p", &[2])]);
    h.compute("b", 1, [("q", &[2])]);
    h.compute("q", 1, []);
    h.expect(["fetch p from w2", "execute q#1"]);
    h.done("q", 1);
    h.expect(["> finished q#1", "execute b#1"]);
}

#[test]
fn an_older_or_equal_attempt_is_ignored() {
    let mut h = Harness::new();
    h.compute("x", 2, []);
    h.compute("x", 1, []);
    h.compute("x", 2, []);
    h.expect(["execute x#2"]);
    h.done("x", 2);
    h.expect(["> finished x#2"]);
}

#[test]
fn a_newer_attempt_takes_the_place_of_one_that_has_not_started() {
    let mut h = Harness::new();
    h.compute("a", 1, []);
    h.compute("x", 1, []);
    h.compute("x", 2, []);
    h.done("a", 1);
    h.expect(["execute a#1", "> finished a#1", "execute x#2"]);
}

#[test]
fn a_failure_under_which_an_input_went_away_gives_the_task_back() {
    let mut h = Harness::new();
    h.store("x");
    h.compute("y", 1, [("x", &[1])]);
    h.gone("x");
    h.failed("y", 1);
    h.expect(["execute y#1", "> gone x", "> missing y#1: x@w1"]);
    h.expect_empty();
}

#[test]
fn a_lost_input_is_fetched_again_for_a_task_that_waits() {
    let mut h = Harness::new();
    h.compute("a", 1, []);
    h.store("x");
    h.compute("y", 1, [("x", &[1])]);
    h.compute("z", 1, [("x", &[1])]);
    h.gone("x");
    h.expect([
        "execute a#1",
        "> gone x",
        "> missing y#1: x@w1",
        "> missing z#1: x@w1",
    ]);
    assert_eq!(h.core.counts().ready, 0);
}

#[test]
#[should_panic(expected = "is not executing")]
fn the_end_of_what_was_never_started_is_a_bug() {
    Harness::new().done("x", 1);
}

/// Ends a task that was in a slot for no time worth speaking of.
fn run_short(h: &mut Harness, name: &'static str) {
    let event = Event::ExecutionDone {
        key: h.key(name),
        attempt: Attempt(1),
        result: Ok(TaskResult {
            nbytes: 10,
            inline: None,
            duration: Duration::from_micros(6),
        }),
        ran: Some(Duration::from_micros(6)),
    };
    h.handle(event);
}

#[test]
fn short_tasks_are_handed_over_ahead_in_order_and_no_further_than_the_limit() {
    let mut h = Harness::with_config(Config {
        ahead_max: 2,
        ..Config::default()
    });
    let names = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
    ];
    for name in names {
        let event = h.task(name, 1, &[]);
        h.handle(event);
    }
    h.core.schedule(Time::ZERO);
    h.expect(["execute a#1"]);
    for name in &names[..12] {
        run_short(&mut h, name);
        h.core.schedule(Time::ZERO);
    }
    let started: Vec<_> = std::iter::from_fn(|| h.core.poll_action())
        .filter(|action| matches!(action, Action::Execute { .. }))
        .map(|action| text(&h.names, &action))
        .collect();
    let expected: Vec<_> = names[1..15]
        .iter()
        .map(|name| format!("execute {name}#1"))
        .collect();
    assert_eq!(started, expected);
    assert_eq!((h.core.counts().executing, h.core.running()), (3, 1));
}

#[test]
fn the_scheduler_hears_of_a_task_that_stays_in_its_slot() {
    let mut h = Harness::new();
    h.compute("a", 1, []);
    h.compute("b", 1, []);
    h.expect(["execute a#1"]);
    let due = h.core.poll_timeout().unwrap();
    assert_eq!(due, Time::ZERO + Config::default().started_after);
    h.core.schedule(due);
    h.expect(["> started a#1"]);
    assert_eq!(h.core.poll_timeout(), None);
    let key = h.key("a");
    h.core.handle(
        due,
        Event::CancelTask {
            key,
            attempt: Attempt(1),
        },
    );
    h.core.schedule(due + Duration::from_secs(1));
    h.expect(["interrupt a#1"]);
}
