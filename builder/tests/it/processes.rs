//! Jobs that start processes: what they leave behind, what their errors say.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use dojobber::{
    BoxError, CancelToken, CommandError, Context, ErrorClass, Event, Graph, Key, Process, Result, Runner,
    Status, TimedOut, ensure, judge, sh,
};
use dojobber_viz::Picture;

use crate::support::{Fine, Notes, Trace, rounds, runner};

/// The text of the error, with its causes, that a phase of this kind ends with.
#[track_caller]
fn error_of(phase: impl Fn(&Context) -> Result + Send + Sync) -> String {
    let plan = Graph::new().job("a").tries(1).run_only(phase).compile().unwrap();
    let run = runner(1).run(&plan, ());
    assert!(run.error("a").is_some_and(|error| error.is::<CommandError>()), "{}", run.report());
    format!("{:#}", run.report().error("a").unwrap())
}

#[test]
fn what_a_script_starts_in_the_background_keeps_nobody_waiting() {
    let background = "sleep 1000 & echo $! > \"$0\"; echo started";
    let dir = tempfile::tempdir().unwrap();
    let start = |cx: &Context, name: &str| {
        cx.command("sh").args(["-c", background]).arg(dir.path().join(name)).read()
    };
    let plan = Graph::new()
        .job("server")
        .run_only(|cx| Ok(start(cx, "one")? == "started"))
        .job("probe")
        .tries(1)
        .check_only(|cx| Ok(start(cx, "two")? == "started"))
        .compile()
        .unwrap();
    let run = runner(2).run(&plan, ());
    assert!(run.success(), "{}", run.report());
    for name in ["one", "two"] {
        let pid = fs::read_to_string(dir.path().join(name)).unwrap();
        assert!(runner(1).run(&kill(pid.trim()), ()).success(), "it was let live");
    }
}

fn kill(pid: &str) -> dojobber::Plan<'static> {
    Graph::new().job("kill").tries(1).run_only(sh(format!("kill -9 {pid}"))).compile().unwrap()
}

#[test]
fn the_reason_is_seen_however_long_the_script_is() {
    for length in [10, 80, 200, 1000, 100_000] {
        let script =
            format!("# {}\necho \"no space on device\" | tr a-z A-Z >&2; exit 1", "-".repeat(length));
        let plan = Graph::new().job("step").tries(1).run_only(sh(script)).compile().unwrap();
        let run = runner(1).run(&plan, ());
        let picture = Picture::from_report(run.report());
        for text in [picture.to_svg(), picture.to_text(), picture.to_dot(), run.report().to_string()] {
            assert!(text.contains("NO SPACE ON DEVICE"), "{length}: {text}");
        }
    }
}

#[test]
fn the_reason_is_what_was_said_last() {
    let tsc = "tsc() { echo 'a.ts(3,5): error E2322'; return 2; }; tsc";
    assert!(error_of(sh(tsc)).ends_with("ended with exit status: 2: a.ts(3,5): error E2322"));
    assert!(error_of(sh("echo out; echo err >&2; exit 2")).ends_with("exit status: 2: err"));
    assert!(error_of(sh("exit 2")).ends_with("exit status: 2"));
    let flood = error_of(sh("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end; exit 1"));
    assert!(flood.ends_with("x\nthe end") && flood.len() < 2_500, "{}", flood.len());
}

#[test]
fn output_of_any_size_is_no_burden() {
    let plan =
        Graph::new().job("flood").tries(1).run_only(sh("head -c 300000000 /dev/zero")).compile().unwrap();
    assert!(runner(1).run(&plan, ()).success());
}

#[test]
fn a_script_may_begin_with_a_dash() {
    let error = error_of(sh("-x"));
    assert!(error.starts_with("`sh -ec -- -x` ended with exit status: 127:"), "{error}");
}

#[test]
fn a_command_that_cannot_be_read_is_named() {
    let error = error_of(|cx| cx.command("printf").arg(r"caf\351").read().map(drop));
    assert!(error.starts_with(r"`printf 'caf\351'` wrote what is not UTF-8: "), "{error}");
    let error = error_of(|cx| cx.command("true").current_dir("/no/such/build").run());
    assert_eq!(
        error,
        "`true` did not start: there is no directory /no/such/build: No such file or directory (os error 2)"
    );
}

#[test]
fn secrets_are_in_no_report() {
    let login = |cx: &Context| {
        cx.command("sh").args(["-c", "exit 7"]).secret_arg("s3cr3t").secret_env("T", "s3cr3t").run()
    };
    let plan = Graph::new().job("login").tries(1).run_only(login).compile().unwrap();
    let run = runner(1).run(&plan, ());
    let saved = serde_json::to_string(run.report()).unwrap();
    assert!(saved.contains("sh -c 'exit 7' ***"), "{saved}");
    let shown = format!("{saved} {} {run:?} {:?}", run.report(), run.error("login").unwrap());
    assert!(!shown.contains("s3cr3t"), "{shown}");
}

/// Once, or as often as `DOJOBBER_ROUNDS` says.
#[test]
fn programs_may_be_written_while_others_start() {
    for round in 0..rounds(1) {
        let dir = tempfile::tempdir().unwrap();
        let mut graph = Graph::new();
        for i in 0..600 {
            let file = dir.path().join(format!("tool{i}"));
            graph = graph.job(format!("{i}")).tries(1).run_only(move |cx: &Context| {
                fs::write(&file, "#!/bin/sh\n")?;
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
                cx.command(&file).run()
            });
        }
        let run = runner(8).run(&graph.compile().unwrap(), ());
        assert!(run.success(), "round {round}: {}", run.report());
    }
}

#[test]
fn a_command_may_have_a_limit_of_its_own() {
    let late = |cx: &Context| cx.command("sleep").arg("1000").timeout(Duration::from_millis(50)).succeeds();
    let plan = Graph::new().job("a").tries(1).check_only(late).compile().unwrap();
    let run = runner(1).run(&plan, ());
    let error = run.error("a").unwrap();
    assert_eq!(error.to_string(), "`sleep 1000` was ended because there was no time left");
    assert_eq!(error.source().unwrap().to_string(), "timed out after 50ms");
    assert_eq!(run.status("a"), Some(Status::Failed));
}

const SERVER: Key<Process> = Key::new("server");

#[test]
fn a_server_lives_as_long_as_its_run() {
    let plan = Graph::new()
        .job(SERVER)
        .run_only(|cx| cx.command("sleep").arg("1000").spawn())
        .job("probe")
        .after(SERVER)
        .tries(1)
        .check_only(|cx| cx.output(&SERVER)?.check_running())
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert!(run.success(), "{}", run.report());
    let id = run.output(&SERVER).unwrap().id();
    drop(run);
    let gone = runner(1).run(&kill(&id.to_string()), ());
    assert!(gone.failure(), "it was ended with its run");
}

/// Whether a process of that number is there, dead or alive.
fn is_there(id: u32) -> bool {
    let look = Graph::new().job("look").tries(1).run_only(sh(format!("kill -0 {id}"))).compile().unwrap();
    runner(1).run(&look, ()).success()
}

#[test]
fn a_server_ends_with_a_try_that_fails() {
    let servers = Mutex::new(Vec::new());
    let plan = Graph::new()
        .job("server")
        .tries(3)
        .retry_delay(Duration::ZERO)
        .run_only(|cx| {
            let mut servers = servers.lock().unwrap();
            assert!(servers.iter().all(|id| !is_there(*id)), "that of an earlier try is gone");
            servers.push(cx.command("sleep").arg("1000").spawn()?.id());
            ensure(cx.attempt() == 2, "it does not answer")
        })
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert!(run.success(), "{}", run.report());
    let servers = servers.lock().unwrap().clone();
    assert_eq!(servers.iter().map(|id| is_there(*id)).collect::<Vec<_>>(), [false, true]);
    drop(run);
    assert!(!is_there(servers[1]));
}

#[test]
fn a_server_ends_right_after_its_cleanup() {
    let notes = Notes::default();
    let server = |cx: &Context| cx.command("sleep").arg("1000").spawn();
    let look = |name: &str, cx: &Context| {
        let one_is_there = |key: &Key<Process>| is_there(cx.output(key).unwrap().id()).to_string();
        let all =
            [FIRST, SECOND].iter().filter(|key| cx.output(key).is_ok()).map(one_is_there).collect::<Vec<_>>();
        notes.add(format!("{name}:{}", all.join(",")));
    };
    const FIRST: Key<Process> = Key::new("first");
    const SECOND: Key<Process> = Key::new("second");
    let plan = Graph::new()
        .job(FIRST)
        .cleanup(|_| notes.add("first"))
        .run_only(server)
        .job(SECOND)
        .after(FIRST)
        .cleanup(|cx| look("second", cx))
        .run_only(server)
        .job("user")
        .after([FIRST, SECOND])
        .cleanup(|cx| look("user", cx))
        .run_only(|_| ())
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert_eq!(notes.text(), "user:true,true second:true first");
    assert!(
        [FIRST, SECOND].iter().all(|key| !is_there(run.output(key).unwrap().id())),
        "before the run is dropped"
    );
}

/// Notes that it was asked to end, and goes on.
const DEAF: &str = "trap 'echo yes > asked' TERM; echo yes > ready; while :; do sleep 0.01; done";

/// No grace: nobody is asked. So it is, too, in a run that nothing can stop, whatever ends the process.
#[test]
fn the_grace_period_is_that_of_the_run_whatever_ends_a_process() {
    let deaf = |cx: &Context, dir: &Path| cx.command("sh").args(["-c", DEAF]).current_dir(dir);
    let started = |cx: &Context, dir: &Path| {
        let server = deaf(cx, dir).spawn()?;
        while !dir.join("ready").exists() {
            cx.sleep(Duration::from_millis(2))?;
        }
        Ok::<_, BoxError>(server)
    };
    type Way<'w> = &'w (dyn Fn(&Context, &Path) -> Result + Sync);
    let ways: [(&str, Way<'_>); 4] = [
        ("its own limit", &|cx, dir| {
            let error = deaf(cx, dir).timeout(Duration::from_millis(300)).run().unwrap_err();
            ensure(error.source().is_some_and(|cause| cause.is::<TimedOut>()), error.to_string())
        }),
        ("the end of the run", &|cx, dir| started(cx, dir).map(drop)),
        ("its try, which fails", &|cx, dir| {
            started(cx, dir)?;
            ensure(cx.attempt() == 2, "once more")
        }),
        ("the job", &|cx, dir| started(cx, dir)?.stop().map(drop)),
    ];
    for (name, way) in ways {
        for is_watched in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let plan =
                Graph::new().job("deaf").retry_delay(Duration::ZERO).run_only(|cx| way(cx, dir.path()));
            let watching = is_watched.then(Trace::default);
            let runner = Runner::builder().threads(1).grace_period(Duration::ZERO).observer(watching).build();
            let run = runner.run(&plan.compile().unwrap(), ());
            assert!(run.success(), "{name}: {}", run.report());
            drop(run);
            assert!(!dir.path().join("asked").exists(), "{name}");
        }
    }
}

/// A check leaves nothing behind.
#[test]
fn only_a_run_leaves_a_process_behind() {
    let spawn = |cx: &Context| cx.command("sleep").arg("1000").spawn().map(drop);
    let plan = Graph::new()
        .job("look")
        .tries(1)
        .check_only(spawn)
        .job("async")
        .tries(1)
        .check_only_async(move |cx| std::future::ready(spawn(&cx)))
        .job("make")
        .tries(1)
        .with_new(|cx| spawn(cx).map(|()| Fine))
        .job("end")
        .cleanup(spawn)
        .run_only(|_| ())
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    let mut errors: Vec<_> =
        ["look", "async", "make"].iter().map(|job| run.error(job).unwrap().to_string()).collect();
    errors.extend(run.cleanup_failures().iter().map(|(_, record)| record.error().unwrap().to_string()));
    let ends: Vec<_> = errors.iter().map(|error| error.rsplit(' ').next().unwrap()).collect();
    assert_eq!(ends, ["check", "check", "create", "cleanup"], "{errors:?}");
}

#[test]
fn a_server_that_has_died_is_quoted() {
    let plan = Graph::new()
        .job(SERVER)
        .run_only(|cx| cx.command("sh").args(["-c", "echo port is taken >&2; exit 3"]).spawn())
        .job("probe")
        .after(SERVER)
        .tries(1)
        .check_only(|cx| {
            let server = cx.output(&SERVER)?;
            server.wait()?;
            server.check_running()
        })
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    let error: &(dyn Error + Send + Sync) = run.error("probe").unwrap();
    assert!(error.to_string().ends_with("ended with exit status: 3: port is taken"), "{error}");
    let _: BoxError = dojobber::Command::new("sleep").spawn().unwrap_err();
}

#[test]
fn observers_are_told_of_lines_while_a_process_runs() {
    let plan = Graph::new()
        .job("loud")
        .tries(1)
        .run_only(|cx| cx.command("printf").arg(r"one\ntwo").stream_output().run())
        .job("quiet")
        .after("loud")
        .run_only(sh("echo three"))
        .compile()
        .unwrap();
    let trace = Trace::default();
    let run = runner_watched_by(&trace).run(&plan, ());
    assert!(run.success() && judge(&plan, &trace.events()).is_ok(), "{}", run.report());
    let told = trace.events().into_iter().filter_map(|event| match event {
        Event::PhaseStarted { job, .. } => Some(format!("{} begins", job.name())),
        Event::OutputLine { job, attempt, phase, stream, line, .. } => {
            Some(format!("{}.{phase} {attempt} {stream:?} {line}", job.name()))
        }
        Event::PhaseEnded { job, .. } => Some(format!("{} ends", job.name())),
        _ => None,
    });
    assert_eq!(
        told.collect::<Vec<_>>().join(", "),
        "loud begins, loud.run 1 Stdout one, loud.run 1 Stdout two, loud ends, quiet begins, quiet ends"
    );
}

fn runner_watched_by(trace: &Trace) -> Runner {
    Runner::builder().threads(1).observer(trace.clone()).build()
}

#[test]
fn a_limit_of_a_command_needs_no_other_worker() {
    let (told, heard) = std::sync::mpsc::channel();
    let heard = Mutex::new(heard);
    let plan = Graph::new()
        .job("blocking")
        .tries(1)
        .run_only(|_| Ok(heard.lock().unwrap().recv()?)) // until the other has ended
        .job("late")
        .tries(1)
        .timeout(Duration::from_millis(50))
        .run_only(|cx| cx.command("sleep").arg("1000").run())
        .compile()
        .unwrap();
    let tell = move |event: &Event| {
        if let Event::JobEnded { job, .. } = event
            && job.name() == "late"
        {
            told.send(()).unwrap();
        }
    };
    let run = Runner::builder().threads(2).on_event(tell).build().run(&plan, ());
    assert_eq!((run.status("blocking"), run.status("late")), (Some(Status::Changed), Some(Status::Failed)));
    assert_eq!(run.report().error("late").unwrap().class(), ErrorClass::TimedOut);
}

#[test]
fn with_all_workers_inside_of_commands_each_keeps_its_limit() {
    let graph = (1..=6).fold(Graph::new(), |graph, number: u64| {
        let open = graph.job(number.to_string()).tries(1).timeout(Duration::from_millis(20 * number));
        open.check_only(|cx| cx.command("sh").args(["-c", "trap '' TERM; sleep 1000"]).succeeds())
    });
    let plan = graph.compile().unwrap();
    let trace = Trace::default();
    let builder = Runner::builder().threads(3).grace_period(Duration::from_millis(20));
    let run = builder.observer(trace.clone()).build().run(&plan, ());
    assert_eq!(judge(&plan, &trace.events()), Ok(()));
    #[cfg(feature = "testkit")] // machines may be busy
    dojobber::testkit::judge_in_time(&plan, &trace.events(), Duration::from_secs(30)).unwrap();
    for job in run.jobs() {
        assert_eq!((job.status(), job.error().unwrap().class()), (Status::Failed, ErrorClass::TimedOut));
    }
}

#[test]
fn the_time_of_a_phase_is_that_of_all_its_commands() {
    let plan = Graph::new()
        .job("a")
        .tries(1)
        .timeout(Duration::from_millis(100))
        .check_only(|cx| {
            cx.command("sleep").arg("1000").succeeds().unwrap_err(); // its time is over
            cx.command("true").succeeds()
        })
        .compile()
        .unwrap();
    let run = runner(1).run(&plan, ());
    assert_eq!(run.error("a").unwrap().to_string(), "`true` was not started because there was no time left");
}

#[test]
fn a_stopped_run_ends_its_commands_and_not_those_of_its_cleanups() {
    let stop = CancelToken::new();
    let notes = Notes::default();
    let plan = Graph::new()
        .job("a")
        .tries(1)
        .cleanup(|cx| {
            notes.add(cx.command("echo").arg("cleaned").read()?);
            Ok(())
        })
        .run_only(|cx| {
            let stop = stop.clone();
            std::thread::spawn(move || stop.cancel());
            cx.command("sleep").arg("1000").run()
        })
        .compile()
        .unwrap();
    let run = Runner::builder().threads(1).cancel_token(&stop).build().run(&plan, ());
    assert_eq!((run.status("a"), notes.text().as_str()), (Some(Status::Cancelled), "cleaned"));
    assert_eq!(run.report().error("a").unwrap().class(), ErrorClass::Cancelled);
}
