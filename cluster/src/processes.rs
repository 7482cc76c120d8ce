//! Processes of this machine: the same way from order to record as on a cluster, without one.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::child::{self, GRACE, signal};
use crate::engine::{Batch, End, Engine, Patience, RunSpot, Seen, State, SubmitError, Tag};
use crate::spool::{ENDED, host};

/// The number of looks in vain for processes of an earlier coordinator that are enough. The second one is that of a coordinator that
/// has withdrawn their orders in between.
const LOOKS: u32 = 2;

/// In so many surveys the end of a process is told.
const TOLD: u32 = 3;

/// A process for each unit, so many of them at once on this machine. The rest waits in line.
///
/// What a unit [needs](crate::Needs) is not looked at, but for its time. Processes go on if the program that has started
/// them is killed, and are found when it is started again.
///
/// ```
/// use dojobber_cluster::{Cluster, Processes};
///
/// let cluster = Cluster::new(Processes::new(4), "/shared/spool");
/// # let _ = cluster;
/// ```
#[derive(Debug, Clone)]
pub struct Processes {
    slots: usize,
    desk: Arc<Mutex<Desk>>,
}

#[derive(Debug, Default)]
struct Desk {
    queue: VecDeque<Start>,
    /// Threads that start processes, one each.
    threads: usize,
    running: BTreeMap<Tag, Running>,
    /// What has ended, and in how many surveys that was told.
    over: Vec<(u32, Seen)>,
    /// How many looks in a row have found no process of an earlier coordinator, per run.
    in_vain: HashMap<String, u32>,
}

#[derive(Debug, Clone)]
struct Start {
    tag: Tag,
    program: PathBuf,
    args: Vec<String>,
    cwd: PathBuf,
    unit: String,
    log: PathBuf,
    time: Option<Duration>,
}

#[derive(Debug)]
struct Running {
    pid: u32,
    until: Option<Instant>,
    /// It has got TERM, because of that end, and gets KILL then.
    ending: Option<(End, Instant)>,
}

impl Processes {
    /// An engine that has up to `slots` processes at once, at least 1.
    pub fn new(slots: usize) -> Self {
        Processes { slots: slots.max(1), desk: Arc::default() }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts what waits, one after the other, until nothing does.
    fn work(self) {
        loop {
            let mut desk = self.desk();
            let Some(start) = desk.queue.pop_front() else {
                desk.threads -= 1;
                return;
            };
            let spawned = start.spawn();
            let mut child = match spawned {
                Ok(child) => child,
                Err(error) => {
                    // as a shell says it
                    desk.note_over(
                        &start.tag,
                        0,
                        format!("exit code 127: it did not start: {error}"),
                        End::Program,
                    );
                    continue;
                }
            };
            let until = start.time.map(|time| Instant::now() + time);
            desk.running.insert(start.tag.clone(), Running { pid: child.id(), until, ending: None });
            drop(desk);
            let status = child.wait();
            if status.as_ref().is_ok_and(|status| status.code().is_none_or(|code| code == ENDED)) {
                child::end_leftovers(Path::new(&start.unit));
            }
            let mut desk = self.desk();
            let running = desk.running.remove(&start.tag);
            let ending = running.and_then(|running| running.ending);
            let end = ending.map_or(End::Program, |(end, _)| end);
            let why = match status {
                Ok(status) => told(status, end),
                Err(error) => format!("it could not be waited for: {error}"),
            };
            desk.note_over(&start.tag, child.id(), why, end);
        }
    }
}

/// How a process ended, in words.
fn told(status: ExitStatus, end: End) -> String {
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => status.to_string(),
    };
    match end {
        End::Limit => format!("its time was over ({how})"),
        End::Person => format!("it was cancelled ({how})"),
        _ => how,
    }
}

impl Start {
    fn spawn(&self) -> std::io::Result<std::process::Child> {
        let mut command = child::command(&self.program, &self.unit, &self.log)?;
        command.args(&self.args).current_dir(&self.cwd).spawn()
    }
}

impl Desk {
    fn note_over(&mut self, tag: &Tag, pid: u32, why: String, end: End) {
        let seen = Seen { tag: tag.clone(), ticket: pid.to_string(), state: State::Over { why, end } };
        self.over.push((0, seen));
    }

    /// What has ended in a run. It is told a few times, and then forgotten: who asks remembers it.
    fn tell_over(&mut self, run: &str, told: &mut Vec<Seen>) {
        for (times, seen) in self.over.iter_mut().filter(|(_, seen)| seen.tag.run == run) {
            *times += 1;
            told.push(seen.clone());
        }
        self.over.retain(|(times, _)| *times < TOLD);
    }

    /// Ends what has no time left, and kills what has been asked to end for long.
    fn end_overdue(&mut self) {
        let now = Instant::now();
        for running in self.running.values_mut() {
            if running.ending.is_none() && running.until.is_some_and(|until| until <= now) {
                running.end(End::Limit);
            }
            if let Some((_, kill_at)) = &mut running.ending
                && *kill_at <= now
            {
                signal(running.pid, Signal::KILL);
                *kill_at = now + GRACE;
            }
        }
    }
}

impl Running {
    fn end(&mut self, end: End) {
        signal(self.pid, Signal::TERM);
        self.ending = Some((end, Instant::now() + GRACE));
    }
}

impl Engine for Processes {
    fn name(&self) -> &str {
        "processes"
    }

    fn batch_limit(&self) -> usize {
        1000
    }

    fn submit(&self, batch: &Batch<'_>) -> Result<(), SubmitError> {
        let mut desk = self.desk();
        for index in 0..batch.units {
            desk.queue.push_back(Start {
                tag: batch.tag(index),
                program: batch.program.to_owned(),
                args: batch.args.to_vec(),
                cwd: batch.cwd.to_owned(),
                unit: format!("{}{index}", batch.unit_prefix()),
                log: batch.log(index),
                time: batch.needs.time,
            });
        }
        let wanted = self.slots.min(desk.threads + desk.queue.len());
        for _ in desk.threads..wanted {
            let starts = self.clone();
            let spawned =
                std::thread::Builder::new().name("dojobber-unit".to_owned()).spawn(move || starts.work());
            match spawned {
                Ok(_) => desk.threads += 1,
                Err(error) if desk.threads == 0 => {
                    return Err(SubmitError::Busy(error.to_string()));
                }
                Err(_) => break,
            }
        }
        Ok(())
    }

    fn survey(&self, run: &RunSpot<'_>) -> Result<Vec<Seen>, String> {
        let mut desk = self.desk();
        desk.end_overdue();
        let node = host();
        let mut seen: Vec<Seen> = Vec::new();
        for start in &desk.queue {
            let state = State::Waiting { why: "other processes".to_owned(), needs_help: false };
            seen.push(Seen { tag: start.tag.clone(), ticket: start.tag.to_string(), state });
        }
        seen.extend(desk.running.iter().map(|(tag, running)| Seen {
            tag: tag.clone(),
            ticket: running.pid.to_string(),
            state: State::Running { node: node.clone() },
        }));
        desk.tell_over(run.id, &mut seen);
        let in_vain = desk.in_vain.get(run.id).copied().unwrap_or(0);
        if in_vain < LOOKS {
            let strangers = strangers(run.id, &node, &seen);
            desk.in_vain.insert(run.id.to_owned(), if strangers.is_empty() { in_vain + 1 } else { 0 });
            seen.extend(strangers);
        }
        Ok(seen)
    }

    fn cancel(&self, run: &RunSpot<'_>, tickets: &[String]) -> Result<(), String> {
        let mut desk = self.desk();
        let (ended, kept): (Vec<_>, Vec<_>) = desk
            .queue
            .drain(..)
            .partition(|start| start.tag.run == run.id && tickets.contains(&start.tag.to_string()));
        desk.queue.extend(kept);
        for start in ended {
            desk.note_over(&start.tag, 0, "it was cancelled before it began".to_owned(), End::Person);
        }
        for ticket in tickets {
            let Ok(pid) = ticket.parse::<u32>() else {
                continue;
            };
            match desk.running.values_mut().find(|running| running.pid == pid) {
                Some(running) => running.end(End::Person),
                None if is_of_run(pid, run.id) => signal(pid, Signal::TERM),
                None => {}
            }
        }
        Ok(())
    }

    fn patience(&self) -> Patience {
        Patience {
            collect: Duration::from_millis(4),
            survey: Duration::from_millis(40),
            record: Duration::from_millis(300),
            killed: Duration::from_millis(300),
        }
    }
}

/// The processes of an earlier coordinator of a run: they are known by their environment.
fn strangers(run: &str, node: &str, known: &[Seen]) -> Vec<Seen> {
    let mut found = Vec::new();
    for pid in child::processes() {
        let Some(tag) = tag_of(pid).filter(|tag| tag.run == run) else {
            continue;
        };
        if !known.iter().any(|seen| seen.tag == tag) {
            found.push(Seen {
                tag,
                ticket: pid.to_string(),
                state: State::Running { node: node.to_owned() },
            });
        }
    }
    found.sort_by(|one, other| one.tag.cmp(&other.tag));
    found.dedup_by(|one, other| one.tag == other.tag); // what a unit has started has its environment, too
    found
}

fn is_of_run(pid: u32, run: &str) -> bool {
    tag_of(pid).is_some_and(|tag| tag.run == run)
}

fn tag_of(pid: u32) -> Option<Tag> {
    Tag::of_order(&child::order_of(pid)?)
}
