//! All figures of this library in one go: what `cargo xtask bench` runs.
//!
//! Everything is written to one folder: `figures.md` for people, `figures.csv` for programs, and a plot if it is built
//! with the feature `plot`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the output of a program")]

use std::error::Error;
use std::fmt::{Display, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, thread};

use clap::{Parser, Subcommand};
use dojobber_benches::alone::{self, Errand};
use dojobber_benches::body::Body;
use dojobber_benches::compare::{Comparison, Field, Line, push, push_ratios, table_of};
use dojobber_benches::machine;
use dojobber_benches::peers::NAMES;
use dojobber_benches::shapes::Shape;
use dojobber_benches::table::{Table, number};
use dojobber_benches::waits::{self, Extent};

/// Takes all figures: of this library beside its peers, and by itself.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    /// Few samples, and no graph of a million tasks
    #[arg(long)]
    quick: bool,
    /// Nothing but jobs that wait for processes and for time
    #[arg(long)]
    waits: bool,
    /// Where to write
    #[arg(long, default_value = "target/bench")]
    out: PathBuf,
    /// Where compiled peers are kept
    #[arg(long, default_value = "target/peers")]
    dir: PathBuf,
    #[command(subcommand)]
    child: Option<Child>,
}

#[derive(Subcommand)]
enum Child {
    /// A measurement for which this program starts itself
    #[command(hide = true)]
    Errand { words: Vec<String> },
}

/// The contenders of the main comparison: the others record nothing, but for the last.
const PLAIN: [&str; 5] = ["onetbb", "rayon", "dojobber-sat", "dojobber-chg", SAME];

/// oneTBB, doing what `dojobber-chg` does.
const SAME: &str = "onetbb-chg";

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match &args.child {
        Some(Child::Errand { words }) => errand(&words.join(" ")),
        None => figures(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn errand(words: &str) -> Result<(), Box<dyn Error>> {
    let number = words.parse::<Errand>()?.run().ok_or("the system does not tell")?;
    println!("{number}");
    Ok(())
}

/// The figures so far. Each is shown as soon as it is taken.
struct Figures {
    args: Plan,
    text: String,
    csv: String,
    comparisons: Vec<Comparison>,
}

/// How much is measured.
struct Plan {
    quick: bool,
    dir: PathBuf,
    all_workers: usize,
}

fn figures(args: &Args) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(&args.out)?;
    let all_workers = thread::available_parallelism().map_or(2, usize::from).max(2);
    let plan = Plan { quick: args.quick, dir: args.dir.clone(), all_workers };
    let mut figures = Figures {
        args: plan,
        text: String::new(),
        csv: Comparison::CSV_HEADER.to_owned(),
        comparisons: Vec::new(),
    };
    figures.say(machine::description());
    if !args.waits {
        figures.compare_all();
        let summary = figures.summary();
        figures.say(summary);
        figures.take_own();
    }
    figures.wait();
    fs::write(args.out.join("figures.md"), &figures.text)?;
    fs::write(args.out.join("figures.csv"), &figures.csv)?;
    #[cfg(feature = "plot")]
    figures.plot(&args.out.join("figures.svg"))?;
    println!("written to {}", args.out.display());
    Ok(())
}

impl Figures {
    fn say(&mut self, text: impl Display) {
        println!("{text}");
        writeln!(self.text, "{text}").expect("a string takes all");
    }

    fn compare_all(&mut self) {
        let (quick, all) = (self.args.quick, self.args.all_workers);
        let samples = if quick { 3 } else { 9 };
        for workers in [1, all] {
            self.compare(&PLAIN, workers, 100, Body::Empty, samples);
            self.compare(&PLAIN, workers, 10_000, Body::Empty, samples);
            if !quick {
                self.compare(&PLAIN, workers, 1_000_000, Body::Empty, 5);
            }
        }
        let bodies: &[&str] = if quick { &["1us"] } else { &["1us", "10us", "uneven"] };
        for body in bodies {
            let body = body.parse().expect("these bodies exist");
            self.compare(&["onetbb", "dojobber-sat"], all, 10_000, body, samples.min(5));
        }
        let crates = NAMES.iter().filter(|name| !PLAIN.contains(name) && !name.starts_with("onetbb"));
        let crates: Vec<&str> = ["dojobber-sat"].into_iter().chain(crates.copied()).collect();
        if crates.len() > 1 {
            self.compare(&crates, all, 10_000, Body::Empty, 3);
        }
    }

    fn compare(&mut self, names: &[&str], workers: usize, size: u32, body: Body, samples: usize) {
        let (mut field, skipped) = Field::new(names, workers, &self.args.dir);
        skipped.iter().for_each(|why| eprintln!("{why}"));
        let comparison = field.compare(&Shape::ALL, size, body, samples);
        self.csv += &comparison.csv();
        self.say(&comparison);
        self.comparisons.push(comparison);
    }

    /// One table of ratios: what runs take, compared with those who record nothing.
    fn summary(&self) -> String {
        let mut table = table_of(Shape::ALL);
        for comparison in &self.comparisons {
            let pairs =
                ["onetbb", "rayon"].into_iter().flat_map(|to| [("dojobber-sat", to), ("dojobber-chg", to)]);
            for (name, to) in pairs.chain([("dojobber-chg", SAME)]) {
                if let Some(ratios) = comparison.run_ratio(name, to) {
                    push_ratios(&mut table, &format!("{}: {name} / {to}", comparison.title()), ratios);
                }
            }
        }
        format!("## All ratios\n\n{table}")
    }

    /// Takes the figures that need no peer.
    fn take_own(&mut self) {
        let tables = [
            ("A run of 100 jobs, us", self.small_runs()),
            ("Build and compile, with names, ns a job", self.builds()),
            ("From 10,000 to 1,000,000 tasks, the time per task grows by", self.growth()),
            ("Peak memory of plan, run and report, bytes a job", self.memory()),
        ];
        for (title, table) in tables {
            self.say(format_args!("## {title}\n\n{table}"));
        }
        let others = self.others();
        self.say(format_args!("## Others\n\n{others}"));
    }

    /// Jobs that wait for processes and for time.
    fn wait(&mut self) {
        let extent = Extent::new(self.args.quick);
        let table = waits::table(&extent, &self.args.dir.join("processes"), self.args.all_workers);
        self.say(format_args!("## Jobs that wait\n\n{table}"));
        let times = waits::processor_times(&extent);
        self.say(format_args!("{times}"));
        let late = waits::lateness(&extent);
        self.say(format_args!("{late}"));
    }

    /// A million jobs, or fewer if it has to be quick.
    fn many(&self) -> u32 {
        if self.args.quick { 100_000 } else { 1_000_000 }
    }

    fn small_runs(&self) -> Table {
        let mut table = table_of(Shape::ALL);
        for comparison in self.comparisons.iter().filter(|comparison| comparison.size == 100) {
            for name in ["onetbb", "dojobber-sat"] {
                let Some(nanos) = comparison.run_nanos(name) else { continue };
                let micros = nanos.into_iter().map(|nanos| Some(nanos? * 100.0 / 1_000.0)).collect();
                push(&mut table, &format!("{name}, {} workers", comparison.workers), micros, None);
            }
        }
        table
    }

    fn builds(&self) -> Table {
        let mut table = table_of(Shape::ALL);
        for comparison in self.comparisons.iter().filter(|of| of.workers == 1 && of.size > 100) {
            let nanos = comparison.build_nanos("dojobber-sat").unwrap_or_default();
            push(&mut table, &format!("{} jobs", comparison.size), nanos, None);
        }
        table
    }

    fn growth(&self) -> Table {
        let mut table = table_of(Shape::ALL);
        for workers in [1, self.args.all_workers] {
            for name in ["onetbb", "dojobber-sat", "dojobber-chg"] {
                let of = |size| {
                    let fits =
                        |c: &&Comparison| c.size == size && c.workers == workers && c.body == Body::Empty;
                    self.comparisons.iter().find(fits)?.run_nanos(name)
                };
                let (Some(small), Some(large)) = (of(10_000), of(1_000_000)) else { continue };
                let growth: Line =
                    small.iter().zip(large).map(|(small, large)| Some(large? / (*small)?)).collect();
                push_ratios(&mut table, &format!("{name}, {workers} workers"), growth);
            }
        }
        table
    }

    fn memory(&self) -> Table {
        let mut table = table_of(Shape::ALL);
        let jobs = self.many();
        let bytes = Shape::ALL.into_iter().map(|shape| alone::memory_per_job(shape, jobs)).collect();
        push(&mut table, &format!("{jobs} jobs"), bytes, None);
        table
    }

    fn others(&self) -> Table {
        let mut table = Table::new(["", "", ""]);
        let mut row =
            |what: String, value: f64, unit: &str| table.push([what, number(Some(value)), unit.to_owned()]);
        let jobs = self.many();
        for workers in [1, self.args.all_workers] {
            let time = alone::blocked_chain(jobs, workers);
            row(format!("a blocked chain of {jobs}, {workers} workers"), time.as_secs_f64() * 1e3, "ms");
        }
        for shape in [Shape::Chain, Shape::Fan] {
            let first = alone::first_run(shape);
            let of = |what: &str| format!("10 jobs, {shape}: {what}");
            row(of("build and compile"), first.build.as_secs_f64() * 1e6, "us");
            row(of("plan.run(()), threads and all"), first.fresh.as_secs_f64() * 1e6, "us");
            row(of("a runner that has run before"), first.reused.as_secs_f64() * 1e6, "us");
            row(of("with one worker"), first.alone.as_secs_f64() * 1e6, "us");
        }
        if let Some(nanos) = alone::processor_time_while_waiting() {
            row("20 jobs x 3 tries x 1 s: time on a processor".to_owned(), nanos as f64 / 1e6, "ms");
        }
        table
    }

    #[cfg(feature = "plot")]
    fn plot(&self, path: &std::path::Path) -> Result<(), Box<dyn Error>> {
        use dojobber_benches::plot::{Bars, bars};
        let mut all = Vec::new();
        let plotted = |of: &&Comparison| of.size == 10_000 && of.body == Body::Empty;
        for comparison in self.comparisons.iter().filter(plotted) {
            for name in ["dojobber-sat", "dojobber-chg"] {
                if let Some(values) = comparison.run_ratio(name, "onetbb") {
                    all.push(Bars { name: format!("{name}, {} workers", comparison.workers), values });
                }
            }
        }
        if all.is_empty() {
            return Ok(()); // there is no oneTBB to compare with
        }
        let groups: Vec<String> = Shape::ALL.iter().map(|shape| shape.name().to_owned()).collect();
        bars(path, "A run of 10,000 empty jobs, compared with oneTBB", &groups, &all)
    }
}
