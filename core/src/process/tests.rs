//! Processes of every kind, watched in every way.

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};

use super::orders::{End, GRACE, Orders, Ran, Timeout};
use super::spawned::{LazyProcesses, Spot, Told};
use super::*;
use crate::cancel::CancelToken;
use crate::clock::Clock;
use crate::error::{BoxError, Cancelled, ErrorClass, Result, TimedOut};
use crate::graph::JobId;
use crate::limits::{Limit, Limits, Over};
use crate::words::{Phase, StopReason};

const MS: fn(u64) -> Duration = Duration::from_millis;
/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);

/// How a process is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In one poll, with a pidfd where there is one.
    Poll,
    /// In one poll, with a thread that waits for its end.
    Thread,
    /// As where there is no poll.
    Portable,
}

const POLLS: [Way; 2] = [Way::Poll, Way::Thread];
const ALL: [Way; 3] = [Way::Poll, Way::Thread, Way::Portable];

fn plain() -> Orders<'static> {
    Orders {
        limits: None,
        timeout: None,
        grace: NEVER,
        leads: false,
        watches_stops: false,
        input: Vec::new(),
        all_stdout: false,
        all_stderr: false,
        tell: None,
    }
}

fn spawn(script: &str, leads: bool) -> Child {
    let mut command = std::process::Command::new("sh");
    command.arg("-ec").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if leads {
        command.process_group(0);
    }
    command.spawn().unwrap()
}

fn watched(way: Way, child: Child, mut orders: Orders<'_>) -> Ran {
    orders.watches_stops = way == Way::Thread;
    match way {
        Way::Poll | Way::Thread => watch::watch(child, orders),
        Way::Portable => portable::watch(child, orders),
    }
    .unwrap()
}

fn ran(way: Way, script: &str, orders: Orders<'_>) -> Ran {
    watched(way, spawn(script, orders.leads), orders)
}

fn text(ran: Ran) -> (String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(ran.stdout.into_bytes()), text(ran.stderr.into_bytes()))
}

/// Orders of a process that may take so long.
fn timed(time: Duration, grace: Duration) -> Orders<'static> {
    Orders { timeout: Some(Timeout::start(time)), grace, leads: true, ..plain() }
}

const TIMED_OUT: fn(Duration) -> End = |allowed| End::Over(Over::TimedOut(TimedOut::new(allowed)));

/// A place for the files of one test.
struct Dir(PathBuf);

impl Dir {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("dojobber-test-{}-{next}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Dir(dir)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Waits until a script has written a number there.
    fn pid(&self, name: &str) -> Pid {
        loop {
            let text = fs::read_to_string(self.file(name)).unwrap_or_default();
            if let Some(pid) = text.strip_suffix('\n').and_then(|text| Pid::from_raw(text.parse().ok()?)) {
                return pid;
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that somebody else reaps may be dead for a while before it is gone.
fn is_alive(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()));
    match status {
        Ok(status) => !status.rsplit(')').next().unwrap().trim_start().starts_with(['Z', 'X']),
        Err(_) => !Path::new("/proc/self").exists() && test_kill_process(pid).is_ok(),
    }
}

#[track_caller]
fn assert_dies(pid: Pid) {
    for _ in 0..20_000 {
        if !is_alive(pid) {
            return;
        }
        std::thread::sleep(MS(1));
    }
    panic!("{pid:?} is alive");
}

#[test]
fn it_ends_by_itself() {
    for way in ALL {
        let ran = ran(way, "echo out; echo err >&2; exit 3", plain());
        assert_eq!((ran.end, ran.status.code()), (End::Itself, Some(3)), "{way:?}");
        assert_eq!(text(ran), ("out\n".to_owned(), "err\n".to_owned()), "{way:?}");
        let signalled = super::tests::ran(way, "kill -9 $$", plain());
        assert_eq!((signalled.end, signalled.status.signal()), (End::Itself, Some(9)), "{way:?}");
    }
}

#[test]
fn what_is_written_at_once_to_both_streams_is_read() {
    const BOTH: &str = "head -c 3000000 /dev/zero >&2 & head -c 3000000 /dev/zero; wait";
    for way in ALL {
        let ends = ran(way, BOTH, plain());
        assert_eq!((ends.stdout.into_bytes().len(), ends.stderr.into_bytes().len()), (131_072, 131_072));
        let all = ran(way, BOTH, Orders { all_stdout: true, ..plain() });
        assert_eq!((all.stdout.into_bytes().len(), all.stderr.into_bytes().len()), (3_000_000, 131_072));
        let all = ran(way, BOTH, Orders { all_stdout: true, all_stderr: true, ..plain() });
        assert_eq!((all.stdout.into_bytes().len(), all.stderr.into_bytes().len()), (3_000_000, 3_000_000));
    }
}

#[test]
fn what_a_grandchild_holds_open_keeps_nobody_waiting() {
    for way in ALL {
        let dir = Dir::new();
        let script = format!("sleep 1000 & echo $! > {}; echo started", dir.file("pid").display());
        let ran = ran(way, &script, plain());
        assert_eq!((ran.end, ran.status.code()), (End::Itself, Some(0)), "{way:?}");
        assert_eq!(text(ran).0, "started\n", "{way:?}");
        let sleeper = dir.pid("pid");
        assert!(is_alive(sleeper), "it is let live: {way:?}");
        rustix::process::kill_process(sleeper, rustix::process::Signal::KILL).unwrap();
    }
}

#[test]
fn a_grandchild_that_writes_for_ever_is_read_for_a_second_and_then_drained() {
    for way in ALL {
        let dir = Dir::new();
        let script = format!(
            "(echo x; echo x; : > {0}/mark; while :; do echo x; sleep 0.01; done) & echo $! > {0}/pid; \
             until test -e {0}/mark; do sleep 0.01; done",
            dir.0.display()
        );
        let ran = ran(way, &script, plain());
        assert_eq!(ran.end, End::Itself, "{way:?}");
        assert!(text(ran).0.contains("x\nx\n"), "{way:?}");
        let writer = dir.pid("pid");
        assert!(is_alive(writer), "its pipe is still read: {way:?}");
        rustix::process::kill_process(writer, rustix::process::Signal::KILL).unwrap();
    }
}

#[test]
fn one_that_closes_its_pipes_and_lives_on_is_waited_for() {
    for way in ALL {
        let dir = Dir::new();
        let script = format!("exec >&- 2>&-; sleep 0.2; echo > {}", dir.file("late").display());
        let ran = ran(way, &script, plain());
        assert_eq!((ran.end, ran.status.code()), (End::Itself, Some(0)), "{way:?}");
        assert!(dir.file("late").exists(), "{way:?}");
    }
}

#[test]
fn input_is_written_as_far_as_it_is_read() {
    for way in ALL {
        let input = || Orders { input: vec![b'x'; 300_000], all_stdout: true, ..plain() };
        assert_eq!(ran(way, "cat", input()).stdout.into_bytes().len(), 300_000, "{way:?}");
        assert_eq!(ran(way, "head -c 10", input()).stdout.into_bytes().len(), 10, "{way:?}");
        assert_eq!(
            ran(way, "exec <&-; sleep 0.05; echo no", input()).stdout.into_bytes(),
            b"no\n",
            "{way:?}"
        );
        assert_eq!(ran(way, "cat; echo end", plain()).stdout.into_bytes(), b"end\n", "{way:?}");
    }
}

#[test]
fn its_time_is_over() {
    for way in ALL {
        let dir = Dir::new();
        let child =
            spawn(&format!("echo begun; echo $$ > {}; exec sleep 1000", dir.file("pid").display()), true);
        dir.pid("pid");
        let ran = watched(way, child, timed(MS(50), NEVER));
        assert_eq!(ran.end, TIMED_OUT(MS(50)), "{way:?}");
        assert_eq!(ran.status.signal(), Some(if way == Way::Portable { 9 } else { 15 }), "{way:?}");
        assert_eq!(text(ran).0, "begun\n", "{way:?}");
    }
}

#[test]
fn grandchildren_end_with_it() {
    for way in POLLS {
        let dir = Dir::new();
        // one that hears SIGTERM, one that does not
        let script = format!(
            "sh -c 'echo $$ > {0}/one; exec sleep 1000' & sh -c 'trap \"\" TERM; echo $$ > {0}/two; sleep 1000' & wait",
            dir.0.display()
        );
        let child = spawn(&script, true);
        let pids = [dir.pid("one"), dir.pid("two")];
        let ran = watched(way, child, timed(Duration::ZERO, NEVER));
        assert_eq!((ran.end, ran.status.signal()), (TIMED_OUT(Duration::ZERO), Some(15)), "{way:?}");
        pids.into_iter().for_each(assert_dies);
    }
}

#[test]
fn one_that_ignores_the_request_is_killed_after_the_grace_period() {
    for way in POLLS {
        for grace in [MS(50), Duration::ZERO] {
            let dir = Dir::new();
            let child =
                spawn(&format!("trap '' TERM; echo $$ > {}; sleep 1000", dir.file("pid").display()), true);
            dir.pid("pid"); // it is deaf
            let ran = watched(way, child, timed(MS(50), grace));
            assert_eq!((ran.end, ran.status.signal()), (TIMED_OUT(MS(50)), Some(9)), "{way:?}, {grace:?}");
        }
    }
}

#[test]
fn one_that_cleans_up_when_it_is_asked_has_time_for_that() {
    let dir = Dir::new();
    let ready = dir.file("ready");
    let script = format!(
        "trap 'echo bye; exit 0' TERM; echo $$ > {}; while :; do sleep 0.02 || :; done",
        ready.display()
    );
    for way in POLLS {
        let _ = fs::remove_file(&ready);
        let child = spawn(&script, true);
        dir.pid("ready");
        let ran = watched(way, child, timed(Duration::ZERO, NEVER));
        assert_eq!((ran.end, ran.status.code()), (TIMED_OUT(Duration::ZERO), Some(0)), "{way:?}");
        assert_eq!(text(ran).0, "bye\n", "{way:?}");
    }
}

#[test]
fn one_that_stops_itself_hears_the_request() {
    for way in POLLS {
        let ran = ran(way, "kill -STOP $$; echo went on", timed(MS(300), NEVER));
        assert_eq!((ran.end, ran.status.signal()), (TIMED_OUT(MS(300)), Some(15)), "{way:?}");
    }
}

#[test]
fn one_that_wants_the_terminal_is_ended() {
    // what the system does to a process in the background that reads from its terminal
    let ran = ran(Way::Thread, "kill -TTIN $$; echo went on", timed(NEVER, NEVER));
    assert_eq!((ran.end, ran.status.signal()), (End::WantsTerminal, Some(9)));
    let other =
        super::tests::ran(Way::Thread, "(sleep 0.2; kill -CONT $$) & kill -TSTP $$; echo went on", plain());
    assert_eq!((other.end, text(other).0.as_str()), (End::Itself, "went on\n"));
}

#[test]
fn a_token_ends_it_level_by_level() {
    let dir = Dir::new();
    for way in POLLS {
        let _ = fs::remove_file(dir.file("pid"));
        let script = format!(
            "trap 'echo asked' TERM; echo $$ > {}; while :; do sleep 0.02 || :; done",
            dir.file("pid").display()
        );
        let (child, stop) = (spawn(&script, true), CancelToken::new());
        dir.pid("pid");
        let limits = Limits::new(Clock::start(true), stop.clone(), NEVER);
        let mut heard = |_: OutputStream, line: &str| {
            if line == "asked" {
                stop.kill();
            }
        };
        stop.drain(); // it goes on
        stop.raise(crate::cancel::StopLevel::Cancel, StopReason::Signal(2));
        let tell: &mut dyn FnMut(OutputStream, &str) = &mut heard;
        let orders = Orders { limits: Some(&limits), leads: true, tell: Some(tell), ..plain() };
        let ran = watched(way, child, orders);
        let cancelled = Over::Cancelled(Cancelled::new(StopReason::Cancelled));
        assert_eq!((ran.end, ran.status.signal()), (End::Over(cancelled), Some(9)), "{way:?}");
    }
}

#[test]
fn lines_are_told_while_it_runs() {
    for way in ALL {
        let dir = Dir::new();
        let go = dir.file("go");
        // it ends only when its first line has been heard
        let script = format!(
            "echo one; until test -e {}; do sleep 0.01; done; echo two >&2; printf three",
            go.display()
        );
        let mut told = Vec::new();
        let mut tell = |stream: OutputStream, line: &str| {
            fs::write(&go, "").unwrap();
            told.push((stream, line.to_owned()));
        };
        ran(way, &script, Orders { tell: Some(&mut tell), ..plain() });
        let expected =
            [("one", OutputStream::Stdout), ("two", OutputStream::Stderr), ("three", OutputStream::Stdout)];
        told.sort_by_key(|(_, line)| line.len() * 2 + usize::from(line == "two")); // streams are not in order
        assert_eq!(told, expected.map(|(line, stream)| (stream, line.to_owned())), "{way:?}");
    }
}

#[test]
fn a_panic_while_it_is_watched_leaves_nothing_behind() {
    for way in POLLS {
        let dir = Dir::new();
        let script = format!("echo $$ > {}; echo line; exec sleep 1000", dir.file("pid").display());
        let mut tell = |_: OutputStream, _: &str| panic!("planned");
        let orders = Orders { tell: Some(&mut tell), leads: true, ..plain() };
        let child = spawn(&script, true);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| watched(way, child, orders)));
        assert!(result.is_err());
        assert!(!is_alive(dir.pid("pid")), "{way:?}");
    }
}

// ---- commands, as a phase makes them ----

fn limits_of(phase: Option<Duration>, grace: Duration) -> Limits {
    let clock = Clock::start(true);
    let limit = phase.and_then(|time| Limit::from(clock.now(), time));
    Limits::new(clock, CancelToken::new(), grace).with_phase(limit)
}

fn command(
    program: impl AsRef<std::ffi::OsStr>,
    limits: Option<Limits>,
    processes: &LazyProcesses,
) -> Command {
    let spot = Spot { job: JobId::new(7), attempt: 2, phase: Phase::Run };
    let (limits, processes) = (limits.map(Arc::new), Arc::clone(processes.get()));
    Command::of(program.as_ref(), Origin { cwd: std::env::temp_dir(), spot, limits, processes })
}

fn shell(script: &str, limits: Option<Limits>) -> Command {
    command("sh", limits, &LazyProcesses::default()).arg("-ec").arg(script)
}

#[track_caller]
fn check_error(result: Result<impl Sized>, expected: (&str, ErrorClass)) {
    let Err(error) = result else { panic!("it has passed") };
    assert!(error.is::<CommandError>());
    assert_eq!((error.to_string().as_str(), ErrorClass::of(&*error)), expected);
}

#[test]
fn every_method_fails_when_its_time_is_over() {
    let late = || shell("exec sleep 1000", Some(limits_of(Some(MS(100)), NEVER)));
    let text = "`sh -ec 'exec sleep 1000'` was ended because there was no time left";
    let expected = (text, ErrorClass::TimedOut);
    check_error(late().run(), expected);
    check_error(late().read(), expected);
    check_error(late().output(), expected);
    check_error(late().status(), expected);
    check_error(late().succeeds(), expected);
    check_error(Command::new("sh").args(["-ec", "exec sleep 1000"]).timeout(MS(100)).succeeds(), expected);
    let nearer = shell("exec sleep 1000", Some(limits_of(Some(NEVER), NEVER))).timeout(MS(100));
    check_error(nearer.run(), expected);
    check_error(
        shell("echo why >&2; exec sleep 1000", Some(limits_of(Some(MS(2000)), NEVER))).run(),
        (
            "`sh -ec 'echo why >&2; exec sleep 1000'` was ended because there was no time left: why",
            ErrorClass::TimedOut,
        ),
    );
}

#[test]
fn what_begins_too_late_is_not_started() {
    let expected = ("`false` was not started because there was no time left", ErrorClass::TimedOut);
    let none = || command("false", Some(limits_of(Some(Duration::ZERO), NEVER)), &LazyProcesses::default());
    check_error(none().status(), expected);
    check_error(none().spawn(), expected);
    check_error(Command::new("false").timeout(Duration::ZERO).status(), expected);
    let stopped = limits_of(None, NEVER);
    stopped.stop().cancel();
    let expected = ("`false` was not started because the run was stopped", ErrorClass::Cancelled);
    check_error(command("false", Some(stopped), &LazyProcesses::default()).status(), expected);
    assert!(Command::new("true").timeout(Duration::MAX).succeeds().unwrap(), "for ever is no limit");
}

#[test]
fn only_who_can_be_ended_leads_a_group() {
    let leads = |command: Command| {
        let ids = command.read().unwrap(); // $$ and the group
        let mut words = ids.split_whitespace().map(str::to_owned);
        words.next() == words.next()
    };
    const SCRIPT: &str = "echo $$ $(ps -o pgid= -p $$)";
    assert!(!leads(shell(SCRIPT, None)), "Ctrl-C reaches it as ever");
    assert!(leads(shell(SCRIPT, Some(limits_of(None, NEVER)))));
    assert!(leads(shell(SCRIPT, None).timeout(NEVER)));
    assert!(!leads(shell(SCRIPT, Some(limits_of(None, NEVER))).foreground()));
}

#[test]
fn in_the_foreground_it_alone_is_ended() {
    let command = shell("exec sleep 1000", Some(limits_of(Some(MS(100)), NEVER))).foreground();
    assert_eq!(ErrorClass::of(&*command.run().unwrap_err()), ErrorClass::TimedOut);
}

#[test]
fn what_cannot_start_says_why() {
    let dir = Dir::new();
    fs::write(dir.file("text"), "no program").unwrap();
    let check = |program: &Path, current: Option<&str>, expected: &str| {
        let mut command = Command::new(program);
        if let Some(dir) = current {
            command = command.current_dir(dir);
        }
        let error = command.run().unwrap_err();
        let text = error.to_string().replace(&dir.0.display().to_string(), "DIR");
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        assert_eq!(format!("{text}: {cause}"), expected);
    };
    let program = Path::new;
    check(program("/no/such"), None, "`/no/such` did not start: No such file or directory (os error 2)");
    check(
        program("no-such-program"),
        None,
        "`no-such-program` did not start: No such file or directory (os error 2)",
    );
    check(&dir.file("text"), None, "`DIR/text` did not start: Permission denied (os error 13)");
    check(&dir.0, None, "`DIR` did not start: it is a directory: Permission denied (os error 13)");
    let missing =
        "`true` did not start: there is no directory /no/dir: No such file or directory (os error 2)";
    check(program("true"), Some("/no/dir"), missing);
    let file = dir.file("text").display().to_string();
    let no_dir = "`true` did not start: there is no directory DIR/text: Not a directory (os error 20)";
    check(program("true"), Some(&file), no_dir);
}

#[test]
fn relative_directories_are_those_of_the_run() {
    let dir = Dir::new();
    let dir_path = dir.0.canonicalize().unwrap();
    fs::create_dir(dir_path.join("sub")).unwrap();
    let pwd = |cwd: &Path, sub: Option<&str>| {
        let spot = Spot { job: JobId::new(0), attempt: 1, phase: Phase::Run };
        let origin = Origin {
            cwd: cwd.to_owned(),
            spot,
            limits: None,
            processes: Arc::clone(LazyProcesses::default().get()),
        };
        let command = Command::of("pwd".as_ref(), origin);
        sub.into_iter().fold(command, Command::current_dir).read().map(PathBuf::from)
    };
    let here = std::env::current_dir().unwrap();
    assert_eq!(pwd(&dir_path, None).unwrap(), dir_path);
    assert_eq!(pwd(&dir_path, Some("sub")).unwrap(), dir_path.join("sub"));
    assert_eq!(pwd(&dir_path, Some("/")).unwrap(), Path::new("/"));
    assert!(pwd(&dir_path, Some("none")).is_err());
    assert_eq!(pwd(Path::new(""), None).unwrap(), here, "it is unknown");
    assert_eq!(pwd(&dir_path.join("gone"), None).unwrap(), here, "it is gone");
}

#[test]
fn errors_say_the_reason_however_long_the_line_is() {
    let script = format!("# {}\necho \"no space\" | tr a-z A-Z; exit 1", "-".repeat(5000));
    let error = shell(&script, None).run().unwrap_err().to_string();
    assert!(error.ends_with("ended with exit status: 1: NO SPACE") && error.len() < 150, "{error}");
    check_error(
        shell("echo out; echo err >&2; exit 3", None).run(),
        ("`sh -ec 'echo out; echo err >&2; exit 3'` ended with exit status: 3: err", ErrorClass::Plain),
    );
    check_error(
        shell("echo out; exit 3", None).read(),
        ("`sh -ec 'echo out; exit 3'` ended with exit status: 3: out", ErrorClass::Plain),
    );
    let latin = Command::new("printf").arg(r"caf\351").read();
    let cause = latin.as_ref().unwrap_err().source().unwrap().to_string();
    assert!(cause.contains("invalid utf-8") || cause.contains("incomplete utf-8"), "{cause}");
    check_error(latin, (r"`printf 'caf\351'` wrote what is not UTF-8", ErrorClass::Plain));
}

#[test]
fn secrets_are_shown_nowhere() {
    let login = || shell("exit 7", None).arg("--password").secret_arg("s3cr3t").secret_env("TOKEN", "s3cr3t");
    let error = login().run().unwrap_err();
    let shown =
        format!("{error} {error:?} {:?} {}", login(), error.downcast_ref::<CommandError>().unwrap().line());
    assert!(!shown.contains("s3cr3t"), "{shown}");
    assert!(shown.contains("sh -ec 'exit 7' --password ***") && shown.contains("TOKEN"), "{shown}");
    let told =
        shell(r#"echo "$0 $TOKEN""#, None).secret_arg("one").secret_env("TOKEN", "two").read().unwrap();
    assert_eq!(told, "one two", "the process itself gets them");
}

#[test]
fn streams_may_go_elsewhere() {
    let dir = Dir::new();
    let file = || fs::File::options().append(true).create(true).open(dir.file("log")).unwrap();
    let output = shell("echo out; echo err >&2", None).stdout(file()).output().unwrap();
    assert_eq!((output.stdout, output.stderr), (vec![], b"err\n".to_vec()));
    let output = shell("echo out; echo err >&2", None).stderr(file()).output().unwrap();
    assert_eq!((output.stdout, output.stderr), (b"out\n".to_vec(), vec![]));
    assert_eq!(fs::read_to_string(dir.file("log")).unwrap(), "out\nerr\n");
    let check =
        shell("env; cat", None).env("A", "1").env("B", "2").env_remove("A").stdin("read\n").read().unwrap();
    assert!(check.ends_with("read") && check.contains("\nB=2\n") && !check.contains("\nA=1\n"), "{check}");
}

#[test]
fn lines_are_told_to_the_run() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let tell = move |spot: Spot, told: Told<'_>| {
        let Told::Line(stream, line) = told else { panic!("{told:?}") };
        listener.lock().unwrap().push((spot.attempt, stream, line.to_owned()))
    };
    let processes = LazyProcesses::telling(GRACE, tell);
    let run = |streams: bool| {
        let command = command("printf", None, &processes).arg(r"a\nb");
        if streams { command.stream_output().run() } else { command.run() }.unwrap();
    };
    run(false);
    run(true);
    let line = |line: &str| (2, OutputStream::Stdout, line.to_owned());
    assert_eq!(*told.lock().unwrap(), [line("a"), line("b")]);
    assert_eq!(Command::new("echo").stream_output().read().unwrap(), "", "nobody is told");
}

// ---- processes that outlive their phase ----

fn server(processes: &LazyProcesses, script: &str) -> Result<Process, BoxError> {
    command("sh", Some(limits_of(None, NEVER)), processes).arg("-ec").arg(script).spawn()
}

#[test]
fn a_spawned_process_belongs_to_its_try() {
    let processes = LazyProcesses::default();
    let process = server(&processes, "exec sleep 1000").unwrap();
    assert_eq!((process.try_wait().unwrap(), processes.tries()), (None, vec![(JobId::new(7), 2)]));
    assert!(process.check_running().is_ok());
    processes.end_try(JobId::new(7), 1);
    processes.end_try(JobId::new(6), 2);
    assert!(process.check_running().is_ok(), "other tries");
    processes.end_try(JobId::new(7), 2);
    assert_eq!(process.try_wait().unwrap().unwrap().signal(), Some(15));
    assert_eq!(process.wait().unwrap().signal(), Some(15));
    assert!(processes.tries().is_empty());
}

#[test]
fn nothing_is_left_when_a_run_is_dropped() {
    let dir = Dir::new();
    let processes = LazyProcesses::default();
    let script =
        format!("sh -c 'echo $$ > {0}/child; exec sleep 1000' & echo $$ > {0}/leader; wait", dir.0.display());
    drop(server(&processes, &script).unwrap());
    let pids = [dir.pid("leader"), dir.pid("child")];
    assert!(pids.into_iter().all(is_alive), "dropping a process ends nothing");
    drop(processes);
    pids.into_iter().for_each(assert_dies);
}

#[test]
fn the_children_of_one_that_has_died_are_ended_too() {
    let dir = Dir::new();
    let processes = LazyProcesses::default();
    let process =
        server(&processes, &format!("sleep 1000 & echo $! > {}; exit 4", dir.file("child").display()))
            .unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(4));
    let child = dir.pid("child");
    assert!(is_alive(child));
    processes.end_all();
    assert_dies(child);
    assert_eq!(process.try_wait().unwrap().unwrap().code(), Some(4), "its own status");
}

#[test]
fn one_that_has_died_is_quoted() {
    let processes = LazyProcesses::default();
    let process = server(&processes, "echo listening; echo port is taken >&2; exit 4").unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(4));
    let expected = "`sh -ec 'echo listening; echo port is taken >&2; exit 4'` ended with exit status: 4: listening\nport is taken";
    check_error(process.check_running(), (expected, ErrorClass::Plain));
    assert!(format!("{process:?}").contains("line: sh -ec"));
    let dir = Dir::new();
    let log = fs::File::create(dir.file("log")).unwrap();
    let elsewhere =
        command("sh", None, &processes).args(["-ec", "echo there; echo here >&2; exit 1"]).stdout(log);
    let process = elsewhere.spawn().unwrap();
    process.wait().unwrap();
    let error = process.check_running().unwrap_err().to_string();
    assert!(error.ends_with("ended with exit status: 1: here"), "{error}");
}

#[test]
fn it_may_be_ended_by_hand_from_any_thread() {
    let processes = LazyProcesses::default();
    let process = Arc::new(
        server(&processes, "trap 'exit 5' TERM; echo up; while :; do sleep 0.02 || :; done").unwrap(),
    );
    while process.inner_said() != "up" {
        std::thread::yield_now();
    }
    let waiter = std::thread::spawn({
        let process = Arc::clone(&process);
        move || process.wait().unwrap().code()
    });
    assert_eq!(process.stop().unwrap().code(), Some(5));
    assert_eq!(waiter.join().unwrap(), Some(5));
    process.kill().unwrap(); // it is gone
    let stubborn = server(&processes, "trap '' TERM; sleep 1000").unwrap();
    stubborn.kill().unwrap();
    assert_eq!(stubborn.try_wait().unwrap().unwrap().signal(), Some(9));
}

#[test]
fn one_that_is_detached_outlives_the_run() {
    let processes = LazyProcesses::default();
    let process = server(&processes, "exec sleep 1000").unwrap();
    process.detach();
    drop(processes);
    assert!(process.check_running().is_ok());
    process.kill().unwrap();
}

#[test]
fn who_waits_for_a_server_is_stopped_with_the_run() {
    let processes = LazyProcesses::default();
    let limits = limits_of(None, NEVER);
    let stop = limits.stop().clone();
    let process = command("sleep", Some(limits), &processes).arg("1000").spawn().unwrap();
    let waiter = std::thread::spawn(move || process.wait().map_err(|error| ErrorClass::of(&*error)));
    stop.cancel();
    assert_eq!(waiter.join().unwrap(), Err(ErrorClass::Cancelled));
}

#[test]
fn a_kill_gives_no_grace() {
    let processes = LazyProcesses::default();
    let limits = limits_of(None, NEVER);
    let stop = limits.stop().clone();
    let script = "trap '' TERM; echo up; sleep 1000";
    let process = command("sh", Some(limits), &processes).arg("-ec").arg(script).spawn().unwrap();
    while process.inner_said() != "up" {
        std::thread::yield_now();
    }
    std::thread::scope(|scope| {
        scope.spawn(|| processes.end_all());
        stop.kill();
    });
    assert_eq!(process.try_wait().unwrap().unwrap().signal(), Some(9));
}

#[test]
fn what_cannot_be_spawned() {
    let processes = LazyProcesses::default();
    let sleep = || command("sleep", None, &processes).arg("1000");
    let outside = Command::new("sleep").arg("1000").spawn();
    let text = "`sleep 1000` did not start: only a run can end it; spawn commands of a `Context`";
    check_error(outside, (text, ErrorClass::Plain));
    let unfit = |option: &str| {
        format!("`sleep 1000` did not start: a process that outlives its phase can have no `{option}`")
    };
    check_error(sleep().timeout(NEVER).spawn(), (&unfit(".timeout(..)"), ErrorClass::Plain));
    check_error(sleep().foreground().spawn(), (&unfit(".foreground()"), ErrorClass::Plain));
    check_error(sleep().stream_output().spawn(), (&unfit(".stream_output()"), ErrorClass::Plain));
    for phase in [Phase::Create, Phase::Check, Phase::Recheck, Phase::Cleanup] {
        let spot = Spot { job: JobId::new(7), attempt: 2, phase };
        let origin =
            Origin { cwd: PathBuf::new(), spot, limits: None, processes: Arc::clone(processes.get()) };
        let text = format!(
            "`sleep` did not start: only the run of a job may leave a process behind, and this is its {phase}"
        );
        check_error(Command::of("sleep".as_ref(), origin).spawn(), (&text, ErrorClass::Plain));
    }
    let reads = command("cat", None, &processes).stdin("to be read").spawn().unwrap();
    reads.wait().unwrap();
    assert_eq!(reads.inner_said(), "to be read");
}

#[test]
fn a_process_travels() {
    fn travels<T: Send + Sync + 'static>() {}
    travels::<Process>();
    travels::<Command>();
    travels::<CommandError>();
}
