//! Operators as jobs.

use std::{sync::mpsc, time::Duration};

use bytes::Bytes;
use wask_operator::Operator;
use wask_sandbox::{Cancel, Executor, Job, Outcome, TaskLimits, ThreadExecutor, Work};

use crate::support::{LIMITS, SANDBOX};

fn job(name: &str, ty: &str, arguments: &[&[u8]]) -> Job {
    Job {
        token: 5,
        work: Work::operator(name, Operator::VERSION, &[ty.into()]).unwrap(),
        arguments: arguments
            .iter()
            .map(|piece| Bytes::copy_from_slice(piece))
            .collect(),
        nonce: None,
        limits: LIMITS,
    }
}

fn outcome(name: &str, ty: &str, arguments: &[&[u8]]) -> Outcome {
    SANDBOX
        .run_job(&job(name, ty, arguments), &Cancel::new())
        .outcome
}

#[test]
fn values_come_from_pieces() {
    let sum = outcome("sum", "u16", &[&[2, 0, 0, 0], &[3, 0], &[4, 0]]);
    assert_eq!(sum, Outcome::Value(vec![7, 0].into()));
    let second = outcome("field(1)", "tuple<u8, u8>", &[&[1], &[2]]);
    assert_eq!(second, Outcome::Value(vec![2].into()));
}

#[test]
fn what_is_not_defined_is_said() {
    for (name, arguments) in [("div", &[9, 0][..]), ("mul", &[200, 200]), ("max", &[0; 4])] {
        match outcome(name, "u8", &[arguments]) {
            Outcome::Undefined(why) => assert!(why.contains(name), "{why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    let unfit = outcome("sum", "string", &[&[0; 4]]);
    assert!(matches!(unfit, Outcome::Undefined(_)), "{unfit:?}");
    let cut = outcome("sum", "u8", &[&[9, 0, 0, 0, 1]]);
    assert!(matches!(cut, Outcome::BadArguments(_)), "{cut:?}");
}

#[test]
fn limits_hold_for_operators_too() {
    let long = [&100_u32.to_le_bytes()[..], &[1; 100]].concat();
    let sort = || job("sort", "u8", &[&long]);
    for (limits, expected) in [
        (
            TaskLimits {
                max_output: 103,
                ..LIMITS
            },
            Outcome::OutputTooLarge,
        ),
        (
            TaskLimits {
                timeout: Some(Duration::ZERO),
                ..LIMITS
            },
            Outcome::Deadline,
        ),
        (LIMITS, Outcome::Value(long.clone().into())),
    ] {
        let job = Job { limits, ..sort() };
        let report = SANDBOX.run_job(&job, &Cancel::new());
        assert_eq!(report.outcome, expected);
    }
    let cancel = Cancel::new();
    cancel.cancel();
    let report = SANDBOX.run_job(&sort(), &cancel);
    assert_eq!(report.outcome, Outcome::Cancelled);
}

#[test]
fn executors_run_operators() {
    let (sender, reports) = mpsc::channel();
    let executor = ThreadExecutor::new(&SANDBOX, 1, move |token, report| {
        // The test may have ended.
        sender.send((token, report)).ok();
    })
    .unwrap();
    executor.submit(vec![job("add", "u8", &[&[2], &[3]])]);
    let (token, report) = reports.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!((token, report.outcome), (5, Outcome::Value(vec![5].into())));
}
