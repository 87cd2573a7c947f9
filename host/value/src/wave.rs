//! Values as WAVE text, the language of the command line.
//!
//! Text is parsed by `wasm-wave` and then read by the type, so that errors name both the place in
//! the text and the path in the value. As in WAVE, `some` and `ok` may be left out around anything
//! but another option or result, and a field that is an option may be missing. Beyond WAVE, the
//! unit, which WIT cannot name, is written and read as `()` where it is the whole value.
//!
//! Limits: [`MAX_TEXT_BYTES`], and a nesting of 100, which is `wasm-wave`'s.

mod call;
mod read;
mod write;

pub use call::{Call, split_call};

use crate::{Error, Type, Value, encode};

/// The longest text that is parsed, in bytes. Parsing takes some 60 times as much memory for a
/// moment; data of such size comes in files.
pub const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// The value as WAVE: `[("be", 2), ("or", 1)]`.
///
/// ```
/// # use wask_value::{Type, Value, wave};
/// let ty: Type = "option<enum { red, dark-blue }>".parse()?;
/// let value = wave::parse(&ty, "some(dark-blue)")?;
/// assert_eq!(value, Value::some(Value::Enum(1)));
/// assert_eq!(wave::to_string(&ty, &value)?, "some(dark-blue)");
/// # Ok::<(), wask_value::Error>(())
/// ```
///
/// # Errors
/// Where the value is not of the type.
pub fn to_string(ty: &Type, value: &Value) -> Result<String, Error> {
    // The writer panics at values of another type: this is the check.
    encode(ty, value)?;
    write::text(ty, value)
}

/// The value of the type that the text says.
///
/// # Errors
/// [`Error::WaveText`] with the place where the text is not WAVE or not a value of the type.
pub fn parse(ty: &Type, text: &str) -> Result<Value, Error> {
    if text.len() > MAX_TEXT_BYTES {
        let problem = format!(
            "the text is longer than {MAX_TEXT_BYTES} bytes: pass large data as a file instead"
        );
        return Err(Error::wave(text, MAX_TEXT_BYTES, problem));
    }
    read::value(ty, text)
}

impl Error {
    /// A fault at a byte of the text.
    fn wave(text: &str, at: usize, problem: impl ToString) -> Self {
        let before = text.char_indices().take_while(|(i, _)| *i < at).count();
        let path = crate::Path::default();
        Self::WaveText {
            path,
            position: before + 1,
            problem: problem.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
