//! What clients begin and do not finish, and what they name, is bounded, and they are told.

use std::{rc::Rc, time::Duration};

use tokio::task::LocalSet;
use wask_rpc::{Address, Connection, Limits, Refusal, connect, wire};
use wask_scheduler::{Config, Quotas, Scheduler};
use wask_schema::{
    gateway_capnp::gateway,
    session_capnp::{client_events, session, session_batch},
    transfer_capnp::{object_sink, object_store},
    worker_capnp::{membership, worker_commands},
};

/// A client that hears nothing.
struct Deaf;

/// A client that never says that it has heard something.
struct Mute;

impl client_events::Server for Mute {
    async fn push(self: Rc<Self>, _: client_events::PushParams) -> Result<(), capnp::Error> {
        std::future::pending().await
    }
}

impl client_events::Server for Deaf {
    async fn push(self: Rc<Self>, _: client_events::PushParams) -> Result<(), capnp::Error> {
        Ok(())
    }
}

struct Client {
    session: session::Client,
    connection: Connection,
}

impl Client {
    async fn new(scheduler: &Scheduler) -> Self {
        Self::with_events(scheduler, Some(capnp_rpc::new_client(Deaf)))
            .await
            .unwrap()
    }

    async fn with_events(
        scheduler: &Scheduler,
        events: Option<client_events::Client>,
    ) -> Result<Self, capnp::Error> {
        let limits = Limits::default();
        let stream = connect(scheduler.address(), &limits).await.unwrap();
        let (door, connection) = Connection::open::<gateway::Client>(stream, &limits);
        let mut request = door.login_request();
        let mut client = request.get().init_client();
        client.set_software_version(wask_rpc::SOFTWARE_VERSION);
        client.set_protocol_version(wask_schema::common_capnp::PROTOCOL_VERSION);
        if let Some(events) = events {
            request.get().set_events(events);
        }
        let answer = request.send().promise.await?;
        let result = answer.get().unwrap().get_result().unwrap();
        let gateway::login::Accepted(accepted) = result.which().unwrap() else {
            panic!("the client was refused");
        };
        Ok(Self {
            session: accepted.unwrap().get_session().unwrap(),
            connection,
        })
    }

    /// Wants a key that nobody knows: there will be an event.
    async fn want_what_is_not(&self) {
        let commands = self.session.commands_request().send().promise.await;
        let commands = commands.unwrap().get().unwrap().get_commands().unwrap();
        let mut request = commands.push_request();
        request.get().init_batch().set_wanted(&[7; 32]);
        request.send().await.unwrap();
    }

    async fn upload(
        &self,
        digest: u8,
        size: u64,
        name: &str,
    ) -> Result<object_sink::Client, Refusal> {
        let mut request = self.session.upload_request();
        request.get().set_digest(&[digest; 32]);
        request.get().set_size(size);
        request.get().set_name(name);
        let answer = request.send().promise.await.unwrap();
        match answer.get().unwrap().get_result().unwrap().which() {
            Ok(session::upload::Sink(sink)) => Ok(sink.unwrap()),
            Ok(session::upload::Refused(refusal)) => {
                Err(wire::read_refusal(refusal.unwrap()).unwrap())
            }
            _ => panic!("nobody has uploaded it before"),
        }
    }

    /// Announces a value of so many bytes.
    async fn scatter(&self, size: u64) -> Result<object_sink::Client, String> {
        let mut request = self.session.scatter_request();
        let mut header = request.get().init_objects(1).get(0);
        header.set_key(&[9; 32]);
        header.set_type("list<u8>");
        header.set_size(size);
        let answer = request.send().promise.await.unwrap();
        let result = answer.get().unwrap().get_result().unwrap();
        match result.which().unwrap() {
            session::scatter::Sink(sink) => Ok(sink.unwrap()),
            session::scatter::Refused(refusal) => {
                Err(wire::read_refusal(refusal.unwrap()).unwrap().message)
            }
        }
    }

    async fn refused(&self, digest: u8, size: u64, name: &str) -> String {
        let refused = self.upload(digest, size, name).await;
        refused.err().expect("a refusal").message
    }
}

fn scheduler(name: &str, quotas: Quotas, library_bytes: u64) -> Scheduler {
    let config = Config {
        quotas,
        library_bytes,
        ..Config::new(Address::InProcess(name.into()))
    };
    Scheduler::start(config).unwrap()
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    LocalSet::new().block_on(&runtime.unwrap(), test);
}

#[test]
fn uploads_that_are_begun_and_not_finished_are_bounded() {
    let quotas = Quotas {
        transfers: 3,
        upload_bytes: 100,
        ..Quotas::default()
    };
    let scheduler = scheduler("uploads", quotas, 120);
    run(async {
        let client = Client::new(&scheduler).await;
        let first = client.upload(1, 60, "").await.unwrap();
        let told = client.refused(2, 41, "").await;
        assert!(told.contains("begun uploads of 60"), "{told}");
        let _second = client.upload(2, 1, "").await.unwrap();
        let _third = client.upload(3, 1, "").await.unwrap();
        let told = client.refused(4, 1, "").await;
        assert!(told.contains("begun 3 uploads and scatters"), "{told}");
        // All of them together take no more than the library has room for.
        let other = Client::new(&scheduler).await;
        let told = other.refused(5, 59, "").await;
        assert!(told.contains("keeps up to 120 bytes"), "{told}");
        other.upload(5, 58, "").await.unwrap();
        // Who gives one up may begin another: the scheduler hears of both in order.
        drop(first);
        client.upload(1, 60, "").await.unwrap();
    });
}

#[test]
fn a_name_is_bounded() {
    let quotas = Quotas {
        name_bytes: 8,
        ..Quotas::default()
    };
    let scheduler = scheduler("names", quotas, 1 << 20);
    run(async {
        let client = Client::new(&scheduler).await;
        let told = client.refused(1, 60, "a-long-name").await;
        assert!(told.contains("has 11 bytes, the limit is 8"), "{told}");
        client.upload(1, 60, "a-name").await.unwrap();
    });
}

#[test]
fn who_does_not_answer_is_cut_off() {
    let limits = Limits {
        answer_time: Duration::from_millis(50),
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::new(Address::InProcess("mute".into()))
    };
    let scheduler = Scheduler::start(config).unwrap();
    run(async {
        let mute = Some(capnp_rpc::new_client(Mute));
        let mute = Client::with_events(&scheduler, mute).await.unwrap();
        mute.want_what_is_not().await;
        let reason = mute.connection.closed().await.to_string();
        assert!(reason.contains("not answered a question"), "{reason}");
        let deaf = Client::new(&scheduler).await;
        deaf.want_what_is_not().await;
        deaf.upload(1, 60, "").await.unwrap();
    });
}

#[test]
fn who_gives_no_events_gets_no_session() {
    let scheduler = scheduler("eventless", Quotas::default(), 1 << 20);
    run(async {
        let refused = Client::with_events(&scheduler, None).await;
        assert!(refused.is_err());
        let client = Client::new(&scheduler).await;
        let answer = client.session.status_request().send().promise.await;
        let answer = answer.unwrap();
        let status = answer.get().unwrap().get_status().unwrap();
        assert_eq!(status.get_sessions(), 1);
    });
}

#[test]
fn a_scatter_of_more_values_than_a_worker_could_be_told_is_refused() {
    let limits = Limits {
        message_bytes: 64 << 10,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::new(Address::InProcess("headers".into()))
    };
    let scheduler = Scheduler::start(config).unwrap();
    run(async {
        let client = Client::new(&scheduler).await;
        let mut request = client.session.scatter_request();
        let mut headers = request.get().init_objects(400);
        for n in 0..400_u32 {
            let mut header = headers.reborrow().get(n);
            header.set_key(&[0; 32]);
            header.set_type("u32");
            header.set_size(4);
        }
        let answer = request.send().promise.await.unwrap();
        let result = answer.get().unwrap().get_result().unwrap();
        let Ok(session::scatter::Refused(refusal)) = result.which() else {
            panic!("it was begun");
        };
        let told = wire::read_refusal(refusal.unwrap()).unwrap().message;
        assert!(
            told.contains("up to 32 KiB; scatter fewer at a time"),
            "{told}"
        );
    });
}

/// What is begun on one is ended on the other, so there is no more than one to begin something on.
#[test]
fn a_session_has_one_stream_however_often_it_is_asked_for() {
    let scheduler = scheduler("stream", Quotas::default(), 1 << 20);
    run(async {
        let client = Client::new(&scheduler).await;
        let mut message = capnp::message::Builder::new_default();
        let batch = message.init_root::<session_batch::Builder<'_>>();
        batch.init_definitions(0);
        let bytes = capnp::serialize::write_message_to_words(&message);
        let (begin, end) = bytes.split_at(8);
        for (part, is_last) in [(begin, false), (end, true)] {
            let commands = client.session.commands_request().send().promise.await;
            let commands = commands.unwrap().get().unwrap().get_commands().unwrap();
            let mut request = commands.part_request();
            request.get().set_bytes(part);
            request.get().set_last(is_last);
            request.send().await.unwrap();
            commands.sync_request().send().promise.await.unwrap();
        }
        client.upload(1, 60, "").await.unwrap();
    });
}

struct Idle;

impl worker_commands::Server for Idle {}

impl object_store::Server for Idle {
    async fn put(
        self: Rc<Self>,
        _: object_store::PutParams,
        mut results: object_store::PutResults,
    ) -> Result<(), capnp::Error> {
        results.get().set_sink(wask_rpc::object_collector([]).0);
        Ok(())
    }
}

/// A worker that does nothing.
struct Worker {
    /// The scheduler's number, and its own.
    place: (u64, u32),
    connection: Connection,
    _membership: membership::Client,
}

/// Joins as a worker, which was another before.
async fn join(scheduler: &Scheduler, before: Option<(u64, u32)>) -> Worker {
    let limits = Limits::default();
    let stream = connect(scheduler.address(), &limits).await.unwrap();
    let (door, connection) = Connection::open::<gateway::Client>(stream, &limits);
    let mut request = door.join_request();
    let mut params = request.get();
    params.set_commands(capnp_rpc::new_client(Idle));
    params.set_store(capnp_rpc::new_client(Idle));
    let info = wire::JoinInfo {
        info: wask_core::scheduler::WorkerInfo {
            name: "w".into(),
            slots: 1,
            memory_limit: 1 << 20,
            task_memory: 1 << 20,
            resources: [].into(),
            returning: false,
            previous: None,
        },
        previous: before.map(|(scheduler, worker)| (scheduler, wask_core::WorkerId(worker))),
        contact_address: "inproc://w".into(),
        software_version: wask_rpc::SOFTWARE_VERSION.into(),
        protocol_version: wask_schema::common_capnp::PROTOCOL_VERSION,
        engine_profile: wask_core::ENGINE_PROFILE,
        process_id: 1,
    };
    wire::write_join_info(params.init_worker(), &info);
    let answer = request.send().promise.await.unwrap();
    let result = answer.get().unwrap().get_result().unwrap();
    let gateway::join::Accepted(accepted) = result.which().unwrap() else {
        panic!("the worker was refused");
    };
    let accepted = accepted.unwrap();
    Worker {
        place: (accepted.get_scheduler(), accepted.get_worker()),
        connection,
        _membership: accepted.get_membership().unwrap(),
    }
}

#[test]
fn a_worker_whose_place_another_takes_hears_of_it() {
    let scheduler = scheduler("places", Quotas::default(), 1 << 20);
    run(async {
        let first = join(&scheduler, None).await;
        let _second = join(&scheduler, Some(first.place)).await;
        let reason = first.connection.closed().await.to_string();
        assert!(
            reason.contains("a worker that says to be this one"),
            "{reason}"
        );
    });
}

#[test]
fn room_for_values_of_which_no_bytes_come_is_free_again() {
    let limits = Limits {
        transfer_idle: Duration::from_millis(50),
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::new(Address::InProcess("idle".into()))
    };
    let scheduler = Scheduler::start(config).unwrap();
    run(async {
        let _worker = join(&scheduler, None).await;
        let [first, second] = [Client::new(&scheduler).await, Client::new(&scheduler).await];
        let sink = first.scatter(1 << 20).await.unwrap();
        // All room is taken until the first is given up.
        while let Err(told) = second.scatter(1 << 20).await {
            assert!(told.contains("try again"), "{told}");
        }
        let answer = sink.finish_request().send().promise.await.unwrap();
        let result = answer.get().unwrap().get_result().unwrap();
        let told = wire::read_sink_result(result).unwrap_err().to_string();
        assert!(told.contains("no bytes of these values came"), "{told}");
    });
}
