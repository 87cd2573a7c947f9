//! Published futures.

use wask::{Dynamic, Error, Future, KeyStateKind, RefusalCode, Status};

use crate::{Bench, failure, is_cancelled, number};

fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> RefusalCode {
    match outcome {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("it was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_published_outlives_its_client() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let add = bench.function("add");
    let sums = [1, 2].map(|n| other.submit(&add, (n, 10)).unwrap());
    other.publish("sums", &sums).await.unwrap();
    drop(sums);
    other.close().await;
    let dataset = bench.client.dataset("sums").await.unwrap();
    assert_eq!(
        (&*dataset.name, dataset.ty.to_string()),
        ("sums", "u32".into())
    );
    let sums: Vec<u32> = bench.client.gather(&dataset.futures).await.unwrap();
    assert_eq!(sums, [11, 12]);
}

#[tokio::test]
async fn what_was_refused_is_not_published_and_the_reason_is_told() {
    let bench = Bench::new(1, 1).await;
    let input = bench.submit("add", (1, 2));
    assert_eq!(number(&input).await, 3);
    bench.client.cancel([&input]);
    bench.until_empty().await;
    let sum = bench.submit("add", (&input, 1));
    let error = bench.client.publish("sum", [&sum]).await.unwrap_err();
    assert!(!error.to_string().contains("was it released"), "{error}");
}

#[tokio::test]
async fn published_work_goes_on_without_its_client() {
    let (bench, endless) = Bench::busy().await;
    let other = bench.cluster.client().await.unwrap();
    let sum = other.submit(&bench.function("add"), (1, 2)).unwrap();
    other.publish("sum", [&sum]).await.unwrap();
    drop(sum);
    other.close().await;
    assert_eq!(bench.counts().await.queued, 1);
    let states = bench.client.datasets().await.unwrap().remove(0).states;
    assert_eq!(states, [KeyStateKind::Pending]);
    drop(endless);
    let sum = bench.client.dataset("sum").await.unwrap().futures.remove(0);
    assert_eq!(number(&sum).await, 3);
}

#[tokio::test]
async fn unpublishing_frees_what_nobody_holds() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    bench.client.publish("sum", [&sum]).await.unwrap();
    assert_eq!(number(&sum).await, 3);
    drop(sum);
    assert_eq!(bench.counts().await.memory, 1);
    bench.client.unpublish("sum").await.unwrap();
    bench.until_empty().await;
}

#[tokio::test]
async fn unpublishing_stops_what_nobody_holds() {
    let bench = Bench::new(1, 1).await;
    let endless = bench.submit("spin", (1,));
    bench.client.publish("endless", [&endless]).await.unwrap();
    drop(endless);
    bench.until(|status| status.tasks.processing == 1).await;
    bench.client.unpublish("endless").await.unwrap();
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
}

#[tokio::test]
async fn unpublishing_leaves_what_somebody_holds() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    bench.client.publish("sum", [&sum]).await.unwrap();
    drop(sum);
    let sum = bench.client.dataset("sum").await.unwrap().futures.remove(0);
    bench.client.unpublish("sum").await.unwrap();
    assert_eq!(number(&sum).await, 3);
    assert_eq!(bench.counts().await.memory, 1);
}

#[tokio::test]
async fn a_name_that_nothing_has_is_refused() {
    let bench = Bench::new(1, 1).await;
    assert_eq!(
        refusal(bench.client.unpublish("no").await),
        RefusalCode::NotFound
    );
    assert_eq!(
        refusal(bench.client.dataset("no").await),
        RefusalCode::NotFound
    );
    assert!(bench.client.datasets().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused() {
    let bench = Bench::new(1, 1).await;
    let (first, second) = (bench.submit("add", (1, 2)), bench.submit("add", (3, 4)));
    bench.client.publish("sum", [&first]).await.unwrap();
    let other = bench.cluster.client().await.unwrap();
    let theirs = other.submit(&bench.function("add"), (3, 4)).unwrap();
    assert_eq!(
        refusal(other.publish("sum", [&theirs]).await),
        RefusalCode::Exists
    );
    assert_eq!(
        refusal(bench.client.publish("sum", [&second]).await),
        RefusalCode::Exists
    );
    let sum = other.dataset("sum").await.unwrap().futures.remove(0);
    assert_eq!(number(&sum).await, 3);
}

#[tokio::test]
async fn replacing_a_dataset_frees_what_it_had_alone() {
    let bench = Bench::new(1, 1).await;
    let sums = [1, 2, 3].map(|n| bench.submit("add", (n, 0)));
    bench.client.wait(&sums).await;
    bench.client.publish("sums", &sums[..2]).await.unwrap();
    bench.client.replace("sums", &sums[1..]).await.unwrap();
    drop(sums);
    assert_eq!(bench.counts().await.memory, 2);
    let sums = bench.client.dataset("sums").await.unwrap().futures;
    let sums: Vec<u32> = bench.client.gather(&sums).await.unwrap();
    assert_eq!(sums, [2, 3]);
}

#[tokio::test]
async fn one_future_may_have_several_names() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    bench.client.publish("one", [&sum]).await.unwrap();
    bench.client.publish("two", [&sum, &sum]).await.unwrap();
    drop(sum);
    let names = bench.client.datasets().await.unwrap();
    let names: Vec<_> = names.iter().map(|dataset| dataset.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
    bench.client.unpublish("one").await.unwrap();
    let sums = bench.client.dataset("two").await.unwrap().futures;
    let sums: Vec<u32> = bench.client.gather(&sums).await.unwrap();
    assert_eq!(sums, [3, 3]);
}

#[tokio::test]
async fn a_dataset_is_futures_of_one_type() {
    let bench = Bench::new(1, 1).await;
    let (sum, zeros) = (bench.submit("add", (1, 2)), bench.submit("zeros", (3,)));
    let mixed = bench.client.publish("mixed", [&sum, &zeros]).await;
    assert!(matches!(mixed, Err(Error::Usage(_))), "{mixed:?}");
    let empty = bench.client.publish::<Dynamic>("empty", [] as [&Future; 0]);
    assert!(matches!(empty.await, Err(Error::Usage(_))));
}

#[tokio::test]
async fn a_failure_may_be_published() {
    let bench = Bench::new(1, 1).await;
    let failed = bench.submit("check", (10,));
    failure(&failed).await;
    bench.client.publish("failed", [&failed]).await.unwrap();
    drop(failed);
    assert_eq!(bench.counts().await.erred, 1);
    let other = bench.cluster.client().await.unwrap();
    let failed = other.dataset("failed").await.unwrap().futures.remove(0);
    let error = failure(&failed).await;
    assert!(error.to_string().contains("check"), "{error}");
    assert_eq!(
        other.datasets().await.unwrap()[0].states,
        [KeyStateKind::Error]
    );
}

#[tokio::test]
async fn a_cancelled_future_cannot_be_published() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    bench.client.cancel([&sum]);
    bench.until_empty().await;
    let refused = bench.client.publish("sum", [&sum]).await;
    assert_eq!(refusal(refused), RefusalCode::NotFound);
}

#[tokio::test]
async fn cancelling_what_is_published_only_lets_go_of_it() {
    let (bench, endless) = Bench::busy().await;
    let sum = bench.submit("add", (1, 2));
    bench.client.publish("sum", [&sum]).await.unwrap();
    bench.client.cancel([&sum]);
    assert!(is_cancelled(&sum).await);
    drop(endless);
    // The name brings the future back.
    let again = bench.client.dataset("sum").await.unwrap().futures.remove(0);
    assert_eq!(number(&again).await, 3);
}

#[tokio::test]
async fn futures_of_a_dataset_are_arguments_like_others() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let add = bench.function("add");
    let sums = [1, 2].map(|n| other.submit(&add, (n, 10)).unwrap());
    other.publish("sums", &sums).await.unwrap();
    let sums = bench.client.dataset("sums").await.unwrap().futures;
    assert_eq!(number(&bench.submit("sum", (&sums,))).await, 23);
    bench.client.wait(&sums).await;
    assert_eq!(sums[0].status(), Status::Finished);
}
