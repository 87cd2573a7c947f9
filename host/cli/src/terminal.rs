//! The one boundary between bytes of strangers and whoever reads what the command prints.
//!
//! Names, messages, logs and values come from guests, peers and files. What could move a cursor,
//! set a title, fill a clipboard or turn the direction of writing around is shown as what it is,
//! `\u{1b}`, wherever it comes from: all text for people goes through [`Plain`].

use std::{
    fmt,
    io::{self, Write},
    path::Path,
};

/// Whether a character does something to a terminal, or to the order of what is beside it. Line
/// breaks and tabs are what lines and columns are made of.
fn is_unsafe(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Directions of writing, and separators of lines and paragraphs.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            true
        }
        c => c.is_control(),
    }
}

/// Writes text to people: what is unsafe is written as escapes.
pub(crate) struct Plain<W>(pub(crate) W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for chunk in bytes.utf8_chunks() {
            escaped(&mut self.0, chunk.valid(), |c| {
                c.escape_unicode().to_string()
            })?;
            for byte in chunk.invalid() {
                write!(self.0, "\\x{byte:02x}")?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes a text, with `escape` of what is unsafe in it.
fn escaped(to: &mut impl Write, text: &str, escape: impl Fn(char) -> String) -> io::Result<()> {
    let mut rest = text;
    while let Some(at) = rest.find(is_unsafe) {
        to.write_all(&rest.as_bytes()[..at])?;
        let mut chars = rest[at..].chars();
        if let Some(c) = chars.next() {
            to.write_all(escape(c).as_bytes())?;
        }
        rest = chars.as_str();
    }
    to.write_all(rest.as_bytes())
}

/// JSON in which strings escape as JSON does what is unsafe.
pub(crate) fn json(value: &serde_json::Value) -> String {
    let text = value.to_string();
    if !text.contains(is_unsafe) {
        return text;
    }
    let mut safe = Vec::with_capacity(text.len() + 16);
    // All of them stand in strings, and each has a number of four digits. A vector takes all.
    let _ = escaped(&mut safe, &text, |c| format!("\\u{:04x}", u32::from(c)));
    String::from_utf8(safe).unwrap_or(text)
}

/// Everything that people read, on stderr.
pub(crate) fn stderr() -> Plain<io::Stderr> {
    Plain(io::stderr())
}

/// A name on one line, in which line breaks are escaped too.
pub(crate) fn path(path: &Path) -> impl fmt::Display {
    line(path.as_os_str().as_encoded_bytes())
}

/// Bytes of strangers on one line.
pub(crate) fn line(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match is_unsafe(c) || matches!(c, '\n' | '\t') {
                true => shown.extend(c.escape_default()),
                false => shown.push(c),
            }
        }
        for byte in chunk.invalid() {
            shown.push_str(&format!("\\x{byte:02x}"));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::*;

    fn plain(bytes: &[u8]) -> String {
        let mut written = Vec::new();
        Plain(&mut written).write_all(bytes).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn what_acts_on_a_terminal_is_shown_as_what_it_is() {
        let hostile = "a\u{1b}]52;c;eA==\u{7}\u{9b}2J\u{202e}gpj\u{2066}\r\u{7f}";
        let shown = plain(hostile.as_bytes());
        assert_eq!(
            shown,
            "a\\u{1b}]52;c;eA==\\u{7}\\u{9b}2J\\u{202e}gpj\\u{2066}\\u{d}\\u{7f}"
        );
        assert_eq!(plain(b"x\xff\xfey"), "x\\xff\\xfey");
        let fine = "lines\nand\ttabs, é, 漢字, 👩‍💻";
        assert_eq!(plain(fine.as_bytes()), fine);
    }

    #[test]
    fn json_stays_json() {
        let value = serde_json::json!({"a\u{202e}": "\u{9b}x\u{1b}", "b": "é"});
        let text = json(&value);
        assert_eq!(text, r#"{"a\u202e":"\u009bx\u001b","b":"é"}"#);
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }

    #[test]
    fn a_name_is_one_line() {
        let name = Path::new(OsStr::from_bytes(b"a\nb\xff\x1b\xe2\x80\xae"));
        assert_eq!(path(name).to_string(), "a\\nb\\xff\\u{1b}\\u{202e}");
    }
}
