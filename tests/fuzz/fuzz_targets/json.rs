//! `make fuzz TARGET=json`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::json(bytes));
