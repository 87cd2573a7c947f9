//! How failures reach whoever asks, and whom they do not reach.

use wask::{Error, FailureKind, Options, Status, each};

use crate::{Bench, failure, is_cancelled, number};

#[tokio::test]
async fn a_result_raises_the_failure_of_its_task() {
    let bench = Bench::new(1, 1).await;
    let failed = bench.submit("trap", (1,));
    let error = failure(&failed).await;
    assert_eq!(error.kind(), FailureKind::Trap);
    assert_eq!(
        (&*error.failure().label, error.failure().worker.as_str()),
        ("trap", "local-0")
    );
    assert_eq!(failed.status(), Status::Error);
}

#[tokio::test]
async fn exception_tells_a_failure_without_raising_it() {
    let bench = Bench::new(1, 1).await;
    let (failed, sum) = (bench.submit("trap", (1,)), bench.submit("add", (1, 2)));
    let error = failed.exception().await.unwrap().unwrap();
    assert_eq!(error.failure().origin, failed.key());
    assert!(sum.exception().await.unwrap().is_none());
}

#[tokio::test]
async fn a_failure_may_be_asked_for_again() {
    let bench = Bench::new(1, 1).await;
    let failed = bench.submit("trap", (1,));
    let (first, second) = (failure(&failed).await, failure(&failed).await);
    assert_eq!(first.to_string(), second.to_string());
    assert_eq!(bench.counts().await.total_erred, 1);
}

#[tokio::test]
async fn an_error_that_a_function_returns_comes_back_as_it_is() {
    let bench = Bench::new(1, 1).await;
    assert_eq!(number(&bench.submit("check", (9,))).await, 9);
    let error = failure(&bench.submit("check", (10,))).await;
    assert_eq!(error.kind(), FailureKind::GuestError);
    assert_eq!(error.value::<u32>(), Some(10));
    assert_eq!(error.value::<String>(), None);
}

#[tokio::test]
async fn a_trap_tells_where_it_happened() {
    let bench = Bench::new(1, 1).await;
    let error = failure(&bench.submit("trap", (1,))).await;
    assert!(!error.failure().backtrace.is_empty(), "{error:?}");
}

#[tokio::test]
async fn a_failure_names_the_task_at_fault_however_far_it_went() {
    let bench = Bench::new(1, 1).await;
    let bad = bench.submit_with(Options::new().label("at fault"), "check", (77,));
    let next = bench.submit("add", (&bad, 1));
    let last = bench.submit("sum", ([&next, &bad],));
    let error = failure(&last).await;
    assert_eq!(error.failure().origin, bad.key());
    assert_eq!(&*error.failure().label, "at fault");
    assert_eq!(error.value::<u32>(), Some(77));
    assert_eq!(next.status(), Status::Error);
}

#[tokio::test]
async fn a_task_whose_input_has_failed_already_fails_at_once() {
    let bench = Bench::new(1, 1).await;
    let bad = bench.submit("trap", (1,));
    failure(&bad).await;
    let late = bench.submit("add", (&bad, 1));
    assert_eq!(failure(&late).await.failure().origin, bad.key());
}

#[tokio::test]
async fn a_failure_in_one_arm_of_a_diamond_reaches_its_end_only() {
    let bench = Bench::new(2, 1).await;
    let top = bench.submit("add", (1, 2));
    let (bad, good) = (
        bench.submit("trap", (&top,)),
        bench.submit("add", (&top, 1)),
    );
    let end = bench.submit("sum", ([&bad, &good],));
    assert_eq!(failure(&end).await.failure().origin, bad.key());
    assert_eq!((number(&top).await, number(&good).await), (3, 4));
    assert_eq!(bench.counts().await.total_erred, 2);
}

#[tokio::test]
async fn failures_do_not_hold_up_other_tasks() {
    let bench = Bench::new(1, 1).await;
    let (trap, add) = (bench.function("trap"), bench.function("add"));
    let bad = bench.client.map(&trap, (each(0..10u32),)).unwrap();
    let good = bench.client.map(&add, (each(0..10u32), 1)).unwrap();
    let sums: Vec<u32> = bench.client.gather(&good).await.unwrap();
    assert_eq!(sums, (1..=10).collect::<Vec<_>>());
    bench.client.wait(&bad).await;
    assert!(bad.iter().all(|bad| bad.status() == Status::Error));
}

#[tokio::test]
async fn gather_raises_one_failure_among_good_results() {
    let bench = Bench::new(1, 1).await;
    let (bad, good) = (bench.submit("check", (10,)), bench.submit("check", (1,)));
    let gathered = bench.client.gather::<_, u32>([&good, &bad]).await;
    let Err(Error::Task(error)) = gathered else {
        panic!("{gathered:?}");
    };
    assert_eq!(error.failure().origin, bad.key());
    // The others are as they were.
    assert_eq!(number(&good).await, 1);
}

#[tokio::test]
async fn gather_does_not_wait_for_the_rest_after_a_failure() {
    let bench = Bench::new(1, 2).await;
    let (endless, bad) = (bench.submit("spin", (1,)), bench.submit("trap", (1,)));
    let gathered = bench.client.gather::<_, u32>([&endless, &bad]).await;
    assert!(matches!(gathered, Err(Error::Task(_))), "{gathered:?}");
    assert_eq!(endless.status(), Status::Pending);
}

#[tokio::test]
async fn good_results_are_gathered_by_leaving_out_what_failed() {
    let bench = Bench::new(1, 1).await;
    let check = bench.function("check");
    let futures = bench.client.map(&check, (each(8..12u32),)).unwrap();
    let gathered = bench.client.gather_finished::<Vec<u32>>(&futures).await;
    let gathered = gathered.unwrap();
    assert_eq!(gathered.results, [8, 9]);
    let failed: Vec<_> = gathered
        .failed
        .iter()
        .map(|(failed, _)| failed.key())
        .collect();
    assert_eq!(failed, [futures[2].key(), futures[3].key()]);
}

#[tokio::test]
async fn a_failure_that_is_held_is_shared_rather_than_repeated() {
    let bench = Bench::new(1, 1).await;
    let failed = bench.submit("trap", (1,));
    failure(&failed).await;
    failure(&bench.submit("trap", (1,))).await;
    assert_eq!(bench.counts().await.total_erred, 1);
}

#[tokio::test]
async fn a_failed_task_runs_again_once_nobody_holds_its_failure() {
    let bench = Bench::new(1, 1).await;
    let failed = bench.submit("trap", (1,));
    failure(&failed).await;
    drop(failed);
    bench.until_empty().await;
    failure(&bench.submit("trap", (1,))).await;
    assert_eq!(bench.counts().await.total_erred, 2);
}

#[tokio::test]
async fn a_failure_that_was_cancelled_is_no_failure_any_more() {
    let bench = Bench::new(1, 1).await;
    let failed = bench.submit("trap", (1,));
    failure(&failed).await;
    bench.client.cancel([&failed]);
    bench.until_empty().await;
    bench.until(|_| failed.status() == Status::Cancelled).await;
    assert!(is_cancelled(&failed).await);
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused_before_they_are_sent() {
    let bench = Bench::new(1, 1).await;
    let add = bench.function("add");
    let error = bench.client.submit(&add, (1, "two")).unwrap_err();
    assert!(matches!(error, Error::Arguments { .. }), "{error}");
    let text = bench.submit("zeros", (1,));
    let error = bench.client.submit(&add, (1, &text)).unwrap_err();
    assert!(error.to_string().contains("list<u8>"), "{error}");
    assert!(bench.tasks.function("ad").is_err());
}
