//! Values of the program on the cluster, and their loss.

use wask::{Encoded, Error, Future, LocalCluster, Options, RefusalCode, Status};

use crate::{Bench, is_cancelled, number};

/// A cluster of two workers, a value that is on one of them, and the name of that.
async fn scattered() -> (Bench, Future, String) {
    let bench = Bench::new(2, 1).await;
    let value = bench.client.scatter(&vec![1u32, 2, 3]).await.unwrap();
    let holder = bench.holders(&value).await.remove(0);
    (bench, value, holder)
}

/// Of two workers the other one.
fn other(name: &str) -> &'static str {
    match name {
        "local-0" => "local-1",
        _ => "local-0",
    }
}

#[tokio::test]
async fn a_scattered_value_comes_back_as_it_was() {
    let bench = Bench::new(1, 1).await;
    let words = vec![String::from("to"), String::from("be")];
    let future = bench.client.scatter(&words).await.unwrap();
    assert_eq!(future.status(), Status::Finished);
    assert_eq!(future.ty().to_string(), "list<string>");
    assert_eq!(future.result::<Vec<String>>().await.unwrap(), words);
}

#[tokio::test]
async fn equal_values_are_stored_once() {
    let bench = Bench::new(2, 1).await;
    let values = bench.client.scatter_all([7u32, 8, 7]).await.unwrap();
    let again = bench.client.scatter(&8u32).await.unwrap();
    assert_eq!(values[0].key(), values[2].key());
    assert_eq!(values[1].key(), again.key());
    assert_eq!(bench.counts().await.memory, 2);
}

#[tokio::test]
async fn equal_values_of_two_clients_are_stored_once() {
    let bench = Bench::new(2, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let mine = bench.client.scatter("shared").await.unwrap();
    let theirs = other.scatter("shared").await.unwrap();
    assert_eq!(mine.key(), theirs.key());
    drop(mine);
    assert_eq!(bench.counts().await.memory, 1);
    assert_eq!(theirs.result::<String>().await.unwrap(), "shared");
    drop(theirs);
    bench.until_empty().await;
}

#[tokio::test]
async fn values_of_different_types_go_together() {
    let bench = Bench::new(1, 1).await;
    let values = [
        Encoded::of(&1u32).unwrap(),
        Encoded::of(&1u64).unwrap(),
        Encoded::of(&vec![1u8]).unwrap(),
        Encoded::of("one").unwrap(),
    ];
    let futures = bench.client.scatter_encoded(values.clone()).await.unwrap();
    assert_ne!(futures[0].key(), futures[1].key());
    assert_eq!(bench.client.gather_encoded(&futures).await.unwrap(), values);
}

#[tokio::test]
async fn scattering_nothing_gives_nothing() {
    let bench = Bench::new(1, 1).await;
    assert!(
        bench
            .client
            .scatter_all([0u32; 0])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn values_spread_over_the_workers() {
    let bench = Bench::new(2, 1).await;
    let values: Vec<_> = (0..8u8).map(|n| vec![n; 1000]).collect();
    let futures = bench.client.scatter_all(&values).await.unwrap();
    assert_eq!(futures.len(), 8);
    let workers = bench.client.status().await.unwrap().workers;
    assert!(
        workers.iter().all(|worker| worker.stored_keys == 4),
        "{workers:?}"
    );
}

#[tokio::test]
async fn scattered_values_are_arguments() {
    let bench = Bench::new(2, 1).await;
    let list = bench.client.scatter(&vec![1u32, 2, 3]).await.unwrap();
    let one = bench.client.scatter(&100u32).await.unwrap();
    assert_eq!(number(&bench.submit("sum", (&list,))).await, 6);
    let deep = bench.submit("sum-deep", (vec![(&one, &list), (&one, &list)],));
    assert_eq!(number(&deep).await, 212);
}

#[tokio::test]
async fn a_scattered_value_of_another_type_is_refused_as_an_argument() {
    let bench = Bench::new(1, 1).await;
    let wide = bench.client.scatter(&1u64).await.unwrap();
    let error = bench.client.submit(&bench.function("add"), (&wide, 1));
    assert!(matches!(error, Err(Error::Arguments { .. })), "{error:?}");
}

#[tokio::test]
async fn a_dropped_value_is_freed() {
    let bench = Bench::new(1, 1).await;
    let value = bench.client.scatter(&vec![0u8; 100_000]).await.unwrap();
    let length = bench.submit("length", (&value,));
    drop(value);
    assert_eq!(number(&length).await, 100_000);
    bench.until(|status| status.tasks.memory == 1).await;
    drop(length);
    bench.until_empty().await;
}

#[tokio::test]
async fn a_cancelled_value_is_freed() {
    let bench = Bench::new(1, 1).await;
    let value = bench.client.scatter(&vec![0u8; 100_000]).await.unwrap();
    bench.client.cancel([&value]);
    bench.until_empty().await;
    bench.until(|_| value.status() == Status::Cancelled).await;
    assert!(is_cancelled(&value).await);
    // It is no more, but the program has it.
    let again = bench.client.scatter(&vec![0u8; 100_000]).await.unwrap();
    assert_eq!(number(&bench.submit("length", (&again,))).await, 100_000);
}

#[tokio::test]
async fn a_value_scattered_right_after_its_release_is_there() {
    let bench = Bench::new(1, 1).await;
    let bytes = vec![7u8; 100_000];
    let value = bench.client.scatter(&bytes).await.unwrap();
    // So much that the release is sent late.
    let add = bench.function("add");
    let _sums = bench.client.map(&add, (wask::each(0..100_000u32), 1));
    drop(value);
    let again = bench.client.scatter(&bytes).await.unwrap();
    assert_eq!(bench.holders(&again).await, ["local-0"]);
    assert_eq!(again.result::<Vec<u8>>().await.unwrap(), bytes);
}

#[tokio::test]
async fn there_must_be_a_worker_to_scatter_to() {
    let cluster = LocalCluster::builder().workers(0).start().await.unwrap();
    let client = cluster.client().await.unwrap();
    let Err(Error::Refused(refusal)) = client.scatter(&1u32).await else {
        panic!("nobody can store it");
    };
    assert_eq!(refusal.code, RefusalCode::Unavailable);
}

#[tokio::test]
async fn a_value_whose_worker_left_is_lost() {
    let (mut bench, value, holder) = scattered().await;
    assert!(bench.cluster.stop_worker(&holder));
    let error = value.result::<Vec<u32>>().await.unwrap_err();
    assert!(matches!(error, Error::Lost(_)), "{error}");
    assert_eq!(value.status(), Status::Lost);
    assert!(bench.holders(&value).await.is_empty());
}

#[tokio::test]
async fn a_task_on_a_lost_value_is_lost_too_and_names_it() {
    let (mut bench, value, holder) = scattered().await;
    assert!(bench.cluster.stop_worker(&holder));
    bench.until(|_| value.status() == Status::Lost).await;
    let sum = bench.submit("sum", (&value,));
    let Err(Error::Lost(failure)) = sum.result::<u32>().await else {
        panic!("{sum:?} should be lost");
    };
    assert_eq!(failure.origin, value.key());
}

#[tokio::test]
async fn a_task_that_waits_for_a_lost_value_is_lost() {
    let (mut bench, value, holder) = scattered().await;
    // It waits, for nobody of this name ever comes.
    let sum = bench.submit_with(Options::new().worker("nobody"), "sum", (&value,));
    bench.until(|status| status.tasks.no_worker == 1).await;
    assert!(bench.cluster.stop_worker(&holder));
    assert!(matches!(sum.result::<u32>().await, Err(Error::Lost(_))));
}

#[tokio::test]
async fn what_was_made_of_a_lost_value_stays_while_it_is_somewhere() {
    let (mut bench, value, holder) = scattered().await;
    let sum = bench.submit_with(Options::new().worker(&*holder), "sum", (&value,));
    let other = other(&holder);
    let next = bench.submit_with(Options::new().worker(other), "add", (&sum, 1));
    assert_eq!(number(&next).await, 7);
    assert!(bench.cluster.stop_worker(&holder));
    bench.until(|_| value.status() == Status::Lost).await;
    assert_eq!(bench.holders(&next).await, [other]);
    assert_eq!(number(&bench.submit("add", (&next, 1))).await, 8);
}

#[tokio::test]
async fn a_value_with_two_copies_survives_the_loss_of_one() {
    let (mut bench, value, holder) = scattered().await;
    let sum = bench.submit_with(Options::new().worker(other(&holder)), "sum", (&value,));
    assert_eq!(number(&sum).await, 6);
    while bench.holders(&value).await.len() < 2 {
        tokio::task::yield_now().await;
    }
    assert!(bench.cluster.stop_worker(&holder));
    bench
        .until(|status| status.tasks.total_workers_lost == 1)
        .await;
    assert_eq!(value.result::<Vec<u32>>().await.unwrap(), [1, 2, 3]);
    assert_eq!(value.status(), Status::Finished);
}

#[tokio::test]
async fn a_lost_value_may_be_scattered_again() {
    let (mut bench, value, holder) = scattered().await;
    let sum = bench.submit_with(Options::new().worker("late"), "sum", (&value,));
    assert!(bench.cluster.stop_worker(&holder));
    assert!(matches!(sum.result::<u32>().await, Err(Error::Lost(_))));
    drop(sum);
    let again = bench.client.scatter(&vec![1u32, 2, 3]).await.unwrap();
    assert_eq!(again.key(), value.key());
    assert_eq!(value.result::<Vec<u32>>().await.unwrap(), [1, 2, 3]);
    assert_eq!(number(&bench.submit("sum", (&again,))).await, 6);
}

#[tokio::test]
async fn a_lost_task_runs_when_it_is_submitted_again_after_its_value() {
    let (mut bench, value, holder) = scattered().await;
    let sum = bench.submit("sum", (&value,));
    assert_eq!(number(&sum).await, 6);
    // It ran where the value is.
    assert_eq!(bench.holders(&sum).await, [holder.as_str()]);
    assert!(bench.cluster.stop_worker(&holder));
    bench.until(|_| sum.status() == Status::Lost).await;
    let value = bench.client.scatter(&vec![1u32, 2, 3]).await.unwrap();
    // The lost future is still held.
    let again = bench.submit("sum", (&value,));
    assert_eq!(number(&again).await, 6);
}
