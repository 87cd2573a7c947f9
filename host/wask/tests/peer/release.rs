//! Results live as long as somebody holds them.

use wask::{Status, each};

use crate::{Bench, failure, number};

#[tokio::test]
async fn a_dropped_future_frees_its_result() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    assert_eq!(number(&sum).await, 3);
    assert_eq!(bench.counts().await.memory, 1);
    drop(sum);
    bench.until_empty().await;
}

#[tokio::test]
async fn a_clone_keeps_the_result() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    let clone = sum.clone();
    assert_eq!(number(&sum).await, 3);
    drop(sum);
    assert_eq!(bench.counts().await.memory, 1);
    assert_eq!(number(&clone).await, 3);
    drop(clone);
    bench.until_empty().await;
}

#[tokio::test]
async fn a_result_that_nobody_asks_for_is_kept() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    bench.until(|status| status.tasks.memory == 1).await;
    assert_eq!(number(&sum).await, 3);
    assert_eq!(bench.counts().await.total_finished, 1);
}

#[tokio::test]
async fn a_task_keeps_its_inputs_until_it_has_run() {
    let (bench, endless) = Bench::busy().await;
    let input = bench.submit("add", (1, 2));
    let sum = bench.submit("add", (&input, 10));
    drop(input);
    let counts = bench.counts().await;
    assert_eq!((counts.queued, counts.waiting), (1, 1));
    drop(endless);
    assert_eq!(number(&sum).await, 13);
    // The input's result is gone, but how to compute it again is known as long as the sum is.
    bench
        .until(|status| (status.tasks.memory, status.tasks.released) == (1, 1))
        .await;
    drop(sum);
    bench.until_empty().await;
}

#[tokio::test]
async fn a_task_that_is_dropped_while_it_waits_never_runs() {
    let (bench, endless) = Bench::busy().await;
    let sum = bench.submit("add", (1, 2));
    assert_eq!(bench.counts().await.queued, 1);
    drop(sum);
    assert_eq!(bench.counts().await.queued, 0);
    drop(endless);
    assert_eq!(number(&bench.submit("add", (3, 4))).await, 7);
    assert_eq!(bench.counts().await.total_finished, 1);
}

#[tokio::test]
async fn a_task_that_is_dropped_while_it_runs_is_stopped() {
    let bench = Bench::new(1, 1).await;
    let endless = bench.submit("spin", (1,));
    bench.until(|status| status.tasks.processing == 1).await;
    drop(endless);
    // There is one slot: only when it is free again does this run.
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
}

#[tokio::test]
async fn a_released_result_is_computed_anew_when_it_is_wanted_again() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    assert_eq!(number(&sum).await, 3);
    drop(sum);
    bench.until_empty().await;
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
    assert_eq!(bench.counts().await.total_finished, 2);
}

#[tokio::test]
async fn a_younger_future_does_not_go_with_an_older_one() {
    let bench = Bench::new(1, 1).await;
    let older = bench.submit("add", (1, 2));
    assert_eq!(number(&older).await, 3);
    drop(older);
    let younger = bench.submit("add", (1, 2));
    assert_eq!(number(&younger).await, 3);
    assert_eq!(bench.counts().await.memory, 1);
    assert_eq!(younger.status(), Status::Finished);
    assert_eq!(bench.holders(&younger).await, ["local-0"]);
}

#[tokio::test]
async fn results_on_the_way_to_the_last_are_freed() {
    let bench = Bench::new(2, 1).await;
    let mut sum = bench.submit("add", (0, 0));
    for step in 1..=20 {
        sum = bench.submit("add", (&sum, step));
    }
    assert_eq!(number(&sum).await, 210);
    bench.until(|status| status.tasks.memory == 1).await;
    drop(sum);
    bench.until_empty().await;
}

#[tokio::test]
async fn inputs_are_freed_when_the_task_that_needs_them_fails() {
    let bench = Bench::new(1, 1).await;
    let input = bench.submit("add", (1, 2));
    let failed = bench.submit("trap", (&input,));
    drop(input);
    failure(&failed).await;
    bench
        .until(|status| (status.tasks.memory, status.tasks.erred) == (0, 1))
        .await;
}

#[tokio::test]
async fn a_failure_is_forgotten_with_its_future() {
    let bench = Bench::new(1, 1).await;
    let failed = bench.submit("trap", (1,));
    failure(&failed).await;
    assert_eq!(bench.counts().await.erred, 1);
    drop(failed);
    bench.until_empty().await;
}

#[tokio::test]
async fn many_futures_dropped_together_leave_nothing_behind() {
    let bench = Bench::new(2, 2).await;
    let add = bench.function("add");
    let sums = bench.client.map(&add, (each(0..3000u32), 1)).unwrap();
    bench.client.wait(&sums).await;
    assert_eq!(bench.counts().await.memory, 3000);
    drop(sums);
    bench.until_empty().await;
    let workers = bench.client.status().await.unwrap().workers;
    assert!(workers.iter().all(|worker| worker.stored_bytes == 0));
}
