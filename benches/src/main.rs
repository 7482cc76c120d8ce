//! Runs the contenders in turns and prints tables of ns per task and of ratios.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a program")]

use std::path::PathBuf;

use clap::Parser;
use dojobber_benches::body::Body;
use dojobber_benches::compare::Field;
use dojobber_benches::machine;
use dojobber_benches::peers::NAMES;
use dojobber_benches::shapes::Shape;

/// Compares contenders on graphs of seven shapes.
#[derive(Parser)]
struct Args {
    /// How many tasks the graphs have
    #[arg(long, value_delimiter = ',', default_value = "10000", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    sizes: Vec<u32>,
    /// How many threads the contenders use
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    workers: Vec<usize>,
    /// Which shapes [default: all]
    #[arg(long, value_delimiter = ',', default_values_t = Shape::ALL, hide_default_value = true)]
    shapes: Vec<Shape>,
    /// What the tasks do: empty, uneven, or to spin for 1us, 10us and so on
    #[arg(long, value_delimiter = ',', default_value = "empty")]
    bodies: Vec<Body>,
    /// How many samples of each contender
    #[arg(long, default_value_t = 9)]
    samples: usize,
    /// The contenders; all are compared with the first
    #[arg(long, value_delimiter = ',', default_values = NAMES)]
    contenders: Vec<String>,
    /// Where compiled peers are kept
    #[arg(long, default_value = "target/peers")]
    dir: PathBuf,
}

fn main() {
    let args = Args::parse();
    println!("{}", machine::description());
    for &workers in &args.workers {
        let (mut field, skipped) = Field::new(&args.contenders, workers, &args.dir);
        skipped.iter().for_each(|why| eprintln!("{why}"));
        for &size in &args.sizes {
            for &body in &args.bodies {
                println!("\n{}", field.compare(&args.shapes, size, body, args.samples));
            }
        }
    }
}
