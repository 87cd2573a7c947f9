//! What a real client and a real worker say to their scheduler, word by word.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    task::{LocalSet, spawn_local},
};
use wask_client::Client;
use wask_rpc::{Address, Limits, Listener, connect};
use wask_scheduler::Scheduler;

use crate::Seeds;

type Record = Arc<Mutex<Vec<u8>>>;

pub(super) fn write(seeds: &Seeds, repository: &Path) -> anyhow::Result<()> {
    let nop = fs::read(repository.join("tests/guests/wat/nop.wat"))?;
    let address = Address::InProcess("scheduler".into());
    let folder = tempfile::tempdir()?;
    let records = ["scheduler", "worker"].map(|name| folder.path().join(name));
    let scheduler = Scheduler::start(wask_scheduler::Config {
        record: Some(records[0].clone()),
        ..wask_scheduler::Config::new(address)
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (client, worker) = LocalSet::new().block_on(&runtime, async {
        let (worker_door, worker) = tap("worker", scheduler.address()).await?;
        let (client_door, client) = tap("client", scheduler.address()).await?;
        let record = Some(records[1].clone());
        let joined = tokio::task::spawn_blocking(|| {
            wask_worker::Worker::start(wask_worker::Config {
                // The default would tell of this machine.
                name: "seed".into(),
                slots: 1,
                record,
                memory_limit: 64 << 20,
                ..wask_worker::Config::new(worker_door)
            })
        });
        let joined = joined.await??;
        talk(&client_door, nop).await?;
        joined.shutdown();
        anyhow::Ok((taken(&client), taken(&worker)))
    })?;
    drop(scheduler);
    for (name, record) in ["scheduler", "worker"].into_iter().zip(records) {
        seeds.add("record", name, fs::read(record)?)?;
    }
    seeds.add("gateway", "client", client)?;
    seeds.add("gateway", "worker", worker)
}

/// What a client does in its life.
async fn talk(door: &Address, nop: Vec<u8>) -> anyhow::Result<()> {
    let client = Client::connect(door.to_string()).await?;
    let component = client.upload_as("nop", nop).await?;
    let mut functions = component.functions();
    let function = functions.next().context("a component with a function")?;
    let future = client.submit(&function, (1,))?;
    client.wait([&future]).await;
    let value = client.scatter(&7u32).await?;
    client.publish("seven", [&value]).await?;
    let dataset = client.dataset("seven").await?;
    let _: Vec<u32> = client.gather(&dataset.futures).await?;
    client.datasets().await?;
    client.components().await?;
    client.status().await?;
    client.who_has([&value]).await?;
    client.unpublish("seven").await?;
    client.cancel([&future]);
    client.fire_and_forget([&value]);
    drop(value);
    client.flush().await?;
    client.close().await;
    Ok(())
}

/// A door before the scheduler's, that keeps what is said there.
async fn tap(name: &str, scheduler: &Address) -> anyhow::Result<(Address, Record)> {
    let listener = Listener::bind(&Address::InProcess(name.into())).await?;
    let (door, record) = (listener.address().clone(), Record::default());
    let (scheduler, kept) = (scheduler.clone(), record.clone());
    spawn_local(async move {
        let near = listener.accept().await?;
        let far = connect(&scheduler, &Limits::default()).await?;
        let (near_reads, near_writes) = tokio::io::split(near);
        let (far_reads, far_writes) = tokio::io::split(far);
        tokio::join!(
            pass(near_reads, far_writes, Some(kept)),
            pass(far_reads, near_writes, None),
        );
        anyhow::Ok(())
    });
    Ok((door, record))
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    record: Option<Record>,
) {
    let mut piece = vec![0; 4096];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if let Some(record) = &record {
            let mut kept = record.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(&piece[..length]);
        }
        if to.write_all(&piece[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

fn taken(record: &Record) -> Vec<u8> {
    record
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}
