//! What those can do who connect and are not let in, and what those are held to who are.

use std::{cell::Cell, future::Future, rc::Rc, time::Duration};

use capnp_rpc::rpc_capnp;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::{LocalSet, spawn_local, yield_now},
};
use wask_rpc::{
    Acceptor, Address, Connection, ConnectionHandle, Limits, Listener, Stream, connect,
};
use wask_schema::{
    common_capnp::credential,
    transfer_capnp::{object_store, peer},
};

/// Lets in who shows the word.
struct Door {
    connection: ConnectionHandle,
    /// How many are being answered.
    waiting: Rc<Cell<usize>>,
}

struct Nothing(Rc<Cell<usize>>);

/// One that is being answered.
struct Waiting(Rc<Cell<usize>>);

impl Waiting {
    fn new(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(count.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl peer::Server for Door {
    async fn open(
        self: Rc<Self>,
        params: peer::OpenParams,
        mut results: peer::OpenResults,
    ) -> Result<(), capnp::Error> {
        let credential = params.get()?.get_credential()?;
        if let credential::Token(Ok(shown)) = credential.which()?
            && shown.as_bytes() == b"sesame"
        {
            self.connection.let_in(Duration::from_secs(60));
            let store = capnp_rpc::new_client(Nothing(self.waiting.clone()));
            results.get().init_result().set_store(store);
        }
        Ok(())
    }
}

impl object_store::Server for Nothing {
    /// Never answers.
    async fn get(
        self: Rc<Self>,
        _: object_store::GetParams,
        _: object_store::GetResults,
    ) -> Result<(), capnp::Error> {
        let _waiting = Waiting::new(&self.0);
        std::future::pending().await
    }
}

/// A door at an address, and how many wait behind it for an answer.
struct Place {
    address: Address,
    limits: Limits,
    waiting: Rc<Cell<usize>>,
}

fn run<F: Future<Output = ()>>(limits: Limits, test: impl FnOnce(Place) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, async {
        let address = "tcp://127.0.0.1:0".parse().unwrap();
        let listener = Listener::bind(&address).await.unwrap();
        let place = Place {
            address: listener.address().clone(),
            limits: limits.clone(),
            waiting: Rc::default(),
        };
        let waiting = place.waiting.clone();
        let serving = spawn_local(async move {
            let bootstrap = |connection| {
                let waiting = waiting.clone();
                let door = Door {
                    connection,
                    waiting,
                };
                capnp_rpc::new_client::<peer::Client, _>(door).client
            };
            Acceptor::new(&limits).serve(&listener, bootstrap).await;
        });
        test(place).await;
        serving.abort();
    });
}

impl Place {
    async fn stream(&self) -> Stream {
        connect(&self.address, &self.limits).await.unwrap()
    }

    /// Connects, and is let in.
    async fn enter(&self) -> Result<(object_store::Client, Connection), capnp::Error> {
        let (door, connection) =
            Connection::open::<peer::Client>(self.stream().await, &self.limits);
        let mut request = door.open_request();
        request.get().init_credential().set_token("sesame");
        let answer = request.send().promise.await?;
        let peer::result::Store(store) = answer.get()?.get_result()?.which()? else {
            panic!("refused");
        };
        Ok((store?, connection))
    }
}

/// A message that asks for what is offered, as `rpc.capnp` says.
fn bootstrap(question: u32) -> Vec<u8> {
    let words: [u32; 12] = [
        0,
        5,
        0,
        1 | 1 << 16,
        8,
        0,
        0,
        1 | 1 << 16,
        question,
        0,
        0,
        0,
    ];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_stranger_that_only_asks_is_closed_after_a_fixed_number() {
    run(Limits::default(), async |place| {
        let mut stream = place.stream().await;
        let mut sent = 0;
        // It never reads, nor finishes a question.
        for question in 0..20_000_000 {
            if stream.write_all(&bootstrap(question)).await.is_err() {
                break;
            }
            sent += 1;
        }
        // What the system buffers for a closed connection comes on top.
        assert!(sent < 1_000_000, "{sent}");
        place.enter().await.unwrap();
    });
}

#[test]
fn a_stranger_that_reads_has_so_many_messages_all_the_same() {
    let limits = Limits {
        stranger_messages: 20,
        ..Limits::default()
    };
    run(limits, async |place| {
        let mut stream = place.stream().await;
        let mut answers = 0;
        let mut answer = [0; 1024];
        for question in 0.. {
            if stream.write_all(&bootstrap(question)).await.is_err() {
                break;
            }
            match stream.read(&mut answer).await {
                Ok(0) | Err(_) => break,
                Ok(_) => answers += 1,
            }
        }
        // The last says why.
        assert!((20..=21).contains(&answers), "{answers}");
    });
}

#[test]
fn no_room_is_made_for_a_large_message_of_a_stranger() {
    run(Limits::default(), async |place| {
        let mut stream = place.stream().await;
        // A header that promises 1 MiB.
        let header: [u32; 2] = [0, 1 << 17];
        let header: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
        stream.write_all(&header).await.unwrap();
        let mut rest = Vec::new();
        // It ends, though nothing more comes.
        let _ = stream.read_to_end(&mut rest).await;
        assert!(String::from_utf8_lossy(&rest).contains("too large"));
    });
}

#[test]
fn a_stranger_has_a_fixed_time_whatever_it_says() {
    let limits = Limits {
        admission: Duration::from_millis(50),
        ..Limits::default()
    };
    run(limits, async |place| {
        let mut stream = place.stream().await;
        // A header, word by word, of a message that takes for ever.
        while stream.write_all(&[0; 1]).await.is_ok() {
            yield_now().await;
            if stream.flush().await.is_err() {
                break;
            }
        }
    });
}

#[test]
fn strangers_push_out_the_oldest_and_keep_nobody_out() {
    let limits = Limits {
        strangers: 10,
        ..Limits::default()
    };
    run(limits, async |place| {
        let mut strangers = Vec::new();
        for _ in 0..100 {
            let mut stream = place.stream().await;
            stream.write_all(&[0]).await.unwrap();
            strangers.push(stream);
        }
        let mut inside = Vec::new();
        for _ in 0..30 {
            // Who is let in is no stranger, and stays.
            inside.push(place.enter().await.unwrap());
            let mut stream = place.stream().await;
            stream.write_all(&[0]).await.unwrap();
            strangers.push(stream);
        }
        for mut stream in strangers.drain(..100) {
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
        for (_, connection) in &inside {
            let closed = tokio::time::timeout(Duration::ZERO, connection.closed()).await;
            assert!(closed.is_err(), "{closed:?}");
        }
    });
}

#[test]
fn who_is_in_has_a_bound_on_open_questions() {
    let limits = Limits {
        questions: 50,
        ..Limits::default()
    };
    run(limits, async |place| {
        let (store, connection) = place.enter().await.unwrap();
        let asked: Vec<_> = (0..100)
            .map(|_| store.get_request().send().promise)
            .collect();
        let reason = connection.closed().await.to_string();
        assert!(reason.contains("more than 50 open questions"), "{reason}");
        drop(asked);
        // Others are not touched by that.
        place.enter().await.unwrap();
    });
}

#[test]
fn questions_that_are_given_up_have_a_bound_of_their_own() {
    let limits = Limits {
        questions: 50,
        given_up: 200,
        ..Limits::default()
    };
    run(limits, async |place| {
        let (store, connection) = place.enter().await.unwrap();
        for _ in 0..200 {
            let asked = store.get_request().send().promise;
            tokio::select! {
                _ = asked => panic!("it is never answered"),
                () = async { while place.waiting.get() == 0 { yield_now().await } } => {}
            }
            while place.waiting.get() > 0 {
                yield_now().await;
            }
        }
        let closed = tokio::time::timeout(Duration::ZERO, connection.closed()).await;
        assert!(closed.is_err(), "{closed:?}");
        drop(store.get_request().send().promise);
        let reason = connection.closed().await.to_string();
        assert!(reason.contains("200 questions that it gave up"), "{reason}");
    });
}

#[test]
fn who_is_in_has_a_bound_on_bytes_of_open_questions() {
    let limits = Limits {
        question_bytes: 1 << 20,
        ..Limits::default()
    };
    run(limits, async |place| {
        let (store, connection) = place.enter().await.unwrap();
        let ask = |_| {
            let mut request = store.get_request();
            request.get().set_keys(&[0; 100 << 10]);
            request.send().promise
        };
        let asked: Vec<_> = (0..20).map(ask).collect();
        // Which of its limits it passed it may not read any more.
        connection.closed().await;
        drop(asked);
        place.enter().await.unwrap();
    });
}

#[test]
fn who_is_in_and_does_not_read_is_closed() {
    let limits = Limits {
        answer_bytes: 100 << 10,
        ..Limits::default()
    };
    run(limits, async |place| {
        let (near, mut far) = Stream::pipe();
        let mut stream = place.stream().await;
        // Let in by way of a real client, whose bytes are passed on until it is in.
        let (door, _connection) = Connection::open::<peer::Client>(near, &place.limits);
        let mut request = door.open_request();
        request.get().init_credential().set_token("sesame");
        let mut entered = std::pin::pin!(request.send().promise);
        tokio::select! {
            answer = &mut entered => drop(answer.unwrap()),
            _ = tokio::io::copy_bidirectional(&mut far, &mut stream) => panic!("closed"),
        }
        let mut sent = 0;
        for question in 1000..2_000_000 {
            if stream.write_all(&bootstrap(question)).await.is_err() {
                break;
            }
            sent += 1;
        }
        assert!(sent < 2_000_000 - 1000, "{sent}");
    });
}

/// Room would be made for each, many times what it takes in the message.
#[test]
fn a_message_with_very_many_capabilities_is_the_last() {
    run(Limits::default(), async |place| {
        let mut message = capnp::message::Builder::new_default();
        let mut call = message
            .init_root::<rpc_capnp::message::Builder<'_>>()
            .init_call();
        call.reborrow().init_target().set_imported_cap(0);
        let mut table = call.init_params().init_cap_table(65);
        for number in 0..65 {
            table.reborrow().get(number).set_sender_hosted(number);
        }
        let mut stream = place.stream().await;
        let bytes = capnp::serialize::write_message_to_words(&message);
        stream.write_all(&bytes).await.unwrap();
        let mut told = Vec::new();
        // It may be cut off hard.
        let _ = stream.read_to_end(&mut told).await;
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(told.contains("more than 64 capabilities"), "{told}");
        place.enter().await.unwrap();
    });
}

#[test]
fn a_message_that_does_not_come_to_its_end_is_not_waited_for() {
    let limits = Limits {
        message_time: Duration::from_millis(50),
        ..Limits::default()
    };
    run(limits, async |place| {
        let mut stream = place.stream().await;
        let message = bootstrap(0);
        stream
            .write_all(&message[..message.len() - 1])
            .await
            .unwrap();
        let mut told = Vec::new();
        // It may be cut off hard.
        let _ = stream.read_to_end(&mut told).await;
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(told.contains("took longer than 50ms"), "{told}");
        place.enter().await.unwrap();
    });
}
