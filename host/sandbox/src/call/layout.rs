//! How values of a type lie in memory (canonical ABI) and in the encoding.

use wasmtime::component::__internal::{ComponentTypes, InterfaceType, wasmtime_environ};
use wasmtime_environ::component::{RecordField, TypeVariant, VariantInfo};

/// The one NaN that the encoding knows.
pub(super) const NAN32: u32 = 0x7fc0_0000;
/// The one NaN that the encoding knows.
pub(super) const NAN64: u64 = 0x7ff8_0000_0000_0000;

/// The kinds of value, as far as moving them differs.
pub(super) enum Shape<'t> {
    Scalar(Scalar),
    String,
    List(InterfaceType),
    Fields(Fields<'t>),
    Cases(Cases<'t>),
    /// With how many flags.
    Flags(usize),
}

/// A value of fixed size, in one slot, without parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scalar {
    Bool,
    S8,
    U8,
    S16,
    U16,
    Int32,
    Int64,
    F32,
    F64,
    Char,
}

/// The fields of a record or tuple.
#[derive(Clone, Copy)]
pub(super) enum Fields<'t> {
    Record(&'t [RecordField]),
    Tuple(&'t [InterfaceType]),
}

/// The cases of a variant, enum, option or result.
pub(super) struct Cases<'t> {
    kind: Kind<'t>,
    pub(super) count: usize,
    info: &'t VariantInfo,
}

enum Kind<'t> {
    Option(InterfaceType),
    Result(Option<InterfaceType>, Option<InterfaceType>),
    Variant(&'t TypeVariant),
    Enum,
}

/// Values that lie in memory as they are encoded, so that many move as one block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Block {
    Ints,
    F32,
    F64,
}

/// The shape of a type, or `None` for what is never in a task's signature (resources, streams …).
pub(super) fn shape(types: &ComponentTypes, ty: InterfaceType) -> Option<Shape<'_>> {
    use InterfaceType as T;
    Some(match ty {
        T::Bool => Shape::Scalar(Scalar::Bool),
        T::S8 => Shape::Scalar(Scalar::S8),
        T::U8 => Shape::Scalar(Scalar::U8),
        T::S16 => Shape::Scalar(Scalar::S16),
        T::U16 => Shape::Scalar(Scalar::U16),
        T::S32 | T::U32 => Shape::Scalar(Scalar::Int32),
        T::S64 | T::U64 => Shape::Scalar(Scalar::Int64),
        T::Float32 => Shape::Scalar(Scalar::F32),
        T::Float64 => Shape::Scalar(Scalar::F64),
        T::Char => Shape::Scalar(Scalar::Char),
        T::String => Shape::String,
        T::List(i) => Shape::List(types[i].element),
        T::Record(i) => Shape::Fields(Fields::Record(&types[i].fields)),
        T::Tuple(i) => Shape::Fields(Fields::Tuple(&types[i].types)),
        T::Flags(i) => Shape::Flags(types[i].names.len()),
        T::Option(i) => cases(Kind::Option(types[i].ty), 2, &types[i].info),
        T::Result(i) => cases(Kind::Result(types[i].ok, types[i].err), 2, &types[i].info),
        T::Variant(i) => cases(
            Kind::Variant(&types[i]),
            types[i].cases.len(),
            &types[i].info,
        ),
        T::Enum(i) => cases(Kind::Enum, types[i].names.len(), &types[i].info),
        _ => return None,
    })
}

fn cases<'t>(kind: Kind<'t>, count: usize, info: &'t VariantInfo) -> Shape<'t> {
    Shape::Cases(Cases { kind, count, info })
}

impl Scalar {
    /// Bytes in memory; encoded too, except for none.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Bool | Self::S8 | Self::U8 => 1,
            Self::S16 | Self::U16 => 2,
            Self::Int32 | Self::F32 | Self::Char => 4,
            Self::Int64 | Self::F64 => 8,
        }
    }

    fn block(self) -> Option<Block> {
        match self {
            Self::S8 | Self::U8 | Self::S16 | Self::U16 | Self::Int32 | Self::Int64 => {
                Some(Block::Ints)
            }
            Self::F32 => Some(Block::F32),
            Self::F64 => Some(Block::F64),
            // Not every bit pattern is a value.
            Self::Bool | Self::Char => None,
        }
    }
}

impl<'t> Fields<'t> {
    /// The types in order.
    pub(super) fn types(self) -> impl Iterator<Item = InterfaceType> + use<'t> {
        let count = match self {
            Self::Record(fields) => fields.len(),
            Self::Tuple(types) => types.len(),
        };
        (0..count).map(move |i| match self {
            Self::Record(fields) => fields[i].ty,
            Self::Tuple(types) => types[i],
        })
    }
}

impl Cases<'_> {
    /// The payload's type of case `number`; `None` where there is no such case.
    pub(super) fn payload(&self, number: usize) -> Option<Option<InterfaceType>> {
        if number >= self.count {
            return None;
        }
        Some(match &self.kind {
            Kind::Option(some) => (number == 1).then_some(*some),
            Kind::Result(ok, _) if number == 0 => *ok,
            Kind::Result(_, err) => *err,
            Kind::Variant(variant) => *variant.cases.get_index(number)?.1,
            Kind::Enum => None,
        })
    }

    /// Bytes of the discriminant, in memory and encoded.
    pub(super) fn discriminant_size(&self) -> usize {
        match self.count {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        }
    }

    /// Where the payload lies in memory.
    pub(super) fn payload_offset(&self) -> usize {
        self.info.payload_offset32 as usize
    }
}

/// Bytes of `count` flags as they are encoded. In memory they take a power of two, up to 4.
pub(super) fn flags_size(count: usize) -> usize {
    count.div_ceil(8)
}

/// Whether values of this type move as a block: numbers, and records of them without padding.
pub(super) fn block(types: &ComponentTypes, ty: InterfaceType) -> Option<Block> {
    match shape(types, ty)? {
        Shape::Scalar(scalar) => scalar.block(),
        Shape::Fields(fields) => {
            let mut size = 0;
            let mut all = None;
            for field in fields.types() {
                let kind = block(types, field)?;
                if *all.get_or_insert(kind) != kind {
                    return None;
                }
                size += types.canonical_abi(&field).size32;
            }
            all.filter(|_| size == types.canonical_abi(&ty).size32)
        }
        _ => None,
    }
}
