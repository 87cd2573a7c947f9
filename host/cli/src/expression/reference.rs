//! What may stand for a value.

use std::path::PathBuf;

use wask_value::{Type, Value, wave};

use super::scan::is_name_char;
use crate::exit::{Failed, Result};

/// Names that mean something else after an `@`.
const RESERVED: [&str; 2] = ["file", "stdin"];

/// One reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// `_`, what is mapped over.
    Item,
    /// `@name` or `@name[3]`.
    Dataset { name: String, index: Option<usize> },
    /// `@file("p")`
    File(PathBuf),
    /// `@stdin`
    Stdin,
}

/// Whether a dataset can be called so.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_name_char)
        && !RESERVED.contains(&text)
}

impl Reference {
    /// The reference that `text` as a whole is; `None` where it begins as none.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>> {
        if text == "_" {
            return Ok(Some(Self::Item));
        }
        let Some(rest) = text.strip_prefix('@') else {
            return Ok(None);
        };
        if rest == "stdin" {
            return Ok(Some(Self::Stdin));
        }
        let call = rest.strip_prefix("file");
        if let Some(path) = call.and_then(|rest| bracketed(rest.trim_start(), '(', ')')) {
            return match wave::parse(&Type::String, path.trim()) {
                Ok(Value::String(path)) => Ok(Some(Self::File(path.into()))),
                _ => Err(malformed(text)),
            };
        }
        let (name, index) = match rest.find('[') {
            None => (rest, None),
            Some(at) => {
                let digits = bracketed(&rest[at..], '[', ']');
                let index = digits.and_then(|digits| digits.trim().parse().ok());
                (&rest[..at], Some(index.ok_or_else(|| malformed(text))?))
            }
        };
        match is_name(name) {
            true => Ok(Some(Self::Dataset {
                name: name.to_owned(),
                index,
            })),
            false => Err(malformed(text)),
        }
    }
}

fn bracketed(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

fn malformed(text: &str) -> Failed {
    Failed::input(format!(
        "`{text}` is no reference; write @name, @name[3], @file(\"path\") or @stdin"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(name: &str, index: Option<usize>) -> Reference {
        Reference::Dataset {
            name: name.into(),
            index,
        }
    }

    #[test]
    fn references_are_read() {
        for (text, reference) in [
            ("_", Reference::Item),
            ("@stdin", Reference::Stdin),
            ("@file(\"a b\\\"c\")", Reference::File("a b\"c".into())),
            ("@counts", dataset("counts", None)),
            ("@t-7k2[12]", dataset("t-7k2", Some(12))),
        ] {
            assert_eq!(Reference::parse(text).unwrap(), Some(reference), "{text}");
        }
        assert_eq!(Reference::parse("[1]").unwrap(), None);
    }

    #[test]
    fn others_are_refused_by_name() {
        for text in [
            "@", "@1", "@a b", "@a[", "@a[x]", "@a[-1]", "@file(a)", "@file", "@a(1)",
        ] {
            let error = Reference::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no reference")),
                "{error}"
            );
        }
    }
}
