//! `make fuzz TARGET=gateway`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::gateway(bytes));
