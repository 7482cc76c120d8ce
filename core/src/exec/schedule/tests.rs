//! Which jobs may begin next, in a small language; and whether that is what a schedule of a dozen lines says, on random graphs.

use super::*;
use crate::job::{JobOptions, JobSpec};
use crate::plan::{Draft, Plan};
use crate::pool::Pool;

/// Jobs apart by `;`: a name and what it is after (`c<a,b`), and then pools (`P`, `P*2`; P has two slots, Q and R one) and a
/// priority (`!3`). Names in a nest begin with that of the nest: `n/a`. A nest that waits is `n<a nest`, before its jobs.
fn plan(text: &str) -> Plan<'static> {
    let mut draft = Draft::default();
    let mut nest: Option<(Draft<'static>, String, Vec<String>)> = None;
    for job in text.split(';').map(str::trim).chain(["end"]) {
        let mut words = job.split_whitespace();
        let first = words.next().unwrap();
        let (name, after) = first.split_once('<').unwrap_or((first, ""));
        let after = || after.split(',').filter(|on| !on.is_empty());
        let inner =
            nest.as_ref().and_then(|(_, nest, _)| name.strip_prefix(nest.as_str())?.strip_prefix('/'));
        let inner = inner.map(str::to_owned);
        if inner.is_none()
            && let Some((inner, name, after)) = nest.take()
        {
            draft.open(&name);
            after.iter().for_each(|on| draft.after(on));
            draft.nest(inner, JobSpec::group());
        }
        if job == "end" {
            break;
        }
        let (mut options, mut spec) = (JobOptions::default(), JobSpec::run_only(|_| ()));
        let mut is_nest = false;
        for word in words {
            match word {
                "nest" => is_nest = true,
                "group" => spec = JobSpec::group(),
                _ if word.starts_with('!') => options.priority(word[1..].parse().unwrap()),
                _ => {
                    let (pool, slots) = word.split_once('*').unwrap_or((word, "1"));
                    options
                        .uses(Pool::new(pool, if pool == "P" { 2 } else { 1 }).slots(slots.parse().unwrap()));
                }
            }
        }
        if is_nest {
            nest = Some((Draft::default(), name.to_owned(), after().map(str::to_owned).collect()));
            continue;
        }
        let into = match &mut nest {
            Some((inner, ..)) => inner,
            None => &mut draft,
        };
        into.open(inner.as_deref().unwrap_or(name));
        after().for_each(|on| into.after(on));
        into.close(spec.with_options(options));
    }
    draft.compile().unwrap()
}

fn schedule(plan: &Plan<'_>) -> Schedule {
    let needs = plan.needs();
    let wish = |priority: &i32| Wish { priority: std::cmp::Reverse(*priority), way: std::cmp::Reverse(0) };
    let one = |(pool, slots): &(u32, u32)| Use { pool: PoolId(*pool), slots: *slots };
    let uses = plan.graph().ids().map(|job| needs.uses.of(job).iter().map(one));
    let sizes = needs.uses.sizes();
    Schedule::new(
        plan.graph(),
        Claims::new(sizes, uses, needs.priorities.iter().map(wish).collect()),
        DryRun::Off,
    )
}

/// A schedule, and the tries that go on.
struct Desk<'p> {
    plan: &'p Plan<'static>,
    schedule: Schedule,
    inside: BTreeMap<JobId, Try>,
    now: u64,
}

impl Desk<'_> {
    fn job(&self, name: &str) -> JobId {
        self.plan.graph().find(name).unwrap_or_else(|| panic!("there is no job {name}"))
    }

    /// Does what a word says, and returns what that leads to, as the same word says it.
    fn act(&mut self, word: &str) -> String {
        let mut told = Vec::new();
        let (act, _) = word.split_once('(').unwrap_or((word, ""));
        if let Some(time) = act.strip_prefix('@') {
            self.now = time.parse().unwrap();
        } else if act == "stop" {
            self.schedule.stop(&mut told);
        } else if let Some(name) = act.strip_suffix('.') {
            self.end(name, Status::Changed, &mut told);
        } else if let Some(name) = act.strip_suffix('!') {
            self.end(name, Status::Failed, &mut told);
        } else if let Some(name) = act.strip_suffix('~') {
            self.end(name, Status::Cancelled, &mut told);
        } else if let Some((name, due)) = act.split_once('>') {
            let attempt = self.inside.remove(&self.job(name)).expect("it is inside");
            self.schedule.again(attempt.again(due.parse().unwrap()), &mut told);
        } else if let Some(name) = act.strip_suffix('_') {
            let job = self.job(name);
            self.schedule.suspend(job);
        } else if let Some(name) = act.strip_suffix('*') {
            let job = self.job(name);
            self.schedule.wake(job);
        } else {
            return self.next();
        }
        let told: Vec<String> = told.iter().map(|ended| self.name_end(ended)).collect();
        if told.is_empty() { act.to_owned() } else { format!("{act}({})", told.join(",")) }
    }

    fn next(&mut self) -> String {
        let now = self.now;
        match self.schedule.next(|| now) {
            None => "-".to_owned(),
            Some(Next::Begin(attempt)) => {
                self.inside.insert(attempt.job, attempt);
                let number = if attempt.attempt > 1 { attempt.attempt.to_string() } else { String::new() };
                format!("{}{number}", self.plan.graph().name(attempt.job))
            }
            Some(Next::Resume(job)) => format!("{}+", self.plan.graph().name(job)),
        }
    }

    fn end(&mut self, name: &str, status: Status, told: &mut Vec<Ended>) {
        let job = self.job(name);
        self.inside.remove(&job).unwrap_or_else(|| panic!("{name} is not inside"));
        self.schedule.end(job, status, told);
    }

    fn name_end(&self, ended: &Ended) -> String {
        let graph = self.plan.graph();
        let how = match (ended.status, ended.because) {
            (Status::Blocked, Some(because)) => graph.name(because).to_owned(),
            (status, None) => status.to_string()[..1].to_uppercase(),
            other => panic!("{other:?}"),
        };
        format!("{}={how}", graph.name(ended.job))
    }
}

/// Each word says what happens, or what is to begin:
///
/// | | |
/// |---|---|
/// | `a` | the first try of a is what is to be done next; `a2` the second one, `a+` the rest of one that was pending |
/// | `-` | nothing is |
/// | `a.` `a!` `a~` | a is done, has failed, is cancelled; behind it what ends by that: `a!(b=a,c=C)` |
/// | `a>5` | a try of a has failed, and another one is due at 5 |
/// | `@5` | it is 5 |
/// | `a_` `a*` | the try of a waits for its waker; that is called |
/// | `stop` | nothing else begins |
#[track_caller]
fn check(jobs: &str, words: &str) {
    let plan = plan(jobs);
    let mut desk = Desk { plan: &plan, schedule: schedule(&plan), inside: BTreeMap::new(), now: 0 };
    let mut done = Vec::new();
    for word in words.split_whitespace() {
        let came = desk.act(word);
        assert_eq!(came, word, "{jobs} | {}", done.join(" "));
        done.push(came);
    }
    assert_eq!(
        desk.inside.is_empty() && desk.schedule.is_over(),
        desk.schedule.open() == 0,
        "{jobs} | {words}"
    );
}

#[test]
fn what_is_ready_first_begins_first() {
    check("a; b; c", "a b c - a. b. c. -");
    check("a; c<a; b<a", "a - a. c b -");
    check("a; b; c<b; d<a", "a b b. a. c d");
    check("a; b<a; c<a,b; d", "a d - a. b - b. c c. -");
    check("a; g<a group; b<g", "a - a. g - g. b");
}

#[test]
fn priorities_come_before_arrival() {
    check("a; b !1; c !-1; d !1", "b d a c");
    check("a; b<a !5; c", "a a. b c");
    check("a P*2; b P*2 !1; c", "b c - b. a");
    check("a Q !1; b !2; c Q !3", "c b - c. a");
}

#[test]
fn slots_are_taken_all_at_once_or_not_at_all() {
    check("a P; b P; c P", "a b - a. c -");
    check("a P*2; b P; c P", "a - a. b c");
    check("a P; b P*2; c P", "a - a. b - b. c"); // c is behind b
    check("a P Q; b Q R; c R", "a - a. b - b. c"); // and so in every queue
    check("a P Q; b Q R !-1; c R", "a c - c. - a. b"); // unless it comes first there
    check("a P P; b P", "a - a. b"); // uses add up
    check("a Q; b; c Q", "a b - a. c");
    check("a Q; b Q; c<a Q", "a - a. b - b. c");
    check("a Q; b Q !1; c<b Q !2", "b - b. c - c. a");
    check("a P; b P; c P*2; d !-9", "a b d - a. - b. c");
}

#[test]
fn retries_come_last_and_hold_nothing() {
    check("a; b; c<b", "a a>0 b b. c a2 -");
    check("a; b", "a b a>9 b>5 @5 b2 - @9 a2");
    check("a; b", "a b a>5 b>5 @5 a2 b2 -"); // by declaration
    check("a Q; b Q", "a a>0 b - b. a2");
    check("a Q; b Q; c<b Q", "a a>0 b b. c - c. a2"); // ready jobs first
    check("a P*2; b P; c P", "a a>0 b c - b. - c. a2 -");
    check("a; b", "a a>3 b - @2 - @3 a2 a>8 - @8 a3");
}

#[test]
fn parked_retries_are_found_again() {
    check("a Q; b Q; c Q", "a a>0 b b>0 c - c. a2 - a. b2 -"); // by due time, one after the other
    check("a Q; b R; c Q; d R", "a b a>1 b>0 c d @1 - d. b2 - c. a2 -");
    // a is parked at Q, then at R; b must not stay behind it at Q
    check("a Q R; b Q; c Q; d R", "a a>1 b b>2 c d @2 - c. b2 - d. - b. a2 -");
    check("a P*2 R; b P*2; c P*2; d R", "a a>1 b b>2 c d @2 - c. b2 - d. - b. a2 -");
    check("a P R; b P; c P*2; d R", "a b b>2 a>1 c d @2 - c. b2 - d. a2 -");
    check("a P*2; b P; c P; d P", "a a>0 b c - b. d - c. - d. a2");
    check("a P; b P*2; c P*2", "a a>0 b b>0 c - c. a2 - a. b2 -");
}

#[test]
fn what_depends_on_a_failed_job_is_blocked() {
    check("a; b<a; c<b; d<a,c", "a a!(b=a,d=a,c=b) -");
    check("a; b; c<a,b", "a b a!(c=a) b!");
    check("a; b; c<a,b", "a b a. b!(c=b)");
    check("a; b<a Q; c Q", "a c a!(b=a) c. -");
    check("a; b<a; c<a", "a a~(b=C,c=C)");
    check("a; b; c<a,b; d<c", "a b a!(c=a,d=c) b~"); // by what ends first
}

#[test]
fn a_stop_ends_what_has_not_begun() {
    check("a; b; c<a", "a stop(b=C) a.(c=C) -");
    check("a; b<a; g<b group", "a stop a.(b=C,g=C) -");
    check("a; g<a group; h<g group; b<h", "a stop a.(g=S,h=S,b=C)");
    check("a; b<a", "a stop a!(b=a)");
    check("a; b<a", "a stop a~(b=C)");
    check("a Q; b Q; c Q", "a a>0 b stop(a=C,c=C) b. -"); // one that is parked, too
    check("a Q; b Q; c R", "a a>0 b c @1 - stop(a=C) b. c.");
    check("a; b", "a stop(b=C) a>5(a=C) -");
    check("a; b", "a stop(b=C) stop a. -");
    check("a group; b<a", "stop(a=S,b=C)");
}

#[test]
fn nests_wait_as_one_and_release_in_their_place() {
    check("a; n<a nest; n/x; n/y; b<a", "a - a. n/x n/y b - n/x. - n/y. n -");
    check("a; b<a; n<a nest; n/x; n/y<x", "a a. b n/x - n/x. n/y n/y. n");
    check("a; n<a nest; n/x; b<n", "a a!(n/x=a,n=n/x,b=n)");
    check("a; n<a nest; n/x; b<n", "a stop a.(n/x=C,n=C,b=C)");
    check("a; c; n<a,c nest; n/x P; n/y P*2", "a c a. - c. n/x - n/x. n/y");
}

#[test]
fn woken_tries_and_ready_jobs_take_turns() {
    check("a; b; c; d", "a b a_ b_ a* b* a+ c b+ d -");
    check("a Q; b Q", "a a_ - a* a+ a. b"); // a pending try has its slots
    check("a; b", "a a* a_ a+ b -"); // the waker was called before
    check("a; b", "a a_ stop(b=C) a* a+ a."); // a stop ends none that has begun
}

/// A schedule that looks at all there is, every time.
struct Naive {
    free: Vec<u32>,
    uses: Vec<Vec<(usize, u32)>>,
    /// Priority, turned round, then arrival.
    ready: Vec<(i32, usize, JobId)>,
    arrivals: usize,
    retries: Vec<(u64, JobId)>,
}

impl Naive {
    fn enqueue(&mut self, priority: i32, job: JobId) {
        self.ready.push((-priority, self.arrivals, job));
        self.ready.sort_unstable();
        self.arrivals += 1;
    }

    fn fits(&self, job: JobId) -> bool {
        self.uses[job.index()].iter().all(|(pool, slots)| self.free[*pool] >= *slots)
    }

    fn next(&mut self, now: u64) -> Option<JobId> {
        let shares = |one: JobId, other: JobId| {
            let mut pools = self.uses[one.index()].iter();
            pools.any(|(pool, _)| self.uses[other.index()].iter().any(|(other, _)| other == pool))
        };
        let may_begin = |at: &usize| {
            let job = self.ready[*at].2;
            self.fits(job) && !self.ready[..*at].iter().any(|(.., before)| shares(*before, job))
        };
        let job = match (0..self.ready.len()).find(may_begin) {
            Some(at) => self.ready.remove(at).2,
            None => {
                self.retries.sort_unstable();
                let fits = |(due, job): &(u64, JobId)| *due <= now && self.fits(*job);
                let at = self.retries.iter().position(fits)?;
                self.retries.remove(at).1
            }
        };
        self.uses[job.index()].iter().for_each(|(pool, slots)| self.free[*pool] -= slots);
        Some(job)
    }

    fn leave(&mut self, job: JobId) {
        self.uses[job.index()].iter().for_each(|(pool, slots)| self.free[*pool] += slots);
    }
}

#[test]
fn the_schedule_says_what_a_naive_one_says() {
    for seed in 0..500 {
        compare(seed);
    }
}

/// Forty jobs that depend on nothing, with and without pools and priorities, whose tries end or fail in any order.
#[track_caller]
fn compare(seed: u64) {
    let mut state = seed;
    let mut dice = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let sizes = [1, 2, 3, 5];
    let priorities = dice(2) as i32 * 3 + 1; // none in every other
    let mut draft = Draft::<()>::default();
    let (mut wanted, mut wishes) = (Vec::new(), Vec::new());
    for job in 0..40 {
        let uses: Vec<(usize, u32)> = (0..sizes.len())
            .filter(|_| dice(3) == 0)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|pool| (pool, 1 + dice(sizes[pool].into()) as u32))
            .collect();
        wishes.push(dice(priorities as u64) as i32);
        draft.open(&job.to_string());
        draft.close(JobSpec::run_only(|_| ()));
        wanted.push(uses);
    }
    let plan = draft.compile().unwrap();
    let one = |(pool, slots): &(usize, u32)| Use { pool: PoolId(*pool as u32), slots: *slots };
    let wish = |priority: &i32| Wish { priority: std::cmp::Reverse(*priority), way: std::cmp::Reverse(0) };
    let claims = Claims::new(
        sizes.to_vec(),
        wanted.iter().map(|uses| uses.iter().map(one)),
        if priorities > 1 { wishes.iter().map(wish).collect() } else { Vec::new() },
    );
    let mut schedule = Schedule::new(plan.graph(), claims, DryRun::Off);
    let mut naive =
        Naive { free: sizes.to_vec(), uses: wanted, ready: Vec::new(), arrivals: 0, retries: Vec::new() };
    plan.graph().ids().for_each(|job| naive.enqueue(wishes[job.index()], job));

    let (mut inside, mut now) = (Vec::<Try>::new(), 0);
    while !schedule.is_over() {
        now += dice(3);
        let expected = naive.next(now);
        match schedule.next(|| now) {
            Some(Next::Begin(attempt)) => {
                assert_eq!(Some(attempt.job), expected, "seed {seed}");
                inside.push(attempt);
            }
            other => assert_eq!((other, expected), (None, None), "seed {seed}"),
        }
        if inside.is_empty() || dice(2) == 0 {
            continue;
        }
        let attempt = inside.swap_remove(dice(inside.len() as u64) as usize);
        naive.leave(attempt.job);
        if attempt.attempt < 4 && dice(2) == 0 {
            let due = now + dice(4);
            naive.retries.push((due, attempt.job));
            schedule.again(attempt.again(due), &mut Vec::new());
        } else {
            schedule.end(attempt.job, Status::Changed, &mut Vec::new());
        }
    }
    assert!(naive.ready.is_empty() && naive.retries.is_empty() && inside.is_empty());
}

#[test]
fn a_stop_reaches_a_try_that_is_about_to_be_pending() {
    let plan = plan("a; b");
    let mut schedule = schedule(&plan);
    assert!(matches!(schedule.next(|| 0), Some(Next::Begin(_))));
    schedule.stop(&mut Vec::new());
    schedule.wake_all();
    assert!(!schedule.suspend(JobId(0)), "it was being polled");
    assert_eq!(schedule.state(JobId(0)), State::Woken);
    assert_eq!(schedule.next(|| 0), Some(Next::Resume(JobId(0))));
    schedule.end(JobId(0), Status::Cancelled, &mut Vec::new());
    schedule.wake_all();
    assert!(schedule.is_over());
}
