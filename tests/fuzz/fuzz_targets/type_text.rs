//! Any text as a type or function: parsing does not panic, and what is parsed is written as text
//! that means the same.
//!
//! To run it, with cargo-fuzz and a nightly compiler, from the repository's root:
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz type_text`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wask_value::{FunctionType, Type};

fuzz_target!(|text: &str| {
    if let Ok(ty) = text.parse::<Type>() {
        assert_eq!(ty.to_string().parse::<Type>().as_ref(), Ok(&ty));
    }
    if let Ok(function) = text.parse::<FunctionType>() {
        assert_eq!(
            function.to_string().parse::<FunctionType>().as_ref(),
            Ok(&function)
        );
    }
});
