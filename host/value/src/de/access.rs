//! The parts of compound values, one after another.

use std::{borrow::Cow, sync::Arc};

use serde::de::{
    DeserializeSeed, MapAccess, SeqAccess, Visitor,
    value::{CowStrDeserializer, MapDeserializer, SeqDeserializer, U8Deserializer},
};

use super::{Decoder, all_taken};
use crate::{
    Error, Field, Type,
    encoding::{Cursor, element, item, named},
    names,
};

/// A `list<u8>`, as a sequence.
pub(super) struct Bytes<'de> {
    bytes: std::slice::Iter<'de, u8>,
}

impl<'de> Bytes<'de> {
    pub(super) fn read(cursor: &mut Cursor<'de>) -> Result<Self, Error> {
        Ok(Self {
            bytes: cursor.block()?.iter(),
        })
    }

    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let count = self.bytes.len();
        let value = visitor.visit_seq(&mut self)?;
        all_taken(self.bytes.len(), count)?;
        Ok(value)
    }
}

impl<'de> SeqAccess<'de> for Bytes<'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        match self.bytes.next() {
            Some(byte) => seed.deserialize(U8Deserializer::new(*byte)).map(Some),
            None => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.bytes.len())
    }
}

/// The elements of a list.
pub(super) struct List<'c, 'de, 't> {
    element: &'t Type,
    cursor: &'c mut Cursor<'de>,
    next: usize,
    count: usize,
}

impl<'c, 'de, 't> List<'c, 'de, 't> {
    pub(super) fn read(element: &'t Type, cursor: &'c mut Cursor<'de>) -> Result<Self, Error> {
        let count = cursor.count_of(element)?;
        Ok(Self {
            element,
            cursor,
            next: 0,
            count,
        })
    }

    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let value = visitor.visit_seq(&mut self)?;
        all_taken(self.count - self.next, self.count)?;
        Ok(value)
    }
}

impl<'de> SeqAccess<'de> for List<'_, 'de, '_> {
    type Error = Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.next == self.count {
            return Ok(None);
        }
        let decoder = Decoder {
            ty: self.element,
            cursor: self.cursor,
        };
        let value = seed.deserialize(decoder).map_err(element(self.next))?;
        self.next += 1;
        Ok(Some(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count - self.next)
    }
}

/// The items of a tuple.
pub(super) struct Items<'c, 'de, 't> {
    items: &'t [Type],
    cursor: &'c mut Cursor<'de>,
    next: usize,
}

impl<'c, 'de, 't> Items<'c, 'de, 't> {
    pub(super) fn new(items: &'t [Type], cursor: &'c mut Cursor<'de>) -> Self {
        Self {
            items,
            cursor,
            next: 0,
        }
    }

    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let value = visitor.visit_seq(&mut self)?;
        all_taken(self.items.len() - self.next, self.items.len())?;
        Ok(value)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de, '_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some(ty) = self.items.get(self.next) else {
            return Ok(None);
        };
        let decoder = Decoder {
            ty,
            cursor: self.cursor,
        };
        let value = seed.deserialize(decoder).map_err(item(self.next))?;
        self.next += 1;
        Ok(Some(value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

/// A `list<tuple<K, V>>` as a map.
pub(super) struct Pairs<'c, 'de, 't> {
    key: &'t Type,
    value: &'t Type,
    cursor: &'c mut Cursor<'de>,
    next: usize,
    count: usize,
}

impl<'c, 'de, 't> Pairs<'c, 'de, 't> {
    pub(super) fn read(
        pair: &Type,
        key: &'t Type,
        value: &'t Type,
        cursor: &'c mut Cursor<'de>,
    ) -> Result<Self, Error> {
        let count = cursor.count_of(pair)?;
        Ok(Self {
            key,
            value,
            cursor,
            next: 0,
            count,
        })
    }

    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let value = visitor.visit_map(&mut self)?;
        all_taken(self.count - self.next, self.count)?;
        Ok(value)
    }
}

impl<'de> MapAccess<'de> for Pairs<'_, 'de, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        if self.next == self.count {
            return Ok(None);
        }
        let decoder = Decoder {
            ty: self.key,
            cursor: self.cursor,
        };
        let key = seed.deserialize(decoder);
        key.map(Some)
            .map_err(|error| element(self.next)(item(0)(error)))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let decoder = Decoder {
            ty: self.value,
            cursor: self.cursor,
        };
        let value = seed.deserialize(decoder);
        let value = value.map_err(|error| element(self.next)(item(1)(error)))?;
        self.next += 1;
        Ok(value)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.count - self.next)
    }
}

/// A record as a map whose keys are the names that Rust uses.
pub(super) struct Record<'c, 'de, 't> {
    fields: &'t [Field],
    /// The Rust struct's names, or none where they are not known.
    names: &'static [&'static str],
    cursor: &'c mut Cursor<'de>,
    next: usize,
}

impl<'c, 'de, 't> Record<'c, 'de, 't> {
    pub(super) fn new(
        fields: &'t [Field],
        names: &'static [&'static str],
        cursor: &'c mut Cursor<'de>,
    ) -> Result<Self, Error> {
        if fields.is_empty() {
            cursor.zero_sized(1)?;
        }
        Ok(Self {
            fields,
            names,
            cursor,
            next: 0,
        })
    }

    pub(super) fn visit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let value = visitor.visit_map(&mut self)?;
        all_taken(self.fields.len() - self.next, self.fields.len())?;
        Ok(value)
    }
}

impl<'de> MapAccess<'de> for Record<'_, 'de, '_> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some(field) = self.fields.get(self.next) else {
            return Ok(None);
        };
        let name = rust_name(&field.name, self.names, self.next);
        seed.deserialize(CowStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let field = &self.fields[self.next];
        self.next += 1;
        let decoder = Decoder {
            ty: &field.ty,
            cursor: self.cursor,
        };
        seed.deserialize(decoder).map_err(named(&field.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.fields.len() - self.next)
    }
}

/// Flags by the names that Rust uses.
pub(super) struct Flags<'t> {
    flags: Vec<(Cow<'t, str>, bool)>,
}

impl<'t> Flags<'t> {
    pub(super) fn read(
        flags: &'t [Arc<str>],
        names: &'static [&'static str],
        cursor: &mut Cursor<'_>,
    ) -> Result<Self, Error> {
        let bits = cursor.flags(flags.len())?;
        let flags = flags.iter().enumerate();
        let flags = flags.map(|(i, name)| {
            let name = if names.is_empty() {
                Cow::Borrowed(&**name)
            } else {
                rust_name(name, names, i)
            };
            (name, bits[i / 8] >> (i % 8) & 1 == 1)
        });
        Ok(Self {
            flags: flags.collect(),
        })
    }

    /// The names of those that are set.
    pub(super) fn visit_names<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let set = self.flags.into_iter().filter(|(_, on)| *on);
        let names = set.map(|(name, _)| CowStrDeserializer::new(name));
        visitor.visit_seq(SeqDeserializer::new(names))
    }

    /// All of them, each with a bool.
    pub(super) fn into_bools<'de>(self) -> impl MapAccess<'de, Error = Error> {
        let owned = self
            .flags
            .into_iter()
            .map(|(name, on)| (name.into_owned(), on));
        MapDeserializer::new(owned)
    }
}

/// A map without entries.
pub(super) fn no_entries<'de>() -> impl MapAccess<'de, Error = Error> {
    MapDeserializer::new(std::iter::empty::<(&'static str, u8)>())
}

/// What Rust calls `wit`: the name among the Rust type's `names`, else the usual one.
fn rust_name<'t>(wit: &'t str, names: &'static [&'static str], hint: usize) -> Cow<'t, str> {
    match names::find(names.iter().copied(), wit, hint) {
        Some(index) => Cow::Borrowed(names[index]),
        None if names.is_empty() && wit.contains('-') => Cow::Owned(wit.replace('-', "_")),
        None => Cow::Borrowed(wit),
    }
}
