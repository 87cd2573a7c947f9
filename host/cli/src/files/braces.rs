//! `{a,b}` in patterns, as a shell writes out what it stands for before it looks at any file.

use crate::exit::{Failed, Result};

/// Patterns that one may stand for.
const PATTERNS_MAX: usize = 10_000;

/// What a pattern stands for: each of its alternatives written out, in order. Braces without a comma
/// stand for themselves, and so does what follows a backslash.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>> {
    let mut done = Vec::new();
    // The last one is the next; what comes before `from` has been looked at.
    let mut open = vec![(pattern.to_owned(), 0)];
    while let Some((text, from)) = open.pop() {
        if done.len() + open.len() >= PATTERNS_MAX {
            return Err(Failed::input(format!(
                "`{pattern}` stands for more than {PATTERNS_MAX} patterns"
            )));
        }
        let Some(group) = Group::find(&text, from) else {
            done.push(text);
            continue;
        };
        let (before, after) = (&text[..group.start], &text[group.end..]);
        let written = group.alternatives.iter().rev();
        let written = written.map(|chosen| (format!("{before}{chosen}{after}"), group.start));
        open.extend(written.collect::<Vec<_>>());
    }
    Ok(done)
}

/// One pair of braces with commas between them.
struct Group<'a> {
    start: usize,
    end: usize,
    alternatives: Vec<&'a str>,
}

impl<'a> Group<'a> {
    /// The first one at or after `from`.
    fn find(text: &'a str, from: usize) -> Option<Self> {
        let mut starts = unescaped(text, from).filter(|(_, c)| *c == '{');
        starts.find_map(|(start, _)| Self::at(text, start))
    }

    /// The one whose brace is at `start`, if it is closed and has a comma.
    fn at(text: &'a str, start: usize) -> Option<Self> {
        let mut depth = 0_usize;
        let mut part = start + 1;
        let mut alternatives = Vec::new();
        for (at, c) in unescaped(text, start) {
            match (c, depth) {
                ('{', _) => depth += 1,
                (',', 1) => {
                    alternatives.push(&text[part..at]);
                    part = at + 1;
                }
                ('}', 1) if alternatives.is_empty() => return None,
                ('}', 1) => {
                    alternatives.push(&text[part..at]);
                    let end = at + 1;
                    return Some(Self {
                        start,
                        end,
                        alternatives,
                    });
                }
                ('}', _) => depth -= 1,
                _ => {}
            }
        }
        None
    }
}

/// The characters from a place on that no backslash stands before.
fn unescaped(text: &str, from: usize) -> impl Iterator<Item = (usize, char)> {
    let mut escaped = false;
    text[from..].char_indices().filter_map(move |(at, c)| {
        let is_meant = !escaped && c != '\\';
        escaped = !escaped && c == '\\';
        is_meant.then_some((from + at, c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_are_written_out_in_order() {
        for (pattern, expected) in [
            ("a", vec!["a"]),
            ("{a,b}.txt", vec!["a.txt", "b.txt"]),
            ("{a,b}{1,2}", vec!["a1", "a2", "b1", "b2"]),
            ("x{a,{b,c}d}y", vec!["xay", "xbdy", "xcdy"]),
            ("{src,tests/unit}/*.rs", vec!["src/*.rs", "tests/unit/*.rs"]),
            ("a{,.bak}", vec!["a", "a.bak"]),
            ("{a}", vec!["{a}"]),
            ("{a{b,c}}", vec!["{ab}", "{ac}"]),
            ("{a,b", vec!["{a,b"]),
            (r"\{a,b}", vec![r"\{a,b}"]),
            (r"{a\,b,c}", vec![r"a\,b", "c"]),
            ("é{ü,ö}", vec!["éü", "éö"]),
        ] {
            assert_eq!(expand(pattern).unwrap(), expected, "{pattern}");
        }
    }

    #[test]
    fn what_stands_for_too_many_is_refused() {
        let error = expand(&"{a,b}".repeat(40)).unwrap_err().to_string();
        assert!(
            error.ends_with("stands for more than 10000 patterns"),
            "{error}"
        );
    }
}
