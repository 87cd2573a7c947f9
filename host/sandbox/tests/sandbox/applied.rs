//! Functions applied to each element of a list.

use std::{thread, time::Duration};

use bytes::Bytes;
use proptest::prelude::*;
use wask_core::{Applied, Key};
use wask_sandbox::{Cancel, Job, Outcome, Report, TaskLimits, Work};

use crate::support::{Guest, LIMITS, SANDBOX, bytes};

fn number(value: u32) -> Vec<u8> {
    value.to_le_bytes().to_vec()
}

fn list<T: AsRef<[u8]>>(elements: &[T]) -> Vec<u8> {
    let mut list = number(u32::try_from(elements.len()).unwrap());
    list.extend(elements.iter().flat_map(|element| element.as_ref()));
    list
}

fn numbers(values: &[u32]) -> Vec<u8> {
    let values: Vec<_> = values.iter().map(|value| number(*value)).collect();
    list(&values)
}

fn strings(values: &[&str]) -> Vec<u8> {
    let values: Vec<_> = values.iter().map(bytes).collect();
    list(&values)
}

fn job(guest: &Guest, function: &str, applied: Applied, arguments: &[&[u8]]) -> Job {
    Job {
        token: 0,
        work: Work::function(guest.0.clone(), function, applied).unwrap(),
        arguments: arguments
            .iter()
            .map(|piece| Bytes::copy_from_slice(piece))
            .collect(),
        nonce: None,
        limits: LIMITS,
    }
}

fn report(guest: &Guest, function: &str, applied: Applied, arguments: &[&[u8]]) -> Report {
    SANDBOX.run_job(&job(guest, function, applied, arguments), &Cancel::new())
}

fn value(guest: &Guest, function: &str, applied: Applied, arguments: &[&[u8]]) -> Bytes {
    match report(guest, function, applied, arguments).outcome {
        Outcome::Value(value) => value,
        other => panic!("{function}: {other:?}"),
    }
}

/// Bytes cut into pieces at these places, more or less.
fn cut(whole: &[u8], places: &[usize]) -> Vec<Bytes> {
    let mut places: Vec<_> = places.iter().map(|at| at % (whole.len() + 1)).collect();
    places.extend([0, whole.len()]);
    places.sort_unstable();
    let pieces = places.windows(2);
    pieces
        .map(|ends| Bytes::copy_from_slice(&whole[ends[0]..ends[1]]))
        .collect()
}

#[test]
fn each_way_gives_what_it_says() {
    let arith = Guest::built("arith");
    let shapes = Guest::built("shapes");
    let four = numbers(&[1, 2, 3, 4]);
    let mapped = value(&arith, "double", Applied::Map, &[&four]);
    assert_eq!(mapped, numbers(&[2, 4, 6, 8]));
    let kept = value(
        &shapes,
        "id-bool",
        Applied::Filter,
        &[&list(&[[1], [0], [1]])],
    );
    assert_eq!(kept, list(&[[1], [1]]));
    let lists = list(&[strings(&["a", "bc"]), strings(&[]), strings(&["d"])]);
    let joined = value(&shapes, "id-strings", Applied::FlatMap, &[&lists]);
    assert_eq!(joined, strings(&["a", "bc", "d"]));
    let folded = value(&arith, "add", Applied::Fold, &[&number(100), &four]);
    assert_eq!(folded, number(110));
    let reduced = value(&arith, "add", Applied::Reduce, &[&four]);
    assert_eq!(reduced, numbers(&[10]));
    let once = value(&arith, "double", Applied::Once, &[&number(4)]);
    assert_eq!(once, number(8));
}

#[test]
fn lists_may_be_short() {
    let guest = Guest::built("arith");
    let none = numbers(&[]);
    assert_eq!(value(&guest, "double", Applied::Map, &[&none]), none);
    let start = number(5);
    assert_eq!(value(&guest, "add", Applied::Fold, &[&start, &none]), start);
    let one = numbers(&[7]);
    assert_eq!(value(&guest, "add", Applied::Reduce, &[&one]), one);
    assert_eq!(value(&guest, "add", Applied::Reduce, &[&none]), none);
}

#[test]
fn units_are_counted() {
    let guest = Guest::built("shapes");
    let words = strings(&["a", "b", "c"]);
    assert_eq!(value(&guest, "swallow", Applied::Map, &[&words]), number(3));
}

#[test]
fn every_element_has_a_fresh_instance() {
    let guest = Guest::module(
        r#"(memory (export "memory") 1) (global $calls (mut i32) (i32.const 0))
        (func (export "count") (param i32) (result i32)
          (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
          (global.get $calls))"#,
        &[("count", r#"(param "x" u32) (result u32)"#)],
    );
    let counts = value(&guest, "count", Applied::Map, &[&numbers(&[9; 50])]);
    assert_eq!(counts, numbers(&[1; 50]));
}

#[test]
fn a_failure_names_its_element() {
    let guest = Guest::built("hostile");
    // Of `result<u32, string>`: the value of each `ok`, or the first `err`.
    let fine = report(&guest, "fail", Applied::Map, &[&numbers(&[0, 0])]);
    assert!(matches!(&fine.outcome, Outcome::Value(value) if value.len() == 12));
    assert_eq!(fine.element, None);
    let failed = report(&guest, "fail", Applied::Map, &[&numbers(&[0, 0, 7, 8])]);
    let alone = guest.run("fail", &[&number(7)]).outcome;
    assert!(matches!(alone, Outcome::GuestError(_)));
    assert_eq!((failed.outcome, failed.element), (alone, Some(2)));

    let words = strings(&["first", "second"]);
    let failed = report(&guest, "panic-now", Applied::Map, &[&words]);
    let Outcome::Trap { message, .. } = failed.outcome else {
        panic!("{:?}", failed.outcome);
    };
    assert!(message.contains("first"), "{message}");
    assert_eq!(failed.element, Some(0));

    let report = report(&guest, "bomb", Applied::Map, &[&numbers(&[1, 10_000])]);
    assert_eq!(
        (report.outcome, report.element),
        (Outcome::OutOfMemory, Some(1))
    );
    assert!(report.peak_memory > LIMITS.memory / 2);
}

#[test]
fn the_list_is_within_the_limit_of_output() {
    let guest = Guest::built("hostile");
    let limits = TaskLimits {
        max_output: 3 << 20,
        ..LIMITS
    };
    for (elements, fits) in [(2, true), (3, false)] {
        let ones = numbers(&vec![1; elements]);
        for applied in [Applied::Map, Applied::FlatMap] {
            let job = Job {
                limits,
                ..job(&guest, "huge", applied, &[&ones])
            };
            let report = SANDBOX.run_job(&job, &Cancel::new());
            match report.outcome {
                Outcome::Value(_) => assert!(fits),
                outcome => assert_eq!((outcome, fits), (Outcome::OutputTooLarge, false)),
            }
        }
    }
}

#[test]
fn time_is_up_for_all_together() {
    let guest = Guest::built("arith");
    let steps: Vec<_> = [1_000_000_u64; 10_000].map(u64::to_le_bytes).to_vec();
    let limits = TaskLimits {
        timeout: Some(Duration::from_millis(50)),
        ..LIMITS
    };
    let job = Job {
        limits,
        ..job(&guest, "spin-for", Applied::Map, &[&list(&steps)])
    };
    let report = SANDBOX.run_job(&job, &Cancel::new());
    assert_eq!(report.outcome, Outcome::Deadline);
    assert_eq!(report.element, None);
    assert!(report.duration >= Duration::from_millis(50));
}

#[test]
fn cancelling_stops_the_element_and_all_after_it() {
    let guest = Guest::module(
        r#"(memory (export "memory") 1)
        (func (export "spin") (param i32) (loop $l (br $l)))"#,
        &[("spin", r#"(param "x" u32)"#)],
    );
    let job = job(&guest, "spin", Applied::Map, &[&numbers(&[0; 100])]);
    let cancel = Cancel::new();
    let outcome = thread::scope(|scope| {
        let running = scope.spawn(|| SANDBOX.run_job(&job, &cancel).outcome);
        cancel.cancel();
        running.join().unwrap()
    });
    assert_eq!(outcome, Outcome::Cancelled);
}

#[test]
fn fuel_is_for_each_call_and_counted_together() {
    let component = crate::support::built("arith");
    let guest = Guest(SANDBOX.compile_metered(&component).unwrap());
    let fuel = 1_000_000;
    let limits = TaskLimits {
        fuel: Some(fuel),
        ..LIMITS
    };
    let run = |steps: &[u64]| {
        let steps: Vec<_> = steps.iter().map(|n| n.to_le_bytes()).collect();
        let job = Job {
            limits,
            ..job(&guest, "spin-for", Applied::Map, &[&list(&steps)])
        };
        SANDBOX.run_job(&job, &Cancel::new())
    };
    let one = run(&[100_000]).fuel_used.unwrap();
    assert!(one > fuel / 100 && one < fuel, "{one}");
    let many = run(&[100_000; 100]);
    assert!(matches!(many.outcome, Outcome::Value(_)));
    assert_eq!(many.fuel_used, Some(100 * one));
    let report = run(&[0, 1 << 50]);
    assert_eq!(
        (report.outcome, report.element),
        (Outcome::OutOfFuel, Some(1))
    );
}

#[test]
fn all_elements_share_one_log() {
    let guest = Guest::built("hostile");
    let report = report(
        &guest,
        "shout",
        Applied::Map,
        &[&numbers(&[2000, 2000, 10])],
    );
    let Outcome::Value(written) = report.outcome else {
        panic!("{:?}", report.outcome);
    };
    let counts = written[4..].as_chunks::<4>().0.iter();
    let written: u64 = counts.map(|n| 2 * u64::from(u32::from_le_bytes(*n))).sum();
    assert_eq!(report.log.bytes.len(), 1 << 10);
    assert_eq!(report.log.dropped + (1 << 10), written);
}

#[test]
fn wrong_shapes_and_arguments_are_refused() {
    let arith = Guest::built("arith");
    for (function, applied, arguments) in [
        ("double", Applied::Filter, numbers(&[1])),
        ("double", Applied::FlatMap, numbers(&[1])),
        ("double", Applied::Reduce, numbers(&[1])),
        ("double", Applied::Fold, numbers(&[1])),
        // Cut off, and too long.
        ("double", Applied::Map, numbers(&[1, 2])[..10].to_vec()),
        ("double", Applied::Map, [numbers(&[1]), number(1)].concat()),
        ("add", Applied::Map, numbers(&[1])),
        ("double", Applied::Map, Vec::new()),
    ] {
        let outcome = report(&arith, function, applied, &[&arguments]).outcome;
        assert!(
            matches!(outcome, Outcome::BadArguments(_)),
            "{function} {applied:?}: {outcome:?}"
        );
    }
}

#[test]
fn equal_elements_meet_equal_randomness() {
    let guest = Guest::built("probe");
    let random = |elements: &[u32]| value(&guest, "random", Applied::Map, &[&numbers(elements)]);
    let whole = random(&[8, 16, 8, 24]);
    for at in 0..=4 {
        let (left, right) = [8, 16, 8, 24].split_at(at);
        let parts = [&random(left)[4..], &random(right)[4..]].concat();
        assert_eq!(parts, whole[4..]);
    }
    let elements = whole[4..].split_at(12);
    assert_eq!(elements.0, &elements.1[20..32], "the first and the third");
    let alone = value(&guest, "random", Applied::Once, &[&number(8)]);
    assert_eq!(elements.0, &*alone, "the first, and a call of its own");
    let other = Job {
        nonce: Some(Key([8; 32])),
        ..job(&guest, "random", Applied::Map, &[&numbers(&[8])])
    };
    let other = SANDBOX.run_job(&other, &Cancel::new()).outcome;
    assert_ne!(other, Outcome::Value(random(&[8])));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the lists are, however they are partitioned, and however the bytes arrive in
    /// pieces, mapping is calling for each element.
    #[test]
    fn a_map_is_a_call_for_each_element(
        elements in prop::collection::vec(prop::collection::vec(".{0,6}", 0..4), 0..8),
        separator in ".{0,3}",
        places in prop::collection::vec(0_usize..1000, 0..6),
        at in 0_usize..8,
    ) {
        const CONCAT: &str = "test:shapes/more#concat";
        let guest = Guest::built("shapes");
        let separator = bytes(separator);
        let elements: Vec<_> = elements
            .iter()
            .map(|parts| strings(&parts.iter().map(String::as_str).collect::<Vec<_>>()))
            .collect();
        let mapped = |elements: &[Vec<u8>]| {
            let arguments = [list(elements), separator.clone()].concat();
            let arguments = cut(&arguments, &places);
            let arguments: Vec<&[u8]> = arguments.iter().map(|piece| &piece[..]).collect();
            value(&guest, CONCAT, Applied::Map, &arguments)
        };
        let calls: Vec<_> = elements
            .iter()
            .map(|element| guest.value(CONCAT, &[element, &separator]))
            .collect();
        let whole = mapped(&elements);
        prop_assert_eq!(&whole, &list(&calls));
        let (left, right) = elements.split_at(at.min(elements.len()));
        prop_assert_eq!([&mapped(left)[4..], &mapped(right)[4..]].concat(), &whole[4..]);
    }

    /// A fold is a chain of calls, in pieces as much as in one.
    #[test]
    fn a_fold_is_a_chain_of_calls(
        start: i32,
        elements in prop::collection::vec(any::<i32>(), 0..20),
        places in prop::collection::vec(0_usize..100, 0..6),
    ) {
        let guest = Guest::built("arith");
        let encoded: Vec<_> = elements.iter().map(|n| n.to_le_bytes()).collect();
        let sum = elements.iter().fold(0_i32, |sum, n| sum.wrapping_add(*n));
        let apply = |applied, arguments: &[u8]| {
            let arguments = cut(arguments, &places);
            let arguments: Vec<&[u8]> = arguments.iter().map(|piece| &piece[..]).collect();
            value(&guest, "add", applied, &arguments)
        };
        let reduced = apply(Applied::Reduce, &list(&encoded));
        let one = [sum.to_le_bytes().to_vec()];
        let one = &one[..encoded.len().min(1)];
        prop_assert_eq!(reduced, list(one));
        let arguments = [&start.to_le_bytes()[..], &list(&encoded)].concat();
        let folded = apply(Applied::Fold, &arguments);
        prop_assert_eq!(&folded[..], start.wrapping_add(sum).to_le_bytes());
    }
}
