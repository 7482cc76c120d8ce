//! What a run takes from the machine while it only waits: time on a processor, taken in a process of its own.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dojobber::{CancelToken, Event, Graph, Pool, Runner, RunnerBuilder};

/// Says to this test that it is the program, and what it waits for, on how many threads.
const WAY: &str = "DOJOBBER_TEST_IDLE_WAY";
const THREADS: &str = "DOJOBBER_TEST_IDLE_THREADS";

/// How long each of them waits.
const WAIT: Duration = Duration::from_secs(2);
const LONG: Duration = Duration::from_secs(3600);
/// A run that is woken by what it waits for alone takes a few ms; one that looks again and again as much as it can get.
const ENOUGH: Duration = Duration::from_millis(100);

/// Nothing is waited for, and a processor is used.
const WORK: &str = "work";

/// What is waited for.
const WAYS: [&str; 12] = [
    "a retry",
    "a retry in a run that can be stopped",
    "slots",
    "slots in a crowd",
    "a dependency",
    "a process",
    "a process that was spawned",
    "a limit of a process",
    "a grace period",
    "a limit",
    "a limit of the run",
    "a limit of a future",
];

fn graph(way: &str) -> Graph<'static> {
    let seconds = WAIT.as_secs().to_string();
    let job = Graph::new().job("a");
    match way {
        "a retry" | "a retry in a run that can be stopped" => {
            job.tries(2).retry_delay(WAIT).check_only(|cx| cx.attempt() == 2)
        }
        "slots" => slots(2),
        "slots in a crowd" => slots(200),
        "a dependency" => job.run_only(|cx| cx.sleep(WAIT)).job("behind").after("a").run_only(|_| ()),
        "a process" => job.run_only(move |cx| cx.command("sleep").arg(&seconds).run()),
        "a process that was spawned" => {
            job.run_only(move |cx| cx.command("sleep").arg(&seconds).spawn()?.wait().map(drop))
        }
        "a limit of a process" => job.timeout(WAIT).run_only(|cx| cx.command("sleep").arg("3600").run()),
        "a grace period" => {
            let deaf = ["-c", "trap '' TERM; echo deaf; sleep 3600"];
            job.run_only(move |cx| cx.command("sh").args(deaf).stream_output().run())
        }
        "a limit" => job.timeout(WAIT).run_only(|cx| cx.sleep(LONG)),
        "a limit of the run" => job.run_only(|cx| cx.sleep(LONG)),
        "a limit of a future" => job.timeout(WAIT).run_only_async(async |cx| cx.sleep_async(LONG).await),
        WORK => job.run_only(|_| {
            let begun = processor_time();
            while processor_time() < begun + 2 * ENOUGH {}
        }),
        _ => panic!("nobody waits for {way}"),
    }
}

fn builder(way: &str) -> RunnerBuilder {
    let (builder, token) = (Runner::builder().default_tries(1), CancelToken::new());
    match way {
        "a retry in a run that can be stopped" => builder.cancel_token(&token),
        "a grace period" => builder.cancel_token(&token).grace_period(WAIT).on_event(move |event| {
            if let Event::OutputLine { .. } = event {
                token.cancel();
            }
        }),
        "a limit of the run" => builder.run_timeout(WAIT),
        _ => builder,
    }
}

/// So many jobs, of which only one may go on at a time; the first takes all the time.
fn slots(jobs: usize) -> Graph<'static> {
    let pool = Pool::new("pool", 1);
    (0..jobs).fold(Graph::new(), |graph, at| {
        let time = if at == 0 { WAIT } else { Duration::ZERO };
        graph.job(at.to_string()).uses(&pool).run_only(move |_| std::thread::sleep(time))
    })
}

/// Runs in a process of its own, and prints for how many ms it had a processor during the run.
#[test]
fn program() {
    let Ok(way) = std::env::var(WAY) else { return };
    let threads: usize = std::env::var(THREADS).unwrap().parse().unwrap();
    let (plan, runner) = (graph(&way).compile().unwrap(), builder(&way).threads(threads).build());
    let before = processor_time();
    let run = runner.run(&plan, ());
    let spent = processor_time() - before;
    assert!(run.elapsed() >= WAIT || way == WORK, "it has not waited: {}", run.report());
    writeln!(io::stdout(), "\nspent {}", spent.as_millis()).unwrap();
}

/// How long all threads of this process have had a processor, those that have ended included.
fn processor_time() -> Duration {
    const TICK: Duration = Duration::from_millis(10); // on every Linux
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks = |field: usize| fields[field - 3].parse::<u32>().unwrap();
    TICK * (ticks(14) + ticks(15)) // in user mode, in the kernel
}

fn start(way: &str, threads: usize) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "idle::program", "--nocapture"]).env(WAY, way).env(THREADS, threads.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// For how long such a program had a processor during its run.
fn spent(way: &str, threads: usize, program: Child) -> Duration {
    let output = program.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let spent = told.lines().find_map(|line| line.strip_prefix("spent ")?.parse().ok());
    let errors = String::from_utf8_lossy(&output.stderr);
    Duration::from_millis(spent.unwrap_or_else(|| panic!("{way}, {threads} threads: {told}{errors}")))
}

#[test]
fn a_run_that_only_waits_uses_no_processor_time() {
    let cases = WAYS.into_iter().flat_map(|way| [1, 4].map(|threads| (way, threads)));
    let programs: Vec<_> = cases.map(|(way, threads)| (way, threads, start(way, threads))).collect();
    for (way, threads, program) in programs {
        let spent = spent(way, threads, program);
        assert!(spent < ENOUGH, "{way}, {threads} threads: {spent:?}");
    }
}

#[test]
fn work_is_seen() {
    assert!(spent(WORK, 4, start(WORK, 4)) > ENOUGH);
}
