//! What the fuzz targets check: each takes any bytes at all, and panics if something is wrong.

// what the tests of pictures check, on graphs that come from anywhere
#[path = "../../viz/tests/it/any.rs"]
mod any;
mod graphs;
#[expect(dead_code, reason = "some of it only other tests need")]
#[path = "../../viz/tests/it/picture.rs"]
mod picture;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::testkit::{Fault, Faults, Script, ScriptedWorld, Simulation, Sketch, judge_simulated};
use dojobber::{Event, Observer, Report, Run, Runner, Status, StopLevel, judge};
use dojobber_viz::Picture;

/// Builds a graph, mistakes included, and compiles it.
pub fn compile(bytes: &[u8]) {
    let (graph, names) = graphs::any(bytes);
    let plan = match graph.compile() {
        Ok(plan) => plan,
        Err(errors) => return assert!(errors.to_string().lines().count() > 0),
    };
    assert_eq!(plan.len(), names.len());
    let run = Simulation::new(0).run(&plan, ());
    assert!(run.success(), "{run:?}");
    for (name, job) in names.iter().zip(run.jobs()) {
        assert_eq!(job.name(), name);
        assert!(!plan.depends(name, name), "`{name}` depends on itself");
        let part = plan.select(name).expect("the job is there");
        assert!(part.names().all(|on| on == name || plan.depends(name, on)), "{part:?}");
    }
}

/// Runs a scripted graph in simulation, with faults, and on threads: both come to the same, and the judge accepts all.
pub fn simulate(bytes: &[u8]) {
    let (head, script) = bytes.split_at(bytes.len().min(3));
    let number = |at: usize| head.get(at).copied().unwrap_or(0);
    let (seed, workers, chance) =
        (number(0).into(), usize::from(number(1) % 6), f64::from(number(2) % 64) / 100.0);
    let mut script = Script::from_bytes(script);
    script.jobs.iter_mut().for_each(|job| job.sketch.retry_delay = Duration::ZERO); // real threads would wait
    let all = [Fault::Error, Fault::Panic, Fault::ErrorAfter, Fault::Nothing, Fault::Lie];
    let faults = Faults::none().randomly(chance, all);
    let simulate = |faults: &Faults| {
        let (world, trace) = (script.world(), Arc::new(Trace::default()));
        let plan = world.plan();
        let simulation = Simulation::new(seed).workers(workers).faults(faults.clone());
        let run = simulation.observer(Arc::clone(&trace)).run(&plan, ());
        let trace = trace.0.lock().unwrap();
        assert_eq!((judge(&plan, &trace), judge_simulated(&plan, &trace)), (Ok(()), Ok(())));
        essence(&world, &run)
    };
    let simulated = simulate(&faults);
    let stops = [StopLevel::Drain, StopLevel::Cancel, StopLevel::Kill].map(Fault::Stop);
    simulate(&Faults::none().randomly(chance / 4.0, stops));

    let (real, trace) = (script.world(), Arc::new(Trace::default()));
    let (plan, threads) = (real.plan(), 1 + workers / 2);
    let runner = Runner::builder().threads(threads).observer(Arc::clone(&trace)).build();
    let run = faults.run_on(&runner, seed, &plan, ());
    assert_eq!(simulated, essence(&real, &run));
    assert_eq!(judge(&plan, &trace.0.lock().unwrap()), Ok(()));
}

/// Reads a report: the bytes themselves, and a good one in which they are patched over something.
pub fn report(bytes: &[u8]) {
    read(bytes);
    let world = Script::from_bytes(&bytes[bytes.len() / 2..]).world();
    let run = Simulation::new(bytes.len() as u64).run(&world.plan(), ());
    let mut saved = serde_json::to_vec(run.report()).expect("a report can be saved");
    assert_eq!(read(&saved).as_ref(), Some(run.report()));
    for patch in bytes.chunks_exact(3).take(8) {
        let at = usize::from(u16::from_le_bytes([patch[0], patch[1]])) % saved.len();
        saved[at] = patch[2];
    }
    read(&saved);
}

/// Reads a report, if it is one; then it can be shown, and saved again.
fn read(bytes: &[u8]) -> Option<Report> {
    let report: Report = serde_json::from_slice(bytes).ok()?;
    assert!(!report.to_string().is_empty());
    for job in report.jobs() {
        let causes = report.root_causes(job.name());
        assert!(job.status() == Status::Blocked || causes.is_empty());
        assert!(job.phases().iter().all(|record| record.start() <= record.end()));
    }
    let saved = serde_json::to_vec(&report).expect("a report can be saved");
    let again: Report = serde_json::from_slice(&saved).expect("what was saved can be read");
    assert_eq!(again, report);
    Some(report)
}

/// Draws any graph, cycles and odd names included, in all ways.
pub fn scene(bytes: &[u8]) {
    any::check(bytes);
}

/// Draws a graph, with a report and without.
pub fn draw(bytes: &[u8]) {
    let (first, rest) = bytes.split_at(bytes.len().min(1));
    let dry_run = first.first().is_some_and(|byte| byte % 2 == 1);
    let world = Script::from_bytes(rest).world();
    let plan = world.plan();
    let run = Simulation::new(0).dry_run(dry_run).run(&plan, ());
    for picture in [Picture::of(&plan), Picture::of(&plan).with(&run), Picture::from_report(&run)] {
        let (svg, dot) = (picture.to_svg(), picture.to_dot());
        assert!(svg.starts_with('<') && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(plan.is_empty() || dot.contains(&Sketch::name(0)), "{dot}");
        assert_eq!((svg, dot), (picture.to_svg(), picture.to_dot()));
    }
}

type Essence = (Vec<(Status, u32, Option<String>)>, Vec<[u32; 3]>);

/// The facts about a run that must not depend on how it was executed.
fn essence(world: &ScriptedWorld, run: &Run<'_>) -> Essence {
    let job =
        |job: dojobber::JobReport<'_>| (job.status(), job.tries(), job.error().map(ToString::to_string));
    (run.jobs().map(job).collect(), world.calls())
}

#[derive(Default)]
struct Trace(Mutex<Vec<Event>>);

impl Observer for Trace {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}
