//! Cancellation: of what waits, what runs and what has run, with and without dependents.

use wask::{Client, Error, Function, Future, Status, each};

use crate::{Bench, is_cancelled, number, until};

#[tokio::test]
async fn a_task_that_is_cancelled_while_it_waits_never_runs() {
    let (bench, endless) = Bench::busy().await;
    let sum = bench.submit("add", (1, 2));
    bench.client.cancel([&sum]);
    assert!(is_cancelled(&sum).await);
    bench.client.cancel(&endless);
    assert_eq!(number(&bench.submit("add", (3, 4))).await, 7);
    assert_eq!(bench.counts().await.total_finished, 1);
}

#[tokio::test]
async fn a_task_that_is_cancelled_while_it_runs_is_stopped() {
    let bench = Bench::new(1, 1).await;
    let endless = bench.submit("spin", (1,));
    bench.until(|status| status.tasks.processing == 1).await;
    bench.client.cancel([&endless]);
    assert!(is_cancelled(&endless).await);
    // There is one slot: only when it is free again does this run.
    assert_eq!(number(&bench.submit("add", (1, 2))).await, 3);
}

#[tokio::test]
async fn a_finished_task_that_is_cancelled_loses_its_result() {
    let bench = Bench::new(1, 1).await;
    let sum = bench.submit("add", (1, 2));
    assert_eq!(number(&sum).await, 3);
    bench.client.cancel([&sum]);
    bench.until_empty().await;
    bench.until(|_| sum.status() == Status::Cancelled).await;
    assert!(is_cancelled(&sum).await);
}

#[tokio::test]
async fn dependents_are_cancelled_as_well() {
    let (bench, _endless) = Bench::busy().await;
    let first = bench.submit("add", (1, 2));
    let second = bench.submit("add", (&first, 1));
    let third = bench.submit("sum", ([&second, &second],));
    let other = bench.submit("add", (5, 5));
    bench.client.cancel([&first]);
    bench.client.wait([&first, &second, &third]).await;
    for future in [&first, &second, &third] {
        assert_eq!(future.status(), Status::Cancelled);
    }
    assert_eq!(other.status(), Status::Pending);
    assert_eq!(bench.counts().await.queued, 1);
}

#[tokio::test]
async fn inputs_are_not_cancelled_with_their_dependent() {
    let (bench, endless) = Bench::busy().await;
    let input = bench.submit("add", (1, 2));
    let sum = bench.submit("add", (&input, 1));
    bench.client.cancel([&sum]);
    assert!(is_cancelled(&sum).await);
    drop(endless);
    assert_eq!(number(&input).await, 3);
}

#[tokio::test]
async fn a_finished_dependent_outlives_its_cancelled_input() {
    let bench = Bench::new(1, 1).await;
    let input = bench.submit("add", (1, 2));
    let sum = bench.submit("add", (&input, 1));
    assert_eq!(number(&sum).await, 4);
    bench.client.cancel([&input]);
    bench.until(|_| input.status() == Status::Cancelled).await;
    assert_eq!(number(&sum).await, 4);
    assert_eq!(bench.holders(&sum).await, ["local-0"]);
}

#[tokio::test]
async fn a_task_may_be_cancelled_twice() {
    let bench = Bench::new(1, 1).await;
    let endless = bench.submit("spin", (1,));
    bench.client.cancel([&endless, &endless]);
    assert!(is_cancelled(&endless).await);
    bench.client.cancel([&endless]);
    bench.until_empty().await;
    assert!(is_cancelled(&endless).await);
}

#[tokio::test]
async fn a_task_may_be_cancelled_before_the_scheduler_knows_it() {
    let bench = Bench::new(1, 1).await;
    let first = bench.submit("spin", (1,));
    let second = bench.submit("add", (&first, 1));
    bench.client.cancel([&first]);
    assert!(is_cancelled(&second).await);
    assert!(is_cancelled(&first).await);
    bench.until_empty().await;
}

#[tokio::test]
async fn nothing_stays_behind_what_was_cancelled() {
    let bench = Bench::new(2, 1).await;
    let spin = bench.function("spin");
    let endless = bench.client.map(&spin, (each(0..100u32),)).unwrap();
    bench.until(|status| status.tasks.processing == 4).await;
    bench.client.cancel(&endless);
    bench.client.wait(&endless).await;
    bench.until_empty().await;
    let workers = bench.client.status().await.unwrap().workers;
    assert!(workers.iter().all(|worker| worker.processing == 0));
}

#[tokio::test]
async fn what_another_client_wants_goes_on() {
    let (bench, endless) = Bench::busy().await;
    let other = bench.cluster.client().await.unwrap();
    let (mine, theirs) = (
        bench.submit("add", (1, 2)),
        other.submit(&bench.function("add"), (1, 2)).unwrap(),
    );
    other.flush().await.unwrap();
    bench.client.cancel([&mine]);
    assert!(is_cancelled(&mine).await);
    drop(endless);
    assert_eq!(number(&theirs).await, 3);
    assert!(is_cancelled(&mine).await);
}

#[tokio::test]
async fn another_clients_dependent_keeps_a_cancelled_input_going() {
    let (bench, endless) = Bench::busy().await;
    let other = bench.cluster.client().await.unwrap();
    let add = bench.function("add");
    let mine = bench.submit("add", (1, 2));
    let theirs = other.submit(&add, (1, 2)).unwrap();
    let sum = other.submit(&add, (&theirs, 1)).unwrap();
    drop(theirs);
    other.flush().await.unwrap();
    bench.client.cancel([&mine]);
    assert!(is_cancelled(&mine).await);
    drop(endless);
    assert_eq!(number(&sum).await, 4);
}

#[tokio::test]
async fn a_cancelled_task_runs_when_it_is_submitted_again() {
    let (bench, endless) = Bench::busy().await;
    let sum = bench.submit("add", (1, 2));
    bench.client.cancel([&sum]);
    assert!(is_cancelled(&sum).await);
    drop(endless);
    let again = bench.submit("add", (1, 2));
    assert_eq!(again.key(), sum.key());
    assert_eq!(number(&again).await, 3);
    // They are futures of one key, so the old one has come back to life.
    assert_eq!(number(&sum).await, 3);
}

/// Cancels, and submits again without waiting for the cancellation to be told.
fn cancel_and_submit(client: &Client, spin: &Function, endless: &Future) -> Future {
    client.cancel([endless]);
    client.submit(spin, (1,)).unwrap()
}

#[tokio::test]
async fn a_task_submitted_right_after_its_cancellation_runs() {
    let bench = Bench::new(1, 1).await;
    let spin = bench.function("spin");
    let endless = bench.submit("spin", (1,));
    bench.until(|status| status.tasks.processing == 1).await;
    let again = cancel_and_submit(&bench.client, &spin, &endless);
    // Both commands have been taken in, and it is on its way.
    assert_eq!(bench.counts().await.total_finished, 0);
    bench.until(|status| status.tasks.processing == 1).await;
    assert_eq!(again.status(), Status::Pending);
    // It does not get the news of the cancellation before it, but that of its own.
    bench.client.cancel([&again]);
    assert!(is_cancelled(&again).await);
    bench.until_empty().await;
}

#[tokio::test]
async fn an_old_cancelled_future_does_not_stop_a_new_one() {
    let bench = Bench::new(1, 1).await;
    let old = bench.submit("spin", (1,));
    bench.client.cancel([&old]);
    assert!(is_cancelled(&old).await);
    let new = bench.submit("spin", (1,));
    drop(old);
    // The cluster has heard of the cancellation too: what runs from now on is the new one.
    bench.client.flush().await.unwrap();
    bench.until(|status| status.tasks.processing == 1).await;
    assert_eq!(bench.counts().await.processing, 1);
    assert_eq!(new.status(), Status::Pending);
}

#[tokio::test]
async fn a_task_with_a_cancelled_input_is_refused() {
    let bench = Bench::new(1, 1).await;
    let input = bench.submit("add", (1, 2));
    assert_eq!(number(&input).await, 3);
    bench.client.cancel([&input]);
    bench.until_empty().await;
    let sum = bench.submit("add", (&input, 1));
    let error = sum.result::<u32>().await.unwrap_err();
    assert!(
        matches!(error, Error::Refused(_) | Error::Cancelled { .. }),
        "{error}"
    );
    assert_ne!(sum.status(), Status::Finished);
}

#[tokio::test]
async fn gather_raises_a_cancellation() {
    let (bench, _endless) = Bench::busy().await;
    let sums = [bench.submit("add", (1, 2)), bench.submit("add", (3, 4))];
    bench.client.cancel(&sums[1..]);
    let gathered = bench.client.gather::<_, u32>(&sums).await;
    assert!(
        matches!(gathered, Err(Error::Cancelled { .. })),
        "{gathered:?}"
    );
}

#[tokio::test]
async fn exception_raises_a_cancellation() {
    let (bench, endless) = Bench::busy().await;
    bench.client.cancel(&endless);
    let exception = endless[0].exception().await;
    assert!(
        matches!(exception, Err(Error::Cancelled { .. })),
        "{exception:?}"
    );
}

#[tokio::test]
async fn a_task_cancelled_by_one_client_is_told_to_that_client_only() {
    let bench = Bench::new(1, 1).await;
    let other = bench.cluster.client().await.unwrap();
    let endless = bench.submit("spin", (1,));
    let theirs = other.submit(&bench.function("spin"), (1,)).unwrap();
    other.flush().await.unwrap();
    bench.client.cancel([&endless]);
    assert!(is_cancelled(&endless).await);
    assert_eq!(theirs.status(), Status::Pending);
    other.cancel([&theirs]);
    assert!(is_cancelled(&theirs).await);
    until(&other, |status| status.tasks.processing == 0).await;
}
