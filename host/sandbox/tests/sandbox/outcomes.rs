//! Every outcome, from guests written by hand.

use std::{
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use wask_sandbox::{Cancel, Outcome, TaskLimits};

use crate::support::{Guest, LIMITS, SANDBOX, component};

const MEMORY: &str = r#"(memory (export "memory") 1)"#;

/// Generous, for machines that do other things too; the tests of time are not about milliseconds.
const SOON: Duration = Duration::from_secs(5);

fn spin() -> Guest {
    Guest::module(
        &format!(r#"{MEMORY} (func (export "spin") (loop $l (br $l)))"#),
        &[("spin", "")],
    )
}

fn limits(change: impl FnOnce(&mut TaskLimits)) -> TaskLimits {
    let mut limits = LIMITS;
    change(&mut limits);
    limits
}

#[test]
fn every_call_is_the_first() {
    let guest = Guest::module(
        &format!(
            r#"{MEMORY} (global $calls (mut i32) (i32.const 0))
            (func (export "count") (result i32)
              (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
              (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
              (i32.mul (global.get $calls) (i32.load (i32.const 8))))"#
        ),
        &[("count", "(result u32)")],
    );
    for _ in 0..1000 {
        assert_eq!(guest.value("count", &[]), [1, 0, 0, 0]);
    }
}

#[test]
fn a_result_is_a_value_or_a_guest_error() {
    let guest = Guest::module(
        &format!(
            r#"{MEMORY} 
            (data (i32.const 0) "\00\00\00\00\2a\00\00\00\01\00\00\00\20\00\00\00\03\00\00\00")
            (data (i32.const 32) "bad")
            (func (export "good") (result i32) (i32.const 0))
            (func (export "bad") (result i32) (i32.const 8))
            (func (export "empty") (result i32) (i32.const 1))"#
        ),
        &[
            ("good", "(result (result u32 (error u8)))"),
            ("bad", "(result (result u32 (error string)))"),
            ("empty", "(result (result))"),
        ],
    );
    assert_eq!(
        guest.run("good", &[]).outcome,
        Outcome::Value(vec![42, 0, 0, 0].into())
    );
    assert_eq!(
        guest.run("bad", &[]).outcome,
        Outcome::GuestError(b"\x03\0\0\0bad"[..].into())
    );
    assert_eq!(
        guest.run("empty", &[]).outcome,
        Outcome::GuestError(Bytes::new())
    );
}

#[test]
fn an_endless_loop_ends_at_its_deadline() {
    let timeout = Duration::from_millis(50);
    let start = Instant::now();
    let limits = limits(|l| l.timeout = Some(timeout));
    let report = spin().run_with("spin", &[], limits, &Cancel::new());
    assert_eq!(report.outcome, Outcome::Deadline);
    assert!(report.duration >= timeout && start.elapsed() < SOON);
}

#[test]
fn a_start_function_has_the_same_deadline() {
    let guest = Guest::module(
        &format!(
            r#"{MEMORY} (func $spin (loop $l (br $l))) (start $spin) (func (export "never"))"#
        ),
        &[("never", "")],
    );
    let limits = limits(|l| l.timeout = Some(Duration::from_millis(20)));
    let report = guest.run_with("never", &[], limits, &Cancel::new());
    assert_eq!(report.outcome, Outcome::Deadline);
}

#[test]
fn cancelling_ends_a_running_task() {
    let guest = spin();
    let cancel = Cancel::new();
    thread::scope(|scope| {
        let running = scope.spawn(|| guest.run_with("spin", &[], LIMITS, &cancel));
        // Whether the task has begun or not, it must end as cancelled.
        cancel.cancel();
        assert_eq!(running.join().unwrap().outcome, Outcome::Cancelled);
    });
    let start = Instant::now();
    let report = guest.run_with("spin", &[], LIMITS, &cancel);
    assert_eq!(
        report.outcome,
        Outcome::Cancelled,
        "one that was cancelled before it began"
    );
    assert!(start.elapsed() < SOON);
}

#[test]
fn a_memory_bomb_is_out_of_memory() {
    let guest = Guest::module(
        &format!(
            r#"{MEMORY} (func (export "bomb")
              (loop $l
                (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
                (br $l)))
            (func (export "careful") (result i32) (memory.grow (i32.const 65535)))"#
        ),
        &[("bomb", ""), ("careful", "(result s32)")],
    );
    let limits = limits(|l| l.memory = 8 << 20);
    let report = guest.run_with("bomb", &[], limits, &Cancel::new());
    assert_eq!(report.outcome, Outcome::OutOfMemory);
    assert!(report.peak_memory > 7 << 20 && report.peak_memory <= 8 << 20);
    // A guest that is refused memory and copes is not at fault.
    assert_eq!(guest.value("careful", &[]), (-1_i32).to_le_bytes());
}

#[test]
fn an_instance_larger_than_its_limit_is_out_of_memory() {
    let guest = Guest::module(
        r#"(memory (export "memory") 100) (func (export "f"))"#,
        &[("f", "")],
    );
    let limits = limits(|l| l.memory = 1 << 20);
    let report = guest.run_with("f", &[], limits, &Cancel::new());
    assert_eq!(report.outcome, Outcome::OutOfMemory);
}

#[test]
fn traps_name_the_functions() {
    let guest = Guest::module(
        &format!(
            r#"{MEMORY}
            (func $inner unreachable)
            (func $outer (export "fail") (call $inner))
            (func $deep (export "deep") (call $deep))
            (func (export "address") (drop (i32.load (i32.const 0x7fffffff))))
            (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0))))"#
        ),
        &[("fail", ""), ("deep", ""), ("address", ""), ("divide", "")],
    );
    let trap = |name: &str| match guest.run(name, &[]).outcome {
        Outcome::Trap { message, backtrace } => (message, backtrace),
        other => panic!("{name}: {other:?}"),
    };
    let (message, backtrace) = trap("fail");
    assert!(message.contains("unreachable"), "{message}");
    assert_eq!(backtrace.len(), 2, "{backtrace:?}");
    assert!(backtrace[0].ends_with("!inner"), "{backtrace:?}");
    assert!(backtrace[1].ends_with("!outer"), "{backtrace:?}");
    let (message, backtrace) = trap("deep");
    assert!(message.contains("stack"), "{message}");
    assert!(
        backtrace[0].ends_with("!deep") && backtrace.len() <= 20,
        "{backtrace:?}"
    );
    assert!(trap("address").0.contains("out of bounds"));
    assert!(trap("divide").0.contains("divide by zero"));
}

#[test]
fn a_result_that_is_too_large_is_not_taken() {
    let guest = Guest::module(
        r#"(memory (export "memory") 32) (data (i32.const 4) "\00\00\10\00")
        (func (export "mib") (result i32) (i32.const 0))"#,
        &[("mib", "(result (list u8))")],
    );
    let exact = (1 << 20) + 4;
    let run = |max_output| {
        let limits = limits(|l| l.max_output = max_output);
        guest.run_with("mib", &[], limits, &Cancel::new()).outcome
    };
    assert!(matches!(run(exact), Outcome::Value(value) if value.len() as u64 == exact));
    assert_eq!(run(exact - 1), Outcome::OutputTooLarge);
    assert_eq!(run(0), Outcome::OutputTooLarge);
}

#[test]
fn bad_arguments_never_reach_the_guest() {
    let guest = Guest::module(
        &format!(r#"{MEMORY} (func (export "f") (param i32) unreachable)"#),
        &[("f", r#"(param "x" bool)"#)],
    );
    for bad in [&[][..], &[2], &[1, 0]] {
        let outcome = guest.run("f", &[bad]).outcome;
        assert!(matches!(outcome, Outcome::BadArguments(_)), "{outcome:?}");
    }
    assert!(matches!(
        guest.run("f", &[&[1]]).outcome,
        Outcome::Trap { .. }
    ));
}

#[test]
fn fuel_is_a_limit_that_repeats() {
    let text = r#"(component (core module $m
        (func (export "sum") (param i32) (result i32) (local $sum i32)
          (loop $l
            (local.set $sum (i32.add (local.get $sum) (local.get 0)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
          (local.get $sum)))
      (core instance $i (instantiate $m))
      (func (export "sum") (param "n" u32) (result u32) (canon lift (core func $i "sum"))))"#;
    let metered = Guest(SANDBOX.compile_metered(&component(text)).unwrap());
    let run = |fuel| {
        let limits = limits(|l| l.fuel = Some(fuel));
        metered.run_with("sum", &[&[100, 0, 0, 0]], limits, &Cancel::new())
    };
    let report = run(10_000);
    assert_eq!(
        report.outcome,
        Outcome::Value(5050_u32.to_le_bytes().to_vec().into())
    );
    let used = report.fuel_used.unwrap();
    assert!(used > 400 && used < 2000, "{used}");
    assert_eq!(run(10_000).fuel_used, Some(used));
    assert_eq!(run(used / 2).outcome, Outcome::OutOfFuel);
    // Code without fuel can not count it.
    let plain = Guest::wat(text);
    let limits = limits(|l| l.fuel = Some(1));
    let outcome = plain
        .run_with("sum", &[&[1, 0, 0, 0]], limits, &Cancel::new())
        .outcome;
    assert!(matches!(outcome, Outcome::Unavailable(_)));
}

#[test]
fn another_task_runs_after_each_failure() {
    let bad = Guest::module(
        &format!(
            r#"{MEMORY} (func (export "fail") unreachable)
            (func (export "dirty") (result i32)
              (drop (memory.grow (i32.const 10)))
              (memory.fill (i32.const 0) (i32.const 255) (i32.const 65536))
              unreachable)
            (func (export "clean") (result i32)
              (i32.or (i32.load (i32.const 0)) (i32.load (i32.const 65532))))"#
        ),
        &[
            ("fail", ""),
            ("dirty", "(result u32)"),
            ("clean", "(result u32)"),
        ],
    );
    for _ in 0..100 {
        assert!(matches!(bad.run("fail", &[]).outcome, Outcome::Trap { .. }));
        assert!(matches!(
            bad.run("dirty", &[]).outcome,
            Outcome::Trap { .. }
        ));
        assert_eq!(bad.value("clean", &[]), [0; 4]);
    }
}
