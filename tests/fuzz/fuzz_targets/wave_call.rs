//! Any text as a call: taking it apart does not panic, and each argument, read as WAVE of a type
//! that has everything in it, is refused or written as WAVE that means the same.
//!
//! To run it, with cargo-fuzz and a nightly compiler, from the repository's root:
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz wave_call`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wask_value::{Type, wave};

static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| {
    let texts = [
        "list<variant { n(f64), m(s64), text(string), c(char), pair(tuple<u8, bool>), none }>",
        "record { a: option<option<u32>>, bytes: list<u8>, r: result<_, string> }",
        "tuple<flags { r, w, true }, enum { ok, x1-2b }, result<f32>>",
    ];
    texts.map(|text| text.parse().expect("a type")).into()
});

fuzz_target!(|text: &str| {
    let Ok(call) = wave::split_call(text) else {
        return;
    };
    for argument in call.arguments.into_iter().flatten() {
        for ty in TYPES.iter() {
            let Ok(value) = wave::parse(ty, argument) else {
                continue;
            };
            let text = wave::to_string(ty, &value).expect("a parsed value is of its type");
            assert_eq!(wave::parse(ty, &text), Ok(value));
        }
    }
});
