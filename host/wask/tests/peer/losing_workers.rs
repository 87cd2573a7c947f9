//! Workers that leave in the middle of work.

use wask::{ClusterStatus, Error, FailureKind, Future, Options, Status, each};

use crate::{Bench, failure, number};

/// The name of the one worker that was given a task, when there are so many workers.
async fn busy_worker(bench: &Bench, workers: usize) -> String {
    let is_so =
        |status: &ClusterStatus| status.workers.len() == workers && status.tasks.processing == 1;
    let workers = bench.until(is_so).await.workers.into_iter();
    let busy: Vec<_> = workers.filter(|worker| worker.processing == 1).collect();
    busy[0].name.clone()
}

fn on(name: &str) -> Options {
    Options::new().worker(name)
}

#[tokio::test]
async fn a_task_whose_worker_is_lost_runs_elsewhere() {
    let mut bench = Bench::new(2, 1).await;
    let endless = bench.submit("spin", (1,));
    let first = busy_worker(&bench, 2).await;
    assert!(bench.cluster.stop_worker(&first));
    let second = busy_worker(&bench, 1).await;
    assert_ne!(first, second);
    assert_eq!(endless.status(), Status::Pending);
    assert_eq!(bench.counts().await.total_recomputed, 1);
}

#[tokio::test]
async fn a_task_that_takes_its_workers_with_it_fails() {
    let mut bench = Bench::new(4, 1).await;
    let endless = bench.submit("spin", (1,));
    for workers in [4, 3, 2] {
        let name = busy_worker(&bench, workers).await;
        assert!(bench.cluster.stop_worker(&name));
    }
    assert_eq!(failure(&endless).await.kind(), FailureKind::WorkersLost);
    // The last one is spared.
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
}

#[tokio::test]
async fn lost_results_are_computed_again() {
    let mut bench = Bench::new(2, 1).await;
    let add = bench.function("add");
    let sums = bench.client.map(&add, (each(0..50u32), 1)).unwrap();
    bench.client.wait(&sums).await;
    assert!(bench.cluster.stop_worker("local-0"));
    let total = bench.submit("sum", (&sums,));
    assert_eq!(number(&total).await, 1275);
    assert_eq!(
        bench.client.who_has(&sums).await.unwrap(),
        vec![["local-1"]; 50]
    );
    assert!(bench.counts().await.total_recomputed > 0);
}

#[tokio::test]
async fn lost_results_are_gathered_once_they_are_there_again() {
    let mut bench = Bench::new(2, 1).await;
    // Too large to have come with the news.
    let zeros = bench.function("zeros");
    let lens: Vec<u32> = (0..8).map(|n| 50_000 + n).collect();
    let parts = bench.client.map(&zeros, (each(&lens),)).unwrap();
    bench.client.wait(&parts).await;
    assert!(bench.cluster.stop_worker("local-1"));
    let gathered: Vec<Vec<u8>> = bench.client.gather(&parts).await.unwrap();
    let gathered: Vec<_> = gathered.iter().map(|part| part.len() as u32).collect();
    assert_eq!(gathered, lens);
}

#[tokio::test]
async fn inputs_that_were_released_are_computed_again_for_a_lost_result() {
    let mut bench = Bench::new(2, 1).await;
    let input = bench.submit("add", (1, 2));
    let sum = bench.submit_with(on("local-0").worker("local-1"), "add", (&input, 10));
    assert_eq!(number(&sum).await, 13);
    drop(input);
    bench.until(|status| status.tasks.memory == 1).await;
    let holder = bench.holders(&sum).await.remove(0);
    assert!(bench.cluster.stop_worker(&holder));
    let next = bench.submit("add", (&sum, 1));
    assert_eq!(number(&next).await, 14);
    assert_eq!(bench.counts().await.total_recomputed, 2);
}

#[tokio::test]
async fn results_that_are_not_lost_are_not_computed_again() {
    let mut bench = Bench::new(2, 1).await;
    let kept = bench.submit_with(on("local-1"), "add", (1, 2));
    assert_eq!(number(&kept).await, 3);
    assert!(bench.cluster.stop_worker("local-0"));
    bench
        .until(|status| status.tasks.total_workers_lost == 1)
        .await;
    assert_eq!(number(&bench.submit("add", (&kept, 1))).await, 4);
    assert_eq!(bench.counts().await.total_recomputed, 0);
}

#[tokio::test]
async fn an_impure_result_that_is_lost_is_not_quietly_replaced() {
    let mut bench = Bench::new(2, 1).await;
    let first = Options::new().impure().worker("local-0").worker("local-1");
    let drawn = bench.submit_with(first, "zeros", (50_000,));
    bench.client.wait([&drawn]).await;
    let next = bench.submit("length", (&drawn,));
    assert_eq!(number(&next).await, 50_000);
    let holders = bench.holders(&drawn).await;
    for holder in &holders {
        assert!(bench.cluster.stop_worker(holder));
    }
    let error = drawn.result::<Vec<u8>>().await.unwrap_err();
    assert!(matches!(error, Error::Lost(_)), "{error}");
    assert_eq!(drawn.status(), Status::Lost);
}

#[tokio::test]
async fn without_any_worker_tasks_wait_for_one() {
    let mut bench = Bench::new(1, 1).await;
    let sum = bench.submit("zeros", (50_000,));
    bench.client.wait([&sum]).await;
    assert!(bench.cluster.stop_worker("local-0"));
    bench.until(|status| status.tasks.no_worker == 1).await;
    bench.until(|_| sum.status() == Status::Pending).await;
    let worker = wask_worker::Worker::start(wask_worker::Config {
        name: "next".into(),
        slots: 1,
        ..wask_worker::Config::new(bench.cluster.address().clone())
    });
    let _worker = worker.unwrap();
    assert_eq!(sum.result::<Vec<u8>>().await.unwrap().len(), 50_000);
}

#[tokio::test]
async fn a_task_that_may_run_on_the_lost_worker_only_waits() {
    let mut bench = Bench::new(2, 1).await;
    let endless = bench.submit_with(on("local-0"), "spin", (1,));
    bench.until(|status| status.tasks.processing == 1).await;
    assert!(bench.cluster.stop_worker("local-0"));
    bench.until(|status| status.tasks.no_worker == 1).await;
    assert_eq!(endless.status(), Status::Pending);
}

#[tokio::test]
async fn a_failure_outlives_its_worker() {
    let mut bench = Bench::new(2, 1).await;
    let failed = bench.submit_with(on("local-0"), "check", (10,));
    assert_eq!(failure(&failed).await.value::<u32>(), Some(10));
    assert!(bench.cluster.stop_worker("local-0"));
    bench
        .until(|status| status.tasks.total_workers_lost == 1)
        .await;
    assert_eq!(failure(&failed).await.value::<u32>(), Some(10));
}

#[tokio::test]
async fn a_dataset_is_computed_again_when_its_worker_is_lost() {
    let mut bench = Bench::new(2, 1).await;
    let add = bench.function("add");
    let sums = bench.client.map(&add, (each(0..10u32), 1)).unwrap();
    bench.client.publish("sums", &sums).await.unwrap();
    bench.client.wait(&sums).await;
    drop(sums);
    assert!(bench.cluster.stop_worker("local-1"));
    bench.until(|status| status.tasks.memory == 10).await;
    let sums: Vec<Future> = bench.client.dataset("sums").await.unwrap().futures;
    let sums: Vec<u32> = bench.client.gather(&sums).await.unwrap();
    assert_eq!(sums, (1..=10).collect::<Vec<_>>());
}
