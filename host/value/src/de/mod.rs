//! Encoded bytes to any serde type, directed by the WIT type: the way back of
//! [`to_bytes`](crate::to_bytes), by the same table.
//!
//! Strings and bytes can be borrowed. Where the Rust type does not say what it wants (untagged and
//! flattened enums), records are maps with snake_case names and variants are maps of one entry.

mod access;
mod case;
mod error;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Visitor},
    forward_to_deserialize_any,
};

use self::{
    access::{Bytes, Flags, Items, List, Pairs, Record},
    case::Case,
};
use crate::{Error, Type, encoding::Cursor};

/// The Rust value that `bytes` encode as a value of type `ty`.
///
/// ```
/// # use wask_value::{Type, from_bytes};
/// let ty: Type = "list<tuple<string, u32>>".parse()?;
/// let bytes = [1, 0, 0, 0, 1, 0, 0, 0, b'a', 1, 0, 0, 0];
/// let words: Vec<(&str, u64)> = from_bytes(&ty, &bytes)?;
/// assert_eq!(words, [("a", 1)]);
///
/// let error = from_bytes::<Vec<(u32, u32)>>(&ty, &bytes).unwrap_err();
/// assert_eq!(error.to_string(), "[0].0: expected u32, got string");
/// # Ok::<(), wask_value::Error>(())
/// ```
///
/// # Errors
/// Where the bytes are not an encoding of the type, or the value does not fit `T`; with the path to
/// the fault.
pub fn from_bytes<'de, T: Deserialize<'de>>(ty: &Type, bytes: &'de [u8]) -> Result<T, Error> {
    let mut cursor = Cursor::new(bytes);
    let value = T::deserialize(Decoder {
        ty,
        cursor: &mut cursor,
    })?;
    cursor.end()?;
    Ok(value)
}

/// Decodes one value of a known type.
struct Decoder<'c, 'de, 't> {
    ty: &'t Type,
    cursor: &'c mut Cursor<'de>,
}

impl<'de> Decoder<'_, 'de, '_> {
    fn unit(self) -> Result<(), Error> {
        self.cursor.zero_sized(1)
    }
}

impl<'de> Deserializer<'de> for Decoder<'_, 'de, '_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let cursor = self.cursor;
        match self.ty {
            Type::Bool => visitor.visit_bool(cursor.bool()?),
            Type::S8 => visitor.visit_i8(i8::from_le_bytes(cursor.array()?)),
            Type::U8 => visitor.visit_u8(cursor.u8()?),
            Type::S16 => visitor.visit_i16(i16::from_le_bytes(cursor.array()?)),
            Type::U16 => visitor.visit_u16(u16::from_le_bytes(cursor.array()?)),
            Type::S32 => visitor.visit_i32(i32::from_le_bytes(cursor.array()?)),
            Type::U32 => visitor.visit_u32(cursor.u32()?),
            Type::S64 => visitor.visit_i64(i64::from_le_bytes(cursor.array()?)),
            Type::U64 => visitor.visit_u64(u64::from_le_bytes(cursor.array()?)),
            Type::F32 => visitor.visit_f32(cursor.f32()?),
            Type::F64 => visitor.visit_f64(cursor.f64()?),
            Type::Char => visitor.visit_char(cursor.char()?),
            Type::String => visitor.visit_borrowed_str(cursor.string()?),
            ty if ty.is_bytes() => Bytes::read(cursor)?.visit(visitor),
            Type::List(element) => List::read(element, cursor)?.visit(visitor),
            Type::Option(ty) => match cursor.bool()? {
                false => visitor.visit_none(),
                true => visitor.visit_some(Decoder { ty, cursor }),
            },
            Type::Tuple(items) if items.is_empty() => {
                cursor.zero_sized(1)?;
                visitor.visit_unit()
            }
            Type::Tuple(items) => Items::new(items, cursor).visit(visitor),
            Type::Record(fields) => Record::new(fields, &[], cursor)?.visit(visitor),
            Type::Flags(names) => Flags::read(names, &[], cursor)?.visit_names(visitor),
            Type::Variant(_) | Type::Enum(_) | Type::Result(_) => {
                Case::read(self.ty, &[], cursor)?.visit_any(visitor)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.ty {
            Type::Option(_) => self.deserialize_any(visitor),
            ty => Err(Error::mismatch("an option", ty)),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.ty {
            ty if ty.is_bytes() => visitor.visit_borrowed_bytes(self.cursor.block()?),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        match self.ty {
            Type::Tuple(items) if items.len() != len => {
                Err(Error::mismatch(format_args!("a tuple of {len}"), self.ty))
            }
            Type::Tuple(items) => {
                if items.is_empty() {
                    self.cursor.zero_sized(1)?;
                }
                Items::new(items, self.cursor).visit(visitor)
            }
            Type::List(_) => self.deserialize_any(visitor),
            ty => Err(Error::mismatch(format_args!("a tuple of {len}"), ty)),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Type::List(element) = self.ty
            && let Type::Tuple(pair) = &**element
            && let [key, value] = &**pair
        {
            return Pairs::read(element, key, value, self.cursor)?.visit(visitor);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.ty {
            Type::Record(fields) => Record::new(fields, names, self.cursor)?.visit(visitor),
            Type::Flags(flags) => {
                visitor.visit_map(Flags::read(flags, names, self.cursor)?.into_bools())
            }
            ty if ty.is_unit() && names.is_empty() => {
                self.unit()?;
                visitor.visit_map(access::no_entries())
            }
            ty => Err(Error::mismatch(format_args!("struct {name}"), ty)),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.ty {
            Type::Variant(_) | Type::Enum(_) | Type::Result(_) => {
                visitor.visit_enum(Case::read(self.ty, variants, self.cursor)?)
            }
            ty => Err(Error::mismatch(format_args!("enum {name}"), ty)),
        }
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit
        unit_struct seq identifier ignored_any
    }
}

/// An error unless a visitor has taken all of the parts that there are.
fn all_taken(left: usize, count: usize) -> Result<(), Error> {
    match left {
        0 => Ok(()),
        _ => Err(Error::custom(format_args!(
            "expected {} elements, got {count}",
            count - left
        ))),
    }
}
