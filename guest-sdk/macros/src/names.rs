//! One name in three spellings: `label_text` or `r#type` in Rust, `label-text` or `%type` in WIT,
//! `label_text` or `type_` in the bindings.

use heck::{ToKebabCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Span;
use syn::{Error, Ident, ext::IdentExt};

/// The name of something in the module.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    /// As in the module.
    pub(crate) ident: Ident,
    /// In kebab-case, not escaped.
    pub(crate) kebab: String,
}

impl Name {
    /// # Errors
    /// Where the name has no spelling in WIT.
    pub(crate) fn new(ident: &Ident) -> Result<Self, Error> {
        let kebab = ident.unraw().to_string().to_kebab_case();
        let spelt = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if kebab.starts_with(|c: char| c.is_ascii_lowercase()) && kebab.chars().all(spelt) {
            return Ok(Self {
                ident: ident.clone(),
                kebab,
            });
        }
        let message = format!(
            "`{ident}` cannot be a name in WIT: names are made of ASCII letters and digits, and \
             start with a letter"
        );
        Err(Error::new(ident.span(), message))
    }

    /// As it stands in WIT text.
    pub(crate) fn wit(&self) -> String {
        match WIT_KEYWORDS.contains(&self.kebab.as_str()) {
            true => format!("%{}", self.kebab),
            false => self.kebab.clone(),
        }
    }

    /// As the bindings call a function, parameter, field or module of this name.
    pub(crate) fn snake(&self) -> Ident {
        let snake = self.kebab.to_snake_case();
        match syn::parse_str::<Ident>(&snake) {
            Ok(_) => Ident::new(&snake, Span::call_site()),
            // A keyword.
            Err(_) => Ident::new(&format!("{snake}_"), Span::call_site()),
        }
    }

    /// As the bindings call a type or case of this name.
    pub(crate) fn camel(&self) -> Ident {
        let camel = match self.kebab.as_str() {
            // The bindings' name for the trait of all functions.
            "guest" => "Guest_".to_owned(),
            kebab => kebab.to_upper_camel_case(),
        };
        Ident::new(&camel, Span::call_site())
    }
}

/// Words that stand for themselves in WIT unless a `%` is put in front.
const WIT_KEYWORDS: &[&str] = &[
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

#[cfg(test)]
mod tests {
    use quote::format_ident;

    use super::*;

    fn name(ident: &str) -> Name {
        Name::new(&format_ident!("{ident}")).unwrap()
    }

    #[test]
    fn names_are_spelt_for_each_language() {
        for (rust, wit, snake, camel) in [
            ("count_words", "count-words", "count_words", "CountWords"),
            ("DarkBlue", "dark-blue", "dark_blue", "DarkBlue"),
            ("HTTPGet", "http-get", "http_get", "HttpGet"),
            ("level_2b", "level-2b", "level_2b", "Level2b"),
            ("r#type", "%type", "type_", "Type"),
            ("_unused", "unused", "unused", "Unused"),
            ("list", "%list", "list", "List"),
            ("Guest", "guest", "guest", "Guest_"),
        ] {
            let name = name(rust);
            assert_eq!(name.wit(), wit);
            assert_eq!(name.snake().to_string(), snake);
            assert_eq!(name.camel().to_string(), camel);
        }
    }

    #[test]
    fn what_wit_cannot_spell_is_refused() {
        for bad in ["größe", "_1"] {
            let error = Name::new(&format_ident!("{bad}")).unwrap_err().to_string();
            assert!(
                error.contains(&format!("`{bad}` cannot be a name in WIT")),
                "{error}"
            );
        }
    }
}
