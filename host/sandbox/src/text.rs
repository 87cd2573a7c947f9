//! Text that is bounded, whoever wrote it.

use std::borrow::Cow;

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
