//! What units elsewhere cost: the coordinator alone, processes of this machine, arrays and pilots of Slurm, and nests beside
//! plain jobs of Slurm's. Each row is a process of its own, since a program has one `cluster.run`.

#![expect(clippy::print_stdout, reason = "the output of a program")]

use std::fs;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use dojobber::{BoxError, Graph, Plan, Runner};
use dojobber_cluster::{
    Batch, Cluster, Engine, Patience, Processes, RunSpot, Seen, Slurm, State, SubmitError, Tag, is_unit,
};

/// Measures units that are executed elsewhere
#[derive(Parser, Clone)]
struct Args {
    /// One row alone
    #[arg(long)]
    row: Option<Row>,
    /// How many units the row has
    #[arg(long, default_value_t = 1000)]
    units: usize,
    /// How many jobs each nest has
    #[arg(long, default_value_t = 1000)]
    jobs: usize,
    /// How long each job of a nest lasts, in microseconds
    #[arg(long, default_value_t = 1000)]
    micros: u64,
    /// Also the rows that need a Slurm: `cargo xtask slurm -- ..` brings one up
    #[arg(long)]
    slurm: bool,
    /// A folder for spools
    #[arg(long)]
    spool: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Row {
    /// The coordinator, with records that another process writes
    Coordinator,
    Processes,
    Arrays,
    Pilots,
    Nests,
    /// Plain jobs of Slurm's that do what the nests do
    Bare,
    /// That other process
    #[value(hide = true)]
    Farm,
    /// One such plain job
    #[value(hide = true)]
    Work,
}

fn main() -> Result<(), BoxError> {
    let args = Args::parse();
    match args.row {
        Some(Row::Farm) => farm(),
        Some(Row::Work) => {
            (0..args.jobs).for_each(|_| spin(args.micros));
            Ok(())
        }
        Some(Row::Bare) => bare(&args),
        Some(row) => measure(row, &args),
        None => all(&args),
    }
}

/// Each row in turn.
fn all(args: &Args) -> Result<(), BoxError> {
    let folder =
        args.spool.clone().unwrap_or_else(std::env::temp_dir).join(format!("units-{}", std::process::id()));
    let row = |row: Row, units: usize| -> Result<(), BoxError> {
        fs::create_dir_all(&folder)?;
        let name = row.to_possible_value().ok_or("no row is hidden here")?.get_name().to_owned();
        let mut child = Command::new(std::env::current_exe()?);
        child.args(["--row", &name, "--units", &units.to_string(), "--jobs", &args.jobs.to_string()]);
        child.args(["--micros", &args.micros.to_string()]).arg("--spool").arg(&folder);
        let is_good = child.status()?.success();
        fs::remove_dir_all(&folder)?;
        if is_good { Ok(()) } else { Err(format!("{name} has failed").into()) }
    };
    row(Row::Coordinator, 10_000)?;
    row(Row::Processes, 1000)?;
    row(Row::Processes, 5000)?;
    if args.slurm {
        row(Row::Pilots, 1000)?;
        row(Row::Arrays, 1000)?;
        row(Row::Nests, 100)?;
        row(Row::Bare, 100)?;
    }
    Ok(())
}

fn measure(row: Row, args: &Args) -> Result<(), BoxError> {
    let spool = args.spool.as_ref().ok_or("a row needs --spool")?.join("spool");
    let often = Duration::from_millis(300);
    let cluster = match row {
        Row::Coordinator => Cluster::new(Farm::start()?, spool),
        Row::Processes => Cluster::new(Processes::new(2), spool),
        Row::Pilots => Cluster::new(Slurm::new().survey_every(often).pilots(3).pilot_workers(2), spool),
        // on nodes of 6 processors six units at once, as the pilots have
        Row::Arrays => Cluster::new(Slurm::new().survey_every(often).option("--cpus-per-task=3"), spool),
        _ => Cluster::new(Slurm::new().survey_every(often), spool),
    };
    let cluster = if row == Row::Processes { cluster } else { cluster.max_in_flight(10_000) };
    let plan = plan(row, args, &cluster)?;
    let start = Instant::now();
    let run = cluster.run(&Runner::builder().threads(1).build(), &plan, ())?;
    let time = start.elapsed();
    let done = run.jobs().filter(|job| job.status().is_done()).count();
    assert_eq!(done, plan.graph().len(), "{}", run.report());
    tell(row, args.units, time, &format!("{done} jobs in the report"));
    Ok(())
}

fn plan(row: Row, args: &Args, cluster: &Cluster) -> Result<Plan<'static>, BoxError> {
    let micros = args.micros;
    let graph = (0..args.units).fold(Graph::new(), |graph, unit| {
        if row != Row::Nests {
            return graph.job(format!("unit {unit}")).on(cluster).run_only(|_| ());
        }
        let nest = (0..args.jobs)
            .fold(Graph::new(), |nest, job| nest.job(format!("{job}")).run_only(move |_| spin(micros)));
        graph.job(format!("nest {unit}")).on(cluster).nest(nest)
    });
    Ok(graph.compile()?)
}

fn spin(micros: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(micros) {
        std::hint::spin_loop();
    }
}

/// As many plain jobs of Slurm's as there are nests, each submitted by itself.
fn bare(args: &Args) -> Result<(), BoxError> {
    let program = std::env::current_exe()?;
    let work = format!("{} --row work --jobs {} --micros {}", program.display(), args.jobs, args.micros);
    let start = Instant::now();
    for _ in 0..args.units {
        let sbatch = Command::new("sbatch")
            .args(["--output=/dev/null", "--job-name=bare", "--wrap", &work])
            .output()?;
        assert!(sbatch.status.success(), "{}", String::from_utf8_lossy(&sbatch.stderr));
    }
    loop {
        let queue = Command::new("squeue").args(["--noheader", "--name=bare", "--format=%T"]).output()?;
        if queue.status.success() && queue.stdout.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    tell(Row::Bare, args.units, start.elapsed(), "");
    Ok(())
}

/// A row: its time, what the coordinator had of a processor, and its memory.
fn tell(row: Row, units: usize, time: Duration, more: &str) {
    let each = |time: Duration| time.as_secs_f64() * 1e3 / units as f64;
    let [own, children] = processor_times().unwrap_or_default();
    let memory = peak_memory().unwrap_or_default();
    println!(
        "{row:?}: {units} units in {:.2} s, {:.2} ms each; of a processor each: {:.3} ms the coordinator, {:.3} ms what it \
         has started; {memory} MiB; {more}",
        time.as_secs_f64(),
        each(time),
        each(own),
        each(children),
    );
}

/// What this process has had of processors, and what others that it has started and waited for, to 10 ms.
fn processor_times() -> Option<[Duration; 2]> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let time = |at: usize| -> Option<Duration> {
        let ticks = fields.get(at)?.parse::<u64>().ok()? + fields.get(at + 1)?.parse::<u64>().ok()?;
        Some(Duration::from_millis(ticks * 10))
    };
    Some([time(11)?, time(13)?])
}

fn peak_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? / 1024)
}

/// An engine whose units another process pretends to execute.
struct Farm {
    child: Mutex<Child>,
    known: Arc<Mutex<Vec<Tag>>>,
}

impl Farm {
    fn start() -> Result<Self, BoxError> {
        let mut farm = Command::new(std::env::current_exe()?);
        farm.args(["--row", "farm"]).stdin(Stdio::piped());
        assert!(!is_unit(), "no unit is a process here");
        Ok(Farm { child: Mutex::new(farm.spawn()?), known: Arc::default() })
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(child.stdin.take());
        let _ = child.wait();
    }
}

impl Engine for Farm {
    fn name(&self) -> &str {
        "a farm"
    }

    fn batch_limit(&self) -> usize {
        1000
    }

    fn submit(&self, batch: &Batch<'_>) -> Result<(), SubmitError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend((0..batch.units).map(|index| batch.tag(index)));
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let pipe = child.stdin.as_mut().ok_or_else(|| SubmitError::Refused("it is closed".to_owned()))?;
        writeln!(pipe, "{} {} {}", batch.batch, batch.units, batch.run.folder.display())
            .map_err(|error| SubmitError::Refused(error.to_string()))
    }

    fn survey(&self, _: &RunSpot<'_>) -> Result<Vec<Seen>, String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let state = || State::Running { node: "n1".to_owned() };
        Ok(known
            .iter()
            .map(|tag| Seen { tag: tag.clone(), ticket: tag.to_string(), state: state() })
            .collect())
    }

    fn cancel(&self, _: &RunSpot<'_>, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn patience(&self) -> Patience {
        let (collect, survey) = (Duration::from_millis(100), Duration::from_secs(1));
        Patience { collect, survey, record: Duration::from_secs(60), killed: Duration::from_secs(60) }
    }
}

/// Writes records for units as they would themselves: a run that has done nothing.
fn farm() -> Result<(), BoxError> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().ok_or("a batch is torn");
        let (batch, units, folder) = (word()?, word()?.parse::<u32>()?, Path::new(word()?));
        for index in 0..units {
            let tag = format!("b{batch}.{index}");
            let order: serde_json::Value =
                serde_json::from_slice(&fs::read(folder.join("order").join(&tag))?)?;
            let (job, attempt) = (&order["jobs"][0], &order["attempt"]);
            let phase = format!(r#"{{"attempt":{attempt},"phase":"run","start_ns":0,"length_ns":1000}}"#);
            let record = format!(
                r#"{{"dojobber_record":1,"tag":"{tag}","node":"n1","jobs":[{{"job":{job},"status":"changed","phases":[{phase}]}}],"end":true}}"#
            );
            fs::write(folder.join("out").join(format!("{job}.{attempt}")), record)?;
            fs::write(folder.join("new").join(format!("{job}.{attempt}")), "")?;
        }
    }
    Ok(())
}
