//! What clients begin and do not finish, and what they name, is bounded, and they are told.

use std::rc::Rc;

use tokio::task::LocalSet;
use wask_rpc::{Address, Connection, Limits, Refusal, connect, wire};
use wask_scheduler::{Config, Quotas, Scheduler};
use wask_schema::{
    gateway_capnp::gateway,
    session_capnp::{client_events, session},
    transfer_capnp::object_sink,
};

/// A client that hears nothing.
struct Deaf;

impl client_events::Server for Deaf {
    async fn push(self: Rc<Self>, _: client_events::PushParams) -> Result<(), capnp::Error> {
        Ok(())
    }
}

struct Client {
    session: session::Client,
    _connection: Connection,
}

impl Client {
    async fn new(scheduler: &Scheduler) -> Self {
        let limits = Limits::default();
        let stream = connect(scheduler.address(), &limits).await.unwrap();
        let (door, connection) = Connection::open::<gateway::Client>(stream, &limits);
        let mut request = door.login_request();
        let mut client = request.get().init_client();
        client.set_software_version(wask_rpc::SOFTWARE_VERSION);
        client.set_protocol_version(wask_schema::common_capnp::PROTOCOL_VERSION);
        request.get().set_events(capnp_rpc::new_client(Deaf));
        let answer = request.send().promise.await.unwrap();
        let result = answer.get().unwrap().get_result().unwrap();
        let gateway::login::Accepted(accepted) = result.which().unwrap() else {
            panic!("the client was refused");
        };
        Self {
            session: accepted.unwrap().get_session().unwrap(),
            _connection: connection,
        }
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
