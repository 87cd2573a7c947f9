//! The encoding of values: directed by the type, without tags, by Borsh's rules.
//!
//! | type | encoding |
//! |---|---|
//! | `bool` | one byte, 0 or 1 |
//! | `u8` … `s64` | fixed width, little-endian |
//! | `f32`, `f64` | their bits, little-endian; every NaN as the canonical one |
//! | `char` | the scalar value as a u32 |
//! | `string` | the length in bytes as a u32, then UTF-8 |
//! | `list<T>` | the count as a u32, then the elements |
//! | `option<T>` | one byte, 0 for `none`; or 1 and the value |
//! | `result<T, E>` | one byte, **0 for `ok`, 1 for `err`**, then the payload if it has one |
//! | `variant` | the number of the case, then its payload if it has one |
//! | `enum` | the number of the case |
//! | `flags` | bits from the lowest on, in the fewest whole bytes; unused bits are 0 |
//! | `tuple`, `record` | the items or fields in order; `tuple<>` takes no bytes |
//!
//! The canonical NaN has the bits `0x7fc00000`, or `0x7ff8000000000000` in an `f64`.
//! The number of a case takes a u8 where there are at most 256 cases, a u16 up to 65,536, else a
//! u32. A `result` counts as the variant that WIT defines it to be; note that Borsh's own `Result`
//! in Rust has it the other way round. The arguments of a call are the encodings of its parameters,
//! one after another.
//!
//! Each value has exactly one encoding. [`decode`] and [`validate`] refuse everything else,
//! trailing bytes too. They hold against hostile bytes: they do not panic, and what they allocate
//! is bounded by the length of the bytes times the size of a [`Value`](crate::Value) plus
//! [`MAX_ZERO_SIZED`] values. They trust the type to be within the limits that [`Type::check`]
//! checks.

mod cursor;
mod decode;
mod encode;
mod parts;
mod validate;
mod writer;

pub(crate) use cursor::Cursor;
pub use decode::decode;
pub use encode::encode;
pub use parts::{Elements, elements, fixed_bytes, locate, locate_run, measure};
pub use validate::validate;
pub(crate) use validate::{Holes, Validator};
pub(crate) use writer::{CountLater, Writer};

use crate::{Error, Step, Type, error::Fault};

/// How many values that take no bytes (`tuple<>`) one encoding may hold.
///
/// Such values can be claimed by the billion without a byte to show for them.
pub const MAX_ZERO_SIZED: usize = 1 << 20;

/// The f32 that stands for every NaN.
pub(crate) const NAN_32: u32 = 0x7fc0_0000;
/// The f64 that stands for every NaN.
pub(crate) const NAN_64: u64 = 0x7ff8_0000_0000_0000;

/// How many bytes the number of a case takes, of as many cases.
pub fn discriminant_bytes(cases: usize) -> usize {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// How many bytes flags take.
pub(crate) fn flags_bytes(flags: usize) -> usize {
    flags.div_ceil(8)
}

/// How many bytes a value of the type takes at least. Zero means that none takes any.
pub(crate) fn min_bytes(ty: &Type) -> usize {
    match ty {
        Type::Bool | Type::S8 | Type::U8 | Type::Option(_) | Type::Result(_) => 1,
        Type::S16 | Type::U16 => 2,
        Type::S32 | Type::U32 | Type::F32 | Type::Char | Type::String | Type::List(_) => 4,
        Type::S64 | Type::U64 | Type::F64 => 8,
        Type::Tuple(items) => items.iter().map(min_bytes).sum(),
        Type::Record(fields) => fields.iter().map(|field| min_bytes(&field.ty)).sum(),
        Type::Variant(cases) => discriminant_bytes(cases.len()),
        Type::Enum(names) => discriminant_bytes(names.len()),
        Type::Flags(names) => flags_bytes(names.len()),
    }
}

/// Counts the values that take no bytes.
#[derive(Default)]
pub(crate) struct ZeroSized {
    count: usize,
}

impl ZeroSized {
    /// Counts `more`, up to the limit.
    pub(crate) fn add(&mut self, more: usize) -> Result<(), Fault> {
        self.count = self.count.saturating_add(more);
        if self.count > MAX_ZERO_SIZED {
            return Err(Fault::ZeroSized {
                limit: MAX_ZERO_SIZED,
            });
        }
        Ok(())
    }
}

/// Adds a named step to the path of an error.
pub(crate) fn named(name: &str) -> impl FnOnce(Error) -> Error + '_ {
    move |error| error.within(Step::Name(name.into()))
}

/// Adds an item of a tuple to the path of an error.
pub(crate) fn item(index: usize) -> impl FnOnce(Error) -> Error {
    move |error| error.within(Step::Item(index))
}

/// Adds an element of a list to the path of an error.
pub(crate) fn element(index: usize) -> impl FnOnce(Error) -> Error {
    move |error| error.within(Step::Element(index))
}

#[cfg(test)]
mod tests;
