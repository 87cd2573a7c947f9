//! `make fuzz TARGET=value`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::value(bytes));
