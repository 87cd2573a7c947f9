//! WIT value types, and what bounds them.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use crate::Error;

/// A WIT value type.
///
/// Structural: the names of records and variants are not part of it, the names of fields and cases
/// are. Cheap to clone. [`Display`](std::fmt::Display) and [`FromStr`](std::str::FromStr) write and
/// read WIT text, compound types in place:
///
/// ```
/// use wask_value::Type;
///
/// let ty: Type = "list<tuple<string, u32>>".parse()?;
/// assert_eq!(ty, Type::list(Type::tuple([Type::String, Type::U32])));
/// assert_eq!(ty.to_string(), "list<tuple<string, u32>>");
/// # Ok::<(), wask_value::Error>(())
/// ```
///
/// A type that was parsed is within [`Type::MAX_DEPTH`] and [`Type::MAX_NODES`]; one that was put
/// together from something untrusted should be asked with [`Type::check`] before it is used.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[expect(
    missing_docs,
    reason = "the primitive types are WIT's own, by their own names"
)]
pub enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    /// `list<T>`
    List(Arc<Self>),
    /// `option<T>`
    Option(Arc<Self>),
    /// `result<T, E>`, either of which may be absent
    Result(Arc<ResultType>),
    /// `tuple<A, B>`; `tuple<>` is the unit
    Tuple(Arc<[Self]>),
    /// `record { name: T }`
    Record(Arc<[Field]>),
    /// `variant { case, other(T) }`
    Variant(Arc<[Case]>),
    /// `enum { case, other }`
    Enum(Arc<[Arc<str>]>),
    /// `flags { one, two }`
    Flags(Arc<[Arc<str>]>),
}

/// The two sides of a `result`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ResultType {
    /// What `ok` holds.
    pub ok: Option<Type>,
    /// What `err` holds.
    pub err: Option<Type>,
}

/// A field of a record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    /// In kebab-case.
    pub name: Arc<str>,
    /// What the field holds.
    pub ty: Type,
}

/// A case of a variant.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Case {
    /// In kebab-case.
    pub name: Arc<str>,
    /// The payload, if the case has one.
    pub ty: Option<Type>,
}

impl Field {
    /// `name: ty`
    pub fn new(name: impl Into<Arc<str>>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
        }
    }
}

impl Case {
    /// `name`, or `name(ty)`
    pub fn new(name: impl Into<Arc<str>>, ty: impl Into<Option<Type>>) -> Self {
        Self {
            name: name.into(),
            ty: ty.into(),
        }
    }
}

impl Type {
    /// How deeply types may nest.
    pub const MAX_DEPTH: usize = 64;
    /// How many types and names one type may be made of, each counted as often as it occurs.
    pub const MAX_NODES: usize = 16_384;

    /// The empty tuple, which takes no bytes: the type of a task that returns nothing.
    pub fn unit() -> Self {
        Self::Tuple(Arc::new([]))
    }

    /// The unit, for where a reference is wanted.
    pub(crate) fn unit_ref() -> &'static Self {
        static UNIT: LazyLock<Type> = LazyLock::new(Type::unit);
        &UNIT
    }

    /// `list<element>`
    pub fn list(element: Self) -> Self {
        Self::List(Arc::new(element))
    }

    /// `list<u8>`
    pub fn bytes() -> Self {
        Self::list(Self::U8)
    }

    /// `option<some>`
    pub fn option(some: Self) -> Self {
        Self::Option(Arc::new(some))
    }

    /// `result<ok, err>`
    pub fn result(ok: impl Into<Option<Self>>, err: impl Into<Option<Self>>) -> Self {
        Self::Result(Arc::new(ResultType {
            ok: ok.into(),
            err: err.into(),
        }))
    }

    /// `tuple<items>`
    pub fn tuple(items: impl IntoIterator<Item = Self>) -> Self {
        Self::Tuple(items.into_iter().collect())
    }

    /// `record { fields }`
    pub fn record<N: Into<Arc<str>>>(fields: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Record(
            fields
                .into_iter()
                .map(|(name, ty)| Field::new(name, ty))
                .collect(),
        )
    }

    /// `variant { cases }`
    pub fn variant<N: Into<Arc<str>>>(cases: impl IntoIterator<Item = (N, Option<Self>)>) -> Self {
        Self::Variant(
            cases
                .into_iter()
                .map(|(name, ty)| Case::new(name, ty))
                .collect(),
        )
    }

    /// `enum { cases }`
    pub fn enumeration<N: Into<Arc<str>>>(cases: impl IntoIterator<Item = N>) -> Self {
        Self::Enum(cases.into_iter().map(Into::into).collect())
    }

    /// `flags { names }`
    pub fn flags<N: Into<Arc<str>>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::Flags(names.into_iter().map(Into::into).collect())
    }

    /// Whether this is `tuple<>`.
    pub fn is_unit(&self) -> bool {
        matches!(self, Self::Tuple(items) if items.is_empty())
    }

    /// The type as a payload, which the unit is not: `result<_, E>` is the type of `Result<(), E>`.
    pub fn non_unit(self) -> Option<Self> {
        (!self.is_unit()).then_some(self)
    }

    /// Whether this is `list<u8>`, whose values are [`Value::Bytes`](crate::Value::Bytes).
    pub fn is_bytes(&self) -> bool {
        matches!(self, Self::List(element) if **element == Self::U8)
    }

    /// Whether this is one of the eight types of whole numbers.
    pub fn is_integer(&self) -> bool {
        use Type::{S8, S16, S32, S64, U8, U16, U32, U64};
        matches!(self, S8 | U8 | S16 | U16 | S32 | U32 | S64 | U64)
    }

    /// Whether the type is within the limits and well formed: names are kebab-case and occur once,
    /// and records, variants, enums and flags are not empty.
    ///
    /// # Errors
    /// [`Error::Type`], which says what is wrong and where.
    pub fn check(&self) -> Result<(), Error> {
        let mut nodes = 0;
        self.check_within(1, &mut nodes)
    }

    fn check_within(&self, depth: usize, nodes: &mut usize) -> Result<(), Error> {
        if depth > Self::MAX_DEPTH {
            return Err(Error::type_too_deep());
        }
        count(nodes, 1)?;
        let mut inner = |ty: &Self| ty.check_within(depth + 1, nodes);
        match self {
            Self::List(ty) | Self::Option(ty) => inner(ty),
            Self::Result(result) => result.ok.iter().chain(&result.err).try_for_each(inner),
            Self::Tuple(items) => items.iter().try_for_each(inner),
            Self::Record(fields) => {
                fields.iter().try_for_each(|field| inner(&field.ty))?;
                check_names("record", fields.iter().map(|field| &field.name), nodes)
            }
            Self::Variant(cases) => {
                cases
                    .iter()
                    .filter_map(|case| case.ty.as_ref())
                    .try_for_each(inner)?;
                check_names("variant", cases.iter().map(|case| &case.name), nodes)
            }
            Self::Enum(names) => check_names("enum", names.iter(), nodes),
            Self::Flags(names) => check_names("flags", names.iter(), nodes),
            _ => Ok(()),
        }
    }
}

fn count(nodes: &mut usize, more: usize) -> Result<(), Error> {
    *nodes += more;
    if *nodes > Type::MAX_NODES {
        let limit = Type::MAX_NODES;
        return Err(Error::Type {
            problem: format!("is made of more than {limit} parts"),
        });
    }
    Ok(())
}

fn check_names<'a>(
    kind: &str,
    names: impl ExactSizeIterator<Item = &'a Arc<str>>,
    nodes: &mut usize,
) -> Result<(), Error> {
    count(nodes, names.len())?;
    if names.len() == 0 {
        return Err(Error::Type {
            problem: format!("has an empty {kind}"),
        });
    }
    let mut seen = HashSet::with_capacity(names.len());
    for name in names {
        if !is_kebab_case(name) {
            let problem = format!("has the name `{name}` in a {kind}, which is not kebab-case");
            return Err(Error::Type { problem });
        }
        if !seen.insert(name) {
            return Err(Error::Type {
                problem: format!("has `{name}` twice in one {kind}"),
            });
        }
    }
    Ok(())
}

/// Whether `name` is a WIT label: words of letters and digits joined by `-`, each word in one case,
/// the first starting with a letter.
pub(crate) fn is_kebab_case(name: &str) -> bool {
    let word = |word: &str| {
        let lower = word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let upper = word
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        !word.is_empty() && (lower || upper)
    };
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.split('-').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kebab_case() {
        for good in ["a", "dark-blue", "x1-2b", "HTTP-get", "a-B2"] {
            assert!(is_kebab_case(good), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "1a", "aB", "a_b", "é", "a b"] {
            assert!(!is_kebab_case(bad), "{bad}");
        }
    }

    #[test]
    fn limits_hold_for_types_built_in_code() {
        let mut deep = Type::U8;
        for _ in 1..Type::MAX_DEPTH {
            deep = Type::list(deep);
        }
        deep.check().unwrap();
        assert!(
            Type::list(deep)
                .check()
                .unwrap_err()
                .to_string()
                .contains("64")
        );

        // Shared halves: few allocations, but 2^40 leaves.
        let mut wide = Type::U8;
        for _ in 0..40 {
            wide = Type::tuple([wide.clone(), wide]);
        }
        assert!(
            wide.check()
                .unwrap_err()
                .to_string()
                .contains("16384 parts")
        );
    }

    #[test]
    fn malformed_names_are_refused() {
        let twice = Type::record([("a", Type::U8), ("a", Type::U8)]);
        assert_eq!(
            twice.check().unwrap_err().to_string(),
            "type has `a` twice in one record"
        );
        assert!(Type::enumeration(["a_b"]).check().is_err());
        assert!(Type::flags([""; 0]).check().is_err());
        assert!(Type::list(Type::variant([("", None)])).check().is_err());
    }
}
