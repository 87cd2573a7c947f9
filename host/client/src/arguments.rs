//! Rust values to the arguments of a task.
//!
//! Arguments are a tuple with one item for each parameter, of any type that serde serializes,
//! encoded as the function's signature directs. Three things in them mean more than their value: a
//! [`Future`](crate::Future) stands for its result, an [`Encoded`] for what it holds, and, in
//! `map`, an [`Each`] for its next item. They serialize as numbered holes; which hole is what,
//! they leave with the collector of this thread while the arguments are encoded.

use std::{cell::RefCell, sync::Arc};

use serde::{Serialize, Serializer, ser};
use wask_core::{Arguments, Hole, Key};
use wask_value::{FunctionType, Rope, Segment, Type};

use crate::{Encoded, Error, session::Session, state::Handle};

/// Arguments as a task has them.
#[derive(Debug)]
pub(crate) struct EncodedArguments {
    pub(crate) arguments: Arguments,
    /// The tasks whose results go into the holes, each once.
    pub(crate) dependencies: Box<[Key]>,
}

/// Encodes the arguments of one call.
///
/// `name` and `ty` are the function's.
pub(crate) fn encode<A: Serialize + ?Sized>(
    session: &Arc<Session>,
    name: &Arc<str>,
    ty: &FunctionType,
    arguments: &A,
) -> Result<EncodedArguments, Error> {
    let (rope, collected) = Collector::run(None, || rope(name, ty, arguments));
    finish(session, name, ty, rope?, &collected.slots)
}

/// Encodes the arguments of one call after another, as long as the sequences in them last.
pub(crate) struct Rows<'a, A> {
    pub(crate) session: &'a Arc<Session>,
    pub(crate) name: &'a Arc<str>,
    pub(crate) ty: &'a FunctionType,
    pub(crate) arguments: &'a A,
}

impl<A: Serialize> Iterator for Rows<'_, A> {
    type Item = Result<EncodedArguments, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = next_row();
        let encoded = || rope(self.name, self.ty, self.arguments);
        let (rope, collected) = Collector::run(Some(row), encoded);
        if collected.has_ended {
            return None;
        }
        if rope.is_ok() && !collected.has_each {
            let advice = "map needs something to map over: put each(..) around a sequence in its \
                          arguments, or use submit";
            return Some(Err(Error::Usage(advice)));
        }
        let slots = &collected.slots;
        Some(rope.and_then(|rope| finish(self.session, self.name, self.ty, rope, slots)))
    }
}

fn rope<A: Serialize + ?Sized>(
    name: &Arc<str>,
    ty: &FunctionType,
    arguments: &A,
) -> Result<Rope, Error> {
    let rope = wask_value::arguments_to_rope(&ty.params, arguments);
    rope.map_err(|source| misfit(name, ty, source))
}

fn misfit(name: &Arc<str>, ty: &FunctionType, source: wask_value::Error) -> Error {
    Error::Arguments {
        function: name.clone(),
        signature: ty.to_string(),
        source: source.into(),
    }
}

/// Checks what stands in the holes, and puts in what is here already.
fn finish(
    session: &Arc<Session>,
    name: &Arc<str>,
    ty: &FunctionType,
    rope: Rope,
    slots: &[Slot],
) -> Result<EncodedArguments, Error> {
    if slots.is_empty() {
        // What was encoded as the types direct is of these types.
        let arguments = Arguments {
            bytes: rope.into_bytes().unwrap_or_default().into(),
            holes: Box::default(),
        };
        return Ok(EncodedArguments {
            arguments,
            dependencies: Box::default(),
        });
    }
    let slot = |number: u32| slots.get(number as usize);
    let hole_type = |number| slot(number).map(Slot::ty);
    wask_value::check_arguments(&ty.params, rope.segments(), hole_type)
        .map_err(|source| misfit(name, ty, source))?;
    let mut filled = Filled::default();
    for segment in rope.segments() {
        match segment {
            Segment::Bytes(bytes) => filled.bytes.extend_from_slice(bytes),
            Segment::Hole(number) => match slot(number) {
                Some(Slot::Future(future)) if Arc::ptr_eq(&future.session, session) => {
                    filled.hole(name, future.key)?;
                }
                Some(Slot::Encoded(value)) => filled.bytes.extend_from_slice(value.bytes()),
                _ => {
                    return Err(Error::Usage(
                        "a future of another client stands in the arguments: gather its result \
                         and scatter it with this client",
                    ));
                }
            },
        }
    }
    Ok(filled.into())
}

#[derive(Default)]
struct Filled {
    bytes: Vec<u8>,
    holes: Vec<Hole>,
    dependencies: Vec<Key>,
    /// Where in the dependencies a key stands.
    places: wask_core::KeyMap<u32>,
}

impl Filled {
    fn hole(&mut self, name: &Arc<str>, key: Key) -> Result<(), Error> {
        let count = |len: usize| {
            u32::try_from(len).map_err(|_| Error::ArgumentsTooLarge {
                function: name.clone(),
                bytes: len,
                limit: u32::MAX as usize,
            })
        };
        let next = count(self.dependencies.len())?;
        let dependency = *self.places.entry(key).or_insert(next);
        if dependency == next {
            self.dependencies.push(key);
        }
        let offset = count(self.bytes.len())?;
        self.holes.push(Hole { offset, dependency });
        Ok(())
    }
}

impl From<Filled> for EncodedArguments {
    fn from(filled: Filled) -> Self {
        let arguments = Arguments {
            bytes: filled.bytes.into(),
            holes: filled.holes.into(),
        };
        Self {
            arguments,
            dependencies: filled.dependencies.into(),
        }
    }
}

/// What stands in a hole.
pub(crate) enum Slot {
    Future(Arc<Handle>),
    Encoded(Encoded),
}

impl Slot {
    fn ty(&self) -> &Type {
        match self {
            Self::Future(future) => &future.description.ty,
            Self::Encoded(value) => value.ty(),
        }
    }

    /// Leaves this with the collector, and serializes as the hole that it stands in.
    pub(crate) fn serialize<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = COLLECTOR.with_borrow_mut(|collector| {
            let slots = &mut collector.as_mut()?.slots;
            let number = u32::try_from(slots.len()).ok()?;
            slots.push(self);
            Some(number)
        });
        match number {
            Some(number) => wask_value::Hole(number).serialize(serializer),
            None => Err(ser::Error::custom(
                "a future stands only in the arguments of a task: take its result first",
            )),
        }
    }
}

thread_local! {
    static COLLECTOR: RefCell<Option<Collector>> = const { RefCell::new(None) };
    static ROW: RefCell<u64> = const { RefCell::new(0) };
}

/// A number that no row on this thread had before.
fn next_row() -> u64 {
    ROW.with_borrow_mut(|row| {
        *row += 1;
        *row
    })
}

/// What is left by the values that are being serialized on this thread.
#[derive(Default)]
struct Collector {
    slots: Vec<Slot>,
    /// Which call of a `map` the arguments are for.
    row: Option<u64>,
    has_each: bool,
    has_ended: bool,
}

impl Collector {
    /// Runs `encode` with a collector of its own, and gives that back.
    fn run<T>(row: Option<u64>, encode: impl FnOnce() -> T) -> (T, Self) {
        let collector = Self {
            row,
            ..Self::default()
        };
        // Arguments may be encoded while others are, by a `Serialize` that submits a task.
        let outer = COLLECTOR.replace(Some(collector));
        let encoded = encode();
        let collector = COLLECTOR.replace(outer);
        (encoded, collector.unwrap_or_default())
    }
}

/// Within the arguments of [`map`](crate::Client::map): the items of a sequence, one for each
/// task.
///
/// ```no_run
/// # use wask_client::*;
/// # fn example(client: &Client, count: &Function) -> Result<(), Error> {
/// use wask_client::each;
///
/// // Two tasks: count("a b", 3) and count("c", 3).
/// let futures = client.map(count, (each(["a b", "c"]), 3))?;
/// # Ok(()) }
/// ```
pub fn each<I: IntoIterator<Item: Serialize>>(items: I) -> Each<I::IntoIter> {
    Each(RefCell::new(Items {
        items: items.into_iter(),
        row: None,
        current: None,
    }))
}

/// What [`each`] makes.
pub struct Each<I: Iterator>(RefCell<Items<I>>);

struct Items<I: Iterator> {
    items: I,
    /// For which call the current item is.
    row: Option<u64>,
    current: Option<I::Item>,
}

impl<I: Iterator<Item: Serialize>> Serialize for Each<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = COLLECTOR.with_borrow_mut(|collector| {
            let collector = collector.as_mut()?;
            collector.has_each = true;
            collector.row
        });
        let Some(row) = row else {
            let advice = "each(..) stands only in the arguments of map";
            return Err(ser::Error::custom(advice));
        };
        let mut items = self.0.borrow_mut();
        if items.row != Some(row) {
            items.row = Some(row);
            items.current = items.items.next();
        }
        match &items.current {
            Some(item) => item.serialize(serializer),
            None => {
                COLLECTOR.with_borrow_mut(|collector| {
                    if let Some(collector) = collector {
                        collector.has_ended = true;
                    }
                });
                Err(ser::Error::custom("the sequence has ended"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
