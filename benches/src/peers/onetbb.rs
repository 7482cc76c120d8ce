//! oneTBB's flow graph, in a child process per sample: the program `cpp/flow.cpp`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::contender::{Contender, Sample};
use super::timing::WARM_UP;
use crate::load::Load;

const SOURCE: &str = include_str!("../../cpp/flow.cpp");

/// Compiles the program into `dir`, unless that was done before, and returns its path.
///
/// # Errors
///
/// If there is no g++ or no oneTBB (Debian's `libtbb-dev`), or `dir` cannot be written to.
pub(super) fn compile(dir: &Path) -> Result<PathBuf, String> {
    let (source, program) = (dir.join("flow.cpp"), dir.join("flow"));
    let compiled = dir.join("flow.cpp.compiled");
    if program.exists() && fs::read_to_string(&compiled).is_ok_and(|text| text == SOURCE) {
        return Ok(program);
    }
    let io = |error: std::io::Error| format!("cannot write to {}: {error}", dir.display());
    fs::create_dir_all(dir).map_err(io)?;
    fs::write(&source, SOURCE).map_err(io)?;
    let output = Command::new("g++")
        .args(["-std=c++17", "-O3", "-Wall", "-Wextra", "-o"])
        .args([&program, &source])
        .arg("-ltbb")
        .output()
        .map_err(|error| format!("cannot start g++: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let reason = text.lines().find(|line| line.contains("error")).unwrap_or("g++ failed");
        return Err(reason.to_owned());
    }
    fs::rename(&source, &compiled).map_err(io)?;
    Ok(program)
}

#[derive(Debug)]
pub(super) struct OneTbb {
    program: PathBuf,
    threads: usize,
    edges: Edges,
    work: Nodes,
}

/// In which order edges are added, which decides where oneTBB goes on: see the program.
#[derive(Clone, Copy, Debug)]
pub(super) enum Edges {
    Forwards,
    Backwards,
}

/// What a node of the graph does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Nodes {
    /// The task alone.
    Plain,
    /// What this library does for a job whose check fails and whose recheck passes: see the program.
    Recorded,
}

impl OneTbb {
    pub(super) fn new(program: PathBuf, threads: usize, edges: Edges, work: Nodes) -> Self {
        Self { program, threads, edges, work }
    }
}

impl Contender for OneTbb {
    fn sample(&mut self, load: &Load) -> Option<Sample> {
        let trace = load.works.iter().find_map(|work| work.trace);
        let mut child = Command::new(&self.program)
            .args([self.threads.to_string(), load.rounds.to_string(), WARM_UP.as_millis().to_string()])
            .arg(match self.edges {
                Edges::Forwards => "forwards",
                Edges::Backwards => "backwards",
            })
            .arg(match self.work {
                Nodes::Plain => "plain",
                Nodes::Recorded => "recorded",
            })
            .args(trace.map(|_| "trace"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program was compiled");
        // it reads all before it writes: neither side waits for the other
        child.stdin.take().expect("is piped").write_all(&encoded(load)).expect("the program reads all");
        let output = child.wait_with_output().expect("the program runs");
        assert!(output.status.success(), "the program for oneTBB failed: {}", output.status);
        let text = String::from_utf8(output.stdout).expect("the program prints numbers");
        let mut lines = text.lines();
        if let Some(trace) = trace {
            numbers(lines.next_back()).for_each(|task| trace.mark(task as u32));
        }
        let mut times =
            numbers(lines.next()).map(|nanos| Duration::from_secs_f64(nanos * load.works.len() as f64 / 1e9));
        Some(Sample { build: times.next()?, run: times.next()? })
    }
}

/// What the program reads: see there.
fn encoded(load: &Load) -> Vec<u8> {
    let counts = [load.deps.tasks(), load.deps.flat().len() as u32];
    let nanos = load.works.iter().map(|work| work.nanos);
    let rows = load.deps.ends().iter().chain(load.deps.flat()).copied();
    counts.into_iter().chain(nanos).chain(rows).flat_map(u32::to_ne_bytes).collect()
}

fn numbers(line: Option<&str>) -> impl Iterator<Item = f64> {
    let words = line.unwrap_or_default().split_whitespace();
    words.map(|word| word.parse().expect("the program prints numbers"))
}
