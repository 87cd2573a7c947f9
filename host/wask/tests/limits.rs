//! Limits of tasks: they belong to the cluster, and equal calls have equal results however they are
//! made.

use std::time::Duration;

use wask::{
    Clamps, Client, Component, Error, FailureKind, Function, LimitRules, LocalCluster, Options,
    Partitions, ResultLimits, TaskRules, each,
};

/// Tells what a guest sees of the world. Written in Rust; `make guests` builds it.
const PROBE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../target/guests/probe.wasm"
);
/// Tasks that add, fail, or never end.
const TASKS: &str = include_str!("../../../tests/guests/wat/tasks.wat");

const MIB: u64 = 1 << 20;

async fn cluster(rules: TaskRules) -> (LocalCluster, Client) {
    let cluster = LocalCluster::builder().workers(1).slots(2);
    let cluster = cluster.memory_limit(64 * MIB).task_rules(rules);
    let cluster = cluster.start().await.unwrap();
    let client = cluster.client().await.unwrap();
    (cluster, client)
}

fn rules(memory: u64, memory_max: u64) -> TaskRules {
    let built_in = LimitRules::default();
    let defaults = ResultLimits {
        memory,
        ..*built_in.defaults()
    };
    let max = ResultLimits {
        memory: memory_max,
        ..*built_in.max()
    };
    TaskRules {
        limits: LimitRules::new(defaults, max).unwrap(),
        ..TaskRules::default()
    }
}

fn tasks(name: &str) -> Function {
    let tasks = Component::load(TASKS.as_bytes().to_vec()).unwrap();
    tasks.function(name).unwrap()
}

#[tokio::test]
async fn randomness_depends_on_function_and_arguments_alone() {
    let (_cluster, client) = cluster(TaskRules::default()).await;
    let (_other, other) = cluster(rules(32 * MIB, 64 * MIB)).await;
    let probe = Component::load(PROBE).unwrap();
    let random = probe.function("random").unwrap().returning::<Vec<u8>>();
    let random = random.unwrap();
    let small = random.with(Options::new().memory_limit(16 * MIB));

    let here = random.delayed((16,)).unwrap().compute().await.unwrap();
    assert!(here.iter().any(|byte| *byte != here[0]), "{here:?}");
    assert_eq!(small.delayed((16,)).unwrap().compute().await.unwrap(), here);
    for client in [&client, &other] {
        for function in [&random, &small] {
            let submitted = client.submit(function, (16,)).unwrap();
            assert_eq!(submitted.await.unwrap(), here);
            let lazily = function.delayed((16,)).unwrap();
            assert_eq!(client.compute(&lazily).unwrap().await.unwrap(), here);
            let mapped = client.map(function, (each([8, 16]),)).unwrap();
            assert_eq!(client.gather::<_, Vec<u8>>(&mapped).await.unwrap()[1], here);
            // As an argument that is another task's result, and as an element of parts of any size.
            let sixteen = tasks("add").delayed((7, 9)).unwrap();
            let from_a_task = function.delayed((&sixteen,)).unwrap();
            assert_eq!(client.compute(&from_a_task).unwrap().await.unwrap(), here);
            for parts in [1, 3] {
                let numbers = Partitions::from_values([16u32, 8, 16], parts).unwrap();
                let all = client.compute(&numbers.map(function).unwrap()).unwrap();
                let all = all.result::<Vec<Vec<u8>>>().await.unwrap();
                assert_eq!([&all[0], &all[2]], [&here, &here]);
            }
        }
    }
}

#[tokio::test]
async fn impure_tasks_have_randomness_of_their_own() {
    let (_cluster, client) = cluster(TaskRules::default()).await;
    let probe = client.upload(PROBE).await.unwrap();
    let random = probe.function("random").unwrap();
    let impure = random.with(Options::new().impure());
    let [one, other] = [(); 2].map(|()| client.submit(&impure, (16,)).unwrap());
    let one = one.result::<Vec<u8>>().await.unwrap();
    assert_ne!(one, other.result::<Vec<u8>>().await.unwrap());
}

#[tokio::test]
async fn more_than_the_cluster_allows_is_refused_in_words() {
    let (_cluster, client) = cluster(rules(32 * MIB, 64 * MIB)).await;
    assert_eq!(client.task_rules().limits.max().memory, 64 * MIB);
    let zeros = tasks("zeros");
    let greedy = zeros.with(Options::new().memory_limit(65 * MIB));
    let told = format!(
        "zeros: memory: a limit of 65 MiB is more than a task may have, 64 MiB; ask for less, or \
         have the scheduler at {} started with another --task-memory-max",
        client.address()
    );
    let submitted = client.submit(&greedy, (1,)).unwrap_err();
    let mapped = client.map(&greedy, (each([1]),)).unwrap_err();
    let computed = client.compute(&greedy.delayed((1,)).unwrap()).unwrap_err();
    for error in [submitted, mapped, computed] {
        assert_eq!(error.to_string(), told);
    }
    let greedy = zeros.with(Options::new().memory_limit(17 << 30));
    let here = greedy.delayed((1,)).unwrap().compute().await.unwrap_err();
    assert_eq!(
        here.to_string(),
        "zeros: memory: a limit of 17 GiB is more than a task may have, 16 GiB; ask for less"
    );
}

#[tokio::test]
async fn a_task_that_asks_for_nothing_has_the_cluster_s_default() {
    let (_cluster, client) = cluster(rules(MIB, 64 * MIB)).await;
    let zeros = client.upload(TASKS.as_bytes().to_vec()).await.unwrap();
    let zeros = zeros.function("zeros").unwrap();
    let large = client.submit(&zeros, (2 * MIB,)).unwrap();
    let Error::Task(error) = large.result::<Vec<u8>>().await.unwrap_err() else {
        panic!("it has more memory than the default");
    };
    assert_eq!(error.kind(), FailureKind::OutOfMemory);
    let more = zeros.with(Options::new().memory_limit(8 * MIB));
    let large = client.submit(&more, (2 * MIB,)).unwrap();
    assert_eq!(
        large.result::<Vec<u8>>().await.unwrap().len() as u64,
        2 * MIB
    );
}

#[tokio::test]
async fn time_and_retries_are_cut_to_what_the_cluster_allows() {
    let clamps = Clamps {
        timeout: Some(Duration::from_millis(50)),
        retries: Some(0),
    };
    let rules = TaskRules {
        clamps,
        ..TaskRules::default()
    };
    let (_cluster, client) = cluster(rules).await;
    let spin = client.upload(TASKS.as_bytes().to_vec()).await.unwrap();
    let spin = spin.function("spin").unwrap();
    // Were either not cut, this would not come to an end.
    let asked = Options::new().retries(u32::MAX);
    let asked_longer = asked.clone().timeout(Duration::from_secs(1 << 30));
    for (number, options) in [(1, asked), (2, asked_longer)] {
        let late = client.submit(&spin.with(options), (number,)).unwrap();
        let Error::Task(error) = late.result::<u32>().await.unwrap_err() else {
            panic!("it should have failed");
        };
        assert_eq!(error.kind(), FailureKind::Deadline);
        let message = &error.failure().message;
        assert!(message.contains("50ms"), "{message}");
    }
}
