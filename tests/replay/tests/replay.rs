//! Records of cores that no process drives: what is read is what was written, and what was changed
//! is found.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fs,
    mem::discriminant,
    path::Path,
    process::Command,
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use capnp::message::Builder;
use wask_core::{
    Applied, Arguments, Attempt, Definition, Digest, Failure, FailureKind, Hole, Key, Priority,
    ScatterId, SchedulerCore, SessionId, TaskKind, TaskOptions, TaskSpec, TenantId, Time, TypeId,
    WorkerCore, WorkerId,
    scheduler::{self, DataHeader, Spread, TaskResult, WorkerInfo},
    worker,
};
use wask_replay::{Trouble, replay};
use wask_rpc::{
    Record, Recorded,
    wire::{Core, Setup},
};
use wask_schema::record_capnp::entry;

const WORKER: WorkerId = WorkerId(3);
const SESSION: SessionId = SessionId(7);
const TENANT: TenantId = TenantId(0);
const SCATTER: ScatterId = ScatterId(11);
const ATTEMPT: Attempt = Attempt(2);

fn key(n: u8) -> Key {
    Key([n; 32])
}

fn definition() -> Arc<Definition> {
    let kind = TaskKind::Function {
        component: Digest([9; 32]),
        function: "demo:text/words#count".into(),
        applied: Applied::Fold,
    };
    let options = TaskOptions {
        label: Some("counting".into()),
        priority: -4,
        retries: 2,
        timeout: Some(Duration::from_secs(3)),
        pure: false,
        resources: BTreeMap::from([("gpu".into(), 1)]),
        workers: vec!["a".into()],
        ..TaskOptions::default()
    };
    Arc::new(Definition::new("default", kind, options))
}

fn task(definition: &Arc<Definition>, salt: u64, result_type: TypeId) -> TaskSpec {
    let arguments = Arguments {
        bytes: Bytes::from_static(b"arguments"),
        holes: Box::new([Hole {
            offset: 3,
            dependency: 0,
        }]),
    };
    TaskSpec::new(
        definition.clone(),
        arguments,
        Box::new([key(1)]),
        salt,
        result_type,
    )
}

fn result() -> TaskResult {
    TaskResult {
        nbytes: 5,
        inline: Some(Bytes::from_static(b"12345")),
        duration: Duration::from_micros(17),
    }
}

/// Longer than it is told to others.
fn failure() -> Arc<Failure> {
    Arc::new(Failure {
        kind: FailureKind::Trap,
        origin: key(1),
        label: "f".into(),
        message: "m".repeat(2 * Failure::MESSAGE_MAX),
        value: Some(Bytes::from_static(b"")),
        error_type: Some("u8".into()),
        backtrace: vec!["frame".into(); 2 * Failure::FRAMES_MAX],
        log: "printed".into(),
        worker: "w".into(),
    })
}

fn info() -> WorkerInfo {
    WorkerInfo {
        name: "w".into(),
        slots: 2,
        memory_limit: 1 << 30,
        task_memory: 1 << 40,
        resources: BTreeMap::from([("gpu".into(), 4)]),
        returning: true,
        previous: Some(WorkerId(1)),
    }
}

/// One of each kind.
fn scheduler_events() -> Vec<scheduler::Event> {
    [beginning(), clients_go_on(), workers_go_on()].concat()
}

/// What comes first in a cluster. Of the last, a heartbeat, nothing comes.
fn beginning() -> Vec<scheduler::Event> {
    use scheduler::Event;
    let (worker, session, tenant, scatter) = (WORKER, SESSION, TENANT, SCATTER);
    let (one, other) = (definition(), definition());
    let value = DataHeader {
        key: key(1),
        result_type: TypeId(4),
        nbytes: 100,
    };
    vec![
        Event::SessionOpened { session, tenant },
        Event::WorkerJoined {
            worker,
            info: info(),
        },
        Event::ScatterOffered {
            session,
            scatter,
            values: vec![value],
            spread: Spread::All,
        },
        Event::DataStaged { worker, scatter },
        Event::DataKept {
            worker,
            scatter,
            key: key(1),
        },
        Event::TasksSubmitted {
            session,
            tasks: vec![
                task(&one, 1, TypeId(5)),
                task(&other, 2, TypeId(6)),
                task(&one, 3, TypeId(5)),
            ],
            wanted: vec![task(&one, 1, TypeId(5)).key],
        },
        Event::Heartbeat { worker },
    ]
}

fn clients_go_on() -> Vec<scheduler::Event> {
    use scheduler::Event;
    let (worker, session, tenant, scatter) = (WORKER, SESSION, TENANT, SCATTER);
    let keys = vec![key(1), key(2)];
    let name: Arc<str> = "name".into();
    vec![
        Event::KeysDetached {
            session,
            keys: keys.clone(),
        },
        Event::KeysCancelled {
            session,
            keys: keys.clone(),
        },
        Event::KeysReleased {
            session,
            keys: keys.clone(),
        },
        Event::StagingFailed {
            worker,
            scatter,
            reason: "no room".into(),
        },
        Event::ScatterAbandoned { scatter },
        Event::DatasetPublished {
            tenant,
            name: name.clone(),
            ty: "list<u8>".into(),
            keys,
            replace: true,
        },
        Event::DatasetUnpublished { tenant, name },
    ]
}

fn workers_go_on() -> Vec<scheduler::Event> {
    use scheduler::Event;
    let (worker, session, attempt) = (WORKER, SESSION, ATTEMPT);
    vec![
        Event::TaskStarted {
            worker,
            key: key(1),
            attempt,
        },
        Event::TaskFinished {
            worker,
            key: key(1),
            attempt,
            result: result(),
        },
        Event::TaskErred {
            worker,
            key: key(1),
            attempt,
            failure: failure(),
        },
        Event::InputsMissing {
            worker,
            key: key(1),
            attempt,
            missing: vec![(key(2), WorkerId(8))],
        },
        Event::DataFound {
            worker,
            key: key(1),
            nbytes: 6,
        },
        Event::AllFound { worker },
        Event::ReplicaAdded {
            worker,
            key: key(1),
        },
        Event::ReplicaMissing {
            worker,
            key: key(1),
        },
        Event::WorkerLost {
            worker,
            may_return: true,
        },
        Event::SessionClosed { session },
    ]
}

/// One of each kind, and both ends of an execution.
fn worker_events() -> Vec<worker::Event> {
    use worker::Event;
    let definition = definition();
    let task = Arc::new(task(&definition, 1, TypeId(0)));
    let priority = Priority {
        user: Reverse(definition.options.priority),
        submission: 3,
        order: 4,
    };
    let input = scheduler::Input {
        key: key(1),
        nbytes: 8,
        holders: vec![WorkerId(1), WorkerId(2)],
    };
    let done = |result, ran| Event::ExecutionDone {
        key: task.key,
        attempt: ATTEMPT,
        result,
        ran,
    };
    let peer = WorkerId(1);
    vec![
        Event::ComputeTask {
            task: task.clone(),
            attempt: ATTEMPT,
            priority,
            inputs: vec![input],
        },
        Event::FetchDone {
            peer,
            arrived: vec![(key(1), 8)],
            missing: vec![key(2)],
        },
        Event::FetchFailed {
            peer,
            arrived: vec![(key(3), 9)],
        },
        done(Ok(result()), Some(Duration::from_nanos(5))),
        done(Err(failure()), None),
        Event::CancelTask {
            key: task.key,
            attempt: ATTEMPT,
        },
        Event::FreeKeys {
            keys: vec![key(1), key(2)],
        },
        Event::DataStaged {
            scatter: SCATTER,
            values: vec![(key(4), 10), (key(5), 11)],
        },
        Event::KeepData { scatter: SCATTER },
        Event::DropStaged { scatter: SCATTER },
        Event::ExecutionDelayed {
            key: task.key,
            attempt: ATTEMPT,
        },
        Event::ExecutionPrepared {
            key: task.key,
            attempt: ATTEMPT,
        },
        Event::DataGone { key: key(4) },
        Event::SchedulerLost,
        Event::SchedulerFound { id: WorkerId(9) },
    ]
}

fn reread<C: Core>(event: &C::Event) -> C::Event {
    let mut message = Builder::new_default();
    C::write_event(message.init_root::<entry::Builder<'_>>(), event);
    C::read_event(message.get_root_as_reader().unwrap()).unwrap()
}

/// The names of an enum's variants, as a file of the core declares them.
fn variants(file: &str) -> usize {
    let path = Path::new("../../host/core/src").join(file);
    let text = fs::read_to_string(path).unwrap();
    let (_, body) = text.split_once("pub enum Event {\n").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let is_variant = |line: &&str| {
        let name = line.strip_prefix("    ").unwrap_or_default();
        name.starts_with(|first: char| first.is_ascii_uppercase())
    };
    body.lines().filter(is_variant).count()
}

#[test]
fn every_event_is_read_as_it_was_written() {
    let events = scheduler_events();
    for event in &events {
        assert_eq!(reread::<SchedulerCore>(event), *event);
    }
    let mut kinds: Vec<_> = events.iter().map(discriminant).collect();
    kinds.dedup();
    assert_eq!(kinds.len(), variants("scheduler/event.rs"));

    let events = worker_events();
    for event in &events {
        assert_eq!(reread::<WorkerCore>(event), *event);
    }
    let mut kinds: Vec<_> = events.iter().map(discriminant).collect();
    kinds.dedup();
    assert_eq!(kinds.len(), variants("worker/event.rs"));
}

/// What is told to a core is, for each event, told and decided upon at once.
fn record<C: Core>(core: C, setup: &Setup, events: Vec<C::Event>, file: &Path) -> Vec<String> {
    let mut core = Recorded::new(core, setup, Some(file)).unwrap();
    let actions = feed(&mut core, events);
    core.end();
    actions
}

fn feed<C: Core>(core: &mut Recorded<C>, events: Vec<C::Event>) -> Vec<String> {
    let mut actions = Vec::new();
    for (now, event) in (1..).map(Time::from_nanos).zip(events) {
        core.handle(now, event);
        core.schedule(now);
        while let Some(action) = core.poll_action() {
            actions.push(format!("{action:?}"));
        }
    }
    actions
}

fn first_events() -> Vec<scheduler::Event> {
    let mut events = beginning();
    for event in &mut events {
        // One that has nothing to tell gets something to do at once.
        if let scheduler::Event::WorkerJoined { info, .. } = event {
            info.name = "a".into();
            info.returning = false;
            info.previous = None;
        }
    }
    events
}

fn record_scheduler(file: &Path) -> Vec<String> {
    let config = scheduler::Config {
        saturation: 2.5,
        losses_max: 17,
        ..scheduler::Config::default()
    };
    let core = SchedulerCore::new(config.clone());
    record(core, &Setup::Scheduler(config), first_events(), file)
}

#[test]
fn a_record_comes_to_the_same_actions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("record");
    let actions = record_scheduler(&file);
    let replayed = replay(&*fs::read(&file).unwrap(), |_| ()).unwrap();
    assert_eq!((replayed.events, replayed.decisions), (7, 7));
    assert_eq!(replayed.actions, actions.len() as u64);
    assert!(replayed.actions > 0 && !replayed.is_torn);

    let config = worker::Config::default();
    let setup = Setup::Worker(WORKER, config.clone());
    let core = WorkerCore::new(WORKER, config);
    // An execution ends once.
    let mut events = worker_events();
    events.retain(|event| {
        let ends_it = matches!(
            event,
            worker::Event::ExecutionDone { result: Err(_), .. }
                | worker::Event::ExecutionDelayed { .. }
        );
        !ends_it
    });
    let actions = record(core, &setup, events, &file);
    let replayed = replay(&*fs::read(&file).unwrap(), |_| ()).unwrap();
    assert_eq!(replayed.actions, actions.len() as u64);
    assert!(replayed.actions > 0 && !replayed.is_torn);
}

#[test]
fn a_changed_record_is_found_by_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("record");
    record_scheduler(&file);
    let mut bytes = fs::read(&file).unwrap();

    // A decision's digest is the last of its entry.
    *bytes.last_mut().unwrap() ^= 1;
    let trouble = replay(&*bytes, |_| ()).unwrap_err();
    assert!(matches!(trouble, Trouble::Different { entry: 14, .. }));
    assert!(trouble.to_string().starts_with("entry 14, at "));

    // The key of the value that is scattered: it is in what comes of the third event.
    *bytes.last_mut().unwrap() ^= 1;
    let of_it = bytes.windows(32).position(|bytes| bytes == [1; 32]);
    bytes[of_it.unwrap()] ^= 1;
    let trouble = replay(&*bytes, |_| ()).unwrap_err();
    assert!(
        matches!(trouble, Trouble::Different { entry: 6, .. }),
        "{trouble}"
    );

    let places: BTreeSet<_> = [&b""[..], &b"none"[..]]
        .map(|no_record| replay(no_record, |_| ()).unwrap_err().to_string())
        .into();
    assert!(places.iter().all(|text| text.starts_with("entry 0: ")));
}

#[test]
fn a_record_that_breaks_off_is_replayed_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("record");
    record_scheduler(&file);
    let bytes = fs::read(&file).unwrap();
    let replayed = replay(&bytes[..bytes.len() - 9], |_| ()).unwrap();
    assert_eq!((replayed.events, replayed.decisions), (7, 6));
    assert!(replayed.is_torn);
}

/// The disk that is always full.
#[test]
fn a_record_that_cannot_be_begun_is_an_error() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    let config = scheduler::Config::default();
    let core = SchedulerCore::new(config.clone());
    assert!(Recorded::new(core, &Setup::Scheduler(config), Some(full)).is_err());
}

/// A pipe that nobody reads any more is as bad as a disk that has become full.
#[test]
fn a_core_goes_on_without_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let (file, pipe) = (folder.path().join("record"), folder.path().join("pipe"));
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let reader = {
        let pipe = pipe.clone();
        thread::spawn(move || Record::open(&pipe).map(drop))
    };
    let config = scheduler::Config::default();
    let core = SchedulerCore::new(config.clone());
    let mut core = Recorded::new(core, &Setup::Scheduler(config), Some(&pipe)).unwrap();
    reader.join().unwrap().unwrap();
    let actions = feed(&mut core, first_events());
    assert_eq!(actions, record_scheduler(&file));
}
