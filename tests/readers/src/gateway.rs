//! A whole scheduler, at whose door anything may be said.

use std::{
    cell::RefCell,
    panic,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::{Builder, Runtime},
};
use wask_rpc::{Address, Limits, connect};
use wask_scheduler::{Config, Scheduler};

/// The bytes of a connection to a scheduler that asks for no credential: the connection ends, and
/// the scheduler lives, with no panic in any of its tasks.
pub fn gateway(input: &[u8]) {
    thread_local! {
        static RUNTIME: RefCell<Runtime> = RefCell::new(
            Builder::new_current_thread().enable_all().build().expect("an event loop"),
        );
    }
    let address = SCHEDULER.address();
    RUNTIME.with_borrow_mut(|runtime| runtime.block_on(say(address, input)));
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "the scheduler panicked");
}

async fn say(address: &Address, bytes: &[u8]) {
    let connected = connect(address, &Limits::default()).await;
    let stream = connected.expect("the scheduler lives");
    let (mut answers, mut words) = tokio::io::split(stream);
    let listen = async {
        let mut heard = [0; 4096];
        while answers.read(&mut heard).await.is_ok_and(|n| n > 0) {}
    };
    let speak = async {
        // The scheduler may have hung up already.
        let _ = words.write_all(bytes).await;
        let _ = words.shutdown().await;
    };
    tokio::join!(listen, speak);
}

/// One scheduler for all inputs: starting it takes longer than reading most of them.
static SCHEDULER: LazyLock<Scheduler> = LazyLock::new(|| {
    // A panic in a task of tokio's ends that task and nothing else, so it must be counted here.
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() == Some("wask-scheduler") {
            PANICS.fetch_add(1, Ordering::SeqCst);
        }
        before(info);
    }));
    let address = Address::InProcess("the door that anything is said at".into());
    Scheduler::start(Config::new(address)).expect("a scheduler in this process")
});

static PANICS: AtomicUsize = AtomicUsize::new(0);
