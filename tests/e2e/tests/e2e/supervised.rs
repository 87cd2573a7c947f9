//! A cluster of `wask up` heals itself, and leaves nothing behind.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use wask_e2e::{Process, Wask, guest};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "still not: {what}");
        std::thread::yield_now();
    }
}

/// What `wask up` has started.
struct Up<'a>(&'a Wask);

impl<'a> Up<'a> {
    fn start(wask: &'a Wask, workers: &str) -> Self {
        wask.ok(&["up", "--workers", workers, "--slots", "1"]);
        Self(wask)
    }

    /// The file that says so.
    fn file(&self) -> Value {
        let text = fs::read(self.0.home().join("wask/up.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn pid(&self, pointer: &str) -> i32 {
        let file = self.file();
        let pid = file.pointer(pointer).and_then(Value::as_i64);
        i32::try_from(pid.unwrap()).unwrap()
    }

    /// Ends a process, and waits until another has its place.
    fn kill_and_wait(&self, pointer: &str) {
        let pid = self.pid(pointer);
        kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        wait_until("started again", || self.pid(pointer) != pid);
    }

    fn workers(&self) -> usize {
        let output = self.0.run(&["status", "--json"]);
        let status: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
        status["workers"].as_array().map_or(0, Vec::len)
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.0.run(&["down"]);
    }
}

/// The processes that run with this home.
fn processes(home: &Path) -> Vec<String> {
    let home = format!("HOME={}\0", home.display());
    let entries = fs::read_dir("/proc").unwrap().map_while(Result::ok);
    let is_ours = |folder: &Path| {
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        String::from_utf8_lossy(&environment).contains(&home)
    };
    let ours = entries
        .map(|entry| entry.path())
        .filter(|path| is_ours(path));
    let command = |path: std::path::PathBuf| {
        let command = fs::read(path.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&command).replace('\0', " ")
    };
    ours.map(command)
        .filter(|command| !command.is_empty())
        .collect()
}

/// What is left in the runtime folder, but for the lock that is always there.
fn left_over(wask: &Wask) -> Vec<String> {
    let entries = fs::read_dir(wask.home().join("wask")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "lock").collect()
}

#[test]
fn what_dies_is_started_again() {
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    let up = Up::start(&wask, "2");
    let address = up.file()["address"].clone();
    up.kill_and_wait("/workers/0/pid");
    wait_until("two workers", || up.workers() == 2);
    let workers = ["/workers/0/pid", "/workers/1/pid"];
    let pids = workers.map(|worker| up.pid(worker));
    // Who asks right then waits until it is there again.
    kill(Pid::from_raw(up.pid("/scheduler/pid")), Signal::SIGKILL).unwrap();
    wask.ok(&["status"]);
    wait_until("two workers of the new scheduler", || up.workers() == 2);
    assert_eq!(up.file()["address"], address);
    assert_eq!(workers.map(|worker| up.pid(worker)), pids, "they came back");
    assert_eq!(wask.ok(&["map", &arith, "double", "1", "2"]), "2\n4");
    wask.ok(&["down"]);
    assert_eq!(processes(wask.home()), [""; 0]);
    assert_eq!(left_over(&wask), [""; 0]);
}

#[test]
fn a_worker_that_was_stopped_is_back_with_what_it_holds() {
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    let up = Up::start(&wask, "1");
    wask.ok(&["submit", &arith, "double(21)", "--as", "x"]);
    assert_eq!(wask.ok(&["result", "@x"]), "42");
    let pid = up.pid("/workers/0/pid");
    kill(Pid::from_raw(pid), Signal::SIGSTOP).unwrap();
    wait_until("given up", || up.workers() == 0);
    kill(Pid::from_raw(pid), Signal::SIGCONT).unwrap();
    wait_until("back", || up.workers() == 1);
    assert_eq!(up.pid("/workers/0/pid"), pid);
    assert_eq!(wask.ok(&["result", "@x"]), "42");
    let status: Value = serde_json::from_str(&wask.ok(&["status", "--json"])).unwrap();
    assert_eq!(status["tasks"]["total_finished"], 1, "{status}");
}

#[test]
fn a_cluster_that_stood_still_is_whole_again() {
    let wask = Wask::new();
    let arith = guest("arith.wasm");
    let up = Up::start(&wask, "2");
    wask.ok(&["submit", &arith, "double(21)", "--as", "x"]);
    assert_eq!(wask.ok(&["result", "@x"]), "42");
    let all = ["/scheduler/pid", "/workers/0/pid", "/workers/1/pid"];
    let pids = all.map(|process| Pid::from_raw(up.pid(process)));
    for pid in pids {
        kill(pid, Signal::SIGSTOP).unwrap();
    }
    // Longer than silence may last.
    let end = Instant::now() + Duration::from_secs(4);
    wait_until("time has passed", || Instant::now() >= end);
    for pid in pids {
        kill(pid, Signal::SIGCONT).unwrap();
    }
    wait_until("two workers", || up.workers() == 2);
    assert_eq!(wask.ok(&["result", "@x"]), "42");
    let status: Value = serde_json::from_str(&wask.ok(&["status", "--json"])).unwrap();
    assert_eq!(status["tasks"]["total_finished"], 1, "{status}");
}

#[test]
fn a_tcp_port_stays_the_same() {
    let wask = Wask::new();
    wask.ok(&["up", "--listen", "tcp://127.0.0.1:0"]);
    let up = Up(&wask);
    let address = up.file()["address"].clone();
    up.kill_and_wait("/scheduler/pid");
    wait_until("a worker", || up.workers() == 1);
    assert_eq!(up.file()["address"], address);
}

#[test]
fn nothing_outlives_the_supervisor() {
    let wask = Wask::new();
    let up = Up::start(&wask, "2");
    kill(Pid::from_raw(up.pid("/supervisor/pid")), Signal::SIGKILL).unwrap();
    wait_until("all ended", || processes(wask.home()).is_empty());
    let said = wask.run(&["up"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.stderr.contains("replaced"), "{said:?}");
}

#[test]
fn an_up_that_is_killed_half_way_leaves_nothing() {
    let wask = Wask::new();
    for signal in [Signal::SIGHUP, Signal::SIGKILL, Signal::SIGTERM] {
        let up = Process::start(&wask, &["up", "--workers", "2"]);
        wait_until("a scheduler", || {
            let all = processes(wask.home());
            all.iter().any(|command| command.contains(" scheduler "))
        });
        up.signal(signal);
        drop(up);
        wait_until("all ended", || processes(wask.home()).is_empty());
    }
    assert_eq!(wask.ok(&["down"]), "nothing is up");
    drop(Up::start(&wask, "1"));
    assert_eq!(processes(wask.home()), [""; 0]);
}
