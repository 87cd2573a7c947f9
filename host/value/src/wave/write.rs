//! A typed view on a value that `wasm-wave` can print.

use std::{borrow::Cow, fmt};

use wasm_wave::wasm::{WasmType, WasmTypeKind, WasmValue};

use crate::{Error, Type, Value};

pub(super) fn text(ty: &Type, value: &Value) -> Result<String, Error> {
    wasm_wave::to_string(&View {
        ty,
        shown: Shown::Value(value),
    })
    .map_err(Error::invalid)
}

/// A value, known to be of the type.
#[derive(Clone)]
struct View<'a> {
    ty: &'a Type,
    shown: Shown<'a>,
}

#[derive(Clone, Copy)]
enum Shown<'a> {
    Value(&'a Value),
    /// One of `Value::Bytes`, which does not exist as a value of its own.
    Byte(u8),
}

impl<'a> View<'a> {
    fn of<'c>(ty: &'a Type, value: &'a Value) -> Cow<'c, Self> {
        Cow::Owned(Self {
            ty,
            shown: Shown::Value(value),
        })
    }

    fn payload<'c>(ty: Option<&'a Type>, value: Option<&'a Value>) -> Option<Cow<'c, Self>> {
        Some(Self::of(ty?, value?))
    }

    /// A float with an exponent, in its shortest form: the writer would write all digits, 309 of
    /// 1e308.
    fn long_float(&self) -> Option<String> {
        let text = match self.shown {
            Shown::Value(Value::F32(value)) => format!("{value:?}"),
            Shown::Value(Value::F64(value)) => format!("{value:?}"),
            _ => return None,
        };
        text.contains('e').then_some(text)
    }

    /// Both parts, for what is not a byte.
    fn parts(&self) -> (&'a Type, &'a Value) {
        match self.shown {
            Shown::Value(value) => (self.ty, value),
            Shown::Byte(_) => mistyped("byte"),
        }
    }
}

macro_rules! unwrap {
    ($($method:ident: $rust:ty => $case:ident),* $(,)?) => {$(
        fn $method(&self) -> $rust {
            match self.parts() {
                (_, Value::$case(value)) => *value,
                (_, other) => mistyped(other.kind()),
            }
        }
    )*};
}

/// The writer asks by the type's kind, and the value is of the type.
fn mistyped(kind: &str) -> ! {
    unreachable!("a {kind} was checked to be of its type")
}

impl WasmValue for View<'_> {
    type Type = Kind;

    fn kind(&self) -> WasmTypeKind {
        match self.long_float() {
            // The writer takes any text for the name of a case.
            Some(_) => WasmTypeKind::Enum,
            None => kind(self.ty),
        }
    }

    unwrap! {
        unwrap_bool: bool => Bool,
        unwrap_s8: i8 => S8,
        unwrap_s16: i16 => S16,
        unwrap_u16: u16 => U16,
        unwrap_s32: i32 => S32,
        unwrap_u32: u32 => U32,
        unwrap_s64: i64 => S64,
        unwrap_u64: u64 => U64,
        unwrap_f32: f32 => F32,
        unwrap_f64: f64 => F64,
        unwrap_char: char => Char,
    }

    fn unwrap_u8(&self) -> u8 {
        match self.shown {
            Shown::Byte(byte) | Shown::Value(&Value::U8(byte)) => byte,
            Shown::Value(other) => mistyped(other.kind()),
        }
    }

    fn unwrap_string(&self) -> Cow<'_, str> {
        match self.parts() {
            (_, Value::String(text)) => text.into(),
            (_, other) => mistyped(other.kind()),
        }
    }

    fn unwrap_list(&self) -> Box<dyn Iterator<Item = Cow<'_, Self>> + '_> {
        match self.parts() {
            (Type::List(ty), Value::Bytes(bytes)) => Box::new(bytes.iter().map(move |byte| {
                Cow::Owned(View {
                    ty,
                    shown: Shown::Byte(*byte),
                })
            })),
            (Type::List(ty), Value::List(values)) => {
                Box::new(values.iter().map(move |value| View::of(ty, value)))
            }
            (_, other) => mistyped(other.kind()),
        }
    }

    fn unwrap_tuple(&self) -> Box<dyn Iterator<Item = Cow<'_, Self>> + '_> {
        match self.parts() {
            (Type::Tuple(types), Value::Tuple(values)) => Box::new(
                types
                    .iter()
                    .zip(values)
                    .map(|(ty, value)| View::of(ty, value)),
            ),
            (_, other) => mistyped(other.kind()),
        }
    }

    fn unwrap_record(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Cow<'_, Self>)> + '_> {
        match self.parts() {
            (Type::Record(fields), Value::Record(values)) => {
                Box::new(fields.iter().zip(values).map(|(field, value)| {
                    (Cow::Borrowed(&*field.name), View::of(&field.ty, value))
                }))
            }
            (_, other) => mistyped(other.kind()),
        }
    }

    fn unwrap_variant(&self) -> (Cow<'_, str>, Option<Cow<'_, Self>>) {
        match self.parts() {
            (Type::Variant(cases), Value::Variant(number, payload)) => {
                let case = &cases[*number as usize];
                (
                    (*case.name).into(),
                    View::payload(case.ty.as_ref(), payload.as_deref()),
                )
            }
            (_, other) => mistyped(other.kind()),
        }
    }

    fn unwrap_enum(&self) -> Cow<'_, str> {
        if let Some(text) = self.long_float() {
            return text.into();
        }
        match self.parts() {
            (Type::Enum(names), Value::Enum(number)) => (*names[*number as usize]).into(),
            (_, other) => mistyped(other.kind()),
        }
    }

    fn unwrap_option(&self) -> Option<Cow<'_, Self>> {
        match self.parts() {
            (Type::Option(ty), Value::Option(value)) => View::payload(Some(ty), value.as_deref()),
            (_, other) => mistyped(other.kind()),
        }
    }

    fn unwrap_result(&self) -> Result<Option<Cow<'_, Self>>, Option<Cow<'_, Self>>> {
        match self.parts() {
            (Type::Result(ty), Value::Result(Ok(value))) => {
                Ok(View::payload(ty.ok.as_ref(), value.as_deref()))
            }
            (Type::Result(ty), Value::Result(Err(value))) => {
                Err(View::payload(ty.err.as_ref(), value.as_deref()))
            }
            (_, other) => mistyped(other.kind()),
        }
    }

    fn unwrap_flags(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        match self.parts() {
            (Type::Flags(names), Value::Flags(flags)) => {
                let set = names.iter().zip(flags).filter(|(_, on)| **on);
                Box::new(set.map(|(name, _)| Cow::Borrowed(&**name)))
            }
            (_, other) => mistyped(other.kind()),
        }
    }
}

/// `wasm-wave` wants a type beside each value, which printing does not use.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Kind(WasmTypeKind);

impl WasmType for Kind {
    fn kind(&self) -> WasmTypeKind {
        self.0
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn kind(ty: &Type) -> WasmTypeKind {
    match ty {
        Type::Bool => WasmTypeKind::Bool,
        Type::S8 => WasmTypeKind::S8,
        Type::U8 => WasmTypeKind::U8,
        Type::S16 => WasmTypeKind::S16,
        Type::U16 => WasmTypeKind::U16,
        Type::S32 => WasmTypeKind::S32,
        Type::U32 => WasmTypeKind::U32,
        Type::S64 => WasmTypeKind::S64,
        Type::U64 => WasmTypeKind::U64,
        Type::F32 => WasmTypeKind::F32,
        Type::F64 => WasmTypeKind::F64,
        Type::Char => WasmTypeKind::Char,
        Type::String => WasmTypeKind::String,
        Type::List(_) => WasmTypeKind::List,
        Type::Option(_) => WasmTypeKind::Option,
        Type::Result(_) => WasmTypeKind::Result,
        Type::Tuple(_) => WasmTypeKind::Tuple,
        Type::Record(_) => WasmTypeKind::Record,
        Type::Variant(_) => WasmTypeKind::Variant,
        Type::Enum(_) => WasmTypeKind::Enum,
        Type::Flags(_) => WasmTypeKind::Flags,
    }
}
