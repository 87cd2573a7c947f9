//! A worker against a scheduler that does what the test says.

mod support;

use std::{
    fs,
    time::{Duration, Instant},
};

use support::{Member, News, Running, Scheduler, config, local, operator, start, task_of_kind};
use wask_core::{
    Applied, Attempt, Digest, FailureKind, Key, Limit, ResultLimits, TaskKind, TaskOptions,
    scheduler::{Action, Event},
};
use wask_rpc::{
    Address, Batch, Connection, Limits, Refusal, RefusalCode, connect, push_commands, wire,
};
use wask_schema::{
    common_capnp::credential,
    transfer_capnp::{object_store, peer},
};
use wask_worker::{Class, Config, Error, Worker};

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn list(bytes: &[u8]) -> Vec<u8> {
    let mut list = numbers(&[u32::try_from(bytes.len()).unwrap()]);
    list.extend_from_slice(bytes);
    list
}

fn options() -> TaskOptions {
    TaskOptions::default()
}

#[test]
fn a_task_runs_and_its_result_is_told_and_kept() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        assert_eq!(member.info.info.slots, 1);
        let task = scheduler.task("add", &numbers(&[2, 40]), options());
        let key = task.key;
        member.compute([task]).await;
        let (finished, result) = scheduler.finished().await;
        assert_eq!((finished, result.nbytes), (key, 4));
        assert_eq!(result.inline.as_deref(), Some(&numbers(&[42])[..]));
        let absent = Key([9; 32]);
        let (objects, missing) = member.read(&[key, absent]).await;
        assert_eq!(objects[&key], numbers(&[42]));
        assert_eq!(missing, [absent]);
        while !matches!(scheduler.news().await, News::Heartbeat(id) if id == member.id) {}
        worker.stop().await.unwrap();
        while !matches!(scheduler.news().await, News::Left(id) if id == member.id) {}
    });
}

#[test]
fn results_are_arguments_of_other_tasks() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        let value = list(&[7; 10_000]);
        let first = scheduler.task("echo", &value, options());
        let second = scheduler.task_of("length", first.key);
        let keys = [first.key, second.key];
        member.compute([first]).await;
        let (_, result) = scheduler.finished().await;
        // Larger than what rides on the message.
        assert_eq!((result.nbytes, result.inline), (10_004, None));
        member.compute([second]).await;
        let (_, result) = scheduler.finished().await;
        assert_eq!(result.inline.as_deref(), Some(&numbers(&[10_000])[..]));
        let (objects, _) = member.read(&keys).await;
        assert_eq!(objects[&keys[0]], value);
        let keys = keys.to_vec();
        member
            .command(
                &[Action::FreeKeys {
                    worker: member.id,
                    keys: keys.clone(),
                }],
                &[],
            )
            .await;
        assert_eq!(member.read(&keys).await.1, keys);
        assert_eq!(scheduler.downloads(), 1);
        worker.stop().await.unwrap();
    });
}

#[test]
fn operators_run_on_inputs_of_peers() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (workers, [first, second], key, nbytes) = pair(&scheduler, [[1; 32]; 2]).await;
        let count = task_of_kind(operator("count", "u8"), key, &[]);
        let counted = count.key;
        second.compute_from(count, nbytes, &[&first]).await;
        let Event::ReplicaAdded { .. } = scheduler.event().await else {
            panic!("a copy was made");
        };
        let (_, result) = scheduler.finished().await;
        let length = u64::to_le_bytes(3 << 20);
        assert_eq!(result.inline.as_deref(), Some(&length[..]));
        // Its result is kept as any other, and an argument of the next.
        let double = task_of_kind(operator("add", "u64"), counted, &length);
        second.compute([double]).await;
        let (_, result) = scheduler.finished().await;
        assert_eq!(
            result.inline.as_deref(),
            Some(&u64::to_le_bytes(6 << 20)[..])
        );
        // 256 or more, as a u8.
        let sum = task_of_kind(operator("sum", "u8"), key, &[]);
        second.compute([sum]).await;
        let failure = scheduler.erred().await;
        assert_eq!(failure.kind, FailureKind::Operator, "{failure}");
        assert_eq!(
            (&*failure.label, &*failure.worker),
            ("sum", &*second.info.info.name)
        );
        let unknown = task_of_kind(operator("summ", "u8"), key, &[]);
        second.compute([unknown]).await;
        let failure = scheduler.erred().await;
        assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
        assert!(failure.message.contains("`summ`"), "{failure}");
        assert_eq!(scheduler.downloads(), 0, "no component is needed");
        for worker in workers {
            worker.stop().await.unwrap();
        }
    });
}

#[test]
fn functions_are_applied_to_each_element() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        let put = async |values: &[u32]| {
            let mut value = numbers(&[u32::try_from(values.len()).unwrap()]);
            value.extend(numbers(values));
            let key = Key::of_data("default", "list<u32>", &value);
            member.put(key, "list<u32>", &value).await.unwrap();
            key
        };
        let key = put(&[1, 2, 3]).await;
        for (function, applied, rest, expected) in [
            ("add", Applied::Map, &[10][..], &[3, 11, 12, 13][..]),
            ("add", Applied::Reduce, &[], &[1, 6]),
        ] {
            let kind = scheduler.kind(function, applied);
            let task = task_of_kind(kind, key, &numbers(rest));
            member.compute([task]).await;
            let (finished, result) = scheduler.finished().await;
            assert_eq!(result.inline.as_deref(), Some(&numbers(expected)[..]));
            assert_eq!(
                member.read(&[finished]).await.0[&finished],
                numbers(expected)
            );
        }
        let add = scheduler.kind("add", Applied::Filter);
        member
            .compute([task_of_kind(add, key, &numbers(&[1]))])
            .await;
        let failure = scheduler.erred().await;
        assert_eq!(failure.kind, FailureKind::BadArguments);
        assert!(failure.message.contains("bool"), "{failure}");
        let fail = scheduler.kind("fail", Applied::Map);
        member.compute([task_of_kind(fail, key, &[])]).await;
        let failure = scheduler.erred().await;
        assert_eq!(failure.kind, FailureKind::GuestError);
        assert_eq!(failure.message, "element 0: 1");
        assert_eq!(failure.value.as_deref(), Some(&numbers(&[1])[..]));
        assert_eq!(failure.error_type.as_deref(), Some("u32"));
        worker.stop().await.unwrap();
    });
}

#[test]
fn many_tasks_cost_few_messages() {
    const TASKS: u32 = 20_000;
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        member
            .compute([scheduler.task("add", &numbers(&[0, 0]), options())])
            .await;
        scheduler.finished().await;
        scheduler.pushes();
        let tasks = (1..=TASKS).map(|n| scheduler.task("add", &numbers(&[n, 1]), options()));
        let tasks: Vec<_> = tasks.collect();
        let started = Instant::now();
        for tasks in tasks.chunks(1000) {
            member.compute(tasks.iter().cloned()).await;
        }
        let mut sum = 0;
        for _ in 0..TASKS {
            let (_, result) = scheduler.finished().await;
            let value = result.inline.unwrap();
            sum += u64::from(u32::from_le_bytes(value[..].try_into().unwrap()));
        }
        let (seconds, pushes) = (started.elapsed().as_secs_f64(), scheduler.pushes());
        eprintln!(
            "{:.0} tasks/s in {pushes} messages",
            f64::from(TASKS) / seconds
        );
        assert_eq!(sum, u64::from(TASKS) * u64::from(TASKS + 3) / 2);
        assert!(pushes < TASKS / 4, "{pushes} messages for {TASKS} tasks");
        worker.stop().await.unwrap();
    });
}

#[test]
fn failures_say_what_happened() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        let quick = TaskOptions {
            timeout: Some(Duration::from_millis(30)),
            ..options()
        };
        let small = TaskOptions {
            limits: ResultLimits {
                output: 100,
                ..ResultLimits::default()
            },
            ..options()
        };
        let (one, big) = (numbers(&[7]), list(&[0; 1000]));
        for (function, arguments, options, kind, part) in [
            ("boom", &[][..], options(), FailureKind::Trap, "unreachable"),
            ("fail", &one, options(), FailureKind::GuestError, "7"),
            ("spin", &[], quick, FailureKind::Deadline, "timeout of 30ms"),
            (
                "echo",
                &big,
                small,
                FailureKind::OutputTooLarge,
                "100 bytes",
            ),
            ("add", &one, options(), FailureKind::BadArguments, ""),
            (
                "nothing",
                &[],
                options(),
                FailureKind::Unavailable,
                "no function `nothing`",
            ),
        ] {
            let task = scheduler.task(function, arguments, options);
            let key = task.key;
            member.compute([task]).await;
            let failure = scheduler.erred().await;
            assert_eq!(failure.kind, kind, "{failure}");
            assert!(failure.message.contains(part), "{failure}");
            assert_eq!((failure.origin, &*failure.label), (key, function));
            assert_eq!(failure.worker, &*member.info.info.name);
            let value = (kind == FailureKind::GuestError).then_some(&one[..]);
            assert_eq!(failure.value.as_deref(), value);
        }
        worker.stop().await.unwrap();
    });
}

#[test]
fn a_component_that_nobody_has_is_a_failure() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        for salt in 0..3 {
            let mut task = scheduler.task("add", &numbers(&[1, salt]), options());
            let kind = TaskKind::function(Digest([3; 32]), "add");
            task.definition = wask_core::Definition::new("default", kind, options()).into();
            member.compute([task]).await;
            let failure = scheduler.erred().await;
            assert_eq!(failure.kind, FailureKind::Unavailable);
            assert!(
                failure.message.contains("does not have component"),
                "{failure}"
            );
        }
        assert_eq!(
            scheduler.downloads(),
            1,
            "a failure is remembered for a while"
        );
        worker.stop().await.unwrap();
    });
}

#[test]
fn a_cancelled_task_frees_its_slot() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        let running = scheduler.task("spin", &[], options());
        let waiting = scheduler.task(
            "spin",
            &[],
            TaskOptions {
                limits: ResultLimits {
                    fuel: Limit::Of(1 << 60),
                    ..ResultLimits::default()
                },
                ..options()
            },
        );
        let next = scheduler.task("add", &numbers(&[1, 1]), options());
        let (cancelled, expected) = ([running.key, waiting.key], next.key);
        member.compute([running, waiting, next]).await;
        let cancels = cancelled.map(|key| Action::CancelTask {
            worker: member.id,
            key,
            attempt: Attempt(1),
        });
        member.command(&cancels, &[]).await;
        // Nothing is heard of the cancelled ones.
        assert_eq!(scheduler.finished().await.0, expected);
        worker.stop().await.unwrap();
    });
}

#[test]
fn scattered_values_are_checked_and_stored() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        // Large enough to be checked on another thread.
        let value = list(&vec![5; 1 << 20]);
        let key = Key::of_data("default", "list<u8>", &value);
        member.put(key, "list<u8>", &value).await.unwrap();
        let error = member
            .put(Key([1; 32]), "list<u8>", &value)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("its key"), "{error}");
        let bad = &value[..100];
        let bad_key = Key::of_data("default", "list<u8>", bad);
        assert!(member.put(bad_key, "list<u8>", bad).await.is_err());
        assert!(member.put(key, "list<", &value).await.is_err());
        assert_eq!(member.read(&[key, bad_key]).await.1, [bad_key]);
        // Whoever asks in vain was told otherwise, so the scheduler hears of it.
        let missing = scheduler.event().await;
        assert!(matches!(missing, Event::ReplicaMissing { key, .. } if key == bad_key));
        let task = scheduler.task_of("length", key);
        member.compute([task]).await;
        let (_, result) = scheduler.finished().await;
        assert_eq!(result.inline.as_deref(), Some(&numbers(&[1 << 20])[..]));
        worker.stop().await.unwrap();
    });
}

/// Two workers; the first has a value. They are told these keys to show one another.
async fn pair(scheduler: &Scheduler, keys: [[u8; 32]; 2]) -> ([Running; 2], [Member; 2], Key, u64) {
    scheduler.set_peer_key(keys[0]);
    let (a, first) = start(scheduler, config(scheduler)).await;
    scheduler.set_peer_key(keys[1]);
    let (b, second) = start(scheduler, config(scheduler)).await;
    let value = list(&vec![1; 3 << 20]);
    let key = Key::of_data("default", "list<u8>", &value);
    first.put(key, "list<u8>", &value).await.unwrap();
    ([a, b], [first, second], key, value.len() as u64)
}

#[test]
fn inputs_come_from_peers() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (workers, [first, second], key, nbytes) = pair(&scheduler, [[1; 32]; 2]).await;
        let task = scheduler.task_of("length", key);
        second.compute_from(task, nbytes, &[&first]).await;
        let Event::ReplicaAdded {
            worker,
            key: copied,
        } = scheduler.event().await
        else {
            panic!("a copy was made");
        };
        assert_eq!((worker, copied), (second.id, key));
        let (_, result) = scheduler.finished().await;
        assert_eq!(result.inline.as_deref(), Some(&numbers(&[3 << 20])[..]));
        for worker in workers {
            worker.stop().await.unwrap();
        }
    });
}

#[test]
fn peers_without_the_key_get_nothing() {
    local(async {
        let scheduler = Scheduler::new().await;
        let keys = [[1; 32], [2; 32]];
        let (workers, [first, second], key, nbytes) = pair(&scheduler, keys).await;
        let task = scheduler.task_of("length", key);
        second.compute_from(task, nbytes, &[&first]).await;
        let Event::InputsMissing { missing, .. } = scheduler.event().await else {
            panic!("the input cannot be had");
        };
        assert_eq!(missing, [(key, first.id)]);
        for worker in workers {
            worker.stop().await.unwrap();
        }
    });
}

/// What is said at a worker's data port to who shows this credential; the store of who is let in.
async fn knock(
    member: &Member,
    show: impl FnOnce(credential::Builder<'_>),
) -> (Result<object_store::Client, Refusal>, Connection) {
    let limits = Limits::default();
    let address = member.info.contact_address.parse().unwrap();
    let stream = connect(&address, &limits).await.unwrap();
    let (door, connection) = Connection::open::<peer::Client>(stream, &limits);
    let mut request = door.open_request();
    show(request.get().init_credential());
    let answer = request.send().promise.await.unwrap();
    let result = answer.get().unwrap().get_result().unwrap();
    let outcome = match result.which().unwrap() {
        peer::result::Store(store) => Ok(store.unwrap()),
        peer::result::Refused(refusal) => Err(wire::read_refusal(refusal.unwrap()).unwrap()),
    };
    (outcome, connection)
}

#[test]
fn a_data_port_serves_workers_only_and_takes_nothing() {
    local(async {
        let scheduler = Scheduler::new().await;
        scheduler.set_peer_key([1; 32]);
        let token = Some("secret".to_owned());
        let config = Config {
            token,
            ..config(&scheduler)
        };
        let (worker, member) = start(&scheduler, config).await;
        type Show = fn(credential::Builder<'_>);
        let shown: [(Show, &str); 4] = [
            (|mut it| it.set_none(()), "serves workers only"),
            (|mut it| it.set_token("secret"), "serves workers only"),
            (|mut it| it.set_peer(&[2; 32]), "not the key"),
            (|mut it| it.set_peer(&[]), "not the key"),
        ];
        for (show, why) in shown {
            let refusal = knock(&member, show).await.0.err().unwrap();
            assert_eq!(refusal.code, RefusalCode::Credential);
            assert!(refusal.message.contains(why), "{refusal}");
        }
        let (store, _connection) = knock(&member, |mut it| it.set_peer(&[1; 32])).await;
        let store = store.unwrap();
        let value = list(&[5; 10]);
        let key = Key::of_data("default", "list<u8>", &value);
        let peer = Member { store, ..member };
        let error = peer.put(key, "list<u8>", &value).await.unwrap_err();
        assert!(error.to_string().contains("scheduler"), "{error}");
        assert_eq!(peer.read(&[key]).await.1, [key]);
        worker.stop().await.unwrap();
    });
}

#[test]
fn an_input_whose_file_went_bad_is_told() {
    local(async {
        let scheduler = Scheduler::new().await;
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            memory_limit: 1 << 20,
            memory_hard_limit: 100 << 20,
            spill_dir: Some(folder.path().to_owned()),
            ..config(&scheduler)
        };
        let (worker, member) = start(&scheduler, config).await;
        let mut keys = Vec::new();
        for n in 0..4 {
            let task = scheduler.task("echo", &list(&vec![n; 1 << 20]), options());
            keys.push(task.key);
            member.compute([task]).await;
            scheduler.finished().await;
        }
        // All come back from disk.
        let (objects, missing) = member.read(&keys).await;
        assert_eq!((objects.len(), missing), (4, vec![]));
        drop(objects);
        let good = scheduler.task_of("length", keys[0]);
        member.compute([good]).await;
        scheduler.finished().await;
        let spilled = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        for path in spilled.filter(|path| path.is_dir()).flat_map(fs::read_dir) {
            for file in path.map(|entry| entry.unwrap().path()) {
                if !file.ends_with("lock") {
                    fs::remove_file(file).unwrap();
                }
            }
        }
        let mut lost = 0;
        for key in keys {
            member.compute([scheduler.task_of("echo", key)]).await;
            match scheduler.event().await {
                Event::ReplicaMissing { key: missing, .. } => {
                    assert_eq!(missing, key);
                    let Event::InputsMissing { missing, .. } = scheduler.event().await else {
                        panic!("the task is given back");
                    };
                    assert_eq!(missing, [(key, member.id)]);
                    lost += 1;
                }
                Event::TaskFinished { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(lost > 0);
        worker.stop().await.unwrap();
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "only the lock of the folder stays");
    });
}

#[test]
fn a_worker_says_why_it_ends() {
    local(async {
        let scheduler = Scheduler::new().await;
        let impatient = Config {
            return_timeout: Duration::ZERO,
            ..config(&scheduler)
        };
        let (worker, member) = start(&scheduler, impatient).await;
        member
            .compute([scheduler.task("spin", &[], options())])
            .await;
        scheduler.die();
        let error = worker.ended().await.unwrap_err();
        assert!(matches!(error, Error::SchedulerLost { .. }), "{error}");
        assert_eq!(error.class(), Class::Unreachable);
    });
}

#[test]
fn a_worker_comes_back_with_what_it_holds() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        assert_eq!(member.info.previous, None);
        let value = list(&[1; 1000]);
        let key = Key::of_data("default", "list<u8>", &value);
        member.put(key, "list<u8>", &value).await.unwrap();
        member
            .compute([scheduler.task("spin", &[], options())])
            .await;
        while !matches!(
            scheduler.news().await,
            News::Told(Event::TaskStarted { .. })
        ) {}
        scheduler.cut();
        let back = scheduler.joined().await;
        assert!(back.info.previous.is_some_and(|(_, id)| id == member.id));
        // What it ran for the last membership does not hold up its one slot.
        back.compute([scheduler.task_of("length", key)]).await;
        let mut told = Vec::new();
        loop {
            match scheduler.event().await {
                Event::DataFound { key: found, .. } => told.push((back.id, found)),
                Event::AllFound { worker } => assert_eq!(worker, back.id),
                Event::TaskFinished { worker, .. } => {
                    assert_eq!((worker, told), (back.id, vec![(back.id, key)]));
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        // The scheduler ends the membership, and it is back again.
        let close = Action::CloseWorker {
            worker: back.id,
            reason: "it was silent".to_owned(),
        };
        back.command(&[close], &[]).await;
        let again = scheduler.joined().await;
        assert!(again.info.previous.is_some_and(|(_, id)| id == back.id));
        worker.stop().await.unwrap();
    });
}

#[test]
fn a_worker_that_is_not_let_in_says_why() {
    local(async {
        let scheduler = Scheduler::new().await;
        scheduler.refuse(Refusal::new(RefusalCode::Exists, "the name is taken"));
        let error = Running::start(config(&scheduler))
            .ended()
            .await
            .unwrap_err();
        assert_eq!(error.class(), Class::Refused);
        let message = error.to_string();
        assert!(
            message.contains("the name is taken; choose another --name"),
            "{message}"
        );
        scheduler.die();
        let config = Config {
            connect_timeout: Duration::from_millis(100),
            ..config(&scheduler)
        };
        let error = Running::start(config).ended().await.unwrap_err();
        assert_eq!(error.class(), Class::Unreachable, "{error}");
    });
}

#[test]
fn a_worker_runs_on_a_thread_of_its_own() {
    local(async {
        let scheduler = Scheduler::listen("tcp://127.0.0.1:0".parse().unwrap()).await;
        let config = config(&scheduler);
        let name = config.name.clone();
        let started = tokio::task::spawn_blocking(|| Worker::start(config).unwrap());
        let member = scheduler.joined().await;
        let handle = started.await.unwrap();
        assert_eq!(handle.info().name, name);
        assert!(matches!(&handle.info().address, Address::Tcp { port, .. } if *port != 0));
        member
            .compute([scheduler.task("spin", &[], options())])
            .await;
        handle.shutdown();
        while !matches!(scheduler.news().await, News::Left(_)) {}
        tokio::task::spawn_blocking(|| handle.join())
            .await
            .unwrap()
            .unwrap();

        let config = support::config(&scheduler);
        let started = tokio::task::spawn_blocking(|| Worker::start(config).unwrap());
        scheduler.joined().await;
        drop(started.await.unwrap());
        while !matches!(scheduler.news().await, News::Left(_)) {}
    });
}

#[test]
fn commands_come_in_parts_where_they_are_too_large() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        let task = scheduler.task("echo", &list(&[7; 3_000]), options());
        let key = task.key;
        let small = Limits {
            message_bytes: 1_000,
            batch_bytes: 100,
            ..Limits::default()
        };
        let batch = Batch {
            items: vec![member.run(task)],
            bytes: 3_000,
        };
        push_commands(&member.commands, &batch, &[], &small)
            .await
            .unwrap();
        // What comes behind the parts is taken in too; each has a slot.
        let after = scheduler.task("add", &numbers(&[2, 40]), options());
        let after_it = after.key;
        member.compute([after]).await;
        let finished = [scheduler.finished().await.0, scheduler.finished().await.0];
        assert!(finished.contains(&key) && finished.contains(&after_it));
        worker.stop().await.unwrap();
    });
}

#[test]
fn commands_that_cannot_be_read_end_the_membership_and_both_sides_know_why() {
    local(async {
        let scheduler = Scheduler::new().await;
        let (worker, member) = start(&scheduler, config(&scheduler)).await;
        let mut request = member.commands.part_request();
        request.get().set_bytes(b"no message");
        request.get().set_last(true);
        request.send().await.unwrap();
        let told = scheduler.last_closed().await;
        assert!(told.contains("commands that make no sense"), "{told}");
        // The worker is well, and comes back.
        let back = scheduler.joined().await;
        assert!(back.info.previous.is_some_and(|(_, id)| id == member.id));
        worker.stop().await.unwrap();
    });
}
