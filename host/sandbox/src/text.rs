//! Text that is bounded, whoever wrote it.

use std::{borrow::Cow, iter};

/// Bytes of a message about what a guest or a component did.
pub(crate) const MESSAGE_MAX: usize = 8 << 10;
/// Bytes of what stands for what was cut off, at most.
pub(crate) const CUT_MAX: usize = "… (+ B)".len() + u64::MAX.ilog10() as usize + 1;

/// The start of a text, no more than `max` bytes of it, and how much is missing.
pub(crate) fn start(text: &str, max: usize) -> Cow<'_, str> {
    match text.len() > max {
        true => {
            let (start, rest) = text.split_at(text.floor_char_boundary(max));
            Cow::Owned(format!("{start}… (+{} B)", rest.len()))
        }
        false => Cow::Borrowed(text),
    }
}

/// As [`start`], for a name, of which nobody needs to know how long it is.
pub(crate) fn name(text: &str, max: usize) -> Cow<'_, str> {
    match text.len() > max {
        true => Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(max)])),
        false => Cow::Borrowed(text),
    }
}

/// An error and its causes on one line. Compilers quote names of any length.
pub(crate) fn error_chain(error: &wasmtime::Error) -> String {
    let causes: Vec<String> = iter::once(error.to_string())
        .chain(error.chain().skip(1).map(ToString::to_string))
        .collect();
    start(&causes.join(": "), MESSAGE_MAX).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters_and_short_text_is_not() {
        assert_eq!(start("abc", 3), "abc");
        assert_eq!(start("abcd", 3), "abc… (+1 B)");
        assert_eq!(start("aé", 2), "a… (+2 B)");
        assert_eq!(start("é", 0), "… (+2 B)");
    }
}
