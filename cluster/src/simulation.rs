//! Runs on an engine that does to units whatever may happen to them: they are late, lost, executed twice, and come back from
//! the dead; records are torn. All in this process, many random graphs of them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use dojobber::{Event, Graph, Key, Observer, Plan, Runner, Status, judge};

use crate::cluster::{Cluster, Start};
use crate::engine::{Batch, End, Engine, Patience, RunSpot, Seen, State, SubmitError, Tag};
use crate::identity::{digest, graph_lines};
use crate::serve::{Executed, Here, Spot, execute};
use crate::spool::{Record, RunFolder};

/// Small numbers that look random, and are the same each time.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678) | 1)
    }

    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// What happens to a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Executed,
    /// The engine says that it is over before it has told anything.
    Late,
    /// Its machine is lost before it begins.
    Lost,
    /// The same, but it is executed all the same, later.
    Zombie,
    /// Its record is torn.
    Torn,
    /// It is started twice.
    Twice,
    /// The engine knows nothing of it, and it is never executed.
    Forgotten,
    /// The engine tells its end once, and forgets it; its record comes much later.
    EndsAndIsForgotten,
    /// Its machine does not see the spool.
    NotShared,
}

/// The engine, and the machines that execute its units: threads of the test.
#[derive(Clone)]
struct Farm(Arc<Inside>);

struct Inside {
    desk: Mutex<Desk>,
    bell: Condvar,
}

struct Desk {
    dice: Dice,
    units: BTreeMap<Tag, (Fate, State)>,
    waiting: VecDeque<(Tag, PathBuf, Fate)>,
    /// How often a unit was executed that had a whole record.
    repeated: u32,
    /// The fate of all units, if it is no matter of luck. Then it takes no more than `room` at once, if that is said.
    fate: Option<Fate>,
    room: Option<u32>,
    submitted: u32,
    surveys: u32,
    is_closed: bool,
}

/// So many surveys are more than enough to give a unit up that nobody knows.
const MANY: u32 = 10;

impl Farm {
    fn new(seed: u64) -> Self {
        let (units, waiting) = (BTreeMap::new(), VecDeque::new());
        let (dice, fate, room) = (Dice::new(seed), None, None);
        let (repeated, submitted, surveys, is_closed) = (0, 0, 0, false);
        let desk = Desk { dice, units, waiting, repeated, fate, room, submitted, surveys, is_closed };
        Farm(Arc::new(Inside { desk: Mutex::new(desk), bell: Condvar::new() }))
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.desk().is_closed = true;
        self.0.bell.notify_all();
    }

    /// One machine, until there is no more to do.
    fn work(&self, runner: &Runner, plan: &Plan<'_>, here: &Here<'_>) {
        loop {
            let mut desk = self.desk();
            let (tag, folder, fate) = loop {
                if let Some(next) = desk.waiting.pop_front() {
                    break next;
                }
                if desk.is_closed {
                    return;
                }
                desk = self.0.bell.wait(desk).unwrap_or_else(PoisonError::into_inner);
            };
            drop(desk);
            if fate == Fate::Zombie || fate == Fate::Late {
                std::thread::sleep(Duration::from_millis(4)); // until it was given up, or nearly so
            }
            while fate == Fate::EndsAndIsForgotten && self.desk().surveys < MANY {
                std::thread::sleep(Duration::from_millis(1));
            }
            let folder = RunFolder::new(folder.parent().expect("it is in the spool"), &tag.run);
            if fate == Fate::NotShared {
                fs::remove_file(folder.order(&tag)).expect("it was written before it was submitted");
            }
            let order = folder.read_order(&tag).ok().flatten();
            let spot = Spot { node: format!("n{}", tag.index % 3), ticket: tag.to_string() };
            let has_record = |order: &crate::spool::Order| {
                let record = folder.read_record(order.unit()).ok().flatten();
                record.is_some_and(|record: Record| record.lost.is_none())
            };
            let had_record = order.as_ref().is_some_and(has_record);
            let executed = execute(&folder, &tag, spot, runner, plan, Arc::new(()), here, false);
            let code = match executed {
                Executed::Known => 0,
                Executed::Code(code) => code,
            };
            let is_repeated = had_record && matches!(executed, Executed::Code(0 | 1));
            self.desk().repeated += u32::from(is_repeated);
            if let Some(order) = order.filter(|_| fate == Fate::Torn && executed == Executed::Code(0)) {
                tear(&folder.record(order.unit()));
            }
            let why = format!("exit code {code}");
            let mut desk = self.desk();
            if let Some((Fate::Executed | Fate::Twice | Fate::Torn | Fate::NotShared, state)) =
                desk.units.get_mut(&tag)
            {
                *state = State::Over { why, end: End::Program };
            }
        }
    }
}

/// Cuts a record off, as a file system does that was full.
fn tear(record: &std::path::Path) {
    if let Ok(text) = fs::read(record) {
        let _ = fs::write(record, &text[..text.len() / 2]);
    }
}

impl Engine for Farm {
    fn name(&self) -> &str {
        "a farm"
    }

    fn batch_limit(&self) -> usize {
        5
    }

    fn submit(&self, batch: &Batch<'_>) -> Result<(), SubmitError> {
        let mut desk = self.desk();
        if desk.fate.is_none() && desk.dice.roll(12) == 0 {
            return Err(SubmitError::Busy("it has lunch".to_owned()));
        }
        if desk.room.is_some_and(|room| batch.units > room) {
            return Err(SubmitError::Busy("it has no room for so many".to_owned()));
        }
        for tag in (0..batch.units).map(|index| batch.tag(index)) {
            desk.submitted += 1;
            let luck = desk.dice.roll(24);
            let fate = desk.fate.unwrap_or(match luck {
                0 => Fate::Late,
                1 => Fate::Lost,
                2 => Fate::Zombie,
                3 => Fate::Torn,
                4 => Fate::Twice,
                5 => Fate::Forgotten,
                _ => Fate::Executed,
            });
            let lost = State::Over { why: "its machine is lost".to_owned(), end: End::Machine };
            let state = match fate {
                Fate::Late | Fate::EndsAndIsForgotten => {
                    State::Over { why: "exit code 0".to_owned(), end: End::Program }
                }
                Fate::Lost | Fate::Zombie => lost,
                _ => State::Running { node: "n".to_owned() },
            };
            desk.units.insert(tag.clone(), (fate, state));
            let starts = match fate {
                Fate::Lost | Fate::Forgotten => 0,
                Fate::Twice => 2,
                _ => 1,
            };
            for _ in 0..starts {
                desk.waiting.push_back((tag.clone(), batch.run.folder.to_owned(), fate));
            }
        }
        drop(desk);
        self.0.bell.notify_all();
        Ok(())
    }

    fn survey(&self, _: &RunSpot<'_>) -> Result<Vec<Seen>, String> {
        let mut desk = self.desk();
        if desk.dice.roll(10) == 0 {
            return Err("it does not listen".to_owned());
        }
        desk.surveys += 1;
        let told_once = desk.surveys > 1;
        let is_known = |fate: Fate| match fate {
            Fate::Forgotten => false,
            Fate::EndsAndIsForgotten => !told_once,
            _ => true,
        };
        let known = desk.units.iter().filter(|(_, (fate, _))| is_known(*fate));
        let seen = |(tag, (_, state)): (&Tag, &(Fate, State))| Seen {
            tag: tag.clone(),
            ticket: tag.to_string(),
            state: state.clone(),
        };
        Ok(known.map(seen).collect())
    }

    fn cancel(&self, _: &RunSpot<'_>, _: &[String]) -> Result<(), String> {
        Ok(())
    }

    fn patience(&self) -> Patience {
        Patience {
            collect: Duration::from_millis(1),
            survey: Duration::from_millis(2),
            record: Duration::from_secs(5),
            killed: Duration::from_millis(3),
        }
    }
}

#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<Event>>>);

impl Observer for Trace {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

/// A job of a random graph: how often it fails before it passes, and how often its run was executed.
struct Script {
    passes: bool,
    runs: AtomicU32,
}

fn key(at: usize) -> Key<usize> {
    Key::named(format!("j{at}")).portable()
}

/// A random graph: placed jobs, jobs that stay here, and a nest; every one after some that were there before.
fn graph<'s>(dice: &mut Dice, scripts: &'s [Script], cluster: &Cluster) -> Graph<'s> {
    let mut graph = Graph::new();
    let split = scripts.len().saturating_sub(dice.roll(4) as usize); // the rest is in a nest
    for (at, script) in scripts.iter().enumerate().take(split) {
        let place = dice_is(dice, 4, 3).then_some(cluster);
        graph = add(graph, dice, at, script, 0, place);
    }
    if split < scripts.len() {
        let mut inner = Graph::new();
        for (at, script) in scripts.iter().enumerate().skip(split) {
            inner = add(inner, dice, at, script, split, None);
        }
        let before = (split > 0).then(|| key(0));
        graph = graph.job("nest").after(before).on(cluster).nest(inner);
    }
    graph
}

fn dice_is(dice: &mut Dice, sides: u64, below: u64) -> bool {
    dice.roll(sides) < below
}

fn add<'s>(
    graph: Graph<'s>,
    dice: &mut Dice,
    at: usize,
    script: &'s Script,
    first: usize,
    cluster: Option<&Cluster>,
) -> Graph<'s> {
    let before: Vec<usize> = (first..at).filter(|_| dice_is(dice, 3, 1)).collect();
    let mut open = graph.job(key(at)).after(before.iter().map(|on| key(*on))).tries(1 + dice.roll(2) as u32);
    open = open.retry_delay(Duration::from_millis(dice.roll(3)));
    if let Some(cluster) = cluster {
        open = open.on(cluster);
    }
    open.run_only(move |cx| {
        script.runs.fetch_add(1, Ordering::SeqCst);
        for on in &before {
            assert_eq!(cx.output(key(*on))?, on);
        }
        if script.passes { Ok(at) } else { Err("as it was told".into()) }
    })
}

/// How each job must end, whatever happens to units: no loss uses up a try of a job but for its own failures.
fn check(seed: u64) {
    let mut dice = Dice::new(seed);
    let scripts: Vec<Script> =
        (0..2 + dice.roll(8)).map(|_| Script { passes: dice.roll(7) > 0, runs: AtomicU32::new(0) }).collect();
    let folder = tempfile::tempdir_in(memory()).unwrap();
    let farm = Farm::new(seed);
    let cluster = Cluster::new(farm.clone(), folder.path().join("spool")).max_in_flight(4).max_losses(1000);
    let plan = graph(&mut dice, &scripts, &cluster).compile().unwrap();
    let trace = Trace::default();
    let run = run(&farm, &plan, &cluster, folder.path(), &trace);
    let graph = plan.graph();
    for job in run.jobs() {
        let script = job.name().rsplit('j').next().and_then(|at| scripts.get(at.parse::<usize>().ok()?));
        let Some(script) = script else { continue };
        let is_blocked =
            graph.after(job.id()).iter().any(|on| !run.jobs().nth(on.index()).unwrap().status().is_done());
        let expected = match (is_blocked, script.passes) {
            (true, _) => Status::Blocked,
            (false, true) => Status::Changed,
            (false, false) => Status::Failed,
        };
        assert_eq!(job.status(), expected, "seed {seed}: {}\n{run}", job.name());
        assert_eq!(script.runs.load(Ordering::SeqCst) > 0, !is_blocked, "seed {seed}: {}", job.name());
    }
    assert_eq!(farm.desk().repeated, 0, "seed {seed}: a unit was executed that had a record");
    let trace = trace.0.lock().unwrap();
    assert_eq!(judge(&plan, &trace), Ok(()), "seed {seed}: {trace:#?}");
}

/// A run of a plan whose units this farm executes, each by the same program.
fn run(
    farm: &Farm,
    plan: &Plan<'_>,
    cluster: &Cluster,
    folder: &std::path::Path,
    trace: &Trace,
) -> dojobber::Report {
    let program = folder.join("program");
    fs::write(&program, "none").unwrap();
    let (lines, digest) = (|| graph_lines(plan, ""), digest(plan, ""));
    let here = Here { lines: &lines, digest: &digest };
    let there = Runner::builder().threads(1).default_retry_delay(Duration::ZERO).build();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| farm.work(&there, plan, &here));
        }
        let runner = Runner::builder().threads(2).observer(trace.clone()).build();
        let start =
            Start { lines: lines(), digest: digest.clone(), program, args: Vec::new(), dry_run: false };
        let run = cluster.coordinate(start, &runner, plan, Arc::new(()));
        farm.close();
        run.unwrap().report().clone()
    })
}

#[test]
fn a_unit_that_has_ended_and_was_forgotten_is_no_machine_that_is_lost() {
    let folder = tempfile::tempdir_in(memory()).unwrap();
    let farm = Farm::new(3);
    farm.desk().fate = Some(Fate::EndsAndIsForgotten);
    let cluster = Cluster::new(farm.clone(), folder.path().join("spool"));
    let runs = AtomicU32::new(0);
    let plan = Graph::new().job("a").on(&cluster).run_only(|_| _ = runs.fetch_add(1, Ordering::SeqCst));
    let plan = plan.compile().unwrap();
    let report = run(&farm, &plan, &cluster, folder.path(), &Trace::default());
    assert!(report.success(), "{report}");
    assert_eq!((runs.load(Ordering::SeqCst), farm.desk().submitted), (1, 1), "{report}");
}

/// Runs so many jobs whose units all have this fate.
fn run_all(jobs: usize, fate: Fate, room: Option<u32>) -> (dojobber::Report, u32) {
    let folder = tempfile::tempdir_in(memory()).unwrap();
    let farm = Farm::new(3);
    (farm.desk().fate, farm.desk().room) = (Some(fate), room);
    let cluster = Cluster::new(farm.clone(), folder.path().join("spool"));
    let graph =
        (0..jobs).fold(Graph::new(), |graph, at| graph.job(format!("{at}")).on(&cluster).run_only(|_| ()));
    let plan = graph.compile().unwrap();
    let report = run(&farm, &plan, &cluster, folder.path(), &Trace::default());
    let submitted = farm.desk().submitted;
    (report, submitted)
}

#[test]
fn a_spool_that_is_not_shared_is_told_and_fails_for_good() {
    let (report, submitted) = run_all(1, Fate::NotShared, None);
    let error = report.error("0").unwrap().to_string();
    assert!(error.contains("is the spool on a file system that all machines share?"), "{error}");
    assert_eq!((report.job("0").unwrap().tries(), submitted), (1, 3), "two losses are allowed");
}

#[test]
fn an_engine_without_room_takes_less_at_once() {
    let (report, submitted) = run_all(5, Fate::Executed, Some(2));
    assert!(report.success(), "{report}");
    assert_eq!(submitted, 5);
}

/// Where files cost little.
fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// More of them with `DOJOBBER_ROUNDS`.
#[test]
fn a_thousand_random_graphs_lose_nothing() {
    let rounds = std::env::var("DOJOBBER_ROUNDS").ok().map_or(1000, |rounds| rounds.parse().unwrap());
    let next = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            // they mostly wait
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= rounds {
                        return;
                    }
                    check(u64::from(seed));
                }
            });
        }
    });
}
