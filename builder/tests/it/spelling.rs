//! Spelling and order of declaration do not matter: the same edges, said in other words, are the same plan.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dojobber::{Event, Graph, Key, Plan, Run, Runner, Status, judge};

use crate::support::Trace;

/// How many random graphs there are; each is spelled in three ways.
const GRAPHS: u64 = 10_000;

/// A small fixed generator of random numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.roll(at + 1));
        }
    }
}

/// A job, or a nest of others.
struct Thing {
    name: String,
    /// The names of all nests around it, and its own.
    path: String,
    parent: Option<usize>,
    is_nest: bool,
}

/// What a graph says, apart from how it says it.
struct Sketch {
    things: Vec<Thing>,
    /// `(a, b)`: a is after b.
    edges: Vec<(usize, usize)>,
    all_pass: bool,
}

impl Sketch {
    /// A name is met again on other levels, or holds slashes: the nearest one is meant.
    fn random(dice: &mut Dice) -> Self {
        const NAMES: [&str; 6] = ["a", "b", "c", "a/b", "/", "d e"];
        let mut sketch = Sketch { things: Vec::new(), edges: Vec::new(), all_pass: false };
        for _ in 0..3 + dice.roll(12) {
            let nests: Vec<usize> =
                (0..sketch.things.len()).filter(|thing| sketch.things[*thing].is_nest).collect();
            let parent = match dice.roll(nests.len() + 2) {
                0 | 1 => None,
                at => Some(nests[at - 2]),
            };
            let name = NAMES[dice.roll(NAMES.len())].to_owned();
            let path = parent.map_or(name.clone(), |nest| sketch.path(nest).to_owned() + "/" + &name);
            if (0..sketch.things.len()).all(|thing| sketch.path(thing) != path) {
                sketch.things.push(Thing { name, path, parent, is_nest: dice.roll(3) == 0 });
            }
        }
        sketch.add_edges(dice);
        sketch
    }

    /// Mostly such as cannot lead back, as they follow a random order in which all of a nest stands together.
    fn add_edges(&mut self, dice: &mut Dice) {
        let mut ranks: Vec<usize> = (0..self.things.len()).collect();
        dice.shuffle(&mut ranks);
        let place = |thing: usize| {
            let mut place: Vec<usize> = self.around(thing).iter().map(|thing| ranks[*thing]).collect();
            place.reverse();
            place
        };
        let has_cycle = dice.roll(10) == 0;
        let mut edges = BTreeSet::new();
        for _ in 0..dice.roll(2 * self.things.len() + 1) {
            let (a, b) = (dice.roll(self.things.len()), dice.roll(self.things.len()));
            let is_around = self.around(a).contains(&b) || self.around(b).contains(&a);
            let edge = if place(a) > place(b) { (a, b) } else { (b, a) };
            if a != b && (has_cycle || !is_around) {
                edges.insert(if has_cycle { (a, b) } else { edge });
            }
        }
        let can_be_said = |(a, b): &(usize, usize)| {
            !self.spellings(*a, *b).is_empty() && !self.spellings(*b, *a).is_empty()
        };
        self.edges = edges.into_iter().filter(can_be_said).collect();
    }

    /// A thing and the nests around it, from the innermost on.
    fn around(&self, thing: usize) -> Vec<usize> {
        std::iter::successors(Some(thing), |thing| self.things[*thing].parent).collect()
    }

    fn path(&self, thing: usize) -> &str {
        &self.things[thing].path
    }

    /// What a name means where `from` says it. A slash in a name makes no level.
    fn lookup(&self, from: usize, name: &str) -> Option<usize> {
        let levels = self.around(from).into_iter().skip(1).map(Some).chain([None]);
        let within = |level: Option<usize>| {
            let path = level.map_or(name.to_owned(), |nest| self.path(nest).to_owned() + "/" + name);
            let is_in = |thing: &usize| level.is_none_or(|nest| self.around(*thing)[1..].contains(&nest));
            (0..self.things.len()).filter(is_in).find(|thing| self.path(*thing) == path)
        };
        levels.filter_map(within).next()
    }

    /// All names by which `from` may call `to`: its path from each level at which both stand.
    fn spellings(&self, from: usize, to: usize) -> Vec<String> {
        let path = self.path(to);
        let levels = self.around(from).into_iter().skip(1).map(|nest| self.path(nest).to_owned() + "/");
        let names = levels.chain([String::new()]).filter_map(|level| path.strip_prefix(&*level));
        names.filter(|name| self.lookup(from, name) == Some(to)).map(str::to_owned).collect()
    }

    /// What each job depends on, by the plain meaning of all edges.
    fn depends(&self) -> BTreeMap<usize, BTreeSet<usize>> {
        let all = 0..self.things.len();
        let inside = |nest: usize| all.clone().filter(move |thing| self.around(*thing).contains(&nest));
        let mut on: BTreeMap<usize, BTreeSet<usize>> =
            all.clone().map(|job| (job, BTreeSet::new())).collect();
        for nest in all.clone() {
            on.get_mut(&nest).unwrap().extend(inside(nest).filter(|thing| *thing != nest));
        }
        for (a, b) in &self.edges {
            inside(*a).for_each(|job| _ = on.get_mut(&job).unwrap().insert(*b));
        }
        loop {
            let before: usize = on.values().map(BTreeSet::len).sum();
            for job in all.clone() {
                let more: BTreeSet<usize> = on[&job].iter().flat_map(|on_it| on[on_it].clone()).collect();
                on.get_mut(&job).unwrap().extend(more);
            }
            if on.values().map(BTreeSet::len).sum::<usize>() == before {
                return on;
            }
        }
    }

    /// One of many ways to say it. The things stand in the order that `shuffled` says, else as they were made.
    fn spelled(&self, dice: &mut Dice, shuffled: bool) -> Graph<'static> {
        let said: Vec<bool> = self.edges.iter().map(|_| dice.roll(2) == 0).collect();
        self.level(None, &said, dice, shuffled)
    }

    /// How each job ends if the first or every try of some fails.
    fn statuses(&self) -> BTreeMap<&str, Status> {
        let depends = self.depends();
        let is_done = |thing: usize| self.things[thing].is_nest || self.passes_at(thing).is_some();
        let status = |thing: usize| match (depends[&thing].iter().all(|on| is_done(*on)), is_done(thing)) {
            (false, _) => Status::Blocked,
            (true, false) => Status::Failed,
            (true, true) if self.things[thing].is_nest => Status::Satisfied,
            (true, true) => Status::Changed,
        };
        (0..self.things.len()).map(|thing| (self.path(thing), status(thing))).collect()
    }

    /// The try at which a job passes.
    fn passes_at(&self, thing: usize) -> Option<u32> {
        match (5 * thing + 3 * self.edges.len()) % 7 {
            _ if self.all_pass => Some(1),
            0 => None,
            1 | 2 => Some(2),
            _ => Some(1),
        }
    }

    fn level(
        &self,
        nest: Option<usize>,
        by_after: &[bool],
        dice: &mut Dice,
        shuffled: bool,
    ) -> Graph<'static> {
        let mut things: Vec<usize> =
            (0..self.things.len()).filter(|thing| self.things[*thing].parent == nest).collect();
        if shuffled {
            dice.shuffle(&mut things);
        }
        let (mut merged, mut graph) = (Graph::new(), Graph::new());
        for thing in things {
            if dice.roll(3) == 0 {
                merged = merged.merge(std::mem::take(&mut graph));
            }
            let inner = self.things[thing].is_nest.then(|| self.level(Some(thing), by_after, dice, shuffled));
            let mut open = graph.job(&self.things[thing].name);
            let mut edges: Vec<(usize, bool)> = (0..self.edges.len()).zip(by_after.iter().copied()).collect();
            dice.shuffle(&mut edges);
            for (edge, by_after) in edges {
                let (a, b) = self.edges[edge];
                let other = if by_after { b } else { a };
                if thing != if by_after { a } else { b } {
                    continue;
                }
                let names = self.spellings(thing, other);
                let name = names[dice.roll(names.len())].clone();
                open = match (by_after, dice.roll(2) == 0) {
                    (true, true) => open.after(name),
                    (true, false) => open.after(Key::<u8>::named(name)),
                    (false, true) => open.before([name]),
                    (false, false) => open.before(Key::<u8>::named(name)),
                };
            }
            graph = match inner {
                Some(inner) => open.nest(inner),
                None => {
                    let passes_at = self.passes_at(thing);
                    open.run_only(move |cx| passes_at.is_some_and(|passes_at| cx.attempt() >= passes_at))
                }
            };
        }
        merged.merge(graph)
    }
}

type Shape = (BTreeSet<(String, String)>, BTreeSet<(String, Option<String>)>);

/// All edges by name, and which nests there are.
fn shape(plan: &Plan<'_>) -> Shape {
    let graph = plan.graph();
    let name = |job| graph.name(job).to_owned();
    let edges = graph
        .ids()
        .flat_map(|job| graph.after(job).iter().map(move |on| (name(job), name(*on))).collect::<Vec<_>>());
    let nests =
        graph.nests().map(|nest| (nest.name().to_owned(), nest.parent().map(|nest| nest.name().to_owned())));
    (edges.collect(), nests.collect())
}

#[test]
fn spelling_and_order_of_declaration_do_not_matter() {
    let (mut plans, mut nested, mut refused) = (0, 0, 0);
    for seed in 0..GRAPHS {
        let mut dice = Dice(seed);
        let sketch = Sketch::random(&mut dice);
        let [one, same, other] =
            [false, false, true].map(|shuffled| sketch.spelled(&mut dice, shuffled).compile());
        let depends = sketch.depends();
        let is_cyclic = depends.iter().any(|(job, on)| on.contains(job));
        if is_cyclic {
            assert!(one.is_err() && same.is_err() && other.is_err(), "seed {seed}");
            refused += 1;
            continue;
        }
        let (one, same, other) = (one.unwrap(), same.unwrap(), other.unwrap());
        assert_eq!(one.graph(), same.graph(), "seed {seed}");
        assert_eq!(shape(&one), shape(&other), "seed {seed}");
        assert_eq!(one.graph().edges(), other.graph().edges(), "seed {seed}");
        for job in 0..sketch.things.len() {
            for on in 0..sketch.things.len() {
                let expected = depends[&job].contains(&on);
                assert_eq!(one.depends(sketch.path(job), sketch.path(on)), expected, "seed {seed}");
            }
        }
        plans += 1;
        nested += usize::from(one.graph().nests().len() > 1);
    }
    // that the random graphs are such as were meant
    assert!(plans > 8_000 && nested > 2_000 && refused > 300, "{plans}, {nested}, {refused}");
}

/// Every driver waits for what nests wait for, and blocks what is behind them.
#[test]
fn nests_are_run_as_their_edges_say() {
    let (mut plans, mut blocked) = (0, 0);
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let sketch = Sketch::random(&mut dice);
        let Ok(plan) = sketch.spelled(&mut dice, true).compile() else { continue };
        let expected = sketch.statuses();
        let check = |run: &Run<'_>, trace: &[Event], driver: &str| {
            let statuses: BTreeMap<&str, Status> = run.jobs().map(|job| (job.name(), job.status())).collect();
            assert_eq!(statuses, expected, "seed {seed}, {driver}");
            assert_eq!(judge(&plan, trace), Ok(()), "seed {seed}, {driver}");
        };
        for threads in [1, 4] {
            let trace = Trace::default();
            let options =
                Runner::builder().threads(threads).default_tries(2).default_retry_delay(Duration::ZERO);
            let run = options.observer(trace.clone()).build().run(&plan, ());
            check(&run, &trace.events(), &format!("{threads} threads"));
        }
        #[cfg(feature = "testkit")]
        {
            let trace = Trace::default();
            let simulation = dojobber::testkit::Simulation::new(seed).workers(3).default_tries(2);
            let run = simulation.observer(trace.clone()).run(&plan, ());
            check(&run, &trace.events(), "simulation");
        }
        plans += 1;
        blocked += expected.values().filter(|status| **status == Status::Blocked).count();
    }
    assert!(plans > 300 && blocked > 200, "{plans}, {blocked}");
}

/// The order that a plan tells is the one in which a single worker executes it.
#[test]
fn the_order_of_a_plan_is_that_of_one_worker() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let sketch = Sketch { all_pass: true, ..Sketch::random(&mut dice) };
        let Ok(plan) = sketch.spelled(&mut dice, true).compile() else { continue };
        let trace = Trace::default();
        let run = Runner::builder().threads(1).observer(trace.clone()).build().run(&plan, ());
        assert!(run.success());
        let ended = |event| match event {
            Event::JobEnded { job, .. } => Some(job.name().to_owned()),
            _ => None,
        };
        let ended: Vec<String> = trace.events().into_iter().filter_map(ended).collect();
        let order: Vec<&str> = plan.order().map(|job| plan.graph().name(job)).collect();
        assert_eq!(ended, order, "seed {seed}");
    }
}
