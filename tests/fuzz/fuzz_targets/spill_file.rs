//! `make fuzz TARGET=spill_file`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::spill_file(bytes));
