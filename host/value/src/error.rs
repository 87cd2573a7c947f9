//! What can be wrong with a type, a value, its bytes or its text.

use std::fmt::{self, Write};

use crate::{Path, Step, Type, names};

/// Bytes of what an error shows of a type or a value.
const SHOWN_MAX: usize = 2 << 10;

/// An error of this crate. Each that lies within a value names the path to it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that is not of the type wanted in its place.
    #[error("{}expected {expected}, got {got}", .path.prefix())]
    Mismatch {
        /// Where in the value.
        path: Path,
        /// What is wanted there, mostly a WIT type.
        expected: String,
        /// What stands there.
        got: String,
    },

    /// A field that the record has and the value lacks.
    #[error("{}missing field `{name}`", .path.prefix())]
    MissingField {
        /// Where the record is.
        path: Path,
        /// The field.
        name: String,
    },

    /// A field, case or flag that the type does not have.
    #[error("{}unknown {what} `{name}`, expected {known}", .path.prefix())]
    UnknownName {
        /// Where in the value.
        path: Path,
        /// `field`, `case` or `flag`.
        what: &'static str,
        /// The name found.
        name: String,
        /// The names that the type has.
        known: String,
    },

    /// A field or flag given more than once.
    #[error("{}{what} `{name}` is given twice", .path.prefix())]
    DuplicateName {
        /// Where in the value.
        path: Path,
        /// `field` or `flag`.
        what: &'static str,
        /// The name.
        name: String,
    },

    /// Bytes that are not the encoding of a value of the type.
    #[error("{}{fault} (at byte {offset})", .path.prefix())]
    Encoding {
        /// Where in the value.
        path: Path,
        /// Where in the bytes.
        offset: usize,
        /// What is wrong.
        fault: Fault,
    },

    /// A fault that the Rust type's own serde code found or that has no closer name.
    #[error("{}{message}", .path.prefix())]
    Invalid {
        /// Where in the value.
        path: Path,
        /// What is wrong.
        message: String,
    },

    /// A type that is too large or not well formed.
    #[error("type {problem}")]
    Type {
        /// What is wrong, as the rest of a sentence about the type.
        problem: String,
    },

    /// A function that cannot be applied to each element of a list in the way wanted.
    #[error("{applied} needs {expected}, got {got}")]
    Shape {
        /// The way: `map`, `fold` and so on.
        applied: &'static str,
        /// What the function must look like.
        expected: &'static str,
        /// The function's type.
        got: String,
    },

    /// Text that is not a type.
    #[error("type text, character {position}: {problem}")]
    TypeText {
        /// The character at fault, counted from 1.
        position: usize,
        /// What is wrong.
        problem: String,
    },

    /// Text that is not WAVE, or not of a value of the type.
    #[error("{}", wave_message(.path, *.position, .problem))]
    WaveText {
        /// Where in the value.
        path: Path,
        /// The character at fault, counted from 1.
        position: usize,
        /// What is wrong.
        problem: String,
    },
}

/// What makes bytes not an encoding.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The bytes end within the value.
    #[error("the bytes end here, {wanted} more are needed")]
    Truncated {
        /// How many bytes are missing at least.
        wanted: usize,
    },
    /// Bytes follow the value.
    #[error("{extra} bytes too many")]
    Trailing {
        /// How many.
        extra: usize,
    },
    /// A bool that is neither 0 nor 1.
    #[error("expected a bool (0 or 1), got {0}")]
    Bool(u8),
    /// A number that is no Unicode scalar value.
    #[error("expected a char, got {0:#x}")]
    Char(u32),
    /// A string that is not UTF-8.
    #[error("expected a string, got bytes that are not UTF-8")]
    Utf8,
    /// A NaN other than the one that is encoded.
    #[error("expected the canonical NaN, got another")]
    Nan,
    /// A discriminant beyond the type's cases.
    #[error("expected the number of a case, below {cases}, got {got}")]
    Discriminant {
        /// How many cases there are.
        cases: usize,
        /// What stands there.
        got: u32,
    },
    /// Bits set beyond the type's flags.
    #[error("bits are set beyond the last flag")]
    Flags,
    /// More values that take no bytes than one encoding may hold.
    #[error("more than {limit} values that take no bytes")]
    ZeroSized {
        /// The limit.
        limit: usize,
    },
}

impl Error {
    /// The same error seen from outside: the value that it speaks of is part of another, by `step`.
    #[must_use]
    pub fn within(mut self, step: Step) -> Self {
        match &mut self {
            Self::Mismatch { path, .. }
            | Self::MissingField { path, .. }
            | Self::UnknownName { path, .. }
            | Self::DuplicateName { path, .. }
            | Self::Encoding { path, .. }
            | Self::Invalid { path, .. }
            | Self::WaveText { path, .. } => path.prepend(step),
            Self::Type { .. } | Self::Shape { .. } | Self::TypeText { .. } => {}
        }
        self
    }

    pub(crate) fn mismatch(expected: impl fmt::Display, got: impl fmt::Display) -> Self {
        let path = Path::default();
        Self::Mismatch {
            path,
            expected: shown(expected),
            got: shown(got),
        }
    }

    pub(crate) fn invalid(message: impl ToString) -> Self {
        Self::Invalid {
            path: Path::default(),
            message: message.to_string(),
        }
    }

    pub(crate) fn unknown<'a>(
        what: &'static str,
        name: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> Self {
        let known = names::list(known);
        Self::UnknownName {
            path: Path::default(),
            what,
            name: name.into(),
            known,
        }
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::MissingField {
            path: Path::default(),
            name: name.into(),
        }
    }

    pub(crate) fn duplicate(what: &'static str, name: &str) -> Self {
        Self::DuplicateName {
            path: Path::default(),
            what,
            name: name.into(),
        }
    }

    pub(crate) fn within_name(self, name: &str) -> Self {
        self.within(Step::Name(name.into()))
    }

    pub(crate) fn type_too_deep() -> Self {
        Self::Type {
            problem: format!("nests deeper than {} levels", Type::MAX_DEPTH),
        }
    }
}

fn wave_message(path: &Path, position: usize, problem: &str) -> String {
    if path.is_empty() {
        format!("wave text, character {position}: {problem}")
    } else {
        format!("{path}: {problem} (wave text, character {position})")
    }
}

/// A text, or its beginning and an ellipsis. What is cut off is not even made: a type may be wide, and
/// each task of a message may be in error.
fn shown(text: impl fmt::Display) -> String {
    struct Shown(String);
    impl Write for Shown {
        fn write_str(&mut self, more: &str) -> fmt::Result {
            let room = SHOWN_MAX - self.0.len();
            self.0.push_str(&more[..more.floor_char_boundary(room)]);
            match more.len() <= room {
                true => Ok(()),
                false => Err(fmt::Error),
            }
        }
    }
    let mut shown = Shown(String::new());
    let is_whole = write!(shown, "{text}").is_ok();
    if !is_whole {
        shown.0.push('…');
    }
    shown.0
}
