//! Which workers run what.

use wask::{Options, Status, each};
use wask_worker::{Config, Worker, WorkerHandle};

use crate::{Bench, LocalCluster, number};

/// Lets one more worker join, which has some slots and these resources.
fn join(cluster: &LocalCluster, name: &str, resources: &[(&str, u64)]) -> WorkerHandle {
    let resources = resources.iter();
    let config = Config {
        name: name.into(),
        slots: 4,
        memory_limit: 64 << 20,
        memory_hard_limit: 64 << 20,
        resources: resources
            .map(|(name, amount)| ((*name).into(), *amount))
            .collect(),
        ..Config::new(cluster.address().clone())
    };
    Worker::start(config).unwrap()
}

#[tokio::test]
async fn tasks_wait_for_the_first_worker() {
    let bench = Bench::new(0, 1).await;
    let sum = bench.submit("add", (1, 2));
    let next = bench.submit("add", (&sum, 1));
    bench.until(|status| status.tasks.no_worker == 1).await;
    assert_eq!(next.status(), Status::Pending);
    let _worker = join(&bench.cluster, "first", &[]);
    assert_eq!(number(&next).await, 4);
}

#[tokio::test]
async fn a_worker_that_joins_takes_its_share() {
    let bench = Bench::new(1, 1).await;
    let spin = bench.function("spin");
    let _endless = bench.client.map(&spin, (each(0..10u32),)).unwrap();
    bench.until(|status| status.tasks.processing == 2).await;
    let _worker = join(&bench.cluster, "late", &[]);
    bench.until(|status| status.workers[1].processing > 0).await;
}

#[tokio::test]
async fn a_task_runs_only_where_it_may() {
    let bench = Bench::new(3, 1).await;
    let add = bench.function("add").with(Options::new().worker("local-1"));
    let sums = bench.client.map(&add, (each(0..20u32), 1)).unwrap();
    bench.client.wait(&sums).await;
    for holders in bench.client.who_has(&sums).await.unwrap() {
        assert_eq!(holders, ["local-1"]);
    }
}

#[tokio::test]
async fn a_task_may_name_several_workers() {
    let bench = Bench::new(3, 1).await;
    let options = Options::new().worker("local-0").worker("local-2");
    let spin = bench.function("spin").with(options);
    let _endless = bench.client.map(&spin, (each(0..10u32),)).unwrap();
    bench.until(|status| status.tasks.processing == 4).await;
    let workers = bench.client.status().await.unwrap().workers;
    let processing: Vec<_> = workers.iter().map(|worker| worker.processing).collect();
    assert_eq!(processing, [2, 0, 2]);
}

#[tokio::test]
async fn a_task_waits_for_the_worker_that_it_names() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit_with(Options::new().worker("chosen"), "add", (1, 2));
    bench.until(|status| status.tasks.no_worker == 1).await;
    // Others go on.
    assert_eq!(number(&bench.submit("add", (3, 4))).await, 7);
    assert_eq!(sum.status(), Status::Pending);
    let _worker = join(&bench.cluster, "chosen", &[]);
    assert_eq!(number(&sum).await, 3);
    assert_eq!(bench.holders(&sum).await, ["chosen"]);
}

#[tokio::test]
async fn a_task_that_no_worker_may_run_can_be_cancelled() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit_with(Options::new().worker("nobody"), "add", (1, 2));
    bench.until(|status| status.tasks.no_worker == 1).await;
    bench.client.cancel([&sum]);
    assert!(crate::is_cancelled(&sum).await);
    bench.until_empty().await;
}

#[tokio::test]
async fn a_task_runs_where_its_resource_is() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit_with(Options::new().resource("gpu", 1), "add", (1, 2));
    bench.until(|status| status.tasks.no_worker == 1).await;
    let _poor = join(&bench.cluster, "poor", &[("disk", 5)]);
    let _rich = join(&bench.cluster, "rich", &[("gpu", 2)]);
    assert_eq!(number(&sum).await, 3);
    assert_eq!(bench.holders(&sum).await, ["rich"]);
}

#[tokio::test]
async fn more_of_a_resource_than_any_worker_has_is_waited_for() {
    let bench = Bench::new(0, 1).await;
    let _worker = join(&bench.cluster, "rich", &[("gpu", 2)]);
    let sum = bench.submit_with(Options::new().resource("gpu", 3), "add", (1, 2));
    bench.until(|status| status.tasks.no_worker == 1).await;
    let _worker = join(&bench.cluster, "richer", &[("gpu", 3)]);
    assert_eq!(number(&sum).await, 3);
}

#[tokio::test]
async fn a_resource_is_not_given_out_twice() {
    let bench = Bench::new(0, 1).await;
    let _worker = join(&bench.cluster, "rich", &[("gpu", 2)]);
    let spin = bench
        .function("spin")
        .with(Options::new().resource("gpu", 1));
    let endless = bench.client.map(&spin, (each(0..3u32),)).unwrap();
    bench.until(|status| status.tasks.processing == 2).await;
    // There are slots for what needs none of it.
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
    let counts = bench.counts().await;
    assert_eq!((counts.processing, counts.queued), (2, 1));
    // What a cancelled task had goes to the next.
    bench.client.cancel(&endless[..1]);
    bench.until(|status| status.tasks.queued == 0).await;
    assert_eq!(bench.counts().await.processing, 2);
}

#[tokio::test]
async fn a_resource_comes_back_from_a_task_that_failed() {
    let bench = Bench::new(0, 1).await;
    let _worker = join(&bench.cluster, "rich", &[("gpu", 1)]);
    let options = Options::new().resource("gpu", 1);
    let failed = bench.submit_with(options.clone(), "trap", (1,));
    crate::failure(&failed).await;
    assert_eq!(number(&bench.submit_with(options, "add", (1, 2))).await, 3);
}

#[tokio::test]
async fn tasks_spread_over_the_workers() {
    let bench = Bench::new(4, 1).await;
    let spin = bench.function("spin");
    let _endless = bench.client.map(&spin, (each(0..4u32),)).unwrap();
    bench.until(|status| status.tasks.processing == 4).await;
    let workers = bench.client.status().await.unwrap().workers;
    assert!(
        workers.iter().all(|worker| worker.processing == 1),
        "{workers:?}"
    );
}

#[tokio::test]
async fn a_task_goes_to_its_larger_input() {
    let bench = Bench::new(2, 1).await;
    let on = |name: &str| Options::new().worker(name);
    let large = bench.submit_with(on("local-1"), "zeros", (1 << 20,));
    let small = bench.submit_with(on("local-0"), "add", (1, 2));
    bench.client.wait([&large, &small]).await;
    let length = bench.submit("length", (&large,));
    bench.client.wait([&length]).await;
    assert_eq!(bench.holders(&length).await, ["local-1"]);
    let end = bench.submit("sum", ([&length, &small],));
    assert_eq!(number(&end).await, (1 << 20) + 3);
}

#[tokio::test]
async fn who_has_tells_every_copy() {
    let bench = Bench::new(2, 1).await;
    let on = |name: &str| Options::new().worker(name);
    let sum = bench.submit_with(on("local-0"), "add", (1, 2));
    let next = bench.submit_with(on("local-1"), "add", (&sum, 1));
    assert_eq!(number(&next).await, 4);
    // The copy that was fetched for the second task is a holder like the first.
    while bench.holders(&sum).await != ["local-0", "local-1"] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_has_what_is_pending_or_failed() {
    let (bench, endless) = Bench::busy().await;
    assert!(bench.holders(&endless[0]).await.is_empty());
    drop(endless);
    let failed = bench.submit("trap", (1,));
    crate::failure(&failed).await;
    assert!(bench.holders(&failed).await.is_empty());
}

#[tokio::test]
async fn two_workers_cannot_have_one_name() {
    let bench = Bench::new(1, 1).await;
    let config = Config {
        name: "local-0".into(),
        ..Config::new(bench.cluster.address().clone())
    };
    let Err(error) = Worker::start(config) else {
        panic!("the name is in use");
    };
    assert!(error.to_string().contains("local-0"), "{error}");
    assert_eq!(bench.client.status().await.unwrap().workers.len(), 1);
}
