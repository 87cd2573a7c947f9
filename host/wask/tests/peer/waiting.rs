//! Waiting for futures, and giving it up.

use std::time::Duration;

use wask::{Error, Future, LocalCluster, Status, each};

use crate::{Bench, TASKS, number};

/// Long enough for nothing but to pass.
const MOMENT: Duration = Duration::from_millis(1);

#[tokio::test]
async fn wait_returns_when_all_are_done() {
    let bench = Bench::new(2, 1).await;
    let add = bench.function("add");
    let sums = bench.client.map(&add, (each(0..50u32), 1)).unwrap();
    bench.client.wait(&sums).await;
    assert!(sums.iter().all(|sum| sum.status() == Status::Finished));
}

#[tokio::test]
async fn wait_is_content_with_failures_and_cancellations() {
    let (bench, endless) = Bench::busy().await;
    let bad = bench.submit("trap", (1,));
    bench.client.cancel(&endless);
    bench.client.wait(endless.iter().chain([&bad])).await;
    assert_eq!(bad.status(), Status::Error);
    assert_eq!(endless[0].status(), Status::Cancelled);
}

#[tokio::test]
async fn wait_for_nothing_returns_at_once() {
    let bench = Bench::new(1, 1).await;
    bench.client.wait::<wask::Dynamic>([] as [&Future; 0]).await;
    let waited = bench.client.wait_first::<wask::Dynamic>([] as [&Future; 0]);
    let waited = waited.await;
    assert!(waited.done.is_empty() && waited.pending.is_empty());
}

#[tokio::test]
async fn wait_first_tells_done_from_pending() {
    let bench = Bench::new(1, 2).await;
    let (endless, sum) = (bench.submit("spin", (1,)), bench.submit("add", (1, 2)));
    let waited = bench.client.wait_first([&endless, &sum]).await;
    let keys = |futures: &[Future]| futures.iter().map(Future::key).collect::<Vec<_>>();
    assert_eq!(keys(&waited.done), [sum.key()]);
    assert_eq!(keys(&waited.pending), [endless.key()]);
}

#[tokio::test]
async fn a_wait_that_is_given_up_leaves_the_task_alone() {
    let (bench, endless) = Bench::busy().await;
    let sum = bench.submit("add", (1, 2));
    let given_up = tokio::time::timeout(MOMENT, sum.result::<u32>()).await;
    assert!(given_up.is_err());
    assert_eq!(sum.status(), Status::Pending);
    drop(endless);
    assert_eq!(number(&sum).await, 3);
}

#[tokio::test]
async fn a_gather_that_is_given_up_may_be_repeated() {
    let (bench, endless) = Bench::busy().await;
    let sums = [bench.submit("add", (1, 2)), bench.submit("add", (3, 4))];
    let gathering = bench.client.gather::<_, u32>(&sums);
    assert!(tokio::time::timeout(MOMENT, gathering).await.is_err());
    drop(endless);
    let results: Vec<u32> = bench.client.gather(&sums).await.unwrap();
    assert_eq!(results, [3, 7]);
}

#[test]
fn a_result_with_a_limit_of_time_says_that_it_is_late() {
    let cluster = LocalCluster::builder().slots(1).start_blocking().unwrap();
    let client = cluster.blocking_client().unwrap();
    let tasks = client.upload(TASKS.as_bytes().to_vec()).unwrap();
    let endless = client.submit(&tasks.function("spin").unwrap(), (1,));
    let endless = endless.unwrap();
    let late = endless.result_within::<u32>(MOMENT);
    assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
    assert_eq!(endless.status(), Status::Pending);
}

#[tokio::test]
async fn a_future_goes_from_pending_to_finished() {
    let (bench, endless) = Bench::busy().await;
    let sum = bench.submit("add", (1, 2));
    assert_eq!((sum.status(), sum.is_done()), (Status::Pending, false));
    assert_eq!(sum.nbytes(), None);
    drop(endless);
    bench.client.wait([&sum]).await;
    assert_eq!((sum.status(), sum.is_done()), (Status::Finished, true));
    assert_eq!(sum.nbytes(), Some(4));
}

#[tokio::test]
async fn many_may_wait_for_one_future() {
    let (bench, endless) = Bench::busy().await;
    let sum = bench.submit("add", (1, 2));
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let sum = sum.clone();
            tokio::spawn(async move { number(&sum).await })
        })
        .collect();
    tokio::task::yield_now().await;
    drop(endless);
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap(), 3);
    }
}

#[tokio::test]
async fn a_future_can_be_awaited_itself() {
    let bench = Bench::new(1, 1).await;
    let add = bench.function("add").returning::<u32>().unwrap();
    assert_eq!(bench.client.submit(&add, (1, 2)).unwrap().await.unwrap(), 3);
    let value = bench.submit("add", (3, 4)).await.unwrap();
    assert_eq!(value, wask::Value::U32(7));
}
