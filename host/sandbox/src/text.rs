//! Text that is bounded, whoever wrote it.

use std::{borrow::Cow, iter};

/// Bytes of a message about what a guest or a component did.
pub(crate) const MESSAGE_MAX: usize = 8 << 10;
/// Stands for what was cut off.
pub(crate) const CUT: &str = "…";

/// The start of a text, no more than `max` bytes of it; what is missing is marked.
pub(crate) fn start(text: &str, max: usize) -> Cow<'_, str> {
    match text.len() > max {
        true => Cow::Owned(format!("{}{CUT}", &text[..text.floor_char_boundary(max)])),
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
        assert_eq!(start("abcd", 3), "abc…");
        assert_eq!(start("aé", 2), "a…");
        assert_eq!(start("é", 0), "…");
    }
}
