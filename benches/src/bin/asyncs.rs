//! What async jobs cost: jobs that sleep beside a `JoinSet`, many that are pending at once, jobs that never are beside
//! dagx and taski, and blocking ones beside async ones.

#![expect(clippy::print_stdout, reason = "the output of a program")]

use std::future::poll_fn;
use std::sync::Mutex;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use clap::Parser;
use dojobber::{Graph, Plan, Runner};
use dojobber_benches::machine;
use dojobber_benches::measure::median;
use dojobber_benches::plans::names;
use dojobber_benches::table::{Table, number};
use tokio::task::JoinSet;
use turns::{Timed, current_thread, in_turns, timed};

#[path = "asyncs/turns.rs"]
mod turns;

#[path = "asyncs/empty.rs"]
mod empty;

#[path = "asyncs/beside.rs"]
mod beside;

/// Measures what async jobs cost.
#[derive(Parser)]
struct Args {
    /// How many times everything is done, in turns
    #[arg(long, default_value_t = 9)]
    turns: usize,
    /// What is measured [default: all]
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["empty", "sleeps", "pending", "beside"], hide_default_value = true)]
    what: Vec<What>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// Jobs that are never pending
    Empty,
    /// 10,000 jobs that sleep for 100 ms
    Sleeps,
    /// 100,000 jobs that are pending at once
    Pending,
    /// Blocking jobs, alone and beside async ones
    Beside,
}

fn main() {
    let args = Args::parse();
    println!("{}", machine::description());
    for what in &args.what {
        println!(
            "\n{}",
            match what {
                What::Empty => empty::table(args.turns),
                What::Sleeps => sleeps(args.turns),
                What::Pending => pending(args.turns),
                What::Beside => beside::table(args.turns),
            }
        );
    }
}

const SLEEPERS: u32 = 10_000;
const SLEEP: Duration = Duration::from_millis(100);

fn sleeps(turns: usize) -> Table {
    let ours = |tokio: bool| {
        let runner = Runner::builder().threads(1).max_in_flight(SLEEPERS as usize).build();
        let make = move || {
            let mut graph = Graph::new();
            for name in names(SLEEPERS) {
                let job = graph.job(name);
                graph = match tokio {
                    true => job.run_only_async(async |_| tokio::time::sleep(SLEEP).await),
                    false => job.run_only_async(async |cx| cx.sleep_async(SLEEP).await),
                };
            }
            graph.compile().expect("jobs without dependencies are a sound graph")
        };
        move || timed(|| assert!(runner.run(&make(), ()).success(), "jobs that sleep succeed"))
    };
    let joined = || {
        timed(|| {
            current_thread().block_on(async {
                let mut set = JoinSet::new();
                for _ in 0..SLEEPERS {
                    set.spawn(tokio::time::sleep(SLEEP));
                }
                while set.join_next().await.is_some() {}
            });
        })
    };
    let mut table = Table::new(["10,000 that sleep for 100 ms, made and run", "ms", "to JoinSet", "", ""]);
    let mut all: [Timed<'_>; 3] = [
        ("JoinSet", Box::new(joined)),
        ("dojobber, tokio", Box::new(ours(true))),
        ("dojobber, sleep_async", Box::new(ours(false))),
    ];
    in_turns(turns, 1e3, &mut all, &mut table, "one thread");
    table
}

const PENDING: usize = 100_000;

/// Where all of them wait until the last one has come.
#[derive(Default)]
struct Gate {
    waiting: Vec<Waker>,
    opened: Option<(Instant, u64)>,
}

/// Jobs that wait until all of them do.
fn gated(gate: &Mutex<Gate>) -> Plan<'_> {
    let mut graph = Graph::new();
    for name in names(PENDING as u32) {
        graph = graph.job(name).run_only_async(move |_| {
            poll_fn(move |task| {
                let mut inside = gate.lock().expect("nobody panics");
                if inside.opened.is_some() {
                    return Poll::Ready(());
                }
                inside.waiting.push(task.waker().clone());
                if inside.waiting.len() < PENDING {
                    return Poll::Pending;
                }
                inside.opened = Some((Instant::now(), resident()));
                let all = std::mem::take(&mut inside.waiting);
                drop(inside);
                all.into_iter().for_each(Waker::wake);
                Poll::Ready(())
            })
        });
    }
    graph.compile().expect("jobs without dependencies are a sound graph")
}

fn pending(turns: usize) -> Table {
    let runner = Runner::builder().threads(1).max_in_flight(PENDING).build();
    let gate = Mutex::new(Gate { waiting: Vec::with_capacity(PENDING), opened: None });
    let plan = gated(&gate);
    let (mut bytes, mut begun, mut woken) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..turns {
        *gate.lock().expect("nobody panics") = Gate { waiting: Vec::with_capacity(PENDING), opened: None };
        let (before, start) = (resident(), Instant::now());
        let run = runner.run(&plan, ());
        let end = Instant::now();
        assert!(run.success(), "all of them come through the gate");
        let (opened, resident) = gate.lock().expect("nobody panics").opened.expect("it was opened");
        let each = |time: Duration| time.as_nanos() as f64 / PENDING as f64;
        bytes.push(resident.saturating_sub(before) as f64 / PENDING as f64);
        begun.push(each(opened - start));
        woken.push(each(end - opened));
    }
    let mut table = Table::new(["100,000 pending at once, one worker", "each"]);
    table.push(["bytes, in the first turn".to_owned(), number(bytes.first().copied())]);
    table.push(["ns to begin and to become pending".to_owned(), number(median(begun))]);
    table.push(["ns to be woken and to end".to_owned(), number(median(woken))]);
    table
}

/// How much memory this process has just now, in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    4096 * pages.unwrap_or(0)
}
