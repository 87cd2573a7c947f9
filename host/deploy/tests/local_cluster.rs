//! The client against a real scheduler and real sandboxes, all in this process.

use std::time::Duration;

use wask_client::{
    Client, Component, Encoded, Error, FailureKind, Future, Options, Status, Value, each,
};
use wask_deploy::LocalCluster;

/// Numbers in, numbers out.
const MATH: &str = r#"(component
    (core module $m
        (func (export "add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1)))
        (func (export "trap") (param i32) (result i32) unreachable)
        (func (export "spin") (param i32) (result i32)
            (loop $l (br $l))
            unreachable))
    (core instance $i (instantiate $m))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32)
        (canon lift (core func $i "add")))
    (func (export "trap") (param "x" u32) (result u32) (canon lift (core func $i "trap")))
    (func (export "spin") (param "x" u32) (result u32) (canon lift (core func $i "spin"))))"#;

/// Hands bytes back as they came.
const BYTES: &str = include_str!("../../../tests/guests/wat/bytes.wat");

struct Fixture {
    cluster: LocalCluster,
    client: Client,
    math: Component,
}

async fn fixture(workers: u32) -> Fixture {
    let builder = LocalCluster::builder().workers(workers).slots(2);
    let cluster = builder.memory_limit(256 << 20).start().await.unwrap();
    let client = cluster.client().await.unwrap();
    let math = client.upload(MATH.as_bytes().to_vec()).await.unwrap();
    Fixture {
        cluster,
        client,
        math,
    }
}

#[tokio::test]
async fn a_graph_of_futures_runs_and_its_last_result_comes_back() {
    let Fixture {
        cluster,
        client,
        math,
    } = fixture(2).await;
    let add = math.function("add").unwrap();
    let parts = client.map(&add, (each(0..100u32), 1)).unwrap();
    let mut sum = client.submit(&add, (0, 0)).unwrap();
    for part in &parts {
        sum = client.submit(&add, (&sum, part)).unwrap();
    }
    assert_eq!(sum.result::<u32>().await.unwrap(), 5050);
    assert_eq!(sum.value().await.unwrap(), Value::U32(5050));
    let all: Vec<u32> = client.gather(&parts).await.unwrap();
    assert_eq!(all, (1..=100).collect::<Vec<_>>());

    let typed = add.returning::<u32>().unwrap();
    assert_eq!(client.submit(&typed, (1, 2)).unwrap().await.unwrap(), 3);
    assert!(matches!(add.returning::<String>(), Err(Error::Type { .. })));

    let status = client.status().await.unwrap();
    assert_eq!(status.workers.len(), 2);
    assert!(status.tasks.total_finished >= 200, "{:?}", status.tasks);
    cluster.shutdown().await;
}

#[tokio::test]
async fn what_is_fired_and_forgotten_runs_though_its_client_has_left() {
    let f = fixture(1).await;
    let add = f.math.function("add").unwrap();
    let spin = f.math.function("spin").unwrap();
    let limited = spin.with(Options::new().timeout(Duration::from_millis(20)));
    let mut sum = f.client.submit(&add, (0, 0)).unwrap();
    for n in 1..10 {
        sum = f.client.submit(&add, (&sum, n)).unwrap();
    }
    let failing = f.client.submit(&limited, (0,)).unwrap();
    f.client.fire_and_forget([sum, failing]);
    f.client.close().await;

    let other = f.cluster.client().await.unwrap();
    let tasks = async || other.status().await.unwrap().tasks;
    while tasks().await.total_finished < 10 || tasks().await.total_erred < 1 {}
    // Nobody holds anything, so nothing is left.
    let left = tasks().await;
    assert_eq!((left.memory, left.erred, left.processing), (0, 0, 0));
}

#[tokio::test]
async fn failures_name_the_task_at_fault_and_dependents_pass_them_on() {
    let Fixture {
        cluster: _cluster,
        client,
        math,
    } = fixture(1).await;
    let (add, trap) = (
        math.function("add").unwrap(),
        math.function("trap").unwrap(),
    );
    let bad = client.submit(&trap, (1,)).unwrap();
    let dependent = client.submit(&add, (1, &bad)).unwrap();
    let Err(Error::Task(error)) = dependent.result::<u32>().await else {
        panic!("{dependent:?} should have failed");
    };
    assert_eq!(
        (error.kind(), error.failure().origin),
        (FailureKind::Trap, bad.key())
    );
    assert_eq!(bad.status(), Status::Error);
    assert!(bad.exception().await.unwrap().is_some());

    let good = client.submit(&add, (1, 1)).unwrap();
    assert!(client.gather::<_, u32>([&good, &bad]).await.is_err());
    assert!(good.exception().await.unwrap().is_none());
}

#[tokio::test]
async fn cancelled_and_released_tasks_free_their_slots() {
    let Fixture {
        cluster: _cluster,
        client,
        math,
    } = fixture(1).await;
    let (add, spin) = (
        math.function("add").unwrap(),
        math.function("spin").unwrap(),
    );
    // As many as there are slots: nothing else could run while they do.
    let endless = client.map(&spin, (each([1, 2]),)).unwrap();
    client.cancel(&endless[..1]);
    assert!(matches!(
        endless[0].result::<u32>().await,
        Err(Error::Cancelled { .. })
    ));
    assert_eq!(
        client
            .submit(&add, (1, 1))
            .unwrap()
            .result::<u32>()
            .await
            .unwrap(),
        2
    );
    drop(endless);
    let more = client.map(&add, (each(0..10), 5)).unwrap();
    client.wait(&more).await;
    assert!(
        more.iter()
            .all(|future| future.status() == Status::Finished)
    );

    let limited = spin.with(
        Options::new()
            .timeout(Duration::from_millis(20))
            .label("limited"),
    );
    let Err(Error::Task(error)) = client.submit(&limited, (3,)).unwrap().result::<u32>().await
    else {
        panic!("it has no end");
    };
    assert_eq!(
        (error.kind(), &*error.failure().label),
        (FailureKind::Deadline, "limited")
    );
}

#[tokio::test]
async fn values_of_any_size_go_there_and_back() {
    let Fixture {
        cluster: _cluster,
        client,
        ..
    } = fixture(2).await;
    let bytes = client.upload(BYTES.as_bytes().to_vec()).await.unwrap();
    let id = bytes.function("id").unwrap();
    let large: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
    let scattered = client.scatter(&large).await.unwrap();
    assert_eq!(scattered.status(), Status::Finished);
    let future = client.submit(&id, (&scattered,)).unwrap();
    assert_eq!(future.result::<Vec<u8>>().await.unwrap(), large);
    assert_eq!(future.nbytes(), Some(3_000_004));
    assert_eq!(client.who_has([&future]).await.unwrap()[0].len(), 1);

    // Equal values are one; so is what is made of them.
    let again = client.scatter_all([&large, &large]).await.unwrap();
    assert_eq!([again[0].key(), again[1].key()], [scattered.key(); 2]);
    let encoded = Encoded::of(&large).unwrap();
    assert_eq!(client.gather_encoded([&future]).await.unwrap(), [encoded]);
}

#[tokio::test]
async fn results_of_a_worker_that_left_are_computed_again() {
    let Fixture {
        mut cluster,
        client,
        ..
    } = fixture(2).await;
    let bytes = client.upload(BYTES.as_bytes().to_vec()).await.unwrap();
    let id = bytes.function("id").unwrap();
    let values: Vec<_> = (0..8u8).map(|n| vec![n; 10_000]).collect();
    let futures = client.map(&id, (each(&values),)).unwrap();
    client.wait(&futures).await;
    assert!(cluster.stop_worker("local-0"));
    assert!(!cluster.stop_worker("local-0"));
    let results: Vec<Vec<u8>> = client.gather(&futures).await.unwrap();
    assert_eq!(results, values);
}

#[tokio::test]
async fn what_the_client_would_not_hold_is_refused_with_advice() {
    let Fixture { cluster, .. } = fixture(1).await;
    let client = cluster
        .client_builder()
        .max_result_bytes(1000)
        .connect()
        .await
        .unwrap();
    let bytes = client.upload(BYTES.as_bytes().to_vec()).await.unwrap();
    let future = client
        .submit(&bytes.function("id").unwrap(), (vec![0u8; 2000],))
        .unwrap();
    let error = future.result::<Vec<u8>>().await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::ResultTooLarge {
                bytes: 2004,
                limit: 1000
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn datasets_outlive_their_clients() {
    let Fixture {
        cluster,
        client,
        math,
    } = fixture(1).await;
    let add = math.function("add").unwrap();
    let parts = client.map(&add, (each(0..3), 10)).unwrap();
    client.publish("sums", &parts).await.unwrap();
    let taken = client.publish("sums", &parts).await;
    assert!(matches!(taken, Err(Error::Refused(_))), "{taken:?}");
    drop(parts);
    client.close().await;

    let other = cluster.client().await.unwrap();
    let sums: Vec<Future> = other.dataset("sums").await.unwrap().futures;
    assert_eq!(other.gather::<_, u32>(&sums).await.unwrap(), [10, 11, 12]);
    other.unpublish("sums").await.unwrap();
    assert!(other.datasets().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_end_of_a_cluster_is_told() {
    let Fixture {
        cluster,
        client,
        math,
    } = fixture(1).await;
    let spin = math.function("spin").unwrap();
    let endless = client.submit(&spin, (1,)).unwrap();
    client.flush().await.unwrap();
    cluster.shutdown().await;
    let error = endless.result::<u32>().await.unwrap_err();
    assert!(matches!(error, Error::Disconnected { .. }), "{error}");
    assert_eq!(endless.status(), Status::Lost);
    assert!(matches!(
        client.submit(&spin, (1,)),
        Err(Error::Disconnected { .. })
    ));
}

#[test]
fn everything_works_without_async_too() {
    let cluster = LocalCluster::builder()
        .slots(1)
        .token("secret")
        .start_blocking()
        .unwrap();
    let client = cluster.blocking_client().unwrap();
    let math = client.upload(MATH.as_bytes().to_vec()).unwrap();
    let (add, spin) = (
        math.function("add").unwrap(),
        math.function("spin").unwrap(),
    );
    let parts = client.map(&add, (each(0..4), 1)).unwrap();
    let mut completed: Vec<u32> = client
        .as_completed(&parts)
        .map(|part| part.result().unwrap())
        .collect();
    completed.sort_unstable();
    assert_eq!(completed, [1, 2, 3, 4]);
    let endless = client.submit(&spin, (1,)).unwrap();
    let late = endless.result_within::<u32>(Duration::from_millis(5));
    assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");

    let address = cluster.address().to_string();
    let error = wask_client::blocking::Client::connect(address).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
}
