//! What lets a peer in.

use std::{fmt, io};

/// Bytes that a peer shows to be let in. They appear in no log.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// A secret that people chose.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// A new one, which nobody guesses.
    ///
    /// # Errors
    ///
    /// Where the system gives no random bytes.
    pub fn random() -> io::Result<Self> {
        Ok(Self::new(random()?))
    }

    /// To be sent to those who may know it.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is what was shown. The time it takes tells nothing about the secret.
    pub fn is(&self, shown: &[u8]) -> bool {
        // BLAKE3's own comparison of hashes takes constant time.
        blake3::hash(shown) == blake3::hash(&self.0)
    }
}

/// A new token, as text that people can copy.
///
/// # Errors
///
/// As [`Secret::random`].
pub fn random_token() -> io::Result<String> {
    Ok(random()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn random() -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_are_the_secret() {
        let secret = Secret::new(*b"open sesame");
        assert!(secret.is(b"open sesame"));
        for other in [&b"open sesam"[..], b"open sesame ", b""] {
            assert!(!secret.is(other));
        }
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        let (one, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert!(!one.is(other.bytes()));
        let token = random_token().unwrap();
        assert!(token.len() == 64 && token != random_token().unwrap());
    }
}
