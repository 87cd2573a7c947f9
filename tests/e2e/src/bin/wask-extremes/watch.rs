//! Signs of life, measured from outside by a client that does nothing else.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::time::sleep;
use wask_e2e::{Peer, with_peers};
use wask_rpc::Limits;

/// How often it asks how the workers are.
const LOOK: Duration = Duration::from_millis(200);

/// A client on a thread of its own, until it [`stops`](Self::stop).
pub(crate) struct Watch {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
    started: Instant,
}

/// What it saw.
pub(crate) struct Seen {
    time: Duration,
    /// The longest time that the scheduler took to answer a sign of life.
    slowest_answer: Duration,
    /// The longest time that no sign of life of some worker came in.
    longest_silence: Duration,
}

impl Watch {
    pub(crate) fn start(address: &str) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (address, over) = (address.to_owned(), is_over.clone());
        let (there, is_there) = channel();
        let watch = move || {
            with_peers(async {
                let peer = Peer::login(&address, None).await.expect("a session");
                there
                    .send(peer.status().await.workers.len())
                    .expect("a listener");
                let mut longest_silence = Duration::ZERO;
                while !over.load(Ordering::Relaxed) {
                    let workers = peer.status().await.workers;
                    let silences = workers.iter().map(|worker| worker.silent);
                    longest_silence = silences.fold(longest_silence, Duration::max);
                    sleep(LOOK).await;
                }
                Seen {
                    time: Duration::ZERO,
                    slowest_answer: peer.slowest_answer(),
                    longest_silence,
                }
            })
        };
        let thread = thread::spawn(watch);
        is_there.recv().expect("a watch that has begun");
        Self {
            is_over,
            thread,
            started: Instant::now(),
        }
    }

    /// What it has seen, where no sign of life came an interval late.
    pub(crate) fn stop(self) -> Result<Seen> {
        let seen = self.look();
        let interval = Limits::default().heartbeat;
        ensure!(seen.slowest_answer < interval, "late: {seen}");
        ensure!(seen.longest_silence < 2 * interval, "late: {seen}");
        Ok(seen)
    }

    /// What it has seen. With more threads than processors it is for the system to say which is
    /// late.
    pub(crate) fn look(self) -> Seen {
        let time = self.started.elapsed();
        self.is_over.store(true, Ordering::Relaxed);
        let seen = self.thread.join().expect("a watch that goes on");
        Seen { time, ..seen }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let late = self
            .longest_silence
            .saturating_sub(Limits::default().heartbeat);
        write!(
            f,
            "{:6.1} s; signs of life: answered within {:4} ms, workers' late by {:4} ms",
            self.time.as_secs_f64(),
            self.slowest_answer.as_millis(),
            late.as_millis()
        )
    }
}
