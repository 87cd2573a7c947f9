//! Keys name tasks and their results; digests name components.

use std::{
    fmt,
    hash::{BuildHasherDefault, Hasher},
    str::FromStr,
};

/// The BLAKE3 digest of a component's bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

/// What names a task and its result: a BLAKE3 digest of everything that the result depends on, so
/// that equal pure tasks have equal keys. See [`TaskSpec`](crate::TaskSpec) for what goes in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// The key of a value that a client scattered: equal values of one type, within one tenant,
    /// are stored once.
    ///
    /// `type_text` is the WIT type as text, `value` its encoding.
    pub fn of_data(tenant: &str, type_text: &str, value: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("wask 1 scattered data");
        update_sized(&mut hasher, tenant.as_bytes());
        update_sized(&mut hasher, type_text.as_bytes());
        hasher.update(value);
        Self(*hasher.finalize().as_bytes())
    }

    /// The first eight hexadecimal digits: enough for people to tell keys apart in a log.
    pub fn short(&self) -> String {
        hex(&self.0[..4])
    }
}

/// Feeds a field and its length, so that no two lists of fields read the same.
pub(crate) fn update_sized(hasher: &mut blake3::Hasher, field: &[u8]) {
    hasher.update(&(field.len() as u64).to_le_bytes());
    hasher.update(field);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text that is no key or digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseKeyError(String);

impl fmt::Display for ParseKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not 64 hexadecimal digits", self.0)
    }
}

impl std::error::Error for ParseKeyError {}

fn parse_hex(text: &str) -> Result<[u8; 32], ParseKeyError> {
    let error = || ParseKeyError(text.chars().take(80).collect());
    if text.len() != 64 || !text.is_ascii() {
        return Err(error());
    }
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = str::from_utf8(digits).map_err(|_| error())?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| error())?;
    }
    Ok(bytes)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.short())
    }
}

impl FromStr for Key {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        parse_hex(text).map(Self)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blake3:{}", hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", hex(&self.0[..4]))
    }
}

impl FromStr for Digest {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        parse_hex(text.strip_prefix("blake3:").unwrap_or(text)).map(Self)
    }
}

/// Takes eight bytes of a key as its hash: a key is a digest already, and the same in every run,
/// so that the order of a map is too.
#[derive(Clone, Copy, Default)]
pub struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    /// The length prefix of a key's bytes carries nothing.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A map by key. Its order is deterministic but means nothing: iterate only where order does not
/// show.
pub type KeyMap<V> = hashbrown::HashMap<Key, V, BuildHasherDefault<KeyHasher>>;
/// A set of keys, as [`KeyMap`].
pub type KeySet = hashbrown::HashSet<Key, BuildHasherDefault<KeyHasher>>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_digests_read_back() {
        let key = Key::of_data("default", "string", b"x");
        assert_eq!(key.to_string().parse(), Ok(key));
        let digest = Digest([7; 32]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert!("blake3:12".parse::<Digest>().is_err());
        assert!("é".repeat(32).parse::<Key>().is_err());
    }

    #[test]
    fn fields_cannot_run_into_each_other() {
        assert_ne!(Key::of_data("ab", "c", b""), Key::of_data("a", "bc", b""));
    }
}
