//! Dry runs that go on behind jobs that would run, and what jobs say of their runs.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dojobber::{
    BoxError, CancelToken, Context, DryRun, Event, Graph, Job, Key, Plan, Report, Result, Run, Runner,
    Status, ensure, judge, permanent, unknown,
};

use crate::support::{Notes, Trace, quick, untimed};

/// For each job `S`, `F`, `B`, `W` or `C`; in lower case if it stands behind one that would run.
fn standings<A>(run: &Run<'_, A>) -> String {
    let letter = |status: Status| format!("{status:?}").chars().next().unwrap();
    let one = |job: dojobber::JobReport<'_>| {
        let letter = letter(job.status());
        if job.behind() { letter.to_ascii_lowercase() } else { letter }
    };
    run.jobs().map(one).collect()
}

/// With 1 to 4 threads, as the judge likes it.
#[track_caller]
fn check(graph: Graph<'_>, expected: &str) {
    let plan = graph.compile().unwrap();
    for threads in [1, 2, 4] {
        let trace = Trace::default();
        let builder = quick().threads(threads).dry_run(DryRun::Through).observer(trace.clone());
        let run = builder.build().run(&plan, ());
        assert_eq!(standings(&run), expected, "{threads} threads\n{}", run.report());
        assert_eq!(judge(&plan, &trace.events()), Ok(()), "{threads} threads");
    }
}

fn due(graph: Graph<'_>) -> Graph<'_> {
    graph.job("due").check(|_| false).run(|_| unreachable!())
}

#[test]
fn it_goes_on_behind_what_would_run() {
    let behind = |graph: Graph<'static>| graph.job("a").after("due");
    check(behind(due(Graph::new())).check(|_| true).run(|_| ()), "Ws");
    check(behind(due(Graph::new())).check(|_| false).run(|_| ()), "Ww");
    check(behind(due(Graph::new())).check_only(|_| true), "Ws");
    check(behind(due(Graph::new())).check_only(|_| false), "Ww");
    check(behind(due(Graph::new())).run_only(|_| ()), "Ww");
    check(behind(due(Graph::new())).group(), "Ws");
    check(behind(Graph::new().job("due").run_only(|_| ())).check_only(|_| true), "Ws");
    check(behind(Graph::new().job("due").check_only(|_| true)).check_only(|_| false), "SF");
}

#[test]
fn nothing_fails_behind_a_job_that_would_run() {
    let error = || -> BoxError { "no".into() };
    let behind = || due(Graph::new()).job("a").after("due");
    check(behind().check(move |_| Err::<(), _>(permanent(error()).into())).run(|_| ()), "Ww");
    check(behind().check(move |_| Err::<(), _>(unknown(error()).into())).run(|_| ()), "Ww");
    check(behind().check(|_| -> bool { panic!("smoke") }).run(|_| ()), "Ww");
    check(behind().check_only(|_| -> bool { panic!("smoke") }), "Ww");
    check(behind().timeout(Duration::ZERO).check_only(|cx| cx.check_cancelled()), "Ww");
    check(behind().with_new(|_: &Context| Err::<Struct, _>("no constructor".into())), "Ww");
    check(behind().check_async(async |_| false).run_async(async |_| ()), "Ww");
    check(behind().check_only_async(async |_| false), "Ww");
}

struct Struct;

impl Job for Struct {
    type Output = ();
    fn check(&mut self, _: &Context) -> Result {
        Ok(())
    }
    fn run(&mut self, _: &Context) -> Result {
        unreachable!()
    }
}

#[test]
fn what_is_blocked_is_behind_a_failure() {
    let graph = || due(Graph::new()).job("bad").check_only(|_| ensure(false, "broken"));
    check(graph().job("a").after(["due", "bad"]).run_only(|_| ()).job("b").after("a").group(), "WFBB");
    check(graph().job("a").after("due").group().job("b").after(["a", "bad"]).run_only(|_| ()), "WFsB");
    let plan = graph().job("a").after(["due", "bad"]).run_only(|_| ()).compile().unwrap();
    let run = quick().dry_run(DryRun::Through).build().run(&plan, ());
    let causes: Vec<_> = run.root_causes("a").iter().map(|job| job.name().to_owned()).collect();
    assert_eq!(causes, ["bad"]);
    assert_eq!(
        untimed(run.report()),
        "3 jobs: 1 failed, 1 blocked, 1 would run\nwould run: due\n`bad` failed after 1 try: broken\na: blocked by bad"
    );
}

#[test]
fn groups_and_nests_pass_it_on() {
    let inner = || Graph::new().job("x").check_only(|_| true).job("y").after("x").check_only(|_| false);
    check(due(Graph::new()).job("n").after("due").nest(inner()), "Wsws");
    let outer = Graph::new().job("m").nest(inner());
    check(due(Graph::new()).job("n").after("due").nest(outer), "Wswss");
    let first = Graph::new().job("x").check(|_| false).run(|_| ());
    check(Graph::new().job("n").nest(first).job("m").after("n").nest(inner()), "Wssws");
    check(due(Graph::new()).job("g").after("due").group().job("a").after("g").check_only(|_| false), "Wsw");
    check(due(Graph::new()).job("free").check_only(|_| true), "WS");
}

const VALUE: Key<u32> = Key::new("value");

#[test]
fn an_output_that_is_not_there_yet() {
    let reads = |cx: &Context| Ok(*cx.output(&VALUE)? == 3);
    let graph = |passes: bool| {
        let value = move |_: &Context| if passes { Ok(3) } else { Err("old".into()) };
        Graph::new().job(VALUE).check(value).run(|_| ()).job("reads").after(VALUE).check_only(reads)
    };
    check(graph(false), "Ww");
    check(graph(true), "SS");
    let plan = graph(false).compile().unwrap();
    let run = quick().dry_run(DryRun::Through).build().run(&plan, ());
    let error = run.report().error("reads").unwrap();
    assert_eq!(error.class(), dojobber::ErrorClass::NotYet);
    assert_eq!(error.message(), "job `reads` reads the output of `value`, which has not run yet");
    // what passes behind a job has its output
    let nested = due(Graph::new())
        .job(VALUE)
        .after("due")
        .check_only(|_| Ok(3))
        .job("reads")
        .after(VALUE)
        .check_only(reads);
    check(nested, "Wss");
    // what can never be there is no better for it
    check(due(Graph::new()).job("reads").after("due").check_only(reads), "Ww");
}

#[test]
fn how_it_ends() {
    let code = |run: &Run<'_>| format!("{:?}", run.exit_code() == std::process::ExitCode::SUCCESS);
    let run =
        |graph: Graph<'static>| quick().dry_run(DryRun::Through).build().run(&graph.compile().unwrap(), ());
    let is = |run: &Run<'_>, code| {
        format!("{:?}", run.detailed_exit_code()) == format!("{:?}", std::process::ExitCode::from(code))
    };
    let due = run(due(Graph::new()));
    assert!(code(&due) == "true" && !due.success() && is(&due, 2));
    assert!(due.into_result().is_ok());
    let fails = run(super_fails());
    assert!(code(&fails) == "false" && is(&fails, 1) && fails.into_result().is_err());
    let fine = run(Graph::new().job("fine").check_only(|_| true));
    assert!(code(&fine) == "true" && is(&fine, 0));
}

fn super_fails() -> Graph<'static> {
    due(Graph::new()).job("bad").check_only(|_| false)
}

#[test]
fn it_is_told_apart() {
    let plan = due(Graph::new().job("fine").check_only(|_| true))
        .job("later")
        .after("due")
        .run_only(|_| ())
        .job("perhaps")
        .after("later")
        .check(|_| true)
        .run(|_| ())
        .job("all")
        .after("perhaps")
        .group()
        .compile()
        .unwrap();
    let run = quick().dry_run(DryRun::Through).build().run(&plan, ());
    let counts = "4 jobs: 1 satisfied, 1 would run, then 1, maybe 1";
    assert_eq!(untimed(run.report()), format!("{counts}\nwould run: due\nthen: later\nmaybe: perhaps"));
    let rows = "would run  1  due\nthen       1  later\nmaybe      1  perhaps\n";
    assert_eq!(untimed(run.summary()), format!("{rows}\n{counts}"));
    assert_eq!(run.counts_behind().to_string(), "1 satisfied, 1 would run");
    let text = serde_json::to_string(run.report()).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!((&read, read.dry_run_mode()), (run.report(), DryRun::Through));
    assert!(read.job("perhaps").unwrap().behind() && !read.job("due").unwrap().behind());
    let no_dry_run = text.replacen("\"dry_run\":true", "\"dry_run\":false", 1);
    let error = serde_json::from_str::<Report>(&no_dry_run).unwrap_err().to_string();
    assert!(error.contains("it goes through, but is no dry run"), "{error}");
}

#[test]
fn a_stop_stops_it() {
    let token = CancelToken::new();
    let plan = due(Graph::new())
        .job("stops")
        .after("due")
        .check_only(|_| {
            token.cancel();
            Ok(())
        })
        .job("g")
        .after("stops")
        .group()
        .job("a")
        .after("g")
        .run_only(|_| ())
        .compile()
        .unwrap();
    let trace = Trace::default();
    let builder = quick().threads(1).dry_run(DryRun::Through).cancel_token(&token).observer(trace.clone());
    let run = builder.build().run(&plan, ());
    assert_eq!(standings(&run), "WssC");
    assert_eq!(judge(&plan, &trace.events()), Ok(()));
    assert!(run.into_result().is_err());
}

/// What was told of runs, and kept.
fn described(plan: &Plan<'_>, dry_run: DryRun, is_watched: bool) -> (Vec<String>, Vec<String>) {
    let trace = Trace::default();
    let builder = quick().threads(1).default_tries(2).dry_run(dry_run);
    let builder = if is_watched { builder.observer(trace.clone()) } else { builder };
    let run = builder.build().run(plan, ());
    let told = trace.events();
    if is_watched {
        assert_eq!(judge(plan, &told), Ok(()));
    }
    let told = told.iter().filter_map(|event| match event {
        Event::RunDescribed { job, text, .. } => Some(format!("{job}: {text}")),
        _ => None,
    });
    let kept = run.jobs().filter_map(|job| Some(format!("{}: {}", job.name(), job.description_of_run()?)));
    (told.collect(), kept.collect())
}

#[test]
fn jobs_describe_their_runs() {
    let tries = AtomicU32::new(0);
    let plan = Graph::new()
        .job("job")
        .describe_run(|cx| Ok(format!("{} {} {}", cx.phase(), cx.attempt(), cx.local().require(&NOTE)?)))
        .check(|cx| {
            cx.local().set(&NOTE, format!("note {}", tries.fetch_add(1, Ordering::Relaxed)));
            false
        })
        .run(|_| ())
        .job("run_only")
        .describe_run(|cx| format!("{} {}", cx.phase(), cx.attempt()))
        .run_only(|_| false)
        .job("unknown")
        .describe_run(|_| "not asked")
        .check(|_| Err::<(), _>(unknown("blind").into()))
        .run(|_| ())
        .job("fine")
        .describe_run(|_| "not asked")
        .check(|_| true)
        .run(|_| ())
        .job("fails")
        .description("stands")
        .describe_run(|_| Err::<&str, BoxError>("no idea".into()))
        .check(|_| false)
        .run(|_| ())
        .job("panics")
        .describe_run(|_| -> &str { panic!("no idea") })
        .check(|_| false)
        .run(|_| ())
        .job("async")
        .describe_run(|_| "async".to_owned())
        .check_async(async |_| false)
        .run_async(async |_| ())
        .job("made")
        .describe_run(|_| "made")
        .with(Unmet)
        .compile()
        .unwrap();
    let expected = |note: u32| {
        [&format!("job: check 1 note {note}"), "run_only: run 1", "async: async", "made: made"]
            .map(str::to_owned)
    };
    assert_eq!(described(&plan, DryRun::Off, false), (vec![], vec![]));
    let sorted = |(mut told, kept): (Vec<String>, Vec<String>)| {
        told.sort_by_key(|line| kept.iter().position(|kept| kept == line)); // async phases take their time
        (told, kept)
    };
    tries.store(7, Ordering::Relaxed);
    let told = expected(7).to_vec();
    assert_eq!(sorted(described(&plan, DryRun::Off, true)), (told.clone(), told));
    for dry_run in [DryRun::Checks, DryRun::Through] {
        tries.store(9, Ordering::Relaxed);
        let told = expected(9).to_vec();
        assert_eq!(sorted(described(&plan, dry_run, true)), (told.clone(), told.clone()));
        tries.store(9, Ordering::Relaxed);
        assert_eq!(described(&plan, dry_run, false), (vec![], told));
    }
}

const NOTE: Key<String> = Key::new("note");

#[test]
fn what_describes_a_run_stores_for_its_own_try_alone() {
    let plan = Graph::new()
        .job("a")
        .describe_run(|cx| {
            cx.local().set(&NOTE, "left by a".to_owned());
            "do it"
        })
        .run_only(|_| ())
        .job("b")
        .tries(1)
        .check_only(|cx| cx.local().get(&NOTE).is_none())
        .compile()
        .unwrap();
    for dry_run in [DryRun::Off, DryRun::Checks, DryRun::Through] {
        let run = Runner::builder().threads(1).dry_run(dry_run).build().run(&plan, ());
        assert_eq!(run.job("b").unwrap().status(), Status::Satisfied, "{dry_run:?}");
    }
}

#[derive(Clone)]
struct Unmet;

impl Job for Unmet {
    type Output = ();
    fn check(&mut self, _: &Context) -> Result {
        ensure(false, "no")
    }
    fn run(&mut self, _: &Context) -> Result {
        Ok(())
    }
}

#[test]
fn a_run_that_is_due_later_is_described_then() {
    let seen = Notes::default();
    let plan = Graph::new()
        .job("late")
        .describe_run(|cx| cx.attempt().to_string())
        .check(|cx| match cx.attempt() {
            1 => Err(unknown("blind").into()),
            _ => ensure(false, "no"),
        })
        .run(|_| seen.add("run"))
        .compile()
        .unwrap();
    assert_eq!(described(&plan, DryRun::Off, true).1, ["late: 2"]);
    assert_eq!(seen.text(), "run");
}

#[test]
fn it_is_kept_when_saved() {
    let plan = Graph::new().job("a").describe_run(|_| "say \"hi\"\n").run_only(|_| ()).compile().unwrap();
    let run = quick().dry_run(true).build().run(&plan, ());
    let read: Report = serde_json::from_str(&serde_json::to_string(run.report()).unwrap()).unwrap();
    assert_eq!(read.job("a").unwrap().description_of_run(), Some("say \"hi\"\n"));
    assert_eq!(&read, run.report());
}

#[test]
fn groups_and_checks_have_no_run_to_describe() {
    let graph = Graph::new()
        .job("c")
        .describe_run(|_| "c")
        .check_only(|_| true)
        .job("g")
        .describe_run(|_| "g")
        .group()
        .job("n")
        .describe_run(|_| "n")
        .nest(Graph::new().job("x").run_only(|_| ()));
    let errors = graph.compile().unwrap_err().to_string();
    let expected = "job `c` is a check_only, which has no run to describe: remove `.describe_run(..)`
job `g` is a group, which has no run to describe: remove `.describe_run(..)`
job `n` is a nest, which has no run to describe: remove `.describe_run(..)`";
    assert_eq!(errors, expected);
}

/// Random worlds in which each job makes something of what some of the jobs before it have made, and its check wants to see
/// just that.
#[cfg(feature = "testkit")]
mod worlds {
    use super::*;
    use dojobber::Runner;
    use dojobber::testkit::{Simulation, Sketch, graphs, judge_simulated};
    use proptest::prelude::*;

    /// What a job has made: nothing, or a version, of what it read.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    struct Made {
        version: u64,
    }

    struct World {
        sketch: Sketch,
        /// How each job starts: 0 nothing is there, 1 it is old, else as it should be.
        starts: Vec<u8>,
        made: Mutex<Vec<Option<Made>>>,
    }

    fn key(place: usize) -> Key<u64> {
        Key::named(Sketch::name(place))
    }

    impl World {
        fn new(sketch: Sketch, starts: Vec<u8>) -> Self {
            let world = World { made: Mutex::new(vec![None; sketch.jobs.len()]), starts, sketch };
            for place in 0..world.sketch.jobs.len() {
                // as it should be, given what is there now; where that is nothing, it has seen something older
                let seen: Vec<u64> = world.reads(place).map(|on| world.version(on).unwrap_or(1)).collect();
                let version = match world.starts[place] {
                    0 => None,
                    1 => Some(Made { version: 2 }),
                    _ => Some(Made { version: wanted(place, &seen) }),
                };
                world.made.lock().unwrap()[place] = version;
            }
            world
        }

        /// It reads every other of those it is after.
        fn reads(&self, place: usize) -> impl Iterator<Item = usize> {
            let job = &self.sketch.jobs[place];
            job.after
                .iter()
                .copied()
                .filter(|on| self.sketch.jobs[*on].kind == dojobber::Kind::Job)
                .step_by(2)
        }

        fn version(&self, place: usize) -> Option<u64> {
            self.made.lock().unwrap()[place].map(|made| made.version)
        }

        fn wants(&self, place: usize, cx: &Context) -> Result<u64> {
            let seen = self.reads(place).map(|on| Ok(*cx.output(key(on))?));
            Ok(wanted(place, &seen.collect::<Result<Vec<u64>>>()?))
        }

        fn plan(&self) -> Plan<'_> {
            let graph = self.sketch.jobs.iter().enumerate().fold(Graph::new(), |graph, (place, job)| {
                let after: Vec<String> = job.after.iter().map(|on| Sketch::name(*on)).collect();
                match job.kind {
                    dojobber::Kind::Group => graph.job(Sketch::name(place)).after(after).group(),
                    dojobber::Kind::CheckOnly => {
                        graph.job(Sketch::name(place)).after(after).check_only(move |cx| {
                            // all that it is after is there
                            self.reads(place).try_for_each(|on| cx.output(key(on)).map(drop))?;
                            Ok(())
                        })
                    }
                    dojobber::Kind::RunOnly => graph.job(Sketch::name(place)).after(after).run_only(|_| ()),
                    _ => graph
                        .job(key(place))
                        .after(after)
                        .check(move |cx| {
                            let wanted = self.wants(place, cx)?;
                            if self.version(place) == Some(wanted) {
                                Ok(wanted)
                            } else {
                                Err("it is old".into())
                            }
                        })
                        .run(move |cx| {
                            self.made.lock().unwrap()[place] = Some(Made { version: self.wants(place, cx)? });
                            Ok(())
                        }),
                }
            });
            graph.compile().unwrap()
        }
    }

    /// A number that no other job wants, nor the same one of something else.
    fn wanted(place: usize, seen: &[u64]) -> u64 {
        seen.iter().fold(1000 + place as u64, |hash, one| {
            (hash ^ one).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        })
    }

    fn worlds() -> impl Strategy<Value = (Sketch, Vec<u8>)> {
        graphs().jobs(0..16).tries(1..2).delays(Duration::ZERO..Duration::ZERO).prop_flat_map(|sketch| {
            let jobs = sketch.jobs.len();
            (Just(sketch), proptest::collection::vec(0..6_u8, jobs))
        })
    }

    fn named(run: &Run<'_>) -> BTreeSet<String> {
        let due = run
            .jobs()
            .filter(|job| job.status() == Status::WouldRun && job.kind() != dojobber::Kind::CheckOnly);
        due.map(|job| job.name().to_owned()).collect()
    }

    fn changed(run: &Run<'_>) -> BTreeSet<String> {
        run.jobs().filter(|job| job.changed()).map(|job| job.name().to_owned()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: crate::support::cases(), failure_persistence: None, ..ProptestConfig::default() })]

        /// What a dry run names is what a run then changes, with any number of workers and in simulations.
        #[test]
        fn a_run_changes_what_was_named((sketch, starts) in worlds(), threads in 1_usize..4, seed: u64) {
            let world = World::new(sketch.clone(), starts.clone());
            let plan = world.plan();
            let before = world.made.lock().unwrap().clone();
            let trace = Trace::default();
            let dry = Runner::builder().threads(threads).dry_run(DryRun::Through).observer(trace.clone()).build();
            let dry = dry.run(&plan, ());
            prop_assert_eq!(judge(&plan, &trace.events()), Ok(()));
            prop_assert!(dry.count(Status::Failed) + dry.count(Status::Blocked) == 0, "{}", dry.report());
            prop_assert_eq!(&*world.made.lock().unwrap(), &before);

            let trace = Trace::default();
            let simulation = Simulation::new(seed).workers(threads).dry_run(DryRun::Through).observer(trace.clone());
            let simulated = simulation.run(&plan, ());
            prop_assert_eq!(judge_simulated(&plan, &trace.events()), Ok(()));
            let standings = (super::standings(&dry), super::standings(&simulated));
            prop_assert_eq!(&standings.0, &standings.1);

            let real = Runner::builder().threads(threads).build().run(&plan, ());
            prop_assert!(real.success(), "{}", real.report());
            prop_assert_eq!(named(&dry), changed(&real));
            // and once all is done, nothing is due but what is done every time
            let again = Runner::builder().dry_run(DryRun::Through).build().run(&plan, ());
            let every_time = real.jobs().filter(|job| job.kind() == dojobber::Kind::RunOnly);
            prop_assert_eq!(named(&again), every_time.map(|job| job.name().to_owned()).collect::<BTreeSet<_>>());
        }
    }
}
