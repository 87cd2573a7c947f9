//! A writer that lets what is in no hurry wait for what is.
//!
//! Each message of a stream is answered, and an answer that says nothing but "taken in" matters to
//! nobody before the stream's window is full. Sent at once it would wake the other side for
//! nothing, and make what it came with wait for a processor. So it stays in the buffer until
//! something else goes the same way, or for [`LINGER`].

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{io::AsyncWrite, sync::Notify, time::sleep};

use crate::ledger::Ledger;

/// How long something waits that is in no hurry.
const LINGER: Duration = Duration::from_millis(1);

/// The writer of one connection's messages, for their queue. It counts in the ledger what it took.
pub(crate) struct Paced<W>(Rc<Shared<W>>);

/// Sends what has waited for long enough.
pub(crate) struct Late<W>(Rc<Shared<W>>);

struct Shared<W> {
    writer: RefCell<W>,
    ledger: Rc<Ledger>,
    /// Something has begun to wait.
    waits: Notify,
    /// The queue of messages is told when the writer has room again. A writer tells just one, so
    /// nobody else may ask meanwhile.
    is_queue_waiting: Cell<bool>,
}

impl<W: AsyncWrite + Unpin> Paced<W> {
    /// Two that share `writer`, which has to have a buffer.
    pub(crate) fn new(writer: W, ledger: Rc<Ledger>) -> (Self, Late<W>) {
        let shared = Rc::new(Shared {
            writer: RefCell::new(writer),
            ledger,
            waits: Notify::new(),
            is_queue_waiting: Cell::new(false),
        });
        (Self(shared.clone()), Late(shared))
    }

    fn ask<T>(&self, ask: impl FnOnce(Pin<&mut W>) -> Poll<T>) -> Poll<T> {
        let polled = ask(Pin::new(&mut *self.0.writer.borrow_mut()));
        self.0.is_queue_waiting.set(polled.is_pending());
        polled
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for Paced<W> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(self.ask(|writer| writer.poll_write(cx, bytes)))?;
        self.0.ledger.written(count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.0.ledger.is_in_a_hurry() {
            self.0.waits.notify_one();
            return Poll::Ready(Ok(()));
        }
        ready!(self.ask(|writer| writer.poll_flush(cx)))?;
        self.0.ledger.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ask(|writer| writer.poll_shutdown(cx))
    }
}

impl<W: AsyncWrite + Unpin> Late<W> {
    /// Sends what waits, for as long as there is a connection. Never ends.
    pub(crate) async fn run(self) {
        loop {
            self.0.waits.notified().await;
            sleep(LINGER).await;
            poll_fn(|cx| self.poll_send(cx)).await;
        }
    }

    fn poll_send(&self, cx: &mut Context<'_>) -> Poll<()> {
        let shared = &*self.0;
        // The queue sends what is before it with what it has, or says again that something waits.
        if shared.is_queue_waiting.get() || !shared.ledger.has_unsent() {
            return Poll::Ready(());
        }
        // Who reads meets the end of a broken connection as well.
        let _ = ready!(Pin::new(&mut *shared.writer.borrow_mut()).poll_flush(cx));
        shared.ledger.flushed();
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use capnp::message::Builder;
    use capnp_rpc::rpc_capnp::message;
    use futures::FutureExt;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, BufWriter, DuplexStream, duplex},
        time::timeout,
    };

    use super::*;
    use crate::Limits;

    const PIPE: usize = 64;

    struct Line {
        ledger: Rc<Ledger>,
        writer: Paced<BufWriter<DuplexStream>>,
        late: Pin<Box<dyn Future<Output = ()>>>,
        far: DuplexStream,
    }

    impl Line {
        fn new(is_stranger: bool) -> Self {
            let ledger = Rc::new(Ledger::new(&Limits::default(), is_stranger));
            let (near, far) = duplex(PIPE);
            let near = BufWriter::with_capacity(1000, near);
            let (writer, late) = Paced::new(near, ledger.clone());
            Self {
                ledger,
                writer,
                late: Box::pin(late.run()),
                far,
            }
        }

        /// As the queue of messages does; whether it is done.
        fn send(&mut self, bytes: usize, write: impl FnOnce(message::Builder<'_>)) -> bool {
            let mut message = Builder::new_default();
            write(message.init_root());
            self.ledger.queued(message.get_root_as_reader().ok(), bytes);
            let sent = async {
                self.writer.write_all(&vec![1; bytes]).await.unwrap();
                self.writer.flush().await.unwrap();
            };
            sent.now_or_never().is_some()
        }

        /// What waits has its time.
        async fn linger(&mut self) {
            assert!(timeout(LINGER * 3, &mut self.late).await.is_err());
        }

        /// What has come by now.
        fn come(&mut self) -> usize {
            let mut bytes = [0; 2 * PIPE];
            let read = self.far.read(&mut bytes).now_or_never();
            read.map_or(0, |read| read.unwrap())
        }
    }

    fn taken_in(message: message::Builder<'_>) {
        message.init_return().init_results();
    }

    fn question(message: message::Builder<'_>) {
        message.init_call();
    }

    #[tokio::test]
    async fn an_answer_without_content_waits_for_company_but_not_for_long() {
        let mut line = Line::new(false);
        assert!(line.send(10, taken_in));
        assert_eq!(line.come(), 0);
        assert!(line.send(5, question));
        assert_eq!(line.come(), 15);

        assert!(line.send(10, taken_in));
        assert_eq!(line.come(), 0);
        line.linger().await;
        assert_eq!(line.come(), 10);
    }

    #[tokio::test]
    async fn who_sends_much_is_answered_at_once() {
        let mut line = Line::new(false);
        for (kilobytes, come) in [(1, 0), (200, 20)] {
            let mut question = Builder::new_default();
            question.init_root::<message::Builder<'_>>().init_call();
            let question = question.get_root_as_reader().unwrap();
            line.ledger.received(question, kilobytes << 7).unwrap();
            assert!(line.send(10, taken_in));
            assert_eq!(line.come(), come);
        }
    }

    #[tokio::test]
    async fn an_answer_with_content_and_one_to_a_stranger_go_at_once() {
        let mut line = Line::new(false);
        line.send(10, |message| {
            let mut content = message.init_return().init_results().init_content();
            content.set_as::<capnp::text::Owned>("news").unwrap();
        });
        assert_eq!(line.come(), 10);
        let mut line = Line::new(true);
        line.send(10, taken_in);
        assert_eq!(line.come(), 10);
    }

    /// Of two that wait for room only the one that asked last is told of it.
    #[tokio::test]
    async fn who_waits_for_room_is_not_supplanted() {
        let mut line = Line::new(false);
        assert!(line.send(10, taken_in));
        assert_eq!(line.come(), 0);
        assert!(!line.send(PIPE, question), "it does not fit the pipe");
        line.linger().await;
        assert!(line.writer.0.is_queue_waiting.get());
        assert_eq!(line.come(), PIPE);
        line.writer.flush().now_or_never().unwrap().unwrap();
        assert_eq!(line.come(), 10);
    }
}
