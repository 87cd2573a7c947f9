//! What a cluster of processes costs beside the bare engine: `make bench`.
//!
//! The engine's loop runs first, from an example of `wask-sandbox`; then client, scheduler and
//! worker as three processes over TCP. Absolute figures belong to one machine, ratios travel.
//!
//! All parts run, or the one that is named: `wask-bench chain`; the parts are `bare`, `map`,
//! `latency`, `chain`, `graph` and `persist`.
#![expect(clippy::print_stdout, reason = "the program's purpose")]

mod lazy;

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use wask::{Client, Future, each};
use wask_e2e::{Cluster, guest};

const TASKS: u32 = 100_000;
const ROUND_TRIPS: u32 = 2_000;
const LINKS: u32 = 1_000;
const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let part = std::env::args().nth(1);
    let wanted = |name: &str| part.as_deref().is_none_or(|part| part == name);
    if wanted("bare") {
        bare_loop()?;
    }
    let slots = std::thread::available_parallelism()?.get();
    println!("client, scheduler and one worker with {slots} slots, three processes over TCP");
    let cluster = Cluster::start(1, u32::try_from(slots)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = Client::connect(&*cluster.address).await?;
        if wanted("map") {
            map_and_gather(&client).await?;
        }
        if wanted("latency") {
            submit_and_result(&client).await?;
        }
        if wanted("chain") {
            chain(&client).await?;
        }
        if wanted("graph") {
            lazy::million(&client, &cluster).await?;
        }
        anyhow::Ok(())
    })?;
    drop(cluster);
    if !wanted("persist") {
        return Ok(());
    }
    println!("two workers with 1 slot each");
    let cluster = Cluster::start(2, 1);
    runtime.block_on(async {
        let client = Client::connect(&*cluster.address).await?;
        lazy::persisted(&client).await
    })
}

fn bare_loop() -> Result<()> {
    let mut program = std::env::current_exe()?;
    program.set_file_name("examples/bare_loop");
    let status = Command::new(&program).status();
    let status = status.with_context(|| format!("{}: run `make bench`", program.display()))?;
    ensure!(status.success(), "bare_loop failed");
    Ok(())
}

/// No-op tasks, all different, as one map.
async fn map_and_gather(client: &Client) -> Result<()> {
    let component = client.upload(guest("nop.wat")).await?;
    let nop = component.function("nop")?;
    for round in 0..ROUNDS {
        // Other items in each round: equal tasks would share their results.
        let from = u32::try_from(round)? * TASKS;
        let start = Instant::now();
        let futures = client.map(&nop, (each(from..from + TASKS),))?;
        let results: Vec<u32> = client.gather(&futures).await?;
        let time = start.elapsed();
        ensure!(results.len() == TASKS as usize);
        println!(
            "  map and gather {TASKS} no-ops  {:>9.0} tasks/s",
            per_second(TASKS, time)
        );
    }
    Ok(())
}

/// One task at a time, there and back.
async fn submit_and_result(client: &Client) -> Result<()> {
    let component = client.upload(guest("nop.wat")).await?;
    let nop = component.function("nop")?;
    let mut times = Vec::new();
    for n in 0..ROUND_TRIPS {
        let start = Instant::now();
        let _: u32 = client.submit(&nop, (u32::MAX - n,))?.result().await?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |percent: usize| times[times.len() * percent / 100];
    println!(
        "  submit to result          p50 {:?}, p99 {:?}",
        at(50),
        at(99)
    );
    Ok(())
}

/// Tasks of which each needs the one before.
async fn chain(client: &Client) -> Result<()> {
    let component = client.upload(guest("nop.wat")).await?;
    let nop = component.function("nop")?;
    let start = Instant::now();
    let mut last: Future = client.submit(&nop, (3_000_000_000_u32,))?;
    for _ in 1..LINKS {
        last = client.submit(&nop, (&last,))?;
    }
    let _: u32 = last.result().await?;
    let time = start.elapsed();
    println!(
        "  chain of {LINKS}             {:>9.0} links/s",
        per_second(LINKS, time)
    );
    Ok(())
}

fn per_second(count: u32, time: Duration) -> f64 {
    f64::from(count) / time.as_secs_f64()
}
