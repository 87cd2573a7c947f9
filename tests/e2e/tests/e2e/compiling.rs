//! Components that take a compiler long, or more than it may have.

use std::{
    fmt::Write,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use wask_e2e::{Cluster, Wask, guest};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "still not: {what}");
        std::thread::yield_now();
    }
}

/// A component whose only function takes a compiler minutes, and gigabytes.
fn endless() -> String {
    let mut body = String::new();
    for n in 0..200_000 {
        let (to, from) = (n * 7 % 50, n * 11 % 50);
        // A string takes all that is written.
        let _ = write!(
            body,
            "(if (local.get {from}) (then (local.set {to} (i32.add (local.get {from}) \
             (i32.load (local.get {to}))))))"
        );
    }
    let locals = "i32 ".repeat(50);
    format!(
        r#"(component (core module $m (memory 1)
             (func (export "f") (result i32) (local {locals}) {body} (local.get 0)))
           (core instance $i (instantiate $m))
           (func (export "f") (result u32) (canon lift (core func $i "f")))
           (func (export "g") (result u32) (canon lift (core func $i "f"))))"#
    )
}

/// A component of 2 KB that stands for 16 million: each component in it has two of the next one.
fn manifold() -> String {
    let mut inner =
        "(component $c0 (core module $m (func)) (core instance (instantiate $m)))".to_owned();
    for level in 1..24 {
        let below = format!("(instance (instantiate $c{}))", level - 1);
        inner = format!("(component $c{level} {inner} {below} {below})");
    }
    format!(
        r#"(component {inner} (instance (instantiate $c23))
           (core module $m (func (export "f") (result i32) (i32.const 1)))
           (core instance $i (instantiate $m))
           (func (export "f") (result u32) (canon lift (core func $i "f"))))"#
    )
}

/// The compilers that run with this home.
fn compilers(home: &Path) -> usize {
    let home = format!("HOME={}\0", home.display());
    let entries = fs::read_dir("/proc").unwrap().map_while(Result::ok);
    let ours = entries.filter(|entry| {
        let read = |name: &str| fs::read(entry.path().join(name)).unwrap_or_default();
        let holds = |bytes: Vec<u8>, text: &str| String::from_utf8_lossy(&bytes).contains(text);
        holds(read("cmdline"), "compile-child") && holds(read("environ"), &home)
    });
    ours.count()
}

/// Files of compilations that did not come to their end, anywhere below a folder.
fn unfinished(folder: &Path) -> usize {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .map_while(Result::ok);
    entries
        .map(|entry| match entry.path().is_dir() {
            true => unfinished(&entry.path()),
            false => usize::from(entry.file_name().to_string_lossy().contains("unfinished")),
        })
        .sum()
}

fn assert_nothing_left(wask: &Wask) {
    wait_until("no compiler runs", || compilers(wask.home()) == 0);
    assert_eq!(unfinished(wask.home()), 0);
}

/// A cluster of one worker with one slot that was started with such a variable.
fn cluster(variable: &str, value: &str) -> Cluster {
    let mut cluster = Cluster::start(0, 1);
    let environment = &mut cluster.wask.environment;
    environment.push((variable.to_owned(), value.to_owned()));
    cluster.add_worker(1);
    cluster
}

#[test]
fn a_worker_goes_on_while_a_component_is_compiled_in_vain() {
    let cluster = cluster("WASK_COMPILE_TIMEOUT", "5s");
    let wask = &cluster.wask;
    let endless = wask.write("endless.wat", endless());
    wask.ok(&["submit", &endless, "f()", "--as", "a"]);
    wait_until("compiling", || compilers(wask.home()) == 1);
    let arith = guest("arith.wasm");
    assert_eq!(wask.ok(&["map", &arith, "double", "21"]), "42");
    let told = wask.fails(1, &["result", "@a"]);
    assert!(told.contains("longer than 5s"), "{told}");
    assert_nothing_left(wask);
    // It is not tried again at once, and the worker lives.
    wask.ok(&["submit", &endless, "g()", "--as", "b"]);
    let told = wask.fails(1, &["result", "@b"]);
    assert!(told.contains("longer than 5s"), "{told}");
    assert_eq!(wask.ok(&["map", &arith, "double", "4"]), "8");
    assert_eq!(cluster.status()["tasks"]["total_workers_lost"], 0);
}

#[test]
fn a_component_that_nobody_wants_any_more_is_not_compiled() {
    let cluster = cluster("WASK_COMPILE_TIMEOUT", "10m");
    let wask = &cluster.wask;
    let endless = wask.write("endless.wat", endless());
    wask.ok(&["submit", &endless, "f()", "--as", "x"]);
    wait_until("compiling", || compilers(wask.home()) == 1);
    // Who compiles needs no slot.
    let arith = guest("arith.wasm");
    assert_eq!(wask.ok(&["map", &arith, "double", "21"]), "42");
    assert_eq!(compilers(wask.home()), 1);
    wask.ok(&["release", "@x"]);
    assert_nothing_left(wask);
    assert_eq!(wask.ok(&["map", &arith, "double", "4"]), "8");
}

#[test]
fn compiling_takes_no_more_memory_than_it_may() {
    let cluster = cluster("WASK_COMPILE_MEMORY", "200MiB");
    let wask = &cluster.wask;
    for (name, component) in [("long", endless()), ("manifold", manifold())] {
        let component = wask.write(&format!("{name}.wat"), component);
        wask.ok(&["submit", &component, "f()", "--as", name]);
        let told = wask.fails(1, &["result", &format!("@{name}")]);
        assert!(told.contains("more memory than 200 MiB"), "{told}");
        assert_nothing_left(wask);
    }
    let arith = guest("arith.wasm");
    assert_eq!(wask.ok(&["map", &arith, "double", "21"]), "42");
}
