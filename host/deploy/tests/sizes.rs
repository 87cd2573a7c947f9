//! What is too large for one message, on a real scheduler and real sandboxes in this process.

use wask_client::{Delayed, Error, compute, mean};
use wask_deploy::LocalCluster;
use wask_rpc::Limits;

/// Limits that a task of a few thousand inputs is far beyond.
fn small_limits() -> Limits {
    Limits {
        message_bytes: 128 << 10,
        batch_bytes: 8 << 10,
        large_bytes: 1 << 20,
        ..Limits::default()
    }
}

/// The mean of so many numbers, in one task.
async fn mean_of(count: u64, limits: Limits) -> Result<f64, Error> {
    let builder = LocalCluster::builder().workers(2).slots(1).limits(limits);
    let cluster = builder.start().await.unwrap();
    let client = cluster.client().await?;
    let numbers = client.scatter_all(0..count).await?;
    compute(&mean(&numbers)).await
}

#[tokio::test]
async fn a_task_of_many_inputs_goes_in_parts() {
    assert_eq!(mean_of(4_000, small_limits()).await.unwrap(), 1999.5);
}

#[tokio::test]
async fn a_task_of_a_hundred_thousand_inputs_runs_on_a_cluster() {
    let mean = mean_of(100_000, Limits::default()).await;
    assert_eq!(mean.unwrap(), 49_999.5);
}

#[tokio::test]
async fn a_task_of_more_inputs_than_can_be_named_is_refused_by_name() {
    let error = mean_of(14_000, small_limits()).await.unwrap_err();
    assert!(matches!(error, Error::TooManyInputs { inputs: 14_000, .. }));
    assert!(
        error
            .to_string()
            .starts_with("mean: a task of 14000 inputs")
    );
}

/// Many tasks on the same inputs: each small, all of them together much more than a message holds.
#[tokio::test]
async fn many_tasks_share_many_inputs() {
    let builder = LocalCluster::builder().workers(2).slots(1);
    let cluster = builder.limits(small_limits()).start().await.unwrap();
    let client = cluster.client().await.unwrap();
    let numbers = client.scatter_all(0..100_u64).await.unwrap();
    let means: Vec<Delayed<f64>> = (0..100)
        .map(|first| mean(numbers[first..].iter().chain(&numbers[..first])))
        .collect();
    assert_eq!(compute(&mean(&means)).await.unwrap(), 49.5);
}
