//! The elements of lists of numbers, as fast as serde allows: `Vec<u8>` comes one byte at a time.
//!
//! What makes it fast is an error without content: a full error in every result costs ten times the
//! byte. Whatever is not exactly the number wanted is left to the full encoder, which has written
//! nothing then.

use std::fmt;

use serde::{
    Serialize, Serializer,
    ser::{self, Impossible},
};

use crate::{Type, encoding::Writer};

/// Whether `value` was a number of exactly this type, and is written.
#[inline]
pub(super) fn write<T: Serialize + ?Sized>(ty: &Type, writer: &mut Writer, value: &T) -> bool {
    value.serialize(Number { ty, writer }).is_ok()
}

struct Number<'o, 't> {
    ty: &'t Type,
    writer: &'o mut Writer,
}

/// Not the number that is wanted.
#[derive(Debug)]
struct Other;

macro_rules! numbers {
    ($($method:ident: $rust:ty => $wit:ident),* $(,)?) => {$(
        #[inline]
        fn $method(self, number: $rust) -> Result<(), Other> {
            if !matches!(self.ty, Type::$wit) {
                return Err(Other);
            }
            self.writer.put(&number.to_le_bytes());
            Ok(())
        }
    )*};
}

macro_rules! others {
    ($($method:ident($($argument:ty),*) -> $result:ty;)*) => {$(
        #[inline]
        fn $method(self, $(_: $argument),*) -> Result<$result, Other> {
            Err(Other)
        }
    )*};
}

type Never = Impossible<(), Other>;

impl Serializer for Number<'_, '_> {
    type Ok = ();
    type Error = Other;
    type SerializeSeq = Never;
    type SerializeTuple = Never;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Never;
    type SerializeStructVariant = Never;

    numbers! {
        serialize_i8: i8 => S8,
        serialize_u8: u8 => U8,
        serialize_i16: i16 => S16,
        serialize_u16: u16 => U16,
        serialize_i32: i32 => S32,
        serialize_u32: u32 => U32,
        serialize_i64: i64 => S64,
        serialize_u64: u64 => U64,
    }

    others! {
        serialize_bool(bool) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Never;
        serialize_tuple(usize) -> Never;
        serialize_tuple_struct(&'static str, usize) -> Never;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Never;
        serialize_map(Option<usize>) -> Never;
        serialize_struct(&'static str, usize) -> Never;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Never;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Other> {
        Err(Other)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: &T,
    ) -> Result<(), Other> {
        // A hole is one.
        Err(Other)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Other> {
        Err(Other)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Other> {
        Err(Other)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl ser::Error for Other {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl std::error::Error for Other {}

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the number wanted")
    }
}
