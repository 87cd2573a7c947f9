//! Where values are in the store before they are results.

use wask_core::{Key, ScatterId};

/// What a value is stored under while it is staged: no result has this key.
pub(crate) fn staging_key(scatter: ScatterId, key: &Key) -> Key {
    let mut hasher = blake3::Hasher::new_derive_key("wask 1 staged value");
    hasher.update(&scatter.0.to_le_bytes());
    hasher.update(&key.0);
    Key(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scatter_has_a_place_of_its_own_for_each_key() {
        let [a, b] = [[1; 32], [2; 32]].map(Key);
        let place = staging_key(ScatterId(1), &a);
        assert_eq!(place, staging_key(ScatterId(1), &a));
        for other in [
            staging_key(ScatterId(2), &a),
            staging_key(ScatterId(1), &b),
            a,
        ] {
            assert_ne!(place, other);
        }
    }
}
