//! The lines that are shown.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use dojobber::{
    BoxError, Console, Context, DryRun, Event, Graph, Job, LogGroups, Observer, Result, Runner, Status,
    ensure,
};

use crate::support::Notes;

/// What a console writes about a graph, run by one worker.
fn shown(console: Console, dry_run: bool, graph: Graph<'_>) -> String {
    let notes = Notes::default();
    let runner = Runner::builder()
        .threads(1)
        .dry_run(dry_run)
        .default_tries(1)
        .default_retry_delay(Duration::ZERO)
        .observer(console.to(notes.clone()))
        .build();
    drop(runner.run(&graph.compile().unwrap(), ()));
    notes.text()
}

#[track_caller]
fn verbose(graph: Graph<'_>, expected: &str) {
    assert_eq!(shown(Console::verbose(), false, graph), expected);
}

#[track_caller]
fn debug(graph: Graph<'_>, expected: &str) {
    assert_eq!(shown(Console::debug(), false, graph), expected);
}

#[track_caller]
fn dry(graph: Graph<'_>, expected: &str) {
    assert_eq!(shown(Console::verbose(), true, graph), expected);
}

fn no<T>(text: &str) -> Result<T> {
    Err(text.into())
}

/// Fails as it is told.
#[derive(Clone)]
struct Scripted {
    check: bool,
    cleanup: bool,
}

impl Job for Scripted {
    type Output = ();
    fn check(&mut self, _: &Context) -> Result {
        ensure(self.check, "not there")
    }
    fn run(&mut self, _: &Context) -> Result {
        self.check = true;
        Ok(())
    }
    fn cleanup(&mut self, _: &Context) -> Result {
        ensure(self.cleanup, "stuck")
    }
}

/// The outer error of a chain of three.
fn chain() -> BoxError {
    let inner = anyhow::anyhow!("disk full\nreally").context("cannot write b");
    inner.context("cannot back up a").into()
}

#[test]
fn a_job() {
    verbose(Graph::new().job("a").check(|_| true).run(|_| ()), "a.check: pass\n");
    let repaired = Graph::new().job("a").check(|cx| cx.phase() != dojobber::Phase::Check).run(|_| ());
    verbose(repaired, "a.check: fail\na.run: pass\na.recheck: pass\n");
    let broken = Graph::new().job("a").check(|_| no::<()>("still not")).run(|_| no::<()>("cannot"));
    verbose(broken, "a.check: fail\na.run: fail\na.recheck: fail \"still not\"\n");
    verbose(
        Graph::new().job("a").check(|_| false).run(|_| ()),
        "a.check: fail\na.run: pass\na.recheck: fail \"returned false\"\n",
    );
}

#[test]
fn a_second_try_has_lines_of_its_own() {
    verbose(
        Graph::new().job("a").tries(2).check(|_| no::<()>("no")).run(|_| ()),
        "a.check: fail\na.run: pass\na.recheck: fail \"no\"\na.check: fail\na.run: pass\na.recheck: fail \"no\"\n",
    );
}

#[test]
fn a_run_only_has_the_three_lines_of_the_original() {
    verbose(Graph::new().job("a").run_only(|_| ()), "a.check: fail\na.run: pass\na.recheck: pass\n");
    verbose(
        Graph::new().job("a").run_only(|_| no::<()>("no")),
        "a.check: fail\na.run: fail\na.recheck: fail \"no\"\n",
    );
}

#[test]
fn a_check_only_and_a_group_have_one() {
    verbose(Graph::new().job("a").check_only(|_| true), "a.check: pass\n");
    verbose(Graph::new().job("a").check_only(|_| no::<()>("no")), "a.check: fail \"no\"\n");
    verbose(Graph::new().job("a").group(), "a.check: pass\n");
}

#[test]
fn a_blocked_job_has_none() {
    verbose(
        Graph::new()
            .job("a")
            .check_only(|_| no::<()>("no"))
            .job("b")
            .after("a")
            .group()
            .job("c")
            .after("b")
            .run_only(|_| ()),
        "a.check: fail \"no\"\n",
    );
}

#[test]
fn a_constructor_that_fails_is_a_check_that_fails() {
    let graph = |make: fn() -> Result<Scripted>| Graph::new().job("a").with_new(move |_| make());
    verbose(graph(|| no("no parts")), "a.check: fail \"no parts\"\n");
    verbose(graph(|| panic!("out of reach")), "a.check: fail \"out of reach\"\n");
    dry(graph(|| no("no parts")), "a.check: fail \"no parts\"\n");
}

#[test]
fn cleanups_are_shown_when_they_fail() {
    let job = |cleanup| Graph::new().job("a").with(Scripted { check: false, cleanup });
    let done = "a.check: fail\na.run: pass\na.recheck: pass\n";
    verbose(job(true), done);
    verbose(job(false), &format!("{done}a.cleanup: fail \"stuck\"\n"));
    let closure = Graph::new().job("a").cleanup(|_| no::<()>("stuck")).run_only(|_| ());
    verbose(closure, &format!("{done}a.cleanup: fail \"stuck\"\n"));
}

#[test]
fn an_error_stays_on_its_line() {
    for (text, shown) in [
        ("a\nb", "a\\nb"),
        ("a\r\nb\rc\n", "a\\nb\\rc\\n"),
        ("with \"quotes\" and \\", "with \"quotes\" and \\"),
        ("", ""),
    ] {
        let graph = Graph::new().job("a").check_only(move |_| no::<()>(text));
        verbose(graph, &format!("a.check: fail \"{shown}\"\n"));
    }
}

#[test]
fn dry_runs() {
    dry(Graph::new().job("a").check(|_| true).run(|_| ()), "a.check: pass\n");
    dry(Graph::new().job("a").check(|_| no::<()>("no")).run(|_| ()), "a.check: fail\n");
    dry(Graph::new().job("a").with(Scripted { check: false, cleanup: false }), "a.check: fail\n");
    dry(Graph::new().job("a").run_only(|_| ()), "a.check: fail\n");
    dry(Graph::new().job("a").check_only(|_| no::<()>("no")), "a.check: fail \"no\"\n");
    dry(Graph::new().job("a").group(), "a.check: pass\n");
}

#[test]
fn debug_has_errors_with_their_causes() {
    debug(
        Graph::new().job("a").check(|_| Err::<(), _>(chain())).run(|_| panic!("lost")),
        "a.check: fail
  cannot back up a
  caused by: cannot write b
  caused by: disk full
  really
a.run: fail
  panicked: lost
a.recheck: fail \"cannot back up a\"
  cannot back up a
  caused by: cannot write b
  caused by: disk full
  really
",
    );
    debug(
        Graph::new().job("a").run_only(|_| Err::<(), _>(chain())),
        "a.check: fail
a.run: fail
  cannot back up a
  caused by: cannot write b
  caused by: disk full
  really
a.recheck: fail \"cannot back up a\"
",
    );
}

#[test]
fn debug_has_cleanups_that_pass() {
    let done = "a.check: fail\n  not there\na.run: pass\na.recheck: pass\n";
    let job = |cleanup| Graph::new().job("a").with(Scripted { check: false, cleanup });
    debug(job(true), &format!("{done}a.cleanup: pass\n"));
    debug(job(false), &format!("{done}a.cleanup: fail \"stuck\"\n  stuck\n"));
}

#[test]
fn nothing_is_shown_without_an_observer() {
    let runner = Runner::builder().observer(None::<Console>).build();
    assert!(runner.run(&Graph::new().job("a").group().compile().unwrap(), ()).success());
}

#[test]
fn a_stream_that_is_broken_stops_nothing() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            panic!("even worse")
        }
    }
    struct Panicking;
    impl Write for Panicking {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("no stream at all")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let plan = Graph::new().job("a").run_only(|_| ()).job("b").after("a").group().compile().unwrap();
    for console in [Console::verbose().to(Broken), Console::debug().to(Panicking)] {
        assert!(Runner::builder().observer(console).build().run(&plan, ()).success());
    }
}

#[test]
fn a_line_is_written_in_one_piece() {
    /// Keeps what each call wrote apart from the others.
    struct Pieces(Notes);
    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(bytes.ends_with(b"\n"));
            self.0.add(str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let notes = Notes::default();
    let runner = Runner::builder().threads(8).observer(Console::verbose().to(Pieces(notes.clone()))).build();
    let plan = Graph::new()
        .each(0..200, |graph, at| graph.job(format!("j{at}")).run_only(|_| ()))
        .compile()
        .unwrap();
    assert!(runner.run(&plan, ()).success());
    let (mut pieces, mut expected): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    pieces.extend(notes.text().lines().map(|line| line.trim_start().to_owned()));
    for at in 0..200 {
        expected.extend(["check: fail", "run: pass", "recheck: pass"].map(|end| format!("j{at}.{end}")));
    }
    pieces.sort_unstable();
    expected.sort_unstable();
    assert_eq!(pieces, expected);
}

/// A standard error as Node.js or ssh leave it: it does not wait, and takes what fits.
#[cfg(unix)]
#[test]
fn a_stream_that_does_not_wait_loses_nothing() {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    let (writer, mut reader) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let text = std::thread::spawn(move || {
        let (mut text, mut buffer) = (Vec::new(), [0; 1000]);
        loop {
            let read = reader.read(&mut buffer).unwrap();
            if read == 0 {
                return String::from_utf8(text).unwrap();
            }
            text.extend(&buffer[..read]);
            std::thread::yield_now();
        }
    });
    let graph = (0..20_000).fold(Graph::new(), |graph, at| {
        graph.job(format!("a job with a long name, so that a pipe is soon full: {at}")).check_only(|_| true)
    });
    let plan = graph.compile().unwrap();
    let runner = Runner::builder().threads(4).observer(Console::verbose().to(writer)).build();
    assert!(runner.run(&plan, ()).success());
    drop(runner);
    let text = text.join().unwrap();
    assert_eq!(text.lines().count(), 20_000);
    let whole = |line: &str| line.starts_with("a job with") && line.ends_with(".check: pass");
    assert_eq!(text.lines().find(|line| !whole(line)), None);
}

/// What `Console::lines` writes about a graph in a simulation with one worker, where a phase takes a nanosecond.
#[cfg(feature = "testkit")]
fn lines_of(
    graph: Graph<'_>,
    set: impl FnOnce(dojobber::testkit::Simulation) -> dojobber::testkit::Simulation,
) -> String {
    let notes = Notes::default();
    let simulation =
        dojobber::testkit::Simulation::new(1).workers(1).observer(Console::lines().to(notes.clone()));
    drop(set(simulation).run(&graph.compile().unwrap(), ()));
    notes.text()
}

#[cfg(feature = "testkit")]
#[track_caller]
fn check_lines(graph: Graph<'_>, expected: &[&str]) {
    let text = lines_of(graph, |simulation| simulation.default_tries(2));
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), expected);
    assert!(text.ends_with('\n'));
}

#[cfg(feature = "testkit")]
#[test]
fn lines_say_what_begins_and_how_it_ends() {
    check_lines(Graph::new().job("a").check(|_| true).run(|_| ()), &["   0.00s  a.check: pass"]);
    check_lines(
        Graph::new()
            .job("a")
            .description("make\nit")
            .check(|cx| cx.phase() == dojobber::Phase::Recheck)
            .run(|_| ()),
        &[
            "   0.00s  a.check: due",
            "   0.00s  a.run: make\\nit",
            "   0.00s  a.run: pass",
            "   0.00s  a.recheck: pass",
        ],
    );
    check_lines(
        Graph::new().job("a").run_only(|_| ()),
        &["   0.00s  a.run: begins", "   0.00s  a.run: pass"],
    );
    check_lines(Graph::new().job("a").group(), &[]);
    check_lines(
        Graph::new()
            .job("a")
            .cleanup(|_| no::<()>("stuck"))
            .run_only(|_| ())
            .job("b")
            .after("a")
            .check_only(|_| true),
        &[
            "   0.00s  a.run: begins",
            "   0.00s  a.run: pass",
            "   0.00s  b.check: pass",
            "   0.00s  a.cleanup: fail \"stuck\"",
        ],
    );
}

#[cfg(feature = "testkit")]
#[test]
fn lines_say_why_and_when_again() {
    let graph =
        Graph::new().job("a").retry_delay(Duration::from_secs(2)).check_only(|_| no::<()>("busy\nnow"));
    let graph = graph.job("b").after("a").run_only(|_| ()).job("c").after("b").group();
    check_lines(
        graph,
        &[
            "   0.00s  a.check: fail \"busy\\nnow\"",
            "   0.00s  a: again in 2.0s, try 2 of 2",
            "   2.00s  a.check: fail \"busy\\nnow\" (try 2)",
            "   2.00s  a: FAILED after 2.0s",
            "   2.00s  b: blocked behind a",
        ],
    );
    let causes = |_: &Context| Err::<(), _>(chain());
    check_lines(
        Graph::new().job("a").tries(1).check_only(causes),
        &[
            "   0.00s  a.check: fail \"cannot back up a: cannot write b: disk full\\nreally\"",
            "   0.00s  a: FAILED after 1us",
        ],
    );
    check_lines(
        Graph::new().job("a").tries(1).run_only(|_| panic!("smoke")),
        &[
            "   0.00s  a.run: begins",
            "   0.00s  a.run: fail \"panicked: smoke\"",
            "   0.00s  a: FAILED after 1us",
        ],
    );
    let unseen = |_: &Context| Err::<(), _>(dojobber::unknown("no route").into());
    let text =
        lines_of(Graph::new().job("a").check(unseen).run(|_| ()), |simulation| simulation.dry_run(true));
    assert!(text.contains("a.check: unknown \"no route\"\n"), "{text}");
}

/// What is done is told by the line of its last phase.
#[test]
fn lines_tell_how_a_job_ended_that_is_not_done() {
    for &status in Status::ALL {
        let notes = Notes::default();
        let console = Console::lines().to(notes.clone());
        let tell = move |event: &Event| {
            let mut event = event.clone();
            if let Event::JobEnded { status: ended, .. } = &mut event {
                *ended = status; // as if it had ended so
            }
            console.on_event(&event);
        };
        let plan = Graph::new().job("a").description("what it does").run_only(|_| ()).compile().unwrap();
        drop(Runner::builder().threads(1).on_event(tell).build().run(&plan, ()));
        let text = notes.text();
        let is_told = text.to_lowercase().contains(&format!("a: {status}"));
        assert_eq!(is_told, !status.is_done(), "{status}: {text}");
    }
}

#[cfg(feature = "testkit")]
#[test]
fn lines_of_a_dry_run() {
    let graph = Graph::new().job("a").check(|_| false).run(|_| ()).job("b").run_only(|_| ());
    let text =
        lines_of(graph.job("c").after("b").check_only(|_| true), |simulation| simulation.dry_run(true));
    let expected = [
        "   0.00s  3 jobs on 1 thread",
        "   0.00s  a.check: due",
        "   0.00s  b: would run",
        "   0.00s  c: blocked behind b",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn lines_of_a_look_that_goes_through() {
    let notes = Notes::default();
    let graph = Graph::new()
        .job("a")
        .check(|_| false)
        .run(|_| ())
        .job("g")
        .after("a")
        .group()
        .job("b")
        .after("g")
        .describe_run(|_| "send 3\nfiles")
        .run_only(|_| ())
        .job("c")
        .after("b")
        .check_only(|_| false)
        .job("d")
        .after("g")
        .check_only(|_| true)
        .job("free")
        .check_only(|_| true);
    let plan = graph.compile().unwrap();
    let said = |look: DryRun| {
        let console = Console::lines().to(notes.clone());
        drop(Runner::builder().threads(1).dry_run(look).observer(console).build().run(&plan, ()));
        let text = notes.take();
        let lines = text
            .lines()
            .filter_map(|line| line.split_once("s  "))
            .filter(|(_, said)| !said.contains(".check"));
        lines.skip(1).map(|(_, said)| said.to_owned()).collect::<Vec<_>>()
    };
    let through = ["b: then: send 3\\nfiles", "d: maybe, it is as it should be now", "c: then"];
    assert_eq!(said(DryRun::Through), through);
    assert_eq!(said(DryRun::Checks), ["b: blocked behind a", "d: blocked behind a", "c: blocked behind a"]);
    assert_eq!(said(DryRun::Through), through);
}

/// A console may watch many plans, one after the other.
#[test]
fn a_console_keeps_no_graph_of_a_run_that_is_over() {
    for console in [Console::lines(), Console::lines().groups(LogGroups::GitHub), Console::verbose()] {
        let runner = Runner::builder().threads(1).dry_run(DryRun::Through);
        let runner = runner.observer(console.to(io::sink())).build();
        let graph = Graph::new().job("due").run_only(|_| ()).job("then").after("due").run_only(|_| ());
        let graph = graph.job("bad").check_only(|_| false).job("blocked").after("bad").run_only(|_| ());
        let plan = graph.compile().unwrap();
        let kept = Arc::downgrade(plan.graph());
        let run = runner.run(&plan, ());
        assert_eq!(run.job("blocked").unwrap().status(), Status::Blocked);
        drop((run, plan));
        assert!(kept.upgrade().is_none(), "{runner:?}");
    }
}

#[cfg(unix)]
#[test]
fn lines_of_a_command() {
    let notes = Notes::default();
    let runner = Runner::builder().threads(1).observer(Console::lines().to(notes.clone())).build();
    let say = |cx: &Context| {
        cx.command("sh").args(["-c", "echo one; printf 'two\\033[31m\\n'"]).stream_output().run()
    };
    let plan = Graph::new().job("tests").run_only(say).compile().unwrap();
    assert!(runner.run(&plan, ()).success());
    let text = notes.text();
    let said: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("s  ")).map(|(_, said)| said).collect();
    assert_eq!(&said[..4], ["1 job on 1 thread", "tests.run: begins", "tests| one", "tests| two\\u{1b}[31m"]);
    assert!(said[4].starts_with("tests.run: pass"), "{text}");
}

#[test]
fn lines_of_a_run_that_is_stopped() {
    let notes = Notes::default();
    let stop = dojobber::CancelToken::new();
    let runner =
        Runner::builder().threads(1).cancel_token(&stop).observer(Console::lines().to(notes.clone())).build();
    let raise = |_: &Context| stop.drain();
    let plan = Graph::new().job("a").run_only(raise).job("b").run_only(|_| ()).job("c").after("b").group();
    drop(runner.run(&plan.compile().unwrap(), ()));
    let text = notes.text();
    let said: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("s  ")).map(|(_, said)| said).collect();
    let stopping = "stopping: what has begun may end, nothing new begins (it was cancelled)";
    let expected = ["2 jobs on 1 thread", "a.run: begins", "a.run: pass", stopping, "b: cancelled"];
    assert_eq!(said, expected, "{text}");
}

#[test]
fn lines_say_what_a_run_will_do() {
    let describe = || {
        let graph = Graph::new().job("a").description("make all").describe_run(|_| "make three\nfiles");
        graph.check(|cx| cx.phase() == dojobber::Phase::Recheck).run(|_| ())
    };
    for (dry_run, expected) in
        [(false, "a.run: make three\\nfiles"), (true, "a: would run: make three\\nfiles")]
    {
        let notes = Notes::default();
        let runner = Runner::builder().dry_run(dry_run).observer(Console::lines().to(notes.clone())).build();
        drop(runner.run(&describe().compile().unwrap(), ()));
        assert!(notes.text().contains(&format!("s  {expected}\n")), "{}", notes.text());
    }
}

/// The lines of a run on two threads, without times.
fn grouped(groups: Option<LogGroups>) -> Vec<String> {
    let notes = Notes::default();
    let observer = Console::lines().to(notes.clone()).groups(groups);
    let runner =
        Runner::builder().threads(1).default_tries(2).default_retry_delay(Duration::ZERO).observer(observer);
    let graph = Graph::new()
        .job("flaky")
        .check(|cx| (cx.attempt(), cx.phase()) == (2, dojobber::Phase::Recheck))
        .run(|_| ())
        .job("fine")
        .check_only(|_| true)
        .job("bad")
        .tries(1)
        .cleanup(|_| ())
        .run_only(|_| no::<()>("busy"))
        .job("behind")
        .after("bad")
        .run_only(|_| ());
    drop(runner.build().run(&graph.compile().unwrap(), ()));
    let text = notes.text();
    let line = |line: &str| {
        let line = line.split_once("s  ").map_or(line, |(_, said)| said);
        line.split(" after ")
            .next()
            .unwrap()
            .split(" in ")
            .next()
            .unwrap()
            .split(" (")
            .next()
            .unwrap()
            .to_owned()
    };
    text.lines().map(line).collect()
}

#[test]
fn a_group_for_each_job() {
    let plain = grouped(None);
    assert_eq!(plain[1..4], ["flaky.check: due", "flaky.run: begins", "flaky.run: pass"]);
    let expected = [
        "4 jobs on 1 thread",
        "fine.check: pass",
        "::group::bad: failed",
        "bad.run: begins",
        "bad.run: fail \"busy\"",
        "::endgroup::",
        "bad: FAILED",
        "behind: blocked behind bad",
        "::group::flaky: changed",
        "flaky.check: due",
        "flaky.run: begins",
        "flaky.run: pass",
        "flaky.recheck: fail",
        "flaky: again",
        "flaky.check: due",
        "flaky.run: begins",
        "flaky.run: pass",
        "flaky.recheck: pass",
        "::endgroup::",
        "bad.cleanup: pass",
    ];
    assert_eq!(grouped(Some(LogGroups::GitHub)), expected);
    let sections = grouped(Some(LogGroups::GitLab));
    assert_eq!(sections.len(), expected.len());
    assert!(sections[2].contains("section_start:") && sections[2].ends_with("bad: failed"), "{sections:?}");
    assert!(sections[5].contains("section_end:"), "{sections:?}");
}
