//! `make fuzz TARGET=expression`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::expression(bytes));
