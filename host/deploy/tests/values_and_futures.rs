//! Values to futures and futures to values, against a real scheduler and real sandboxes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::mpsc,
    time::Duration,
};

use wask_client::{
    Client, Component, Encoded, Error, Function, Future, Options, Scatter, Status, blocking, each,
};
use wask_deploy::LocalCluster;

/// `wait` never returns; `refuse` returns an error.
const NUMBERS: &str = r#"(component
    (core module $m
        (memory (export "memory") 1)
        (data (i32.const 32) "no luck")
        (func (export "add") (param i32 i32) (result i32)
            (i32.add (local.get 0) (local.get 1)))
        (func (export "wait") (param i32) (result i32)
            (loop $l (br $l))
            unreachable)
        (func (export "refuse") (param i32) (result i32)
            (i32.store8 (i32.const 0) (i32.const 1))
            (i32.store (i32.const 4) (i32.const 32))
            (i32.store (i32.const 8) (i32.const 7))
            (i32.const 0)))
    (core instance $i (instantiate $m))
    (func (export "add") (param "a" u32) (param "b" u32) (result u32)
        (canon lift (core func $i "add")))
    (func (export "wait") (param "x" u32) (result u32) (canon lift (core func $i "wait")))
    (func (export "refuse") (param "x" u32) (result (result u32 (error string)))
        (canon lift (core func $i "refuse") (memory (core memory $i "memory")))))"#;

/// Hands bytes back as they came.
const BYTES: &str = include_str!("../../../tests/guests/wat/bytes.wat");

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(600);

struct Fixture {
    cluster: LocalCluster,
    client: Client,
    numbers: Component,
}

impl Fixture {
    async fn new(workers: u32) -> Self {
        let builder = LocalCluster::builder().workers(workers).slots(1);
        let cluster = builder.memory_limit(256 << 20).start().await.unwrap();
        let client = cluster.client().await.unwrap();
        let numbers = client.upload(NUMBERS.as_bytes().to_vec()).await.unwrap();
        Self {
            cluster,
            client,
            numbers,
        }
    }

    fn function(&self, name: &str) -> Function<u32> {
        let function = self.numbers.function(name).unwrap();
        function.returning::<u32>().unwrap()
    }

    /// A future of `number`.
    fn number(&self, number: u32) -> Future<u32> {
        let add = self.function("add");
        self.client.submit(&add, (number, 0)).unwrap()
    }

    /// One that stays pending.
    fn endless(&self) -> Future<u32> {
        self.client.submit(&self.function("wait"), (0,)).unwrap()
    }

    /// One that fails.
    fn failing(&self) -> Future<u32> {
        self.client.submit(&self.function("refuse"), (0,)).unwrap()
    }
}

#[tokio::test]
async fn results_are_waited_for_no_longer_than_wanted() {
    let f = Fixture::new(1).await;
    let number = f.number(7);
    assert_eq!(number.result_within::<u32>(LONG).await.unwrap(), 7);
    let endless = f.endless();
    let late = endless.result_within::<u32>(SHORT).await;
    assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
    assert!(late.unwrap_err().to_string().contains("wait"));
    assert_eq!(endless.status(), Status::Pending);

    let both = [&number, &endless];
    let late = f.client.gather_within::<_, u32>(SHORT, both).await;
    assert!(matches!(late, Err(Error::Timeout { .. })), "{late:?}");
    let gathered = f.client.gather_within::<_, u32>(LONG, [&number]).await;
    assert_eq!(gathered.unwrap(), [7]);
    let waited = f.client.wait_within(SHORT, both).await;
    assert_eq!((waited.done.len(), waited.pending.len()), (1, 1));
    assert_eq!(waited.pending[0].key(), endless.key());
    let waited = f.client.wait_within(LONG, [&number]).await;
    assert_eq!((waited.done.len(), waited.pending.len()), (1, 0));

    // What is there comes even where there is no time.
    assert_eq!(
        number.result_within::<u32>(Duration::ZERO).await.unwrap(),
        7
    );
    // The end of the session ends the wait, and the end of the wait its clock.
    let client = f.client.clone();
    let waiting = endless.result_within::<u32>(LONG);
    let (ended, ()) = tokio::join!(waiting, client.close());
    assert!(
        matches!(ended, Err(Error::Disconnected { .. })),
        "{ended:?}"
    );
}

#[tokio::test]
async fn structures_of_futures_are_gathered_at_once() {
    let f = Fixture::new(2).await;
    let bytes = f.client.upload(BYTES.as_bytes().to_vec()).await.unwrap();
    let id = bytes.function("id").unwrap();
    // Too large to come with the news of them.
    let large = |n: u8| f.client.submit(&id, (vec![n; 100_000],)).unwrap();
    let structure = (
        BTreeMap::from([("a", vec![large(1), large(2)]), ("b", vec![large(1)])]),
        HashMap::from([(1, [f.number(1), f.number(2)])]),
        Some(f.number(3)),
    );
    type Gathered = (
        BTreeMap<&'static str, Vec<Vec<u8>>>,
        HashMap<i32, [u32; 2]>,
        Option<u32>,
    );
    let (lists, arrays, option): Gathered = f.client.gather_nested(&structure).await.unwrap();
    assert_eq!(lists["a"], [vec![1; 100_000], vec![2; 100_000]]);
    assert_eq!(lists["b"], [vec![1; 100_000]]);
    assert_eq!(arrays[&1], [1, 2]);
    assert_eq!(option, Some(3));

    // Equal keys count once: three results of a third of the limit each, but two are one.
    let builder = f.cluster.client_builder().max_result_bytes(250_000);
    let narrow = builder.connect().await.unwrap();
    let id = narrow.component(bytes.digest().to_string()).await.unwrap();
    let id = id.function("id").unwrap();
    let large = |n: u8| narrow.submit(&id, (vec![n; 100_000],)).unwrap();
    let twice = [large(1), large(2), large(1)];
    let gathered: [Vec<u8>; 3] = narrow.gather_nested(&twice).await.unwrap();
    assert_eq!(gathered[0], gathered[2]);
    let thrice = [large(1), large(2), large(3)];
    let refused = narrow.gather_nested::<[Vec<u8>; 3]>(&thrice).await;
    assert!(matches!(refused, Err(Error::ResultTooLarge { .. })));
}

#[tokio::test]
async fn failures_are_raised_or_skipped() {
    let f = Fixture::new(1).await;
    let parts = [f.number(1), f.failing(), f.number(3)];
    let raised = f.client.gather::<_, u32>(&parts).await;
    assert!(matches!(raised, Err(Error::Task(_))), "{raised:?}");

    let each: Vec<Result<u32, Error>> = f.client.gather_results(&parts).await.unwrap();
    assert_eq!(
        (each[0].as_ref().unwrap(), each[2].as_ref().unwrap()),
        (&1, &3)
    );
    assert!(matches!(each[1], Err(Error::Task(_))), "{each:?}");

    let gathered = f.client.gather_finished::<Vec<u32>>(&parts).await.unwrap();
    assert_eq!(gathered.results, [1, 3]);
    assert_eq!(gathered.failed.len(), 1);
    let (future, error) = &gathered.failed[0];
    assert_eq!(future.key(), parts[1].key());
    // The error's text stands in it once.
    assert_eq!(error.to_string().matches("no luck").count(), 1, "{error}");
    let Error::Task(error) = error else {
        panic!("{error} is no task's");
    };
    assert_eq!(error.value::<String>().as_deref(), Some("no luck"));

    // The end of the session is everybody's.
    let endless = [f.endless()];
    f.client.close().await;
    let ended = f.client.gather_finished::<Vec<u32>>(&endless).await;
    assert!(
        matches!(ended, Err(Error::Disconnected { .. })),
        "{ended:?}"
    );
}

#[tokio::test]
async fn completed_futures_come_with_results_and_in_batches() {
    let f = Fixture::new(1).await;
    let parts: Vec<_> = (0..50).map(|n| f.number(n)).chain([f.failing()]).collect();
    let mut completed = f.client.as_completed(&parts).with_results::<u32>();
    assert_eq!(completed.left(), 51);
    let (mut seen, mut failed) = (BTreeSet::new(), 0);
    while let Some((part, result)) = completed.next().await {
        match result {
            Ok(number) => assert!(seen.insert(number)),
            Err(_) => {
                failed += 1;
                assert_eq!(part.key(), parts[50].key());
            }
        }
        assert_eq!(completed.left(), 51 - seen.len() - failed);
    }
    assert_eq!((seen.len(), failed), (50, 1));

    // All are done: so one batch holds all.
    let mut completed = f.client.as_completed(&parts);
    assert_eq!(completed.next_batch().await.unwrap().len(), 51);
    assert!(completed.next_batch().await.is_none());
    let mut completed = f.client.as_completed(&parts).with_results::<u32>();
    assert_eq!(completed.next_batch().await.unwrap().len(), 51);
    assert!(completed.next_batch().await.is_none());
    completed.add(&f.number(100));
    assert_eq!(completed.next().await.unwrap().1.unwrap(), 100);

    // Those that are not done are not waited for.
    let mut completed = f.client.as_completed([&parts[0], &f.endless(), &parts[1]]);
    assert_eq!(completed.next_batch().await.unwrap().len(), 2);
    assert_eq!(completed.left(), 1);
}

#[tokio::test]
async fn batches_of_results_keep_within_what_the_client_holds() {
    let f = Fixture::new(1).await;
    let builder = f.cluster.client_builder().max_result_bytes(250_000);
    let client = builder.connect().await.unwrap();
    let bytes = client.upload(BYTES.as_bytes().to_vec()).await.unwrap();
    let values: Vec<_> = (0..5u8).map(|n| vec![n; 100_000]).collect();
    let id = bytes.function("id").unwrap();
    let parts = client.map(&id, (each(&values),)).unwrap();
    client.wait(&parts).await;
    let mut completed = client.as_completed(&parts).with_results::<Vec<u8>>();
    let mut sizes = Vec::new();
    while let Some(batch) = completed.next_batch().await {
        assert!(batch.iter().all(|(_, result)| result.is_ok()));
        sizes.push(batch.len());
    }
    assert_eq!(sizes, [2, 2, 1]);
}

#[tokio::test]
async fn futures_are_added_while_others_complete() {
    let f = Fixture::new(1).await;
    let add = f.function("add");
    let mut completed = f.client.as_completed([f.number(0)]);
    let mut numbers = Vec::new();
    while let Some(future) = completed.next().await {
        let number = future.await.unwrap();
        numbers.push(number);
        if number < 10 {
            completed.add(&f.client.submit(&add, (number, 1)).unwrap());
        }
    }
    assert_eq!(numbers, Vec::from_iter(0..=10));
    // Also after the end.
    completed.add(&f.number(20));
    assert_eq!(completed.next().await.unwrap().await.unwrap(), 20);
}

#[tokio::test]
async fn callbacks_run_when_futures_are_done() {
    let f = Fixture::new(1).await;
    let (tell, told) = mpsc::channel();
    let parts = [f.number(1), f.failing(), f.endless()];
    for part in &parts {
        let tell = tell.clone();
        let callback = move |future: Future<u32>| {
            let (key, status) = (future.key(), future.status());
            // It may wait.
            let result = blocking::Future::from(future).result::<u32>();
            tell.send((key, status, result.ok())).unwrap();
        };
        part.on_done(callback).unwrap();
    }
    drop(tell);
    f.client.wait(&parts[..2]).await;
    f.client.cancel(&parts[2..]);
    let told = tokio::task::spawn_blocking(move || told.into_iter().collect::<Vec<_>>());
    let mut told = told.await.unwrap();
    let mut expected = [
        (parts[0].key(), Status::Finished, Some(1)),
        (parts[1].key(), Status::Error, None),
        (parts[2].key(), Status::Cancelled, None),
    ];
    told.sort_by_key(|(key, ..)| *key);
    expected.sort_by_key(|(key, ..)| *key);
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_callback_that_panics_disturbs_nobody() {
    let f = Fixture::new(1).await;
    let (tell, told) = tokio::sync::oneshot::channel();
    let number = f.number(1);
    f.client.wait([&number]).await;
    number.on_done(|_| panic!("on purpose")).unwrap();
    let callback = move |future: Future<u32>| tell.send(future.status()).unwrap();
    number.on_done(callback).unwrap();
    assert_eq!(told.await, Ok(Status::Finished));
    assert_eq!(f.number(2).await.unwrap(), 2);
}

#[tokio::test]
async fn scattered_maps_keep_their_keys() {
    let f = Fixture::new(2).await;
    let add = f.function("add");
    let values = HashMap::from([("one", 1u32), ("two", 2), ("also one", 1)]);
    let futures: BTreeMap<&str, Future> = f.client.scatter_map(values).await.unwrap();
    assert_eq!(
        Vec::from_iter(futures.keys()),
        [&"also one", &"one", &"two"]
    );
    assert_eq!(futures["one"].key(), futures["also one"].key());
    let three = (&futures["one"], &futures["two"]);
    assert_eq!(f.client.submit(&add, three).unwrap().await.unwrap(), 3);
    let back: BTreeMap<&str, u32> = f.client.gather_nested(&futures).await.unwrap();
    assert_eq!(
        back,
        BTreeMap::from([("also one", 1), ("one", 1), ("two", 2)])
    );
}

#[tokio::test]
async fn what_is_broadcast_is_on_every_worker() {
    let mut f = Fixture::new(3).await;
    let values: Vec<Vec<u8>> = (0..3u8).map(|n| vec![n; 50_000]).collect();
    let holders = async |futures: &[Future]| -> Vec<usize> {
        let names = f.client.who_has(futures).await.unwrap();
        names.iter().map(Vec::len).collect()
    };
    // One of them is there already, on one worker.
    let before = f.client.scatter(&values[0]).await.unwrap();
    assert_eq!(holders(std::slice::from_ref(&before)).await, [1]);
    let encoded = || values.iter().map(|value| Encoded::of(value).unwrap());
    let everywhere = Scatter::new().broadcast();
    let futures = f.client.scatter_with(everywhere, encoded()).await.unwrap();
    assert_eq!(futures[0].key(), before.key());
    assert_eq!(holders(&futures).await, [3, 3, 3]);
    // Where all have it there is nothing to do.
    let again = f.client.scatter_with(everywhere, encoded()).await.unwrap();
    assert_eq!(holders(&again).await, [3, 3, 3]);

    // Each copy is as good as the others.
    let gathered: Vec<Vec<u8>> = f.client.gather(&futures).await.unwrap();
    assert_eq!(gathered, values);
    let bytes = f.client.upload(BYTES.as_bytes().to_vec()).await.unwrap();
    let id = bytes.function("id").unwrap();
    for worker in ["local-0", "local-1", "local-2"] {
        let id = id.with(Options::new().worker(worker).impure());
        let future = f.client.submit(&id, (&futures[1],)).unwrap();
        assert_eq!(future.result::<Vec<u8>>().await.unwrap(), values[1]);
    }
    assert!(f.cluster.stop_worker("local-0"));
    assert!(f.cluster.stop_worker("local-1"));
    let gathered: Vec<Vec<u8>> = f.client.gather(&futures).await.unwrap();
    assert_eq!(gathered, values);
}

#[tokio::test]
async fn a_task_that_is_cancelled_and_submitted_again_runs() {
    let f = Fixture::new(1).await;
    let endless = f.endless();
    for number in 0..50 {
        let future = f.number(number);
        f.client.cancel([&future]);
        assert_eq!(future.status(), Status::Cancelled);
        // The slot is taken: it has not run.
        assert_eq!(f.number(number).status(), Status::Pending);
    }
    let futures: Vec<_> = (0..50).map(|number| f.number(number)).collect();
    f.client.cancel([&endless]);
    let numbers: Vec<u32> = f.client.gather(&futures).await.unwrap();
    assert_eq!(numbers, Vec::from_iter(0..50));

    // A result is let go of, and is computed again.
    f.client.cancel(&futures);
    assert!(futures.iter().all(|it| it.status() == Status::Cancelled));
    let again: Vec<_> = (0..50).map(|number| f.number(number)).collect();
    let numbers: Vec<u32> = f.client.gather(&again).await.unwrap();
    assert_eq!(numbers, Vec::from_iter(0..50));
}

#[test]
fn all_of_it_works_without_async_too() {
    let cluster = LocalCluster::builder().slots(1).start_blocking().unwrap();
    let client = cluster.blocking_client().unwrap();
    let numbers = client.upload(NUMBERS.as_bytes().to_vec()).unwrap();
    let add = numbers.function("add").unwrap();
    let parts = client.map(&add, (each(0..4u32), 1)).unwrap();
    let by_name = BTreeMap::from([("all", parts.clone()), ("first", vec![parts[0].clone()])]);
    let gathered: BTreeMap<&str, Vec<u32>> = client.gather_nested(&by_name).unwrap();
    assert_eq!(gathered["all"], [1, 2, 3, 4]);
    let gathered =
        client.gather_finished::<[u32; 4]>(&[&parts[0], &parts[1], &parts[2], &parts[3]]);
    assert_eq!(gathered.unwrap().results, [1, 2, 3, 4]);
    let each: Vec<Result<u32, Error>> = client.gather_results(&parts).unwrap();
    assert_eq!(each.len(), 4);
    assert_eq!(
        client.gather_within::<_, u32>(LONG, &parts).unwrap().len(),
        4
    );
    assert_eq!(client.wait_within(LONG, &parts).done.len(), 4);

    let mut completed = client.as_completed(&parts);
    assert_eq!(completed.next_batch().map(|batch| batch.len()), Some(4));
    completed.add(&parts[0]);
    let mut completed = completed.with_results::<u32>();
    assert_eq!(completed.next().unwrap().1.unwrap(), 1);
    completed.add(&parts[1]);
    assert_eq!(completed.next_batch().unwrap().len(), 1);
    assert!(completed.next().is_none());

    let (tell, told) = mpsc::channel();
    let callback = move |future: blocking::Future| tell.send(future.result::<u32>()).unwrap();
    parts[3].on_done(callback).unwrap();
    assert_eq!(told.recv().unwrap().unwrap(), 4);

    let map: BTreeMap<&str, blocking::Future> = client.scatter_map([("a", 1u32)]).unwrap();
    assert_eq!(map["a"].result::<u32>().unwrap(), 1);
    let value = Encoded::of(&7u32).unwrap();
    let futures = client
        .scatter_with(Scatter::new().broadcast(), [value])
        .unwrap();
    assert_eq!(futures[0].result::<u32>().unwrap(), 7);
}
