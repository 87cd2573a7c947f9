//! Text of a component's author, as far as messages quote it.

use std::borrow::Cow;

/// Bytes of a name in a message.
pub(crate) const NAME_MAX: usize = 512;
/// Bytes of a message of the validator, which quotes names of any length.
pub(crate) const MESSAGE_MAX: usize = 4 << 10;

/// The start of a text, no more than `max` bytes of it; what is missing is marked.
pub(crate) fn start(text: &str, max: usize) -> Cow<'_, str> {
    match text.len() > max {
        true => Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(max)])),
        false => Cow::Borrowed(text),
    }
}
