//! Objects, that is results, values and components, as they move: pieces in a stream.

use std::{cell::RefCell, collections::BTreeMap, pin::Pin, rc::Rc};

use bytes::Bytes;
use wask_core::Key;
use wask_schema::transfer_capnp::object_sink;

use crate::{Error, Limits, Refusal, RefusalCode, wire};

/// A sink that keeps the expected objects in memory, and where they will be.
///
/// `expected` gives each object's key and the most bytes that it may have. Others are refused, and
/// the sink takes nothing more after that. A writer that stops half-way leaves its object out.
pub fn object_collector(
    expected: impl IntoIterator<Item = (Key, u64)>,
) -> (object_sink::Client, Collected) {
    let collector = Rc::new(RefCell::new(Collector::new(expected)));
    let sink = Sink {
        collector: collector.clone(),
        on_finish: RefCell::new(None),
    };
    (capnp_rpc::new_client(sink), Collected(collector))
}

/// A sink that gives all objects to `on_finish` when its writer has finished, and tells the writer
/// what that says. An object that is missing then, or incomplete, is refused.
pub fn object_sink_with<F>(
    expected: impl IntoIterator<Item = (Key, u64)>,
    on_finish: impl FnOnce(Vec<(Key, Bytes)>) -> F + 'static,
) -> object_sink::Client
where
    F: Future<Output = Result<(), Refusal>> + 'static,
{
    let collector = Rc::new(RefCell::new(Collector::new(expected)));
    let on_finish: OnFinish = Box::new(move |objects| Box::pin(on_finish(objects)));
    capnp_rpc::new_client(Sink {
        collector,
        on_finish: RefCell::new(Some(on_finish)),
    })
}

/// What a collector has got so far.
pub struct Collected(Rc<RefCell<Collector>>);

impl Collected {
    /// The objects that are complete, each once; the order means nothing.
    ///
    /// # Errors
    ///
    /// Where a writer sent what was not expected.
    pub fn take(&self) -> Result<Vec<(Key, Bytes)>, Refusal> {
        let mut collector = self.0.borrow_mut();
        match collector.fault.clone() {
            Some(fault) => Err(fault),
            None => Ok(collector.take_complete()),
        }
    }
}

/// Writes objects into a sink and finishes it.
///
/// # Errors
///
/// Where the connection is lost, or the sink's owner refuses.
pub async fn write_objects(
    sink: &object_sink::Client,
    objects: impl IntoIterator<Item = (Key, Bytes)>,
    limits: &Limits,
) -> Result<(), Error> {
    let mut batch = Vec::new();
    let mut batch_bytes = 0;
    for (key, object) in objects {
        let mut from = 0;
        // An empty object has one piece too: it says that there is nothing more to come.
        while from < object.len() || from == 0 {
            let to = object.len().min(from + limits.chunk_bytes - batch_bytes);
            batch_bytes += to - from;
            batch.push(OutgoingPiece {
                key,
                size: object.len() as u64,
                data: object.slice(from..to),
            });
            if batch_bytes >= limits.chunk_bytes || batch.len() >= limits.batch_items {
                write_pieces(sink, &batch).await?;
                batch.clear();
                batch_bytes = 0;
            }
            from = to;
            if object.is_empty() {
                break;
            }
        }
    }
    if !batch.is_empty() {
        write_pieces(sink, &batch).await?;
    }
    let answer = sink.finish_request().send().promise.await?;
    wire::read_sink_result(answer.get()?.get_result()?)?;
    Ok(())
}

struct OutgoingPiece {
    key: Key,
    size: u64,
    data: Bytes,
}

async fn write_pieces(sink: &object_sink::Client, batch: &[OutgoingPiece]) -> Result<(), Error> {
    let mut request = sink.write_request();
    let mut pieces = request.get().init_pieces(wire::list_len(batch.len()));
    for (index, piece) in (0..).zip(batch) {
        let mut out = pieces.reborrow().get(index);
        out.set_key(&piece.key.0);
        out.set_size(piece.size);
        out.set_data(&piece.data);
    }
    request.send().await?;
    Ok(())
}

type Finishing = Pin<Box<dyn Future<Output = Result<(), Refusal>>>>;
type OnFinish = Box<dyn FnOnce(Vec<(Key, Bytes)>) -> Finishing>;

struct Sink {
    collector: Rc<RefCell<Collector>>,
    on_finish: RefCell<Option<OnFinish>>,
}

impl object_sink::Server for Sink {
    async fn write(self: Rc<Self>, params: object_sink::WriteParams) -> Result<(), capnp::Error> {
        let mut collector = self.collector.borrow_mut();
        if collector.fault.is_none() {
            let taken = collector.take_in(&params);
            collector.fault = taken.err();
        }
        Ok(())
    }

    async fn finish(
        self: Rc<Self>,
        _: object_sink::FinishParams,
        mut results: object_sink::FinishResults,
    ) -> Result<(), capnp::Error> {
        let outcome = self.outcome().await;
        wire::write_sink_result(results.get().init_result(), &outcome);
        Ok(())
    }
}

impl Sink {
    async fn outcome(&self) -> Result<(), Refusal> {
        if let Some(fault) = self.collector.borrow().fault.clone() {
            return Err(fault);
        }
        let Some(on_finish) = self.on_finish.borrow_mut().take() else {
            return Ok(());
        };
        let objects = self.collector.borrow_mut().take_all()?;
        on_finish(objects).await
    }
}

struct Collector {
    /// The most bytes that each object may have, of those that have not begun.
    expected: BTreeMap<Key, u64>,
    /// Objects of which some pieces are here.
    partial: BTreeMap<Key, Partial>,
    complete: BTreeMap<Key, Bytes>,
    fault: Option<Refusal>,
}

struct Partial {
    size: usize,
    bytes: Vec<u8>,
}

impl Collector {
    fn new(expected: impl IntoIterator<Item = (Key, u64)>) -> Self {
        Self {
            expected: expected.into_iter().collect(),
            partial: BTreeMap::new(),
            complete: BTreeMap::new(),
            fault: None,
        }
    }

    fn take_in(&mut self, params: &object_sink::WriteParams) -> Result<(), Refusal> {
        let malformed = |error: capnp::Error| Refusal::new(RefusalCode::Invalid, error);
        let pieces = params.get().and_then(|params| params.get_pieces());
        let pieces = wire::structs(pieces.map_err(malformed)?);
        for piece in pieces.map_err(|e| Refusal::new(RefusalCode::Invalid, e))? {
            let key = piece.get_key().map_err(malformed)?;
            let key = wire::read_key(key).map_err(|e| Refusal::new(RefusalCode::Invalid, e))?;
            self.add(key, piece.get_size(), piece.get_data().map_err(malformed)?)?;
        }
        Ok(())
    }

    fn add(&mut self, key: Key, size: u64, data: &[u8]) -> Result<(), Refusal> {
        if let Some(most) = self.expected.remove(&key) {
            let partial = Partial::begin(key, size, most)?;
            self.partial.insert(key, partial);
        }
        let Some(partial) = self.partial.get_mut(&key) else {
            // A second writer of an object that is complete, as after a retry, does no harm.
            return match self.complete.contains_key(&key) {
                true => Ok(()),
                false => Err(unexpected(key, "was not asked for")),
            };
        };
        if partial.size as u64 != size || data.len() > partial.size - partial.bytes.len() {
            return Err(unexpected(key, "does not have the size that was announced"));
        }
        partial.bytes.extend_from_slice(data);
        if partial.bytes.len() == partial.size
            && let Some(partial) = self.partial.remove(&key)
        {
            self.complete.insert(key, partial.bytes.into());
        }
        Ok(())
    }

    fn take_all(&mut self) -> Result<Vec<(Key, Bytes)>, Refusal> {
        let missing = self.partial.keys().chain(self.expected.keys()).next();
        match missing {
            Some(key) => Err(unexpected(*key, "did not arrive whole")),
            None => Ok(self.take_complete()),
        }
    }

    fn take_complete(&mut self) -> Vec<(Key, Bytes)> {
        std::mem::take(&mut self.complete).into_iter().collect()
    }
}

impl Partial {
    /// Makes room for the whole object at once, so that nothing is copied as it grows.
    fn begin(key: Key, size: u64, most: u64) -> Result<Self, Refusal> {
        if size > most {
            return Err(unexpected(
                key,
                &format!("has {size} bytes, more than {most}"),
            ));
        }
        let size = usize::try_from(size).map_err(|_| unexpected(key, "is too large"))?;
        Ok(Self {
            size,
            bytes: Vec::with_capacity(size),
        })
    }
}

fn unexpected(key: Key, what: &str) -> Refusal {
    Refusal::new(
        RefusalCode::Invalid,
        format!("object {} {what}", key.short()),
    )
}
