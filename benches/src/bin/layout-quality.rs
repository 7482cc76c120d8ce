//! Draws the suite with the layout of `dojobber-viz` and with an installed `dot`, and prints what was counted.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use dojobber_benches::quality::metrics::{Metrics, measure, measure_nodes};
use dojobber_benches::quality::picture::Picture;
use dojobber_benches::quality::suite::{self, Sample};
use dojobber_viz::scene::{Scene, SceneNode, Status};
use dojobber_viz::{layout, svg};

/// Compare our pictures with those of an installed `dot`, by what can be counted in the finished SVG
///
/// cross: pairs of edges that share no node and cross; sibl: those that share one and cross away from it; thru: edges
/// through a foreign node; over: pairs of nodes that overlap. The last three columns are ratios to `dot`, which gets
/// the same nodes with the same sizes. Where it takes very long it has a minute, and where nearly all edges meet, crossings
/// are not counted.
#[derive(Parser)]
#[command(name = "cargo xtask layout-quality")]
struct Arguments {
    /// Only graphs whose names contain one of these, or are one of them after a `=` [default: all]
    names: Vec<String>,
    /// Do without `dot`
    #[arg(long)]
    no_dot: bool,
    /// Leave out the graph of 10,000 nodes, on which `dot` takes minutes, and have `dot` draw only what is checked
    #[arg(long)]
    quick: bool,
    /// Fail unless the pictures are as good as they must be: no overlaps, and where crossings are counted, no edges through
    /// nodes; crossings at most 1.05 times those of `dot` where it is compared with, and 0.95 in the mean; none in the movie
    #[arg(long)]
    check: bool,
    /// Draw the packages of this lock file of cargo, too
    #[arg(long, value_name = "Cargo.lock")]
    lock: Option<PathBuf>,
    /// Keep the pictures in this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// More bytes of SVG for each edge are a mistake.
const MOST_BYTES: usize = 1024;
/// So are pictures of another shape than this.
const PAGE: std::ops::RangeInclusive<f64> = 1.0 / 3.0..=3.0;
/// How long `dot` has where it need not be compared with.
const LIMIT: Duration = Duration::from_secs(60);

/// The results for one graph.
struct Line {
    name: String,
    ours: Metrics,
    /// How many bytes of SVG there are for each edge.
    bytes: usize,
    aspect: f64,
    is_page: bool,
    dot: Option<Metrics>,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    let has_dot = Command::new("dot").arg("-V").stderr(Stdio::null()).status().is_ok();
    if !has_dot && !arguments.no_dot {
        assert!(std::env::var_os("CI").is_none(), "CI must have Graphviz");
        println!("there is no program `dot` (Graphviz) to compare with");
        arguments.no_dot = true;
    }
    println!(
        "{:<16} {:>13} | {:>9} {:>5} {:>4} {:>4} {:>9} {:>9} {:>6} {:>6} | {:>9} {:>5} {:>4} {:>9} {:>9} | {:>6} {:>6} {:>6}",
        "graph",
        "nodes/edges",
        "cross",
        "sibl",
        "thru",
        "over",
        "length",
        "ms",
        "b/edge",
        "w/h",
        "dot cross",
        "thru",
        "over",
        "length",
        "ms",
        "cross",
        "length",
        "time"
    );
    let lock = arguments.lock.as_ref().map(|lock| {
        suite::crates("lock file", &std::fs::read_to_string(lock).expect("the lock file can be read"))
    });
    let wanted = suite::all().into_iter().filter(|sample| arguments.wants(sample)).chain(lock);
    let lines: Vec<Line> = wanted.map(|sample| report(&sample, &arguments)).collect();
    let mean = mean(&lines);
    if let Some((mean, graphs)) = mean {
        println!("geometric mean of crossings to dot over {graphs} graphs: {mean:.3}");
    }
    let complaints = complaints(&lines, mean.map(|mean| mean.0));
    if arguments.check && !complaints.is_empty() {
        complaints.iter().for_each(|complaint| eprintln!("error: {complaint}"));
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

impl Arguments {
    fn wants(&self, sample: &Sample) -> bool {
        let is_meant = |part: &String| match part.strip_prefix('=') {
            Some(whole) => sample.name == whole,
            None => sample.name.contains(part.as_str()),
        };
        let is_slow = sample.compared && sample.nodes.len() >= 10_000;
        (self.names.is_empty() || self.names.iter().any(is_meant)) && !(self.quick && is_slow)
    }

    fn has_dot_draw(&self, sample: &Sample) -> bool {
        !self.no_dot && (sample.compared || !self.quick)
    }

    fn keep(&self, name: &str, svg: &str) {
        if let Some(out) = &self.out {
            std::fs::create_dir_all(out).expect("the directory can be made");
            std::fs::write(out.join(name), svg).expect("the picture can be written");
        }
    }
}

/// The geometric mean of the ratios of crossings, where there are any, and over how many graphs.
fn mean(lines: &[Line]) -> Option<(f64, usize)> {
    let logs: Vec<f64> = lines
        .iter()
        .filter_map(|line| Some((line.ours.crossings, line.dot?.crossings)))
        .filter(|(ours, dot)| *ours > 0 && *dot > 0)
        .map(|(ours, dot)| (ours as f64 / dot as f64).ln())
        .collect();
    (!logs.is_empty()).then(|| ((logs.iter().sum::<f64>() / logs.len() as f64).exp(), logs.len()))
}

fn complaints(lines: &[Line], mean: Option<f64>) -> Vec<String> {
    let mut complaints = Vec::new();
    for Line { name, ours, bytes, aspect, is_page, dot } in lines {
        let mut say = |is_wrong: bool, what: String| {
            if is_wrong {
                complaints.push(format!("{name}: {what}"));
            }
        };
        say(ours.overlaps > 0, format!("{} nodes overlap", ours.overlaps));
        say(ours.through > 0, format!("{} edges go through foreign nodes", ours.through));
        say(*bytes > MOST_BYTES, format!("{bytes} bytes an edge"));
        say(*is_page && !PAGE.contains(aspect), format!("{aspect:.2} times wider than high"));
        say(name == "movie" && ours.sibling_crossings > 0, "edges that share a node cross".to_owned());
        if let Some(dot) = dot {
            let is_worse = ours.crossings as f64 > 1.05 * dot.crossings as f64;
            say(is_worse, format!("{} crossings, dot has {}", ours.crossings, dot.crossings));
        }
    }
    if let Some(mean) = mean.filter(|mean| *mean > 0.95) {
        complaints.push(format!("crossings are {mean:.3} times those of dot in the mean"));
    }
    complaints
}

/// Draws a graph and prints its line.
fn report(sample: &Sample, arguments: &Arguments) -> Line {
    let file = sample.name.replace([' ', '#'], "");
    let (ours, our_time) = timed(|| draw(sample));
    arguments.keep(&format!("{file}.svg"), &ours);
    let (bytes, aspect) = (ours.len() / sample.edges.len().max(1), aspect(&ours));
    let picture = || Picture::read(&ours).expect("our own SVG is readable");
    let has_boxes = sample.scene.as_ref().is_some_and(|scene| scene.boxes().contains(&true));
    let ours = match (sample.counted, has_boxes) {
        (true, _) => measure(&picture()),
        (false, false) => measure_nodes(&picture()),
        // edges of boxes end where there is no node
        (false, true) => Metrics::default(),
    };
    let counts = format!("{}/{}", sample.nodes.len(), sample.edges.len());
    let mut line = format!(
        "{:<16} {:>13} | {:>9} {:>5} {:>4} {:>4} {:>9.0} {:>9.1} {:>6} {:>6.2}",
        sample.name,
        counts,
        ours.crossings,
        ours.sibling_crossings,
        ours.through,
        ours.overlaps,
        ours.length,
        milliseconds(our_time),
        bytes,
        aspect
    );
    let dot = (arguments.has_dot_draw(sample)).then(|| {
        let (theirs, their_time) = timed(|| run_dot(sample));
        let theirs = theirs.inspect(|svg| arguments.keep(&format!("{file}.dot.svg"), svg));
        let counted = theirs.as_ref().filter(|_| sample.counted);
        let counted = counted.map(|svg| measure(&Picture::read(svg).expect("the SVG of dot is readable")));
        let _ = match counted {
            Some(theirs) => write!(line, "{}", compared(ours, our_time, theirs, their_time)),
            None => write!(line, "{}", only_timed(theirs.is_some(), our_time, their_time)),
        };
        counted.filter(|_| sample.compared)
    });
    println!("{line}");
    Line { name: sample.name.clone(), ours, bytes, aspect, is_page: sample.is_page, dot: dot.flatten() }
}

/// How many times wider than high a picture is.
fn aspect(svg: &str) -> f64 {
    let number = |name: &str| {
        let (_, rest) = svg.split_once(&format!(" {name}=\""))?;
        rest.split('"').next()?.parse::<f64>().ok()
    };
    number("width").zip(number("height")).map_or(0.0, |(width, height)| width / height)
}

fn compared(ours: Metrics, our_time: Duration, theirs: Metrics, their_time: Duration) -> String {
    format!(
        " | {:>9} {:>5} {:>4} {:>9.0} {:>9.1} | {:>6.3} {:>6.3} {:>6.4}",
        theirs.crossings,
        theirs.through,
        theirs.overlaps,
        theirs.length,
        milliseconds(their_time),
        ours.crossings as f64 / theirs.crossings.max(1) as f64,
        ours.length / theirs.length,
        our_time.as_secs_f64() / their_time.as_secs_f64()
    )
}

/// Where crossings are not counted, or `dot` was not ready in time.
fn only_timed(is_there: bool, our_time: Duration, their_time: Duration) -> String {
    let (more, their_time) = (if is_there { "" } else { "> " }, milliseconds(their_time));
    let ratio = milliseconds(our_time) / their_time;
    let time = format!("{more}{their_time:.0}");
    format!(" | {:>9} {:>5} {:>4} {:>9} {time:>9} | {:>6} {:>6} {ratio:>6.4}", "-", "-", "-", "-", "-", "-")
}

fn milliseconds(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn draw(sample: &Sample) -> String {
    let scene = scene(sample);
    let layout = layout::layout(&scene.to_layout_graph(), &layout::Options::default());
    svg::write(&scene, &layout, &svg::Options::default())
}

/// The sample with a mixture of statuses.
fn scene(sample: &Sample) -> Scene {
    let status = |node: usize| match (sample.name.as_str(), sample.nodes[node].as_str()) {
        ("movie", "WatchMovie" | "StartMovie") => Status::Blocked,
        ("movie", "TurnOnTV" | "SitOnCouch") => Status::Failed,
        (
            "movie",
            "FriendsArrive" | "InviteFriends" | "DetermineDetails" | "ValidateMovie" | "PrepareRoom",
        ) => Status::Satisfied,
        ("movie", "FindTVRemote" | "InsertDVD" | "Food") => Status::Satisfied,
        ("movie", _) => Status::Changed,
        _ => Status::ALL[node % Status::ALL.len()],
    };
    if let Some(scene) = &sample.scene {
        return scene.clone();
    }
    let node = |node: usize| SceneNode::new(sample.nodes[node].clone()).with_status(status(node));
    Scene {
        nodes: (0..sample.nodes.len()).map(node).collect(),
        edges: sample.edges.clone(),
        ..Scene::default()
    }
}

/// The SVG of an installed `dot` for the same graph with the same sizes; none if it was not ready in time.
fn run_dot(sample: &Sample) -> Option<String> {
    let mut child = Command::new("dot")
        .arg("-Tsvg")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("dot is installed (the package graphviz)");
    let mut input = child.stdin.take().expect("standard input is piped");
    let mut output = child.stdout.take().expect("standard output is piped");
    let has_boxes = sample.scene.as_ref().filter(|scene| scene.boxes().contains(&true));
    let text = match has_boxes {
        Some(scene) => dojobber_viz::dot::write(scene, layout::Direction::Down),
        None => dot_text(sample),
    };
    // one that is killed reads no more
    let writer = std::thread::spawn(move || drop(input.write_all(text.as_bytes())));
    let reader = std::thread::spawn(move || {
        let mut svg = String::new();
        output.read_to_string(&mut svg).map(|_| svg)
    });
    let start = Instant::now();
    let is_late = || !sample.compared && start.elapsed() > LIMIT;
    while child.try_wait().expect("dot can be waited for").is_none() && !is_late() {
        std::thread::sleep(Duration::from_millis(if start.elapsed() < LIMIT / 60 { 1 } else { 20 }));
    }
    let _ = child.kill();
    let is_done = child.wait().expect("dot ends").success();
    writer.join().expect("the writer does not panic");
    let svg = reader.join().expect("the reader does not panic").expect("SVG is UTF-8");
    is_done.then_some(svg)
}

fn dot_text(sample: &Sample) -> String {
    let mut text = String::from("digraph {\nnode [fixedsize=true]\nranksep=0.5\nnodesep=0.25\n");
    for (name, size) in sample.nodes.iter().zip(scene(sample).to_layout_graph().sizes) {
        let _ = writeln!(text, "\"{name}\" [width={} height={}]", size.width / 72.0, size.height / 72.0);
    }
    for &(a, b) in &sample.edges {
        let _ = writeln!(text, "\"{}\" -> \"{}\"", sample.nodes[a], sample.nodes[b]);
    }
    text.push_str("}\n");
    text
}
