//! Any serde type to encoded bytes, directed by the WIT type, with no [`Value`](crate::Value) in
//! between.
//!
//! | Rust | WIT |
//! |---|---|
//! | an integer | any integer type that holds the number |
//! | `f32`, `f64` | `f32`, `f64`, where nothing is lost |
//! | struct, map with string keys | `record`; fields in any order, a missing `option` is `none` |
//! | enum | `variant`, `enum`; `Result` is `result` |
//! | tuple, array, sequence | `tuple` of as many, `list` |
//! | `Vec<u8>`, bytes | `list<u8>` |
//! | map | `list<tuple<K, V>>`, in the map's order |
//! | struct of bools, sequence of names | `flags` |
//! | newtype struct | what it wraps |
//!
//! A `HashMap` has another order in every process: use a `BTreeMap` where equal maps should make
//! equal tasks. Names meet across spellings: `user_id` and `UserId` are `user-id`.

mod compound;
mod number;
mod record;
mod rope;

use serde::{Serialize, Serializer};

use self::compound::{Elements, Entries, Fields};
pub use self::rope::{Hole, Rope, arguments_to_rope};
use crate::{
    Error, Type,
    encoding::{Writer, named},
    names,
};

/// The encoding of `value` as a value of type `ty`.
///
/// ```
/// # use wask_value::{Type, to_bytes};
/// let ty: Type = "list<tuple<string, u32>>".parse()?;
/// assert_eq!(to_bytes(&ty, &[("a", 1)])?, [1, 0, 0, 0, 1, 0, 0, 0, b'a', 1, 0, 0, 0]);
///
/// let error = to_bytes(&ty, &[("a", "b")]).unwrap_err();
/// assert_eq!(error.to_string(), "[0].1: expected u32, got string");
/// # Ok::<(), wask_value::Error>(())
/// ```
///
/// # Errors
/// Where the value does not fit the type, with the path to the fault.
pub fn to_bytes<T: Serialize + ?Sized>(ty: &Type, value: &T) -> Result<Vec<u8>, Error> {
    let mut out = Output::default();
    value.serialize(Encoder { ty, out: &mut out })?;
    Ok(out.writer.bytes)
}

/// What is written: bytes, and where holes are allowed, the holes among them.
#[derive(Default)]
struct Output {
    writer: Writer,
    /// Each with its place in the bytes, ascending. `None` where holes are refused.
    holes: Option<Vec<(usize, u32)>>,
}

/// Encodes one value of a known type.
struct Encoder<'o, 't> {
    ty: &'t Type,
    out: &'o mut Output,
}

impl<'o, 't> Encoder<'o, 't> {
    fn mismatch<T>(self, got: impl std::fmt::Display) -> Result<T, Error> {
        Err(Error::mismatch(self.ty, got))
    }

    /// A number of another width than the type's.
    fn integer(self, number: i128) -> Result<(), Error> {
        macro_rules! fit {
            ($int:ty) => {
                match <$int>::try_from(number) {
                    Ok(number) => self.out.writer.put(&number.to_le_bytes()),
                    Err(_) => return self.mismatch(number),
                }
            };
        }
        match self.ty {
            Type::S8 => fit!(i8),
            Type::U8 => fit!(u8),
            Type::S16 => fit!(i16),
            Type::U16 => fit!(u16),
            Type::S32 => fit!(i32),
            Type::U32 => fit!(u32),
            Type::S64 => fit!(i64),
            Type::U64 => fit!(u64),
            _ => return self.mismatch("an integer"),
        }
        Ok(())
    }

    /// Writes the number of the case called `name`; what is left to be written is its payload.
    fn case(self, name: &str) -> Result<Payload<'o, 't>, Error> {
        let writer = &mut self.out.writer;
        match self.ty {
            Type::Variant(cases) => {
                let names = cases.iter().map(|case| &*case.name);
                let number = find_case(names, name)?;
                writer.discriminant(number as u32, cases.len());
                let case = &cases[number];
                Ok(Payload {
                    case: &case.name,
                    ty: case.ty.as_ref(),
                    out: self.out,
                })
            }
            Type::Enum(cases) => {
                let number = find_case(cases.iter().map(|name| &**name), name)?;
                writer.discriminant(number as u32, cases.len());
                Ok(Payload {
                    case: &cases[number],
                    ty: None,
                    out: self.out,
                })
            }
            Type::Result(result) => {
                let number = find_case(["ok", "err"].into_iter(), name)?;
                writer.u8(number as u8);
                let (case, ty) = [("ok", &result.ok), ("err", &result.err)][number];
                Ok(Payload {
                    case,
                    ty: ty.as_ref(),
                    out: self.out,
                })
            }
            _ => self.mismatch(format_args!("the case `{name}` of an enum")),
        }
    }
}

fn find_case<'a>(names: impl Iterator<Item = &'a str> + Clone, name: &str) -> Result<usize, Error> {
    names::find(names.clone(), name, 0).ok_or_else(|| Error::unknown("case", name, names))
}

/// The payload of a case, whose number is written.
struct Payload<'o, 't> {
    case: &'t str,
    ty: Option<&'t Type>,
    out: &'o mut Output,
}

impl Payload<'_, '_> {
    fn none(self) -> Result<(), Error> {
        match self.ty {
            None => Ok(()),
            Some(ty) if ty.is_unit() => self.out.writer.zero_sized(),
            Some(ty) => Err(Error::mismatch(ty, "no payload").within_name(self.case)),
        }
    }

    fn value<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        let absent = Type::unit();
        // `Ok(())` for a `result` without `ok`: the unit stands for no payload.
        let ty = self.ty.unwrap_or(&absent);
        value
            .serialize(Encoder { ty, out: self.out })
            .map_err(named(self.case))
    }
}

macro_rules! integers {
    ($($method:ident: $int:ty => $ty:ident),* $(,)?) => {$(
        #[inline]
        fn $method(self, number: $int) -> Result<(), Error> {
            if let Type::$ty = self.ty {
                self.out.writer.put(&number.to_le_bytes());
                return Ok(());
            }
            self.integer(number.into())
        }
    )*};
}

impl<'o, 't> Serializer for Encoder<'o, 't> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Elements<'o, 't>;
    type SerializeTuple = Elements<'o, 't>;
    type SerializeTupleStruct = Elements<'o, 't>;
    type SerializeTupleVariant = Elements<'o, 't>;
    type SerializeMap = Entries<'o, 't>;
    type SerializeStruct = Fields<'o, 't>;
    type SerializeStructVariant = Fields<'o, 't>;

    integers! {
        serialize_i8: i8 => S8,
        serialize_u8: u8 => U8,
        serialize_i16: i16 => S16,
        serialize_u16: u16 => U16,
        serialize_i32: i32 => S32,
        serialize_u32: u32 => U32,
        serialize_i64: i64 => S64,
        serialize_u64: u64 => U64,
    }

    fn serialize_i128(self, number: i128) -> Result<(), Error> {
        self.integer(number)
    }

    fn serialize_u128(self, number: u128) -> Result<(), Error> {
        match i128::try_from(number) {
            Ok(number) => self.integer(number),
            Err(_) => self.mismatch(number),
        }
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        match self.ty {
            Type::Bool => self.out.writer.u8(u8::from(value)),
            _ => return self.mismatch("bool"),
        }
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        match self.ty {
            Type::F32 => self.out.writer.f32(value),
            Type::F64 => self.out.writer.f64(value.into()),
            _ => return self.mismatch("f32"),
        }
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        match self.ty {
            Type::F64 => self.out.writer.f64(value),
            Type::F32 if value.is_nan() || f64::from(value as f32) == value => {
                self.out.writer.f32(value as f32);
            }
            Type::F32 => return self.mismatch(format_args!("{value:?}, which needs f64")),
            _ => return self.mismatch("f64"),
        }
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        match self.ty {
            Type::Char => self.out.writer.put(&u32::from(value).to_le_bytes()),
            _ => return self.mismatch("char"),
        }
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        match self.ty {
            Type::String => self.out.writer.block(value.as_bytes()),
            _ => self.mismatch("string"),
        }
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        match self.ty {
            ty if ty.is_bytes() => self.out.writer.block(value),
            _ => self.mismatch("bytes"),
        }
    }

    fn serialize_none(self) -> Result<(), Error> {
        match self.ty {
            Type::Option(_) => self.out.writer.u8(0),
            _ => return self.mismatch("none"),
        }
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        match self.ty {
            Type::Option(ty) => {
                self.out.writer.u8(1);
                value.serialize(Encoder { ty, out: self.out })
            }
            _ => self.mismatch("an option"),
        }
    }

    fn serialize_unit(self) -> Result<(), Error> {
        match self.ty {
            ty if ty.is_unit() => self.out.writer.zero_sized(),
            _ => self.mismatch("()"),
        }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &str, _: u32, variant: &str) -> Result<(), Error> {
        self.case(variant)?.none()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        match name {
            rope::HOLE => rope::write_hole(self.out, value),
            _ => value.serialize(self),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.case(variant)?.value(value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Elements<'o, 't>, Error> {
        Elements::start(self.ty, self.out, len)
    }

    fn serialize_tuple(self, len: usize) -> Result<Elements<'o, 't>, Error> {
        Elements::start(self.ty, self.out, Some(len))
    }

    fn serialize_tuple_struct(self, _: &str, len: usize) -> Result<Elements<'o, 't>, Error> {
        Elements::start(self.ty, self.out, Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Elements<'o, 't>, Error> {
        let Payload { case, ty, out } = self.case(variant)?;
        let ty = ty.unwrap_or(Type::unit_ref());
        let elements = Elements::start(ty, out, Some(len)).map_err(named(case))?;
        Ok(elements.in_case(case))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'o, 't>, Error> {
        Entries::start(self.ty, self.out)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'o, 't>, Error> {
        Fields::start(self.ty, self.out, name)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'o, 't>, Error> {
        let Payload { case, ty, out } = self.case(variant)?;
        let ty = ty.unwrap_or(Type::unit_ref());
        Ok(Fields::start(ty, out, variant)
            .map_err(named(case))?
            .in_case(case))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl serde::ser::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::invalid(message)
    }
}

#[cfg(test)]
mod tests;
