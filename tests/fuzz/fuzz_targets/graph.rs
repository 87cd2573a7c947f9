//! `make fuzz TARGET=graph`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wask_readers::graph(bytes));
