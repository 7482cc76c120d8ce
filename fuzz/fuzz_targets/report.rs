//! Reads a report from bytes.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dojobber_fuzz::report(bytes));

#[cfg(not(fuzzing))]
fn main() {} // `cargo fuzz run report` makes it a fuzzer
