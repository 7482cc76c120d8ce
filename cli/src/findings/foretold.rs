//! What a plan names is what a run then changes: random graphs whose runs do what their checks want.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dojobber::{DryRun, Graph, Kind, Plan, Report, Runner, Status, ensure};

use super::findings;

/// Random numbers that are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// What one job of a random graph is like.
struct Sketch {
    kind: Kind,
    after: Vec<usize>,
    /// Whether its run undoes what the jobs behind it have done before: a new archive has other sums.
    undoes: bool,
}

fn sketches(dice: &mut Dice, undoing: bool) -> Vec<Sketch> {
    let kinds = [Kind::Job, Kind::Job, Kind::Job, Kind::RunOnly, Kind::CheckOnly, Kind::Group];
    let jobs = 1 + dice.roll(12);
    let sketch = |at: usize, dice: &mut Dice| Sketch {
        kind: kinds[dice.roll(kinds.len())],
        after: (0..at).filter(|_| dice.roll(at) < 2).collect(),
        undoes: undoing && dice.roll(3) == 0,
    };
    (0..jobs).map(|at| sketch(at, dice)).collect()
}

/// The graph, on a world in which each job has a thing that is there or not. A check without a run looks at the things of the
/// jobs that it is after.
fn graph<'a>(sketches: &'a [Sketch], world: &'a [AtomicBool]) -> Graph<'a> {
    let is_there = |at: usize| world[at].load(Ordering::Relaxed);
    let make = |at: usize| {
        world[at].store(true, Ordering::Relaxed);
        let behind = sketches.iter().enumerate().filter(|(_, behind)| behind.after.contains(&at));
        let undone = behind.filter(|_| sketches[at].undoes);
        undone.for_each(|(behind, _)| world[behind].store(false, Ordering::Relaxed));
    };
    sketches.iter().enumerate().fold(Graph::new(), |graph, (at, sketch)| {
        let names = sketch.after.iter().map(|on| format!("job {on}"));
        let open = graph.job(format!("job {at}")).after(names.collect::<Vec<_>>());
        match sketch.kind {
            Kind::Job => open.check(move |_| ensure(is_there(at), "gone")).run(move |_| make(at)),
            Kind::RunOnly => open.run_only(move |_| make(at)),
            Kind::CheckOnly => {
                let has_run = move |on: &&usize| matches!(sketches[**on].kind, Kind::Job | Kind::RunOnly);
                open.check_only(move |_| sketch.after.iter().filter(has_run).all(|on| is_there(*on)))
            }
            _ => open.group(),
        }
    })
}

fn run(plan: &Plan<'_>, look: DryRun) -> Report {
    let runner = Runner::builder().threads(2).default_tries(1).default_retry_delay(Duration::ZERO);
    runner.dry_run(look).build().run(plan, ()).into_report()
}

/// The jobs that have a run, by the word that stands before their names.
fn named(plan: &Plan<'_>, report: &Report, words: &[&str]) -> BTreeSet<String> {
    let lines = findings(plan, report, None);
    let of = |line: &String| {
        let (word, rest) = line.split_once(' ')?;
        let name = rest.trim_start().split("  ").next()?;
        let kind = plan.graph().kind(plan.graph().find(name)?);
        (words.contains(&word) && kind != Kind::CheckOnly).then(|| name.to_owned())
    };
    lines.iter().filter_map(of).collect()
}

fn changed(report: &Report) -> BTreeSet<String> {
    report.jobs().filter(|job| job.status() == Status::Changed).map(|job| job.name().to_owned()).collect()
}

/// A graph on a random world, looked at and then run. In the end nothing of it is due but what is done each time.
fn check(seed: u64, undoing: bool) -> usize {
    let mut dice = Dice(seed);
    let sketches = sketches(&mut dice, undoing);
    let world: Vec<AtomicBool> = sketches.iter().map(|_| AtomicBool::new(dice.roll(2) == 0)).collect();
    let seen = || world.iter().map(|thing| thing.load(Ordering::Relaxed)).collect::<Vec<_>>();
    let plan = graph(&sketches, &world).compile().unwrap();
    let (before, looked) = (seen(), run(&plan, DryRun::Through));
    assert_eq!(seen(), before, "seed {seed}: a look has changed something");
    assert_eq!(looked.count(Status::Failed), 0, "seed {seed}: {looked}");
    let (due, maybe) =
        (named(&plan, &looked, &["would", "then"]), named(&plan, &looked, &["would", "then", "maybe"]));
    let done = run(&plan, DryRun::Off);
    assert!(done.success(), "seed {seed}: {done}");
    if undoing {
        assert!(changed(&done).is_superset(&due) && changed(&done).is_subset(&maybe), "seed {seed}: {done}");
    } else {
        assert_eq!(changed(&done), due, "seed {seed}");
    }
    if sketches.iter().all(|sketch| sketch.kind != Kind::RunOnly) {
        let again = run(&plan, DryRun::Through);
        assert!(again.success(), "seed {seed}: {again}");
    }
    due.len()
}

#[test]
fn a_plan_names_exactly_what_then_changes() {
    let due: usize = (0..500).map(|seed| check(seed, false)).sum();
    assert!(due > 500, "{due}");
}

/// Where a run undoes what stands behind it, that is `maybe`, and nothing else changes.
#[test]
fn what_changes_besides_may_be() {
    (0..500).for_each(|seed| _ = check(seed, true));
}
