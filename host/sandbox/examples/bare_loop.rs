//! What a sandbox costs beside bare wasmtime:
//! `cargo run --release -p wask-sandbox --example bare_loop`.
//!
//! Both make a fresh store and instance for every call, in pools with the same settings, so the
//! ratio holds on any machine. The best of some rounds counts.
#![expect(clippy::print_stdout, reason = "the program's purpose")]

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use wask_component::Component;
use wask_core::Applied;
use wask_sandbox::{
    Call, Cancel, Compiled, Config, Executor, Job, Outcome, Report, Reset, Sandbox, TaskLimits,
    ThreadExecutor, Work,
};
use wasmtime::{
    Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{self, InstancePre, Lift, Linker, Lower},
};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const ROUNDS: usize = 7;
const BYTES: usize = 8 << 20;

/// Does nothing, or hands its list back, from memory of a bump allocator.
const GUEST: &str = r#"(component
  (core module $m
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32) (local $pages i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.set $pages (i32.shr_u (i32.add (global.get $next) (i32.const 65535)) (i32.const 16)))
      (if (i32.gt_u (local.get $pages) (memory.size))
        (then (drop (memory.grow (i32.sub (local.get $pages) (memory.size))))))
      (local.get $at))
    (func (export "nop"))
    (func (export "spin") (loop $again (br $again)))
    (func (export "echo") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0))
      (i32.store (i32.const 20) (local.get 1))
      (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "nop") (canon lift (core func $i "nop")))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "bytes") (param "x" (list u8)) (result (list u8)) (canon lift (core func $i "echo")
    (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "text") (param "x" string) (result string) (canon lift (core func $i "echo")
    (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "floats") (param "x" (list f64)) (result (list f64)) (canon lift
    (core func $i "echo")
    (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (func (export "pairs") (param "x" (list (tuple string u32)))
    (result (list (tuple string u32))) (canon lift (core func $i "echo")
    (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
)"#;

fn main() -> Result {
    let component = Component::load(GUEST.as_bytes())?;
    let slots = Config::default().slots;
    println!(
        "{slots} slots; a task's memory is reset by {:?}",
        Reset::available()
    );
    let bare = Bare::new(&component)?;
    let sandbox = Sandbox::new(Config::default())?;
    let compiled = sandbox.compile(&component)?;
    let sandboxed = Sandboxed {
        sandbox: &sandbox,
        compiled: &compiled,
    };

    println!("no-op, tasks per second, fresh instance each");
    let count = 100_000;
    let bare_time = best(|| (0..count).try_for_each(|_| bare.call("nop", ())))?;
    let run_time = best(|| (0..count).try_for_each(|_| sandboxed.call("nop", &[]).map(drop)))?;
    let per_second = |time: Duration| f64::from(count) / time.as_secs_f64();
    println!("  bare wasmtime, 1 thread  {:>9.0}", per_second(bare_time));
    println!(
        "  Sandbox::run, 1 thread   {:>9.0}  {:.2} x bare",
        per_second(run_time),
        bare_time.as_secs_f64() / run_time.as_secs_f64()
    );
    for threads in [1, slots] {
        let time = best(|| through_executor(&sandbox, &compiled, threads, count))?;
        println!(
            "  executor, {threads} threads      {:>9.0}",
            per_second(time)
        );
    }

    println!("stopping an endless loop");
    println!(
        "  {:?} after it was cancelled, at worst",
        cancelling(&sandboxed)?
    );

    println!("8 MiB there and back, milliseconds, fresh instance each: typed, ours, ratio");
    let bytes: Vec<u8> = (0..BYTES).map(|i| b'a' + (i % 26) as u8).collect();
    let text = String::from_utf8(bytes.clone())?;
    let floats: Vec<f64> = (0..BYTES / 8).map(|i| i as f64).collect();
    let pairs: Vec<(String, u32)> = (0..200_000).map(|i| (format!("word{i}"), i)).collect();
    compare::<_, Vec<u8>>(
        &bare,
        &sandboxed,
        "bytes",
        &bytes[..],
        encoded(BYTES, &bytes),
    )?;
    compare::<_, String>(&bare, &sandboxed, "text", &text[..], encoded(BYTES, &bytes))?;
    let encoding: Vec<u8> = floats.iter().flat_map(|x| x.to_le_bytes()).collect();
    let encoding = encoded(floats.len(), &encoding);
    compare::<_, Vec<f64>>(&bare, &sandboxed, "floats", &floats[..], encoding)?;
    let mut encoding = Vec::new();
    for (word, number) in &pairs {
        encoding.extend(u32::try_from(word.len())?.to_le_bytes());
        encoding.extend(word.as_bytes());
        encoding.extend(number.to_le_bytes());
    }
    let encoding = encoded(pairs.len(), &encoding);
    compare::<_, Vec<(String, u32)>>(&bare, &sandboxed, "pairs", &pairs[..], encoding)
}

fn encoded(count: usize, content: &[u8]) -> Bytes {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    [&count.to_le_bytes(), content].concat().into()
}

fn best(mut round: impl FnMut() -> Result) -> Result<Duration> {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        round()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn compare<P, R>(
    bare: &Bare,
    sandboxed: &Sandboxed<'_>,
    name: &str,
    argument: &P,
    encoding: Bytes,
) -> Result
where
    P: Lower + ?Sized,
    for<'a> &'a P: Lower,
    R: Lift + 'static,
{
    let typed = best(|| bare.echo::<P, R>(name, argument))?;
    let arguments = [encoding];
    if sandboxed.call(name, &arguments)? != Outcome::Value(arguments[0].clone()) {
        return Err(format!("{name} did not come back as it was").into());
    }
    let ours = best(|| sandboxed.call(name, &arguments).map(drop))?;
    println!(
        "  {name:<7} {:>7.3} {:>7.3}  {:.2}",
        typed.as_secs_f64() * 1e3,
        ours.as_secs_f64() * 1e3,
        typed.as_secs_f64() / ours.as_secs_f64()
    );
    Ok(())
}

/// Wasmtime with nothing around it.
struct Bare {
    engine: Engine,
    component: component::Component,
    pre: InstancePre<()>,
}

impl Bare {
    fn new(component: &Component) -> Result<Self> {
        let mut pool = PoolingAllocationConfig::new();
        pool.pagemap_scan(Enabled::Auto)
            .linear_memory_keep_resident(32 << 20)
            .table_keep_resident(256 << 10)
            .max_unused_warm_slots(2)
            .total_component_instances(8)
            .total_core_instances(8)
            .total_memories(8)
            .total_tables(8)
            .total_stacks(1);
        let mut config = wasmtime::Config::new();
        config
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
            .epoch_interruption(true)
            .concurrency_support(false)
            .cranelift_nan_canonicalization(true);
        let engine = Engine::new(&config)?;
        let component = component::Component::new(&engine, component.bytes())?;
        let pre = Linker::new(&engine).instantiate_pre(&component)?;
        Ok(Self {
            engine,
            component,
            pre,
        })
    }

    fn store(&self) -> Store<()> {
        let mut store = Store::new(&self.engine, ());
        store.set_epoch_deadline(1 << 40);
        store.set_hostcall_fuel(1 << 40);
        store
    }

    fn call(&self, name: &str, _: ()) -> Result {
        let export = self.component.get_export_index(None, name);
        let export = export.ok_or("no such function")?;
        let mut store = self.store();
        let instance = self.pre.instantiate(&mut store)?;
        let function = instance.get_typed_func::<(), ()>(&mut store, &export)?;
        Ok(function.call(&mut store, ())?)
    }

    fn echo<P, R>(&self, name: &str, argument: &P) -> Result
    where
        P: ?Sized,
        for<'a> &'a P: Lower,
        R: Lift + 'static,
    {
        let mut store = self.store();
        let instance = self.pre.instantiate(&mut store)?;
        let function = instance.get_typed_func::<(&P,), (R,)>(&mut store, name)?;
        black_box(function.call(&mut store, (argument,))?);
        Ok(())
    }
}

struct Sandboxed<'a> {
    sandbox: &'a Sandbox,
    compiled: &'a Compiled,
}

impl Sandboxed<'_> {
    fn call(&self, name: &str, arguments: &[Bytes]) -> Result<Outcome> {
        Ok(self.run(name, arguments, &Cancel::new())?.outcome)
    }

    fn run(&self, name: &str, arguments: &[Bytes], cancel: &Cancel) -> Result<Report> {
        let call = Call {
            function: self.compiled.function(name).ok_or("no such function")?,
            arguments,
            nonce: None,
            limits: TaskLimits::default(),
        };
        Ok(black_box(self.sandbox.run(self.compiled, &call, cancel)))
    }
}

/// The longest time from cancelling to the report, of a few.
fn cancelling(sandboxed: &Sandboxed<'_>) -> Result<Duration> {
    let mut worst = Duration::ZERO;
    for _ in 0..50 {
        let cancel = Cancel::new();
        let stopped = thread::scope(|scope| {
            let running = scope.spawn(|| {
                let report = sandboxed.run("spin", &[], &cancel);
                report
                    .map(|_| Instant::now())
                    .map_err(|error| error.to_string())
            });
            thread::sleep(Duration::from_millis(5));
            let start = Instant::now();
            cancel.cancel();
            let end = running.join().map_err(|_| "the task panicked")?;
            Result::Ok(end?.duration_since(start))
        })?;
        worst = worst.max(stopped);
    }
    Ok(worst)
}

fn through_executor(
    sandbox: &Sandbox,
    compiled: &Arc<Compiled>,
    threads: usize,
    count: i32,
) -> Result {
    let (sender, receiver) = mpsc::channel();
    let left = AtomicU64::new(u64::try_from(count)?);
    let executor = ThreadExecutor::new(sandbox, threads, move |_, _| {
        if left.fetch_sub(1, Ordering::Relaxed) == 1 {
            sender.send(()).ok();
        }
    })?;
    let work = Work::function(Arc::clone(compiled), "nop", Applied::Once)?;
    let jobs = (0..u64::try_from(count)?).map(|token| Job {
        token,
        work: work.clone(),
        arguments: Vec::new(),
        nonce: None,
        limits: TaskLimits::default(),
    });
    executor.submit(jobs.collect());
    Ok(receiver.recv()?)
}
