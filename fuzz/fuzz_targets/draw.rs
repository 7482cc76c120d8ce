//! Draws a graph from bytes.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dojobber_fuzz::draw(bytes));

#[cfg(not(fuzzing))]
fn main() {} // `cargo fuzz run draw` makes it a fuzzer
