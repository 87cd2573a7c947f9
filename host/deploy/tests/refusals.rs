//! What the cluster says to tasks that it does not accept.

use wask_client::{Client, Component, Error, Function, compute};
use wask_rpc::{Address, RefusalCode};
use wask_scheduler::Scheduler;

const MATH: &str = include_str!("../../client/tests/math.wat");

/// A scheduler that has no room for components; what it refuses needs no worker.
fn full_scheduler(name: &str) -> Scheduler {
    let listen = Address::InProcess(name.into());
    let config = wask_scheduler::Config {
        library_bytes: 10,
        ..wask_scheduler::Config::new(listen)
    };
    Scheduler::start(config).unwrap()
}

#[track_caller]
fn expect_no_room(error: &Error) {
    let Error::Refused(refusal) = error else {
        panic!("{error}");
    };
    assert_eq!(refusal.code, RefusalCode::Forbidden);
    assert!(refusal.message.contains("up to 10 bytes of components"));
}

#[tokio::test]
async fn all_that_needs_a_refused_component_is_told_why_each_time() {
    let scheduler = full_scheduler("refusals-component");
    let client = Client::connect(scheduler.address().to_string())
        .await
        .unwrap();
    let math = Component::load(MATH.as_bytes().to_vec()).unwrap();
    let double: Function<u32> = math.function("double").unwrap().returning().unwrap();
    let inner = double.delayed((4,)).unwrap();
    let outer = inner + 1;
    for _ in 0..2 {
        let refused = client.compute(&outer).unwrap().await;
        expect_no_room(&refused.unwrap_err());
    }
    let submitted = client.submit(&double, (5,)).unwrap();
    expect_no_room(&submitted.result::<u32>().await.unwrap_err());
    // Here there is room.
    assert_eq!(compute(&outer).await.unwrap(), 9);
}
