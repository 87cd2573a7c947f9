//! A case of a variant, enum or result.

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor,
    value::StrDeserializer,
};

use super::{Decoder, access::Record};
use crate::{
    Error, Field, Type,
    encoding::{Cursor, named},
    names,
};

/// A case whose number is read, and the type of its payload.
pub(super) struct Case<'c, 'de, 't> {
    name: &'t str,
    ty: Option<&'t Type>,
    /// The Rust enum's names.
    names: &'static [&'static str],
    index: usize,
    cursor: &'c mut Cursor<'de>,
}

impl<'c, 'de, 't> Case<'c, 'de, 't> {
    pub(super) fn read(
        ty: &'t Type,
        names: &'static [&'static str],
        cursor: &'c mut Cursor<'de>,
    ) -> Result<Self, Error> {
        let (index, name, ty): (_, &'t str, _) = match ty {
            Type::Variant(cases) => {
                let index = cursor.discriminant(cases.len())? as usize;
                (index, &cases[index].name, cases[index].ty.as_ref())
            }
            Type::Enum(names) => {
                let index = cursor.discriminant(names.len())? as usize;
                (index, &names[index], None)
            }
            Type::Result(result) => match cursor.discriminant(2)? {
                0 => (0, "ok", result.ok.as_ref()),
                _ => (1, "err", result.err.as_ref()),
            },
            other => return Err(Error::mismatch("an enum", other)),
        };
        Ok(Self {
            name,
            ty,
            names,
            index,
            cursor,
        })
    }

    /// For what does not ask for an enum: the name, or a map of the name to the payload.
    pub(super) fn visit_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.ty {
            None => visitor.visit_str(self.name),
            Some(ty) => {
                let field = [Field::new(self.name, ty.clone())];
                Record::new(&field, &[], self.cursor)?.visit(visitor)
            }
        }
    }

    fn payload<T>(
        self,
        read: impl FnOnce(Decoder<'_, 'de, '_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // `Ok(())` of a `result` without `ok`: no payload is the unit.
        let absent = Type::unit();
        let ty = self.ty.unwrap_or(&absent);
        read(Decoder {
            ty,
            cursor: self.cursor,
        })
        .map_err(named(self.name))
    }
}

impl<'de> EnumAccess<'de> for Case<'_, 'de, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name = match names::find(self.names.iter().copied(), self.name, self.index) {
            Some(index) => self.names[index],
            None => self.name,
        };
        let name: StrDeserializer<'_, Error> = name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Case<'_, 'de, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.ty {
            None => Ok(()),
            Some(ty) if ty.is_unit() => self.payload(|decoder| decoder.unit()),
            Some(ty) => Err(Error::mismatch("no payload", ty).within_name(self.name)),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        self.payload(|decoder| seed.deserialize(decoder))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.payload(|decoder| decoder.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.payload(|decoder| decoder.deserialize_struct("variant", fields, visitor))
    }
}
