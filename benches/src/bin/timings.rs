//! Prints how much sooner runs end where it is known how long jobs take: `cargo run --release -p dojobber-benches --features
//! timings --bin timings`.

#![expect(clippy::print_stdout, reason = "the output of a program")]

use dojobber_benches::makespan::table;

fn main() {
    println!("{}", table(10_000, &[2, 4, 16], 5));
}
