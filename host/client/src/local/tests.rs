use std::sync::{Arc, Mutex};

use futures::{FutureExt, executor::block_on};

use super::*;
use crate::{Component, Delayed, Options, compute, sum};

/// Runs until it is stopped.
const SPIN: &str = r#"(component
    (core module $m (func (export "spin") (result i32) (loop $l (br $l)) unreachable))
    (core instance $i (instantiate $m))
    (func (export "spin") (result u32) (canon lift (core func $i "spin"))))"#;

fn spin() -> crate::Function<u32> {
    let spin = Component::load(SPIN.as_bytes().to_vec()).unwrap();
    spin.function("spin").unwrap().returning().unwrap()
}

fn ones(count: usize) -> Vec<Delayed<u32>> {
    let one = crate::Partitions::from_values([1u32], 1).unwrap().sum();
    (0..count)
        .map(|n| &one + u32::try_from(n).unwrap())
        .collect()
}

#[test]
fn an_operator_over_nothing_is_refused_as_the_graph_is_built() {
    let none = sum::<u32>([] as [Delayed<u32>; 0]);
    let error = none.check().unwrap_err().to_string();
    assert!(error.contains("no values at all"), "{error}");
    let error = block_on((none + 1).compute()).unwrap_err().to_string();
    assert!(error.contains("no values at all"), "{error}");
}

#[test]
fn what_nobody_waits_for_is_stopped() {
    // As many as there are processors, several times over: were they not stopped, none would be
    // left for the last.
    for _ in 0..3 * processors() {
        let spinning = spin().delayed(()).unwrap();
        assert!(spinning.compute().now_or_never().is_none());
    }
    assert_eq!(block_on(ones(1)[0].compute()).unwrap(), 1);
}

#[test]
fn calls_are_tried_again_as_often_as_they_may() {
    let options = Options::new().retries(2);
    let spin = spin().with(options.timeout(std::time::Duration::from_millis(20)));
    let started = Instant::now();
    let error = block_on(spin.delayed(()).unwrap().compute()).unwrap_err();
    assert!(error.to_string().contains("deadline"), "{error}");
    assert!(started.elapsed() >= std::time::Duration::from_millis(60));
}

#[test]
fn progress_is_told_to_the_end() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let computing = Compute::new()
        .threads(1)
        .on_progress(move |progress| tell.lock().unwrap().push(progress));
    let values = block_on(computing.run(ones(10))).unwrap();
    assert_eq!(values, (1..=10).collect::<Vec<_>>());
    let last = *told.lock().unwrap().last().unwrap();
    assert_eq!((last.done, last.total), (12, 12));
}

#[test]
fn values_are_limited() {
    let limited = Compute::new().max_result_bytes(7);
    let error = block_on(limited.run(ones(2))).unwrap_err();
    assert!(matches!(
        error,
        Error::ResultTooLarge { bytes: 8, limit: 7 }
    ));
}

#[test]
fn functions_of_components_that_only_a_cluster_has_are_refused() {
    let f = crate::testing::function("func() -> u32")
        .returning::<u32>()
        .unwrap();
    let error = block_on(compute(f.delayed(()).unwrap())).unwrap_err();
    assert!(matches!(error, Error::NoCode { .. }), "{error}");
}
