//! Lazy graphs and collections, on a real scheduler and real sandboxes in this process.

use std::time::{Duration, Instant};

use wask_client::{
    Client, Component, Compute, Delayed, Dynamic, Error, FailureKind, Function, Future, Options,
    Partitions, Status, WitType, collect, compute, product, sum,
};
use wask_deploy::LocalCluster;

/// Functions on numbers.
const MATH: &str = include_str!("../../client/tests/math.wat");
/// Runs until it is stopped.
const SPIN: &str = r#"(component
    (core module $m (func (export "spin") (param i32) (result i32)
        (loop $l (br $l)) unreachable))
    (core instance $i (instantiate $m))
    (func (export "spin") (param "x" u32) (result u32) (canon lift (core func $i "spin"))))"#;

struct Fixture {
    cluster: LocalCluster,
    client: Client,
    math: Component,
}

async fn fixture(workers: u32) -> Fixture {
    let builder = LocalCluster::builder().workers(workers).slots(2);
    let cluster = builder.memory_limit(64 << 20).start().await.unwrap();
    let client = cluster.client().await.unwrap();
    // Not uploaded: the first graph takes it along.
    let math = Component::load(MATH.as_bytes().to_vec()).unwrap();
    Fixture {
        cluster,
        client,
        math,
    }
}

impl Fixture {
    fn function<R: WitType>(&self, name: &str) -> Function<R> {
        self.math.function(name).unwrap().returning().unwrap()
    }
}

#[tokio::test]
async fn a_graph_gives_the_same_here_and_there() {
    let f = fixture(2).await;
    let (double, add) = (f.function::<u32>("double"), f.function::<u32>("add"));
    let x = double.delayed((4,)).unwrap();
    let y = add.delayed((&x, &x)).unwrap() * 3 - 1;
    let list = collect::<u32>([&x, &y]).sort();
    let (here, there) = ((&y, &list), f.client.compute(&list).unwrap());
    let (value, sorted) = compute(here).await.unwrap();
    assert_eq!((value, &sorted), (47, &vec![8, 47]));
    assert_eq!(there.await.unwrap(), sorted);

    // A graph that holds a future is computed where that lives.
    let there = f.client.compute(&y).unwrap();
    let more = Delayed::from(&there) + 1;
    assert_eq!(more.compute().await.unwrap(), 48);
    assert!(
        more.lt(&there)
            .compute()
            .await
            .is_ok_and(|is_less| !is_less)
    );
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn stages_look_at_values_before_they_go_on() {
    let f = fixture(2).await;
    let double = f.function::<u32>("double");
    let parts = f
        .client
        .map(&double, (wask_client::each(1..=4u32),))
        .unwrap();
    let (x, y) = (sum(&parts), product(&parts));
    let x = f.client.compute(&x).unwrap();
    let third = match x.clone().await.unwrap() {
        20 => Delayed::from(&x) + y,
        _ => y,
    };
    assert_eq!(f.client.compute(&third).unwrap().await.unwrap(), 20 + 384);
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn a_persisted_collection_means_the_same_on_futures() {
    let f = fixture(2).await;
    let numbers = Partitions::from_values(0..1000u32, 10).unwrap();
    let doubled = numbers.map(&f.function::<u32>("double")).unwrap();
    let odd = doubled.map_with(&f.function::<u32>("add"), (1,)).unwrap();
    let persisted = f.client.persist(&odd).unwrap();
    assert_eq!(persisted.len(), 10);
    let lazy: Vec<u32> = odd.to_list().compute().await.unwrap();
    let kept: Vec<u32> = compute(&persisted).await.unwrap();
    assert_eq!(lazy, kept);
    assert_eq!(persisted.statuses(), [Some(Status::Finished); 10]);
    assert_eq!(format!("{persisted:?}"), "Partitions<u32>(10: 10 finished)");

    // What has been computed is where later queries start.
    let before = f.client.status().await.unwrap().tasks.total_finished;
    let total = f.client.compute(&persisted.sum()).unwrap();
    assert_eq!(total.await.unwrap(), lazy.iter().sum::<u32>());
    let after = f.client.status().await.unwrap().tasks.total_finished;
    assert_eq!(after - before, 11);
    // So they do from the lazy one: its parts have the same keys.
    let again = f.client.compute(&odd.count()).unwrap();
    assert_eq!(again.await.unwrap(), 1000);
    let last = f.client.status().await.unwrap().tasks.total_finished;
    assert_eq!(last - after, 11);

    drop((persisted, odd, numbers, doubled));
    f.client.flush().await.unwrap();
    let tasks = f.client.status().await.unwrap().tasks;
    assert_eq!((tasks.memory, tasks.processing, tasks.waiting), (0, 0, 0));
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn compute_and_persist_return_before_anything_has_run() {
    let f = fixture(1).await;
    let spin = Component::load(SPIN.as_bytes().to_vec()).unwrap();
    let spin = spin.function("spin").unwrap().returning::<u32>().unwrap();
    let numbers = Partitions::from_values(0..4u32, 2).unwrap();
    let started = Instant::now();
    let persisted = f.client.persist(&numbers.map(&spin).unwrap()).unwrap();
    let future = f
        .client
        .compute(&(spin.delayed((1,)).unwrap() + 1))
        .unwrap();
    // They run for ever: had anything been waited for, this would not be reached.
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(future.status(), Status::Pending);
    assert_eq!(persisted.statuses(), [Some(Status::Pending); 2]);
    let futures = persisted.futures().unwrap();
    f.client.cancel(&futures);
    f.client.wait(&futures).await;
    assert_eq!(persisted.statuses(), [Some(Status::Cancelled); 2]);
    f.client.close().await;
    assert_eq!(future.status(), Status::Lost);
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn elements_of_a_collection_are_each_in_a_sandbox_of_their_own() {
    let f = fixture(2).await;
    let numbers = Partitions::from_values(0..100u32, 3).unwrap();
    let calls = f
        .client
        .compute(&numbers.map(&f.function::<u32>("calls")).unwrap());
    assert_eq!(calls.unwrap().await.unwrap(), [1; 100]);

    let failing = Partitions::from_values(0..8u32, 2).unwrap();
    let failing = failing.map(&f.function::<u32>("not-seven")).unwrap();
    let future = f.client.compute(&failing).unwrap();
    let Some(error) = future.exception().await.unwrap() else {
        panic!("7 is an error");
    };
    assert_eq!(error.kind(), FailureKind::Trap);
    assert!(error.failure().message.contains("element 3"), "{error}");
    assert!(error.to_string().contains("not-seven[1]"), "{error}");
    // The other part is as good as it would be alone.
    let parts = f.client.persist(&failing).unwrap().futures().unwrap();
    let results = f
        .client
        .gather_results::<_, Vec<u32>>(&parts)
        .await
        .unwrap();
    assert_eq!(*results[0].as_ref().unwrap(), [0, 1, 2, 3]);
    assert!(results[1].is_err());
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn operators_tell_what_they_are_not_defined_for() {
    let f = fixture(1).await;
    let numbers = Partitions::from_values([u32::MAX, 1], 2).unwrap();
    let future = f.client.compute(&numbers.sum()).unwrap();
    let error = future.exception().await.unwrap().unwrap();
    assert_eq!(error.kind(), FailureKind::Operator);
    assert!(error.to_string().contains("sum"), "{error}");
    let here = numbers.sum().compute().await.unwrap_err().to_string();
    assert!(
        here.contains(&error.failure().message),
        "{here} against {error}"
    );

    let text = Partitions::from_values(["a".to_owned()], 1).unwrap();
    let error = text.dynamic().sum().check().unwrap_err().to_string();
    assert!(error.contains("sum") && error.contains("string"), "{error}");
    let error = f.client.compute(&(text.dynamic().sum() + 1)).unwrap_err();
    assert!(matches!(error, Error::Operator(_)), "{error}");
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn what_no_worker_can_hold_is_refused_and_its_parts_stay() {
    let f = fixture(2).await;
    // 8 parts of 12 MiB; a worker has 64 MiB.
    let mut parts = Vec::new();
    for part in 0..8u8 {
        parts.push(f.client.scatter(&vec![part; 12 << 20]).await.unwrap());
    }
    let bytes = Partitions::<u8>::from_futures(&parts).unwrap();
    let future = f.client.compute(&bytes).unwrap();
    let error = future.exception().await.unwrap().unwrap();
    assert_eq!(error.kind(), FailureKind::OutOfMemory);
    assert!(error.to_string().contains("persist"), "{error}");
    assert!(parts.iter().all(|part| part.status() == Status::Finished));
    assert_eq!(bytes.count().compute().await.unwrap(), 8 * (12 << 20));
    let limited = Compute::new().max_result_bytes(1 << 20);
    let error = limited.run(Delayed::from(&parts[0])).await.unwrap_err();
    assert!(matches!(error, Error::ResultTooLarge { .. }), "{error}");
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn constants_of_a_collection_can_be_scattered() {
    let f = fixture(2).await;
    let texts = (0..4).map(|n| n.to_string().repeat(1 << 20));
    let texts = Partitions::from_values(texts, 4).unwrap();
    let scattered = texts.scatter(&f.client).await.unwrap();
    assert_eq!(scattered.statuses(), [Some(Status::Finished); 4]);
    assert_eq!(scattered.count().compute().await.unwrap(), 4);
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn a_published_collection_is_found_by_another_client() {
    let f = fixture(2).await;
    let numbers = Partitions::from_values(0..100u32, 4).unwrap();
    let numbers = f.client.persist(&numbers).unwrap();
    let futures = numbers.futures().unwrap();
    f.client.publish("numbers", &futures).await.unwrap();
    f.client.close().await;
    let other = f.cluster.client().await.unwrap();
    let dataset = other.dataset("numbers").await.unwrap();
    let numbers = dataset.partitions().unwrap().typed::<u32>().unwrap();
    assert_eq!(numbers.sum().compute().await.unwrap(), 4950);
    f.cluster.shutdown().await;
}

#[tokio::test]
async fn the_options_of_a_function_go_with_its_delayed_calls() {
    let f = fixture(1).await;
    let spin = Component::load(SPIN.as_bytes().to_vec()).unwrap();
    let spin = spin.function("spin").unwrap();
    let options = Options::new()
        .timeout(Duration::from_millis(50))
        .label("late");
    let spin: Function<Dynamic> = spin.with(options);
    let future: Future = f.client.compute(&spin.delayed((1,)).unwrap()).unwrap();
    let there = future.exception().await.unwrap().unwrap();
    let here = spin.delayed((1,)).unwrap().compute().await.unwrap_err();
    for error in [there.to_string(), here.to_string()] {
        assert!(
            error.contains("late") && error.contains("deadline"),
            "{error}"
        );
    }
    f.cluster.shutdown().await;
}
