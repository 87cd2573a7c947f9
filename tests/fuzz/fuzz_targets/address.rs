//! `make fuzz TARGET=address`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::address(bytes));
