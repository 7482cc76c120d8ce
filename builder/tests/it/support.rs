//! What the tests share.

use std::future::poll_fn;
use std::io::{self, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use dojobber::{Context, Event, Job, Observer, Plan, Result, Run, Runner, RunnerBuilder, judge};

/// A runner that loses no time between tries.
pub(crate) fn runner(threads: usize) -> Runner {
    Runner::builder().threads(threads).default_retry_delay(Duration::ZERO).build()
}

/// The text of a report without the times in it, which are never the same: ` in 12ms` is left out, and of
/// ` after 12ms` the time.
pub(crate) fn untimed(report: impl std::fmt::Display) -> String {
    let text = without_times(&report.to_string(), " in ", "");
    without_times(&text, " after ", " after")
}

fn without_times(text: &str, before: &str, left: &str) -> String {
    let mut parts = text.split(before);
    let mut untimed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit() && !"usmh.".contains(c)).unwrap_or(part.len());
        let is_time = part.starts_with(|c: char| c.is_ascii_digit()) && part[..end].ends_with(['s', 'm']);
        untimed.push_str(if is_time { left } else { before });
        untimed.push_str(if is_time { &part[end..] } else { part });
    }
    untimed
}

/// A struct that has nothing to do: its check passes.
#[derive(Clone)]
pub(crate) struct Fine;

impl Job for Fine {
    type Output = ();
    fn check(&mut self, _: &Context) -> Result {
        Ok(())
    }
    fn run(&mut self, _: &Context) -> Result {
        Ok(())
    }
}

/// A text that grows from many sides.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<String>>);

impl Notes {
    /// Adds a word.
    pub(crate) fn add(&self, word: impl AsRef<str>) {
        let mut text = self.0.lock().unwrap();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word.as_ref());
    }

    /// All of it, so far.
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    /// All of it, and begins anew.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push_str(str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps every event.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<Event>>>);

impl Trace {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Trace {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// So long a machine may have other things to do.
const PATIENCE: Duration = Duration::from_secs(300);

/// Does `work`, and ends the whole test program with a message should it never come to its end.
pub(crate) fn within<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let what = what.to_owned();
    let (working, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            // not by `eprintln!`: nobody would see what a test that never ends has printed
            let _ = writeln!(io::stderr(), "this hangs: {what}");
            std::process::abort();
        }
    });
    let result = work();
    drop(working); // after a panic too
    result
}

/// How often something is tried at random moments: so often, or as `DOJOBBER_ROUNDS` says.
#[cfg(unix)]
pub(crate) fn rounds(usually: u64) -> u64 {
    std::env::var("DOJOBBER_ROUNDS").map_or(usually, |rounds| rounds.parse().unwrap())
}

/// How many cases a property has: 128, or what `PROPTEST_CASES` says.
#[cfg(feature = "testkit")]
pub(crate) fn cases() -> u32 {
    if std::env::var_os("PROPTEST_CASES").is_some() {
        proptest::prelude::ProptestConfig::default().cases
    } else {
        128
    }
}

/// Options that lose no time between tries.
pub(crate) fn quick() -> RunnerBuilder {
    Runner::builder().default_retry_delay(Duration::ZERO)
}

/// The statuses of all jobs, as their first letters.
pub(crate) fn statuses<A>(run: &Run<'_, A>) -> String {
    run.jobs().map(|job| format!("{:?}", job.status()).chars().next().unwrap()).collect()
}

/// Runs a plan with 1 to 5 threads, has the judge look, and compares the statuses.
#[track_caller]
pub(crate) fn check(plan: &Plan<'_>, builder: impl Fn() -> RunnerBuilder, expected: &str) {
    for threads in [1, 2, 3, 5] {
        let trace = Trace::default();
        let run = builder().threads(threads).observer(trace.clone()).build().run(plan, ());
        assert_eq!(statuses(&run), expected, "{threads} threads\n{}", run.report());
        assert_eq!(judge(plan, &trace.events()), Ok(()), "{threads} threads");
    }
}

/// A future that is pending so often, and does something with its waker each time.
pub(crate) async fn pending_times(times: usize, mut act: impl FnMut(&Waker)) {
    let mut left = times;
    poll_fn(|task| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        act(task.waker());
        Poll::Pending
    })
    .await;
}
