//! `make fuzz TARGET=operator`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::operator(bytes));
