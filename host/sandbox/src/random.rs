//! Randomness that is a function of the task's key.

use std::convert::Infallible;

use rand::TryRng;

/// An endless stream of bytes: BLAKE3's output for a key and a purpose.
pub(crate) struct Seeded {
    reader: blake3::OutputReader,
    block: [u8; 64],
    used: usize,
}

impl Seeded {
    /// The stream for `purpose`, which keeps WASI's different sources apart.
    pub(crate) fn new(seed: &[u8; 32], purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(seed);
        hasher.update(purpose.as_bytes());
        Self {
            reader: hasher.finalize_xof(),
            block: [0; 64],
            used: 64,
        }
    }

    /// The next `N` bytes of the stream.
    pub(crate) fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    fn fill(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            if self.used == self.block.len() {
                self.reader.fill(&mut self.block);
                self.used = 0;
            }
            let count = bytes.len().min(self.block.len() - self.used);
            let (now, later) = bytes.split_at_mut(count);
            now.copy_from_slice(&self.block[self.used..][..count]);
            self.used += count;
            bytes = later;
        }
    }
}

impl TryRng for Seeded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.take()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.take()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_depends_on_key_and_purpose_alone() {
        let bytes = |seed: u8, purpose| Seeded::new(&[seed; 32], purpose).take::<100>();
        assert_eq!(bytes(1, "a"), bytes(1, "a"));
        assert_ne!(bytes(1, "a"), bytes(2, "a"));
        assert_ne!(bytes(1, "a"), bytes(1, "b"));
    }

    #[test]
    fn the_stream_does_not_depend_on_how_it_is_read() {
        let whole = Seeded::new(&[7; 32], "x").take::<150>();
        let mut parts = Seeded::new(&[7; 32], "x");
        let mut read = parts.take::<1>().to_vec();
        read.extend(parts.take::<70>());
        read.extend(parts.take::<79>());
        assert_eq!(read, whole);
    }
}
