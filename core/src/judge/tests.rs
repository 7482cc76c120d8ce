//! Traces in a small language, and what the judge says of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::facts::Facts;
use super::trace::Reader;
use crate::backoff::{Backoff, Jitter};
use crate::cancel::StopLevel;
use crate::error::{ErrorClass, ErrorText};
use crate::event::Event;
use crate::graph::{JobId, JobRef};
use crate::job::{JobOptions, JobSpec};
use crate::options::RunOptions;
use crate::plan::{Draft, Plan};
use crate::pool::Pool;
use crate::words::{DryRun, Kind, Phase, Status, StopReason};

/// Jobs apart by `;`: a name and what it is after (`c<a,b`), and then, in any order, a kind (`group`, `check`, `job`; a
/// run_only if nothing is said), pools (`P`, `P*2`; P has two slots, Q and R one), a priority (`!3`), `tries3`, `delay5`, `backoff5` (with full jitter), `limit5`,
/// `for10` (in ms), `if`, `cleanup` and `says` (what its run would do).
fn plan(text: &str) -> Plan<'static> {
    let mut draft = Draft::default();
    for job in text.split(';') {
        let mut words = job.split_whitespace();
        let (name, after) =
            words.next().unwrap().split_once('<').unwrap_or((job.split_whitespace().next().unwrap(), ""));
        draft.open(name);
        after.split(',').filter(|on| !on.is_empty()).for_each(|on| draft.after(on));
        let (mut options, mut spec) = (JobOptions::default(), JobSpec::run_only(|_| ()));
        for word in words {
            let ms = |text: &str| Duration::from_millis(text.parse().unwrap());
            match word {
                "group" => spec = JobSpec::group(),
                "check" => spec = JobSpec::check_only(|_| true),
                "job" => spec = JobSpec::check_and_run(|_| true, |_| ()),
                "if" => options.retry_if(|_| true),
                "cleanup" => options.cleanup(|_| ()),
                "says" => options.describe_run(|_| "says"),
                _ if word.starts_with('!') => options.priority(word[1..].parse().unwrap()),
                _ if word.starts_with("tries") => options.tries(word[5..].parse().unwrap()),
                _ if word.starts_with("backoff") => {
                    options.retry_delay(Backoff::exponential(ms(&word[7..])).jitter(Jitter::Full));
                }
                _ if word.starts_with("limit") => options.timeout(ms(&word[5..])),
                _ if word.starts_with("delay") => options.retry_delay(ms(&word[5..])),
                _ if word.starts_with("for") => options.retry_for(ms(&word[3..])),
                _ => {
                    let (pool, slots) = word.split_once('*').unwrap_or((word, "1"));
                    let pool = Pool::new(pool, if pool == "P" { 2 } else { 1 });
                    options.uses(pool.slots(slots.parse().unwrap()));
                }
            }
        }
        draft.close(spec.with_options(options));
    }
    draft.compile().unwrap()
}

/// The time that each job is expected to take, in ms (`expect5,1,9`), if something says so.
fn expected(text: &str) -> Option<Arc<[Duration]>> {
    let all = text.split_whitespace().find_map(|word| word.strip_prefix("expect"))?;
    Some(all.split(',').map(|ms| Duration::from_millis(ms.parse().unwrap())).collect())
}

/// A number of workers, `simulated`, `dry`, `through`, `failures2`, `time50` (of the run, in ms), `slow5` (in ms), `grace5`, `within5` (all phases pay attention,
/// with that tolerance).
fn options(text: &str) -> (RunOptions, bool) {
    let (mut options, mut is_simulated) = (RunOptions::default(), false);
    for word in text.split_whitespace() {
        match word {
            "simulated" => is_simulated = true,
            _ if word.starts_with("expect") || word.starts_with("within") => {}
            _ if word.starts_with("grace") => {
                options.grace_period = Duration::from_millis(word[5..].parse().unwrap())
            }
            "dry" => options.dry_run = true.into(),
            "through" => options.dry_run = DryRun::Through,
            _ if word.starts_with("failures") => options.max_failures = Some(word[8..].parse().unwrap()),
            _ if word.starts_with("slow") => {
                options.slow_after = Duration::from_millis(word[4..].parse().unwrap())
            }
            _ if word.starts_with("time") => {
                options.run_timeout = Duration::from_millis(word[4..].parse().unwrap())
            }
            _ => options.threads = word.parse().unwrap(),
        }
    }
    (options, is_simulated)
}

/// What a trace has told of a job so far.
#[derive(Default)]
struct Told {
    tries: u32,
    phases: usize,
}

/// Makes events of words: a worker, a job, and what happens.
///
/// | | |
/// |---|---|
/// | `0a+` | worker 0 begins the next phase of a |
/// | `0a-` | it has passed |
/// | `0a!` | it has failed; `0a!P`, `0a!U`, `0a!C`: permanent, unknown, cancelled |
/// | `0a"` | it says what its run would do |
/// | `0a?5` | it is told to be slow, after 5 ms |
/// | `0a>5` | another try is due in 5 ms; `0a>5@3`: an error has asked for a pause of 3 ms |
/// | `0a=D` | a has ended: Satisfied, D for Changed, Failed, WouldRun, Cancelled, `0a=b` is blocked by b |
/// | `0a` | all of a run_only that passes |
/// | `0#D` | worker 0 sees a stop: Drain, Cancel, Kill |
/// | `~5` | 5 ms pass |
/// | `^..` | this one breaks a rule |
struct Teller<'p> {
    plan: &'p Plan<'static>,
    told: BTreeMap<JobId, Told>,
    at: Duration,
    runs: u64,
    events: Vec<Event>,
    broken: Option<usize>,
}

impl Teller<'_> {
    fn tell(&mut self, word: &str) {
        let word = word.strip_prefix('^').inspect(|_| self.broken = Some(self.events.len())).unwrap_or(word);
        if let Some(ms) = word.strip_prefix('~') {
            return self.at += Duration::from_millis(ms.parse().unwrap());
        }
        let worker: usize = word[..1].parse().unwrap();
        let end = word[1..].find(|c: char| !c.is_ascii_lowercase()).map_or(word.len(), |end| end + 1);
        let (name, act) = (&word[1..end], &word[end..]);
        match act.chars().next() {
            None => ["+", "-", "=D"].iter().for_each(|act| self.tell_job(worker, name, act)),
            Some('#') => self.tell_stop(worker, &act[1..]),
            Some(_) => self.tell_job(worker, name, act),
        }
    }

    fn tell_job(&mut self, worker: usize, name: &str, act: &str) {
        let id = self.plan.graph().find(name).unwrap();
        let job = JobRef::new(self.plan.graph(), id);
        let told = self.told.entry(id).or_default();
        let attempt = told.tries + 1;
        let phase = match (self.plan.graph().kind(id), told.phases) {
            (Kind::RunOnly, _) | (_, 1) => Phase::Run,
            (_, 0) => Phase::Check,
            _ => Phase::Recheck,
        };
        let at = self.at;
        self.events.push(match act.split_at(1) {
            ("+", _) => {
                let sequence = (phase == Phase::Run).then(|| {
                    self.runs += 1;
                    self.runs
                });
                Event::PhaseStarted { job, attempt, phase, worker, at, sequence, node: None }
            }
            (sign @ ("-" | "!"), class) => {
                told.phases += 1;
                let error = (sign == "!").then(|| ErrorText::returned_false().with_class(error_class(class)));
                Event::PhaseEnded { job, attempt, phase, worker, at, error }
            }
            ("\"", _) => Event::RunDescribed { job, attempt, text: String::new(), worker, at },
            ("?", running) => {
                let running = Duration::from_millis(running.parse().unwrap());
                Event::PhaseSlow { job, attempt, phase, worker, at, running }
            }
            (">", delay) => {
                *told = Told { tries: attempt, phases: 0 };
                let (delay, pause) =
                    delay.split_once('@').map_or((delay, None), |(delay, pause)| (delay, Some(pause)));
                let ms = |text: &str| Duration::from_millis(text.parse().unwrap());
                let (due, pause) = (at + ms(delay), pause.map(ms));
                Event::RetryPlanned { job, attempt, worker, at, due, max_tries: None, pause }
            }
            ("=", status) => {
                let because = self.plan.graph().find(status).map(|id| JobRef::new(self.plan.graph(), id));
                Event::JobEnded { job, status: status_of(status), because, worker, at }
            }
            _ => panic!("{act}"),
        });
    }

    fn tell_stop(&mut self, worker: usize, level: &str) {
        let level = match level {
            "D" => StopLevel::Drain,
            "C" => StopLevel::Cancel,
            _ => StopLevel::Kill,
        };
        self.events.push(Event::StopRequested { level, reason: StopReason::Cancelled, worker, at: self.at });
    }
}

fn error_class(letter: &str) -> ErrorClass {
    match letter {
        "P" => ErrorClass::Permanent,
        "U" => ErrorClass::Unknown,
        "C" => ErrorClass::Cancelled,
        _ => ErrorClass::Plain,
    }
}

fn status_of(letter: &str) -> Status {
    match letter {
        "S" => Status::Satisfied,
        "D" => Status::Changed,
        "F" => Status::Failed,
        "W" => Status::WouldRun,
        "C" => Status::Cancelled,
        _ => Status::Blocked,
    }
}

/// All events up to the last word are accepted, but for one that is marked: it breaks the rule.
#[track_caller]
fn check(with: &str, jobs: &str, trace: &str, rule: &str) {
    let (plan, (options, is_simulated)) = (plan(jobs), options(with));
    let (graph, with_cleanup, uses) = (Arc::clone(plan.graph()), [].into(), [].into());
    let start = Event::RunStarted { graph, options, expected: expected(with), with_cleanup, uses };
    let told = BTreeMap::new();
    let mut teller =
        Teller { plan: &plan, told, at: Duration::ZERO, runs: 0, events: vec![start], broken: None };
    trace.split_whitespace().for_each(|word| teller.tell(word));
    let tolerance = with.split_whitespace().find_map(|word| word.strip_prefix("within"));
    let tolerance = tolerance.map(|ms| Duration::from_millis(ms.parse().unwrap()));
    let mut reader = Reader::new(Facts::of(&plan, is_simulated), tolerance);
    let mut read = teller.events.iter().enumerate().map(|(at, event)| (at, reader.read(at, event)));
    match read.find_map(|(at, ruling)| Some((at, ruling.err()?))) {
        Some((at, broken)) => {
            assert_eq!(
                teller.broken,
                Some(at),
                "{with} | {jobs} | {trace}: {broken}: {:?}",
                teller.events[at]
            );
            assert!(!rule.is_empty() && broken.to_string().contains(rule), "{trace}: {broken}");
        }
        None => assert_eq!((teller.broken, rule), (None, ""), "{with} | {jobs} | {trace}: was accepted"),
    }
}

/// What must not be told in a queue: with one worker, in a simulation, and where it is certain in spite of several.
const FIRST: &str = "is ready and comes first";
const LATER: &str = "has begun before it, and comes later";

#[test]
fn slots_are_never_exceeded() {
    let check = |jobs, trace| {
        let rule = if str::contains(trace, "^") { "more slots than a pool has" } else { "" };
        check("3", jobs, trace, rule);
        check("3 simulated", jobs, trace, rule);
    };
    check("a P; b P; c P", "0a+ 1b+ ^2c+");
    check("a P; b P; c P", "0a+ 1b+ 0a- ^2c+"); // until the end is told
    check("a P; b P; c P", "0a+ 1b+ 0a- 0a=D 2c+");
    check("a P*2; b P", "0a+ ^1b+");
    check("a P P; b P", "0a+ ^1b+"); // uses add up
    check("a P; b P*2", "0a+ ^1b+");
    check("a P; b Q", "0a+ 1b+");
    check("a Q; b Q; c", "0a+ 2c+ ^1b+");
    check("a P Q; b R Q", "0a+ ^1b+");
    check("a Q; b Q", "0a+ 0a! 0a>1000 1b+"); // a delay holds none
    check("a Q; b Q", "0a+ 0a! 0a>1000 1b+ ~1000 ^0a+"); // and a retry takes its own
    check("a Q; b Q", "0a+ 0a! 0a>1000 1b+ ~1000 1b- 1b=D 0a+");
    check("a job Q; b Q", "0a+ 0a! 0a+ 0a- ^1b+"); // for the whole try
    check("a P; b P", "0a+ 0a- 0a=D 0b+ 0b- 0b=D");
}

#[test]
fn one_worker_keeps_to_the_order() {
    let check = |jobs, trace| {
        let rule = if str::contains(trace, "^") { FIRST } else { "" };
        check("1", jobs, trace, rule);
        check("1 simulated", jobs, trace, rule);
    };
    check("a; b; c", "0a 0b 0c");
    check("a; b; c", "0a ^0c");
    check("a; b<a; c", "0a ^0b");
    check("a; b<a; c", "0a 0c 0b");
    check("a; c<a; b<a", "0a 0c 0b");
    check("a; c<a; b<a", "0a ^0b");
    check("a; g group; b", "0a ^0b"); // a group has a place, too
    check("a; g group; b", "0a 0g=S 0b");
    check("a; b !1", "^0a");
    check("a; b !1", "0b 0a");
    check("a !-1; b", "^0a");
    check("a P; b Q", "^0b");
    check("a P; b; c P !1", "0c 0a 0b");
    check("a P; b; c P !1", "0c ^0b");
    check("a; b<a !2; c !1", "0c 0a 0b");
    check("a; b<a !2; c", "0a 0b 0c");
    check("a; b<a !2; c", "0a ^0c");
}

#[test]
fn workers_in_turns_keep_to_priorities_and_the_queues_of_pools() {
    let check = |jobs, trace| {
        let rule = if str::contains(trace, "^") { FIRST } else { "" };
        check("3 simulated", jobs, trace, rule);
    };
    check("a; b; c", "0c 0b 0a"); // nothing is promised
    check("a; b !1", "^0a+");
    check("a; b !1", "0b+ 1a+");
    check("a Q; b Q", "^0b+");
    check("a Q; b Q", "0a 1b+");
    check("a Q; b Q !1", "0b+");
    check("a P; b P; c P*2 !1", "^0a+"); // c holds its place
    check("a P; b P*2; c P", "0a+ ^1c+");
    check("a P; b P*2; c P", "0a+ 0a- 0a=D 1b+");
    check("a P; b P Q; c Q", "0a+ 1b+");
    check("a P*2; b P Q; c Q", "0a+ ^1c+"); // in every queue
    check("z Q; b P Q; c P", "0z+ ^1c+"); // also while another pool is full
    check("a Q; b R", "0b+ 1a+"); // they share no queue
    check("a Q !1; b R", "^0b+"); // but a is of higher priority, and may begin
    check("z Q !9; a Q !1; b R", "0z+ 1b+"); // it may not
    check("z Q !9; a Q !1; b R", "0z ^1b+");
}

#[test]
fn workers_at_once_tell_a_little_later() {
    let check = |jobs, trace| {
        let rule = if str::contains(trace, "^") { LATER } else { "" };
        check("4", jobs, trace, rule);
    };
    check("a Q; b Q", "0b 1a+"); // worker 1 may have chosen a first
    check("a Q; b Q", "0b ^0a+"); // worker 0 has not
    check("a Q; b Q; c", "0b 1c ^1a+");
    check("a Q; b Q; c", "1c+ 0b 1c- 1c=D ^1a+");
    check("a Q; b Q; c", "1c 0b 1a+");
    check("a Q; b Q", "0b 1#D 1a+"); // a stop may be told after the choice
    // a was ready before b, if worker 0 has booked the end of x
    check("x; y; b<y Q; a<x Q", "0x 1y 1b 1a+");
    check("x; y; z; b<y Q; a<x Q", "0x 0z+ 1y 1b ^1a+");
    check("x; y; z; b<y Q; a<x Q", "0x 1y 0z+ 1b 1a+");
    // both wait for the same
    check("x; a<x Q; b<x Q", "0x 0b ^0a+");
    check("x; a<x Q; b<x Q", "0x 0b 1a+");
    check("x; y; a<x,y Q; b<y Q", "0x 1y 1b 1a+");
    // priorities count, whoever was ready first
    check("a; b !1", "0a 1b+");
    check("a; b !1", "0a ^0b+");
    check("x; a; b<x !1", "0x 0a ^0b+");
    check("x; a; b<x !1", "0x 1a 1b+"); // is x booked?
    // worker 0 has booked x; what of y?
    check("x !2; y !2; z; b<x,y !1; a", "0x 0y 0a ^0b+");
    check("x !2; y !2; z; b<x,y !1; a", "1y 1z+ 0x 0a ^0b+");
    check("x !2; y !2; z; b<x,y !1; a", "0x 1y 1z+ 0a 0b+");
    check("a; b; c P", "0b 0a"); // no queue in common, no priority
    check("a; b", "0b 0a");
}

#[test]
fn retries_come_last() {
    let one = |jobs, trace| {
        let rule = if str::contains(trace, "^") { "a retry begins while `b` is ready" } else { "" };
        check("1", jobs, trace, rule);
        check("2 simulated", jobs, trace, rule);
    };
    one("a delay0; b P", "0a+ 0a! 0a>0 ^0a+");
    one("a delay0; b P", "0a+ 0a! 0a>0 0b 0a+");
    one("a delay0 !9; b !-5", "0a+ 0a! 0a>0 ^0a+");
    one("a delay0 Q; c Q; b P", "0a+ 0a! 0a>0 0c ^0a+");
    check("2 simulated", "a delay0 P; c R; b R P", "0a+ 0a! 0a>0 1c+ 0a+", ""); // b may not begin
    check("3", "a delay0; b; c P", "0a+ 0a! 0a>0 0a+ 1b+", "");
    check("3", "a delay0; b; c P", "0a+ 0a! 0a>0 0a+ 0a- 0a=D ^0b+", LATER);
    check("3", "a delay0; b", "0a+ 0a! 0a>0 0a+ 0a- 0a=D 0b+", ""); // not promised without pools
    let earlier = "the retry of `b` was due earlier";
    check("1", "a delay5; b delay2", "0a+ 0a! 0a>5 0b+ 0b! 0b>2 ~9 ^0a+", earlier);
    check("1", "a delay5; b delay2", "0a+ 0a! 0a>5 0b+ 0b! 0b>2 ~9 0b+", "");
    check("1", "b delay5; a delay5", "0b+ 0b! 0b>5 0a+ 0a! 0a>5 ~9 ^0a+", earlier);
}

#[test]
fn with_timings_the_longer_way_comes_first() {
    check("1 expect5,9", "a; b", "0b 0a", "");
    check("1 expect5,9", "a; b", "^0a+", FIRST);
    check("1 expect5,5", "a; b", "^0b+", FIRST); // then what was ready first
    check("1 expect5,9", "a !1; b", "0a 0b", ""); // priorities count before
    check("1 expect1,5,9", "a; b; c<a", "0a 0c 0b", ""); // ways, not jobs
    check("1 expect1,5,9", "a; b; c<a", "^0b+", FIRST);
    check("2 simulated expect5,9", "a; b", "^0a+", FIRST);
    check("2 simulated expect5,9", "a; b", "0b+ 1a+", "");
    check("2 expect5,9,1", "a; b; c", "0a 0c 1b+", ""); // it may have been chosen before
    check("2 expect5,9,1", "a P; b P; c P", "0c 1a ^1b+", LATER);
    check("2 expect5,9", "a Q; b Q", "0a ^0b+", LATER);
}

#[test]
fn no_time_passes_in_a_simulation_while_something_may_begin() {
    let check = |jobs, trace| {
        let rule = if str::contains(trace, "^") {
            "time passes while a worker is free and `b` may begin"
        } else {
            ""
        };
        check("2 simulated", jobs, trace, rule);
    };
    check("a; b", "0a ~5 ^0b+");
    check("a; b", "0a+ ~5 0a- 0a=D 0b+"); // within a phase
    check("a job; b", "0a+ 0a! ~5 ^0a+");
    check("a delay5; b", "0a+ 0a! 0a>5 ~5 ^0b+");
    check("a delay5; b", "0a+ 0a! 0a>5 0b ~5 0a+");
    check("a delay5 Q; b Q", "0a+ 0a! 0a>5 ~5 ^0a+");
    check("a delay5; c job Q; b Q", "0a+ 0a! 0a>5 0c+ 0c! ~5 1a+"); // b may not begin
}

#[test]
fn retries_are_within_their_bounds() {
    let early = "planned too early";
    let late = "after the time for that is over";
    check("2", "a delay5", "0a+ 0a! 0a>5", "");
    check("2", "a delay5", "0a+ 0a! ^0a>4", early);
    check("2", "a", "0a+ 0a! ^0a>999", early);
    let long = "planned later than its delay says";
    check("2", "a", "0a+ 0a! ^0a>2000", long);
    check("2", "a", "0a+ 0a! 0a>2000@2000", ""); // an error has asked for it
    check("2", "a", "0a+ 0a! ^0a>2001@2000", long);
    check("2", "a", "0a+ 0a! ^0a>1999@2000", early);
    check("2", "a", "0a+ 0a! 0a>1000@999", ""); // the later one counts
    check("2", "a", "0a+ 0a! ^0a>999@999", early);
    check("2", "a delay5", "0a+ 0a! ^0a>6", long);
    check("2", "a delay5", "0a+ 0a! ~9 0a>5", ""); // from the moment when it is planned
    check("2", "a backoff8", "0a+ 0a! 0a>0", ""); // any part of it
    check("2", "a backoff8", "0a+ 0a! 0a>8", "");
    check("2", "a backoff8", "0a+ 0a! ^0a>9", long);
    check("2", "a backoff8 tries9", "0a+ 0a! 0a>8 ~8 0a+ 0a! 0a>16", "");
    check("2", "a backoff8 tries9", "0a+ 0a! 0a>8 ~8 0a+ 0a! ^0a>17", long);
    check("2", "a delay5", "0a+ 0a! 0a>5 ~4 ^0a+", "before it is due");
    check("2", "a delay2 for10", "0a+ ~8 0a! 0a>2", "");
    check("2", "a delay2 for10", "0a+ ~9 0a! ^0a>2", late);
    check("2", "a delay2 for10", "0a+ ~8 0a! 0a>2 ~9 0a+ 0a! ^0a>2", late);
    check("2", "a delay0 for10", "0a+ 0a! ^0a>0", early);
    check("2", "a delay0 for10", "0a+ 0a! 0a>1", "");
    check("2", "a delay0 for0", "0a+ 0a! ^0a>1", late);
    check("2", "a delay0 for90 tries1", "0a+ 0a! ^0a>1", "no tries left");
}

#[test]
fn what_takes_long_is_told_while_it_does() {
    let not_slow = "has not taken that long";
    check("2 slow5", "a", "0a+ ~5 0a?5 ~5 0a?10", "");
    check("2 slow5", "a", "0a+ ~4 ^0a?4", not_slow);
    check("2 slow5", "a", "0a+ ~4 ^0a?5", not_slow);
    check("2 slow0", "a", "0a+ ~5 ^0a?5", not_slow);
    check("2 slow5", "a", "~9 ^0a?5", "no such phase is open");
    check("2 slow5", "a", "0a+ ~9 0a- ^0a?5", "no such phase is open");
    check("2 slow5", "a", "0a+ ~9 ^2a?5", "no such worker");
    check("2 slow5", "a job", "0a+ ~9 0a! 0a+ ^0a?9", not_slow); // each phase has its own time
    check("2 slow5", "a; b", "0a+ ~9 1b+ 0a?9 1b- 1b=D", ""); // from any thread
}

#[test]
fn phases_that_pay_attention_end_in_time() {
    let check = |with: &str, jobs: &str, trace: &str, rule: &str| {
        check(&format!("{with} grace10 within2"), jobs, trace, rule);
        // where they need not, nothing is refused
        super::tests::check(&format!("{with} grace10"), jobs, &trace.replace('^', ""), "");
    };
    let (limit, run) = ("when its time and the grace period were over", "when the time of the run and");
    check("2", "a limit5", "0a+ ~17 0a-", "");
    check("2", "a limit5", "0a+ ~18 ^0a-", limit);
    check("2", "a limit5", "0a+ ~18 ^0a!", limit);
    check("2", "a job limit5", "0a+ ~17 0a! 0a+ ~17 0a- 0a+ ~17 0a-", ""); // each phase has its own
    check("2", "a job limit5", "0a+ 0a! 0a+ ~18 ^0a-", limit);
    check("2", "a", "0a+ ~99999 0a-", "");
    check("2 time20", "a", "~9 0a+ ~23 0a-", "");
    check("2 time20", "a", "~9 0a+ ~24 ^0a-", run);
    let (cancel, kill) = ("when the run was cancelled and", "when the run was killed");
    check("2", "a", "0a+ ~50 1#D ~99 0a-", "");
    check("2", "a", "0a+ ~50 1#C ~12 0a-", "");
    check("2", "a", "0a+ ~50 1#C ~13 ^0a-", cancel);
    check("2", "a", "0a+ ~50 1#D ~50 1#C ~12 0a-", "");
    check("2", "a", "0a+ ~50 1#K ~2 0a-", "");
    check("2", "a", "0a+ ~50 1#K ~3 ^0a-", kill);
    check("2", "a", "0a+ ~50 1#C ~5 1#K ~3 ^0a-", kill);
    check("3", "a; b", "0a+ 1#C ~9 2b+ ~12 2b-", ""); // it was chosen before
}

#[test]
fn a_job_that_has_failed_has_no_tries_left() {
    let left = "the job has tries left";
    check("2", "a", "0a+ 0a! ^0a=F", left);
    check("2", "a tries1", "0a+ 0a! 0a=F", "");
    check("2", "a tries2 delay0", "0a+ 0a! 0a>0 0a+ 0a! 0a=F", "");
    check("2", "a tries3 delay0", "0a+ 0a! 0a>0 0a+ 0a! ^0a=F", left);
    check("2", "a if", "0a+ 0a! 0a=F", ""); // it was asked
    check("2", "a for10", "0a+ 0a! 0a=F", ""); // its time may be over
    check("2", "a", "0a+ 0a!P 0a=F", "");
    check("2", "a", "0a+ 0a!P ^0a>1000", "no other try can help");
    check("2", "a", "0a+ 0a!U ^0a=F", left);
    check("2", "a job", "0a+ 0a!P 0a=F", "");
    check("2", "a job", "0a+ 0a!P ^0a+", "follows the last one");
    check("2", "a job delay0", "0a+ 0a!U 0a>0 0a+", "");
    check("2", "a job", "0a+ 0a! 0a+ 0a!P 0a+ 0a! 0a=F", ""); // the recheck follows all the same
    check("2", "a job", "0a+ 0a! 0a+ 0a!U 0a+ 0a! ^0a=F", left);
    check("2", "a job", "0a+ 0a! ^0a=F", "the try is not over");
    check("2 dry", "a job", "0a+ 0a! 0a=W", "");
    check("2 dry", "a job", "0a+ 0a!U 0a=F", "");
    check("2 dry", "a job", "0a+ 0a!U ^0a=W", "did not end so");
    check("2 dry", "a check", "0a+ 0a! 0a=F", "");
    check("2 dry", "a Q", "0a=W", "");
    check("2 dry", "a; b<a job", "0a=W ^0b+", "is not done");
}

#[test]
fn nothing_new_begins_after_a_stop() {
    let begins = "a try begins in a stopped run";
    check("3", "a; b; c", "0a+ 1#D 0a- 0a=D ^0b+", begins);
    check("3", "a; b; c", "0a+ 1#D 2b+", ""); // chosen before
    check("3", "a; b; c", "0a+ 1#D 2b ^2c+", begins); // and no more
    check("3", "a; b; c", "1#D 1a ^1b+", begins); // seen between its choice and the first phase
    check("3 simulated", "a; b; c", "1#D ^1a+", begins);
    check("3", "a; b; c", "0a 1#K 0b+", "");
    check("3 simulated", "a; b; c", "0a+ 1#D ^2b+", begins);
    check("1", "a; b; c", "0a 0#D 0b ^0c+", begins);
    check("1", "a; b; c", "0a 0#C ^0b+", "a phase begins in a cancelled run");
    check("1", "a; b; c", "0a+ 0#D 0a- 0a=D ^0b+", begins);
    check("1", "a; b; c", "0a+ 0a! 0#D ^0a>1000", "planned in a stopped run");
    check("3", "a delay0; b", "0a+ 0a! 0a>0 1#D 0a+", "");
    check("3", "a delay0; b", "0a+ 0a! 0a>0 1#D 2b+ 0a+ 0a! ^0a>0", "planned in a stopped run");
    check("3", "a; b", "0a+ 1#D 0a! ^0a>1000", "planned in a stopped run");
    check("3", "a; b", "0a+ 0a! 1#D 0a>1000 1a=C", "");
    check("3", "a; b", "0a+ 0a! 0a>1000 ^1a=C", "another try is planned");
}

#[test]
fn no_other_phase_begins_in_a_cancelled_run() {
    let begins = "a phase begins in a cancelled run";
    for stop in ["C", "K"] {
        let check = |trace: &str, rule| check("3", "a job; b", &trace.replace('*', stop), rule);
        check("0a+ 1#* 0a! ^0a+", begins);
        check("0a+ 1#* 0a! 0a=C", "");
        check("0a+ 0a! 1#* 0a+", "");
        check("0a+ 0a! 1#* 0a+ 0a- ^0a+", begins);
        check("0a+ 0a! 1#* 0a+ 0a- 0a=C", "");
        check("0a+ 0a! 1#* 0a+ 0a- ^0a=D", "did not end so");
        check("0a+ 1#D 0a! 0a+ 1#* 0a- ^0a+", begins);
        check("0a+ 1#* 0a- 0a=S", "");
    }
    check("3", "a job; b", "0a+ 1#D 0a! 0a+ 0a- 0a+ 0a- 0a=D", ""); // a drained one goes on with its tries
    check("3", "a job; b", "0a+ 1#D 0a! ^0a=C", "the try is not over");
    check("2 simulated", "a job", "0a+ 0a! 1#C ^0a+", begins);
}

#[test]
fn levels_rise_while_something_goes_on() {
    check("2", "a", "0#D 0#C 1#K", "");
    check("2", "a", "0#D ^0#D", "only rises");
    check("2", "a", "0#C ^1#D", "only rises");
    check("2", "a", "0a 0#D", ""); // it was raised before the end was booked
    check("2", "a", "^2#D", "no such worker");
}

#[test]
fn limits_of_the_run_are_stops() {
    let begins = "a try begins in a stopped run";
    check("3 failures1", "a tries1; b", "0a+ 0a! 0a=F ^0b+", begins);
    check("3 failures1", "a tries1; b", "0a+ 0a! 0a=F 1b+", "");
    check("3 failures2", "a tries1; b", "0a+ 0a! 0a=F 0b+", "");
    let late = "the time of the run is over";
    check("3 time50", "a; b", "0a+ ~50 0a- 0a=D ^0b+", late);
    check("3 time50", "a; b", "0a+ ~49 0a- 0a=D 0b+", "");
    check("3 time50", "a; b", "0a+ ~99 0a- 0a=D 1b+", ""); // it may have looked before
    check("3 time50", "a job", "0a+ ~99 0a! 0a+", ""); // who stops the run does it between tries
    check("3 time0", "a", "^0a+", late);
}

#[test]
fn a_try_that_ends_after_a_stop_counts_as_ever() {
    let other = "did not end so";
    check("2", "a; b", "0a+ 1#D 0a! 0a=C", "");
    check("2", "a; b", "0a+ 1#D 0a! ^0a=F", other);
    check("2", "a; b", "0a+ 0a! ^0a=C", other);
    check("2", "a tries1; b", "0a+ 1#D 0a! 0a=F", "");
    check("2", "a tries1; b", "0a+ 1#D 0a! ^0a=C", other);
    check("2", "a tries1; b", "0a+ 1#D 0a!C 0a=F", ""); // nothing asks it to end
    check("2", "a tries1; b", "0a+ 1#C 0a!C 0a=C", "");
    check("2", "a tries1; b", "0a+ 1#C 0a!C ^0a=F", other);
    check("2", "a tries1; b", "0a+ 1#C 0a! 0a=F", "");
    check("2", "a tries1; b", "0a+ 0a!C 1#C 0a=F", ""); // whichever came first
    check("2", "a tries1; b", "0a+ 0a!C 1#C 0a=C", "");
    check("2", "a; b", "0a+ 0a! 1#D 0a=C", "");
    check("2", "a if; b", "0a+ 1#D 0a! 0a=C", "");
    check("2", "a if; b", "0a+ 1#D 0a! 0a=F", "");
    check("2", "a; b", "0a+ 1#C 0a- 0a=D", "");
    check("2", "a; b", "0a+ 1#C 0a- ^0a=C", other);
}

#[test]
fn what_has_not_begun_ends_by_what_it_waits_for() {
    let by_nothing = "nothing that the job waits for was cancelled";
    check("2", "a; b", "^0a=C", "the run is not stopped");
    check("2", "a; b<a", "0#D 0a=C 0b=C", "");
    check("2", "a; b<a", "0#D ^0b=C", by_nothing);
    check("2", "a; b<a", "0#D 0a=C ^0b=a", "has not ended without being done");
    check("2", "a tries1; b<a", "0a+ 0a! 0a=F 0#D 0b=a", "");
    check("2", "a tries1; b<a", "0a+ 0a! 0a=F 0#D ^0b=C", by_nothing);
    check("2", "a tries1; c; b<a,c", "0a+ 0a! 0a=F 0#D 0c=C 0b=C", "");
    check("2", "a; g<a group", "0a 0#D 0g=S", "");
    check("2", "a; g<a group", "0a 0#D ^0g=C", by_nothing);
    check("2", "a; g<a group", "0#D 0a=C 0g=C", "");
    check("2", "a; g<a group", "0#D 0a=C ^0g=S", "is not done");
    check("2", "a; b<a", "0a 0#D 0b=C", "");
}

#[test]
fn a_dry_run_may_go_on_behind_what_would_run() {
    let (other, not_done) = ("did not end so", "is not done");
    check("2 through", "a; b<a job", "0a=W 0b+ 0b! 0b=W", "");
    check("2 through", "a; b<a job", "0a=W 0b+ 0b!U 0b=W", "");
    check("2 through", "a; b<a job", "0a=W 0b+ 0b!U ^0b=F", other);
    check("2 through", "a; b<a job", "0a=W 0b+ 0b- 0b=S", "");
    check("2 through", "a; b<a check", "0a=W 0b+ 0b! 0b=W", "");
    check("2 through", "a; b<a check", "0a=W 0b+ 0b! ^0b=F", other);
    check("2 through", "a; b<a", "0a=W 0b=W", "");
    check("2 through", "a; b<a", "0a=W ^0b=a", "has not ended without being done");
    check("2 through", "a; g<a group; b<g check", "0a=W 0g=S 0b+ 0b! ^0b=F", other);
    check("2 through", "a check; b<a check", "0a+ 0a! 0a=F ^0b+", not_done);
    check("2 through", "a check; b<a check", "0a+ 0a! ^0a=W", other); // nothing stands before it
    check("2 through", "a check; c; b<a,c check", "0a+ 0a! 0a=F 0c=W 0b=a", "");
    check("2 through", "a; b<a check", "0a=W 0b+ 1#C 0b!C 0b=C", "");
    check("2 through", "a; b<a check", "0a=W 0b+ 0b!C ^0b=C", other);
}

#[test]
fn a_run_is_described_once() {
    let (twice, none) = ("is described once a job", "does not describe its run");
    check("2", "a job says", "0a+ 0a\" 0a! 0a+", "");
    check("2", "a job says", "0a+ 0a\" ^0a\"", twice);
    check("2", "a job says", "0a+ 0a! 0a+ 0a- ^0a\"", twice);
    check("2", "a job", "0a+ ^0a\"", none);
    check("2 dry", "a says", "0a\" 0a=W", "");
    check("2 dry", "a says", "0a=W ^0a\"", "has ended before");
}
