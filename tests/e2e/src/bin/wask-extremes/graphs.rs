//! Very many tasks, on very many inputs.

use anyhow::{Result, ensure};
use wask::{Client, Component, Delayed, max};
use wask_e2e::{Cluster, Peer, calls, guest, with_peers};

use crate::watch::Watch;

const SHARING: u32 = 20_000;
const SHARED: u32 = 500;
const HELD: u32 = 1_000_000;

/// 20,000 tasks, of which each needs the same 500 results and one of its own.
pub(crate) fn shared() -> Result<()> {
    let cluster = Cluster::start(2, 1);
    let watch = Watch::start(&cluster.address);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let greatest = runtime.block_on(async {
        let client = Client::connect(&*cluster.address).await?;
        let nop = Component::load(guest("nop.wat"))?.function("nop")?;
        let nop = nop.returning::<u32>()?;
        let delayed = |numbers: std::ops::Range<u32>| {
            let numbers = numbers.map(|n| nop.delayed((n,)));
            numbers.collect::<Result<Vec<Delayed<u32>>, _>>()
        };
        let inputs = delayed(0..SHARED)?;
        let own = delayed(SHARED..SHARED + SHARING)?;
        let tasks: Vec<_> = own
            .iter()
            .map(|own| max(inputs.iter().chain([own])))
            .collect();
        anyhow::Ok(client.compute(&max(&tasks))?.await?)
    })?;
    ensure!(greatest == SHARED + SHARING - 1, "{greatest}");
    let seen = watch.stop()?;
    println!("{SHARING} tasks on {SHARED} shared inputs: {seen}");
    Ok(())
}

/// A client that is gone, and held a million results.
pub(crate) fn leave() -> Result<()> {
    let cluster = Cluster::start(1, 2);
    let path = guest("nop.wat");
    cluster.wask.ok(&["push", &path, "--as", "nop"]);
    let nop = Component::load(&path)?.digest();
    let tasks = calls(nop, "nop", 0..HELD);
    with_peers(async {
        let leaver = Peer::login(&cluster.address, None).await?;
        leaver.submit(&tasks, 2000).await;
        leaver.wait_for(tasks.len()).await;
        let watch = Watch::start(&cluster.address);
        let other = Peer::login(&cluster.address, None).await?;
        drop(leaver);
        let is_free = |status: &wask_rpc::wire::ClusterStatus| {
            status.tasks.memory == 0 && status.workers.iter().all(|worker| worker.stored_keys == 0)
        };
        let status = other.wait_until(is_free).await;
        ensure!(status.workers.len() == 1, "the worker is lost");
        println!(
            "a client leaves that holds {HELD} results: {}",
            watch.stop()?
        );
        Ok(())
    })
}
