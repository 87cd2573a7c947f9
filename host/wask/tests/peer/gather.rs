//! Results on their way to the program, and futures as arguments.

use wask::{Error, Future, Value};

use crate::{Bench, number};

#[tokio::test]
async fn gather_of_nothing_is_nothing() {
    let bench = Bench::new(1, 1).await;
    let nothing: [&Future; 0] = [];
    assert!(
        bench
            .client
            .gather::<_, u32>(nothing)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn gather_keeps_order_and_repetitions() {
    let bench = Bench::new(2, 1).await;
    let (a, b) = (bench.submit("add", (1, 2)), bench.submit("add", (3, 4)));
    let results: Vec<u32> = bench.client.gather([&b, &a, &b]).await.unwrap();
    assert_eq!(results, [7, 3, 7]);
}

#[tokio::test]
async fn a_result_may_be_asked_for_twice() {
    let bench = Bench::new(1, 1).await;
    // One that comes with the news of it, and one that is fetched.
    let (small, large) = (
        bench.submit("add", (1, 2)),
        bench.submit("zeros", (100_000,)),
    );
    for _ in 0..2 {
        assert_eq!(number(&small).await, 3);
        assert_eq!(large.result::<Vec<u8>>().await.unwrap(), vec![0; 100_000]);
    }
    assert_eq!(bench.counts().await.total_finished, 2);
}

#[tokio::test]
async fn a_large_result_that_is_asked_for_twice_in_one_gather_comes_once_for_both() {
    let bench = Bench::new(1, 1).await;
    let large = bench.submit("zeros", (100_000,));
    let both: Vec<Vec<u8>> = bench.client.gather([&large, &large]).await.unwrap();
    assert_eq!(both, [vec![0; 100_000], vec![0; 100_000]]);
}

#[tokio::test]
async fn results_come_as_the_type_that_is_asked_for_if_it_fits() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    assert_eq!(sum.result::<u32>().await.unwrap(), 3);
    assert_eq!(sum.result::<u64>().await.unwrap(), 3);
    assert_eq!(sum.value().await.unwrap(), Value::U32(3));
    let misfit = sum.result::<String>().await;
    assert!(matches!(misfit, Err(Error::Value { .. })), "{misfit:?}");
}

#[tokio::test]
async fn futures_stand_for_their_results_at_any_depth() {
    let bench = Bench::new(2, 1).await;
    let (one, ten) = (bench.submit("add", (0, 1)), bench.submit("add", (4, 6)));
    let inner = (&one, vec![&ten, &one]);
    let sum = bench.submit("sum-deep", (vec![inner, (&ten, vec![])],));
    assert_eq!(number(&sum).await, 22);
}

#[tokio::test]
async fn futures_stand_beside_plain_values() {
    let bench = Bench::new(1, 1).await;
    let one = bench.submit("add", (0, 1));
    assert_eq!(number(&bench.submit("add", (&one, 20))).await, 21);
    let numbers = [Number::Plain(100), Number::Future(&one), Number::Plain(11)];
    assert_eq!(number(&bench.submit("sum", (numbers,))).await, 112);
}

/// A number, here or on the cluster.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Number<'a> {
    Plain(u32),
    Future(&'a Future),
}

#[tokio::test]
async fn one_future_may_stand_in_several_places() {
    let bench = Bench::new(1, 1).await;
    let two = bench.submit("add", (1, 1));
    assert_eq!(number(&bench.submit("add", (&two, &two))).await, 4);
    assert_eq!(number(&bench.submit("sum", ([&two, &two, &two],))).await, 6);
}

#[tokio::test]
async fn a_diamond_computes_its_top_once() {
    let bench = Bench::new(2, 1).await;
    let top = bench.submit("add", (1, 1));
    let (left, right) = (
        bench.submit("add", (&top, 10)),
        bench.submit("add", (&top, 20)),
    );
    let end = bench.submit("add", (&left, &right));
    assert_eq!(number(&end).await, 34);
    assert_eq!(bench.counts().await.total_finished, 4);
}

#[tokio::test]
async fn a_long_chain_runs_to_its_end() {
    let bench = Bench::new(2, 1).await;
    let mut last = bench.submit("add", (0, 0));
    for _ in 0..1000 {
        last = bench.submit("add", (&last, 1));
    }
    assert_eq!(number(&last).await, 1000);
}

#[tokio::test]
async fn one_task_takes_the_results_of_many() {
    let bench = Bench::new(2, 1).await;
    let parts: Vec<_> = (0..1000u32).map(|n| bench.submit("add", (n, 0))).collect();
    let sum = bench.submit("sum", (&parts,));
    drop(parts);
    assert_eq!(number(&sum).await, 499_500);
    bench.until(|status| status.tasks.memory == 1).await;
}

#[tokio::test]
async fn many_tasks_take_the_result_of_one() {
    let bench = Bench::new(2, 2).await;
    let large = bench.submit("zeros", (1 << 20,));
    let lengths = (0..100).map(|_| {
        let options = wask::Options::new().impure();
        bench.submit_with(options, "length", (&large,))
    });
    let lengths: Vec<_> = lengths.collect();
    let lengths: Vec<u32> = bench.client.gather(&lengths).await.unwrap();
    assert_eq!(lengths, vec![1 << 20; 100]);
}

#[tokio::test]
async fn a_tree_reduces_to_its_root() {
    let bench = Bench::new(2, 1).await;
    let mut layer: Vec<_> = (0..64u32).map(|n| bench.submit("add", (n, 1))).collect();
    while layer.len() > 1 {
        let pairs = layer.chunks(2);
        layer = pairs.map(|pair| bench.submit("sum", (pair,))).collect();
    }
    assert_eq!(number(&layer[0]).await, 2080);
    bench.until(|status| status.tasks.memory == 1).await;
}
