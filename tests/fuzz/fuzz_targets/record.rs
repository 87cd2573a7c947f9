//! `make fuzz TARGET=record`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::record(bytes));
