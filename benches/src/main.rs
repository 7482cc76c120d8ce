//! Runs the contenders in turns and prints tables of ns per task and of ratios.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a program")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use dojobber_benches::body::Body;
use dojobber_benches::machine::{self, Watch};
use dojobber_benches::measure::{Series, geometric_mean, ideal_share, in_turns, nanos, ratio};
use dojobber_benches::peers::{Contender, Load, NAMES, Sample, Serial, contender};
use dojobber_benches::shapes::Shape;
use dojobber_benches::table::{Table, number};

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
    /// Who runs; the others are compared with the first
    #[arg(long, value_delimiter = ',', default_values = NAMES)]
    contenders: Vec<String>,
    /// Where compiled peers are kept
    #[arg(long, default_value = "target/peers")]
    dir: PathBuf,
}

/// The contenders of a table, and last, without a name, a plain loop.
struct Field {
    names: Vec<String>,
    contenders: Vec<Box<dyn Contender>>,
    workers: usize,
}

/// One column of a table.
struct Column {
    shape: Shape,
    tasks: f64,
    ideal_share: f64,
    /// Those of the field, in its order.
    series: Vec<Series>,
}

fn main() {
    let args = Args::parse();
    println!("{}", machine::description());
    for &workers in &args.workers {
        let mut field = Field::new(&args.contenders, workers, &args.dir);
        for &size in &args.sizes {
            for &body in &args.bodies {
                let round_trip = machine::round_trip();
                let watch = Watch::start();
                let columns: Vec<Column> =
                    args.shapes.iter().map(|&shape| field.column(shape, size, body, args.samples)).collect();
                let others = watch.and_then(|watch| watch.taken_by_others()).unwrap_or(f64::NAN);
                println!("\n## {size} tasks, {workers} workers, body: {}\n", body.name());
                println!("{round_trip}, others took {:.0} % of the machine\n", 100.0 * others);
                println!("Run, ns per task:\n\n{}", field.run_table(&columns, body));
                println!("Build and run, ns per task:\n\n{}", field.build_table(&columns));
            }
        }
    }
}

impl Field {
    fn new(names: &[String], workers: usize, dir: &Path) -> Self {
        let mut field = Self { names: Vec::new(), contenders: Vec::new(), workers };
        for name in names {
            match contender(name, workers, dir) {
                Ok(contender) => {
                    field.names.push(name.clone());
                    field.contenders.push(contender);
                }
                Err(reason) => eprintln!("{name} is skipped: {reason}"),
            }
        }
        field.contenders.push(Box::new(Serial));
        field
    }

    fn column(&mut self, shape: Shape, size: u32, body: Body, samples: usize) -> Column {
        let load = Load::new(shape.edges(size), body);
        Column {
            shape,
            tasks: f64::from(load.deps.tasks()),
            ideal_share: ideal_share(&load.deps, &load.works, self.workers),
            series: in_turns(&mut self.contenders, &load, samples),
        }
    }

    fn run_table(&self, columns: &[Column], body: Body) -> Table {
        let run = |sample: &Sample| sample.run;
        let mut table = self.table(columns, run);
        if body != Body::Empty {
            let serial = self.names.len();
            let ideal = |c: &Column| Some(nanos(&c.series[serial], run)? * c.ideal_share / c.tasks);
            push(&mut table, "ideal", columns.iter().map(ideal).collect(), None);
            for (place, name) in self.names.iter().enumerate() {
                let to_ideal =
                    |c: &Column| Some(ratio(&c.series[place], &c.series[serial], run)? / c.ideal_share);
                push_ratios(&mut table, &format!("{name} / ideal"), columns.iter().map(to_ideal).collect());
            }
        }
        table
    }

    fn build_table(&self, columns: &[Column]) -> Table {
        self.table(columns, |sample| sample.build + sample.run)
    }

    /// The times of all, and the ratios of all but the first to it.
    fn table(&self, columns: &[Column], part: fn(&Sample) -> Duration) -> Table {
        let shapes = columns.iter().map(|column| column.shape.name());
        let mut table = Table::new([""].into_iter().chain(shapes).chain(["geometric mean"]));
        for (place, name) in self.names.iter().enumerate() {
            let per_task = |c: &Column| Some(nanos(&c.series[place], part)? / c.tasks);
            push(&mut table, name, columns.iter().map(per_task).collect(), None);
        }
        for (place, name) in self.names.iter().enumerate().skip(1) {
            let to_first = |c: &Column| ratio(&c.series[place], &c.series[0], part);
            push_ratios(
                &mut table,
                &format!("{name} / {}", self.names[0]),
                columns.iter().map(to_first).collect(),
            );
        }
        table
    }
}

/// Adds a line of ratios with its geometric mean over the shapes that there are.
fn push_ratios(table: &mut Table, name: &str, values: Vec<Option<f64>>) {
    let mean = geometric_mean(values.iter().copied().flatten());
    push(table, name, values, mean);
}

fn push(table: &mut Table, name: &str, values: Vec<Option<f64>>, mean: Option<f64>) {
    let mean = mean.map(|mean| number(Some(mean)));
    table.push([name.to_owned()].into_iter().chain(values.into_iter().map(number)).chain(mean));
}
