//! Guests that real compilers made, with WASI beneath them.

use std::time::{Duration, Instant};

use wask_sandbox::{Cancel, Outcome, TaskLimits};

use crate::support::{Guest, LIMITS, SANDBOX, bytes, text};

/// Far beyond what a test may take.
const CENTURY_MS: u64 = 100 * 365 * 24 * 3600 * 1000;

fn number(value: u32) -> [u8; 4] {
    value.to_le_bytes()
}

#[test]
fn words_are_counted() {
    let guest = Guest::built("word_count");
    let value = guest.value("count-words", &[&bytes("to be or not to be")]);
    let mut expected = number(4).to_vec();
    for (word, count) in [("be", 2), ("not", 1), ("or", 1), ("to", 2)] {
        expected.extend(bytes(word));
        expected.extend(number(count));
    }
    assert_eq!(value, expected);
}

#[test]
fn the_world_is_the_same_in_every_run() {
    let guest = Guest::built("probe");
    for (function, arguments) in [
        ("clock", vec![]),
        ("random", vec![number(100)]),
        ("environment", vec![]),
        ("arguments", vec![]),
        ("count-calls", vec![]),
    ] {
        let arguments: Vec<&[u8]> = arguments.iter().map(|x| &x[..]).collect();
        let first = guest.value(function, &arguments);
        for _ in 0..3 {
            assert_eq!(guest.value(function, &arguments), first, "{function}");
        }
    }
    assert_eq!(guest.value("environment", &[]), number(0));
    assert_eq!(guest.value("count-calls", &[]), number(1));
    let random = guest.value("random", &[&number(100)]);
    assert!(
        random[4..].iter().any(|byte| *byte != random[4]),
        "{random:?}"
    );
}

#[test]
fn sleeping_takes_no_time() {
    let guest = Guest::built("probe");
    let start = Instant::now();
    let slept = guest.value("sleep-ms", &[&CENTURY_MS.to_le_bytes()]);
    assert!(start.elapsed() < Duration::from_secs(10));
    let slept = u64::from_le_bytes(slept.try_into().unwrap());
    assert!(slept >= CENTURY_MS * 1_000_000, "{slept} ns");
}

#[test]
fn files_and_sockets_are_ordinary_errors() {
    let guest = Guest::built("probe");
    for (function, argument) in [
        ("read-file", "/etc/passwd"),
        ("read-file", "."),
        ("connect", "127.0.0.1:80"),
        ("connect", "example.com:80"),
    ] {
        match guest.run(function, &[&bytes(argument)]).outcome {
            Outcome::GuestError(message) => assert!(!text(&message).is_empty()),
            other => panic!("{function} {argument}: {other:?}"),
        }
    }
}

#[test]
fn a_panic_is_a_trap_with_its_message() {
    let guest = Guest::built("hostile");
    let report = guest.run("panic-now", &[&bytes("the sky is falling")]);
    let Outcome::Trap { message, backtrace } = report.outcome else {
        panic!("{:?}", report.outcome);
    };
    assert!(message.contains("the sky is falling"), "{message}");
    assert!(
        backtrace.iter().any(|frame| frame.contains("panic_now")),
        "{backtrace:#?}"
    );
    assert!(text_of_log(&report.log.bytes).contains("the sky is falling"));
}

#[test]
fn recursion_and_bombs_end_within_their_limits() {
    let guest = Guest::built("hostile");
    let recursion = guest.run("recurse", &[&number(u32::MAX)]).outcome;
    assert!(matches!(recursion, Outcome::Trap { .. }), "{recursion:?}");
    let bomb = guest.run("bomb", &[&number(10_000)]);
    assert_eq!(bomb.outcome, Outcome::OutOfMemory);
    assert!(bomb.peak_memory <= LIMITS.memory);
    let huge = guest.run("huge", &[&number(32)]).outcome;
    assert_eq!(huge, Outcome::OutputTooLarge);
    let limits = TaskLimits {
        timeout: Some(Duration::from_millis(20)),
        ..LIMITS
    };
    let spin = guest.run_with("spin", &[], limits, &Cancel::new()).outcome;
    assert_eq!(spin, Outcome::Deadline);
}

#[test]
fn errors_have_their_values() {
    let guest = Guest::built("hostile");
    match guest.run("fail", &[&number(7)]).outcome {
        Outcome::GuestError(error) => assert!(text(&error).contains('7')),
        other => panic!("{other:?}"),
    }
    match guest.run("fail-typed", &[&number(1)]).outcome {
        Outcome::GuestError(error) => assert_eq!(error[..], [1, 0, 0, 0, 0]),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        guest.run("fail", &[&number(0)]).outcome,
        Outcome::Value(_)
    ));
}

#[test]
fn much_output_is_cut_and_counted() {
    let guest = Guest::built("hostile");
    let report = guest.run("shout", &[&number(1 << 20)]);
    let Outcome::Value(written) = report.outcome else {
        panic!("{:?}", report.outcome);
    };
    let written = u64::from(u32::from_le_bytes(written[..].try_into().unwrap()));
    assert!(written >= 1 << 20);
    assert_eq!(report.log.bytes.len(), 1 << 10);
    assert_eq!(report.log.dropped + (1 << 10), 2 * written);
}

/// Compilers' code for joined flat types, against ours.
#[test]
fn shapes_come_back_as_they_went() {
    let guest = Guest::built("shapes");
    let string = bytes("né 😀");
    let cases: [(&str, Vec<u8>); 9] = [
        ("id-string", string.clone()),
        ("id-s8", vec![0x80]),
        ("id-bits", vec![0xff, 0, 0xf0, 0x80]),
        ("id-option", vec![1, 1, 2, 3, 4]),
        ("id-shape", vec![0]),
        ("id-shape", [&[1][..], &[0xff; 8]].concat()),
        ("id-shape", [&[2][..], &1.5_f64.to_le_bytes()].concat()),
        (
            "id-shape",
            [
                &[3, 1, 0, 0, 0][..],
                &0.5_f32.to_le_bytes(),
                &(-0.0_f32).to_le_bytes(),
            ]
            .concat(),
        ),
        (
            "id-shape",
            [
                &[4][..],
                &string,
                &[9],
                &number(1),
                &string,
                &[1],
                &string,
                &[1, 2],
                &[0; 8],
            ]
            .concat(),
        ),
    ];
    for (function, bytes) in cases {
        assert_eq!(guest.value(function, &[&bytes]), bytes, "{function}");
    }
    let outcome = guest.run("id-outcome", &[&[0, 5, 0, 0, 0]]).outcome;
    assert_eq!(outcome, Outcome::Value(vec![5, 0, 0, 0].into()));
    let outcome = guest
        .run("id-outcome", &[&[&[1][..], &string].concat()])
        .outcome;
    assert_eq!(outcome, Outcome::GuestError(string.into()));
    assert_eq!(guest.value("test:shapes/more#id-u8", &[&[3]]), [3]);
}

fn text_of_log(log: &[u8]) -> &str {
    std::str::from_utf8(log).unwrap()
}

#[test]
fn more_memory_than_the_sandbox_has_is_refused_by_name() {
    let guest = Guest::built("probe");
    let run = |memory| {
        let limits = TaskLimits { memory, ..LIMITS };
        guest
            .run_with("count-calls", &[], limits, &Cancel::new())
            .outcome
    };
    let most = SANDBOX.task_memory_max();
    assert!(matches!(run(most), Outcome::Value(_)));
    let Outcome::Unavailable(why) = run(most + 1) else {
        panic!("it has more memory than there is");
    };
    assert!(why.contains("gives a task 16 GiB at most"), "{why}");
}
