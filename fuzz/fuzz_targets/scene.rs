//! Draws any graph from bytes.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dojobber_fuzz::scene(bytes));

#[cfg(not(fuzzing))]
fn main() {} // `cargo fuzz run scene` makes it a fuzzer
