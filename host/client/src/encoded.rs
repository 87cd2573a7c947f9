//! Values whose type is known only when the program runs.

use bytes::Bytes;
use serde::{Serialize, Serializer, de::DeserializeOwned};
use wask_value::{Type, Value, WitType};

use crate::{Error, arguments::Slot};

/// A value in wask's encoding, and its WIT type: what a program passes on whose types are not
/// known when it is written. May stand anywhere in the arguments of a task; there its type must
/// be the one wanted in its place.
///
/// ```
/// use wask_client::{Encoded, Type, Value};
///
/// let value = Encoded::from_value("list<u32>".parse()?, &Value::List(vec![Value::U32(7)]))?;
/// assert_eq!(value.bytes(), &[1, 0, 0, 0, 7, 0, 0, 0][..]);
/// assert_eq!(value.read::<Vec<u32>>()?, [7]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    ty: Type,
    bytes: Bytes,
}

impl Encoded {
    /// A value that is encoded already.
    ///
    /// # Errors
    /// [`Error::Value`] where the bytes are not the encoding of a value of this type.
    pub fn new(ty: Type, bytes: impl Into<Bytes>) -> Result<Self, Error> {
        let bytes = bytes.into();
        wask_value::validate(&ty, &bytes).map_err(|source| invalid(&ty, source))?;
        Ok(Self { ty, bytes })
    }

    /// A value that comes from a cluster, which has checked it.
    pub(crate) fn trusted(ty: Type, bytes: Bytes) -> Self {
        Self { ty, bytes }
    }

    /// Encodes a dynamic value.
    ///
    /// # Errors
    /// [`Error::Value`] where the value is not of this type.
    pub fn from_value(ty: Type, value: &Value) -> Result<Self, Error> {
        let bytes = wask_value::encode(&ty, value).map_err(|source| invalid(&ty, source))?;
        Ok(Self {
            ty,
            bytes: bytes.into(),
        })
    }

    /// Encodes a Rust value as a value of the given type.
    ///
    /// # Errors
    /// [`Error::Value`] where the value does not fit the type.
    pub fn from_rust<T: Serialize + ?Sized>(ty: Type, value: &T) -> Result<Self, Error> {
        let bytes = wask_value::to_bytes(&ty, value).map_err(|source| invalid(&ty, source))?;
        Ok(Self {
            ty,
            bytes: bytes.into(),
        })
    }

    /// Encodes a Rust value as a value of its own WIT type.
    ///
    /// # Errors
    /// [`Error::Value`] where the value does not fit its type, as where a list is too long.
    pub fn of<T: Serialize + WitType + ?Sized>(value: &T) -> Result<Self, Error> {
        Self::from_rust(T::wit_type(), value)
    }

    /// The value's type.
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The encoding.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The value as a dynamic one.
    ///
    /// # Errors
    /// [`Error::Value`], which means that a worker stored what is none.
    pub fn value(&self) -> Result<Value, Error> {
        wask_value::decode(&self.ty, &self.bytes).map_err(|source| invalid(&self.ty, source))
    }

    /// The value as a Rust type.
    ///
    /// # Errors
    /// [`Error::Value`] where the value does not fit the Rust type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        wask_value::from_bytes(&self.ty, &self.bytes).map_err(|source| invalid(&self.ty, source))
    }
}

fn invalid(ty: &Type, source: wask_value::Error) -> Error {
    Error::Value {
        what: format!("a value of {ty}").into(),
        source: Box::new(source),
    }
}

impl Serialize for Encoded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Slot::Encoded(self.clone()).serialize(serializer)
    }
}
