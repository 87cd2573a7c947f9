//! Rust values to the arguments of a task.
//!
//! Arguments are a tuple with one item for each parameter, of any type that serde serializes,
//! encoded as the function's signature directs. Some things in them mean more than their value: a
//! [`Future`](crate::Future) and a [`Delayed`](crate::Delayed) stand for their results, an
//! [`Encoded`] for what it holds, and, in `map`, an [`Each`] for its next item. They serialize as
//! numbered holes; which hole is what, they leave with the collector of this thread while the
//! arguments are encoded.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use serde::{Serialize, Serializer, ser};
use wask_core::{Arguments, Hole, Key, Piece};
use wask_value::{FunctionType, Rope, Segment, Type};

use crate::{
    Encoded, Error,
    handle::Handle,
    lazy::{Input, InputId},
    session::Session,
};

/// Arguments as a task has them, but for the keys of what goes into the holes.
#[derive(Debug)]
pub(crate) struct EncodedArguments {
    pub(crate) arguments: Arguments,
    /// What goes into the holes, each once.
    pub(crate) inputs: Box<[Input]>,
}

impl EncodedArguments {
    /// The keys of the inputs, for a task that is to run at once in this session.
    pub(crate) fn dependencies(&self, session: &Arc<Session>) -> Result<Box<[Key]>, Error> {
        let inputs = self.inputs.iter().map(|input| match input {
            Input::Future(future) if Arc::ptr_eq(&future.session, session) => Ok(future.key),
            Input::Future(_) => Err(Error::Usage(
                "a future of another client stands in the arguments: gather its result and \
                 scatter it with this client",
            )),
            Input::Lazy(_) => Err(Error::Usage(
                "a delayed value stands in the arguments of a task that is to run at once: make \
                 a future of it with client.compute, or delay this call too",
            )),
        });
        inputs.collect()
    }
}

/// Encodes the arguments of one call.
///
/// `name` and `ty` are the function's.
pub(crate) fn encode<A: Serialize + ?Sized>(
    name: &Arc<str>,
    ty: &FunctionType,
    arguments: &A,
) -> Result<EncodedArguments, Error> {
    let (rope, mut collected) = Collector::run(None, || rope(name, ty, arguments));
    match collected.error.take() {
        Some(error) => Err(error),
        None => finish(name, ty, rope?, &collected.slots),
    }
}

/// Encodes the arguments of one call after another, as long as the sequences in them last.
pub(crate) struct Rows<'a, A> {
    pub(crate) name: &'a Arc<str>,
    pub(crate) ty: &'a FunctionType,
    pub(crate) arguments: &'a A,
}

impl<A: Serialize> Iterator for Rows<'_, A> {
    type Item = Result<EncodedArguments, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = next_row();
        let encoded = || rope(self.name, self.ty, self.arguments);
        let (rope, mut collected) = Collector::run(Some(row), encoded);
        if collected.has_ended {
            return None;
        }
        if let Some(error) = collected.error.take() {
            return Some(Err(error));
        }
        if rope.is_ok() && !collected.has_each {
            let advice = "map needs something to map over: put each(..) around a sequence in its \
                          arguments, or use submit";
            return Some(Err(Error::Usage(advice)));
        }
        let slots = &collected.slots;
        Some(rope.and_then(|rope| finish(self.name, self.ty, rope, slots)))
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
            inputs: Box::default(),
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
                Some(Slot::Input(input)) => filled.hole(name, input)?,
                Some(Slot::Encoded(value)) => filled.bytes.extend_from_slice(value.bytes()),
                // The check has found a slot for each hole.
                None => {}
            },
        }
    }
    Ok(filled.into())
}

/// Arguments of which the first are results, and the others the same for many calls.
pub(crate) struct Prefixed {
    name: Arc<str>,
    rest: EncodedArguments,
}

impl Prefixed {
    /// For a function of this name and type, which takes `first` results, at least, in front.
    pub(crate) fn new<A: Serialize + ?Sized>(
        name: &Arc<str>,
        ty: &FunctionType,
        first: usize,
        rest: &A,
    ) -> Result<Self, Error> {
        let ty = FunctionType {
            params: ty.params[first..].to_vec(),
            result: ty.result.clone(),
        };
        let rest = encode(name, &ty, rest)?;
        let name = name.clone();
        Ok(Self { name, rest })
    }

    /// With these results as the first arguments.
    pub(crate) fn with(&self, first: &[Input]) -> Result<EncodedArguments, Error> {
        let mut filled = Filled::default();
        for input in first {
            filled.hole(&self.name, input)?;
        }
        self.finish(filled)
    }

    /// With a list of these results as the first argument.
    pub(crate) fn with_list(&self, items: &[Input]) -> Result<EncodedArguments, Error> {
        let mut filled = Filled::default();
        filled.list(&self.name, items)?;
        self.finish(filled)
    }

    /// With a value and a result as the first arguments.
    pub(crate) fn with_value(
        &self,
        value: &Encoded,
        input: &Input,
    ) -> Result<EncodedArguments, Error> {
        let mut filled = Filled::default();
        filled.bytes.extend_from_slice(value.bytes());
        filled.hole(&self.name, input)?;
        self.finish(filled)
    }

    fn finish(&self, mut filled: Filled) -> Result<EncodedArguments, Error> {
        for piece in self.rest.arguments.pieces() {
            match piece {
                Piece::Bytes(bytes) => filled.bytes.extend_from_slice(bytes),
                Piece::Dependency(index) => {
                    filled.hole(&self.name, &self.rest.inputs[index as usize])?;
                }
            }
        }
        Ok(filled.into())
    }
}

/// Arguments that are being put together.
#[derive(Default)]
pub(crate) struct Filled {
    pub(crate) bytes: Vec<u8>,
    holes: Vec<Hole>,
    inputs: Vec<Input>,
    /// Where among the inputs each stands.
    places: HashMap<InputId, u32>,
}

impl Filled {
    /// A hole at the end of the bytes.
    pub(crate) fn hole(&mut self, name: &Arc<str>, input: &Input) -> Result<(), Error> {
        let count = |len: usize| {
            u32::try_from(len).map_err(|_| Error::ArgumentsTooLarge {
                function: name.clone(),
                bytes: len,
                limit: u32::MAX as usize,
            })
        };
        let next = count(self.inputs.len())?;
        let dependency = *self.places.entry(input.id()).or_insert(next);
        if dependency == next {
            self.inputs.push(input.clone());
        }
        let offset = count(self.bytes.len())?;
        self.holes.push(Hole { offset, dependency });
        Ok(())
    }

    /// A list of holes at the end of the bytes.
    pub(crate) fn list(&mut self, name: &Arc<str>, items: &[Input]) -> Result<(), Error> {
        let length = u32::try_from(items.len()).unwrap_or(u32::MAX);
        self.bytes.extend(length.to_le_bytes());
        items.iter().try_for_each(|item| self.hole(name, item))
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
            inputs: filled.inputs.into(),
        }
    }
}

/// What stands in a hole.
pub(crate) enum Slot {
    Input(Input),
    Encoded(Encoded),
}

impl From<Arc<Handle>> for Slot {
    fn from(future: Arc<Handle>) -> Self {
        Self::Input(Input::Future(future))
    }
}

impl Slot {
    fn ty(&self) -> &Type {
        match self {
            Self::Input(input) => input.ty(),
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

/// Serializes as what cannot be encoded, for this reason.
pub(crate) fn fail<S: Serializer>(error: &Error) -> Result<S::Ok, S::Error> {
    COLLECTOR.with_borrow_mut(|collector| {
        if let Some(collector) = collector {
            collector.error = Some(error.clone());
        }
    });
    Err(ser::Error::custom(error))
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
    /// Why something in them cannot be encoded.
    error: Option<Error>,
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
