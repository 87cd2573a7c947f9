//! Types as WIT text, compound types written in place: `list<record { name: string, size:
//! option<u64> }>`.
//!
//! The text is what WIT would have, but for two things: records, variants, enums and flags stand
//! where they are used instead of being declared, and the unit is `tuple<>`. A name that is a WIT
//! keyword is written `%name`.

mod parse;

use std::fmt;

use crate::{FunctionType, Type};

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.primitive_name() {
            return f.write_str(name);
        }
        match self {
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Option(some) => write!(f, "option<{some}>"),
            Self::Result(result) => match (&result.ok, &result.err) {
                (None, None) => f.write_str("result"),
                (Some(ok), None) => write!(f, "result<{ok}>"),
                (None, Some(err)) => write!(f, "result<_, {err}>"),
                (Some(ok), Some(err)) => write!(f, "result<{ok}, {err}>"),
            },
            Self::Tuple(items) => {
                f.write_str("tuple<")?;
                separated(f, items.iter(), |f, item| item.fmt(f))?;
                f.write_str(">")
            }
            Self::Record(fields) => braced(f, "record", fields.iter(), |f, field| {
                write!(f, "{}: {}", Name(&field.name), field.ty)
            }),
            Self::Variant(cases) => braced(f, "variant", cases.iter(), |f, case| match &case.ty {
                Some(ty) => write!(f, "{}({ty})", Name(&case.name)),
                None => Name(&case.name).fmt(f),
            }),
            Self::Enum(names) => braced(f, "enum", names.iter(), |f, name| Name(name).fmt(f)),
            Self::Flags(names) => braced(f, "flags", names.iter(), |f, name| Name(name).fmt(f)),
            // `primitive_name` has answered for the rest.
            _ => Ok(()),
        }
    }
}

impl fmt::Display for FunctionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("func(")?;
        separated(f, self.params.iter(), |f, param| {
            write!(f, "{}: {}", Name(&param.name), param.ty)
        })?;
        f.write_str(")")?;
        match &self.result {
            Some(result) => write!(f, " -> {result}"),
            None => Ok(()),
        }
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        each(f, item)?;
    }
    Ok(())
}

fn braced<T>(
    f: &mut fmt::Formatter<'_>,
    keyword: &str,
    items: impl Iterator<Item = T>,
    each: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    write!(f, "{keyword} {{ ")?;
    separated(f, items, each)?;
    f.write_str(" }")
}

/// A name as WIT writes it: keywords with a `%`.
struct Name<'a>(&'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if KEYWORDS.contains(&self.0) {
            f.write_str("%")?;
        }
        f.write_str(self.0)
    }
}

const KEYWORDS: &[&str] = &[
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "error-context",
    "export",
    "f32",
    "f64",
    "flags",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "map",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
];

const PRIMITIVES: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("s8", Type::S8),
    ("u8", Type::U8),
    ("s16", Type::S16),
    ("u16", Type::U16),
    ("s32", Type::S32),
    ("u32", Type::U32),
    ("s64", Type::S64),
    ("u64", Type::U64),
    ("f32", Type::F32),
    ("f64", Type::F64),
    ("char", Type::Char),
    ("string", Type::String),
];

impl Type {
    fn primitive_name(&self) -> Option<&'static str> {
        PRIMITIVES
            .iter()
            .find(|(_, ty)| ty == self)
            .map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in [
            "bool",
            "list<tuple<string, u32>>",
            "record { x: f64, y: option<u8> }",
            "variant { dot, circle(f64) }",
            "enum { red, dark-blue }",
            "flags { r, w }",
            "result",
            "result<u8>",
            "result<_, string>",
            "result<list<u8>, string>",
            "tuple<>",
            "record { %list: u8, %from: char, listing: s64 }",
        ] {
            assert_eq!(text.parse::<Type>().unwrap().to_string(), text);
        }
        for text in ["func()", "func(a: string, %use: list<u8>) -> result<u8>"] {
            assert_eq!(text.parse::<FunctionType>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn space_and_trailing_commas_are_free() {
        let ty: Type = " record{a:u8 ,\n\tb : list < u8 >,} ".parse().unwrap();
        assert_eq!(ty.to_string(), "record { a: u8, b: list<u8> }");
    }

    #[test]
    fn errors_name_position_and_fault() {
        for (text, error) in [
            ("", "type text, character 1: expected a type, got the end"),
            ("list<u33>", "type text, character 6: unknown type `u33`"),
            (
                "list<u8",
                "type text, character 8: expected `>`, got the end",
            ),
            (
                "list<u8, 4>",
                "type text, character 8: expected `>`, got `,`",
            ),
            (
                "u8 u8",
                "type text, character 4: expected the end of the type, got `u`",
            ),
            (
                "stream<u8>",
                "type text, character 1: `stream` is not a type of task values",
            ),
            (
                "enum { aB }",
                "type text, character 8: the name `aB` is not kebab-case",
            ),
            ("enum { }", "type has an empty enum"),
            (
                "record { ö: u8 }",
                "type text, character 10: expected a name, got `ö`",
            ),
        ] {
            assert_eq!(
                text.parse::<Type>().unwrap_err().to_string(),
                error,
                "{text}"
            );
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |n: usize| "list<".repeat(n) + "u8" + &">".repeat(n);
        nested(Type::MAX_DEPTH - 1).parse::<Type>().unwrap();
        nested(Type::MAX_DEPTH).parse::<Type>().unwrap_err();
        nested(10_000).parse::<Type>().unwrap_err();
    }
}
