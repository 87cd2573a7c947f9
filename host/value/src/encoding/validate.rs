//! The checks of `decode`, without building the value.

use super::{
    Cursor,
    cursor::{is_canonical_32, is_canonical_64},
    element, item, min_bytes, named,
};
use crate::{Error, Type};

/// Whether `bytes` are the encoding of a value of the type: the same checks as
/// [`decode`](super::decode), at a fraction of the cost. Blocks and lists of whole numbers are
/// skipped as one.
///
/// # Errors
/// [`Error::Encoding`] where they are not.
pub fn validate(ty: &Type, bytes: &[u8]) -> Result<(), Error> {
    let mut validator = Validator::new(bytes);
    validator.value(ty)?;
    validator.cursor.end()
}

/// What may stand in the place of a value.
pub(crate) trait Holes<'a> {
    /// Whether a hole stood here and is now taken for a value of the type.
    fn fill(&mut self, cursor: &mut Cursor<'a>, ty: &Type) -> Result<bool, Error>;

    /// How much is still to come behind the bytes that the cursor is in.
    fn left(&self) -> usize;
}

pub(crate) struct NoHoles;

impl Holes<'_> for NoHoles {
    #[inline]
    fn fill(&mut self, _: &mut Cursor<'_>, _: &Type) -> Result<bool, Error> {
        Ok(false)
    }

    #[inline]
    fn left(&self) -> usize {
        0
    }
}

/// Walks values of known types over bytes.
pub(crate) struct Validator<'a, H> {
    pub(crate) cursor: Cursor<'a>,
    pub(crate) holes: H,
}

impl<'a> Validator<'a, NoHoles> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            cursor: Cursor::new(bytes),
            holes: NoHoles,
        }
    }
}

impl<'a, H: Holes<'a>> Validator<'a, H> {
    pub(crate) fn value(&mut self, ty: &Type) -> Result<(), Error> {
        if self.holes.fill(&mut self.cursor, ty)? {
            return Ok(());
        }
        match ty {
            Type::Bool => self.cursor.bool().map(drop),
            Type::S8 | Type::U8 => self.cursor.take(1).map(drop),
            Type::S16 | Type::U16 => self.cursor.take(2).map(drop),
            Type::S32 | Type::U32 => self.cursor.take(4).map(drop),
            Type::S64 | Type::U64 => self.cursor.take(8).map(drop),
            Type::F32 => self.cursor.f32().map(drop),
            Type::F64 => self.cursor.f64().map(drop),
            Type::Char => self.cursor.char().map(drop),
            Type::String => self.cursor.string().map(drop),
            Type::List(inner) => {
                let count = self.cursor.count()?;
                self.elements(inner, count)
            }
            Type::Option(inner) => match self.cursor.bool()? {
                false => Ok(()),
                true => self.value(inner),
            },
            Type::Result(result) => match self.cursor.discriminant(2)? {
                0 => self.payload("ok", result.ok.as_ref()),
                _ => self.payload("err", result.err.as_ref()),
            },
            Type::Tuple(items) => {
                self.zero_sized(items.is_empty())?;
                let mut items = items.iter().enumerate();
                items.try_for_each(|(i, ty)| self.value(ty).map_err(item(i)))
            }
            Type::Record(fields) => {
                self.zero_sized(fields.is_empty())?;
                fields
                    .iter()
                    .try_for_each(|f| self.value(&f.ty).map_err(named(&f.name)))
            }
            Type::Variant(cases) => {
                let case = &cases[self.cursor.discriminant(cases.len())? as usize];
                self.payload(&case.name, case.ty.as_ref())
            }
            Type::Enum(names) => self.cursor.discriminant(names.len()).map(drop),
            Type::Flags(names) => self.cursor.flags(names.len()).map(drop),
        }
    }

    /// `count` elements of a list: in one go where they are alike in size and none of them is a
    /// hole.
    pub(super) fn elements(&mut self, inner: &Type, count: usize) -> Result<(), Error> {
        if self.skip_elements(inner, count)? {
            return Ok(());
        }
        for i in 0..count {
            let (place, zero_sized) = (self.place(), self.cursor.zero_sized_count());
            self.value(inner).map_err(element(i))?;
            if self.place() == place {
                // It took neither a byte nor a hole, and nor will those behind it, of which any
                // number can be claimed.
                let each = self.cursor.zero_sized_count() - zero_sized;
                let rest = each.saturating_mul(count - i - 1);
                return self.cursor.zero_sized(rest).map_err(element(count - 1));
            }
        }
        Ok(())
    }

    /// Tells whether something was taken.
    fn place(&self) -> (usize, usize) {
        (self.cursor.remaining(), self.holes.left())
    }

    /// Skips the elements if their bytes are all there and all fine. Where they are not, they are
    /// left to be walked one by one, which finds the hole or names the fault.
    fn skip_elements(&mut self, inner: &Type, count: usize) -> Result<bool, Error> {
        let Some(most) = self.cursor.remaining().checked_div(count) else {
            return Ok(true);
        };
        let Some(size) = plain_bytes(inner, most) else {
            return Ok(false);
        };
        let needed = count * size;
        let block = self.cursor.peek(needed)?;
        let fine = match inner {
            Type::Bool => block.iter().fold(0, |all, byte| all | byte) <= 1,
            Type::F32 => all(block, |bytes| is_canonical_32(u32::from_le_bytes(bytes))),
            Type::F64 => all(block, |bytes| is_canonical_64(u64::from_le_bytes(bytes))),
            _ => true,
        };
        if fine {
            self.cursor.take(needed)?;
        }
        Ok(fine)
    }

    fn payload(&mut self, case: &str, ty: Option<&Type>) -> Result<(), Error> {
        ty.map_or(Ok(()), |ty| self.value(ty).map_err(named(case)))
    }

    fn zero_sized(&mut self, is_empty: bool) -> Result<(), Error> {
        if is_empty {
            self.cursor.zero_sized(1)
        } else {
            Ok(())
        }
    }
}

/// Whether all numbers of a block pass; without an early end, so that it is done many at a time.
fn all<const N: usize>(block: &[u8], check: impl Fn([u8; N]) -> bool) -> bool {
    block
        .as_chunks::<N>()
        .0
        .iter()
        .fold(true, |all, bytes| all & check(*bytes))
}

/// The size of the type's values if it is fixed, `most` or less, and a glance, or none at all, tells
/// that they are fine: numbers, bools, and what is made of whole numbers.
///
/// It looks at no more of a wide type than there are bytes for, as lists of it may be many.
fn plain_bytes(ty: &Type, most: usize) -> Option<usize> {
    /// How many of so many bytes are left behind a value.
    fn whole(ty: &Type, left: usize) -> Option<usize> {
        match ty {
            Type::Tuple(items) if !items.is_empty() => {
                items.iter().try_fold(left, |left, ty| whole(ty, left))
            }
            Type::Record(fields) if !fields.is_empty() => {
                let mut fields = fields.iter();
                fields.try_fold(left, |left, field| whole(&field.ty, left))
            }
            _ if ty.is_integer() => left.checked_sub(min_bytes(ty)),
            _ => None,
        }
    }
    let left = match ty {
        Type::Bool | Type::F32 | Type::F64 => most.checked_sub(min_bytes(ty)),
        _ => whole(ty, most),
    };
    left.map(|left| most - left)
}
