//! `make fuzz TARGET=type_text`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::type_text(bytes));
