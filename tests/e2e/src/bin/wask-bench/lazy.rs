//! Lazy graphs: a large one, and a persisted collection that many queries start from.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wask::{Client, Component, Delayed, Partitions, Status, max};
use wask_e2e::{Cluster, guest};

const LEAVES: u32 = 500_000;
const GROUP: usize = 1_000;
const PARTS: u32 = 200;
/// Numbers in a part: 4 MiB.
const NUMBERS: u32 = 1 << 20;
const QUERIES: u32 = 10;

/// A million calls and a tree over them: built here, sent, run, the last value brought back.
pub(crate) async fn million(client: &Client, cluster: &Cluster) -> Result<()> {
    let nop = Component::load(guest("nop.wat"))?.function("nop")?;
    let nop = nop.returning::<u32>()?;
    let start = Instant::now();
    let calls = (0..LEAVES).map(|n| nop.delayed((nop.delayed((n,))?,)));
    let calls: Vec<Delayed<u32>> = calls.collect::<Result<_, _>>()?;
    let groups: Vec<_> = calls.chunks(GROUP).map(max).collect();
    let last = max(&groups);
    let built = start.elapsed();
    let future = client.compute(&last)?;
    client.flush().await?;
    let sent = start.elapsed();
    let value = future.await?;
    let done = start.elapsed();
    ensure!(value == LEAVES - 1);
    let tasks = 2 * LEAVES as usize + groups.len() + 1;
    println!(
        "  graph of {tasks} tasks     built {:.1} s, sent {:.1} s, gathered {:.1} s; the \
         scheduler's peak memory {} kB",
        built.as_secs_f64(),
        sent.as_secs_f64(),
        done.as_secs_f64(),
        cluster.scheduler.peak_memory() >> 10
    );
    Ok(())
}

/// 200 parts of 4 MiB on two workers, then ten queries that read all of them.
pub(crate) async fn persisted(client: &Client) -> Result<()> {
    let heavy = Component::load(guest("heavy.wat"))?;
    let (make, score) = (heavy.function("make")?, heavy.function("score")?);
    let score = score.returning::<u64>()?;
    let parts = (0..PARTS).map(|seed| make.delayed((seed, NUMBERS, 40)));
    let parts: Vec<Delayed> = parts.collect::<Result<_, _>>()?;
    let numbers = Partitions::<wask::Dynamic>::from_delayed(&parts)?;
    let query = |numbers: &Partitions, weight: u32| {
        let scores = numbers.delayed();
        let scores = scores.iter().map(|part| score.delayed((part, weight)));
        anyhow::Ok(max(scores.collect::<Result<Vec<_>, _>>()?))
    };

    let start = Instant::now();
    let from_scratch = client.compute(&query(&numbers, 1)?)?.await?;
    let scratch = start.elapsed();
    let start = Instant::now();
    let persisted = client.persist(&numbers)?;
    let returned = start.elapsed();
    client.wait(&persisted.futures().context("futures")?).await;
    let ready = start.elapsed();
    ensure!(
        persisted
            .statuses()
            .iter()
            .all(|s| *s == Some(Status::Finished))
    );
    let held = client.status().await?;
    let held: u64 = held.workers.iter().map(|worker| worker.stored_bytes).sum();
    let mut times = Vec::new();
    for weight in 1..=QUERIES {
        let start = Instant::now();
        let value = client.compute(&query(&persisted, weight)?)?.await?;
        times.push(start.elapsed());
        ensure!(
            weight > 1 || value == from_scratch,
            "persisting changed a value"
        );
    }
    let slowest = times.iter().max().copied().unwrap_or_default();
    drop(persisted);
    client.flush().await?;
    let left = free_again(client).await?;
    println!(
        "  persist {PARTS} x 4 MiB        returned {returned:.1?}, ready {ready:.1?}, holds {} MiB; \
         query from scratch {scratch:.1?}, slowest of {QUERIES} afterwards {slowest:.1?} ({:.0} x \
         faster); {left} bytes left after the last handle",
        held >> 20,
        scratch.as_secs_f64() / slowest.as_secs_f64()
    );
    Ok(())
}

/// Bytes that workers still hold, once that has stopped falling or is none.
async fn free_again(client: &Client) -> Result<u64> {
    let start = Instant::now();
    loop {
        let workers = client.status().await?.workers;
        let held = workers.iter().map(|worker| worker.stored_bytes).sum();
        if held == 0 || start.elapsed() > Duration::from_secs(10) {
            return Ok(held);
        }
    }
}
