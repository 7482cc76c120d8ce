//! What it costs to keep what a run did: a journal per event, and a report of a million jobs, saved, read and compared.

#![expect(clippy::print_stdout, reason = "the output of a program")]

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use dojobber::{BoxError, Graph, Journal, JournalSync, Phase, Plan, Report, Runner, RunnerBuilder};
use dojobber_benches::measure::median;

/// Measures journals and large reports
#[derive(Parser)]
struct Args {
    /// How many jobs the journaled runs have
    #[arg(long, default_value_t = 20_000)]
    jobs: usize,
    /// How many jobs the large report has
    #[arg(long, default_value_t = 1_000_000)]
    large: usize,
    /// How many samples
    #[arg(long, default_value_t = 5)]
    samples: usize,
    /// Where the files are written
    #[arg(long, default_value = "target")]
    dir: PathBuf,
}

fn main() -> Result<(), BoxError> {
    let args = Args::parse();
    journals(&args)?;
    reports(&args)
}

/// Each job is changed: a check, a run and a recheck, and the ends of these and of itself, which are 7 events.
fn plan(jobs: usize) -> Plan<'static> {
    let graph = (0..jobs).fold(Graph::new(), |graph, number| {
        graph.job(format!("job {number}")).check(|cx| cx.phase() == Phase::Recheck).run(|_| ())
    });
    graph.compile().expect("its names are different")
}

fn journals(args: &Args) -> Result<(), BoxError> {
    let plan = plan(args.jobs);
    let path = args.dir.join("bench.jsonl");
    for workers in [1, 2] {
        let runner = || Runner::builder().threads(workers);
        let (mut journaled, mut synced, mut events) = (Vec::new(), Vec::new(), 0);
        for _ in 0..args.samples {
            let (counted, plain) = counted(&plan, runner());
            events = counted;
            let per_event = |time: Duration| (time.saturating_sub(plain)).as_nanos() as f64 / counted as f64;
            journaled.push(per_event(written(&plan, runner(), &path, JournalSync::Never)?));
            synced.push(per_event(written(&plan, runner(), &path, JournalSync::Runs)?));
        }
        let [journaled, synced] = [journaled, synced].map(|values| median(values).unwrap_or_default());
        println!(
            "{workers} workers, {events} events: a journal takes {journaled:.0} ns an event, {synced:.0} ns with \
             JournalSync::Runs (no job has a cleanup)"
        );
    }
    Ok(())
}

/// How many events there are, and how long a run takes in which they are only counted.
fn counted(plan: &Plan<'_>, runner: RunnerBuilder) -> (usize, Duration) {
    let events = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&events);
    let runner = runner.on_event(move |_| _ = count.fetch_add(1, Ordering::Relaxed)).build();
    let start = Instant::now();
    let run = runner.run(plan, ());
    let time = start.elapsed();
    assert!(run.success());
    (events.load(Ordering::Relaxed), time)
}

fn written(
    plan: &Plan<'_>,
    runner: RunnerBuilder,
    path: &Path,
    sync: JournalSync,
) -> Result<Duration, BoxError> {
    let _ = fs::remove_file(path);
    let journal = Journal::create(path)?.sync(sync);
    let runner = runner.observer(journal).build();
    let start = Instant::now();
    let run = runner.run(plan, ());
    let time = start.elapsed();
    assert!(run.success() && Report::from_journal(path)?.is_complete());
    fs::remove_file(path)?;
    Ok(time)
}

fn reports(args: &Args) -> Result<(), BoxError> {
    let path = args.dir.join("bench.json");
    let report = Runner::builder().build().run(&plan(args.large), ()).into_report();
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..args.samples {
        let start = Instant::now();
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&path)?);
        serde_json::to_writer(&mut file, &report)?;
        file.flush()?;
        times[0].push(start.elapsed().as_secs_f64());

        let start = Instant::now();
        let read: Report = serde_json::from_str(&fs::read_to_string(&path)?)?;
        times[1].push(start.elapsed().as_secs_f64());

        let start = Instant::now();
        let since = read.since(&report);
        times[2].push(start.elapsed().as_secs_f64());
        assert!(since.is_empty());
    }
    let size = fs::metadata(&path)?.len() >> 20;
    let _: Report = serde_json::from_reader(BufReader::new(File::open(&path)?))?;
    fs::remove_file(&path)?;
    let [saved, read, since] = times.map(|values| median(values).unwrap_or_default());
    println!(
        "{} jobs, {size} MiB of JSON: saved in {saved:.2} s, read in {read:.2} s, compared in {since:.2} s; at most \
         {} of memory",
        args.large,
        peak().map_or("?".to_owned(), |mib| format!("{mib} MiB"))
    );
    Ok(())
}

/// The most memory that this process has had.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? >> 10)
}
