//! One Cap'n Proto connection on the current thread.

use std::{
    cell::Cell,
    fmt, io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use capnp::capability::FromClientHook;
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side, twoparty::VatNetwork};
use tokio::{
    io::{AsyncRead, BufReader, BufWriter, ReadBuf},
    sync::watch,
    task::{AbortHandle, spawn_local},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::{Limits, Stream};

/// Bytes that are read from or written to a stream at once.
const BUFFER_BYTES: usize = 128 << 10;
/// Time that a closing connection has to send what it has queued.
const CLOSING: Duration = Duration::from_secs(1);
/// Time to read what has arrived, before a peer that seems silent is given up.
const CATCHING_UP: Duration = Duration::from_millis(20);

/// A connection that is served on the current `LocalSet` until it ends. Dropping it ends it too,
/// and with it every capability that went over it.
pub struct Connection {
    closed: watch::Receiver<Option<CloseReason>>,
    handle: ConnectionHandle,
    task: AbortHandle,
}

/// What may be done to a connection from elsewhere, such as by the capability that it serves.
#[derive(Clone)]
pub struct ConnectionHandle {
    closing: Rc<watch::Sender<Option<CloseReason>>>,
    silence: Rc<Cell<Duration>>,
}

impl ConnectionHandle {
    fn new(silence: Duration) -> Self {
        let closing = Rc::new(watch::channel(None).0);
        Self {
            closing,
            silence: Rc::new(Cell::new(silence)),
        }
    }

    /// Sets how long the peer may say nothing before it is taken for dead.
    pub fn set_silence(&self, limit: Duration) {
        self.silence.set(limit);
    }

    /// Ends the connection, once what is queued has been sent.
    pub fn close(&self, reason: impl fmt::Display) {
        self.closing.send_if_modified(|asked| {
            let first = asked.is_none();
            asked.get_or_insert_with(|| CloseReason(reason.to_string()));
            first
        });
    }
}

/// Why a connection ended, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason(String);

impl CloseReason {
    fn dropped() -> Self {
        Self("the connection was dropped".into())
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Connection {
    /// Offers `bootstrap` to whoever connected. The peer has [`Limits::admission`] to say
    /// something; once it is let in, set its own limit with [`set_silence`](Self::set_silence).
    pub fn serve(stream: Stream, bootstrap: capnp::capability::Client, limits: &Limits) -> Self {
        Self::serve_with(stream, limits, |_| bootstrap)
    }

    /// As [`serve`](Self::serve), with a bootstrap capability that can act on its own connection.
    pub fn serve_with(
        stream: Stream,
        limits: &Limits,
        bootstrap: impl FnOnce(ConnectionHandle) -> capnp::capability::Client,
    ) -> Self {
        let (network, heard) = network(stream, Side::Server, limits);
        let handle = ConnectionHandle::new(limits.admission);
        let system = RpcSystem::new(Box::new(network), Some(bootstrap(handle.clone())));
        Self::start(system, heard, handle)
    }

    /// Takes what the other side offers.
    pub fn open<C: FromClientHook>(stream: Stream, limits: &Limits) -> (C, Self) {
        let (network, heard) = network(stream, Side::Client, limits);
        let mut system = RpcSystem::new(Box::new(network), None);
        let bootstrap = system.bootstrap(Side::Server);
        let handle = ConnectionHandle::new(limits.admission);
        (bootstrap, Self::start(system, heard, handle))
    }

    fn start(system: RpcSystem<Side>, heard: Heard, handle: ConnectionHandle) -> Self {
        let (closed_sender, closed) = watch::channel(None);
        let serve = drive(system, heard, handle.clone());
        let task = spawn_local(async move {
            let reason = serve.await;
            closed_sender.send_replace(Some(reason));
        });
        Self {
            closed,
            handle,
            task: task.abort_handle(),
        }
    }

    /// A handle on this connection, which does not keep it alive.
    pub fn handle(&self) -> ConnectionHandle {
        self.handle.clone()
    }

    /// As [`ConnectionHandle::set_silence`].
    pub fn set_silence(&self, limit: Duration) {
        self.handle.set_silence(limit);
    }

    /// As [`ConnectionHandle::close`].
    pub fn close(&self, reason: impl fmt::Display) {
        self.handle.close(reason);
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) -> CloseReason {
        let mut closed = self.closed.clone();
        let reason = closed
            .wait_for(Option::is_some)
            .await
            .map(|reason| reason.clone());
        reason.ok().flatten().unwrap_or_else(CloseReason::dropped)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs the system until it ends, the peer is silent for too long, or this side wants an end.
async fn drive(mut system: RpcSystem<Side>, heard: Heard, handle: ConnectionHandle) -> CloseReason {
    let disconnector = system.get_disconnector();
    let mut close_asked = handle.closing.subscribe();
    let asked = async {
        let reason = close_asked
            .wait_for(Option::is_some)
            .await
            .map(|reason| reason.clone());
        reason.ok().flatten().unwrap_or_else(CloseReason::dropped)
    };
    let reason = tokio::select! {
        ended = &mut system => return CloseReason(match ended {
            Ok(()) => "the peer closed the connection".into(),
            Err(error) => error.extra,
        }),
        reason = until_silent(&heard, &handle.silence) => reason,
        reason = asked => reason,
    };
    // Whether the last messages still got out makes no difference: the end has a reason already.
    let _ = timeout(CLOSING, async { tokio::join!(disconnector, system) }).await;
    reason
}

async fn until_silent(heard: &Heard, silence: &Cell<Duration>) -> CloseReason {
    loop {
        let deadline = heard.0.get() + silence.get();
        if deadline <= Instant::now() {
            // Where this process itself was stopped for a while, the peer's words wait unread.
            sleep(CATCHING_UP).await;
            if heard.0.get() + silence.get() <= Instant::now() {
                let seconds = silence.get().as_secs_f32();
                return CloseReason(format!("the peer has been silent for {seconds} seconds"));
            }
        }
        // The limit may be lowered meanwhile, as when a peer has just been let in.
        sleep_until(deadline.min(Instant::now() + Duration::from_millis(250))).await;
    }
}

fn network(
    stream: Stream,
    side: Side,
    limits: &Limits,
) -> (VatNetwork<impl futures::AsyncRead + Unpin + 'static>, Heard) {
    let (reader, writer) = tokio::io::split(stream);
    let heard = Heard(Rc::new(Cell::new(Instant::now())));
    let reader = BufReader::with_capacity(BUFFER_BYTES, Listening(reader, heard.clone()));
    let writer = BufWriter::with_capacity(BUFFER_BYTES, writer);
    let options = limits.reader_options();
    let mut network = VatNetwork::new(reader.compat(), writer.compat_write(), side, options);
    network.set_window_size(limits.stream_window);
    (network, heard)
}

/// When the peer was last heard.
#[derive(Clone)]
struct Heard(Rc<Cell<Instant>>);

/// A reader that notes when bytes arrive.
struct Listening<R>(R, Heard);

impl<R: AsyncRead + Unpin> AsyncRead for Listening<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.0).poll_read(cx, buffer);
        if polled.is_ready() {
            self.1.0.set(Instant::now());
        }
        polled
    }
}
