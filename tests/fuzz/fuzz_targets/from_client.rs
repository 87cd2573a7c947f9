//! `make fuzz TARGET=from_client`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::from_client(bytes));
