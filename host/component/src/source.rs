//! What a file is: a binary component, text, or a core module; all end up as a binary component.

use std::borrow::Cow;

use crate::{Error, Limits, encode};

/// How a binary component and a core module begin: magic number, version and layer.
const COMPONENT: &[u8; 8] = b"\0asm\x0d\0\x01\0";
const MODULE: &[u8; 8] = b"\0asm\x01\0\0\0";

/// The binary component that `source` is or becomes.
pub(crate) fn to_component<'a>(source: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, Error> {
    check_size(source.len(), limits)?;
    let binary = match is_binary(source) {
        true => Cow::Borrowed(source),
        false => Cow::Owned(parse_text(source)?),
    };
    check_size(binary.len(), limits)?;
    if !binary.starts_with(MODULE) {
        return Ok(binary);
    }
    let component = encode::component_from_module(&binary)?;
    check_size(component.len(), limits)?;
    Ok(Cow::Owned(component))
}

/// Refuses what is not a binary component by its first bytes; validation does the rest.
pub(crate) fn check_binary_component(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    check_size(bytes.len(), limits)?;
    let seen = match bytes {
        _ if bytes.starts_with(COMPONENT) => return Ok(()),
        _ if bytes.starts_with(MODULE) => "a core Wasm module",
        _ if is_binary(bytes) => "a Wasm binary of an unknown version",
        _ => "no Wasm binary",
    };
    Err(Error::NotBinaryComponent { seen })
}

pub(crate) fn check_size(size: usize, limits: &Limits) -> Result<(), Error> {
    let limit = limits.max_bytes;
    match size > limit {
        true => Err(Error::TooLarge {
            size: size as u64,
            limit,
        }),
        false => Ok(()),
    }
}

fn is_binary(source: &[u8]) -> bool {
    source.starts_with(b"\0asm")
}

fn parse_text(source: &[u8]) -> Result<Vec<u8>, Error> {
    let text = std::str::from_utf8(source)
        .ok()
        .filter(|text| looks_like_wat(text));
    let text = text.ok_or_else(|| Error::NotWasm {
        seen: describe(source),
    })?;
    wat::parse_str(text).map_err(|error| Error::Text {
        message: error.to_string(),
    })
}

/// Whether the first thing after white space and comments is a parenthesis.
fn looks_like_wat(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    while let Some(comment) = rest.strip_prefix(";;") {
        rest = comment
            .split_once('\n')
            .map_or("", |(_, next)| next)
            .trim_start();
    }
    // A block comment opens with a parenthesis as well.
    rest.starts_with('(')
}

/// What a file that is no Wasm seems to be.
fn describe(source: &[u8]) -> String {
    const SHOWN: usize = 16;
    let known: &[(&[u8], &str)] = &[
        (b"", "it is empty"),
        (
            b"\x7fELF",
            "it is a native (ELF) program or library; compile for a Wasm target",
        ),
        (
            b"MZ",
            "it is a Windows program or library; compile for a Wasm target",
        ),
        (b"PK\x03\x04", "it is a zip archive"),
        (b"\x1f\x8b", "it is compressed with gzip"),
        (b"\x28\xb5\x2f\xfd", "it is compressed with zstd"),
        (
            b"package ",
            "it is WIT text; build a component that implements it",
        ),
    ];
    let named = known.iter().find(|(magic, _)| match magic {
        [] => source.is_empty(),
        _ => source.starts_with(magic),
    });
    match named {
        Some((_, name)) => (*name).into(),
        None => {
            let start = &source[..source.len().min(SHOWN)];
            format!("it starts with \"{}\"", start.escape_ascii())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &[u8]) -> String {
        to_component(source, &Limits::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn what_is_no_wasm_is_named() {
        assert_eq!(error(b""), "not a Wasm binary or WAT text: it is empty");
        assert!(error(b"\x7fELF\x02").contains("native (ELF)"));
        assert!(error(b"#!/bin/sh\necho").contains(r##"starts with "#!/bin/sh\necho""##));
        assert!(error(b"\xff\xfe\0\0").contains(r#"starts with "\xff\xfe\x00\x00""#));
        assert!(error(b"package demo:x;").contains("WIT text"));
    }

    #[test]
    fn a_fault_in_text_is_shown_with_its_line() {
        let error = error(b";; mine\n(component\n  (export))");
        assert!(error.starts_with("invalid WAT text: "), "{error}");
        assert!(error.contains(":3:"), "{error}");
    }

    #[test]
    fn size_comes_first() {
        let limits = Limits {
            max_bytes: 10,
            ..Limits::default()
        };
        let error = to_component(b"(component )", &limits)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("12 bytes") && error.contains("10 bytes"),
            "{error}"
        );
        // The text may be within the limit and what it becomes not.
        let limits = Limits {
            max_bytes: 11,
            ..Limits::default()
        };
        let text = b"(component)";
        assert!(to_component(text, &limits).is_ok());
    }

    #[test]
    fn only_components_are_taken_over_the_wire() {
        let check = |bytes| check_binary_component(bytes, &Limits::default());
        assert!(check(COMPONENT).is_ok());
        for (bytes, seen) in [
            (&MODULE[..], "core Wasm module"),
            (b"\0asm\x02\0\0\0", "unknown version"),
            (b"(component)", "no Wasm binary"),
        ] {
            let error = check(bytes).unwrap_err().to_string();
            assert!(error.contains(seen), "{error}");
        }
    }
}
