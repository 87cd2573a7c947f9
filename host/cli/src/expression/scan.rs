//! Looking at text without parsing it: what stands outside of quotes.

use super::is_name;

/// The characters that are in no string, char or comment, with their places.
pub(super) fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = &text[at..];
            let c = rest.chars().next()?;
            let here = at;
            match c {
                '"' | '\'' => at += quoted(rest, c),
                '/' if rest.starts_with("//") => at += rest.find('\n').unwrap_or(rest.len()),
                _ => {
                    at += c.len_utf8();
                    return Some((here, c));
                }
            }
        }
    })
}

/// How long the string or char is that `rest` begins with. One that is not closed goes to the end.
fn quoted(rest: &str, quote: char) -> usize {
    const LONG: &str = r#"""""#;
    if let Some(inside) = rest.strip_prefix(LONG) {
        return inside
            .find(LONG)
            .map_or(rest.len(), |end| end + 2 * LONG.len());
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Whether there is a `_` or `@`, which WAVE has nowhere outside of quotes.
pub(super) fn has_reference(text: &str) -> bool {
    unquoted(text).any(|(_, c)| c == '_' || c == '@')
}

/// Whether there is a `_` for what is mapped over.
pub(crate) fn has_item(text: &str) -> bool {
    let alone = |at: usize| {
        let before = text[..at].chars().next_back();
        let after = text[at + 1..].chars().next();
        !before.is_some_and(is_name_char) && !after.is_some_and(is_name_char)
    };
    unquoted(text).any(|(at, c)| c == '_' && alone(at))
}

/// The names of the datasets that a text refers to, each once.
pub(crate) fn dataset_names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, c) in unquoted(text) {
        if c != '@' {
            continue;
        }
        let rest = &text[at + 1..];
        let end = rest.find(|c| !is_name_char(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        if is_name(name) && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

pub(super) fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hide_what_is_in_them() {
        for text in [
            r#""a_@b""#,
            r"'_'",
            r#""\"_""#,
            "\"\"\"\n_ \" @\n\"\"\"",
            "1 // _\n",
            "'",
        ] {
            assert!(!has_reference(text), "{text}");
        }
        for text in ["_", "[1, @a]", r#""x", _"#, "1 // x\n, _"] {
            assert!(has_reference(text), "{text}");
        }
    }

    #[test]
    fn an_item_stands_alone() {
        for text in ["_", "[1, _]", "(_,2)"] {
            assert!(has_item(text), "{text}");
        }
        for text in ["@a_b", "hello_world", "\"_\""] {
            assert!(!has_item(text), "{text}");
        }
    }

    #[test]
    fn names_are_found_once() {
        let text = r#"f(@a, [@b-c[3], @a], "@d", @file("p"), @stdin, @t-7k2)"#;
        assert_eq!(dataset_names(text), ["a", "b-c", "t-7k2"]);
    }
}
