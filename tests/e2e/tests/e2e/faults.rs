//! Small inputs that broke a cluster once, each a test by its name. Whatever is done to it, a cluster
//! loses no worker, nobody waits for ever, and the next task runs. `make extremes` measures how late
//! signs of life come meanwhile.
//!
//! Two more inputs are signals, and their tests stand with [`supervised`](super::supervised): a
//! worker that is stopped and goes on, and a scheduler that ends.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use wask_component::Component;
use wask_core::{
    Arguments, Definition, Digest, Hole, Key, TaskKind, TaskOptions, TaskSpec, TypeId,
    client::{Batch, News},
    scheduler::KeyState,
};
use wask_e2e::{Cluster, Peer, calls, guest, repository, with_peers};

/// Each `S…_` stands for all that came before it, so the name means 69 MB of text.
const BOMB: &str = "_Z1fSt4pairIiiES_IS0_S0_ES_IS1_S1_ES_IS2_S2_ES_IS3_S3_ES_IS4_S4_ES_IS5_S5_E\
    S_IS6_S6_ES_IS7_S7_ES_IS8_S8_ES_IS9_S9_ES_ISA_SA_ES_ISB_SB_ES_ISC_SC_ES_ISD_SD_ES_ISE_SE_E\
    S_ISF_SF_ES_ISG_SG_ES_ISH_SH_ES_ISI_SI_ES_ISJ_SJ_E";

fn works(cluster: &Cluster) {
    let arith = guest("arith.wasm");
    let doubled = cluster.wask.ok(&["map", &arith, "double", "21"]);
    assert_eq!(doubled, "42");
    let tasks = &cluster.status()["tasks"];
    assert_eq!(tasks["total_workers_lost"], 0, "{tasks:#}");
    assert_eq!(tasks["processing"], 0, "{tasks:#}");
}

/// A component that is on the cluster.
fn pushed(cluster: &Cluster, file: &str) -> Digest {
    let path = guest(file);
    cluster.wask.ok(&["push", &path, "--as", "pushed"]);
    Digest(
        *Component::load(&fs::read(path).unwrap())
            .unwrap()
            .digest()
            .as_bytes(),
    )
}

async fn peer(cluster: &Cluster) -> Peer {
    Peer::login(&cluster.address, None).await.unwrap()
}

#[test]
fn demangle20() {
    let cluster = Cluster::start(2, 1);
    let wask = &cluster.wask;
    let text = format!(
        r#"(component
            (core module $m (func $"{BOMB}" (export "boom") (result i32) unreachable))
            (core instance $i (instantiate $m))
            (func (export "boom") (result u32) (canon lift (core func $i "boom"))))"#
    );
    let bomb = wask.write("demangle20.wat", text);
    wask.ok(&["submit", &bomb, "boom()", "--as", "x"]);
    let told = wask.fails(1, &["result", "@x"]);
    assert!(told.contains(BOMB), "{told}");
    works(&cluster);
}

#[test]
fn graph_many_inputs() {
    let cluster = Cluster::start(2, 1);
    let (tasks, inputs) = (4000, 100);
    let mut graph = BTreeMap::new();
    graph.insert(
        "made".to_owned(),
        json!({"call": "heavy#make", "args": [1, 1000, 1000]}),
    );
    let task = |name: String| json!({"$task": name});
    for n in 0..inputs {
        let args = [task("made".into()), n.into()];
        graph.insert(
            format!("input-{n}"),
            json!({"call": "heavy#score", "args": args}),
        );
    }
    for n in 0..tasks {
        let inputs = (0..inputs).map(|input| task(format!("input-{input}")));
        let args: Vec<Value> = inputs.chain([n.into()]).collect();
        graph.insert(
            format!("sum-{n}"),
            json!({"operator": "sum", "args": [args]}),
        );
    }
    let sums: Vec<Value> = (0..tasks).map(|n| task(format!("sum-{n}"))).collect();
    graph.insert("total".into(), json!({"operator": "max", "args": [sums]}));
    let heavy = repository().join("tests/guests/wat/heavy.wat");
    let graph = json!({"components": {"heavy": heavy}, "tasks": graph, "outputs": "total"});
    let graph = cluster.wask.write("graph.json", graph.to_string());
    cluster.wask.ok(&["compute", &graph]);
    works(&cluster);
}

#[test]
fn freekeys() {
    let cluster = Cluster::start(1, 2);
    let nop = pushed(&cluster, "nop.wat");
    let count = 300_000;
    with_peers(async {
        let leaver = peer(&cluster).await;
        let watcher = peer(&cluster).await;
        leaver.submit(&calls(nop, "nop", 0..count), 2000).await;
        leaver.wait_for(count as usize).await;
        drop(leaver);
        watcher.wait_until(|status| status.tasks.memory == 0).await;
        watcher
            .wait_until(|status| status.workers.len() == 1 && status.workers[0].stored_keys == 0)
            .await;
    });
    works(&cluster);
}

#[test]
fn hang() {
    let cluster = Cluster::start(1, 2);
    let nop = pushed(&cluster, "nop.wat");
    let count = 200_000;
    with_peers(async {
        let peer = peer(&cluster).await;
        let all = calls(nop, "nop", 0..count);
        peer.submit(&all, 2000).await;
        peer.wait_for(all.len()).await;
        peer.forget();
        let three = calls(nop, "nop", 1_000_000..1_000_003);
        let batch = Batch {
            tasks: three.iter().map(|task| (task.clone(), true)).collect(),
            released: all.iter().map(|task| task.key).collect(),
            ..Batch::default()
        };
        peer.push(&batch).await;
        peer.wait_for(3).await;
        for task in &three {
            let news = peer.news(&task.key);
            let is_done = matches!(news, Some(News::State(KeyState::Finished { .. })));
            assert!(is_done, "{news:?}");
        }
    });
    works(&cluster);
}

/// A task of an operator, of whose dependency so many copies go into the arguments.
fn repeated(name: &str, ty: &str, input: Key, holes: u32, options: TaskOptions) -> TaskSpec {
    let kind = TaskKind::Operator {
        name: name.into(),
        version: 1,
        types: [ty.into()].into(),
    };
    let hole = Hole {
        offset: 4,
        dependency: 0,
    };
    let arguments = Arguments {
        bytes: holes.to_le_bytes().to_vec().into(),
        holes: (0..holes).map(|_| hole).collect(),
    };
    let definition = Arc::new(Definition::new("default", kind, options));
    TaskSpec::new(definition, arguments, [input].into(), 0, TypeId(0))
}

#[test]
fn holes() {
    let cluster = Cluster::start(1, 1);
    with_peers(async {
        let peer = peer(&cluster).await;
        let tuple = |width| format!("tuple<{}>", vec!["u8"; width].join(", "));
        let wide = async |width: usize| peer.scatter(&tuple(width), vec![0; width].into()).await;
        // So wide a type is none.
        let Err(wask_rpc::Error::Refused(refusal)) = wide(30_000).await else {
            panic!("30,000 elements are too many");
        };
        assert!(refusal.message.contains("16384"), "{refusal}");
        // About the widest that there is.
        let width = 16_380;
        let input = wide(width).await.unwrap();
        let options = TaskOptions::default();
        let task = repeated("collect", &tuple(width), input, 250_000, options);
        peer.submit(std::slice::from_ref(&task), 1).await;
        peer.wait_for(2).await;
        // 4 GiB: more than a result may have.
        let news = peer.news(&task.key);
        assert!(
            matches!(news, Some(News::State(KeyState::Erred(_)))),
            "{news:?}"
        );
    });
    works(&cluster);
}

fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address.strip_prefix("tcp://").unwrap()).unwrap()
}

#[test]
fn unreach() {
    let cluster = Cluster::start(2, 1);
    with_peers(async {
        let peer = peer(&cluster).await;
        let value = [3_u32, 1, 2, 3].map(u32::to_le_bytes).concat();
        let value = peer.scatter("list<u32>", value.into()).await.unwrap();
        let holders = peer.holders(&value).await;
        let workers = peer.status().await.workers;
        let is_holder = |name: &str| holders.iter().any(|holder| holder == name);
        let holder = workers.iter().find(|worker| is_holder(&worker.name));
        let other = workers.iter().find(|worker| !is_holder(&worker.name));
        let (holder, other) = (holder.unwrap(), other.unwrap());
        // The first bytes of a message that never comes to its end.
        let mut strangers: Vec<_> = (0..600).map(|_| connect(&holder.address)).collect();
        for stranger in &mut strangers {
            // The holder may have hung up on the oldest by now.
            let _ = stranger.write_all(&[0, 0, 0, 0, 0xff]);
        }
        let options = TaskOptions {
            workers: vec![other.name.as_str().into()],
            ..TaskOptions::default()
        };
        let kind = TaskKind::Operator {
            name: "sum".into(),
            version: 1,
            types: ["u32".into()].into(),
        };
        let hole = Hole {
            offset: 0,
            dependency: 0,
        };
        let arguments = Arguments {
            bytes: bytes::Bytes::new(),
            holes: [hole].into(),
        };
        let definition = Arc::new(Definition::new("default", kind, options));
        let sum = TaskSpec::new(definition, arguments, [value].into(), 0, TypeId(0));
        peer.submit(std::slice::from_ref(&sum), 1).await;
        peer.wait_for(2).await;
        let news = peer.news(&sum.key);
        let is_done = matches!(news, Some(News::State(KeyState::Finished { .. })));
        assert!(is_done, "{news:?}");
        let holders = peer.holders(&value).await;
        assert!(holders.contains(&holder.name), "{holders:?}");
        drop(strangers);
    });
    works(&cluster);
}

#[test]
fn upload_open() {
    let cluster = Cluster::start(1, 1);
    let before = cluster.scheduler.peak_memory();
    with_peers(async {
        let peer = peer(&cluster).await;
        let size = 64 << 20;
        let mut sinks = Vec::new();
        let mut refusals = Vec::new();
        for n in 0..40 {
            let digest = [n; 32];
            let mut request = peer.session.upload_request();
            request.get().set_digest(&digest);
            request.get().set_size(size as u64);
            let answer = request.send().promise.await.unwrap();
            let sink = match answer.get().unwrap().get_result().unwrap().which() {
                Ok(wask_schema::session_capnp::session::upload::Sink(sink)) => sink.unwrap(),
                Ok(wask_schema::session_capnp::session::upload::Refused(refusal)) => {
                    let refusal = wask_rpc::wire::read_refusal(refusal.unwrap());
                    refusals.push(refusal.unwrap().message);
                    continue;
                }
                _ => panic!("nobody has uploaded it before"),
            };
            let piece = vec![b'x'; 1 << 20];
            for _ in 1..size >> 20 {
                let mut request = sink.write_request();
                let mut out = request.get().init_pieces(1).get(0);
                out.set_key(&digest);
                out.set_size(size as u64);
                out.set_data(&piece);
                request.send().await.unwrap();
            }
            sinks.push(sink);
        }
        assert!(refusals[0].contains("begun uploads"), "{refusals:?}");
    });
    let grown = cluster.scheduler.peak_memory() - before;
    // As much as a session may have begun, and twice what is on its way.
    assert!(grown < 600 << 20, "the scheduler took {grown} bytes more");
    works(&cluster);
}

#[test]
fn rogue() {
    let mut cluster = Cluster::start_with_tokens("of-clients", "of-workers");
    cluster.add_worker(1);
    let environment = &mut cluster.wask.environment;
    environment.retain(|(name, _)| name != "WASK_WORKER_TOKEN");
    environment.push(("WASK_WORKER_TOKEN".into(), "of-clients".into()));
    let told = cluster
        .wask
        .fails(4, &["worker", &cluster.address, "--name", "rogue"]);
    assert!(told.contains("a client cannot join as a worker"), "{told}");
    assert_eq!(cluster.status()["workers"].as_array().unwrap().len(), 1);
    works(&cluster);
}

/// As `rpc.capnp` has it: a question that needs no credential.
fn bootstraps(questions: std::ops::Range<u32>) -> Vec<u8> {
    let pointer = 1 | 1 << 16;
    let words = |question| [0, 5, 0, pointer, 8, 0, 0, pointer, question, 0, 0, 0_u32];
    questions
        .flat_map(words)
        .flat_map(u32::to_le_bytes)
        .collect()
}

#[test]
fn bootstrap() {
    let cluster = Cluster::start(1, 1);
    let status = cluster.status();
    let data_port = status["workers"][0]["address"].as_str().unwrap();
    for (address, process) in [
        (&*cluster.address, &cluster.scheduler),
        (data_port, &cluster.workers[0]),
    ] {
        let before = process.peak_memory();
        let mut stranger = connect(address);
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut sent = 0;
        while sent < 20_000_000 {
            if stranger
                .write_all(&bootstraps(sent..sent + 20_000))
                .is_err()
            {
                break;
            }
            sent += 20_000;
            assert!(Instant::now() < deadline, "nobody hangs up");
        }
        // What comes on top of the first messages only fills the system's buffers.
        assert!(sent < 1_000_000, "{sent} questions were taken");
        // The end may come hard.
        let _ = stranger.read_to_end(&mut Vec::new());
        let grown = process.peak_memory() - before;
        assert!(grown < 32 << 20, "{grown} bytes more for {address}");
    }
    works(&cluster);
}
