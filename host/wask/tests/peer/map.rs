//! One function on many arguments.

use wask::{Error, Future, each};

use crate::{Bench, number};

#[tokio::test]
async fn a_map_over_nothing_is_nothing() {
    let bench = Bench::new(1, 1).await;
    let add = bench.function("add");
    let sums = bench.client.map(&add, (each([0u32; 0]), 1)).unwrap();
    assert!(sums.is_empty());
    assert_eq!(crate::known(&bench.counts().await), 0);
}

#[tokio::test]
async fn a_map_gives_its_futures_in_order() {
    let bench = Bench::new(2, 2).await;
    let add = bench.function("add");
    let sums = bench.client.map(&add, (each(0..5000u32), 1)).unwrap();
    let sums: Vec<u32> = bench.client.gather(&sums).await.unwrap();
    assert_eq!(sums, (1..=5000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_map_over_several_sequences_takes_one_of_each() {
    let bench = Bench::new(1, 1).await;
    let add = bench.function("add");
    let sums = bench
        .client
        .map(&add, (each([1, 2, 3]), each([10, 20, 30])));
    let sums: Vec<u32> = bench.client.gather(&sums.unwrap()).await.unwrap();
    assert_eq!(sums, [11, 22, 33]);
}

#[tokio::test]
async fn the_shortest_sequence_ends_a_map() {
    let bench = Bench::new(1, 1).await;
    let add = bench.function("add");
    let sums = bench.client.map(&add, (each([1, 2]), each(10..)));
    let sums: Vec<u32> = bench.client.gather(&sums.unwrap()).await.unwrap();
    assert_eq!(sums, [11, 13]);
}

#[tokio::test]
async fn a_map_runs_over_futures() {
    let bench = Bench::new(2, 1).await;
    let add = bench.function("add");
    let first = bench.client.map(&add, (each(0..4u32), 1)).unwrap();
    let second = bench.client.map(&add, (each(&first), &first[3])).unwrap();
    let sums: Vec<u32> = bench.client.gather(&second).await.unwrap();
    assert_eq!(sums, [5, 6, 7, 8]);
}

#[tokio::test]
async fn a_map_takes_sequences_inside_its_arguments() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.function("sum");
    let sums = bench.client.map(&sum, ([each([1, 2]), each([10, 20])],));
    let sums: Vec<u32> = bench.client.gather(&sums.unwrap()).await.unwrap();
    assert_eq!(sums, [11, 22]);
}

#[tokio::test]
async fn equal_items_of_a_map_are_one_task() {
    let bench = Bench::new(1, 1).await;
    let add = bench.function("add");
    let sums = bench.client.map(&add, (each([7, 7, 7, 8]), 1)).unwrap();
    let results: Vec<u32> = bench.client.gather(&sums).await.unwrap();
    assert_eq!(results, [8, 8, 8, 9]);
    assert_eq!(bench.counts().await.total_finished, 2);
}

#[tokio::test]
async fn a_map_without_a_sequence_is_a_mistake() {
    let bench = Bench::new(1, 1).await;
    let refused = bench.client.map(&bench.function("add"), (1, 2));
    assert!(matches!(refused, Err(Error::Usage(_))), "{refused:?}");
}

#[tokio::test]
async fn a_map_with_one_misfit_submits_nothing() {
    let bench = Bench::new(1, 1).await;
    let add = bench.function("add");
    let refused = bench.client.map(&add, (each([1, 2, -3]), 1));
    assert!(
        matches!(refused, Err(Error::Arguments { .. })),
        "{refused:?}"
    );
    bench.until_empty().await;
}

#[tokio::test]
async fn half_of_a_map_may_be_dropped() {
    let (bench, endless) = Bench::busy().await;
    let add = bench.function("add");
    let mut sums = bench.client.map(&add, (each(0..10u32), 1)).unwrap();
    sums.truncate(5);
    assert_eq!(bench.counts().await.queued, 5);
    drop(endless);
    let last: &Future = &sums[4];
    assert_eq!(number(last).await, 5);
    bench.client.wait(&sums).await;
    assert_eq!(bench.counts().await.total_finished, 5);
}
