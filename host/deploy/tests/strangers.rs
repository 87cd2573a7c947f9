//! Who is not let in keeps nobody out, and who is let in has its own place only.

use std::{io::Write, net::TcpStream};

use wask_client::{Client, Error};
use wask_deploy::LocalCluster;
use wask_rpc::{Address, Limits, RefusalCode};

fn tcp(cluster: &LocalCluster) -> TcpStream {
    let Address::Tcp { host, port } = cluster.address() else {
        panic!("{}", cluster.address());
    };
    TcpStream::connect((host.as_str(), *port)).unwrap()
}

/// More members than strangers that there may be at a time, and many more strangers.
fn builder() -> wask_deploy::Builder {
    LocalCluster::builder()
        .workers(6)
        .slots(1)
        .listen("tcp://127.0.0.1:0")
        .limits(Limits {
            strangers: 3,
            ..Limits::default()
        })
}

async fn works(cluster: &LocalCluster) {
    let client = cluster.client().await.unwrap();
    // Too large to ride on a message: workers store it, and the scheduler relays it.
    let value = vec![7_u8; 3 << 20];
    let scattered = client.scatter(&value).await.unwrap();
    assert_eq!(scattered.result::<Vec<u8>>().await.unwrap(), value);
}

#[tokio::test]
async fn a_hundred_trickling_strangers_keep_nobody_out() {
    let cluster = builder().start().await.unwrap();
    let mut strangers = Vec::new();
    for _ in 0..100 {
        let mut stranger = tcp(&cluster);
        stranger.write_all(&[0]).unwrap();
        strangers.push(stranger);
    }
    works(&cluster).await;
    for stranger in &mut strangers {
        // Those that were pushed out do not hear it.
        let _ = stranger.write_all(&[0]);
    }
    works(&cluster).await;
    assert_eq!(cluster.workers().count(), 6);
}

/// As `rpc.capnp` has it: a question that needs no credential.
fn bootstrap(question: u32) -> Vec<u8> {
    let pointer = 1 | 1 << 16;
    let words = [0, 5, 0, pointer, 8, 0, 0, pointer, question, 0, 0, 0_u32];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[tokio::test]
async fn a_flood_of_questions_without_a_credential_is_cut_off() {
    let cluster = builder().token("secret").start().await.unwrap();
    let mut stranger = tcp(&cluster);
    let many: Vec<u8> = (0..20_000).flat_map(bootstrap).collect();
    let cut_off = (0..1000).find(|_| stranger.write_all(&many).is_err());
    // What comes on top of the first messages only fills the system's buffers.
    assert!(cut_off.is_some_and(|batches| batches < 50), "{cut_off:?}");
    works(&cluster).await;
}

#[tokio::test]
async fn the_token_of_workers_lets_no_client_in() {
    let cluster = builder().token("secret").worker_token("other");
    let cluster = cluster.start().await.unwrap();
    works(&cluster).await;
    let address = cluster.address().to_string();
    for (token, why) in [("other", "token of workers"), ("guess", "not the one")] {
        let client = Client::builder(&*address).token(token).connect().await;
        let Err(Error::Refused(refusal)) = client else {
            panic!("let in with `{token}`");
        };
        assert_eq!(refusal.code, RefusalCode::Credential);
        assert!(refusal.message.contains(why), "{refusal}");
    }
    // A client's token joins nobody: rogue.py saw all calls and forged their results with it.
    let worker = wask_worker::Config {
        token: Some("secret".into()),
        ..wask_worker::Config::new(cluster.address().clone())
    };
    let joined = tokio::task::spawn_blocking(|| wask_worker::Worker::start(worker));
    let error = joined.await.unwrap().err().unwrap().to_string();
    assert!(
        error.contains("a client cannot join as a worker"),
        "{error}"
    );
}
