//! Sequences, maps and structs, part by part.

use std::sync::Arc;

use serde::{Serialize, ser};

use super::{Encoder, Output, number, record::RecordFields};
use crate::{
    Error, Type,
    encoding::{CountLater, element, item, min_bytes, named},
    names,
};

/// How many numbers room is made for before they are seen.
const MAX_RESERVE: usize = 1 << 24;

/// The elements of a list, the items of a tuple, or the names of the flags that are set.
pub(super) struct Elements<'o, 't> {
    kind: ElementsKind<'t>,
    out: &'o mut Output,
    count: usize,
    /// The case whose payload this is, for the path of errors.
    case: Option<&'t str>,
}

enum ElementsKind<'t> {
    List {
        element: &'t Type,
        later: CountLater,
        is_numbers: bool,
    },
    Tuple {
        ty: &'t Type,
        items: &'t [Type],
    },
    Flags(FlagSet<'t>),
}

impl<'o, 't> Elements<'o, 't> {
    pub(super) fn start(
        ty: &'t Type,
        out: &'o mut Output,
        len: Option<usize>,
    ) -> Result<Self, Error> {
        let kind = match ty {
            Type::List(element) => {
                let later = out.writer.count_later();
                let is_numbers = element.is_integer();
                if is_numbers {
                    // What is said about the length is believed up to a limit.
                    let reserve = len.unwrap_or(0).min(MAX_RESERVE) * min_bytes(element);
                    out.writer.bytes.reserve(reserve);
                }
                ElementsKind::List {
                    element,
                    later,
                    is_numbers,
                }
            }
            Type::Tuple(items) if len.is_none_or(|len| len == items.len()) => {
                ElementsKind::Tuple { ty, items }
            }
            Type::Tuple(_) => {
                let got = format!("a tuple of {}", len.unwrap_or_default());
                return Err(Error::mismatch(ty, got));
            }
            Type::Flags(names) => ElementsKind::Flags(FlagSet::new(names)),
            _ => return Err(Error::mismatch(ty, "a sequence")),
        };
        Ok(Self {
            kind,
            out,
            count: 0,
            case: None,
        })
    }

    pub(super) fn in_case(self, case: &'t str) -> Self {
        Self {
            case: Some(case),
            ..self
        }
    }

    #[inline]
    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if let ElementsKind::List {
            element,
            is_numbers: true,
            ..
        } = self.kind
            && number::write(element, &mut self.out.writer, value)
        {
            self.count += 1;
            return Ok(());
        }
        self.push_any(value)
    }

    fn push_any<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let i = self.count;
        self.count += 1;
        let out = &mut *self.out;
        let result = match &mut self.kind {
            ElementsKind::List { element: ty, .. } => {
                value.serialize(Encoder { ty, out }).map_err(element(i))
            }
            ElementsKind::Tuple { items, .. } => match items.get(i) {
                Some(ty) => value.serialize(Encoder { ty, out }).map_err(item(i)),
                // Told at the end, when the count is known.
                None => Ok(()),
            },
            ElementsKind::Flags(flags) => text_of(value)
                .map_err(element(i))
                .and_then(|name| flags.set(&name, true)),
        };
        in_case(self.case, result)
    }

    fn finish(self) -> Result<(), Error> {
        let writer = &mut self.out.writer;
        let result = match self.kind {
            ElementsKind::List { later, .. } => writer.count_now(&later, self.count),
            ElementsKind::Tuple { ty, items } if items.len() != self.count => Err(Error::mismatch(
                ty,
                format_args!("a tuple of {}", self.count),
            )),
            ElementsKind::Tuple { items: [], .. } => writer.zero_sized(),
            ElementsKind::Tuple { .. } => Ok(()),
            ElementsKind::Flags(flags) => writer.flags(&flags.values()),
        };
        in_case(self.case, result)
    }
}

/// The fields of a record or the bools of flags.
pub(super) struct Fields<'o, 't> {
    kind: FieldsKind<'t>,
    out: &'o mut Output,
    case: Option<&'t str>,
}

enum FieldsKind<'t> {
    Record(RecordFields<'t>),
    Flags(FlagSet<'t>),
    /// A struct without fields, as the unit.
    Unit,
}

impl<'o, 't> Fields<'o, 't> {
    pub(super) fn start(ty: &'t Type, out: &'o mut Output, name: &str) -> Result<Self, Error> {
        let kind = match ty {
            Type::Record(fields) => FieldsKind::Record(RecordFields::new(fields)),
            Type::Flags(names) => FieldsKind::Flags(FlagSet::new(names)),
            Type::Tuple(items) if items.is_empty() => FieldsKind::Unit,
            _ => return Err(Error::mismatch(ty, format_args!("struct {name}"))),
        };
        Ok(Self {
            kind,
            out,
            case: None,
        })
    }

    pub(super) fn in_case(self, case: &'t str) -> Self {
        Self {
            case: Some(case),
            ..self
        }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Error> {
        let result = match &mut self.kind {
            FieldsKind::Record(fields) => fields.push(self.out, name, value),
            FieldsKind::Flags(flags) => bool_of(value)
                .map_err(named(name))
                .and_then(|on| flags.set(name, on)),
            FieldsKind::Unit => Err(Error::unknown("field", name, [].into_iter())),
        };
        in_case(self.case, result)
    }

    fn finish(self) -> Result<(), Error> {
        let result = match self.kind {
            FieldsKind::Record(fields) => fields.finish(self.out),
            FieldsKind::Flags(flags) => self.out.writer.flags(&flags.values()),
            FieldsKind::Unit => self.out.writer.zero_sized(),
        };
        in_case(self.case, result)
    }
}

/// The entries of a map: pairs of a list, or fields.
pub(super) struct Entries<'o, 't> {
    kind: EntriesKind<'o, 't>,
    /// The key that waits for its value, where keys are names.
    key: String,
}

enum EntriesKind<'o, 't> {
    Pairs {
        key: &'t Type,
        value: &'t Type,
        later: CountLater,
        count: usize,
        out: &'o mut Output,
    },
    Fields(Fields<'o, 't>),
}

impl<'o, 't> Entries<'o, 't> {
    pub(super) fn start(ty: &'t Type, out: &'o mut Output) -> Result<Self, Error> {
        let kind = match ty {
            Type::Record(_) | Type::Flags(_) => {
                EntriesKind::Fields(Fields::start(ty, out, "of a map")?)
            }
            Type::List(element) => match &**element {
                Type::Tuple(pair) if pair.len() == 2 => {
                    let later = out.writer.count_later();
                    let (key, value) = (&pair[0], &pair[1]);
                    EntriesKind::Pairs {
                        key,
                        value,
                        later,
                        count: 0,
                        out,
                    }
                }
                _ => return Err(Error::mismatch(ty, "a map")),
            },
            _ => return Err(Error::mismatch(ty, "a map")),
        };
        Ok(Self {
            kind,
            key: String::new(),
        })
    }
}

/// Flags by name.
struct FlagSet<'t> {
    names: &'t [Arc<str>],
    values: Vec<Option<bool>>,
}

impl<'t> FlagSet<'t> {
    fn new(names: &'t [Arc<str>]) -> Self {
        Self {
            names,
            values: vec![None; names.len()],
        }
    }

    fn set(&mut self, name: &str, on: bool) -> Result<(), Error> {
        let names = self.names.iter().map(|name| &**name);
        let Some(index) = names::find(names.clone(), name, 0) else {
            return Err(Error::unknown("flag", name, names));
        };
        match self.values[index].replace(on) {
            None => Ok(()),
            Some(_) => Err(Error::duplicate("flag", &self.names[index])),
        }
    }

    fn values(&self) -> Vec<bool> {
        self.values.iter().map(|on| on.unwrap_or(false)).collect()
    }
}

/// A name, whatever Rust type holds it.
fn text_of<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    let bytes = super::to_bytes(&Type::String, value)?;
    Ok(String::from_utf8_lossy(&bytes[4..]).into_owned())
}

fn bool_of<T: Serialize + ?Sized>(value: &T) -> Result<bool, Error> {
    Ok(super::to_bytes(&Type::Bool, value)? == [1])
}

fn in_case(case: Option<&str>, result: Result<(), Error>) -> Result<(), Error> {
    match case {
        Some(case) => result.map_err(named(case)),
        None => result,
    }
}

macro_rules! elements {
    ($($trait:ident::$method:ident),*) => {$(
        impl ser::$trait for Elements<'_, '_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.push(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

elements! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
}

macro_rules! fields {
    ($($trait:ident),*) => {$(
        impl ser::$trait for Fields<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    )*};
}

fields! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Entries<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        match &mut self.kind {
            EntriesKind::Pairs {
                key: ty,
                count,
                out,
                ..
            } => {
                let result = key.serialize(Encoder { ty, out });
                result.map_err(|error| element(*count)(item(0)(error)))
            }
            EntriesKind::Fields(_) => {
                self.key = text_of(key)?;
                Ok(())
            }
        }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        match &mut self.kind {
            EntriesKind::Pairs {
                value: ty,
                count,
                out,
                ..
            } => {
                let result = value.serialize(Encoder { ty, out });
                result.map_err(|error| element(*count)(item(1)(error)))?;
                *count += 1;
                Ok(())
            }
            EntriesKind::Fields(fields) => fields.field(&self.key, value),
        }
    }

    fn end(self) -> Result<(), Error> {
        match self.kind {
            EntriesKind::Pairs {
                later, count, out, ..
            } => out.writer.count_now(&later, count),
            EntriesKind::Fields(fields) => fields.finish(),
        }
    }
}
