//! Runs a graph from bytes in simulation, with faults, and judges it.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dojobber_fuzz::simulate(bytes));

#[cfg(not(fuzzing))]
fn main() {} // `cargo fuzz run simulate` makes it a fuzzer
