//! `make fuzz TARGET=wave`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::wave(bytes));
