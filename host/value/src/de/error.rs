//! What serde's own code finds wrong, in this crate's words.

use serde::de::{self, Expected, Unexpected};

use crate::Error;

impl de::Error for Error {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::invalid(message)
    }

    fn invalid_type(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::mismatch(expected, kind(&got))
    }

    fn invalid_value(got: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match got {
            Unexpected::Signed(number) => Self::mismatch(expected, number),
            Unexpected::Unsigned(number) => Self::mismatch(expected, number),
            other => Self::mismatch(expected, kind(&other)),
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("case", variant, expected.iter().copied())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::unknown("field", field, expected.iter().copied())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::missing(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::duplicate("field", field)
    }
}

/// What WIT calls it, without the value, which may be large.
fn kind(got: &Unexpected<'_>) -> &'static str {
    match got {
        Unexpected::Bool(_) => "bool",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) => "char",
        Unexpected::Str(_) => "string",
        Unexpected::Bytes(_) => "list<u8>",
        Unexpected::Unit => "tuple<>",
        Unexpected::Option => "an option",
        Unexpected::Seq => "a list or tuple",
        Unexpected::Map => "a record",
        Unexpected::Enum | Unexpected::UnitVariant | Unexpected::NewtypeVariant => "a variant",
        Unexpected::TupleVariant | Unexpected::StructVariant => "a variant",
        Unexpected::NewtypeStruct | Unexpected::Other(_) => "something else",
    }
}
