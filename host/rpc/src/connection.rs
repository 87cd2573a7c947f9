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
use capnp_rpc::{RpcSystem, rpc_twoparty_capnp::Side};
use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader, BufWriter, ReadBuf},
    sync::watch,
    task::{AbortHandle, spawn_local},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::{
    Limits, Stream,
    error::closed_for,
    ledger::Ledger,
    network::Network,
    paced::Paced,
    stranger::{Lines, shown},
};

/// Bytes that are read from or written to a stream at once.
const BUFFER_BYTES: usize = 128 << 10;
/// Time that a closing connection has to send what it has queued.
const CLOSING: Duration = Duration::from_secs(1);
/// The same for a stranger's.
const STRANGER_CLOSING: Duration = Duration::from_millis(50);
/// How often it is looked whether a peer is silent.
const LOOK: Duration = Duration::from_millis(250);
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
pub struct ConnectionHandle(Rc<Shared>);

struct Shared {
    ledger: Rc<Ledger>,
    silence: Cell<Duration>,
    /// How long the peer may be a stranger.
    admission: Duration,
    answer_time: Duration,
    /// Where a stranger's one line goes; none when it is written.
    lines: Cell<Option<Rc<Lines>>>,
}

impl ConnectionHandle {
    fn new(limits: &Limits, lines: Option<Rc<Lines>>) -> Self {
        Self(Rc::new(Shared {
            ledger: Rc::new(Ledger::new(limits, lines.is_some())),
            silence: Cell::new(limits.admission),
            admission: limits.admission,
            answer_time: limits.answer_time,
            lines: Cell::new(lines),
        }))
    }

    /// The peer is no stranger any more: it has shown what it had to. From now on it may say
    /// nothing for `silence` before it is taken for dead.
    pub fn let_in(&self, silence: Duration) {
        self.0.silence.set(silence);
        self.0.ledger.let_in();
    }

    /// From now on the peer has to answer each question within [`Limits::answer_time`], as it is
    /// asked nothing that takes long; else its connection is closed.
    pub fn expect_answers(&self) {
        self.0.ledger.expect_answers();
    }

    /// Whether the peer has not been let in yet.
    pub fn is_stranger(&self) -> bool {
        self.0.ledger.is_stranger()
    }

    /// Writes into the log what a stranger did: one line for each connection, and few for all. The
    /// stranger's own words in it should be [`shown`](crate::shown).
    pub fn log(&self, line: impl fmt::Display) {
        if let Some(lines) = self.0.lines.take() {
            lines.write(&line.to_string());
        }
    }

    /// Ends the connection, once what is queued has been sent. The peer is told the reason.
    pub fn close(&self, reason: impl fmt::Display) {
        self.0.ledger.close(reason);
    }
}

/// Why a connection ended, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason(String);

impl CloseReason {
    /// Some of the words may be the peer's.
    pub(crate) fn new(words: impl fmt::Display) -> Self {
        Self(shown(&words.to_string()))
    }

    pub(crate) fn dropped() -> Self {
        Self::new("the connection was dropped")
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Connection {
    /// Offers `bootstrap` to a peer that needs not be let in. It has [`Limits::admission`] to say
    /// something, or what [`set_silence`](Self::set_silence) gives it.
    pub fn serve(stream: Stream, bootstrap: capnp::capability::Client, limits: &Limits) -> Self {
        let handle = ConnectionHandle::new(limits, None);
        Self::start(stream, Side::Server, limits, handle, Some(bootstrap)).0
    }

    /// Offers `bootstrap` to whoever connected: a stranger, until it is let in.
    pub(crate) fn serve_stranger(
        stream: Stream,
        limits: &Limits,
        lines: Rc<Lines>,
        bootstrap: impl FnOnce(ConnectionHandle) -> capnp::capability::Client,
    ) -> Self {
        let handle = ConnectionHandle::new(limits, Some(lines));
        let bootstrap = bootstrap(handle.clone());
        Self::start(stream, Side::Server, limits, handle, Some(bootstrap)).0
    }

    /// Takes what the other side offers.
    pub fn open<C: FromClientHook>(stream: Stream, limits: &Limits) -> (C, Self) {
        let handle = ConnectionHandle::new(limits, None);
        let (connection, bootstrap) = Self::start(stream, Side::Client, limits, handle, None);
        (bootstrap.cast_to(), connection)
    }

    fn start(
        stream: Stream,
        side: Side,
        limits: &Limits,
        handle: ConnectionHandle,
        bootstrap: Option<capnp::capability::Client>,
    ) -> (Self, capnp::capability::Client) {
        let ledger = handle.0.ledger.clone();
        let (reader, writer) = tokio::io::split(stream);
        let heard = Heard(Rc::new(Cell::new(Instant::now())));
        let reader = BufReader::with_capacity(BUFFER_BYTES, Listening(reader, heard.clone()));
        let writer = BufWriter::with_capacity(BUFFER_BYTES, Forgiving(writer));
        let (writer, late) = Paced::new(writer, ledger.clone());
        let window = limits.stream_window;
        let network = Network::new(reader.compat(), writer.compat_write(), side, window, ledger);
        let mut system = RpcSystem::new(Box::new(network), bootstrap);
        let offered = system.bootstrap(Side::Server);
        let (closed_sender, closed) = watch::channel(None);
        let serve = drive(system, heard, handle.clone());
        let task = spawn_local(async move {
            let reason = tokio::select! {
                reason = serve => reason,
                () = late.run() => CloseReason::dropped(),
            };
            closed_sender.send_replace(Some(reason));
        });
        let connection = Self {
            closed,
            handle,
            task: task.abort_handle(),
        };
        (connection, offered)
    }

    /// A handle on this connection, which does not keep it alive.
    pub fn handle(&self) -> ConnectionHandle {
        self.handle.clone()
    }

    /// Sets how long the peer may say nothing before it is taken for dead.
    pub fn set_silence(&self, limit: Duration) {
        self.handle.0.silence.set(limit);
    }

    /// As [`ConnectionHandle::close`].
    pub fn close(&self, reason: impl fmt::Display) {
        self.handle.close(reason);
    }

    /// Waits until the connection has ended.
    pub async fn closed(&self) -> CloseReason {
        self.ended().await
    }

    /// As [`closed`](Self::closed), for who does not keep the connection.
    pub(crate) fn ended(&self) -> impl Future<Output = CloseReason> + use<> {
        let mut closed = self.closed.clone();
        async move {
            let reason = closed.wait_for(Option::is_some).await;
            let reason = reason.ok().and_then(|reason| reason.clone());
            reason.unwrap_or_else(CloseReason::dropped)
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs the system until it ends, the peer is silent for too long, or this side wants an end.
async fn drive(mut system: RpcSystem<Side>, heard: Heard, handle: ConnectionHandle) -> CloseReason {
    let ledger = &handle.0.ledger;
    let has_ended = tokio::select! {
        biased;
        _ = ledger.close_asked() => false,
        () = until_silent(&heard, &handle.0) => false,
        ended = &mut system => {
            match ended {
                Ok(()) => ledger.close("the peer closed the connection"),
                Err(error) => match closed_for(&error) {
                    Some(reason) => {
                        ledger.close(format_args!("the peer closed the connection: {reason}"));
                    }
                    None => ledger.close(error.extra),
                },
            }
            true
        }
    };
    let reason = ledger.close_asked().await;
    let mut time = CLOSING;
    if handle.is_stranger() {
        time = STRANGER_CLOSING;
        handle.log(format_args!("a stranger's connection ended: {reason}"));
    }
    if has_ended {
        return reason;
    }
    // The reader fails with the reason: capnp-rpc tells that to the peer, then ends. Whether the
    // last messages still got out makes no difference.
    let _ = timeout(time, system).await;
    reason
}

/// Closes the connection where nothing is heard of the peer for too long, or where it is a stranger
/// for too long, whatever it says.
async fn until_silent(heard: &Heard, shared: &Shared) {
    let connected = heard.0.get();
    loop {
        let deadline = || match shared.ledger.is_stranger() {
            true => connected + shared.admission,
            false => heard.0.get() + shared.silence.get(),
        };
        if deadline() <= Instant::now() {
            // Where this process itself was stopped for a while, the peer's words wait unread.
            sleep(CATCHING_UP).await;
            if deadline() <= Instant::now() {
                return shared.ledger.close(match shared.ledger.is_stranger() {
                    true => format!("nobody was let in within {:?}", shared.admission),
                    false => {
                        let seconds = shared.silence.get().as_secs_f32();
                        format!("the peer has been silent for {seconds} seconds")
                    }
                });
            }
        }
        if shared.ledger.is_owed_too_long() {
            sleep(CATCHING_UP).await;
            if shared.ledger.is_owed_too_long() {
                let limit = shared.answer_time;
                let reason = format!("the peer has not answered a question for {limit:?}");
                return shared.ledger.close(reason);
            }
        }
        // The limit may be lowered meanwhile, as when a peer has just been let in.
        sleep_until(deadline().min(Instant::now() + LOOK)).await;
    }
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

/// A writer whose errors do not show: the reader of a broken connection meets its end as well, and
/// may first read there why the peer closed it, which would be lost if a write failed before.
struct Forgiving<W>(W);

impl<W: AsyncWrite + Unpin> AsyncWrite for Forgiving<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.0).poll_write(cx, bytes);
        polled.map(|written| Ok(written.unwrap_or(bytes.len())))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx).map(|_| Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx).map(|_| Ok(()))
    }
}
