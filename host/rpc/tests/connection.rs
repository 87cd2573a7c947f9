//! Connections between two ends of a pipe, and over real sockets.

use std::{cell::RefCell, future::Future, rc::Rc, time::Duration};

use bytes::Bytes;
use tokio::{io::AsyncWriteExt, task::LocalSet};
use wask_core::Key;
use wask_rpc::{
    Address, Connection, Error, Limits, Listener, Refusal, RefusalCode, Stream, connect,
    object_collector, object_sink_with, write_objects,
};
use wask_schema::transfer_capnp::object_sink;

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test);
}

fn key(n: u8) -> Key {
    Key([n; 32])
}

/// A sink at the far end of a connection.
fn far(sink: object_sink::Client, limits: &Limits) -> (object_sink::Client, [Connection; 2]) {
    let (near, far) = Stream::pipe();
    let server = Connection::serve(far, sink.client, limits);
    let (sink, client) = Connection::open(near, limits);
    (sink, [client, server])
}

#[test]
fn objects_of_all_sizes_arrive_whole() {
    run(async {
        let limits = Limits::default();
        let sizes = [
            0,
            1,
            4096,
            limits.chunk_bytes,
            limits.chunk_bytes + 1,
            5 << 20,
        ];
        let objects: Vec<_> = (0..)
            .zip(sizes)
            .map(|(n, size)| (key(n), Bytes::from(vec![n; size])))
            .collect();
        let (sink, collected) = object_collector(
            objects
                .iter()
                .map(|(key, bytes)| (*key, bytes.len() as u64)),
        );
        let (sink, _connections) = far(sink, &limits);
        write_objects(&sink, objects.clone(), &limits)
            .await
            .unwrap();
        let mut arrived = collected.take().unwrap();
        arrived.sort();
        assert_eq!(arrived, objects);
    });
}

#[test]
fn a_sink_refuses_what_it_did_not_ask_for_and_what_is_too_large() {
    run(async {
        let limits = Limits::default();
        let (sink, _collected) = object_collector([(key(1), 2)]);
        let unknown = write_objects(&sink, [(key(2), Bytes::from_static(b"x"))], &limits).await;
        assert!(matches!(unknown, Err(Error::Refused(_))), "{unknown:?}");
        let (sink, _collected) = object_collector([(key(1), 2)]);
        let large = write_objects(&sink, [(key(1), Bytes::from_static(b"xxx"))], &limits).await;
        assert!(matches!(large, Err(Error::Refused(_))), "{large:?}");
    });
}

#[test]
fn a_committing_sink_tells_its_writer_what_came_of_it() {
    run(async {
        let limits = Limits::default();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let keep = seen.clone();
        let sink = object_sink_with([(key(1), 9)], async move |objects| {
            *keep.borrow_mut() = objects;
            Err(Refusal::new(RefusalCode::Exists, "taken"))
        });
        let (sink, _connections) = far(sink, &limits);
        let object = (key(1), Bytes::from_static(b"value"));
        let Err(Error::Refused(refusal)) = write_objects(&sink, [object.clone()], &limits).await
        else {
            panic!("not refused")
        };
        assert_eq!(
            (refusal.code, refusal.message.as_str()),
            (RefusalCode::Exists, "taken")
        );
        assert_eq!(*seen.borrow(), [object]);
    });
}

#[test]
fn a_malformed_message_closes_its_own_connection_only() {
    run(async {
        let limits = Limits::default();
        let listener = Listener::bind(&"tcp://127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let (sink, collected) = object_collector([(key(1), 5)]);
        let mut bad = connect(listener.address(), &limits).await.unwrap();
        let bad_end = Connection::serve(
            listener.accept().await.unwrap(),
            sink.client.clone(),
            &limits,
        );
        let good = connect(listener.address(), &limits).await.unwrap();
        let _good_end = Connection::serve(listener.accept().await.unwrap(), sink.client, &limits);
        // A header that promises 16 GiB in one segment.
        bad.write_all(&[0, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f])
            .await
            .unwrap();
        bad.flush().await.unwrap();
        let reason = bad_end.closed().await;
        assert!(!reason.to_string().is_empty());
        let (sink, _connection) = Connection::open(good, &limits);
        write_objects(&sink, [(key(1), Bytes::from_static(b"hello"))], &limits)
            .await
            .unwrap();
        assert_eq!(collected.take().unwrap().len(), 1);
    });
}

#[test]
fn a_silent_peer_is_noticed() {
    run(async {
        let limits = Limits::default();
        let (near, far) = Stream::pipe();
        let (sink, _) = object_collector([]);
        let connection = Connection::serve(far, sink.client, &limits);
        connection.set_silence(Duration::from_millis(30));
        let reason = connection.closed().await.to_string();
        assert!(reason.contains("silent"), "{reason}");
        drop(near);
    });
}

#[test]
fn a_unix_socket_is_private_and_a_dead_one_is_replaced() {
    use std::os::unix::fs::PermissionsExt;
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.sock");
        let address = Address::Unix(path.clone());
        // What a dead process leaves behind.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let listener = Listener::bind(&address).await.unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let second = Listener::bind(&address).await;
        assert!(matches!(second, Err(Error::Listen { .. })));
        connect(&address, &Limits::default()).await.unwrap();
        drop(listener);
        assert!(!path.exists());
        let gone = connect(&address, &Limits::default()).await;
        assert!(matches!(gone, Err(Error::Unreachable { .. })));
    });
}

#[test]
fn both_sides_know_why_one_of_them_closed_the_connection() {
    run(async {
        let limits = Limits::default();
        let (sink, _collected) = object_collector([(key(1), 2)]);
        let (sink, [client, server]) = far(sink, &limits);
        // Lets the connection come about.
        write_objects(&sink, [], &limits).await.unwrap();
        server.close("it was enough");
        assert_eq!(server.closed().await.to_string(), "it was enough");
        let told = client.closed().await.to_string();
        assert_eq!(told, "the peer closed the connection: it was enough");
        let error = write_objects(&sink, [], &limits).await.unwrap_err();
        let Error::Disconnected(reason) = &error else {
            panic!("{error:?}");
        };
        assert!(reason.contains("it was enough"), "{reason}");
    });
}
