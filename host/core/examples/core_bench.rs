//! How fast the scheduler core is, and how much memory a task takes, with workers that answer at
//! once: `cargo run --release -p wask-core --example core_bench`.
#![expect(clippy::print_stdout, reason = "it prints figures")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    collections::BTreeMap,
    sync::Arc,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use bytes::Bytes;
use wask_core::{
    Arguments, Definition, Digest, Key, SchedulerCore, SessionId, TASK_MEMORY_MAX, TaskKind,
    TaskOptions, TaskSpec, TenantId, Time, TypeId, WorkerId,
    scheduler::{Action, Config, Event, TaskResult, WorkerInfo},
};

/// Counts the bytes that are allocated.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator is unsafe; this one only counts")]
// SAFETY: every call goes to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TASKS: u32 = 1_000_000;
const WORKERS: u32 = 16;
const SESSION: SessionId = SessionId(1);

fn main() {
    println!("{TASKS} tasks, {WORKERS} workers of 2 slots");
    run("map: independent tasks, all wanted", &map());
    run("map and tree reduction by 16, the root wanted", &tree());
    run("chain, the end wanted", &chain());
}

/// Tasks, and which of them are wanted.
type Graph = (Vec<TaskSpec>, Vec<Key>);

fn definition(function: &str) -> Arc<Definition> {
    let kind = TaskKind::function(Digest([0; 32]), function);
    Arc::new(Definition::new("bench", kind, TaskOptions::default()))
}

fn task(definition: &Arc<Definition>, number: u32, dependencies: &[Key]) -> TaskSpec {
    let arguments = Arguments {
        bytes: Bytes::copy_from_slice(&number.to_le_bytes()),
        holes: Box::default(),
    };
    let definition = definition.clone();
    TaskSpec::new(definition, arguments, dependencies.into(), 0, TypeId(0))
}

fn map() -> Graph {
    let definition = definition("map");
    let tasks: Vec<_> = (0..TASKS).map(|n| task(&definition, n, &[])).collect();
    let wanted = tasks.iter().map(|task| task.key).collect();
    (tasks, wanted)
}

fn tree() -> Graph {
    let (leaf, merge) = (definition("leaf"), definition("merge"));
    let leaves = TASKS / 17 * 16;
    let mut tasks: Vec<_> = (0..leaves).map(|n| task(&leaf, n, &[])).collect();
    let mut level: Vec<Key> = tasks.iter().map(|task| task.key).collect();
    while level.len() > 1 {
        let parts = level.chunks(16);
        let merged: Vec<_> = parts.map(|part| task(&merge, 0, part)).collect();
        level = merged.iter().map(|task| task.key).collect();
        tasks.extend(merged);
    }
    (tasks, level)
}

fn chain() -> Graph {
    let definition = definition("link");
    let mut tasks: Vec<TaskSpec> = Vec::new();
    for number in 0..TASKS {
        let before: Vec<Key> = tasks.last().map(|task| task.key).into_iter().collect();
        tasks.push(task(&definition, number, &before));
    }
    let wanted = tasks.last().map(|task| task.key).into_iter().collect();
    (tasks, wanted)
}

/// Submits, runs and releases a graph.
fn run(name: &str, (tasks, wanted): &Graph) {
    let mut core = SchedulerCore::new(Config::default());
    let now = Time::ZERO;
    for worker in (1..=WORKERS).map(WorkerId) {
        let info = WorkerInfo {
            name: worker.to_string().into(),
            slots: 2,
            memory_limit: 1 << 30,
            task_memory: TASK_MEMORY_MAX,
            resources: BTreeMap::new(),
            returning: false,
            previous: None,
        };
        core.handle(now, Event::WorkerJoined { worker, info });
    }
    let (session, tenant) = (SESSION, TenantId(1));
    core.handle(now, Event::SessionOpened { session, tenant });
    let (count, keys) = (tasks.len(), wanted.clone());
    let (tasks, wanted) = (tasks.clone(), wanted.clone());

    // The specs themselves are moved into the core; they are counted with it.
    let specs = count * size_of::<TaskSpec>();
    let before = ALLOCATED.load(Ordering::Relaxed) - specs;
    let start = cpu_time();
    core.handle(
        now,
        Event::TasksSubmitted {
            session,
            tasks,
            wanted,
        },
    );
    let submitted = cpu_time() - start;
    let memory = ALLOCATED.load(Ordering::Relaxed) - before;
    let runs = work_off(&mut core);
    let finished = cpu_time() - start - submitted;
    core.handle(now, Event::KeysReleased { session, keys });
    let released = cpu_time() - start - submitted - finished;
    assert_eq!((runs, core.counts().tasks()), (count, 0));

    let total = submitted + finished + released;
    println!("{name}");
    println!("  submit {submitted:.2?}, run {finished:.2?}, release {released:.2?}");
    println!("  {:.0} tasks/s", count as f64 / total.as_secs_f64());
    println!("  {} bytes a task when submitted", memory / count);
}

/// How long this thread has been on a processor, so that others on the machine do not count.
/// Linux tells.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat");
    let stat = stat.expect("the benchmark needs Linux");
    let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.expect("schedstat starts with nanoseconds"))
}

/// Workers answer each task at once; the scheduler hears of them in batches.
fn work_off(core: &mut SchedulerCore) -> usize {
    let now = Time::ZERO;
    let (mut runs, mut batch) = (0, Vec::new());
    loop {
        for event in batch.drain(..) {
            core.handle(now, event);
        }
        core.schedule(now);
        let mut is_idle = true;
        while let Some(action) = core.poll_action() {
            is_idle = false;
            if let Action::ComputeTask {
                worker,
                task,
                attempt,
                ..
            } = action
            {
                runs += 1;
                batch.push(Event::TaskFinished {
                    worker,
                    key: task.key,
                    attempt,
                    result: TaskResult {
                        nbytes: 8,
                        inline: None,
                        duration: Duration::from_micros(10),
                    },
                });
            }
        }
        if is_idle {
            return runs;
        }
    }
}
