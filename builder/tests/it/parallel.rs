//! Workers: who runs what, what may wait for what, and that nothing ever waits for good.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use dojobber::{Event, Graph, Key, Observer, Phase, Plan, Report, Run, Runner, Status};
use rayon::prelude::*;

use crate::support::within;

/// Something that has happened, once and for all.
#[derive(Default)]
struct Signal {
    given: Mutex<bool>,
    bell: Condvar,
}

impl Signal {
    fn give(&self) {
        *self.given.lock().unwrap() = true;
        self.bell.notify_all();
    }
    fn wait(&self) {
        drop(self.bell.wait_while(self.given.lock().unwrap(), |given| !*given).unwrap());
    }
}

thread_local! {
    /// Whether this thread is inside a job, or inside a piece of one's `par_iter`.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Says that this thread is inside, until it is dropped.
struct Inside {
    before: bool,
}

impl Inside {
    /// A panic here is the job's failure, which every test finds in its report.
    fn job() -> Self {
        assert!(!INSIDE.get(), "a job has started inside another one");
        Inside::piece()
    }
    fn piece() -> Self {
        Inside { before: INSIDE.replace(true) }
    }
    /// A run that is led from inside a job has jobs of its own.
    fn led<T>(lead: impl FnOnce() -> T) -> T {
        let outer = Inside { before: INSIDE.replace(false) };
        let result = lead();
        drop(outer);
        result
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}

fn runner(threads: usize) -> Runner {
    Runner::builder().threads(threads).default_retry_delay(Duration::ZERO).build()
}

/// Work for rayon: `PIECES` pieces, each of which says where it is.
fn pieces() -> usize {
    (0..PIECES).into_par_iter().map(|_| drop(Inside::piece())).count()
}

const PIECES: usize = 64;

/// `jobs` jobs beside each other, each of which does `what`.
fn fan<'env>(jobs: usize, what: impl Fn() -> bool + Send + Sync + Copy + 'env) -> Plan<'env> {
    let jobs = Graph::new().each(0..jobs, |graph, at| {
        graph.job(format!("job {at}")).run_only(move |_| {
            let _inside = Inside::job();
            what()
        })
    });
    jobs.compile().unwrap()
}

#[track_caller]
fn check_changed(run: Run<'_>, jobs: usize) {
    let run = run.into_result().unwrap();
    assert_eq!(run.count(Status::Changed), jobs);
}

// ---- nothing waits while a worker is free ----

/// Two jobs meet, one on each of two threads. The one on the thread that was asked for then waits until the other
/// one's second try has begun.
#[track_caller]
fn check_waits_for_second_try(on_caller: bool, delay: Duration) {
    let (both_in, second_try, caller) = (Barrier::new(2), Signal::default(), thread::current().id());
    let jobs = Graph::new().each(["a", "b"], |graph, name| {
        graph.job(name).retry_delay(delay).tries(2).check_only(|cx| {
            if cx.attempt() == 2 {
                second_try.give();
                return true;
            }
            both_in.wait();
            let waits = (thread::current().id() == caller) == on_caller;
            if waits {
                second_try.wait();
            }
            waits
        })
    });
    let plan = jobs.compile().unwrap();
    let run = within("a job that waits for another's second try", || runner(2).run(&plan, ()));
    let run = run.into_result().unwrap();
    let waited = run.jobs().find(|job| job.tries() == 1).unwrap();
    assert_eq!(waited.phases()[0].worker() == 0, on_caller);
    assert_eq!(run.jobs().filter(|job| job.tries() == 2).count(), 1);
}

#[test]
fn a_job_may_wait_for_the_second_try_of_another() {
    for delay in [0, 1, 20].map(Duration::from_millis) {
        check_waits_for_second_try(true, delay);
        check_waits_for_second_try(false, delay);
    }
}

/// As many jobs as a barrier is for meet there; `name` is done when they have.
fn meeting<'env>(
    graph: Graph<'env>,
    name: &str,
    after: &str,
    all_in: &'env Barrier,
    jobs: usize,
) -> Graph<'env> {
    let members = graph.each(0..jobs, |graph, at| {
        let member = format!("{name} {at}");
        graph.job(member).after(after).before(name).run_only(|_| {
            all_in.wait();
        })
    });
    members.job(name).group()
}

/// The length of a chain that takes its worker so long that the helpers have gone to sleep meanwhile.
const LINKS: usize = 5_000;
/// And now and then one lets others have the processor, should they share it: not each, which takes minutes where many
/// want it.
const LINKS_TO_A_PAUSE: usize = 100;

/// Jobs one after the other; `name` is done when they are.
fn chain<'env>(graph: Graph<'env>, name: &str, after: &str) -> Graph<'env> {
    let links = graph.each(0..LINKS, |graph, at| {
        let on = if at == 0 { after.to_owned() } else { format!("{name} {}", at - 1) };
        graph.job(format!("{name} {at}")).after(on).run_only(move |_| {
            if at % LINKS_TO_A_PAUSE == 0 {
                thread::yield_now();
            }
        })
    });
    links.job(name).after(format!("{name} {}", LINKS - 1)).group()
}

/// As many jobs as there are threads meet: at once, behind a chain, and behind each other.
#[track_caller]
fn check_meetings(threads: usize) {
    let all_in = Barrier::new(threads);
    let meeting = |graph, name, after| meeting(graph, name, after, &all_in, threads);
    let graph = meeting(Graph::new().job("nothing").group(), "start", "nothing");
    let graph = meeting(chain(graph, "chain", "start"), "middle", "chain");
    let graph = meeting(graph, "again", "middle");
    let plan = meeting(chain(graph, "other chain", "again"), "end", "other chain").compile().unwrap();
    let runner = runner(threads);
    for _ in 0..5 {
        check_changed(
            within(&format!("{threads} jobs that meet"), || runner.run(&plan, ())),
            4 * threads + 2 * LINKS,
        );
    }
}

/// As many jobs as there are threads meet in their second try.
#[track_caller]
fn check_retries_meet(threads: usize, delay: Duration) {
    let all_in = Barrier::new(threads);
    let jobs = Graph::new().each(0..threads, |graph, at| {
        graph.job(format!("job {at}")).retry_delay(delay).check_only(|cx| {
            cx.attempt() == 2 && {
                all_in.wait();
                true
            }
        })
    });
    let plan = jobs.compile().unwrap();
    let runner = runner(threads);
    for _ in 0..20 {
        let run = within(&format!("{threads} second tries that meet"), || runner.run(&plan, ()));
        assert!(run.into_result().unwrap().jobs().all(|job| job.tries() == 2));
    }
}

/// One job waits for the last of many others, which the other threads go through in pairs, or alone.
#[track_caller]
fn check_goes_on_beside_a_long_job(threads: usize) {
    let (others, all_done) = (Barrier::new(threads - 1), Signal::default());
    let mut graph = Graph::new().job("long").run_only(|_| all_done.wait());
    for round in 0..10 {
        let after = (round > 0).then(|| format!("round {}", round - 1));
        for member in 0..threads - 1 {
            graph = graph
                .job(format!("{round} {member}"))
                .after(&after)
                .before(format!("round {round}"))
                .run_only(|_| {
                    others.wait();
                });
        }
        graph = graph.job(format!("round {round}")).group();
    }
    let plan = graph.job("last").after("round 9").run_only(|_| all_done.give()).compile().unwrap();
    let run = within(&format!("a long job beside {} others", threads - 1), || runner(threads).run(&plan, ()));
    assert!(run.into_result().unwrap().success());
}

/// The worker that has ended the first of two goes on with a job that waits for what comes after both.
#[test]
fn a_job_may_wait_for_what_the_one_before_it_made_ready() {
    let runner = runner(2);
    for _ in 0..100 {
        let both_done = Signal::default();
        let plan = Graph::new()
            .job("first")
            .before("both")
            .run_only(|_| ())
            .job("waits")
            .run_only(|_| both_done.wait())
            .job("second")
            .before("both")
            .run_only(|_| ())
            .job("both")
            .run_only(|_| both_done.give())
            .compile()
            .unwrap();
        let run = within("a job that waits for another's dependant", || runner.run(&plan, ()));
        assert!(run.into_result().unwrap().success());
    }
}

#[test]
fn nothing_waits_while_a_worker_is_free() {
    for threads in [2, 3, 8, 100] {
        check_meetings(threads);
        check_retries_meet(threads, Duration::ZERO);
        check_retries_meet(threads, Duration::from_millis(3));
        check_goes_on_beside_a_long_job(threads);
    }
}

/// The first two of three jobs to start meet. The helper's one fails; the helper goes on with the third, which keeps
/// it from the second try, so that this is the caller's.
#[test]
fn the_tries_of_one_job_stand_in_order_whoever_executed_them() {
    let (both_in, started, caller) = (Barrier::new(2), AtomicUsize::new(0), thread::current().id());
    let (third_began, second_try) = (Signal::default(), Signal::default());
    let jobs = Graph::new().each(["a", "b", "c"], |graph, name| {
        graph.job(name).check_only(|cx| {
            if cx.attempt() == 2 {
                second_try.give();
                return true;
            }
            if started.fetch_add(1, Ordering::SeqCst) == 2 {
                third_began.give();
                second_try.wait();
                return true;
            }
            both_in.wait();
            let stays = thread::current().id() == caller;
            if stays {
                third_began.wait();
            }
            stays
        })
    });
    let plan = jobs.compile().unwrap();
    let run = within("tries by two workers", || runner(2).run(&plan, ())).into_result().unwrap();
    let again = run.jobs().find(|job| job.phases().len() == 2).unwrap();
    let tries: Vec<_> = again.phases().iter().map(|of| (of.attempt(), of.worker(), of.passed())).collect();
    assert_eq!(tries, [(1, 1, false), (2, 0, true)]);
    assert_eq!((again.tries(), again.error()), (2, None));
}

// ---- one runner, many runs ----

#[test]
fn a_run_that_finds_the_pool_taken_goes_on_alone_until_it_is_free() {
    let runner = runner(2);
    let (both_in, may_end) = (Barrier::new(3), Signal::default());
    let taking = fan(2, || {
        both_in.wait();
        may_end.wait();
        true
    });
    thread::scope(|scope| {
        let taken = scope.spawn(|| runner.run(&taking, ()));
        both_in.wait();
        let other = fan(20, || true);
        let alone = within("a run beside another one of the same runner", || runner.run(&other, ()));
        assert!(alone.jobs().all(|job| job.phases()[0].worker() == 0));
        check_changed(alone, 20);

        let (taken, meet) = (Mutex::new(Some(taken)), Barrier::new(2));
        let later = Graph::new()
            .job("free the pool")
            .run_only(|_| {
                may_end.give();
                let taken = taken.lock().unwrap().take().unwrap();
                check_changed(taken.join().unwrap(), 2);
            })
            .each(["a", "b"], |graph, name| {
                graph.job(name).after("free the pool").run_only(|_| {
                    meet.wait();
                })
            })
            .job("beside")
            .group()
            .compile()
            .unwrap();
        check_changed(within("a run that gets the pool late", || runner.run(&later, ())), 3);
    });
}

/// Another run has the helper when the first of two jobs begins, and has gone when that fails. Nothing else is ready
/// then but the second, which waits for the first one's second try.
#[test]
fn a_retry_that_waits_is_a_reason_to_ask_for_help() {
    let runner = runner(2);
    let (both_in, may_end, second_try) = (Barrier::new(3), Signal::default(), Signal::default());
    let taking = fan(2, || {
        both_in.wait();
        may_end.wait();
        true
    });
    thread::scope(|scope| {
        let taken = Mutex::new(Some(scope.spawn(|| runner.run(&taking, ()))));
        both_in.wait();
        let plan = Graph::new()
            .job("fails first")
            .check_only(|cx| {
                if cx.attempt() == 2 {
                    second_try.give();
                    return true;
                }
                may_end.give();
                let taken = taken.lock().unwrap().take().unwrap();
                check_changed(taken.join().unwrap(), 2);
                false
            })
            .job("waits")
            .check_only(|_| {
                second_try.wait();
                true
            })
            .compile()
            .unwrap();
        let run = within("a run that gets the pool after a failed try", || runner.run(&plan, ()));
        assert_eq!(run.into_result().unwrap().job("fails first").unwrap().tries(), 2);
    });
}

#[test]
fn a_reused_runner_starts_no_new_threads() {
    let (runner, meet, caller) = (runner(4), Barrier::new(4), thread::current().id());
    let threads = Mutex::new(HashMap::<ThreadId, usize>::new());
    let plan = fan(4, || {
        let thread = thread::current().id();
        if thread != caller {
            threads.lock().unwrap().insert(thread, rayon::current_num_threads());
        }
        meet.wait();
        true
    });
    for _ in 0..300 {
        check_changed(within("a run of many", || runner.run(&plan, ())), 4);
    }
    let threads = threads.lock().unwrap();
    // with these, what a job does with rayon can use the whole machine
    let spare = thread::available_parallelism().map_or(1, usize::from).saturating_sub(1).clamp(1, 3);
    assert!(threads.len() <= 3 + spare, "three helpers and {spare} spare threads; {threads:?} have worked");
    assert!(threads.values().all(|in_pool| *in_pool == 3 + spare), "{threads:?}");
}

/// What must be the same in every run, whoever does what and when.
fn digest(report: &Report) -> Vec<String> {
    let phases = |job: dojobber::JobReport<'_>| -> Vec<_> {
        job.phases().iter().map(|of| (of.attempt(), of.phase(), of.passed())).collect()
    };
    let line = |job: dojobber::JobReport<'_>| {
        format!("{} {} {:?} {:?} {:?}", job.name(), job.status(), job.error(), job.run_error(), phases(job))
    };
    report.jobs().map(line).collect()
}

/// 40 jobs of every kind and fate. What they remember is their run's own.
fn mixed() -> Plan<'static> {
    let mut graph = Graph::new();
    for at in 0..40_u32 {
        let runs = Key::<u32>::named(format!("runs of {at}"));
        let again = runs.clone();
        let after: Vec<String> =
            [at / 2, at / 3].into_iter().filter(|on| *on < at).map(|on| on.to_string()).collect();
        let open = graph.job(at.to_string()).after(after).tries(3);
        graph = match at % 8 {
            0 | 4 => open.check_only(move |cx| cx.attempt() > at % 3),
            7 if at == 7 || at > 30 => open.run_only(|_| Err::<(), _>("no luck".into())),
            3 => open.run_only(|_| pieces() == PIECES),
            _ => open
                .check(move |cx| cx.shared().get(&again).is_some_and(|n| *n > at % 3))
                .run(move |cx| cx.shared().update(&runs, |n| *n += 1)),
        };
    }
    graph.compile().unwrap()
}

#[test]
fn runs_at_the_same_time_give_the_right_reports() {
    let plan = mixed();
    let expected = digest(runner(1).run(&plan, ()).report());
    for status in [Status::Satisfied, Status::Changed, Status::Failed, Status::Blocked] {
        assert!(expected.iter().any(|line| line.contains(&format!(" {status} "))), "{status}: {expected:#?}");
    }
    let runner = runner(3);
    within("200 runs from 8 threads", || {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        assert_eq!(digest(runner.run(&plan, ()).report()), expected);
                    }
                });
            }
        });
    });
}

// ---- jobs that use rayon ----

#[test]
fn jobs_that_use_par_iter() {
    let plan = fan(1_000, || pieces() == PIECES);
    for threads in [1, 2, 8, 200] {
        check_changed(within("1,000 jobs with par_iter", || runner(threads).run(&plan, ())), 1_000);
    }
}

#[test]
fn jobs_that_hold_a_lock_over_par_iter() {
    let lock = Mutex::new(0);
    let plan = fan(20, || {
        let mut count = lock.lock().unwrap();
        *count += pieces();
        true
    });
    let shared = runner(4);
    within("24 runs at once, with a lock over par_iter", || {
        thread::scope(|scope| {
            for _ in 0..24 {
                scope.spawn(|| check_changed(shared.run(&plan, ()), 20));
            }
        });
        thread::scope(|scope| {
            for threads in 0..24 {
                let (plan, own) = (&plan, runner(2 + threads % 3));
                scope.spawn(move || check_changed(own.run(plan, ()), 20));
            }
        });
    });
    assert_eq!(*lock.lock().unwrap(), 2 * 24 * 20 * PIECES);
}

/// Where there are very many threads, what a job does with rayon is done on its own thread: never on one that is inside another
/// job, and never on one that may be waiting for it.
#[test]
fn very_many_jobs_meet_and_use_par_iter_under_a_lock() {
    let with_spares = thread::available_parallelism().map_or(1, usize::from).max(64);
    let threads = with_spares + 40;
    let (meet, lock, alone) = (Barrier::new(threads), Mutex::new(()), AtomicUsize::new(0));
    let plan = fan(threads, || {
        meet.wait();
        if rayon::current_thread_index().is_some() && rayon::current_num_threads() == 1 {
            alone.fetch_add(1, Ordering::Relaxed);
        }
        let _locked = lock.lock().unwrap();
        pieces() == PIECES
    });
    let user = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let (runner, pool) = (runner(threads), &user);
    for round in 1..=3 {
        let run = || if round < 3 { runner.run(&plan, ()) } else { pool.install(|| runner.run(&plan, ())) };
        check_changed(within("very many jobs that meet", run), threads);
        // on the third round the caller is a pool of one thread, too
        assert_eq!(alone.load(Ordering::Relaxed), round * 40 + usize::from(round == 3));
    }
}

#[test]
fn runs_led_from_jobs() {
    let (same, other) = (runner(3), runner(2));
    let innermost = fan(8, || pieces() == PIECES);
    let led = |runner: &Runner, plan: &Plan<'_>| Inside::led(|| runner.run(plan, ()).success());
    let inner = fan(8, || pieces() == PIECES && led(&other, &innermost) && led(&same, &innermost));
    let outer = fan(8, || {
        let own = runner(2);
        led(&same, &inner) && led(&other, &inner) && led(&own, &inner) && pieces() == PIECES
    });
    for threads in [1, 2] {
        check_changed(within("runs in runs in runs", || runner(threads).run(&outer, ())), 8);
    }
    check_changed(within("runs in runs of the same runner", || same.run(&outer, ())), 8);
}

/// A nested run with a runner of its own has its threads, also while it stands in a job of another run.
#[test]
fn jobs_meet_in_a_run_led_from_a_job() {
    let meet = Barrier::new(3);
    let inner = fan(3, || {
        meet.wait();
        pieces() == PIECES
    });
    let turn = Mutex::new(runner(3));
    let outer = fan(6, || Inside::led(|| turn.lock().unwrap().run(&inner, ()).success()));
    check_changed(within("jobs that meet in a nested run", || runner(2).run(&outer, ())), 6);
}

#[test]
fn runs_led_from_a_pool_of_the_users_own() {
    let meet = Barrier::new(3);
    let plan = fan(3, || {
        meet.wait();
        pieces() == PIECES
    });
    let many = fan(100, || pieces() == PIECES);
    for pool_threads in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(pool_threads).build().unwrap();
        let runner = runner(3);
        for _ in 0..10 {
            let led = || (runner.run(&plan, ()), runner.run(&many, ()));
            let (met, all) = within("runs led from a user's pool", || pool.install(led));
            check_changed(met, 3);
            check_changed(all, 100);
        }
    }
}

// ---- a plan with nothing to share ----

#[test]
fn a_chain_calls_nobody() {
    let caller = thread::current().id();
    let links = Graph::new().each(0..1_000_usize, |graph, at| {
        let on = at.checked_sub(1).map(|before| format!("link {before}"));
        graph.job(format!("link {at}")).after(on).tries(2).check_only(move |cx| {
            assert_eq!(thread::current().id(), caller);
            !at.is_multiple_of(10) || cx.attempt() == 2
        })
    });
    let plan = links.compile().unwrap();
    let run = within("a chain", || runner(8).run(&plan, ())).into_result().unwrap();
    assert_eq!(run.jobs().map(|job| job.phases().len()).sum::<usize>(), 1_100);
    assert!(run.jobs().flat_map(|job| job.phases()).all(|of| of.worker() == 0));
}

#[test]
fn a_chain_leaves_the_helpers_to_others() {
    let (runner, meet) = (runner(2), Barrier::new(2));
    let beside = fan(2, || {
        meet.wait();
        true
    });
    let plan = Graph::new()
        .job("first")
        .check_only(|cx| cx.attempt() == 2)
        .job("second")
        .after("first")
        .check_only(|_| Inside::led(|| runner.run(&beside, ()).success()))
        .compile()
        .unwrap();
    let run = within("two jobs that meet in a run led from a chain", || runner.run(&plan, ()));
    assert!(run.into_result().unwrap().success());
}

#[test]
fn a_plan_that_only_waits_for_retries() {
    let delay = Duration::from_millis(5);
    for (jobs, threads) in [(1, 1), (1, 2), (2, 2), (3, 1), (3, 2), (3, 8)] {
        let jobs = Graph::new().each(0..jobs, |graph, at| {
            graph.job(format!("job {at}")).tries(4).retry_delay(delay).check_only(|cx| cx.attempt() == 4)
        });
        let plan = jobs.compile().unwrap();
        let run = within("a plan that waits", || runner(threads).run(&plan, ())).into_result().unwrap();
        for job in run.jobs() {
            let phases = job.phases();
            assert_eq!(phases.len(), 4);
            for (one, next) in phases.iter().zip(&phases[1..]) {
                assert!(next.start() >= one.start() + one.length() + delay, "{one:?} {next:?}");
            }
        }
    }
}

/// The time that this thread has been executed for, where the system tells.
fn processor_time() -> Option<Duration> {
    let numbers = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    numbers.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

#[test]
fn a_run_that_waits_uses_no_processor_time() {
    let delay = Duration::from_millis(100);
    for threads in [1, 2] {
        let jobs = Graph::new().each(["a", "b"], |graph, name| {
            graph.job(name).retry_delay(delay).check_only(|cx| cx.attempt() == 2)
        });
        let plan = jobs.compile().unwrap();
        let before = processor_time();
        let run = within("a plan that waits", || runner(threads).run(&plan, ())).into_result().unwrap();
        assert!(run.jobs().all(|job| job.tries() == 2));
        if let (Some(before), Some(after)) = (before, processor_time()) {
            assert!(after - before < delay / 4, "{threads} threads: {:?}", after - before);
        }
    }
}

// ---- a system that refuses threads ----

/// Each helper would need more memory than there is.
#[test]
fn without_helpers_the_caller_goes_on_alone() {
    const TOO_MUCH: usize = 1 << 46; // 64 TiB
    let caller = thread::current().id();
    let plan = fan(20, || thread::current().id() == caller);
    let never = dojobber::CancelToken::new(); // a run that can be stopped is executed in the general way
    for token in [None, Some(&never)] {
        let runner = Runner::builder().threads(4).stack_size(TOO_MUCH).cancel_token(token).build();
        for _ in 0..2 {
            check_changed(runner.run(&plan, ()), 20);
        }
    }
}

// ---- large plans ----

#[path = "../../examples/million.rs"]
#[expect(dead_code, reason = "its `main` shows what is tested here")]
mod million;

#[test]
fn a_hundred_thousand_jobs_in_each_shape() {
    for (_, shape) in million::SHAPES {
        for threads in [1, 2] {
            let times = within("many jobs", || million::go_through(shape, 100_000, threads));
            let steps: Vec<_> = times.into_iter().map(|(step, _)| step).collect();
            let all = ["build", "compile", "run", "drop"];
            assert_eq!(steps, if shape == million::Shape::Cycle { &all[..2] } else { &all[..] });
        }
    }
}

// ---- observers ----

/// Panics at one event and at all that follow, and counts how often it was called.
#[derive(Default)]
struct Nervous {
    panics_from: usize,
    calls: AtomicUsize,
}

impl Observer for Nervous {
    fn on_event(&self, _: &Event) {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        assert!(call < self.panics_from, "an observer that cannot stand it any longer");
    }
}

struct Undecided;

impl Observer for Undecided {
    fn on_event(&self, event: &Event) {
        panic!("asked to watch {event:?}");
    }
    fn is_active(&self) -> bool {
        panic!("an observer that does not know whether it watches");
    }
}

#[test]
fn an_observer_that_panics_is_dropped_for_that_run() {
    let plan = fan(20, || true);
    for panics_from in [0, 1, 7, 1_000] {
        // one worker: no other event can be under way
        let observer = Arc::new(Nervous { panics_from, ..Nervous::default() });
        let watched = Runner::builder().threads(1).observer(Arc::clone(&observer)).build();
        check_changed(watched.run(&plan, ()), 20);
        let all_events = 2 + 3 * 20;
        assert_eq!(observer.calls.swap(0, Ordering::SeqCst), all_events.min(panics_from + 1));
        check_changed(watched.run(&plan, ()), 20);
        assert_eq!(observer.calls.load(Ordering::SeqCst), all_events.min(panics_from + 1));

        let observer = Nervous { panics_from, ..Nervous::default() };
        let watched = Runner::builder().threads(8).observer(observer).build();
        check_changed(within("an observer that panics", || watched.run(&plan, ())), 20);
    }
    let undecided = Runner::builder().threads(2).observer(Undecided).build();
    check_changed(within("an observer that panics early", || undecided.run(&plan, ())), 20);
}

/// An observer may itself be slow, and in the way of others: it is called before anything that follows begins.
#[test]
fn what_follows_from_an_event_begins_after_it_was_told() {
    struct Order(Mutex<Vec<(String, &'static str)>>);
    impl Observer for Order {
        fn on_event(&self, event: &Event) {
            let what = match event {
                Event::PhaseStarted { phase: Phase::Run, .. } => "starts",
                Event::JobEnded { .. } => "ended",
                _ => return,
            };
            thread::yield_now();
            let name = event.job().unwrap().name().to_owned();
            self.0.lock().unwrap().push((name, what));
        }
    }
    let order = Arc::new(Order(Mutex::default()));
    let watched = Runner::builder().threads(4).observer(Arc::clone(&order)).build();
    let mut graph = Graph::new();
    for at in 0..300 {
        let after = [at / 2, at / 5].into_iter().filter(|on| *on < at).map(|on| on.to_string());
        graph = graph.job(at.to_string()).after(after.collect::<Vec<_>>()).run_only(|_| ());
    }
    let plan = graph.compile().unwrap();
    check_changed(within("events in their order", || watched.run(&plan, ())), 300);

    let order = order.0.lock().unwrap();
    let place = |name: &str, what| order.iter().position(|seen| seen == &(name.to_owned(), what)).unwrap();
    for job in plan.graph().ids() {
        for on in &*plan.graph().after(job) {
            assert!(place(plan.graph().name(*on), "ended") < place(plan.graph().name(job), "starts"));
        }
    }
}
