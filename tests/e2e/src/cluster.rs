//! Clusters of real processes.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ExitStatus},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::Wask;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process, ended when this drops.
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Process {
    /// Starts a `wask` command that goes on running.
    pub fn start(wask: &Wask, arguments: &[&str]) -> Self {
        let mut command = wask.command(arguments);
        let mut child = command
            .env("RUST_LOG", "info")
            .env("NO_COLOR", "1")
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self {
            child,
            lines,
            seen: Vec::new(),
        }
    }

    /// Waits for a line of its log that holds `text`.
    ///
    /// # Panics
    ///
    /// Where the process ends first, or says nothing of the kind for a minute.
    pub fn wait_for(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no `{text}`: {:#?}", self.seen),
                Err(RecvTimeoutError::Disconnected) => panic!("ended: {:#?}", self.seen),
            }
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Waits until it has ended by itself.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// The most memory that it has had, in bytes; as Linux tells it, `VmHWM`.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap().trim().trim_end_matches("kB").trim();
        kib.parse::<u64>().unwrap() << 10
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A stopped process must go on to be ended; one that has ended needs neither.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A scheduler and workers over TCP, and a `wask` that finds them.
pub struct Cluster {
    /// Commands on this cluster.
    pub wask: Wask,
    /// Where its scheduler listens.
    pub address: String,
    /// The workers, by number.
    pub workers: Vec<Process>,
    /// The scheduler.
    pub scheduler: Process,
}

impl Cluster {
    /// Starts a scheduler and as many workers, each with `slots`.
    pub fn start(workers: usize, slots: u32) -> Self {
        let mut cluster = Self::start_with(&[]);
        for _ in 0..workers {
            cluster.add_worker(slots);
        }
        cluster
    }

    /// Starts a scheduler that lets in who shows a token, and no worker. Commands have both tokens.
    pub fn start_with_tokens(clients: &str, workers: &str) -> Self {
        Self::start_in(Wask::with_tokens(clients, workers), &[])
    }

    /// Starts a scheduler with these further arguments, and no worker.
    pub fn start_with(further: &[&str]) -> Self {
        Self::start_in(Wask::new(), further)
    }

    fn start_in(mut wask: Wask, further: &[&str]) -> Self {
        let arguments = [&["scheduler", "--listen", "tcp://127.0.0.1:0"], further].concat();
        let mut scheduler = Process::start(&wask, &arguments);
        let line = scheduler.wait_for("tcp://127.0.0.1:");
        let address = line.split_whitespace().find_map(|word| {
            let from = word.find("tcp://")?;
            Some(
                word[from..]
                    .trim_end_matches(|c: char| !c.is_ascii_digit())
                    .to_owned(),
            )
        });
        let address = address.unwrap();
        wask.environment
            .push(("WASK_SCHEDULER".into(), address.clone()));
        Self {
            wask,
            address,
            workers: Vec::new(),
            scheduler,
        }
    }

    /// Starts another worker, and waits until it has joined.
    pub fn add_worker(&mut self, slots: u32) {
        let name = format!("w{}", self.workers.len());
        let slots = slots.to_string();
        let arguments = ["worker", &self.address, "--name", &name, "--slots", &slots];
        self.workers.push(Process::start(&self.wask, &arguments));
        self.scheduler.wait_for("worker joined");
    }

    /// What `wask status --json` says.
    pub fn status(&self) -> Value {
        serde_json::from_str(&self.wask.ok(&["status", "--json"])).unwrap()
    }

    /// Asks for the status until `done` says so.
    ///
    /// # Panics
    ///
    /// Where it never does.
    pub fn wait_until(&self, done: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status();
            if done(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "still {status:#}");
        }
    }
}
