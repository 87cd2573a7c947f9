//! `make fuzz TARGET=from_worker`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::from_worker(bytes));
