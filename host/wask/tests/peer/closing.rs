//! What becomes of work and futures when a client ends, or the cluster does.

use wask::{Error, Status};

use crate::{Bench, number};

#[tokio::test]
async fn closing_a_client_stops_its_work() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let endless = other.submit(&bench.function("spin"), (1,)).unwrap();
    other.flush().await.unwrap();
    bench.until(|status| status.tasks.processing == 1).await;
    other.close().await;
    bench.until_empty().await;
    assert_eq!(endless.status(), Status::Lost);
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
}

#[tokio::test]
async fn closing_a_client_frees_its_results() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let zeros = other.submit(&bench.function("zeros"), (100_000,)).unwrap();
    other.wait([&zeros]).await;
    bench.until(|status| status.tasks.memory == 1).await;
    other.close().await;
    bench.until_empty().await;
    let error = zeros.result::<Vec<u8>>().await.unwrap_err();
    assert!(matches!(error, Error::Disconnected { .. }), "{error}");
}

#[tokio::test]
async fn a_future_without_its_client_goes_on() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let sum = other.submit(&bench.function("add"), (1, 2)).unwrap();
    drop(other);
    assert_eq!(number(&sum).await, 3);
    assert_eq!(bench.client.status().await.unwrap().sessions, 2);
    // The last future of a client without handles ends the session.
    drop(sum);
    bench.until(|status| status.sessions == 1).await;
    bench.until_empty().await;
}

#[tokio::test]
async fn dropping_a_client_and_its_futures_stops_its_work() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let endless = other.submit(&bench.function("spin"), (1,)).unwrap();
    other.flush().await.unwrap();
    bench.until(|status| status.tasks.processing == 1).await;
    drop((other, endless));
    bench.until(|status| status.sessions == 1).await;
    bench.until_empty().await;
}

#[tokio::test]
async fn what_two_clients_want_survives_the_end_of_one() {
    let (bench, endless) = Bench::busy().await;
    let other = bench.cluster.client().await.unwrap();
    let theirs = other.submit(&bench.function("add"), (1, 2)).unwrap();
    other.flush().await.unwrap();
    let mine = bench.submit("add", (1, 2));
    bench.client.flush().await.unwrap();
    other.close().await;
    drop((theirs, endless));
    assert_eq!(number(&mine).await, 3);
}

#[tokio::test]
async fn a_client_may_be_closed_twice() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    other.close().await;
    other.close().await;
    bench.until(|status| status.sessions == 1).await;
}

#[tokio::test]
async fn a_closed_client_refuses_work() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    other.close().await;
    let refused = other.submit(&bench.function("add"), (1, 2));
    assert!(
        matches!(refused, Err(Error::Disconnected { .. })),
        "{refused:?}"
    );
    assert!(other.status().await.is_err());
    assert!(other.scatter(&1u32).await.is_err());
}

#[tokio::test]
async fn a_small_result_that_had_come_outlives_its_session() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let sum = other.submit(&bench.function("add"), (1, 2)).unwrap();
    assert_eq!(number(&sum).await, 3);
    other.close().await;
    assert_eq!(number(&sum).await, 3);
}

#[tokio::test]
async fn the_end_of_the_cluster_ends_every_wait() {
    let bench = Bench::new(1, 1).await;
    let endless = bench.submit("spin", (1,));
    bench.until(|status| status.tasks.processing == 1).await;
    bench.cluster.shutdown().await;
    bench.client.wait([&endless]).await;
    let error = endless.result::<u32>().await.unwrap_err();
    assert!(matches!(error, Error::Disconnected { .. }), "{error}");
    // Nothing that is done with it now hangs or panics.
    bench.client.cancel([&endless]);
    assert_eq!(endless.status(), Status::Lost);
}
