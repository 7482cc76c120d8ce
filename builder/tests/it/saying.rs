//! What jobs say while they go on, and what is told of those that take long.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use dojobber::{Cleanup, Console, Context, Event, Graph, Phase, Report, Runner, judge};

use crate::support::{Fine, Notes, Trace};

/// All that a report has of what its jobs have said.
fn said(report: &Report) -> String {
    let lines = |job: dojobber::JobReport<'_>| {
        let lines = job.log().iter();
        let lines: Vec<String> = lines
            .map(|line| format!("{}.{} {}: {}", job.name(), line.phase(), line.attempt(), line.text()))
            .collect();
        lines.into_iter().chain(job.progress().map(|progress| format!("{} {progress}", job.name())))
    };
    report.jobs().flat_map(lines).collect::<Vec<_>>().join("; ")
}

fn copies() -> Graph<'static> {
    let say = |text: &'static str| {
        move |cx: &Context| {
            cx.log(text);
            cx.phase() == Phase::Recheck && cx.attempt() == 2
        }
    };
    let copy = |cx: &Context| {
        (1..=3).for_each(|file| cx.progress(file, 3_usize));
        cx.log(format_args!("copied {}", 3));
    };
    Graph::new()
        .job("copies")
        .tries(2)
        .retry_delay(Duration::ZERO)
        .cleanup(|cx: &Context| cx.log("swept"))
        .check(say("looking"))
        .run(copy)
        .job("quiet")
        .run_only(|_| ())
        .job("bytes")
        .run_only(|cx| cx.progress(5_u64, 0))
}

const SAID: &str = "copies.check 1: looking; copies.run 1: copied 3; copies.recheck 1: looking; \
                    copies.check 2: looking; copies.run 2: copied 3; copies.recheck 2: looking; \
                    copies.cleanup 2: swept; copies.cleanup 1: swept; copies 3/3; bytes 5";

#[test]
fn a_report_keeps_what_jobs_say() {
    let plan = copies().compile().unwrap();
    for threads in [1, 3] {
        for cleanup in [Cleanup::AtEnd, Cleanup::OnDrop] {
            for watched in [false, true] {
                let trace = watched.then(Trace::default);
                let builder = Runner::builder().threads(threads).cleanup(cleanup).observer(trace.clone());
                let report = builder.build().run(&plan, ()).into_report();
                assert_eq!(said(&report), SAID);
                trace.iter().for_each(|trace| judge(&plan, &trace.events()).unwrap());
            }
        }
    }
}

#[test]
fn what_is_left_by_hand_is_heard_too() {
    let plan = copies().compile().unwrap();
    let mut run = Runner::builder().cleanup(Cleanup::ByHand).build().run(&plan, ());
    assert!(!said(&run).contains("swept"));
    run.cleanup();
    assert_eq!(said(&run), SAID);
}

#[cfg(feature = "serde")]
#[test]
fn it_is_saved_with_the_report_and_read_back() {
    let report = copies().compile().unwrap().run(()).into_report();
    let text = serde_json::to_string(&report).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!((said(&read).as_str(), read == report), (SAID, true));
    let check_refused = |part: &str, other: &str, why: &str| {
        assert!(text.contains(part), "{part} is not in {text}");
        let error = serde_json::from_str::<Report>(&text.replacen(part, other, 1)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    check_refused(
        "\"log\":[{\"attempt\":1",
        "\"log\":[{\"attempt\":0",
        "has said something in a check of try 0",
    );
    check_refused("\"at_ns\":", "\"at_ns\":9999999999", "has said something after the end of the run");
    check_refused("\"text\":", "\"words\":", "unknown field");
    check_refused("\"total\":3", "\"total\":-3", "invalid value");

    let older = "{\"dojobber_report\":2,\"dry_run\":false,\"elapsed_ns\":0,\"jobs\":[{\"name\":\"a\",\"kind\":\"group\",\
                 \"after\":[],\"status\":\"satisfied\",\"phases\":[]}],\"nests\":[]}";
    let older: Report = serde_json::from_str(older).unwrap();
    assert_eq!((said(&older).as_str(), older.job("a").unwrap().log_left_out()), ("", 0));
}

#[test]
fn a_console_shows_it() {
    let notes = Notes::default();
    let runner = Runner::builder().threads(1).observer(Console::lines().to(notes.clone())).build();
    let say = |cx: &Context| {
        cx.log("two\nlines\u{7}\n");
        cx.progress(1, 2);
        cx.progress(2, 2);
    };
    assert!(runner.run(&Graph::new().job("a").run_only(say).compile().unwrap(), ()).success());
    let text = notes.text();
    let lines: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once("s  ")?.1)).collect();
    assert_eq!(
        lines[..5],
        ["1 job on 1 thread", "a.run: begins", "a: two\\nlines\\u{7}", "a: 1/2", "a: 2/2"]
    );
}

#[test]
fn what_is_said_panics_in_its_phase_alone() {
    struct Bomb;
    impl std::fmt::Display for Bomb {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("boom")
        }
    }
    let plan = Graph::new().job("a").tries(1).run_only(|cx| cx.log(Bomb)).job("b").run_only(|cx| cx.log("b"));
    let report = Runner::default().run(&plan.compile().unwrap(), ()).into_report();
    assert_eq!((report.error("a").unwrap().message(), said(&report).as_str()), ("boom", "b.run 1: b"));
}

#[test]
fn a_simulation_says_the_same_each_time() {
    #[cfg(feature = "testkit")]
    for seed in 0..10 {
        let run =
            || dojobber::testkit::Simulation::new(seed).run(&copies().compile().unwrap(), ()).into_report();
        assert_eq!((said(&run()).as_str(), run() == run()), (SAID, true));
    }
}

/// What each slow phase was called, as observers are told.
fn slow_ones(trace: &Trace) -> Vec<String> {
    let slow = |event: &Event| match event {
        Event::PhaseSlow { job, phase, attempt, .. } => Some(format!("{job}.{phase} {attempt}")),
        _ => None,
    };
    trace.events().iter().filter_map(slow).collect()
}

/// Each phase waits until it was told to be slow, and twice where it says so.
#[test]
fn phases_that_take_long_are_told() {
    let (tell, hear) = mpsc::channel();
    let (tell, hear) = (Mutex::new(tell), Mutex::new(hear));
    let wait = |times: usize| {
        let hear = &hear;
        move |cx: &Context| {
            let own = format!("{}.{}", cx.job(), cx.phase());
            let hear = hear.lock().unwrap();
            // those of others may come twice before they have ended
            hear.iter().filter(|told| *told == own).take(times).for_each(drop);
        }
    };
    let plan = Graph::new()
        .job("made")
        .with_new(|cx| {
            wait(1)(cx);
            Ok(Fine)
        })
        .job("twice")
        .after("made")
        .run_only(wait(2))
        .job("swept")
        .after("twice")
        .cleanup(wait(1))
        .run_only(|_| ())
        .compile()
        .unwrap();
    let trace = Trace::default();
    let runner = Runner::builder().threads(1).slow_after(Duration::from_millis(2)).observer(trace.clone());
    let runner = runner.on_event(move |event| {
        if let Event::PhaseSlow { job, phase, .. } = event {
            let _ = tell.lock().unwrap().send(format!("{job}.{phase}"));
        }
    });
    assert!(runner.build().run(&plan, ()).success());
    let slow = slow_ones(&trace);
    let expected = ["made.create 1", "twice.run 1", "twice.run 1", "swept.cleanup 1"];
    assert!(expected.iter().all(|phase| slow.contains(&(*phase).to_owned())), "{slow:?}");
    judge(&plan, &trace.events()).unwrap();
}

#[test]
fn nobody_is_told_without_a_reason() {
    let plan = Graph::new().job("a").run_only(|cx| cx.sleep(Duration::from_millis(5))).compile().unwrap();
    for slow_after in [Duration::ZERO, Duration::MAX] {
        let trace = Trace::default();
        let runner = Runner::builder().slow_after(slow_after).observer(trace.clone()).build();
        assert!(runner.run(&plan, ()).success());
        assert_eq!(slow_ones(&trace), [""; 0]);
    }
    #[cfg(feature = "testkit")]
    {
        let trace = Trace::default();
        let mut options = dojobber::RunOptions::default();
        options.slow_after = Duration::from_nanos(1);
        let simulation = dojobber::testkit::Simulation::new(1).options(options).observer(trace.clone());
        assert!(simulation.run(&plan, ()).success());
        assert_eq!(slow_ones(&trace), [""; 0]);
    }
}
