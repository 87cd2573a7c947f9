//! Why a request was not carried out.

use std::fmt;

use crate::beginning;

/// A request that was not carried out, and changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of reason.
    pub code: RefusalCode,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl Refusal {
    /// Bytes of a message. Each task of a batch may be told one.
    pub const MESSAGE_MAX: usize = 4 << 10;

    /// A refusal with its reason in words, cut off where it is very long: it may name a type.
    pub fn new(code: RefusalCode, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: beginning(message, Self::MESSAGE_MAX),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// The kinds of reasons for a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// The request makes no sense.
    Invalid,
    /// It names something unknown.
    NotFound,
    /// Not allowed to enter.
    Credential,
    /// The peers do not fit together.
    Version,
    /// Not allowed to do this.
    Forbidden,
    /// The name is taken.
    Exists,
    /// Not now.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_short_whatever_it_quotes() {
        let refusal = Refusal::new(RefusalCode::Invalid, "é".repeat(1 << 20));
        assert!(refusal.message.len() <= Refusal::MESSAGE_MAX + '…'.len_utf8());
        assert!(refusal.message.ends_with("é…"));
        assert_eq!(Refusal::new(RefusalCode::Invalid, "why").message, "why");
    }
}
