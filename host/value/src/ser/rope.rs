//! Arguments that hold futures: bytes with holes for what is not there yet.

use serde::{Serialize, Serializer};

use super::{Encoder, Output};
use crate::{Error, Param, Segment, Step, Type};

/// What a [`Hole`] is called on its way through serde.
pub(super) const HOLE: &str = "$wask_value::Hole";

/// Serializes as a hole with this number, to be filled with the result of another task. A future
/// within arguments serializes as one. Only [`arguments_to_rope`] takes it, in the place of a value
/// of any type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hole(pub u32);

impl Serialize for Hole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(HOLE, &self.0)
    }
}

/// Encoded arguments with holes among them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rope {
    bytes: Vec<u8>,
    /// Where in the bytes a hole stands, ascending, and its number.
    holes: Vec<(usize, u32)>,
}

impl Rope {
    /// The bytes and holes in order; no segment of bytes is empty.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let starts = std::iter::once(0).chain(self.holes.iter().map(|(at, _)| *at));
        let holes = self.holes.iter().map(Some).chain([None]);
        starts.zip(holes).flat_map(|(start, hole)| {
            let end = hole.map_or(self.bytes.len(), |(at, _)| *at);
            let bytes = (start < end).then(|| Segment::Bytes(&self.bytes[start..end]));
            bytes
                .into_iter()
                .chain(hole.map(|(_, number)| Segment::Hole(*number)))
        })
    }

    /// The numbers of the holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = u32> + '_ {
        self.holes.iter().map(|(_, number)| *number)
    }

    /// All bytes, without the holes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All bytes, if there are no holes.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        self.holes.is_empty().then_some(self.bytes)
    }
}

/// Encodes the arguments of a call: a Rust tuple with one item for each parameter (`()` for none,
/// `(x,)` for one), in which [`Hole`]s may stand for values, anywhere. Whether the holes' types
/// fit, [`check_arguments`](crate::check_arguments) tells.
///
/// ```
/// # use wask_value::{FunctionType, Hole, Segment, arguments_to_rope};
/// let function: FunctionType = "func(a: list<u8>, b: option<u32>)".parse()?;
/// let rope = arguments_to_rope(&function.params, &(vec![7u8], Some(Hole(0))))?;
/// let segments: Vec<_> = rope.segments().collect();
/// assert_eq!(segments, [Segment::Bytes(&[1, 0, 0, 0, 7, 1]), Segment::Hole(0)]);
/// # Ok::<(), wask_value::Error>(())
/// ```
///
/// # Errors
/// Where an argument does not fit its parameter: `args.1[3].name: expected u32, got string`.
pub fn arguments_to_rope<T: Serialize + ?Sized>(
    params: &[Param],
    arguments: &T,
) -> Result<Rope, Error> {
    let ty = Type::tuple(params.iter().map(|param| param.ty.clone()));
    let mut out = Output {
        holes: Some(Vec::new()),
        ..Output::default()
    };
    arguments
        .serialize(Encoder {
            ty: &ty,
            out: &mut out,
        })
        .map_err(|error| error.within(Step::Name("args".into())))?;
    Ok(Rope {
        bytes: out.writer.bytes,
        holes: out.holes.unwrap_or_default(),
    })
}

impl Output {
    pub(super) fn hole_count(&self) -> usize {
        self.holes.as_ref().map_or(0, Vec::len)
    }
}

pub(super) fn write_hole<T: Serialize + ?Sized>(out: &mut Output, number: &T) -> Result<(), Error> {
    let mut encoded = Output::default();
    number.serialize(Encoder {
        ty: &Type::U32,
        out: &mut encoded,
    })?;
    let number = crate::from_bytes(&Type::U32, &encoded.writer.bytes)?;
    match &mut out.holes {
        Some(holes) => holes.push((out.writer.bytes.len(), number)),
        None => {
            return Err(Error::invalid(
                "a future cannot stand here, only in arguments",
            ));
        }
    }
    Ok(())
}
