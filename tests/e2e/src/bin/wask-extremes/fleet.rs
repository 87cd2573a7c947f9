//! Many workers that join at once, with strangers at every port.
//!
//! The workers are threads of two processes, and so are the strangers: a process may have 20,000
//! open files on many systems, and each stranger is two.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    ops::Range,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use wask::{Client, each};
use wask_e2e::{Cluster, Peer, guest, with_peers};
use wask_rpc::Limits;
use wask_sandbox::Sandbox;
use wask_worker::{Config, Worker};

use crate::watch::Watch;

const WORKERS: u32 = 300;
const PROCESSES: u32 = 2;
const STRANGERS: usize = 100;
const TASKS: u32 = 10_000;
/// How long a stranger waits between two bytes.
const TRICKLE: Duration = Duration::from_secs(1);

/// A process of this program, ended when it drops.
struct Helper(Child);

impl Helper {
    fn start(arguments: &[String]) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(arguments).stdout(Stdio::piped());
        Ok(Self(command.spawn()?))
    }

    /// Waits until it says something.
    fn wait(&mut self) -> Result<String> {
        let out = self.0.stdout.as_mut().context("what it says")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn all() -> Result<()> {
    let cluster = Cluster::start_with(&[]);
    let address = &cluster.address;
    let strangers = |addresses: &[String]| {
        let arguments = ["strangers".to_owned(), STRANGERS.to_string()];
        Helper::start(&[&arguments[..], addresses].concat())
    };
    let mut helpers = vec![strangers(std::slice::from_ref(address))?];
    let start = Instant::now();
    let share = WORKERS / PROCESSES;
    for number in 0..PROCESSES {
        let range = number * share..(number + 1) * share;
        let [from, to] = [range.start, range.end].map(|number| number.to_string());
        helpers.push(Helper::start(&[
            "workers".into(),
            address.clone(),
            from,
            to,
        ])?);
    }
    let ports = with_peers(async {
        let peer = Peer::login(address, None).await?;
        let all_there =
            |status: &wask_rpc::wire::ClusterStatus| status.workers.len() == WORKERS as usize;
        let workers = peer.wait_until(all_there).await.workers;
        let addresses = workers.into_iter().map(|worker| worker.address);
        anyhow::Ok(addresses.collect::<Vec<_>>())
    })?;
    println!(
        "{WORKERS} workers joined in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    for ports in ports.chunks(share as usize) {
        helpers.push(strangers(ports)?);
    }
    for helper in helpers.iter_mut().rev().take(PROCESSES as usize) {
        print!("{}", helper.wait()?);
    }
    map(address, 0)?;
    // Meanwhile the time of all strangers is over, and others come.
    thread::sleep(Limits::default().admission * 3 / 2);
    map(address, TASKS)?;
    for helper in &mut helpers {
        ensure!(helper.0.try_wait()?.is_none(), "a helper has ended");
    }
    let status = cluster.status();
    let workers = status["workers"].as_array().context("workers")?.len();
    ensure!(workers == WORKERS as usize, "{workers} workers are left");
    Ok(())
}

/// A map of all workers, with signs of life measured.
fn map(address: &str, from: u32) -> Result<()> {
    let watch = Watch::start(address);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let sum: u64 = runtime.block_on(async {
        let client = Client::connect(address).await?;
        let component = client.upload(guest("nop.wat")).await?;
        let nop = component.function("nop")?;
        let futures = client.map(&nop, (each(from..from + TASKS),))?;
        let results: Vec<u32> = client.gather(&futures).await?;
        anyhow::Ok(results.into_iter().map(u64::from).sum())
    })?;
    ensure!(
        sum == (from..from + TASKS).map(u64::from).sum::<u64>(),
        "{sum}"
    );
    println!("{TASKS} tasks on {WORKERS} workers: {}", watch.look());
    Ok(())
}

/// Workers on threads of this process, which join at the same time and go on until it is ended.
pub(crate) fn workers(scheduler: &str, numbers: Range<u32>) -> Result<()> {
    let sandbox = Sandbox::new(wask_sandbox::Config {
        slots: numbers.len(),
        ..wask_sandbox::Config::default()
    })?;
    let scheduler: wask_rpc::Address = scheduler.parse()?;
    let join = |number: u32| {
        let config = Config {
            name: format!("w{number}"),
            slots: 1,
            memory_limit: 16 << 20,
            sandbox: Some(sandbox.clone()),
            connect_timeout: Duration::from_secs(60),
            ..Config::new(scheduler.clone())
        };
        thread::spawn(move || Worker::start(config).and_then(wask_worker::WorkerHandle::join))
    };
    let threads: Vec<_> = numbers.map(join).collect();
    for thread in threads {
        thread.join().expect("no panic")?;
    }
    Ok(())
}

/// So many connections to each address, which say a byte each now and then, for ever. Those that
/// are closed come again.
pub(crate) fn strangers(count: usize, addresses: &[&str]) -> Result<()> {
    let places = addresses.iter().flat_map(|address| {
        let place = address.strip_prefix("tcp://").unwrap_or(address);
        std::iter::repeat_n(place, count)
    });
    let mut strangers: Vec<(&str, Option<TcpStream>)> = places.map(|place| (place, None)).collect();
    let mut is_first = true;
    loop {
        let start = Instant::now();
        for (place, stream) in &mut strangers {
            let says = stream
                .as_mut()
                .is_some_and(|stream| stream.write_all(&[0]).is_ok());
            if !says {
                *stream = TcpStream::connect(&**place).ok();
            }
        }
        if std::mem::take(&mut is_first) {
            let there = strangers.iter().filter(|(_, stream)| stream.is_some());
            println!("{} strangers at {} ports", there.count(), addresses.len());
        }
        thread::sleep(TRICKLE.saturating_sub(start.elapsed()));
    }
}
