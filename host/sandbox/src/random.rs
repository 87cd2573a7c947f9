//! Randomness that is a function of the call: of the guest's function and its arguments.
//!
//! Nothing is hashed before the guest asks for the first byte. Most never do, and arguments may be
//! large.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use rand::TryRng;
use wask_core::{FunctionSeed, Key};
use wasmtime::component::HasData;
use wasmtime_wasi::p2::bindings::random::insecure_seed;

/// What a call's randomness comes from. Clones are of the same call.
#[derive(Clone)]
pub(crate) struct Source(Arc<Origin>);

struct Origin {
    function: FunctionSeed,
    nonce: Option<Key>,
    arguments: Vec<Bytes>,
    seed: OnceLock<[u8; 32]>,
}

impl Source {
    /// Of a call with these arguments; the nonce is that of an impure task.
    pub(crate) fn new(function: FunctionSeed, nonce: Option<Key>, arguments: &[Bytes]) -> Self {
        Self(Arc::new(Origin {
            function,
            nonce,
            arguments: arguments.to_vec(),
            seed: OnceLock::new(),
        }))
    }

    fn seed(&self) -> &[u8; 32] {
        let Origin {
            function,
            nonce,
            arguments,
            seed,
        } = &*self.0;
        let arguments = arguments.iter().map(|piece| &**piece);
        seed.get_or_init(|| function.of_call(nonce.as_ref(), arguments))
    }
}

/// The stream of a call for one purpose, begun when its first byte is wanted.
pub(crate) struct Lazy {
    /// None for a component that imports no randomness, which never asks.
    source: Option<Source>,
    purpose: &'static str,
    stream: Option<Seeded>,
}

impl Lazy {
    /// The stream for `purpose`, which keeps WASI's different sources apart.
    pub(crate) fn new(source: Option<&Source>, purpose: &'static str) -> Self {
        Self {
            source: source.cloned(),
            purpose,
            stream: None,
        }
    }

    fn stream(&mut self) -> &mut Seeded {
        let (source, purpose) = (&self.source, self.purpose);
        self.stream.get_or_insert_with(|| {
            let seed = source.as_ref().map_or(&[0; 32], Source::seed);
            Seeded::new(seed, purpose)
        })
    }
}

impl TryRng for Lazy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.stream().take()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.stream().take()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.stream().fill(bytes);
        Ok(())
    }
}

/// Tells the linker what the seed of a guest's hash maps is borrowed from.
pub(crate) struct HasHashSeed;

impl HasData for HasHashSeed {
    type Data<'a> = HashSeed<'a>;
}

/// `wasi:random/insecure-seed`, which wasmtime's own would have to be given before it is known
/// whether the guest wants it.
pub(crate) struct HashSeed<'a>(pub(crate) Option<&'a Source>);

impl insecure_seed::Host for HashSeed<'_> {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        let mut stream = Lazy::new(self.0, "wasi insecure seed");
        let seed = u128::from_le_bytes(stream.stream().take());
        Ok((seed as u64, (seed >> 64) as u64))
    }
}

/// An endless stream of bytes: BLAKE3's output for a seed and a purpose.
struct Seeded {
    reader: blake3::OutputReader,
    block: [u8; 64],
    used: usize,
}

impl Seeded {
    fn new(seed: &[u8; 32], purpose: &str) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(seed);
        hasher.update(purpose.as_bytes());
        Self {
            reader: hasher.finalize_xof(),
            block: [0; 64],
            used: 64,
        }
    }

    /// The next `N` bytes of the stream.
    fn take<const N: usize>(&mut self) -> [u8; N] {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_depends_on_seed_and_purpose_alone() {
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

    #[test]
    fn arguments_are_hashed_at_the_first_use_alone() {
        let function = FunctionSeed::new(&wask_core::Digest([1; 32]), "f");
        let source = Source::new(function, None, &[Bytes::from_static(b"x")]);
        let mut stream = Lazy::new(Some(&source), "a");
        assert_eq!(source.0.seed.get(), None);
        let first = stream.try_next_u64();
        assert_eq!(
            source.0.seed.get(),
            Some(&function.of_call(None, [&b"x"[..]]))
        );
        assert_eq!(Lazy::new(Some(&source), "a").try_next_u64(), first);
        assert_ne!(Lazy::new(Some(&source), "b").try_next_u64(), first);
    }
}
