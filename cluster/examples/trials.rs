//! trials SPOOL WORLD [KEY=VALUE ..]: units that fail in every way there is, for the tests of this crate.
//!
//! `jobs=N` jobs multiply a seed, on `slots=N` processes or with `engine=slurm`; each leaves a line in WORLD/log for what it
//! does. `JOB=HOW` lets one of them go wrong: `part3=abort`; `all=HOW` all of them.
#![expect(clippy::print_stdout, reason = "a program talks to its user")]

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dojobber::{CancelToken, Console, Context, Graph, Key, Result, Runner, ensure};
use dojobber_cluster::{Cluster, Place, Processes, Slurm, is_unit};

type Options = HashMap<String, String>;

const SEED: Key<u64> = Key::new("seed").portable();
const STAYS: Key<u64> = Key::new("seed");

fn part(at: usize) -> Key<u64> {
    Key::named(format!("part{at}")).portable()
}

/// A whole line, also if many write at once.
fn note(world: &Path, text: &str) {
    let line = format!("{text}\n");
    let log = OpenOptions::new().create(true).append(true).open(world.join("log"));
    log.and_then(|mut log| log.write_all(line.as_bytes())).expect("the log of the world can be written");
}

/// What goes wrong in the run of a job.
fn go_wrong(how: &str, cx: &Context, world: &Path) -> Result {
    let attempt = cx.attempt();
    match how {
        "error" => return Err("told to fail".into()),
        "once" if attempt == 1 => return Err("told to fail once".into()),
        "cause" => drop(fs::read("/nowhere")?),
        "panic" => panic!("told to panic"),
        "abort" => std::process::abort(),
        "exit" => std::process::exit(0),
        "exit3" => std::process::exit(3),
        "inner" => {
            let program = fs::read_to_string(world.join("inner"))?;
            cx.command(program).arg(world.join("squares")).current_dir("/").run()?;
        }
        "starts" => drop(cx.command("sleep").arg("600").run()?),
        "long" => std::thread::sleep(Duration::from_secs(600)),
        "says" => {
            cx.log("half of it is done");
            cx.progress(1, 2);
            while !world.join("go").exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
            cx.progress(2, 2);
        }
        "waits" => {
            while !world.join("go").exists() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        "hog" => {
            let mut memory: Vec<Vec<u8>> = Vec::new();
            for _ in 0..100 {
                memory.push(vec![1; 10 << 20]);
                std::thread::sleep(Duration::from_millis(100));
            }
            std::hint::black_box(&memory);
        }
        "diesonce" if attempt == 1 => {
            let me = std::process::id().to_string();
            std::process::Command::new("kill").args(["-9", &me]).status()?;
        }
        _ => {}
    }
    Ok(())
}

/// What each unit needs.
fn place(cluster: &Cluster, options: &Options) -> Place {
    let number = |key: &str| options.get(key).map(|value| value.parse().expect("a number"));
    let mut place = cluster.needs();
    if let Some(time) = number("time") {
        place = place.time(Duration::from_millis(time));
    }
    if let Some(memory) = number("mem") {
        place = place.memory_mb(memory);
    }
    if let Some(cpus) = number("cpus") {
        place = place.cpus(cpus as u32);
    }
    match options.get("option") {
        Some(option) => place.option(option),
        None => place,
    }
}

/// The engine that is asked for, and how it is used.
fn cluster(spool: &str, options: &Options) -> Result<Cluster> {
    let number = |key: &str, or: usize| options.get(key).map_or(Ok(or), |value| value.parse());
    let cluster = match options.get("engine").map(String::as_str) {
        Some("slurm") => {
            let mut slurm = Slurm::new()
                .survey_every(Duration::from_millis(300))
                .wait_for_records(Duration::from_secs(2), Duration::from_secs(2));
            if let Some(partition) = options.get("partition") {
                slurm = slurm.partition(partition);
            }
            let slurm = slurm.pilots(number("pilots", 0)?).pilot_workers(number("workers", 1)?);
            Cluster::new(slurm, spool)
        }
        _ => Cluster::new(Processes::new(number("slots", 4)?), spool),
    };
    let stuck = options.get("stuck").map(|time| time.parse().map(Duration::from_millis)).transpose()?;
    let salt = options.get("salt").map(|_| std::process::id());
    let is_there = options.contains_key("drythere") || options.contains_key("drytoo");
    Ok(cluster
        .agree_on(salt)
        .verbose(options.contains_key("verbose"))
        .max_in_flight(number("most", 500)?)
        .stuck_after(stuck)
        .dry_run_there(is_there))
}

fn graph<'a>(cluster: &'a Cluster, world: &'a Path, options: &'a Options) -> Graph<'a> {
    let number = |key: &str, or: u64| options.get(key).map_or(or, |value| value.parse().expect("a number"));
    let (jobs, pause) = (number("jobs", 3) as usize, Duration::from_millis(number("ms", 0)));
    let seed = if options.contains_key("stays") { STAYS } else { SEED };
    let mut graph = Graph::new().job(&seed).check_only(|_| Ok(10_u64));
    if options.contains_key("hostgraph") {
        graph = graph
            .job(format!("of {}", if is_unit() { "a unit" } else { "the coordinator" }))
            .run_only(|_| ());
    }
    for at in 0..jobs {
        let (name, file) = (format!("part{at}"), world.join(format!("done-{at}")));
        let how = options.get(&name).or(options.get("all")).cloned().unwrap_or_default();
        let (checked, cleaned) = (file.clone(), name.clone());
        graph = graph
            .job(part(at))
            .after(&seed)
            .on(place(cluster, options))
            .tries(number("tries", 1) as u32)
            .retry_delay(Duration::from_millis(1))
            .timeout(options.get("limit").map_or(Duration::MAX, |_| Duration::from_secs(number("limit", 0))))
            .cleanup(move |_| note(world, &format!("cleanup {cleaned}")))
            .check(move |_| Ok(fs::read_to_string(&checked)?.trim().parse::<u64>()?))
            .run(move |cx| {
                note(world, &format!("run {name}"));
                std::thread::sleep(pause);
                if how == "shared" {
                    cx.shared().set(Key::<u64>::new("x"), 1);
                }
                go_wrong(&how, cx, world)?;
                fs::write(&file, (cx.output(SEED)? * at as u64).to_string())?;
                note(world, &format!("ran {name}"));
                Ok(())
            });
    }
    if options.contains_key("nest") {
        let inner = Graph::new()
            .each(0..number("nest", 3), |graph, at| {
                graph.job(format!("{at}")).after(SEED).run_only(move |cx| {
                    note(world, &format!("run nest/{at}"));
                    ensure(
                        *cx.output(SEED)? == 10
                            && options.get("nestfails").is_none_or(|fails| *fails != at.to_string()),
                        "no",
                    )
                })
            })
            .job("last")
            .after("0")
            .check_only(|_| true);
        graph = graph.job("nest").on(cluster).nest(inner);
    }
    if let Some(length) = options.get("name") {
        // any characters, and many of them
        let name: String =
            "%a '\"\\$(x);\u{e9}/|@".chars().cycle().take(length.parse().expect("a number")).collect();
        graph = graph.job(name).on(place(cluster, options)).run_only(|_| ());
    }
    if options.contains_key("large") {
        let large: Key<String> = Key::new("large").portable();
        let length = number("large", 0) as usize;
        graph =
            graph.job(large.clone()).on(place(cluster, options)).run_only(move |_| Ok("x".repeat(length)));
        let read = large.clone();
        graph = graph
            .job("reads")
            .after(large)
            .on(place(cluster, options))
            .check_only(move |cx| Ok(cx.output(&read)?.len() == length));
    }
    graph.job("sum").after((0..jobs).map(part)).run_only(move |cx| {
        let mut sum = 0;
        for at in 0..jobs {
            sum += cx.output(part(at))?;
        }
        println!("sum {sum}");
        Ok(())
    })
}

fn main() -> Result {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [spool, world, rest @ ..] = &*words else {
        return Err("trials SPOOL WORLD [KEY=VALUE ..]".into());
    };
    let world = PathBuf::from(world);
    let options: Options = rest
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    if is_unit() && options.contains_key("elsewise") {
        println!("this program has something else to do");
        return Ok(());
    }
    let cluster = cluster(spool, &options)?;
    let is_dry = options.contains_key("dry") || options.contains_key("drythere") && is_unit();
    let plan = graph(&cluster, &world, &options).compile()?;
    let token = if options.contains_key("signals") { CancelToken::on_signals()? } else { CancelToken::new() };
    if options.contains_key("stops") && !is_unit() {
        let (token, world) = (token.clone(), world.clone());
        std::thread::spawn(move || {
            // as soon as the first run has begun
            while !world.join("log").exists() {
                std::thread::sleep(Duration::from_millis(2));
            }
            token.cancel();
        });
    }
    let threads = options.get("threads").map_or(Ok(2), |threads| threads.parse())?;
    let console = options.contains_key("lines").then(Console::lines);
    let runner = Runner::builder().threads(threads).dry_run(is_dry).cancel_token(&token).observer(console);
    let runner = runner.build();
    let run = cluster.run(&runner, &plan, ())?;
    if options.contains_key("twice") {
        cluster.run(&runner, &plan, ())?;
    }
    for job in run.jobs() {
        let error = job.error().map_or(String::new(), |error| format!(" {error:#}"));
        println!("{}: {} {}{error}", job.name(), job.status(), job.tries());
    }
    for (job, cleanup) in run.report().cleanup_failures() {
        let error = cleanup.error().map_or(String::new(), |error| format!("{error:#}"));
        println!("the cleanup of {} has failed: {error}", job.name());
    }
    println!(
        "nodes {}",
        run.jobs().flat_map(|job| job.phases()).filter(|phase| phase.node().is_some()).count()
    );
    Ok(())
}
