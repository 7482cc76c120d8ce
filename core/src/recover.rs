//! The cleanups that a run still owes whose process is gone.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::cancel::StopLevel;
use crate::error::{BoxError, ErrorText};
use crate::event::Event;
use crate::exec::{DueCleanup, Live, clean_up};
use crate::graph::JobId;
use crate::journal::{JournalError, Owed, Recovery, Spawned};
use crate::plan::Plan;
use crate::report::Report;
use crate::run::CleanupError;
use crate::runner::Runner;
use crate::text::brief;

impl Runner {
    /// Calls the cleanups that a run still owes whose process died, as its [`Journal`](crate::Journal) tells: one for each
    /// try that had executed its run and was not cleaned up, one at a time, in the reverse order of these runs.
    ///
    /// Each is told to the journal before and after it is called, so that none that has ended is called again: not by a
    /// second call of this, nor after this process has died, too. One that had begun and not ended is called once more; so
    /// a cleanup must be idempotent, as a run must. What cleanups say meanwhile stands there, too.
    ///
    /// A cleanup gets a new instance of a struct job, empty stores and no outputs; asking for one is an error of the class
    /// [`Gone`](crate::ErrorClass::Gone). Jobs are found by name. A job that this plan lacks, or that has no cleanup in it,
    /// counts as a cleanup that failed, and stays owed. The runner's observers are told of the cleanups, and not of a run.
    ///
    /// Processes that the run had [spawned](crate::Command::spawn) are ended, each after the cleanup of its try, if the
    /// journal tells their number and their start (on Linux it does) and both still fit; but not while the process lives
    /// that has run it.
    ///
    /// With [`dry_run`](crate::RunnerBuilder::dry_run) nothing is called and nothing written.
    ///
    /// ```
    /// # use dojobber_core::{Draft, Journal, JobOptions, JobSpec, Runner};
    /// # let folder = std::env::temp_dir().join(format!("dojobber-recover-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("run.jsonl");
    /// # let plan = Draft::<()>::default().compile()?;
    /// # let journal = Journal::create(&path)?;
    /// # Runner::builder().observer(journal).build().run(&plan, ()).into_result()?;
    /// let recovered = Runner::default().recover(&plan, (), &path)?;
    /// println!("{recovered}"); // nothing is owed
    /// assert!(recovered.called().is_empty() && recovered.failures().is_empty());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), dojobber_core::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the journal cannot be read or written, if its run still goes on, and if it is of another plan: no
    /// job of it is in this one.
    pub fn recover<'env, A: Send + Sync>(
        &self,
        plan: &Plan<'env, A>,
        args: impl Into<Arc<A>>,
        journal: impl AsRef<Path>,
    ) -> Result<Recovered, JournalError> {
        let recovery = Arc::new(Recovery::begin(journal.as_ref())?);
        recovery.check_plan(plan.graph())?;
        let owed = recovery.owed();
        let names: Vec<String> = owed.iter().map(|owed| recovery.name(owed.job)).collect();
        let mut processes = Processes::left(&recovery, self.options().grace_period);
        if self.options().dry_run.is_on() || owed.is_empty() && processes.left.is_empty() {
            let processes = processes.names();
            let (report, _) = recovery.finish()?;
            let (called, failures, trouble) = (Vec::new(), Vec::new(), None);
            return Ok(Recovered { report, called, owed: names, processes, failures, trouble });
        }
        let listener = Arc::clone(&recovery);
        let live = self.revive(plan, args.into(), Duration::from_nanos(recovery.last()), listener);
        let ignored = live.level();
        let (mut called, mut missing, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for (owed, name) in owed.into_iter().zip(names) {
            let found = plan.graph().find(&name).filter(|job| plan.spec(*job).cleans_up());
            let failed = match found {
                Some(job) => {
                    called.push(name.clone());
                    call(&live, &recovery, owed, job, ignored)
                }
                None => {
                    missing.push(name.clone());
                    let error: BoxError = "there is no job of this name with a cleanup in this plan".into();
                    let text = ErrorText::heard(&*error).0;
                    recovery.cleanup_is_missing(owed, live.world.clock.now(), &text);
                    Some(error)
                }
            };
            failures.extend(failed.map(|error| CleanupError::new(&name, error)));
            processes.end_if(|spawned| (spawned.job, spawned.attempt) == (owed.job, owed.attempt));
        }
        processes.end_if(|_| true);
        let at = live.world.clock.now();
        if missing.is_empty() {
            recovery.all_ended(at);
        }
        live.watch.close();
        live.watch.tell(|| Event::CleanupEnded { at: Duration::from_nanos(at) });
        live.world.processes.end_all();
        let (report, trouble) = recovery.finish()?;
        Ok(Recovered { report, called, owed: missing, processes: processes.ended, failures, trouble })
    }
}

/// Calls one cleanup, and returns what it failed with.
fn call<A: Send + Sync>(
    live: &Live<'_, A>,
    recovery: &Recovery,
    owed: Owed,
    job: JobId,
    ignored: StopLevel,
) -> Option<BoxError> {
    recovery.cleanup_begins(owed, live.world.clock.now());
    let done = clean_up(live, vec![DueCleanup::owed(job, owed.attempt)], ignored);
    for (_, record, error) in &done.records {
        let returned_false = ErrorText::returned_false();
        let error = (!record.passed).then(|| error.as_ref().unwrap_or(&returned_false));
        recovery.cleanup_ended(owed, record.end.0, error);
    }
    done.failures.into_iter().next().map(|(_, error)| error)
}

/// The processes that the run has left.
struct Processes {
    left: Vec<(Spawned, String)>,
    ended: Vec<String>,
    grace: Duration,
}

impl Processes {
    fn left(recovery: &Recovery, grace: Duration) -> Self {
        let named = |spawned: Spawned| {
            let name = format!("{} of {}", spawned.process.id, recovery.name(spawned.job));
            (spawned, name)
        };
        let left = recovery.processes().into_iter().map(named).collect();
        Processes { left, ended: Vec::new(), grace }
    }

    fn names(&self) -> Vec<String> {
        self.left.iter().map(|(_, name)| name.clone()).collect()
    }

    /// Ends some of them.
    fn end_if(&mut self, is_due: impl Fn(&Spawned) -> bool) {
        for (spawned, name) in self.left.extract_if(.., |(spawned, _)| is_due(spawned)) {
            if spawned.process.end(self.grace) {
                self.ended.push(name);
            }
        }
    }
}

/// What [`Runner::recover`] has done. It prints line by line.
#[derive(Debug)]
#[must_use = "ask it whether cleanups have failed"]
pub struct Recovered {
    report: Report,
    called: Vec<String>,
    owed: Vec<String>,
    processes: Vec<String>,
    failures: Vec<CleanupError>,
    trouble: Option<String>,
}

impl Recovered {
    /// The report of the run, with the cleanups that were called now.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The jobs whose cleanups were called, in this order. A job of which several tries were executed stands there several
    /// times.
    pub fn called(&self) -> &[String] {
        &self.called
    }

    /// The jobs whose cleanups are still owed: those that the plan lacks, and in a dry run all.
    pub fn owed(&self) -> &[String] {
        &self.owed
    }

    /// The processes that the run had left and that were ended, as their number and their job: `1234 of server`. In a dry
    /// run, those that would be.
    pub fn processes(&self) -> &[String] {
        &self.processes
    }

    /// The cleanups that failed, those that the plan lacks among them.
    pub fn failures(&self) -> &[CleanupError] {
        &self.failures
    }

    /// What went wrong with the journal, if anything did: then a cleanup that has ended may be called once more.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// 0 if no cleanup failed, else 1.
    pub fn exit_code(&self) -> ExitCode {
        if self.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cleanups = |names: &[String]| {
            let unit = if names.len() == 1 { "cleanup" } else { "cleanups" };
            format!("{} {unit}: {}", names.len(), names.join(", "))
        };
        match (&self.called[..], &self.owed[..]) {
            ([], []) => write!(f, "nothing is owed: the run {}", how_it_ended(&self.report))?,
            (called, []) => write!(f, "called {}", cleanups(called))?,
            ([], owed) => write!(f, "owed are {}", cleanups(owed))?,
            (called, owed) => write!(f, "called {}\nowed are {}", cleanups(called), cleanups(owed))?,
        }
        if !self.processes.is_empty() {
            let unit = if self.processes.len() == 1 { "process" } else { "processes" };
            write!(f, "\n{} {unit} left: {}", self.processes.len(), self.processes.join(", "))?;
        }
        self.failures.iter().try_for_each(|failure| write!(f, "\n{failure}"))?;
        self.trouble.iter().try_for_each(|trouble| write!(f, "\n{trouble}"))
    }
}

fn how_it_ended(report: &Report) -> String {
    let when = brief(report.elapsed());
    if report.is_complete() { format!("ended after {when}") } else { format!("was cut short after {when}") }
}
