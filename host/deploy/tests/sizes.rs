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

/// What is listed is told in pieces, each within a message, and nothing of it twice.
#[tokio::test]
async fn long_lists_of_datasets_and_components_come_in_pieces() {
    let builder = LocalCluster::builder().workers(1).slots(1);
    let cluster = builder.limits(small_limits()).start().await.unwrap();
    let client = cluster.client().await.unwrap();
    let numbers = client.scatter_all(0..500_u64).await.unwrap();
    let names: Vec<String> = (0..20).map(|n| format!("numbers-{n:02}")).collect();
    for name in &names {
        client.publish(name, &numbers).await.unwrap();
    }
    let listed = client.datasets().await.unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|set| (&set.name, set.keys.len()))
        .collect();
    let expected: Vec<_> = names.iter().map(|name| (name, 500)).collect();
    assert_eq!(listed, expected);

    // Long names of functions make long descriptions.
    let component = |n: u32| {
        let name = format!("f{n:02}{}", "x".repeat(400));
        let function = |copy: u32| {
            format!(
                r#"(func (export "{name}{copy}") (param "x" u32) (result u32)
                    (canon lift (core func $i "nop")))"#
            )
        };
        let functions: String = (0..20).map(function).collect();
        format!(
            r#"(component (core module $m
                (func (export "nop") (param i32) (result i32) local.get 0))
                (core instance $i (instantiate $m)) {functions})"#
        )
    };
    for n in 0..20 {
        let name = format!("c{n:02}");
        client
            .upload_as(name, component(n).into_bytes())
            .await
            .unwrap();
    }
    let listed = client.components().await.unwrap();
    let mut names: Vec<_> = listed.iter().filter_map(|it| it.name()).collect();
    names.sort_unstable();
    let expected: Vec<_> = (0..20).map(|n| format!("c{n:02}")).collect();
    assert_eq!(names, expected);
    assert!(
        listed
            .iter()
            .all(|component| component.functions().len() == 20)
    );
}

/// More values than their headers fit in a message, and a dataset that fits none.
#[tokio::test]
async fn many_values_are_stored_in_several_calls() {
    let builder = LocalCluster::builder().workers(2).slots(1);
    let cluster = builder.limits(small_limits()).start().await.unwrap();
    let client = cluster.client().await.unwrap();
    let numbers = client.scatter_all(0..3_000_u64).await.unwrap();
    let told: Vec<u64> = client.gather(&numbers).await.unwrap();
    assert_eq!(told, (0..3_000).collect::<Vec<_>>());
    let error = client.publish("numbers", &numbers).await.unwrap_err();
    let most = "a dataset of 3000 keys does not fit one message, which holds 2048;";
    assert!(error.to_string().contains(most), "{error}");
    client.publish("numbers", &numbers[..2_000]).await.unwrap();
    assert_eq!(
        client.dataset("numbers").await.unwrap().futures.len(),
        2_000
    );
}
