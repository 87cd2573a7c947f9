//! Messages in and out of one stream, beneath the RPC system, each noted in the connection's
//! [`Ledger`].

use std::{cell::RefCell, rc::Rc};

use capnp::{
    any_pointer,
    capability::Promise,
    message::{Builder, HeapAllocator, Reader},
    serialize::{OwnedSegments, compute_serialized_size_in_words},
};
use capnp_futures::serialize::try_read_message;
use capnp_rpc::{
    Connection, FlowController, IncomingMessage, OutgoingMessage, VatNetwork, rpc_capnp::message,
    rpc_twoparty_capnp::Side, twoparty,
};
use futures::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, future::pending, io::Empty};
use tokio::time::timeout;

use crate::{error::closed, ledger::Ledger};

/// A network of two. What it sends goes by way of capnp-rpc's own; what it receives it reads
/// itself, since there the size of a message could not depend on whether its sender was let in.
pub(crate) struct Network<R> {
    outgoing: twoparty::VatNetwork<Empty>,
    incoming: Incoming<R>,
}

/// Where messages come from; taken by who reads one.
struct Incoming<R> {
    reader: Rc<RefCell<Option<R>>>,
    ledger: Rc<Ledger>,
}

impl<R> Clone for Incoming<R> {
    fn clone(&self) -> Self {
        Self {
            reader: self.reader.clone(),
            ledger: self.ledger.clone(),
        }
    }
}

impl<R: AsyncBufRead + Unpin + 'static> Network<R> {
    pub(crate) fn new(
        reader: R,
        writer: impl AsyncWrite + Unpin + 'static,
        side: Side,
        stream_window: usize,
        ledger: Rc<Ledger>,
    ) -> Self {
        let unread = futures::io::empty();
        let mut outgoing = twoparty::VatNetwork::new(unread, writer, side, ledger.options());
        outgoing.set_window_size(stream_window);
        let incoming = Incoming {
            reader: Rc::new(RefCell::new(Some(reader))),
            ledger,
        };
        Self { outgoing, incoming }
    }
}

impl<R: AsyncBufRead + Unpin + 'static> VatNetwork<Side> for Network<R> {
    fn connect(&mut self, host_id: Side) -> Option<Box<dyn Connection<Side>>> {
        let outgoing = self.outgoing.connect(host_id)?;
        let incoming = self.incoming.clone();
        Some(Box::new(Link { outgoing, incoming }))
    }

    fn accept(&mut self) -> Promise<Box<dyn Connection<Side>>, capnp::Error> {
        let outgoing = self.outgoing.accept();
        let incoming = self.incoming.clone();
        Promise::from_future(async move {
            let outgoing = outgoing.await?;
            Ok(Box::new(Link { outgoing, incoming }) as Box<dyn Connection<Side>>)
        })
    }

    fn drive_until_shutdown(&mut self) -> Promise<(), capnp::Error> {
        self.outgoing.drive_until_shutdown()
    }
}

/// The one connection of a network.
struct Link<R> {
    outgoing: Box<dyn Connection<Side>>,
    incoming: Incoming<R>,
}

impl<R: AsyncBufRead + Unpin + 'static> Connection<Side> for Link<R> {
    fn get_peer_vat_id(&self) -> Side {
        self.outgoing.get_peer_vat_id()
    }

    fn new_outgoing_message(&mut self, first_segment_words: u32) -> Box<dyn OutgoingMessage> {
        Box::new(Outgoing {
            message: self.outgoing.new_outgoing_message(first_segment_words),
            ledger: self.incoming.ledger.clone(),
        })
    }

    fn receive_incoming_message(
        &mut self,
    ) -> Promise<Option<Box<dyn IncomingMessage>>, capnp::Error> {
        let incoming = self.incoming.clone();
        let Some(mut reader) = incoming.reader.take() else {
            // The RPC system reads one message after the other.
            return Promise::err(capnp::Error::failed("two read at once".to_owned()));
        };
        Promise::from_future(async move {
            // A peer that is let in meanwhile sends what is larger only once it knows; so the limit
            // is that of the moment when the message comes.
            let ledger = &incoming.ledger;
            let read = async {
                reader.fill_buf().await?;
                // Room was made for all of it by then.
                let message = try_read_message(&mut reader, ledger.size_limit());
                match timeout(ledger.message_time(), message).await {
                    Ok(read) => read,
                    Err(_) => {
                        let limit = ledger.message_time();
                        ledger.close(format!("a message of the peer took longer than {limit:?}"));
                        pending().await
                    }
                }
            };
            let message = tokio::select! {
                biased;
                reason = ledger.close_asked() => return Err(closed(reason).into()),
                read = read => read?,
            };
            incoming.reader.replace(Some(reader));
            let Some(message) = message else {
                return Ok(None);
            };
            let words = message.size_in_words();
            let message = Reader::new(message.into_segments(), ledger.options());
            ledger.received(message.get_root()?, words)?;
            Ok(Some(Box::new(Received(message)) as Box<dyn IncomingMessage>))
        })
    }

    fn new_stream(&mut self) -> (Box<dyn FlowController>, Promise<(), capnp::Error>) {
        self.outgoing.new_stream()
    }

    fn shutdown(&mut self, result: capnp::Result<()>) -> Promise<(), capnp::Error> {
        self.outgoing.shutdown(result)
    }
}

struct Received(Reader<OwnedSegments>);

impl IncomingMessage for Received {
    fn get_body(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        self.0.get_root()
    }
}

struct Outgoing {
    message: Box<dyn OutgoingMessage>,
    ledger: Rc<Ledger>,
}

impl OutgoingMessage for Outgoing {
    fn get_body(&mut self) -> capnp::Result<any_pointer::Builder<'_>> {
        self.message.get_body()
    }

    fn get_body_as_reader(&self) -> capnp::Result<any_pointer::Reader<'_>> {
        self.message.get_body_as_reader()
    }

    fn send(self: Box<Self>) -> (Promise<(), capnp::Error>, Rc<Builder<HeapAllocator>>) {
        let Self { message, ledger } = *self;
        let (sent, message) = message.send();
        let bytes = compute_serialized_size_in_words(&message) * 8;
        let body = message.get_root_as_reader::<message::Reader<'_>>();
        ledger.queued(body.ok(), bytes);
        (sent, message)
    }

    fn take(self: Box<Self>) -> Builder<HeapAllocator> {
        self.message.take()
    }

    fn size_in_words(&self) -> usize {
        self.message.size_in_words()
    }
}
