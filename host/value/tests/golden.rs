//! Golden vectors: how values of each kind of type are encoded.
//!
//! Keys are digests of encoded arguments, results are kept as they are encoded, and clients in
//! other languages encode for themselves. So a change that makes this test fail is a change of what
//! tasks mean: it needs a new `wask_core::ENGINE_PROFILE` and a new `golden.txt`, never the latter
//! alone.

use wask_value::{Type, decode, encode, wave};

/// One line for each vector: the type, the value as WAVE, and its encoding.
const GOLDEN: &str = include_str!("golden.txt");

/// A type of each kind, and values of it that differ in how they are encoded.
const VALUES: [(&str, &str); 38] = [
    ("bool", "false"),
    ("bool", "true"),
    ("u8", "255"),
    ("s8", "-1"),
    ("u16", "258"),
    ("s16", "-2"),
    ("u32", "16909060"),
    ("s32", "-3"),
    ("u64", "72623859790382856"),
    ("s64", "-4"),
    ("f32", "1.5"),
    ("f32", "nan"),
    ("f32", "-inf"),
    ("f64", "-0.0"),
    ("f64", "nan"),
    ("f64", "0.1"),
    ("char", "'a'"),
    ("char", "'€'"),
    ("string", "\"\""),
    ("string", "\"grün\""),
    ("list<u8>", "[]"),
    ("list<u8>", "[1, 2, 3]"),
    ("list<u16>", "[1, 2]"),
    ("list<string>", "[\"a\", \"\"]"),
    ("list<list<bool>>", "[[true], []]"),
    ("tuple<u8, u32>", "(1, 2)"),
    ("record { a: u8, b: string }", "{a: 1, b: \"x\"}"),
    ("option<u32>", "none"),
    ("option<u32>", "some(7)"),
    ("option<option<bool>>", "some(none)"),
    ("result<u8, string>", "ok(7)"),
    ("result<u8, string>", "err(\"no\")"),
    ("result", "ok"),
    ("variant { none-of-it, some-of-it(u16) }", "some-of-it(5)"),
    ("enum { red, green, blue }", "blue"),
    ("flags { a, b, c }", "{}"),
    ("flags { a, b, c }", "{a, c}"),
    ("list<option<tuple<s8, f32>>>", "[none, some((-1, 0.5))]"),
];

fn encoded(ty: &str, value: &str) -> Vec<u8> {
    let ty: Type = ty.parse().unwrap();
    let value = wave::parse(&ty, value).unwrap();
    let bytes = encode(&ty, &value).unwrap();
    assert_eq!(encode(&ty, &decode(&ty, &bytes).unwrap()).unwrap(), bytes);
    bytes
}

#[test]
fn values_are_encoded_as_ever() {
    let mut text = String::new();
    for (ty, value) in VALUES {
        let bytes = encoded(ty, value);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        text.push_str(&format!("{ty} | {value} | {hex}\n"));
    }
    assert!(
        text == GOLDEN,
        "encodings have changed: where that is meant, raise ENGINE_PROFILE and let golden.txt be\n\
         {text}"
    );
}
