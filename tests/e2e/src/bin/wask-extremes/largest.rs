//! One message of the greatest size of each kind.

use std::sync::Arc;

use anyhow::{Result, ensure};
use bytes::Bytes;
use wask::{Client, Component, each, max};
use wask_core::{
    Arguments, Definition, Digest, Key, TaskKind, TaskOptions, TaskSpec, TypeId, client::Batch,
};
use wask_e2e::{Cluster, Peer, calls, guest, with_peers};
use wask_rpc::{Limits, wire::session_batch_bytes};

use crate::watch::Watch;

/// Bytes of a message that leave room for its frame.
const WHOLE: usize = (16 << 20) - (64 << 10);
const INPUTS: u32 = 1_000_000;

pub(crate) fn all() -> Result<()> {
    let cluster = Cluster::start(2, 1);
    let push = |file: &str| {
        let path = guest(file);
        cluster.wask.ok(&["push", &path]);
        anyhow::Ok(Component::load(&path)?.digest())
    };
    let nop = push("nop.wat")?;
    let bytes = push("bytes.wat")?;
    for (kind, batch) in batches(nop, bytes) {
        send(&cluster, kind, &batch)?;
    }
    components(&cluster)?;
    objects(&cluster)?;
    dataset(&cluster, nop)?;
    inputs(&cluster)?;
    failures(&cluster)
}

fn keys() -> Vec<Key> {
    let count = u32::try_from(WHOLE / size_of::<Key>()).unwrap_or(0);
    let key = |n: u32| Key::of_data("default", "u32", &n.to_le_bytes());
    (0..count).map(key).collect()
}

/// Batches of clients, each about as large as a message may be.
fn batches(nop: Digest, bytes: Digest) -> Vec<(&'static str, Batch)> {
    let of = |tasks: Vec<TaskSpec>| Batch {
        tasks: tasks.into_iter().map(|task| (task, true)).collect(),
        ..Batch::default()
    };
    let one = session_batch_bytes(&of(calls(nop, "nop", 0..1000))) / 1000 + 1;
    let tasks = u32::try_from(WHOLE / one / Limits::VISITS).unwrap_or(0);
    let argument = vec![7; Limits::default().argument_bytes];
    let argument = [&[0, 0, 0x3f, 0][..], &argument[..0x3f_0000]].concat();
    let labels = (0..50).map(|n: u32| {
        let options = TaskOptions {
            label: Some(format!("{n}{}", "l".repeat(60 << 10)).into()),
            ..TaskOptions::default()
        };
        let kind = TaskKind::function(nop, "nop");
        call(
            Definition::new("default", kind, options),
            n.to_le_bytes().to_vec(),
        )
    });
    vec![
        (
            "keys let go of",
            Batch {
                released: keys(),
                ..Batch::default()
            },
        ),
        (
            "keys wanted",
            Batch {
                wanted: keys(),
                ..Batch::default()
            },
        ),
        (
            "keys detached",
            Batch {
                detached: keys(),
                ..Batch::default()
            },
        ),
        (
            "keys cancelled",
            Batch {
                cancelled: keys(),
                ..Batch::default()
            },
        ),
        ("tasks", of(calls(nop, "nop", 0..tasks))),
        ("labels", of(labels.collect())),
        (
            "an argument",
            of(vec![call(
                Definition::new(
                    "default",
                    TaskKind::function(bytes, "id"),
                    TaskOptions::default(),
                ),
                argument,
            )]),
        ),
    ]
}

fn call(definition: Definition, bytes: Vec<u8>) -> TaskSpec {
    let arguments = Arguments {
        bytes: bytes.into(),
        ..Arguments::default()
    };
    TaskSpec::new(
        Arc::new(definition),
        arguments,
        Box::default(),
        0,
        TypeId(0),
    )
}

/// Sends a batch as one message, and waits until it has been taken in and its tasks are done.
fn send(cluster: &Cluster, kind: &str, batch: &Batch) -> Result<()> {
    let watch = Watch::start(&cluster.address);
    with_peers(async {
        let peer = Peer::login(&cluster.address, None).await?;
        peer.push(batch).await;
        peer.commands.sync_request().send().promise.await?;
        peer.wait_for(batch.tasks.len()).await;
        anyhow::Ok(())
    })?;
    let (bytes, seen) = (session_batch_bytes(batch), watch.stop()?);
    println!("{bytes:9} bytes of {kind:20} {seen}");
    Ok(())
}

/// One with much data, and one with very many functions, which are called so that workers load them.
fn components(cluster: &Cluster) -> Result<()> {
    let nop = |rest: &str| {
        format!(
            r#"(component
                (core module $m {rest}
                    (func (export "nop") (param i32) (result i32) local.get 0))
                (core instance $i (instantiate $m))
                (func (export "nop") (param "x" u32) (result u32) (canon lift (core func $i "nop"))))"#
        )
    };
    let data = format!(
        r#"(memory 1024) (data (i32.const 0) "{}")"#,
        "x".repeat(60 << 20)
    );
    let functions = "(func (param i32) (result i32) local.get 0)".repeat(50_000);
    for (kind, rest) in [("data", data), ("functions", functions)] {
        let component = wat::parse_str(nop(&rest))?;
        let bytes = component.len();
        let watch = Watch::start(&cluster.address);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let result: u32 = runtime.block_on(async {
            let client = Client::connect(&*cluster.address).await?;
            let nop = client.upload(component).await?.function("nop")?;
            anyhow::Ok(client.submit(&nop, (7_u32,))?.result().await?)
        })?;
        ensure!(result == 7);
        println!(
            "{bytes:9} bytes of a component in {kind:10} {}",
            watch.stop()?
        );
    }
    Ok(())
}

/// Very many small values in one call, and one large value.
fn objects(cluster: &Cluster) -> Result<()> {
    let watch = Watch::start(&cluster.address);
    with_peers(async {
        let peer = Peer::login(&cluster.address, None).await?;
        let value = |n: u32| {
            let bytes = Bytes::copy_from_slice(&n.to_le_bytes());
            (Key::of_data("default", "u32", &bytes), bytes)
        };
        let values: Vec<_> = (0..75_000).map(value).collect();
        peer.scatter_all("u32", values).await?;
        anyhow::Ok(())
    })?;
    println!("    75000 values in one scatter         {}", watch.stop()?);
    let watch = Watch::start(&cluster.address);
    with_peers(async {
        let peer = Peer::login(&cluster.address, None).await?;
        let text = vec![b'x'; 1 << 29];
        let length = u32::try_from(text.len())?.to_le_bytes().to_vec();
        peer.scatter("string", [length, text].concat().into())
            .await?;
        anyhow::Ok(())
    })?;
    println!("  512 MiB in one value                  {}", watch.stop()?);
    Ok(())
}

/// A dataset of as many keys as fit one message, asked for again.
fn dataset(cluster: &Cluster, nop: Digest) -> Result<()> {
    let tasks = calls(nop, "nop", 2_000_000..2_200_000);
    with_peers(async {
        let peer = Peer::login(&cluster.address, None).await?;
        peer.submit(&tasks, 2000).await;
        peer.wait_for(tasks.len()).await;
        let watch = Watch::start(&cluster.address);
        let keys: Vec<u8> = tasks.iter().flat_map(|task| task.key.0).collect();
        let mut request = peer.session.publish_request();
        request.get().set_name("large");
        request.get().set_keys(&keys);
        request.get().set_type("u32");
        request.send().promise.await?;
        let mut request = peer.session.dataset_request();
        request.get().set_name("large");
        request.send().promise.await?;
        println!(
            "{:9} keys in a dataset               {}",
            tasks.len(),
            watch.stop()?
        );
        let mut request = peer.session.unpublish_request();
        request.get().set_name("large");
        request.send().promise.await?;
        anyhow::Ok(())
    })
}

/// One task of a million inputs, which goes in parts.
fn inputs(cluster: &Cluster) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let client = Client::connect(&*cluster.address).await?;
        let nop = Component::load(guest("nop.wat"))?.function("nop")?;
        let nop = nop.returning::<u32>()?;
        let futures = client.map(&nop, (each(0..INPUTS),))?;
        client.wait(&futures).await;
        let watch = Watch::start(&cluster.address);
        let greatest = client.compute(&max(&futures))?.await?;
        ensure!(greatest == INPUTS - 1, "{greatest}");
        println!("{INPUTS:9} inputs of one task            {}", watch.stop()?);
        Ok(())
    })
}

/// Failures with as much to say as there may be.
fn failures(cluster: &Cluster) -> Result<()> {
    let watch = Watch::start(&cluster.address);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let failed = runtime.block_on(async {
        let client = Client::connect(&*cluster.address).await?;
        let hostile = client.upload(guest("hostile.wasm")).await?;
        let messages = (0..200).map(|n| format!("{n}{}", "m".repeat(1 << 20)));
        let panics = client.map(&hostile.function("panic-now")?, (each(messages),))?;
        let results = client.gather_results::<wask::Dynamic, u32>(&panics).await?;
        anyhow::Ok(results.iter().filter(|result| result.is_err()).count())
    })?;
    ensure!(failed == 200, "{failed} of 200 failed");
    println!("  200 MiB of what panics say            {}", watch.stop()?);
    Ok(())
}
