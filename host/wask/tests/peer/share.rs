//! Equal tasks, of one client and of several.

use wask::{Error, Options};

use crate::{Bench, number};

#[tokio::test]
async fn equal_tasks_are_one() {
    let bench = Bench::new(2, 1).await;
    let (first, second) = (bench.submit("add", (1, 2)), bench.submit("add", (1, 2)));
    assert_eq!(first.key(), second.key());
    assert_eq!((number(&first).await, number(&second).await), (3, 3));
    assert_eq!(bench.counts().await.total_finished, 1);
}

#[tokio::test]
async fn tasks_of_other_arguments_or_functions_are_others() {
    let bench = Bench::new(1, 1).await;
    let futures = [
        bench.submit("add", (1, 2)),
        bench.submit("add", (2, 1)),
        bench.submit("sum", ([1, 2],)),
    ];
    assert_ne!(futures[0].key(), futures[1].key());
    assert_ne!(futures[0].key(), futures[2].key());
    let results: Vec<u32> = bench.client.gather(&futures).await.unwrap();
    assert_eq!(results, [3, 3, 3]);
    assert_eq!(bench.counts().await.total_finished, 3);
}

#[tokio::test]
async fn equal_tasks_on_futures_of_equal_tasks_are_one() {
    let bench = Bench::new(1, 1).await;
    let (a, b) = (bench.submit("add", (1, 2)), bench.submit("add", (1, 2)));
    let (x, y) = (bench.submit("add", (&a, 1)), bench.submit("add", (&b, 1)));
    assert_eq!(x.key(), y.key());
    assert_eq!(number(&y).await, 4);
    assert_eq!(bench.counts().await.total_finished, 2);
}

#[tokio::test]
async fn a_task_that_has_finished_is_not_run_again_while_it_is_held() {
    let bench = Bench::new(1, 1).await;
    let first = bench.submit("add", (1, 2));
    assert_eq!(number(&first).await, 3);
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
    assert_eq!(bench.counts().await.total_finished, 1);
}

#[tokio::test]
async fn equal_impure_tasks_run_each_for_itself() {
    let bench = Bench::new(1, 1).await;
    let submit = || bench.submit_with(Options::new().impure(), "add", (1, 2));
    let (first, second) = (submit(), submit());
    assert_ne!(first.key(), second.key());
    assert_eq!((number(&first).await, number(&second).await), (3, 3));
    assert_eq!(bench.counts().await.total_finished, 2);
}

#[tokio::test]
async fn a_label_does_not_tell_tasks_apart_but_a_limit_does() {
    let bench = Bench::new(1, 1).await;
    let plain = bench.submit("add", (1, 2));
    let labelled = bench.submit_with(Options::new().label("three"), "add", (1, 2));
    let limited = bench.submit_with(Options::new().fuel(1_000_000), "add", (1, 2));
    assert_eq!(plain.key(), labelled.key());
    assert_ne!(plain.key(), limited.key());
    assert_eq!(number(&limited).await, 3);
}

#[tokio::test]
async fn two_clients_share_one_run() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let mine = bench.submit("add", (1, 2));
    let theirs = other.submit(&bench.function("add"), (1, 2)).unwrap();
    assert_eq!(mine.key(), theirs.key());
    assert_eq!((number(&mine).await, number(&theirs).await), (3, 3));
    assert_eq!(bench.counts().await.total_finished, 1);
}

#[tokio::test]
async fn a_result_lives_until_the_last_of_two_clients_lets_go() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let mine = bench.submit("add", (1, 2));
    let theirs = other.submit(&bench.function("add"), (1, 2)).unwrap();
    assert_eq!((number(&mine).await, number(&theirs).await), (3, 3));
    drop(mine);
    assert_eq!(bench.counts().await.memory, 1);
    assert_eq!(number(&theirs).await, 3);
    drop(theirs);
    bench.until_empty().await;
}

#[tokio::test]
async fn a_result_of_a_client_that_left_serves_the_next() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let theirs = other.submit(&bench.function("add"), (1, 2)).unwrap();
    assert_eq!(number(&theirs).await, 3);
    let mine = bench.submit("add", (1, 2));
    bench.client.flush().await.unwrap();
    drop(theirs);
    other.close().await;
    assert_eq!(number(&mine).await, 3);
    assert_eq!(bench.counts().await.total_finished, 1);
}

#[tokio::test]
async fn a_component_uploaded_by_one_client_serves_another() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let named = bench
        .client
        .upload_as("tasks", crate::TASKS.as_bytes().to_vec());
    let named = named.await.unwrap();
    let found = other.component("tasks").await.unwrap();
    assert_eq!(found.digest(), named.digest());
    let sum = other.submit(&found.function("add").unwrap(), (1, 2));
    assert_eq!(number(&sum.unwrap()).await, 3);
    assert!(other.component("no such").await.is_err());
}

#[tokio::test]
async fn a_future_of_another_client_is_refused_as_an_argument() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let add = bench.function("add");
    let theirs = other.submit(&add, (1, 2)).unwrap();
    let error = bench.client.submit(&add, (&theirs, 1)).unwrap_err();
    assert!(matches!(error, Error::Usage(_)), "{error}");
}

#[tokio::test]
async fn futures_of_two_clients_are_not_gathered_together() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let mine = bench.submit("add", (1, 2));
    let theirs = other.submit(&bench.function("add"), (3, 4)).unwrap();
    let gathered = bench.client.gather::<_, u32>([&mine, &theirs]).await;
    assert!(matches!(gathered, Err(Error::Usage(_))), "{gathered:?}");
    // Those of another one alone are, for a future knows its client.
    let gathered: Vec<u32> = bench.client.gather([&theirs]).await.unwrap();
    assert_eq!(gathered, [7]);
}
