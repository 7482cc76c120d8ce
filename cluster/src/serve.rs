//! The process of a unit: executes it, tells what has come of it, and ends.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dojobber::{Event, JobId, Observer, Parcel, Phase, Plan, Runner, Unit, UnitResult};

use crate::child::{end_leftovers, own_pilot};
use crate::engine::Tag;
use crate::identity::difference;
use crate::spool::{
    Began, CANNOT_WRITE, ENDED, NO_ORDER, Order, Record, RecordedJob, RecordedLost, RecordedPhase,
    RecordedSaid, RunFolder, UnitKind, UnitName, VERSION, boot, host, now_ms, open,
};
use crate::tell::tell;

/// What a unit is compared with: the graph that this process has built.
pub(crate) struct Here<'h> {
    /// What it consists of, for people.
    pub(crate) lines: &'h (dyn Fn() -> String + Sync),
    pub(crate) digest: &'h str,
}

/// What this process is to its engine.
pub(crate) struct Spot {
    pub(crate) node: String,
    pub(crate) ticket: String,
}

impl Spot {
    /// As the environment says.
    pub(crate) fn of_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let part = variable("SLURM_ARRAY_JOB_ID").zip(variable("SLURM_ARRAY_TASK_ID"));
        let ticket = part.map(|(array, index)| format!("{array}_{index}")).or(variable("SLURM_JOB_ID"));
        Spot {
            node: variable("SLURMD_NODENAME").unwrap_or_else(host),
            ticket: ticket.unwrap_or_else(|| std::process::id().to_string()),
        }
    }
}

/// Executes the unit of an order, and ends this process.
pub(crate) fn serve<A: Send + Sync>(
    order: &Path,
    runner: &Runner,
    plan: &Plan<'_, A>,
    args: Arc<A>,
    here: &Here<'_>,
) -> ! {
    let Some((folder, tag)) = RunFolder::of_order(order).zip(Tag::of_order(order)) else {
        tell(format_args!("dojobber: {} names no unit", order.display()));
        std::process::exit(64);
    };
    match execute(&folder, &tag, Spot::of_environment(), runner, plan, args, here, true) {
        Executed::Known => std::process::exit(0),
        Executed::Code(code) => std::process::exit(code),
    }
}

/// What has come of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Executed {
    /// Nothing: its unit had a record already, from a start that had been given up.
    Known,
    /// Its process ends with that exit code.
    Code(i32),
}

/// Executes a unit and writes its record, unless there is one.
#[expect(clippy::too_many_arguments, reason = "all that the process of a unit has")]
pub(crate) fn execute<A: Send + Sync>(
    folder: &RunFolder,
    tag: &Tag,
    spot: Spot,
    runner: &Runner,
    plan: &Plan<'_, A>,
    args: Arc<A>,
    here: &Here<'_>,
    is_process: bool,
) -> Executed {
    let order = match folder.read_order(tag) {
        Ok(Some(order)) if order.dojobber_order == VERSION => order,
        Ok(Some(_)) => return Executed::Code(refuse_order(tag, "it is of another version")),
        Ok(None) => {
            let why = "it is not there: it was given up, or the spool is not shared";
            return Executed::Code(refuse_order(tag, why));
        }
        Err(why) => return Executed::Code(refuse_order(tag, &why)),
    };
    if folder.read_record(order.unit()).is_ok_and(|record| record.is_some_and(|record| record.lost.is_none()))
    {
        tell(format_args!("dojobber: another start of this unit was first"));
        folder.hint(order.unit());
        return Executed::Known;
    }
    let watch = Arc::new(Watch::new(folder, tag, &order, &spot));
    if is_process {
        end_at_signal(&watch);
        end_with_pilot();
    }
    let record = match why_not(&order, folder, &spot.node, runner, here) {
        Some(why) => watch.lost(why, true, false),
        None => match run(&order, folder, &spot.node, runner, plan, args, &watch) {
            Ok(result) => watch.record(result),
            Err(why) => watch.lost(why, true, false),
        },
    };
    let is_good = record.lost.is_none();
    if !watch.commit(&record) {
        return Executed::Code(CANNOT_WRITE);
    }
    Executed::Code(i32::from(!is_good))
}

fn refuse_order(tag: &Tag, why: &str) -> i32 {
    tell(format_args!("dojobber: the order {tag} cannot be read: {why}"));
    NO_ORDER
}

/// Why this process cannot execute the order.
fn why_not(
    order: &Order,
    folder: &RunFolder,
    node: &str,
    runner: &Runner,
    here: &Here<'_>,
) -> Option<String> {
    if order.digest != here.digest {
        let sent = std::fs::read_to_string(folder.path.join("graph")).unwrap_or_default();
        let what = difference(&sent, &(here.lines)(), node);
        return Some(format!("the program builds another graph on {node}: {what}"));
    }
    let cwd = std::env::current_dir().unwrap_or_default();
    if order.cwd != cwd {
        return Some(format!(
            "on {node} it was started in {}, not in {}",
            cwd.display(),
            order.cwd.display()
        ));
    }
    let dry_run = runner.options().dry_run.is_on();
    let is = |is: bool| if is { "a dry run" } else { "no dry run" };
    (order.dry_run != dry_run)
        .then(|| format!("it is {} on {node}, and {} where it was started", is(dry_run), is(order.dry_run)))
}

fn run<A: Send + Sync>(
    order: &Order,
    folder: &RunFolder,
    node: &str,
    runner: &Runner,
    plan: &Plan<'_, A>,
    args: Arc<A>,
    watch: &Arc<Watch>,
) -> Result<UnitResult, String> {
    let job = |at: u32| plan.graph().ids().nth(at as usize).ok_or_else(|| format!("there is no job {at}"));
    let mut inputs = Vec::with_capacity(order.inputs.len());
    for (at, value) in &order.inputs {
        let (id, name) =
            (job(*at)?, || plan.graph().name(plan.graph().ids().nth(*at as usize).expect("it is there")));
        let portable = plan.portable(id).ok_or_else(|| format!("`{}` is not portable here", name()))?;
        let text = folder.text_of(value).map_err(|why| format!("the output of `{}`: {why}", name()))?;
        inputs.push((id, open(portable, &text).map_err(|why| format!("the output of `{}`: {why}", name()))?));
    }
    let jobs = order.jobs.iter().map(|at| job(*at)).collect::<Result<Vec<JobId>, _>>()?;
    let (is_nest, is_cleanup, attempt) = (order.is_nest, order.is_cleanup, order.attempt);
    let local = if is_cleanup { left_by_try(order, folder) } else { Vec::new() };
    let unit = Unit { jobs, is_nest, is_cleanup, attempt, inputs, local, node: node.to_owned() };
    let mut result =
        runner.run_unit(plan, args, unit, Arc::clone(watch)).map_err(|error| error.to_string())?;
    watch.keep_outputs(plan, folder, &mut result)?;
    Ok(result)
}

/// What the try of a cleanup has left: it stands in its record.
fn left_by_try(order: &Order, folder: &RunFolder) -> Vec<(String, Parcel)> {
    let of_try = UnitName { kind: UnitKind::Try, ..order.unit() };
    let Ok(Some(record)) = folder.read_record(of_try) else {
        return Vec::new();
    };
    let parcel = |(name, value)| {
        let text = folder.text_of(&value).ok()?;
        Some((name, Parcel::new(move |portable| open(portable, &text).ok())))
    };
    record.local.into_iter().filter_map(parcel).collect()
}

/// The least time between two writes of what a job says.
const SAYS: Duration = Duration::from_millis(500);

/// Keeps down how far the unit is, and its record.
struct Watch {
    folder: RunFolder,
    tag: Tag,
    name: UnitName,
    start: Instant,
    began: Mutex<Began>,
    outputs: Mutex<Vec<(u32, crate::spool::Value)>>,
    /// When it was written last what its job says.
    written: Mutex<Option<Instant>>,
    /// Whether this machine may be lost while the coordinator goes on.
    is_far: bool,
    /// Held by who writes the record: a signal may come meanwhile.
    is_committed: Mutex<bool>,
}

impl Watch {
    fn new(folder: &RunFolder, tag: &Tag, order: &Order, spot: &Spot) -> Self {
        let before = folder.read_began(tag);
        let began = Began {
            node: spot.node.clone(),
            ticket: spot.ticket.clone(),
            pid: std::process::id(),
            at_ms: now_ms(),
            ran: before.is_some_and(|before| before.ran),
            phases: Vec::new(),
            open: None,
            said: None,
        };
        let _ = folder.write_began(tag, &began, false);
        Watch {
            folder: folder.clone(),
            tag: tag.clone(),
            name: order.unit(),
            start: Instant::now(),
            began: Mutex::new(began),
            outputs: Mutex::default(),
            written: Mutex::default(),
            is_far: order.boot.is_none() || order.boot != boot(),
            is_committed: Mutex::new(false),
        }
    }

    /// Puts outputs where they are found, and notes where.
    fn keep_outputs<A>(
        &self,
        plan: &Plan<'_, A>,
        folder: &RunFolder,
        result: &mut UnitResult,
    ) -> Result<(), String> {
        let mut outputs = Vec::new();
        for done in &mut result.done.jobs {
            let Some((value, portable)) = done.output.take().zip(plan.portable(done.job)) else {
                continue;
            };
            let at = done.job.index() as u32;
            let name = || format!("{}-{at}-{}", self.name, self.tag);
            let kept = folder.keep(name, portable, value.value());
            let job = plan.graph().name(done.job);
            outputs
                .push((at, kept.map_err(|why| format!("what `{job}` has returned cannot be sent: {why}"))?));
        }
        *lock(&self.outputs) = outputs;
        Ok(())
    }

    fn record(&self, result: UnitResult) -> Record {
        let UnitResult { done, local, .. } = result;
        let outputs = std::mem::take(&mut *lock(&self.outputs));
        let job = |done: &dojobber::JobDone| {
            let at = done.job.index() as u32;
            let output = outputs.iter().find(|(job, _)| *job == at).map(|(_, value)| value.clone());
            let phases = done.phases.iter().map(RecordedPhase::of).collect();
            RecordedJob { job: at, status: done.status, phases, output }
        };
        let left = local.iter().filter_map(|leaving| {
            let file = || format!("{}-local-{}", self.name, self.tag);
            let value = self.folder.keep(file, leaving.portable(), leaving.value()).ok()?;
            Some((leaving.name().to_owned(), value))
        });
        let lost = done.lost.as_ref().map(|lost| RecordedLost {
            why: lost.why.clone(),
            is_final: lost.is_final,
            was_ended: false,
        });
        Record {
            dojobber_record: VERSION,
            tag: self.tag.to_string(),
            node: done.node.clone(),
            jobs: done.jobs.iter().map(job).collect(),
            local: left.collect(),
            said: done.said.iter().map(RecordedSaid::of).collect(),
            lost,
            pause_ns: u64::try_from(done.pause.as_nanos()).unwrap_or(u64::MAX),
            end: true,
        }
    }

    /// The record of a unit that does not come to its end.
    fn lost(&self, why: String, is_final: bool, was_ended: bool) -> Record {
        let began = lock(&self.began).clone();
        let phases: Vec<_> = began.known_phases(self.name.attempt).iter().map(RecordedPhase::of).collect();
        let known = (self.name.kind == UnitKind::Try && !phases.is_empty()).then_some(RecordedJob {
            job: self.name.job,
            status: dojobber::Status::Failed,
            phases,
            output: None,
        });
        Record {
            dojobber_record: VERSION,
            tag: self.tag.to_string(),
            node: began.node,
            said: began.said.into_iter().collect(),
            jobs: known.into_iter().collect(),
            lost: Some(RecordedLost { why, is_final, was_ended }),
            end: true,
            ..Record::default()
        }
    }

    /// Writes the record, and tries for a while where that is not possible. Returns whether it is there.
    fn commit(&self, record: &Record) -> bool {
        let mut is_committed = lock(&self.is_committed);
        if *is_committed {
            return true;
        }
        for _ in 0..20 {
            match self.folder.commit(self.name, record) {
                Ok(is_first) => {
                    if !is_first {
                        tell(format_args!("dojobber: another start of this unit was first"));
                    }
                    *is_committed = true;
                    self.folder.hint(self.name);
                    return true;
                }
                Err(error) if self.folder.path.is_dir() => {
                    tell(format_args!("dojobber: the record cannot be written, once more: {error}"));
                    std::thread::sleep(Duration::from_millis(500));
                }
                Err(error) => {
                    tell(format_args!("dojobber: the record cannot be written: {error}"));
                    return false;
                }
            }
        }
        false
    }

    /// Something was said: the coordinator reads it about once a second.
    fn note_said(&self, change: impl FnOnce(&mut RecordedSaid, u64)) {
        let job = self.name.job;
        self.note(|began, now| {
            change(began.said.get_or_insert_with(|| RecordedSaid { job, ..RecordedSaid::default() }), now);
        });
        let mut written = lock(&self.written);
        if written.is_none_or(|written| written.elapsed() >= SAYS) {
            *written = Some(Instant::now());
            let began = lock(&self.began).clone();
            let _ = self.folder.write_began(&self.tag, &began, false);
        }
    }

    fn note(&self, change: impl FnOnce(&mut Began, u64)) {
        let mut began = lock(&self.began);
        let now = u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        change(&mut began, now);
    }
}

/// How far a try is. A nest tells all at its end.
impl Observer for Watch {
    fn on_event(&self, event: &Event) {
        match event {
            Event::PhaseStarted { phase, .. } => {
                self.note(|began, now| {
                    began.open = Some((*phase, now));
                    began.ran |= *phase == Phase::Run;
                });
                if *phase == Phase::Run && self.name.kind == UnitKind::Try {
                    // before the run does anything: whether it had begun must be known, whatever happens then
                    let began = lock(&self.began).clone();
                    let _ = self.folder.write_began(&self.tag, &began, self.is_far);
                }
            }
            Event::PhaseEnded { attempt, phase, error, .. } => self.note(|began, now| {
                let start = began.open.take().map_or(now, |(_, start)| start);
                began.phases.push(RecordedPhase {
                    attempt: *attempt,
                    phase: *phase,
                    worker: 0,
                    start_ns: start,
                    length_ns: now.saturating_sub(start),
                    error: error.clone(),
                });
            }),
            Event::LogLine { attempt, phase, text, .. } => {
                self.note_said(|said, now| said.note_line(*attempt, *phase, now, text));
            }
            Event::Progress { progress, .. } => {
                self.note_said(|said, _| said.progress = Some((progress.done, progress.total)));
            }
            _ => {}
        }
    }

    fn is_active(&self) -> bool {
        self.name.kind != UnitKind::Nest
    }
}

/// A unit of a pilot ends with that, as if it were asked to: nobody else may know of it.
fn end_with_pilot() {
    let Some(pilot) = own_pilot() else {
        return;
    };
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));
    if std::os::unix::process::parent_id() != pilot {
        std::process::exit(ENDED); // it is gone already
    }
}

/// A unit that is ended says so: who did that, its engine knows.
fn end_at_signal(watch: &Arc<Watch>) {
    let Ok(mut signals) = signal_hook::iterator::Signals::new([signal_hook::consts::SIGTERM]) else {
        return;
    };
    let watch = Arc::clone(watch);
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            let record = watch.lost("it was ended by signal 15".to_owned(), false, true);
            watch.commit(&record);
            end_leftovers(&watch.folder.order(&watch.tag));
            std::process::exit(ENDED);
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
