//! Numbers as Rust's own types, and arithmetic on two of them.

use std::{cmp::Ordering, fmt};

use bytes::Bytes;
use wask_value::{Type, Value, encode};

use crate::{Fault, Operator};

/// A number of a WIT type.
pub(crate) trait Number: Copy + PartialEq + fmt::Display + Into<Value> {
    const TYPE: Type;
    const ZERO: Self;
    /// Of one encoded number.
    const BYTES: usize;

    /// The encoded numbers, up to the last whole one.
    fn read(encoded: &[u8]) -> impl Iterator<Item = Self>;
    /// Appends the encoding of a number that was read.
    fn put(self, out: &mut Vec<u8>);
    /// By value; floats by IEEE's total order, in which the canonical NaN is the greatest.
    fn order(self, other: Self) -> Ordering;
    /// What the operator of two numbers gives, if that is a number of this type.
    fn apply(self, operator: &Operator, other: Self) -> Option<Self>;
    fn negate(self) -> Option<Self>;

    /// The encoding of a number that was computed: of every NaN, that of the canonical one.
    fn encoded(self) -> Result<Bytes, Fault> {
        Ok(encode(&Self::TYPE, &self.into())?.into())
    }
}

/// Evaluates `$body` with `$N` as the Rust type of a number type `$ty`; `$other` for other types.
macro_rules! with_number {
    ($ty:expr, $N:ident => $body:expr, else => $other:expr) => {
        match $ty {
            Type::S8 => with_number!(@ i8, $N, $body),
            Type::U8 => with_number!(@ u8, $N, $body),
            Type::S16 => with_number!(@ i16, $N, $body),
            Type::U16 => with_number!(@ u16, $N, $body),
            Type::S32 => with_number!(@ i32, $N, $body),
            Type::U32 => with_number!(@ u32, $N, $body),
            Type::S64 => with_number!(@ i64, $N, $body),
            Type::U64 => with_number!(@ u64, $N, $body),
            Type::F32 => with_number!(@ f32, $N, $body),
            Type::F64 => with_number!(@ f64, $N, $body),
            _ => $other,
        }
    };
    (@ $rust:ty, $N:ident, $body:expr) => {{
        type $N = $rust;
        $body
    }};
}
pub(crate) use with_number;

macro_rules! encoding {
    ($ty:ident) => {
        const TYPE: Type = Type::$ty;
        const BYTES: usize = size_of::<Self>();

        fn read(encoded: &[u8]) -> impl Iterator<Item = Self> {
            let (numbers, _) = encoded.as_chunks();
            numbers.iter().map(|bytes| Self::from_le_bytes(*bytes))
        }

        fn put(self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_le_bytes());
        }
    };
}

macro_rules! integers {
    ($($number:ty => $ty:ident),*) => {$(
        impl Number for $number {
            encoding!($ty);
            const ZERO: Self = 0;

            fn order(self, other: Self) -> Ordering {
                self.cmp(&other)
            }

            fn apply(self, operator: &Operator, other: Self) -> Option<Self> {
                match operator {
                    Operator::Add => self.checked_add(other),
                    Operator::Sub => self.checked_sub(other),
                    Operator::Mul => self.checked_mul(other),
                    Operator::Div => self.checked_div(other),
                    // Wrapping: the least number is divided by -1 without remainder.
                    Operator::Rem => (other != 0).then(|| self.wrapping_rem(other)),
                    _ => None,
                }
            }

            fn negate(self) -> Option<Self> {
                self.checked_neg()
            }
        }
    )*};
}

integers! {
    i8 => S8, u8 => U8, i16 => S16, u16 => U16, i32 => S32, u32 => U32, i64 => S64, u64 => U64
}

macro_rules! floats {
    ($($number:ty => $ty:ident),*) => {$(
        impl Number for $number {
            encoding!($ty);
            const ZERO: Self = 0.0;

            fn order(self, other: Self) -> Ordering {
                self.total_cmp(&other)
            }

            fn apply(self, operator: &Operator, other: Self) -> Option<Self> {
                match operator {
                    Operator::Add => Some(self + other),
                    Operator::Sub => Some(self - other),
                    Operator::Mul => Some(self * other),
                    Operator::Div => Some(self / other),
                    Operator::Rem => Some(self % other),
                    _ => None,
                }
            }

            fn negate(self) -> Option<Self> {
                Some(-self)
            }
        }
    )*};
}

floats! { f32 => F32, f64 => F64 }

/// `add`, `sub`, `mul`, `div` or `rem`.
pub(crate) fn binary<N: Number>(operator: &Operator, a: &[u8], b: &[u8]) -> Result<Bytes, Fault> {
    let (a, b) = (only::<N>(a), only::<N>(b));
    if let Some(result) = a.apply(operator, b) {
        return result.encoded();
    }
    let (sign, divides) = match operator {
        Operator::Add => ("+", false),
        Operator::Sub => ("-", false),
        Operator::Mul => ("*", false),
        Operator::Div => ("/", true),
        _ => ("%", true),
    };
    let problem = if divides && b == N::ZERO {
        "divides by zero".into()
    } else {
        format!("does not fit {}", N::TYPE)
    };
    Err(Fault::Undefined(format!(
        "{operator}: {a} {sign} {b} {problem}"
    )))
}

/// `neg`
pub(crate) fn negated<N: Number>(operator: &Operator, a: &[u8]) -> Result<Bytes, Fault> {
    let a = only::<N>(a);
    match a.negate() {
        Some(result) => result.encoded(),
        None => {
            let problem = format!("{operator}: -({a}) does not fit {}", N::TYPE);
            Err(Fault::Undefined(problem))
        }
    }
}

/// The number that is encoded, of whose size the bytes are.
pub(crate) fn only<N: Number>(encoded: &[u8]) -> N {
    N::read(encoded).next().unwrap_or(N::ZERO)
}
