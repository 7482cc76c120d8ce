//! Builds a graph from bytes and compiles it.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dojobber_fuzz::compile(bytes));

#[cfg(not(fuzzing))]
fn main() {} // `cargo fuzz run compile` makes it a fuzzer
