//! What a module of tasks is, once it is understood.

use syn::Ident;

use crate::names::Name;

/// A module of tasks.
#[derive(Debug)]
pub(crate) struct Tasks {
    pub(crate) name: Name,
    pub(crate) docs: Vec<String>,
    pub(crate) functions: Vec<Function>,
    /// The types of the module that functions use, each after those that it uses.
    pub(crate) types: Vec<TypeDef>,
}

/// A public function.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: Name,
    pub(crate) docs: Vec<String>,
    pub(crate) params: Vec<Param>,
    /// Absent where the function returns nothing.
    pub(crate) result: Option<Type>,
}

/// A parameter of a function.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: Name,
    pub(crate) ty: Type,
    /// The function takes `&str` for a string, or `&[T]` for a list.
    pub(crate) by_ref: bool,
}

/// A struct or enum.
#[derive(Debug)]
pub(crate) struct TypeDef {
    pub(crate) name: Name,
    pub(crate) docs: Vec<String>,
    pub(crate) kind: Kind,
}

/// What WIT calls a struct or enum.
#[derive(Debug)]
pub(crate) enum Kind {
    Record(Vec<Field>),
    Variant(Vec<Case>),
    /// Its cases have no types.
    Enum(Vec<Case>),
}

/// A field of a struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: Name,
    pub(crate) docs: Vec<String>,
    pub(crate) ty: Type,
}

/// A case of an enum.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: Name,
    pub(crate) docs: Vec<String>,
    pub(crate) ty: Option<Type>,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Type {
    /// A type that is written `rust` in Rust and `wit` in WIT.
    Primitive {
        rust: &'static str,
        wit: &'static str,
    },
    String,
    List(Box<Self>),
    Option(Box<Self>),
    /// Either side may be the unit.
    Result(Option<Box<Self>>, Option<Box<Self>>),
    Tuple(Vec<Self>),
    /// A struct or enum of the module.
    Named(Ident),
}

impl Type {
    /// Whether a type of the module is part of it, so that values have to be converted.
    pub(crate) fn needs_conversion(&self) -> bool {
        match self {
            Self::Primitive { .. } | Self::String => false,
            Self::List(part) | Self::Option(part) => part.needs_conversion(),
            Self::Result(ok, err) => [ok, err]
                .into_iter()
                .flatten()
                .any(|side| side.needs_conversion()),
            Self::Tuple(items) => items.iter().any(Self::needs_conversion),
            Self::Named(_) => true,
        }
    }
}
