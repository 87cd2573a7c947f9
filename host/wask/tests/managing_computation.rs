//! What Dask's page on managing computation tells, sentence by sentence, against a whole cluster in
//! this process. `host/client/docs/managing-computation.md` tells it in our words.
//!
//! Nothing here waits for a time to pass: what takes long is a task without an end, and what
//! happens on the scheduler is asked for until it has happened.

use std::{collections::BTreeMap, time::Duration};

use wask::{
    Client, ClusterStatus, Component, Compute, Delayed, Error, FailureKind, Function, Future,
    LocalCluster, Partitions, Status, WitType, blocking, compute, each, product, sum, visualize,
};

/// Hand-written in WAT: the component of the page's examples.
const NUMBERS: &str = include_str!("../../client/docs/numbers.wat");
/// Written in Rust; `make guests` builds it.
const ARITH: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../target/guests/arith.wasm"
);
/// How long something may take that takes no time, before a test fails rather than hangs.
const PATIENCE: Duration = Duration::from_secs(120);

struct Setup {
    _cluster: LocalCluster,
    client: Client,
    numbers: Component,
}

impl Setup {
    async fn new() -> Self {
        Self::with_memory(2, 64 << 20).await
    }

    async fn with_memory(workers: u32, bytes: u64) -> Self {
        let cluster = LocalCluster::builder().workers(workers).slots(1);
        let cluster = cluster.memory_limit(bytes).start().await.unwrap();
        let client = cluster.client().await.unwrap();
        let numbers = client.upload(NUMBERS.as_bytes().to_vec()).await.unwrap();
        Self {
            _cluster: cluster,
            client,
            numbers,
        }
    }

    fn function<R: WitType>(&self, name: &str) -> Function<R> {
        self.numbers.function(name).unwrap().returning().unwrap()
    }

    fn square(&self) -> Function<u64> {
        self.function("square")
    }

    /// The squares of the odd numbers up to 100, in 4 parts.
    fn odd_squares(&self) -> Partitions<u64> {
        let numbers = Partitions::from_values(1..=100u64, 4).unwrap();
        let odd = numbers.filter(&self.function::<bool>("odd")).unwrap();
        odd.map(&self.square()).unwrap()
    }

    /// The status, once it is as wanted.
    async fn until(&self, is_so: impl Fn(&ClusterStatus) -> bool) -> ClusterStatus {
        let asking = async {
            loop {
                let status = self.client.status().await.unwrap();
                if is_so(&status) {
                    return status;
                }
            }
        };
        let status = tokio::time::timeout(PATIENCE, asking).await;
        status.expect("the status never is as it should be")
    }

    /// How many tasks have run so far, once none is left to run.
    async fn tasks_run(&self) -> u64 {
        self.client.flush().await.unwrap();
        let idle = self.until(|status| {
            let tasks = &status.tasks;
            tasks.waiting + tasks.queued + tasks.processing + tasks.no_worker == 0
        });
        idle.await.tasks.total_finished
    }
}

const ODD_SQUARES: u64 = 166_650;

// "Data and computation are in one of three states."

#[tokio::test]
async fn a_value_is_here_a_lazy_computation_waits_and_a_future_runs() {
    let s = Setup::new().await;
    let value = 7u64;
    let lazy = s.square().delayed((value,)).unwrap();
    assert_eq!(s.tasks_run().await, 0);
    let future = s.client.compute(&lazy).unwrap();
    s.client.wait([&future]).await;
    assert_eq!(future.status(), Status::Finished);
    assert_eq!(s.tasks_run().await, 1);
}

#[tokio::test]
async fn functions_convert_between_all_three_states() {
    let s = Setup::new().await;
    let square = s.square();
    // Value to future, future to lazy, lazy to future, future to value.
    let two = s.client.scatter(&2u64).await.unwrap();
    let four = square.delayed((&two,)).unwrap();
    let four: Future<u64> = s.client.compute(&four).unwrap();
    assert_eq!(four.result::<u64>().await.unwrap(), 4);
    // Future to lazy, lazy to value, value to lazy.
    let sixteen = square.delayed((Delayed::from(&four),)).unwrap();
    let sixteen = sixteen.compute().await.unwrap();
    let last = square.delayed((sixteen,)).unwrap();
    assert_eq!(last.compute().await.unwrap(), 256);
}

// Collections to values.

#[tokio::test]
async fn compute_turns_lazy_values_and_collections_into_concrete_values() {
    // Neither needs a cluster.
    let numbers = Component::load(NUMBERS.as_bytes().to_vec()).unwrap();
    let square = numbers.function("square").unwrap().returning().unwrap();
    let x: Delayed<u64> = square.delayed((3,)).unwrap();
    assert_eq!((x + 1).compute().await.unwrap(), 10);
    let squares = Partitions::from_values([1u64, 2, 3], 2).unwrap();
    let squares = squares.map(&square).unwrap();
    assert_eq!(compute(&squares).await.unwrap(), [1, 4, 9]);
}

#[tokio::test]
async fn compute_blocks_until_the_value_is_here() {
    let s = Setup::new().await;
    let two = s.client.scatter(&2u64).await.unwrap();
    let endless = s.function::<u64>("endless");
    let endless = endless.delayed((&two,)).unwrap();
    tokio::select! {
        value = endless.compute() => panic!("{value:?}"),
        _ = s.until(|status| status.tasks.processing == 1) => {}
    }
    // Whoever stops waiting does not want it any more.
    s.until(|status| status.tasks.processing == 0).await;

    // A program without async waits in the same way.
    let numbers = s.numbers.clone();
    let square = numbers.function("square").unwrap().returning::<u64>();
    let square = square.unwrap().delayed((3,)).unwrap();
    let waiting = tokio::task::spawn_blocking(move || blocking::compute(&square));
    assert_eq!(waiting.await.unwrap().unwrap(), 9);
}

#[tokio::test]
async fn compute_of_several_runs_once_what_they_share() {
    let s = Setup::new().await;
    let square = s.square();
    let two = s.client.scatter(&2u64).await.unwrap();
    let shared = square.delayed((&two,)).unwrap();
    let a = square.delayed((&shared,)).unwrap();
    let b = shared.clone() + 1;
    assert_eq!(compute((&a, &b, &shared)).await.unwrap(), (16, 5, 4));
    assert_eq!(s.tasks_run().await, 3);
}

#[tokio::test]
async fn compute_is_good_for_small_results_and_refuses_what_does_not_fit() {
    let s = Setup::new().await;
    let squares = s.client.persist(&s.odd_squares()).unwrap();
    let small = Compute::new().max_result_bytes(100);
    assert_eq!(small.run(squares.sum()).await.unwrap(), ODD_SQUARES);
    let error = small.run(&squares).await.unwrap_err();
    assert!(matches!(error, Error::ResultTooLarge { .. }), "{error}");
    assert!(error.to_string().contains("reduce them there"), "{error}");
}

// Collections to futures.

#[tokio::test]
async fn client_compute_returns_before_anything_is_computed() {
    let s = Setup::new().await;
    let endless = s.function::<u64>("endless").delayed((1,)).unwrap();
    let future = s.client.compute(&(endless + 1)).unwrap();
    s.until(|status| status.tasks.processing == 1).await;
    assert_eq!(future.status(), Status::Pending);
}

#[tokio::test]
async fn client_compute_gives_a_single_future_of_the_whole() {
    let s = Setup::new().await;
    let whole: Future<Vec<u64>> = s.client.compute(&s.odd_squares()).unwrap();
    let squares: Vec<u64> = whole.result().await.unwrap();
    assert_eq!(squares.len(), 50);
    assert_eq!(s.client.who_has([&whole]).await.unwrap()[0].len(), 1);
}

#[tokio::test]
async fn a_single_result_must_fit_one_worker() {
    let s = Setup::with_memory(3, 1 << 20).await;
    // 6 parts of 256 KiB on 3 workers with 1 MiB each.
    let numbers = Partitions::from_values(0..6u64 << 15, 6).unwrap();
    let numbers = numbers.scatter(&s.client).await.unwrap();
    let whole = s.client.compute(&numbers).unwrap();
    let error = whole.exception().await.unwrap().unwrap();
    assert_eq!(error.kind(), FailureKind::OutOfMemory);
    assert!(error.to_string().contains("persist"), "{error}");
    // The parts are not touched by that.
    assert_eq!(numbers.statuses(), [Some(Status::Finished); 6]);
    assert_eq!(numbers.count().compute().await.unwrap(), 6 << 15);
}

#[tokio::test]
async fn persist_gives_futures_for_the_topmost_tasks_one_per_partition() {
    let s = Setup::new().await;
    let persisted = s.client.persist(&s.odd_squares()).unwrap();
    let futures = persisted.futures().unwrap();
    assert_eq!(futures.len(), 4);
    let parts: Vec<Vec<u64>> = s.client.gather(&futures).await.unwrap();
    assert_eq!(parts[0][..3], [1, 9, 25]);
    // Nothing beneath them is kept, and they no longer than the collection.
    s.until(|status| status.tasks.memory == 4).await;
    drop((persisted, futures));
    s.until(|status| status.tasks.memory == 0).await;
}

#[tokio::test]
async fn a_persisted_collection_points_at_running_data() {
    let s = Setup::new().await;
    let numbers = Partitions::from_values([1u64, 2], 2).unwrap();
    let endless = numbers.map(&s.function::<u64>("endless")).unwrap();
    let persisted = s.client.persist(&endless).unwrap();
    s.until(|status| status.tasks.processing == 2).await;
    assert_eq!(persisted.statuses(), [Some(Status::Pending); 2]);
    assert_eq!(endless.statuses(), [None; 2]);
}

#[tokio::test]
async fn a_persisted_collection_means_what_it_meant_before() {
    let s = Setup::new().await;
    let lazy = s.odd_squares();
    let persisted = s.client.persist(&lazy).unwrap();
    assert_eq!(persisted.len(), lazy.len());
    assert_eq!(persisted.element_type(), lazy.element_type());
    // Computed in this process, and on the cluster.
    let (here, there) = (compute(&lazy).await, compute(&persisted).await);
    assert_eq!(here.unwrap(), there.unwrap());
    let query = |squares: &Partitions<u64>| s.client.compute(&squares.take(10)).unwrap();
    let (before, after) = (query(&lazy), query(&persisted));
    let bytes = s.client.gather_encoded([before, after]).await.unwrap();
    assert_eq!(bytes[0], bytes[1]);
}

#[tokio::test]
async fn the_graph_of_a_persisted_collection_shows_futures_with_their_status() {
    let s = Setup::new().await;
    let lazy = s.odd_squares();
    assert_eq!(format!("{lazy:?}"), "Partitions<u64>(4: 4 lazy)");
    let persisted = s.client.persist(&lazy).unwrap();
    s.client.wait(persisted.futures().unwrap()).await;
    assert_eq!(format!("{persisted:?}"), "Partitions<u64>(4: 4 finished)");
    let picture = visualize(&persisted.sum()).unwrap().svg();
    assert_eq!(picture.matches(">finished</text>").count(), 4, "{picture}");
    let both = lazy.concat(&persisted).unwrap();
    assert_eq!(
        format!("{both:?}"),
        "Partitions<u64>(8: 4 lazy, 4 finished)"
    );
}

#[tokio::test]
async fn a_good_data_set_is_persisted_once_and_queried_many_times() {
    let s = Setup::new().await;
    let squares = s.client.persist(&s.odd_squares()).unwrap();
    s.client.wait(squares.futures().unwrap()).await;
    let cleaning = s.tasks_run().await;
    let queries = (squares.sum(), squares.count(), squares.max());
    assert_eq!(compute(queries).await.unwrap(), (ODD_SQUARES, 50, 9801));
    // Each query: one task for each part and one for all; the greatest of parts, which may have
    // none, are first put in one list, of which is taken the greatest. Nothing beneath ran again.
    assert_eq!(s.tasks_run().await, cleaning + 3 * 5 + 2);
}

// Values to futures.

#[tokio::test]
async fn scatter_submit_and_map_turn_values_into_futures() {
    let s = Setup::new().await;
    let square = s.square();
    let scattered = s.client.scatter(&[1u64, 2, 3]).await.unwrap();
    let submitted = s.client.submit(&square, (4,)).unwrap();
    let mapped = s.client.map(&square, (each(5..8u64),)).unwrap();
    let all = (scattered, submitted, mapped);
    let values: (Vec<u64>, u64, Vec<u64>) = s.client.gather_nested(&all).await.unwrap();
    assert_eq!(values, (vec![1, 2, 3], 16, vec![25, 36, 49]));
}

#[tokio::test]
async fn scattered_maps_keep_their_keys() {
    let s = Setup::new().await;
    let ages = BTreeMap::from([("hamlet", 30u64), ("lear", 80)]);
    let ages: BTreeMap<&str, Future> = s.client.scatter_map(ages).await.unwrap();
    let squared = s.client.submit(&s.square(), (&ages["lear"],)).unwrap();
    assert_eq!(squared.result::<u64>().await.unwrap(), 6400);
}

#[tokio::test]
async fn arguments_are_values_or_futures() {
    let s = Setup::new().await;
    let (add, square) = (s.function::<u64>("add"), s.square());
    let four = s.client.submit(&square, (2,)).unwrap();
    let ten = s.client.scatter(&10u64).await.unwrap();
    let sum = s.client.submit(&add, (&four, 1)).unwrap();
    let sums = s.client.map(&add, (each([&four, &sum]), &ten)).unwrap();
    assert_eq!(s.client.gather::<_, u64>(&sums).await.unwrap(), [14, 15]);
    // In lists, values and futures stand side by side.
    let squares = s.function::<Vec<u64>>("squares");
    let mixed = squares.delayed((vec![Delayed::from(&four), sum.into()],));
    assert_eq!(mixed.unwrap().compute().await.unwrap(), [16, 25]);
}

#[tokio::test]
async fn submitted_tasks_start_at_once_rather_than_lazily() {
    let s = Setup::new().await;
    let future = s.client.submit(&s.square(), (3,)).unwrap();
    // Nobody has asked for the result.
    s.until(|status| status.tasks.total_finished == 1).await;
    s.client.wait([&future]).await;
    assert_eq!(future.status(), Status::Finished);
}

// Futures to values.

#[tokio::test]
async fn result_and_gather_bring_values_back() {
    let s = Setup::new().await;
    let squares = s.client.map(&s.square(), (each(1..=4u64),)).unwrap();
    assert_eq!(squares[3].result::<u64>().await.unwrap(), 16);
    let all: Vec<u64> = s.client.gather(&squares).await.unwrap();
    assert_eq!(all, [1, 4, 9, 16]);
}

// Futures to collections.

#[tokio::test]
async fn futures_stand_inside_delayed_calls() {
    let s = Setup::new().await;
    let futures = s.client.map(&s.square(), (each(1..=4u64),)).unwrap();
    let (x, y) = (sum(&futures), product(&futures));
    let total = s.client.compute(&(x + y)).unwrap();
    assert_eq!(total.result::<u64>().await.unwrap(), 30 + 576);
}

#[tokio::test]
async fn persisted_collections_and_futures_and_values_mix_without_limit() {
    let s = Setup::new().await;
    let squares = s.client.persist(&s.odd_squares()).unwrap();
    let first = s.client.compute(&squares.take(3)).unwrap();
    let again = s.function::<Vec<u64>>("squares");
    let again = again.delayed((&first,)).unwrap();
    let both = Partitions::from_delayed([Delayed::from(&first), again]).unwrap();
    let all = both.concat(&Partitions::from_values([7u64], 1).unwrap());
    let list = compute(&all.unwrap()).await.unwrap();
    assert_eq!(list, [1, 9, 25, 1, 81, 625, 7]);
}

#[tokio::test]
async fn graphs_are_built_and_submitted_in_stages_looking_at_values_between() {
    let s = Setup::new().await;
    let square = s.square();
    let mut sizes = vec![s.client.submit(&square, (2,)).unwrap()];
    // How many stages there are depends on what they give.
    while sizes.last().unwrap().result::<u64>().await.unwrap() < 1000 {
        let next = square.delayed((sizes.last().unwrap(),)).unwrap();
        sizes.push(s.client.compute(&next).unwrap());
    }
    let all: Vec<u64> = s.client.gather(&sizes).await.unwrap();
    assert_eq!(all, [4, 16, 256, 65536]);
}

/// The page's last example: one function is Rust, the other hand-written.
#[tokio::test]
async fn functions_of_two_languages_meet_in_one_graph() {
    let s = Setup::new().await;
    let arith = s.client.upload(ARITH).await.unwrap();
    let sum = arith.function("sum").unwrap().returning::<u64>().unwrap();
    let (square, add) = (s.square(), s.function::<u64>("add"));

    let futures = s.client.map(&square, (each(1..=10u64),)).unwrap();
    let x = sum.delayed((&futures,)).unwrap();
    let y = square.delayed((&x,)).unwrap();
    let x = s.client.persist(&x).unwrap();
    let total = s.client.compute(&(x.clone() + y)).unwrap();
    assert_eq!(total.result::<u64>().await.unwrap(), 385 + 385 * 385);

    // The third stage is as x wants it.
    let third = match x.compute().await.unwrap() {
        385 => add.delayed((&total, sum.delayed((vec![&x, &x],)).unwrap())),
        other => panic!("the sum of ten squares is not {other}"),
    };
    let third = s.client.compute(&third.unwrap()).unwrap();
    assert_eq!(third.result::<u64>().await.unwrap(), 385 * 388);
}
