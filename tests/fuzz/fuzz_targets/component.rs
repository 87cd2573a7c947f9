//! `make fuzz TARGET=component`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::component(bytes));
