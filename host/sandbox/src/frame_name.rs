//! Names of functions in a backtrace, as their authors wrote them.

use std::fmt::{self, Write};

use crate::text;

/// Bytes of a name in a backtrace.
pub(crate) const NAME_MAX: usize = 256;
/// Bytes of a name that is taken apart. Others are told as they stand.
const MANGLED_MAX: usize = 1024;

/// A function's name, at most [`NAME_MAX`] bytes of it. Only what has the form of a mangled name of
/// Rust is one: elsewhere `f` would be C++ for `float`. A name may stand for one without an end, so
/// that writing it stops where there is no more room.
pub(crate) fn shown(name: &str) -> String {
    let is_mangled = name.starts_with("_ZN") || name.starts_with("_R");
    if is_mangled
        && name.len() <= MANGLED_MAX
        && let Ok(demangled) = rustc_demangle::try_demangle(name)
    {
        let mut start = Start(String::new());
        // An error means that there is no more room.
        let whole = write!(start, "{demangled:#}").is_ok();
        let Start(mut written) = start;
        if !whole {
            written.push('…');
        }
        return written;
    }
    text::name(name, NAME_MAX).into_owned()
}

/// The start of what is written.
struct Start(String);

impl Write for Start {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = NAME_MAX - self.0.len();
        let end = more.floor_char_boundary(room);
        self.0.push_str(&more[..end]);
        match end == more.len() {
            true => Ok(()),
            false => Err(fmt::Error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mangled_names_are_taken_apart() {
        for (name, expected) in [
            ("f", "f"),
            ("i", "i"),
            ("count-words", "count-words"),
            ("_Z3foov", "_Z3foov"),
            (
                "_ZN4core9panicking5panic17h0123456789abcdefE",
                "core::panicking::panic",
            ),
            ("_RNvC6_123foo3bar", "123foo::bar"),
        ] {
            assert_eq!(shown(name), expected);
        }
    }

    #[test]
    fn a_name_without_an_end_has_one_here() {
        // Each step doubles what it stands for.
        let mut name = String::from("_RIC0");
        for _ in 0..40 {
            name.push_str("TB2_B2_E");
        }
        name.push('E');
        assert!(
            shown(&name).len() <= NAME_MAX + "…".len(),
            "{}",
            shown(&name)
        );
        let long = shown(&"x".repeat(10_000));
        assert!(long.len() <= NAME_MAX + text::CUT_MAX, "{long}");
    }
}
