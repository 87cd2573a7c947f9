//! Any operator on any types and bytes: it does not panic, keeps to its output limit, and what it
//! gives is a value of the type that its signature says.
//!
//! The input is three texts, each ended by a zero byte: the operator, two types of arguments (the
//! second may be empty); then the arguments' bytes. To run it, with cargo-fuzz and a nightly
//! compiler, from the repository's root: `cargo +nightly fuzz run --fuzz-dir tests/fuzz
//! operator_run`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wask_operator::{Limits, Operator};
use wask_value::{Type, validate};

const MAX_OUTPUT: u64 = 1 << 16;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(4, |byte| *byte == 0);
    let mut text = || parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let (Some(operator), Some(first), Some(second)) = (text(), text(), text()) else {
        return;
    };
    let Some(bytes) = parts.next() else {
        return;
    };
    let Ok(operator) = operator.parse::<Operator>() else {
        return;
    };
    let arguments = [first, second].into_iter().filter(|text| !text.is_empty());
    let Ok(arguments) = arguments.map(str::parse).collect::<Result<Vec<Type>, _>>() else {
        return;
    };
    let Ok(types) = operator.infer(&arguments) else {
        return;
    };
    let signature = operator
        .signature(&types)
        .expect("types that were inferred");
    let limits = Limits {
        max_output: MAX_OUTPUT,
        is_cancelled: &|| false,
    };
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let rope = [left, right].map(bytes::Bytes::copy_from_slice);
    if let Ok(value) = operator.run(&types, &rope, &limits) {
        assert!(value.len() as u64 <= MAX_OUTPUT);
        if validate(&signature.arguments_type(), bytes).is_ok() {
            assert!(validate(&signature.value_type(), &value).is_ok());
        }
    }
});
