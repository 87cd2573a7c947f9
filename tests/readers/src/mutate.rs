//! Inputs that are a little wrong, from inputs that are right.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The longest input that is made.
const MAX_BYTES: usize = 64 << 10;
/// What breaks readers: the ends of numbers, and what ends or nests texts.
const TOKENS: [&[u8]; 12] = [
    b"\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"((((((((",
    b"[[[[[[[[",
    b"list<list<",
    b"\"",
    b"\\u{10ffff}",
    b"-",
    b"99999999999999999999",
    "\u{202e}é".as_bytes(),
];

/// Endlessly many mutations of `corpus`, the same ones for the same seed.
pub fn mutations(corpus: &[Vec<u8>], seed: u64) -> impl Iterator<Item = Vec<u8>> + '_ {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    std::iter::from_fn(move || {
        let mut input = pick(corpus, &mut random)?.clone();
        for _ in 0..random.random_range(1..=4) {
            mutate(&mut input, corpus, &mut random);
        }
        input.truncate(MAX_BYTES);
        Some(input)
    })
}

fn pick<'a, T>(from: &'a [T], random: &mut impl Rng) -> Option<&'a T> {
    from.get(random.random_range(0..from.len().max(1)))
}

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut impl Rng) {
    let at = random.random_range(0..=input.len());
    let end = random.random_range(at..=input.len().min(at + 32));
    match random.random_range(0..8) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = random.random();
            }
        }
        2 => _ = input.drain(at..end),
        3 => {
            let again = input[at..end].to_vec();
            input.splice(at..at, again);
        }
        4 => {
            let token = TOKENS[random.random_range(0..TOKENS.len())];
            input.splice(at..at, token.iter().copied());
        }
        5 => {
            let token = TOKENS[random.random_range(0..TOKENS.len())];
            let over = input.len().min(at + token.len());
            input.splice(at..over, token.iter().copied());
        }
        6 => {
            if let Some(other) = pick(corpus, random) {
                let from = random.random_range(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
        }
        _ => input.truncate(at),
    }
}
