//! What the randomness of a guest depends on.
//!
//! A call of a pure function is seeded by the function and the values of its arguments, and by
//! nothing else: not by its task's key, in which stand the tenant, the limits and the keys of
//! dependencies. So it gives the same bytes alone, for an element of a list of whatever length, on
//! every cluster and without one. This is a stand-in for randomness and holds no secret: whoever
//! knows function and arguments can compute it, for every tenant.

use crate::{Digest, ENGINE_PROFILE, Key, key::update_sized};

/// What the seeds of all calls of one function have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FunctionSeed([u8; 32]);

impl FunctionSeed {
    /// Of a component's function, by its full name.
    pub fn new(component: &Digest, function: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("wask 2 seed of a function");
        hasher.update(&ENGINE_PROFILE.to_le_bytes());
        hasher.update(&component.0);
        update_sized(&mut hasher, function.as_bytes());
        Self(*hasher.finalize().as_bytes())
    }

    /// The seed of a call with these arguments: their encodings one after another, in as many
    /// pieces as there happen to be.
    ///
    /// `impure` is the key of an impure task, which is not meant to repeat what another does: its
    /// salt is in the key, and the same at every attempt.
    pub fn of_call<'a>(
        &self,
        impure: Option<&Key>,
        arguments: impl IntoIterator<Item = &'a [u8]>,
    ) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        match impure {
            None => hasher.update(&[0]),
            Some(key) => hasher.update(&[1]).update(&key.0),
        };
        for piece in arguments {
            hasher.update(piece);
        }
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_depends_on_function_and_arguments_however_they_are_cut() {
        let f = FunctionSeed::new(&Digest([1; 32]), "f");
        let seed = f.of_call(None, [&b"abc"[..]]);
        assert_eq!(seed, f.of_call(None, [&b"a"[..], b"", b"bc"]));
        assert_ne!(seed, f.of_call(None, [&b"abd"[..]]));
        for other in [
            FunctionSeed::new(&Digest([1; 32]), "g"),
            FunctionSeed::new(&Digest([2; 32]), "f"),
        ] {
            assert_ne!(seed, other.of_call(None, [&b"abc"[..]]));
        }
    }

    #[test]
    fn impure_tasks_have_seeds_of_their_own() {
        let f = FunctionSeed::new(&Digest([1; 32]), "f");
        let seed = |impure: Option<u8>| {
            let key = impure.map(|number| Key([number; 32]));
            f.of_call(key.as_ref(), [&b"abc"[..]])
        };
        assert_eq!(seed(Some(1)), seed(Some(1)));
        assert_ne!(seed(Some(1)), seed(Some(2)));
        assert_ne!(seed(Some(1)), seed(None));
    }
}
