//! In which order tasks run, and in which order their ends are told.

use wask::{Future, Options, Status, each};

use crate::{Bench, is_cancelled, number};

/// The results of futures, in the order in which they came.
async fn as_they_came(bench: &Bench, futures: &[Future]) -> Vec<u32> {
    let mut completed = bench.client.as_completed(futures);
    let mut results = Vec::new();
    while let Some(future) = completed.next().await {
        results.push(number(&future).await);
    }
    results
}

#[tokio::test]
async fn higher_priority_runs_first() {
    let (bench, endless) = Bench::busy().await;
    let ranked = [(1, 0), (2, -3), (3, 7), (4, 0), (5, 7)];
    let futures = ranked.map(|(number, priority)| {
        let options = Options::new().priority(priority);
        bench.submit_with(options, "add", (number, 0))
    });
    assert_eq!(bench.counts().await.queued, 5);
    bench.client.cancel(&endless);
    assert_eq!(as_they_came(&bench, &futures).await, [3, 5, 1, 4, 2]);
}

#[tokio::test]
async fn equal_priorities_run_in_the_order_of_submission() {
    let (bench, endless) = Bench::busy().await;
    let futures: Vec<_> = (0..20u32).map(|n| bench.submit("add", (n, 0))).collect();
    assert_eq!(bench.counts().await.queued, 20);
    bench.client.cancel(&endless);
    let expected: Vec<u32> = (0..20).collect();
    assert_eq!(as_they_came(&bench, &futures).await, expected);
}

#[tokio::test]
async fn a_map_takes_its_priority_for_all_its_tasks() {
    let (bench, endless) = Bench::busy().await;
    let add = bench.function("add");
    let urgent = add.with(Options::new().priority(1));
    let mut futures = bench.client.map(&add, (each(0..3u32), 0)).unwrap();
    futures.extend(bench.client.map(&urgent, (each(10..13u32), 0)).unwrap());
    assert_eq!(bench.counts().await.queued, 6);
    bench.client.cancel(&endless);
    assert_eq!(as_they_came(&bench, &futures).await, [10, 11, 12, 0, 1, 2]);
}

#[tokio::test]
async fn a_priority_is_no_part_of_the_key() {
    let (bench, endless) = Bench::busy().await;
    let first = bench.submit("add", (1, 2));
    let second = bench.submit_with(Options::new().priority(9), "add", (1, 2));
    assert_eq!(first.key(), second.key());
    drop(endless);
    assert_eq!((number(&first).await, number(&second).await), (3, 3));
    assert_eq!(bench.counts().await.total_finished, 1);
}

#[tokio::test]
async fn a_task_whose_input_is_there_overtakes_those_that_have_none() {
    let (bench, endless) = Bench::busy().await;
    let roots: Vec<_> = (0..4u32).map(|n| bench.submit("add", (n, 0))).collect();
    let last = bench.submit_with(Options::new().priority(1), "add", (&roots[0], 100));
    assert_eq!(bench.counts().await.waiting, 1);
    let futures = [&last, &roots[1], &roots[2], &roots[3]].map(Clone::clone);
    bench.client.cancel(&endless);
    let order = as_they_came(&bench, &futures).await;
    let place = |result| order.iter().position(|other| *other == result);
    assert!(place(100) < place(3), "{order:?}");
}

#[tokio::test]
async fn as_completed_tells_in_the_order_of_completion() {
    let bench = Bench::new(1, 2).await;
    let (endless, sum) = (bench.submit("spin", (1,)), bench.submit("add", (1, 2)));
    let mut completed = bench.client.as_completed([&endless, &sum]);
    assert_eq!(completed.next().await.unwrap().key(), sum.key());
    bench.client.cancel([&endless]);
    assert_eq!(completed.next().await.unwrap().key(), endless.key());
    assert!(completed.next().await.is_none());
}

#[tokio::test]
async fn as_completed_tells_failures_and_cancellations_too() {
    let bench = Bench::new(1, 3).await;
    let futures = [
        bench.submit("spin", (1,)),
        bench.submit("trap", (1,)),
        bench.submit("add", (1, 2)),
    ];
    let mut completed = bench.client.as_completed(&futures);
    bench.client.cancel(&futures[..1]);
    let mut seen = Vec::new();
    while let Some(future) = completed.next().await {
        seen.push((future.key(), future.status()));
    }
    assert_eq!(seen.len(), 3);
    for (future, status) in futures
        .iter()
        .zip([Status::Cancelled, Status::Error, Status::Finished])
    {
        assert!(seen.contains(&(future.key(), status)), "{seen:?}");
    }
}

#[tokio::test]
async fn as_completed_tells_what_was_done_before() {
    let bench = Bench::new(1, 2).await;
    let sum = bench.submit("add", (1, 2));
    assert_eq!(number(&sum).await, 3);
    let endless = bench.submit("spin", (1,));
    let mut completed = bench.client.as_completed([&endless, &sum]);
    assert_eq!(completed.next().await.unwrap().key(), sum.key());
}

#[tokio::test]
async fn as_completed_tells_a_future_as_often_as_it_was_given() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    assert_eq!(
        as_they_came(&bench, &[sum.clone(), sum.clone(), sum]).await,
        [3, 3, 3]
    );
}

#[tokio::test]
async fn as_completed_of_nothing_ends_at_once() {
    let bench = Bench::new(1, 1).await;
    let mut completed = bench
        .client
        .as_completed::<wask::Dynamic>([] as [&Future; 0]);
    assert!(completed.next().await.is_none());
}

#[tokio::test]
async fn as_completed_holds_what_it_was_given() {
    let (bench, endless) = Bench::busy().await;
    let sum = bench.submit("add", (1, 2));
    let mut completed = bench.client.as_completed([&sum]);
    drop(sum);
    assert_eq!(bench.counts().await.queued, 1);
    drop(endless);
    let sum = completed.next().await.unwrap();
    assert_eq!(number(&sum).await, 3);
}

#[tokio::test]
async fn cancelling_the_last_one_ends_as_completed() {
    let (bench, endless) = Bench::busy().await;
    let mut completed = bench.client.as_completed(&endless);
    bench.client.cancel(&endless);
    for _ in 0..2 {
        assert!(is_cancelled(&completed.next().await.unwrap()).await);
    }
    assert!(completed.next().await.is_none());
}
