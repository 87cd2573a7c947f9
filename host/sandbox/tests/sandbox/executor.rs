//! Jobs on threads.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::mpsc,
    time::Duration,
};

use wask_core::Applied;
use wask_sandbox::{Executor, Job, Outcome, Report, TaskLimits, ThreadExecutor, Work};

use crate::support::{Guest, LIMITS, SANDBOX};

const SOON: Duration = Duration::from_secs(30);

fn guest() -> Guest {
    Guest::module(
        r#"(memory (export "memory") 1)
        (func (export "spin") (loop $l (br $l)))
        (func (export "seven") (result i32) (i32.const 7))"#,
        &[("spin", ""), ("seven", "(result u8)")],
    )
}

fn job(guest: &Guest, token: u64, function: &str) -> Job {
    Job {
        token,
        work: Work::function(guest.0.clone(), function, Applied::Once).unwrap(),
        arguments: Vec::new(),
        nonce: None,
        limits: TaskLimits {
            timeout: None,
            ..LIMITS
        },
    }
}

fn executor(slots: usize) -> (ThreadExecutor, mpsc::Receiver<(u64, Report)>) {
    let (sender, receiver) = mpsc::channel();
    let executor = ThreadExecutor::new(&SANDBOX, slots, move |token, report| {
        // The test may have ended.
        sender.send((token, report)).ok();
    });
    (executor.unwrap(), receiver)
}

#[test]
fn every_job_is_reported_once() {
    let guest = guest();
    let (executor, reports) = executor(2);
    assert_eq!(executor.slots(), 2);
    for batch in 0..10 {
        executor.submit(
            (0..50)
                .map(|i| job(&guest, batch * 50 + i, "seven"))
                .collect(),
        );
    }
    let tokens: BTreeSet<u64> = (0..500)
        .map(|_| {
            let (token, report) = reports.recv_timeout(SOON).unwrap();
            assert_eq!(report.outcome, Outcome::Value(vec![7].into()));
            token
        })
        .collect();
    assert_eq!(tokens.len(), 500);
    drop(executor);
    assert!(reports.recv().is_err());
}

#[test]
fn jobs_are_cancelled_where_they_are() {
    let guest = guest();
    let (executor, reports) = executor(1);
    executor.submit(vec![
        job(&guest, 1, "spin"),
        job(&guest, 2, "seven"),
        job(&guest, 3, "seven"),
    ]);
    // In the queue: the first spins for ever, so these can not have begun.
    executor.cancel(3);
    let (token, report) = reports.recv_timeout(SOON).unwrap();
    assert_eq!((token, report.outcome), (3, Outcome::Cancelled));
    // Unknown and finished ones change nothing.
    executor.cancel(3);
    executor.cancel(99);
    // Running, or just before.
    executor.cancel(1);
    let (token, report) = reports.recv_timeout(SOON).unwrap();
    assert_eq!((token, report.outcome), (1, Outcome::Cancelled));
    // And the slot is good for the next.
    let (token, report) = reports.recv_timeout(SOON).unwrap();
    assert_eq!((token, report.outcome), (2, Outcome::Value(vec![7].into())));
    executor.cancel(2);
    executor.submit(vec![job(&guest, 4, "seven")]);
    let (token, report) = reports.recv_timeout(SOON).unwrap();
    assert_eq!((token, report.outcome), (4, Outcome::Value(vec![7].into())));
}

#[test]
fn dropping_an_executor_reports_what_is_left() {
    let guest = guest();
    let (executor, reports) = executor(2);
    executor.submit((0..6).map(|token| job(&guest, token, "spin")).collect());
    drop(executor);
    let outcomes: BTreeMap<u64, Outcome> = reports
        .iter()
        .map(|(token, report)| (token, report.outcome))
        .collect();
    assert_eq!(outcomes.len(), 6);
    assert!(
        outcomes
            .values()
            .all(|outcome| *outcome == Outcome::Cancelled),
        "{outcomes:?}"
    );
}
