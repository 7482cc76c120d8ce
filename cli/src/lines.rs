//! What each job has done, a line each, as soon as it has ended.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dojobber::{
    ErrorText, Event, JobRef, Kind, Observer, Phase, Status, StopLevel, StopReason, WholeWriter, brief,
    cells, one_line, printable,
};

use crate::args::Says;
use crate::output::{Paint, width};
use crate::text::{counted, padded, reason};
use crate::ticker::Ticker;

/// Nothing is said for so long, and then what goes on: nobody shall think that it hangs, and no build server end it for that.
const QUIET: Duration = Duration::from_secs(30);

/// A reason has room for so many cells, though the line is too long then.
const LEAST: usize = 12;

/// An observer that writes a line for each job that did something, and now and then what goes on.
///
/// ```text
/// release: 11 jobs, 4 threads
///    0.4s  changed  archive    build app-1.2.3.tar (0.4s)
///   30.4s  running  tests      30s: test parser::nested_quotes ... ok
/// ```
pub(crate) struct Lines {
    program: String,
    form: Form,
    shared: Arc<Mutex<Shared>>,
    ticker: Mutex<Option<Ticker>>,
    quiet: Duration,
}

struct Shared {
    state: State,
    paint: Paint,
    out: WholeWriter,
}

/// What is told, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// All jobs that did something. Each line begins with the time.
    Log,
    /// Trouble alone, above what is shown of all else.
    Trouble,
}

/// What is known of the run that goes on.
struct State {
    form: Form,
    says: Says,
    jobs: Vec<JobState>,
    name_width: usize,
    grace: Duration,
    /// When something was said last, since the run began.
    said: Duration,
}

#[derive(Debug, Clone, Default)]
struct JobState {
    began: Option<Duration>,
    tries: u32,
    /// What its last phase failed with.
    error: Option<ErrorText>,
    /// What it has said of its run.
    about: Option<String>,
    /// The machine that it is executed on, if that is another one.
    node: Option<Arc<str>>,
    /// What goes on.
    now: Option<Now>,
}

/// A phase that goes on.
#[derive(Debug, Clone)]
struct Now {
    job: JobRef,
    since: Duration,
    /// The last line that it has said, or that its process has written.
    says: String,
}

impl Lines {
    /// To standard error.
    pub(crate) fn new(program: &str, paint: Paint, says: Says) -> Self {
        Lines::to(program, paint, (Form::Log, says), QUIET, io::stderr())
    }

    /// Trouble alone, above what else is on that screen.
    pub(crate) fn of_trouble(
        program: &str,
        paint: Paint,
        says: Says,
        screen: impl Write + Send + 'static,
    ) -> Self {
        Lines::to(program, paint, (Form::Trouble, says), QUIET, screen)
    }

    fn to(
        program: &str,
        paint: Paint,
        (form, says): (Form, Says),
        quiet: Duration,
        out: impl Write + Send + 'static,
    ) -> Self {
        let shared = Shared { state: State::new(form, says), paint, out: WholeWriter::new(out) };
        let shared = Arc::new(Mutex::new(shared));
        Lines { program: program.to_owned(), form, shared, ticker: Mutex::default(), quiet }
    }

    /// Says what goes on where nothing was said for a while, until the run has ended.
    fn start_ticker(&self) {
        let (shared, quiet, begin) = (Arc::clone(&self.shared), self.quiet, Instant::now());
        let tick = move || {
            let (mut shared, now) = (lock(&shared), begin.elapsed());
            if now >= shared.state.said + quiet {
                shared.state.said = now; // also where there is nothing to say
                if let Some(line) = shared.state.running(now) {
                    shared.write(&line);
                }
            }
            (shared.state.said + quiet).saturating_sub(now)
        };
        *lock(&self.ticker) = Ticker::start(quiet, tick).ok();
    }
}

impl Observer for Lines {
    fn on_event(&self, event: &Event) {
        let ends = match event {
            Event::RunEnded { cleanups_due, .. } => *cleanups_due == 0,
            event => matches!(event, Event::RunStarted { .. } | Event::CleanupEnded { .. }),
        };
        if ends {
            let ticker = lock(&self.ticker).take();
            drop(ticker); // waits for its thread, which may be about to write
        }
        {
            let mut shared = lock(&self.shared);
            if let Some((at, line)) = shared.state.line(&self.program, event) {
                shared.state.said = at;
                shared.write(&line);
            }
        }
        if self.form == Form::Log && matches!(event, Event::RunStarted { .. }) {
            self.start_ticker();
        }
    }
}

impl Shared {
    fn write(&mut self, line: &str) {
        // a stream that is closed or full is no reason to stop a run
        let _ = self.out.write_all(format!("{}\n", self.paint.line(line)).as_bytes());
    }
}

impl State {
    fn new(form: Form, says: Says) -> Self {
        State { form, says, jobs: Vec::new(), name_width: 0, grace: Duration::ZERO, said: Duration::ZERO }
    }

    /// What is said of an event, and when that was.
    fn line(&mut self, program: &str, event: &Event) -> Option<(Duration, String)> {
        match event {
            Event::RunStarted { graph, options, .. } => {
                let jobs = || graph.ids().filter(|job| graph.kind(*job) != Kind::Group);
                let widths = jobs().map(|job| cells(graph.name(job)));
                *self = State {
                    jobs: vec![JobState::default(); graph.len()],
                    grace: options.grace_period,
                    name_width: widths.filter(|width| *width <= 40).max().unwrap_or(0),
                    ..State::new(self.form, self.says)
                };
                if self.form == Form::Trouble {
                    return None;
                }
                let (jobs, threads) = (counted(jobs().count(), "job"), counted(options.threads, "thread"));
                Some((Duration::ZERO, format!("{program}: {jobs}, {threads}")))
            }
            Event::PhaseStarted { job, attempt, phase, at, node, .. } => {
                let state = self.of(job);
                state.node.clone_from(node);
                state.now = Some(Now { job: job.clone(), since: *at, says: String::new() });
                if *phase != Phase::Cleanup {
                    state.began.get_or_insert(*at);
                    state.tries = *attempt;
                }
                None
            }
            Event::PhaseEnded { job, phase, error, attempt, at, .. } => {
                let state = self.of(job);
                state.now = None;
                if *phase == Phase::Cleanup {
                    let reason = reason(Some(error.as_ref()?));
                    return Some((*at, self.told(*at, "cleanup", job, &reason, "")));
                }
                state.tries = *attempt;
                state.error.clone_from(error);
                None
            }
            Event::OutputLine { job, line, .. } => {
                self.hear(job, line);
                None
            }
            Event::RunDescribed { job, text, .. } => {
                self.of(job).about = Some(text.clone());
                None
            }
            Event::LogLine { job, text, at, .. } => {
                self.hear(job, text);
                Some((*at, self.told(*at, "log", job, &printable(text).to_string(), "")))
            }
            Event::PhaseSlow { job, phase, running, at, .. } => {
                let running = format!("{phase}: still running after {}", brief(*running));
                Some((*at, self.told(*at, "slow", job, &running, "")))
            }
            Event::StopRequested { level, reason, at, .. } => Some((*at, self.stopping(*level, *reason))),
            Event::JobEnded { job, status, at, .. } => Some((*at, self.ended(*at, job, *status)?)),
            _ => None,
        }
    }

    /// What is known of a job. A recovery tells of cleanups alone, and not of a run before them.
    fn of(&mut self, job: &JobRef) -> &mut JobState {
        if self.jobs.is_empty() {
            self.jobs = vec![JobState::default(); job.graph().len()];
        }
        &mut self.jobs[job.id().index()]
    }

    fn hear(&mut self, job: &JobRef, text: &str) {
        if let Some(now) = &mut self.of(job).now {
            now.says = printable(text).to_string();
        }
    }

    /// `  30.4s  running  tests      30s: test parser::nested_quotes ... ok`: of what goes on, what has begun first.
    fn running(&self, at: Duration) -> Option<String> {
        let running = || self.jobs.iter().filter_map(|job| job.now.as_ref());
        let Now { job, since, says } = running().min_by_key(|now| now.since)?;
        let says = if says.is_empty() { String::new() } else { format!(": {says}") };
        let on = self.on(self.jobs[job.id().index()].node.as_deref());
        let about = format!("{}{on}{says}", brief(at.saturating_sub(*since)));
        let others = running().count() - 1;
        let others = if others == 0 { String::new() } else { format!("(and {others} more)") };
        Some(self.told(at, "running", job, &about, &others))
    }

    /// What happens now to what goes on, and what another signal would do.
    fn stopping(&self, level: StopLevel, reason: StopReason) -> String {
        let running: Vec<&Now> = self.jobs.iter().filter_map(|job| job.now.as_ref()).collect();
        let verb = match level {
            StopLevel::Kill => "killing",
            StopLevel::Drain => "draining",
            _ => "stopping",
        };
        let next = match reason {
            StopReason::Signal(_) => "; once more: kill now; a third time: leave, without cleanups",
            _ => "",
        };
        let (who, are) = match running[..] {
            [] if level == StopLevel::Kill => return format!("{verb}, {reason}: nothing goes on here"),
            // units may be away, and cleanups may follow
            [] => return format!("{verb}, {reason}: nothing new begins{next}"),
            [one] => (one.job.name().to_owned(), "is"),
            _ => (counted(running.len(), "job"), "are"),
        };
        let grace = brief(self.grace);
        match level {
            StopLevel::Kill => format!("{verb}, {reason}: {who}"),
            StopLevel::Drain => format!("{verb}, {reason}: {who} may end, nothing new begins"),
            _ => format!("{verb}, {reason}: {who} {are} asked to end, and killed after {grace}{next}"),
        }
    }

    fn ended(&mut self, at: Duration, job: &JobRef, status: Status) -> Option<String> {
        let JobState { began, tries, error, about, node, .. } = std::mem::take(self.of(job));
        let time = format!("{}{}", brief(at.saturating_sub(began.unwrap_or(at))), self.on(node.as_deref()));
        let tries = |after: &str| match tries {
            0 | 1 => format!("({after}{time})"),
            _ => format!("({tries} tries in {time})"),
        };
        match status {
            Status::Changed if job.kind() != Kind::Group && self.form == Form::Log => {
                let about = about.as_deref().or_else(|| job.graph().description(job.id()));
                let about = printable(about.unwrap_or_default()).to_string();
                Some(self.told(at, "changed", job, &about, &format!("({time})")))
            }
            Status::Failed => Some(self.told(at, "FAILED", job, &reason(error.as_ref()), &tries(""))),
            Status::Cancelled if began.is_some() => {
                Some(self.told(at, "cancelled", job, &reason(error.as_ref()), &tries("after ")))
            }
            Status::Satisfied | Status::Changed => None,
            Status::Blocked | Status::WouldRun | Status::Cancelled => None, // told at the end, together
            status => Some(self.told(at, status.word(), job, &reason(error.as_ref()), &tries(""))),
        }
    }

    /// ` on n1`, where that is wanted.
    fn on(&self, node: Option<&str>) -> String {
        let node = node.filter(|_| self.says.node);
        node.map_or(String::new(), |node| format!(" on {}", printable(node)))
    }

    /// `   0.4s  changed  archive    build app-1.2.3.tar (0.4s)`, no longer than a line may be.
    fn told(&self, at: Duration, word: &str, job: &JobRef, about: &str, after: &str) -> String {
        let time = match self.form {
            Form::Log => format!("{:>6.1}s  ", at.as_secs_f64()),
            Form::Trouble => String::new(),
        };
        let head = format!("{time}{word:<7}  {}", padded(job.name(), self.name_width));
        let room = width().saturating_sub(cells(&head) + cells(after) + 3).max(LEAST);
        let parts = [one_line(about, room), after.to_owned()];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{head}  {}", parts.join(" ")).trim_end().to_owned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Color;
    use dojobber::{Graph, Runner};
    use std::sync::mpsc::{Sender, channel};

    /// Hands on what is written.
    struct Told(Sender<String>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is satisfied or has not begun is told at the end of the run, together.
    #[test]
    fn a_job_has_a_line_whatever_its_status() {
        let events = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&events);
        let plan = Graph::new().job("it").run_only(|_| ()).compile().unwrap();
        let runner =
            Runner::builder().threads(1).on_event(move |event: &Event| lock(&keep).push(event.clone()));
        drop(runner.build().run(&plan, ()));
        for &status in Status::ALL {
            let mut state = State::new(Form::Log, Says::default());
            let line = lock(&events).iter().cloned().find_map(|mut event| {
                let ends = matches!(event, Event::JobEnded { .. });
                if let Event::JobEnded { status: ended, .. } = &mut event {
                    *ended = status;
                }
                let (_, line) = state.line("program", &event)?;
                ends.then_some(line)
            });
            let is_told = line.as_ref().is_some_and(|line| line.to_lowercase().contains(status.word()));
            let is_late = matches!(status, Status::Satisfied | Status::Blocked | Status::WouldRun);
            assert_eq!(is_told, !is_late, "{status}: {line:?}");
        }
    }

    #[test]
    fn what_goes_on_is_said_where_nothing_else_is() {
        let (tell, told) = channel();
        let told = Mutex::new(told);
        let paint = Paint::of_stderr(Color::Never);
        let lines =
            Lines::to("program", paint, (Form::Log, Says::default()), Duration::from_millis(2), Told(tell));
        // each job ends when it was told of
        let wait = |part: &str| {
            let told = lock(&told);
            assert!(told.iter().any(|line| line.contains(part)), "{part} is never said");
        };
        let plan = Graph::new()
            .job("silent")
            .run_only(|_| wait("s  running  silent  "))
            .job("loud")
            .after("silent")
            .cleanup(|_| wait("s  running  loud "))
            .run_only(|cx| {
                cx.command("echo").arg("ready\u{7}").stream_output().run()?;
                wait(": ready\\u{7}");
                Ok(())
            });
        let run = Runner::builder().threads(1).observer(lines).build().run(&plan.compile().unwrap(), ());
        assert!(run.success() && run.cleanup_failures().is_empty(), "{run}");
    }

    #[test]
    fn a_stop_says_what_happens_to_what_goes_on() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (keep, state) = (Arc::clone(&seen), Mutex::new(State::new(Form::Log, Says::default())));
        let note = move |event: &Event| {
            let mut state = lock(&state);
            state.line("program", event);
            let told = |level, reason| lock(&keep).push(state.stopping(level, reason));
            match event {
                Event::PhaseStarted { .. } => {
                    told(StopLevel::Cancel, StopReason::Signal(2));
                    told(StopLevel::Drain, StopReason::MaxFailures);
                    told(StopLevel::Kill, StopReason::Signal(2));
                    // as if there were another
                    let one = state.jobs[0].clone();
                    state.jobs.push(one);
                    lock(&keep).push(state.stopping(StopLevel::Cancel, StopReason::TimedOut));
                    state.jobs.pop();
                }
                Event::RunEnded { .. } => {
                    told(StopLevel::Cancel, StopReason::Signal(15));
                    told(StopLevel::Drain, StopReason::Cancelled);
                    told(StopLevel::Kill, StopReason::Signal(2));
                }
                _ => {}
            }
        };
        let plan = Graph::new().job("answers").run_only(|_| ()).compile().unwrap();
        drop(Runner::builder().threads(1).on_event(note).build().run(&plan, ()));
        let expected = [
            "stopping, SIGINT: answers is asked to end, and killed after 10s; once more: kill now; a third time: leave, \
             without cleanups",
            "draining, too many jobs had failed: answers may end, nothing new begins",
            "killing, SIGINT: answers",
            "stopping, its time was over: 2 jobs are asked to end, and killed after 10s",
            "stopping, SIGTERM: nothing new begins; once more: kill now; a third time: leave, without cleanups",
            "draining, it was cancelled: nothing new begins",
            "killing, SIGINT: nothing goes on here",
        ];
        assert_eq!(lock(&seen)[..], expected);
    }

    #[test]
    fn what_has_begun_first_is_told_and_how_much_else_there_is() {
        let state = Arc::new(Mutex::new(State::new(Form::Log, Says::default())));
        let (seen, told) = (Arc::clone(&state), Arc::new(Mutex::new(Vec::new())));
        let keep = Arc::clone(&told);
        let note = move |event: &Event| {
            let mut state = lock(&seen);
            state.line("program", event);
            let now = state.jobs.iter().find_map(|job| job.now.clone());
            lock(&keep).extend(now.zip(state.running(Duration::from_secs(3_600))));
        };
        let plan = Graph::new().job("日本").run_only(|_| ()).job("other").run_only(|_| ()).compile().unwrap();
        drop(Runner::builder().threads(1).on_event(note).build().run(&plan, ()));
        let (now, told): (Vec<Now>, Vec<String>) = lock(&told).iter().cloned().unzip();
        assert_eq!(told, ["3600.0s  running  日本   1h00m", "3600.0s  running  other  1h00m"]);

        // as if both went on
        let mut state = lock(&state);
        assert_eq!(state.running(Duration::ZERO), None);
        for (job, now) in state.jobs.iter_mut().zip(now) {
            job.now = Some(now);
        }
        let both = "3600.0s  running  日本   1h00m (and 1 more)";
        assert_eq!(state.running(Duration::from_secs(3_600)).as_deref(), Some(both));
    }
}
