//! Jobs and nests that are executed elsewhere: here, by threads that stand for other machines.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use dojobber::{
    CancelToken, Carried, Done, Elsewhere, ErrorClass, Event, Graph, JobId, Key, Lost, Order, Phase,
    PhaseDone, Plan, Portable, Run, Runner, RunnerBuilder, Status, StopLevel, StopReason, Unit, UnitDone,
    UnitProgress, ensure, judge,
};

use crate::support::{Notes, Trace, quick, statuses, within};

/// Machines that execute units as they come, or do with them what a test says.
#[derive(Default)]
struct Farm {
    orders: Mutex<VecDeque<Option<Sent>>>,
    bell: Condvar,
    /// What happens to units, in the order in which they are sent; those that are left are executed.
    fates: Mutex<VecDeque<Fate>>,
    stops: Mutex<Vec<StopLevel>>,
    token: CancelToken,
}

struct Sent {
    jobs: Vec<JobId>,
    is_nest: bool,
    is_cleanup: bool,
    attempt: u32,
    inputs: Vec<(JobId, Portable, String)>,
    portable: Vec<Option<Portable>>,
    done: Done,
}

#[derive(Clone)]
enum Fate {
    Executes,
    /// Tells nothing but this.
    IsLost(Lost),
    /// The same, when its run had begun.
    IsLostRunning(Lost),
    /// It is executed, and a submission before had executed its run.
    RanBefore,
    /// Nobody tells anything.
    IsForgotten,
    Panics,
    /// How far it is was told before.
    IsSeen,
    /// The same, and that run was seen to go on.
    RanBeforeSeen,
    /// How far another submission was, which had said the same, was told before.
    IsSeenAndAgain,
    /// The run is stopped while it is away, and then it is ended.
    IsStopped,
}

impl Elsewhere for Farm {
    fn begin(&self, order: &Order<'_>, done: Done) {
        let mut fates = self.fates.lock().unwrap();
        if matches!(fates.front(), Some(Fate::Panics)) {
            fates.pop_front();
            drop(fates);
            panic!("the queue is on fire");
        }
        drop(fates);
        let input = |input: &dojobber::Input<'_>| {
            let value = input.portable().write(input.value()).unwrap();
            (input.job(), input.portable(), serde_json::to_string(value).unwrap())
        };
        let sent = Sent {
            jobs: order.jobs().to_vec(),
            is_nest: order.is_nest(),
            is_cleanup: order.is_cleanup(),
            attempt: order.attempt(),
            inputs: order.inputs().iter().map(input).collect(),
            portable: order.jobs().iter().map(|job| order.portable(*job)).collect(),
            done,
        };
        self.orders.lock().unwrap().push_back(Some(sent));
        self.bell.notify_one();
    }

    fn stop(&self, level: StopLevel) {
        self.stops.lock().unwrap().push(level);
        self.bell.notify_all();
    }
}

fn reread(portable: Portable, text: &str) -> Carried {
    let mut from = serde_json::Deserializer::from_str(text);
    portable.read(&mut <dyn erased_serde::Deserializer<'_>>::erase(&mut from)).unwrap()
}

impl Farm {
    fn with(fates: impl IntoIterator<Item = Fate>) -> Arc<Self> {
        Arc::new(Farm { fates: Mutex::new(fates.into_iter().collect()), ..Farm::default() })
    }

    /// One machine, until there is no more to do.
    fn work(&self, plan: &Plan<'_>, builder: RunnerBuilder, left: &Mutex<Vec<(String, String)>>) {
        loop {
            let mut orders = self.orders.lock().unwrap();
            let sent = loop {
                match orders.pop_front() {
                    Some(Some(sent)) => break sent,
                    Some(None) => return orders.push_front(None),
                    None => orders = self.bell.wait(orders).unwrap(),
                }
            };
            drop(orders);
            let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Executes);
            self.meet(sent, fate, plan, &builder, left);
        }
    }

    fn meet(
        &self,
        sent: Sent,
        fate: Fate,
        plan: &Plan<'_>,
        builder: &RunnerBuilder,
        left: &Mutex<Vec<(String, String)>>,
    ) {
        let phase = |phase, error: bool| PhaseDone {
            attempt: sent.attempt,
            phase,
            worker: 0,
            start: Duration::ZERO,
            length: Duration::ZERO,
            error: error.then(lost_text),
        };
        let begun = || vec![phase(Phase::Check, true), phase(Phase::Run, false)];
        match fate {
            Fate::IsForgotten | Fate::Panics => drop(sent.done),
            Fate::IsLost(lost) => sent.done.tell(UnitDone::lost(lost)),
            Fate::IsLostRunning(lost) => {
                let jobs = vec![dojobber::JobDone {
                    job: sent.jobs[0],
                    status: Status::Failed,
                    phases: begun(),
                    output: None,
                }];
                sent.done.tell(UnitDone { node: "n1".into(), jobs, lost: Some(lost), ..UnitDone::default() });
            }
            Fate::IsStopped => {
                let open = Some((Phase::Run, Duration::ZERO));
                let phases = vec![phase(Phase::Check, true)];
                sent.done.progress(UnitProgress {
                    node: "n1".into(),
                    phases,
                    open,
                    ..UnitProgress::default()
                });
                self.token.cancel();
                let mut orders = self.orders.lock().unwrap();
                while self.stops.lock().unwrap().is_empty() {
                    orders = self.bell.wait_timeout(orders, Duration::from_millis(5)).unwrap().0;
                }
                drop(orders);
                sent.done.tell(UnitDone::lost(Lost::cancelled("the run is stopped")));
            }
            Fate::Executes | Fate::RanBefore | Fate::RanBeforeSeen | Fate::IsSeen | Fate::IsSeenAndAgain => {
                if matches!(fate, Fate::RanBeforeSeen) {
                    let (node, phases) = ("n1".into(), vec![phase(Phase::Check, true)]);
                    let (open, elapsed) = (Some((Phase::Run, Duration::ZERO)), Duration::ZERO);
                    sent.done.progress(UnitProgress { node, phases, open, elapsed, said: None });
                }
                let (result, done) = self.execute(sent, plan, builder, left);
                if matches!(fate, Fate::IsSeen | Fate::IsSeenAndAgain) {
                    let phases = &result.jobs[0].phases;
                    let open = phases.get(1).map(|next| (next.phase, next.start));
                    let elapsed = Duration::from_micros(1);
                    done.progress(UnitProgress {
                        node: "n1".into(),
                        phases: vec![],
                        open: Some((phases[0].phase, phases[0].start)),
                        elapsed,
                        said: None,
                    });
                    done.progress(UnitProgress {
                        node: "n1".into(),
                        phases: phases[..1].to_vec(),
                        open,
                        elapsed,
                        said: result.said.first().cloned(),
                    });
                }
                done.tell(UnitDone {
                    ran_before: matches!(fate, Fate::RanBefore | Fate::RanBeforeSeen),
                    is_another: matches!(fate, Fate::IsSeenAndAgain),
                    ..result
                });
            }
        }
    }

    fn execute(
        &self,
        sent: Sent,
        plan: &Plan<'_>,
        builder: &RunnerBuilder,
        left: &Mutex<Vec<(String, String)>>,
    ) -> (UnitDone, Done) {
        let Sent { jobs, is_nest, is_cleanup, attempt, inputs, portable, done } = sent;
        let inputs = inputs.into_iter().map(|(job, portable, text)| (job, reread(portable, &text))).collect();
        let parcel = |(name, text): (String, String)| {
            (name, dojobber::Parcel::new(move |portable| Some(reread(portable, &text))))
        };
        let local =
            if is_cleanup { left.lock().unwrap().drain(..).map(parcel).collect() } else { Vec::new() };
        let unit = Unit { jobs, is_nest, is_cleanup, attempt, inputs, local, node: "n1".into() };
        let mut result = builder.clone().build().run_unit(plan, (), unit, None::<Trace>).unwrap();
        for leaving in &result.local {
            let text = serde_json::to_string(leaving.portable().write(leaving.value()).unwrap()).unwrap();
            left.lock().unwrap().push((leaving.name().to_owned(), text));
        }
        for (job, portable) in result.done.jobs.iter_mut().zip(portable) {
            job.output = job.output.take().zip(portable).map(|(value, portable)| {
                reread(portable, &serde_json::to_string(portable.write(value.value()).unwrap()).unwrap())
            });
        }
        (result.done, done)
    }

    /// Runs a plan whose units are executed by two machines.
    fn run<'env>(
        self: &Arc<Self>,
        plan: &Plan<'env>,
        builder: &RunnerBuilder,
        threads: usize,
        trace: &Trace,
    ) -> Run<'env> {
        let left = Mutex::default();
        within("a farm", || {
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| self.work(plan, builder.clone().threads(2), &left));
                }
                let builder =
                    builder.clone().threads(threads).observer(trace.clone()).cancel_token(&self.token);
                let run = builder.build().run(plan, ());
                self.orders.lock().unwrap().push_back(None);
                self.bell.notify_all();
                run
            })
        })
    }
}

fn lost_text() -> dojobber::ErrorText {
    serde_json::from_str(r#"{"message":"not yet"}"#).unwrap()
}

/// Runs a plan of one farm with several numbers of threads, has the judge look, and compares the statuses.
#[track_caller]
fn check(fates: &[Fate], graph: impl Fn(&Arc<Farm>) -> Graph<'static>, expected: &str) -> Run<'static> {
    let mut last = None;
    for threads in [1, 2, 3] {
        let (farm, trace) = (Farm::with(fates.to_vec()), Trace::default());
        let plan = graph(&farm).compile().unwrap();
        let run = farm.run(&plan, &quick(), threads, &trace);
        assert_eq!(statuses(&run), expected, "{threads} threads\n{}", run.report());
        assert_eq!(judge(&plan, &trace.events()), Ok(()), "{threads} threads\n{:#?}", trace.events());
        let saved = serde_json::to_string(run.report()).unwrap();
        assert_eq!(&serde_json::from_str::<dojobber::Report>(&saved).unwrap(), run.report());
        last = Some(run);
    }
    last.unwrap()
}

fn on(farm: &Arc<Farm>) -> Arc<dyn Elsewhere> {
    Arc::clone(farm) as _
}

#[track_caller]
fn error_of(run: &Run<'_>, job: &str) -> String {
    format!("{:#}", run.report().error(job).unwrap())
}

const SEED: Key<Vec<u64>> = Key::new("seed").portable();
const SUM: Key<u64> = Key::new("sum").portable();

/// A job that has its desired state after its run.
fn toggles(graph: Graph<'static>, name: &'static str, farm: &Arc<Farm>) -> Graph<'static> {
    let is_done = Arc::new(AtomicUsize::new(0));
    let run = Arc::clone(&is_done);
    graph.job(name).on(on(farm)).check(move |_| is_done.load(SeqCst) > 0).run(move |_| run.store(1, SeqCst))
}

#[test]
fn a_try_is_executed_there_and_told_as_if_it_had_been_here() {
    let graph = |farm: &Arc<Farm>| {
        let graph = Graph::new().job(SEED).run_only(|_| Ok(vec![1, 2, 3]));
        let graph = graph.job(SUM).after(SEED).on(on(farm)).run_only(|cx| Ok(cx.output(SEED)?.iter().sum()));
        toggles(graph, "switch", farm)
            .job("total")
            .after((SUM, "switch"))
            .check_only(|cx| ensure(*cx.output(SUM)? == 6, "6"))
    };
    let run = check(&[], graph, "CCCS");
    assert_eq!(run.output(SUM), Some(&6));
    let phases = run.job("switch").unwrap().phases();
    assert!(phases.iter().all(|phase| phase.node() == Some("n1") && phase.worker() >= 3), "{phases:?}");
    assert_eq!(
        phases.iter().map(|phase| phase.phase()).collect::<Vec<_>>(),
        [Phase::Check, Phase::Run, Phase::Recheck]
    );
    assert_eq!(run.job("total").unwrap().phases()[0].node(), None);
}

#[cfg(feature = "journal")]
#[test]
fn machines_are_named_by_events_lines_and_journals() {
    use dojobber::Observer as _;
    let (farm, trace, notes) = (Farm::with([Fate::IsSeen]), Trace::default(), Notes::default());
    let plan = toggles(Graph::new(), "there", &farm).job("here").after("there").run_only(|_| ());
    let plan = plan.compile().unwrap();
    let run = farm.run(&plan, &quick(), 1, &trace);
    let machines: Vec<_> = run.jobs().flat_map(|job| job.phases()).map(|phase| phase.node()).collect();
    assert_eq!(machines, [Some("n1"), Some("n1"), Some("n1"), None]);
    let told = trace.events().into_iter().filter_map(|event| match event {
        Event::PhaseStarted { node, .. } => Some(node),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>().iter().map(Option::as_deref).collect::<Vec<_>>(), machines);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let (console, journal) =
        (dojobber::Console::lines().to(notes.clone()), dojobber::Journal::create(&path).unwrap());
    for event in trace.events() {
        console.on_event(&event);
        journal.on_event(&event);
    }
    let text = notes.text();
    assert!(text.contains("there.run: begins (on n1)\n") && text.contains("here.run: begins\n"), "{text}");
    let read = dojobber::Report::from_journal(&path).unwrap();
    let read: Vec<_> = read.jobs().flat_map(|job| job.phases()).map(|phase| phase.node()).collect();
    assert_eq!(read, machines);
}

#[test]
fn what_does_not_travel_is_told_with_what_to_do() {
    const STAYS: Key<u64> = Key::new("stays");
    let graph = |farm: &Arc<Farm>| {
        let graph = Graph::new().job(STAYS).run_only(|_| Ok(1));
        graph.job("reads").after(STAYS).on(on(farm)).run_only(|cx| Ok(*cx.output(STAYS)? == 1))
    };
    let run = check(&[], graph, "CF");
    let expected = "job `reads` reads the output of `stays`, which has not come to this machine: name that job with \
                    `Key::new(\"stays\").portable()`";
    assert_eq!(error_of(&run, "reads"), expected);
    assert_eq!(run.job("reads").unwrap().tries(), 1);
}

#[test]
fn retries_are_the_runs_and_errors_are_as_they_were() {
    let tries = |class: ErrorClass| {
        move |farm: &Arc<Farm>| {
            let count = AtomicU32::new(0);
            Graph::new().job("third time").tries(4).on(on(farm)).run_only(move |cx| {
                assert_eq!(cx.attempt(), count.fetch_add(1, SeqCst) + 1);
                match (cx.attempt(), class) {
                    (2, ErrorClass::Permanent) => {
                        Err(dojobber::permanent(std::io::Error::other("no")).into())
                    }
                    (1 | 2, _) => panic!("not yet"),
                    _ => Ok(()),
                }
            })
        }
    };
    let run = check(&[], tries(ErrorClass::Plain), "C");
    assert_eq!(run.jobs().next().unwrap().tries(), 3);
    assert!(run.jobs().next().unwrap().phases()[0].error().unwrap().panicked());
    let run = check(&[], tries(ErrorClass::Permanent), "F");
    assert_eq!((error_of(&run, "third time"), run.jobs().next().unwrap().tries()), ("no".to_owned(), 2));
    assert_eq!(ErrorClass::of(run.error("third time").unwrap()), ErrorClass::Permanent);
}

#[test]
fn a_unit_that_is_lost_is_a_failed_try() {
    let lost = |why: &str| Fate::IsLost(Lost::new(why));
    let graph = |farm: &Arc<Farm>| toggles(Graph::new(), "a", farm);
    let run = check(&[lost("the node burns"), Fate::IsForgotten], graph, "C");
    let phases = run.job("a").unwrap().phases();
    let told: Vec<String> =
        phases.iter().map(|phase| format!("{} {}", phase.attempt(), phase.phase())).collect();
    assert_eq!(told, ["1 create", "2 create", "3 check", "3 run", "3 recheck"]);
    assert_eq!(phases[1].error().unwrap().message(), "who was to execute it has forgotten it");

    let run = check(&[Fate::Panics, Fate::Panics, Fate::Panics], graph, "F");
    assert_eq!(error_of(&run, "a"), "who was to execute it has forgotten it");
    let run = check(&[Fate::IsLost(Lost::finally("another graph"))], graph, "F");
    assert_eq!((error_of(&run, "a"), run.job("a").unwrap().tries()), ("another graph".to_owned(), 1));
    let only = |farm: &Arc<Farm>| Graph::new().job("a").on(on(farm)).run_only(|_| ());
    check(&[lost("no")], only, "C");
    let only = |farm: &Arc<Farm>| {
        Graph::new().job("a").on(on(farm)).tries(1).check_only(|_| true).job("b").after("a").group()
    };
    check(&[lost("no")], only, "FB");
}

#[test]
fn a_run_that_was_lost_counts_and_is_cleaned_up() {
    let notes = Notes::default();
    let graph = |farm: &Arc<Farm>| {
        let notes = notes.clone();
        let is_done = AtomicUsize::new(0);
        Graph::new()
            .job("a")
            .on(on(farm))
            .cleanup(move |cx| notes.add(format!("cleanup {}", cx.attempt())))
            .check(move |_| is_done.fetch_add(1, SeqCst) > 0)
            .run(|_| ())
    };
    check(&[Fate::IsLostRunning(Lost::new("the node burns"))], graph, "C");
    assert_eq!(notes.take(), "cleanup 2 cleanup 1 ".repeat(3).trim());
    let passes = |farm: &Arc<Farm>| Graph::new().job("a").on(on(farm)).check(|_| true).run(|_| ());
    for fate in [Fate::RanBefore, Fate::RanBeforeSeen] {
        let run = check(&[fate], passes, "C");
        let phases = run.job("a").unwrap().phases();
        assert_eq!(
            phases.iter().map(|phase| phase.phase()).collect::<Vec<_>>(),
            [Phase::Check, Phase::Run, Phase::Recheck]
        );
    }
}

#[test]
fn a_cleanup_is_called_there_with_what_its_try_has_left() {
    const FILE: Key<String> = Key::new("file").portable();
    const STAYS: Key<u32> = Key::new("stays");
    let notes = Notes::default();
    let graph = |farm: &Arc<Farm>| {
        let notes = notes.clone();
        let cleanup = move |cx: &dojobber::Context| {
            notes.add(format!("{:?} {:?}", cx.local().get(FILE), cx.local().get(STAYS)));
            ensure(false, "not clean")
        };
        Graph::new().job("a").on(on(farm)).cleanup(cleanup).run_only(|cx| {
            cx.local().set(FILE, "scratch".to_owned());
            cx.local().set(STAYS, 1);
        })
    };
    let run = check(&[], graph, "C");
    assert_eq!(notes.take(), "Some(\"scratch\") None ".repeat(3).trim());
    assert_eq!(run.cleanup_failures().len(), 1);
}

#[test]
fn what_is_left_in_the_shared_store_of_another_machine_is_a_mistake() {
    let graph = |farm: &Arc<Farm>| Graph::new().job("a").on(on(farm)).run_only(|cx| cx.shared().set(SUM, 1));
    let run = check(&[], graph, "F");
    assert!(
        error_of(&run, "a").starts_with("it has put `sum` into the shared store of another machine"),
        "{run}"
    );
}

#[test]
fn how_far_a_unit_is_is_told_before_it_ends() {
    let run = check(&[Fate::IsSeen], |farm| toggles(Graph::new(), "a", farm), "C");
    assert_eq!(run.job("a").unwrap().phases().len(), 3);
    check(&[Fate::IsSeen], |farm| Graph::new().job("a").on(on(farm)).run_only(|_| ()), "C");
}

#[test]
fn what_jobs_say_there_is_told_here() {
    let says = |graph: Graph<'static>, name: &str, farm: Option<&Arc<Farm>>| {
        let open = graph.job(name).cleanup(|cx| cx.log("swept"));
        let open = match farm {
            Some(farm) => open.on(on(farm)),
            None => open,
        };
        open.run_only(|cx| {
            (0..23).for_each(|line| cx.log(format!("line {line}")));
            cx.progress(1, 4);
            cx.progress(3, 4);
        })
    };
    for (fate, left_out) in [(Fate::Executes, 4), (Fate::IsSeen, 4), (Fate::IsSeenAndAgain, 27)] {
        let graph = |farm: &Arc<Farm>| {
            let nest = says(Graph::new(), "inner", None);
            says(Graph::new(), "a", Some(farm)).job("nest").after("a").on(on(farm)).nest(nest)
        };
        let run = check(&[fate], graph, "CCS");
        for (name, left_out) in [("a", left_out), ("nest/inner", 4)] {
            let job = run.job(name).unwrap();
            let lines: Vec<&str> = job.log().iter().map(|line| line.text()).collect();
            assert_eq!((lines.len(), job.log_left_out()), (20, left_out), "{name}: {lines:?}");
            assert_eq!((lines[0], lines[18], lines[19]), ("line 4", "line 22", "swept"), "{name}");
            assert_eq!(
                job.progress().map(|progress| (progress.done, progress.total)),
                Some((3, 4)),
                "{name}"
            );
            assert!(left_out > 4 || job.log().is_sorted_by_key(|line| line.at()), "{name}");
        }
    }
}

/// A check alone has no run in which it could have come so far.
#[test]
fn how_far_a_check_there_has_come_is_told_in_its_check() {
    for fate in [Fate::Executes, Fate::IsSeen] {
        let (farm, trace) = (Farm::with([fate]), Trace::default());
        let graph = Graph::new().job("a").on(on(&farm)).check_only(|cx| {
            cx.progress(2, 3);
            true
        });
        let plan = graph.compile().unwrap();
        let run = farm.run(&plan, &quick(), 1, &trace);
        assert_eq!(run.job("a").unwrap().progress().map(|progress| progress.done), Some(2));
        let phases: Vec<Phase> = trace.events().iter().filter_map(progress_of).collect();
        assert!(!phases.is_empty() && phases.iter().all(|phase| *phase == Phase::Check), "{phases:?}");
    }
}

fn progress_of(event: &Event) -> Option<Phase> {
    match event {
        Event::Progress { phase, .. } => Some(*phase),
        _ => None,
    }
}

#[test]
fn a_stop_ends_what_is_away() {
    let notes = Notes::default();
    for threads in [1, 2] {
        let (farm, trace) = (Farm::with([Fate::IsStopped]), Trace::default());
        let graph = Graph::new().job("a").on(on(&farm));
        let cleanup = notes.clone();
        let graph = graph.cleanup(move |_| cleanup.add("cleaned")).check(|_| false).run(|_| ());
        let plan = graph.job("b").after("a").on(on(&farm)).run_only(|_| ()).compile().unwrap();
        let run = farm.run(&plan, &quick(), threads, &trace);
        assert_eq!(
            (statuses(&run).as_str(), run.stop_reason()),
            ("CC", Some(StopReason::Cancelled)),
            "{run}"
        );
        assert!(run.jobs().all(|job| job.status() == Status::Cancelled));
        assert_eq!(judge(&plan, &trace.events()), Ok(()), "{:#?}", trace.events());
        assert_eq!(
            (notes.take().as_str(), &*farm.stops.lock().unwrap()),
            ("cleaned", &vec![StopLevel::Cancel])
        );
    }
}

#[test]
fn a_nest_is_one_unit_and_its_jobs_have_their_own_ends() {
    let graph = |farm: &Arc<Farm>| {
        let tries = AtomicU32::new(0);
        let inner = Graph::new()
            .job(SUM)
            .after(SEED)
            .run_only(|cx| Ok(cx.output(SEED)?.iter().sum()))
            .job("twice")
            .after(SUM)
            .check_only(move |cx| {
                ensure(tries.fetch_add(1, SeqCst) % 2 == 1 && *cx.output(SUM)? == 6, "not yet")
            })
            .job("fails")
            .tries(2)
            .run_only(|_| false)
            .job("blocked")
            .after("fails")
            .run_only(|_| ())
            .job("all")
            .after(["twice"])
            .group();
        Graph::new()
            .job(SEED)
            .run_only(|_| Ok(vec![1, 2, 3]))
            .job("nest")
            .on(on(farm))
            .nest(inner)
            .job("reads")
            .after("nest/sum")
            .check_only(|cx| Ok(*cx.output(Key::<u64>::new("nest/sum"))? == 6))
            .job("never")
            .after("nest")
            .group()
    };
    let run = check(&[], graph, "CCSFBSBSB");
    assert_eq!(run.output(Key::<u64>::new("nest/sum")), Some(&6));
    assert_eq!(run.job("nest/twice").unwrap().tries(), 2);
    assert_eq!(run.job("nest/fails").unwrap().phases().len(), 2);
    assert!(run.job("nest/fails").unwrap().phases().iter().all(|phase| phase.node() == Some("n1")));
}

#[test]
fn a_nest_goes_without_what_is_blocked_from_outside() {
    let graph = |farm: &Arc<Farm>| {
        let inner = Graph::new()
            .job("a")
            .run_only(|_| ())
            .job("b")
            .after("bad")
            .run_only(|_| ())
            .job("c")
            .after("b")
            .run_only(|_| ())
            .job("deep")
            .on(on(farm))
            .nest(Graph::new().job("x").on(on(farm)).after("a").run_only(|_| ()));
        Graph::new().job("bad").tries(1).run_only(|_| false).job("nest").on(on(farm)).nest(inner)
    };
    check(&[], graph, "FCBBCSB");
}

#[test]
fn a_nest_that_is_lost_has_failed_for_good() {
    let graph = |farm: &Arc<Farm>| {
        let inner =
            Graph::new().job("a").run_only(|_| ()).job("b").after("a").run_only(|_| ()).job("g").group();
        Graph::new().job("nest").on(on(farm)).nest(inner).job("z").after("nest").group()
    };
    let run = check(&[Fate::IsLost(Lost::new("the node burns"))], graph, "FBSBB");
    assert_eq!(error_of(&run, "nest/a"), "the node burns");
}

#[test]
fn a_dry_run_is_executed_here() {
    let farm = Farm::with([]);
    let plan = toggles(Graph::new(), "a", &farm).compile().unwrap();
    let run = Runner::builder().dry_run(true).build().run(&plan, ());
    assert_eq!(run.status("a"), Some(Status::WouldRun));
}

#[test]
fn a_subgraph_is_sent_as_the_whole_is() {
    let farm = Farm::with([]);
    let inner = Graph::new().job("a").run_only(|_| ()).job("b").run_only(|_| ());
    let plan = Graph::new().job("nest").on(on(&farm)).nest(inner).compile().unwrap();
    let trace = Trace::default();
    let run = farm.run(&plan.select("nest/b").unwrap(), &quick(), 1, &trace);
    assert_eq!((statuses(&run).as_str(), run.jobs().next().unwrap().phases()[0].node()), ("C", Some("n1")));
    let sent = trace.events().into_iter().filter(|event| matches!(event, Event::TrySent { .. }));
    assert_eq!(sent.count(), 1);
}

#[test]
fn a_group_cannot_be_anywhere() {
    let farm = Farm::with([]);
    let error = Graph::new().job("g").on(on(&farm)).group().compile().unwrap_err();
    assert_eq!(error.to_string(), "job `g` is a group, which has nothing to execute: remove `.on(..)`");
}

#[test]
fn ten_thousand_units_are_away_at_once() {
    /// Tells all of them when the last one has come.
    #[derive(Default)]
    struct Gate(Mutex<Vec<(JobId, Done)>>);
    impl Elsewhere for Gate {
        fn begin(&self, order: &Order<'_>, done: Done) {
            let mut waiting = self.0.lock().unwrap();
            waiting.push((order.job(), done));
            if waiting.len() == 10_000 {
                let waiting = std::mem::take(&mut *waiting);
                std::thread::spawn(move || {
                    for (job, done) in waiting {
                        let ok = PhaseDone {
                            attempt: 1,
                            phase: Phase::Run,
                            worker: 0,
                            start: Duration::ZERO,
                            length: Duration::from_nanos(1),
                            error: None,
                        };
                        let jobs = vec![dojobber::JobDone {
                            job,
                            status: Status::Changed,
                            phases: vec![ok],
                            output: None,
                        }];
                        done.tell(UnitDone { node: "n".into(), jobs, ..UnitDone::default() });
                    }
                });
            }
        }
    }
    let gate: Arc<dyn Elsewhere> = Arc::new(Gate::default());
    let graph = Graph::new()
        .each(0..10_000, |graph, at| graph.job(format!("{at}")).on(Arc::clone(&gate)).run_only(|_| ()));
    let plan = graph.compile().unwrap();
    let run = within("ten thousand", || quick().threads(2).build().run(&plan, ()));
    assert!(run.success());
}
