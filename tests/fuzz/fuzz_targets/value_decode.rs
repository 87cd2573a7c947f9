//! Any type, any bytes: decoding does not panic, agrees with validating, and accepts only what
//! encoding makes.
//!
//! The input is the text of a type, a zero byte, and the bytes. To run it, with cargo-fuzz and a
//! nightly compiler, from the repository's root: `cargo +nightly fuzz run --fuzz-dir tests/fuzz
//! value_decode`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use wask_value::{Param, Segment, Type, check_arguments, decode, encode, from_bytes, validate};

fuzz_target!(|input: &[u8]| {
    let Some(zero) = input.iter().position(|byte| *byte == 0) else {
        return;
    };
    let (text, bytes) = (&input[..zero], &input[zero + 1..]);
    let Some(ty) = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse::<Type>().ok())
    else {
        return;
    };
    let decoded = decode(&ty, bytes);
    assert_eq!(decoded.is_ok(), validate(&ty, bytes).is_ok());
    assert_eq!(
        decoded.is_ok(),
        from_bytes::<IgnoredAny>(&ty, bytes).is_ok()
    );
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let rope = [Segment::Bytes(left), Segment::Bytes(right)];
    let param = [Param::new("p", ty.clone())];
    assert_eq!(
        decoded.is_ok(),
        check_arguments(&param, rope, |_| None).is_ok()
    );
    if let Ok(value) = decoded {
        assert_eq!(
            encode(&ty, &value).expect("a decoded value is of its type"),
            bytes
        );
    }
});
