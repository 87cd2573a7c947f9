//! What may stand beside a delayed value in an operator.

use serde::Serialize;
use wask_value::Type;

use super::{Delayed, Input};
use crate::{Encoded, Error, Future};

/// What may stand on the other side of an operator: a [`Delayed`] value, a [`Future`], an
/// [`Encoded`] value, and plain numbers, texts and the like, which become values of the type of
/// the delayed side: `x + 1` is right for any number type of `x` that holds 1.
pub trait Operand: sealed::Operand {}

impl<T: sealed::Operand> Operand for T {}

pub(crate) mod sealed {
    use super::{Error, Side, Type};

    pub trait Operand {
        fn side(&self, like: &Type) -> Result<Side, Error>;
    }
}

/// One side of an operator.
#[derive(Debug)]
pub struct Side(pub(super) Content);

#[derive(Debug)]
pub(super) enum Content {
    Input(Input),
    Value(Encoded),
}

impl<R> sealed::Operand for Delayed<R> {
    fn side(&self, _: &Type) -> Result<Side, Error> {
        Ok(Side(Content::Input(self.input.clone()?)))
    }
}

impl<R> sealed::Operand for Future<R> {
    fn side(&self, _: &Type) -> Result<Side, Error> {
        Ok(Side(Content::Input(Input::Future(self.handle.clone()))))
    }
}

impl sealed::Operand for Encoded {
    fn side(&self, _: &Type) -> Result<Side, Error> {
        Ok(Side(Content::Value(self.clone())))
    }
}

impl<T: sealed::Operand> sealed::Operand for &T {
    fn side(&self, like: &Type) -> Result<Side, Error> {
        (**self).side(like)
    }
}

impl sealed::Operand for &str {
    fn side(&self, like: &Type) -> Result<Side, Error> {
        literal(like, self)
    }
}

macro_rules! literals {
    ($($ty:ty)*) => {$(
        impl sealed::Operand for $ty {
            fn side(&self, like: &Type) -> Result<Side, Error> {
                literal(like, self)
            }
        }
    )*};
}

literals! { bool i8 u8 i16 u16 i32 u32 i64 u64 f32 f64 char String }

fn literal<T: Serialize + ?Sized>(like: &Type, value: &T) -> Result<Side, Error> {
    let value = Encoded::from_rust(like.clone(), value)?;
    Ok(Side(Content::Value(value)))
}
