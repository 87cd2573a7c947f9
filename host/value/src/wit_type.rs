//! The WIT type of a Rust type, for where no function tells it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    rc::Rc,
    sync::Arc,
};

use crate::Type;

/// A Rust type that has a WIT type: the one that its serde form fits, both ways.
///
/// `#[derive(WitType)]` goes with serde's derives. A struct is a `record`, a newtype struct what it
/// wraps, an enum without payloads an `enum`, any other a `variant`; names become kebab-case.
/// `#[wit(rename = "..")]` or `#[serde(rename = "..")]` gives another name; for serde to find it,
/// the two must spell one name. A type that contains itself has no WIT type: asking for it does not
/// end.
///
/// ```
/// use wask_value::WitType;
///
/// #[derive(WitType)]
/// struct Sample {
///     user_id: u64,
///     tags: Vec<String>,
///     shape: Option<Shape>,
/// }
///
/// #[derive(WitType)]
/// enum Shape {
///     Dot,
///     Circle(f64),
///     Box { width: f64, height: f64 },
/// }
///
/// assert_eq!(
///     Sample::wit_type().to_string(),
///     "record { user-id: u64, tags: list<string>, shape: option<variant { dot, circle(f64), \
///      box(record { width: f64, height: f64 }) }> }"
/// );
/// ```
pub trait WitType {
    /// The WIT type.
    fn wit_type() -> Type;
}

macro_rules! primitives {
    ($($rust:ty => $wit:ident),* $(,)?) => {$(
        impl WitType for $rust {
            fn wit_type() -> Type {
                Type::$wit
            }
        }
    )*};
}

primitives! {
    bool => Bool, i8 => S8, u8 => U8, i16 => S16, u16 => U16, i32 => S32, u32 => U32, i64 => S64,
    u64 => U64, isize => S64, usize => U64, f32 => F32, f64 => F64, char => Char, str => String,
    String => String,
}

macro_rules! transparent {
    ($($wrapper:ty),* $(,)?) => {$(
        impl<T: WitType + ?Sized> WitType for $wrapper {
            fn wit_type() -> Type {
                T::wit_type()
            }
        }
    )*};
}

transparent! { &T, &mut T, Box<T>, Rc<T>, Arc<T> }

impl<T: WitType + ToOwned + ?Sized> WitType for Cow<'_, T> {
    fn wit_type() -> Type {
        T::wit_type()
    }
}

macro_rules! lists {
    ($([$($generics:tt)*] $list:ty),* $(,)?) => {$(
        impl<T: WitType, $($generics)*> WitType for $list {
            fn wit_type() -> Type {
                Type::list(T::wit_type())
            }
        }
    )*};
}

lists! {
    [] [T], [const N: usize] [T; N], [] Vec<T>, [] VecDeque<T>, [] BTreeSet<T>,
    [S] HashSet<T, S>,
}

fn pairs(key: Type, value: Type) -> Type {
    Type::list(Type::tuple([key, value]))
}

impl<K: WitType, V: WitType> WitType for BTreeMap<K, V> {
    fn wit_type() -> Type {
        pairs(K::wit_type(), V::wit_type())
    }
}

impl<K: WitType, V: WitType, S> WitType for HashMap<K, V, S> {
    fn wit_type() -> Type {
        pairs(K::wit_type(), V::wit_type())
    }
}

impl<T: WitType> WitType for Option<T> {
    fn wit_type() -> Type {
        Type::option(T::wit_type())
    }
}

impl<T: WitType, E: WitType> WitType for Result<T, E> {
    fn wit_type() -> Type {
        Type::result(T::wit_type().non_unit(), E::wit_type().non_unit())
    }
}

impl WitType for () {
    fn wit_type() -> Type {
        Type::unit()
    }
}

macro_rules! tuples {
    ($($first:ident $($rest:ident)*)?) => {$(
        impl<$first: WitType, $($rest: WitType),*> WitType for ($first, $($rest,)*) {
            fn wit_type() -> Type {
                Type::tuple([$first::wit_type(), $($rest::wit_type()),*])
            }
        }

        tuples! { $($rest)* }
    )?};
}

tuples! { A B C D E F G H I J K L }

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: WitType + ?Sized>(text: &str) {
        assert_eq!(T::wit_type().to_string(), text);
    }

    #[test]
    fn std_types_have_wit_types() {
        check::<Vec<(String, u32)>>("list<tuple<string, u32>>");
        check::<&[Cow<'_, str>]>("list<string>");
        check::<[u8; 4]>("list<u8>");
        check::<BTreeMap<char, Option<Box<i8>>>>("list<tuple<char, option<s8>>>");
        check::<HashSet<usize>>("list<u64>");
        check::<Result<(), String>>("result<_, string>");
        check::<Result<(u8,), ()>>("result<tuple<u8>>");
        check::<()>("tuple<>");
    }
}
