//! Limits of tasks and of the client, and tries.

use std::time::{Duration, Instant};

use wask::{Error, FailureKind, LocalCluster, Options, Status};

use crate::{Bench, failure, number};

#[tokio::test]
async fn a_task_that_takes_too_long_fails_and_frees_its_slot() {
    let bench = Bench::new(1, 1).await;
    let options = Options::new().timeout(Duration::from_millis(20));
    let late = bench.submit_with(options, "spin", (1,));
    assert_eq!(failure(&late).await.kind(), FailureKind::Deadline);
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
}

#[tokio::test]
async fn a_failing_task_is_tried_as_often_as_it_may() {
    let bench = Bench::new(1, 1).await;
    let timeout = Duration::from_millis(50);
    let options = Options::new().timeout(timeout).retries(3);
    let started = Instant::now();
    let late = bench.submit_with(options, "spin", (1,));
    assert_eq!(failure(&late).await.kind(), FailureKind::Deadline);
    // Each of four attempts takes as long as it may, at least.
    assert!(started.elapsed() >= timeout * 4);
    // Only the last one counts.
    assert_eq!(bench.counts().await.total_erred, 1);
}

#[tokio::test]
async fn a_new_submission_has_its_tries_again() {
    let bench = Bench::new(1, 1).await;
    let timeout = Duration::from_millis(50);
    let options = Options::new().timeout(timeout).retries(1);
    let submit = || bench.submit_with(options.clone(), "spin", (1,));
    failure(&submit()).await;
    bench.until_empty().await;
    let started = Instant::now();
    failure(&submit()).await;
    assert!(started.elapsed() >= timeout * 2);
}

#[tokio::test]
async fn a_task_beyond_its_memory_fails_alone() {
    let bench = Bench::new(1, 1).await;
    let limited = Options::new().memory_limit(1 << 20);
    let small = bench.submit_with(limited.clone(), "zeros", (1000,));
    let large = bench.submit_with(limited, "zeros", (2 << 20,));
    assert_eq!(failure(&large).await.kind(), FailureKind::OutOfMemory);
    assert_eq!(small.result::<Vec<u8>>().await.unwrap().len(), 1000);
}

#[tokio::test]
async fn a_result_beyond_its_limit_fails() {
    let bench = Bench::new(1, 1).await;
    let limited = Options::new().output_limit(1000);
    let large = bench.submit_with(limited, "zeros", (2000,));
    assert_eq!(failure(&large).await.kind(), FailureKind::OutputTooLarge);
}

#[tokio::test]
async fn a_task_beyond_its_fuel_fails() {
    let bench = Bench::new(1, 1).await;
    let limited = Options::new().fuel(100_000);
    let endless = bench.submit_with(limited, "spin", (1,));
    assert_eq!(failure(&endless).await.kind(), FailureKind::OutOfFuel);
}

#[tokio::test]
async fn a_result_that_no_memory_has_room_for_fails() {
    let cluster = LocalCluster::builder().workers(1).slots(1);
    let cluster = cluster.memory_limit(1 << 20).start().await.unwrap();
    let client = cluster.client().await.unwrap();
    let tasks = client.upload(crate::TASKS.as_bytes().to_vec()).await;
    let zeros = tasks.unwrap().function("zeros").unwrap();
    let large = client.submit(&zeros, (4 << 20,)).unwrap();
    assert_eq!(failure(&large).await.kind(), FailureKind::OutOfMemory);
    let small = client.submit(&zeros, (1000,)).unwrap();
    client.wait([&small]).await;
    assert_eq!(small.status(), Status::Finished);
}

#[tokio::test]
async fn results_that_are_too_large_together_are_refused() {
    let bench = Bench::new(1, 1).await;
    let builder = bench.cluster.client_builder().max_result_bytes(1000);
    let client = builder.connect().await.unwrap();
    let zeros = bench.function("zeros");
    let parts = [400, 401, 402].map(|len| client.submit(&zeros, (len,)).unwrap());
    let two = client.gather::<_, Vec<u8>>(&parts[..2]).await.unwrap();
    assert_eq!(two.iter().map(Vec::len).sum::<usize>(), 801);
    let error = client.gather::<_, Vec<u8>>(&parts).await.unwrap_err();
    let Error::ResultTooLarge { bytes, limit } = error else {
        panic!("{error}");
    };
    // Each has its length before it, in four bytes.
    assert_eq!((bytes, limit), (400 + 401 + 402 + 12, 1000));
    // They are on the cluster as before.
    let length = client.submit(&bench.function("length"), (&parts[2],));
    assert_eq!(number(&length.unwrap()).await, 402);
}

#[tokio::test]
async fn arguments_that_fit_no_message_are_refused_with_advice() {
    let bench = Bench::new(1, 1).await;
    let length = bench.function("length");
    let large = vec![0u8; 10 << 20];
    let error = bench.client.submit(&length, (&large,)).unwrap_err();
    assert!(error.to_string().contains("scatter"), "{error}");
    let scattered = bench.client.scatter(&large).await.unwrap();
    assert_eq!(
        number(&bench.submit("length", (&scattered,))).await,
        10 << 20
    );
}
