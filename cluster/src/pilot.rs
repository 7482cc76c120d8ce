//! The process of a pilot: it takes units from the spool, starts a process for each, and tells how that has ended.

use std::env;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use signal_hook::consts::SIGTERM;

use crate::child::{self, GRACE, signal};
use crate::serve::Spot;
use crate::spool::{Claims, ENDED, Held, HowEnded, Open, RunFolder};
use crate::tell::tell;

/// How long a pilot stays that has nothing to do: more may come, and another pilot would have to wait in line.
const STAYS: Duration = Duration::from_secs(20);

/// Until it looks again whether there is something to do.
const LOOKS: Duration = Duration::from_millis(50);

/// What starts units, as a unit of its own: `RUN/pilot/WORKERS.INDEX`. `None`: that is none.
pub(crate) fn workers_of(unit: &Path) -> Option<usize> {
    let is_pilot = unit.parent()?.file_name()? == "pilot";
    let workers = unit.file_name()?.to_str()?.split('.').next()?.parse().ok()?;
    is_pilot.then_some(workers)
}

/// Executes units of a run until there are no more, and ends this process.
pub(crate) fn pilot(folder: &RunFolder, workers: usize) -> ! {
    let pilot = Pilot {
        claims: Claims::new(&folder.path),
        folder: folder.clone(),
        spot: Spot::of_environment(),
        is_ended: Arc::new(AtomicBool::new(false)),
        work: Mutex::new(Work { busy: 0, since: Instant::now() }),
    };
    if let Err(error) = signal_hook::flag::register(SIGTERM, Arc::clone(&pilot.is_ended)) {
        tell(format_args!("dojobber: a pilot cannot see signals: {error}"));
    }
    thread::scope(|scope| (0..workers.max(1)).for_each(|_| drop(scope.spawn(|| pilot.work()))));
    std::process::exit(if pilot.is_ended() { ENDED } else { 0 })
}

struct Pilot {
    folder: RunFolder,
    claims: Claims,
    spot: Spot,
    /// By a signal.
    is_ended: Arc<AtomicBool>,
    work: Mutex<Work>,
}

struct Work {
    busy: usize,
    /// When a worker was busy last.
    since: Instant,
}

impl Pilot {
    fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::SeqCst)
    }

    /// One worker.
    fn work(&self) {
        let mut open = Vec::new().into_iter();
        while !self.is_ended() {
            let next = match open.next() {
                Some(next) => next,
                None => {
                    let listed = self.open();
                    if listed.is_empty() && self.wait() {
                        return;
                    }
                    open = listed.into_iter();
                    continue;
                }
            };
            if let Some(held) = self.claims.take(&next, &self.spot.ticket) {
                self.note_work(1);
                self.execute(&held);
                self.note_work(-1);
            }
        }
    }

    /// What it may take. Each worker begins elsewhere in the line, so that they do not all reach for the same.
    fn open(&self) -> Vec<Open> {
        let mut open = self.claims.open();
        open.retain(|open| open.node.as_ref().is_none_or(|node| *node == self.spot.node));
        let length = open.len();
        if length > 0 {
            let place = u64::from(std::process::id()) + thread_number();
            open.rotate_left((place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize % length);
        }
        open
    }

    /// Waits a little for more to do. Returns whether there will be nothing.
    fn wait(&self) -> bool {
        thread::sleep(LOOKS);
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.busy == 0 && (work.since.elapsed() > STAYS || self.folder.has_ended())
    }

    fn note_work(&self, change: isize) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.busy = work.busy.saturating_add_signed(change);
        work.since = Instant::now();
    }

    fn execute(&self, held: &Held) {
        let how = match self.start(held) {
            Ok(child) => self.attend(child, held),
            Err(error) => {
                tell(format_args!("dojobber: {} does not start: {error}", held.tag));
                Some(HowEnded::NotStarted)
            }
        };
        // of a unit that ended with its pilot, the engine knows why
        if let Some(how) = how
            && let Err(error) = self.claims.end(held, how)
        {
            tell(format_args!("dojobber: the end of {} cannot be told: {error}", held.tag));
        }
    }

    fn start(&self, held: &Held) -> io::Result<Child> {
        let (order, log) = (self.folder.order(&held.tag), self.folder.log(&held.tag));
        let mut command = child::command(&self.folder.program(), &order, log.as_ref())?;
        child::set_pilot(&mut command, &order);
        command.args(env::args_os().skip(1)).spawn()
    }

    /// Waits for a unit, and ends it where it has to end. `None`: it ends with this pilot.
    fn attend(&self, mut child: Child, held: &Held) -> Option<HowEnded> {
        let start = Instant::now();
        let mut ending: Option<(HowEnded, Instant)> = None;
        let mut pause = Duration::from_micros(500);
        let mut looked = start;
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                if status.code().is_none_or(|code| code == ENDED) {
                    child::end_leftovers(&self.folder.order(&held.tag));
                }
                return (!self.is_ended()).then(|| ending.map_or_else(|| how(status), |(how, _)| how));
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
            let now = Instant::now();
            if ending.is_none() {
                let is_overdue = held.time.is_some_and(|time| start.elapsed() >= time);
                let looks = now - looked > Duration::from_millis(200);
                if looks {
                    looked = now;
                }
                let reason = match () {
                    () if is_overdue => Some(HowEnded::Overdue),
                    () if self.is_ended() || looks && self.claims.is_to_cancel(&held.tag) => {
                        Some(HowEnded::Cancelled)
                    }
                    () => None,
                };
                if let Some(reason) = reason {
                    signal(child.id(), Signal::TERM);
                    ending = Some((reason, now + GRACE));
                }
            } else if ending.is_some_and(|(_, kill_at)| kill_at <= now) {
                signal(child.id(), Signal::KILL);
            }
        }
    }
}

/// A number that differs between threads of this process.
fn thread_number() -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    thread::current().id().hash(&mut hasher);
    hasher.finish() >> 8
}

fn how(status: ExitStatus) -> HowEnded {
    match (status.code(), status.signal()) {
        (Some(code), _) => HowEnded::Code(code),
        (None, signal) => HowEnded::Signal(signal.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pilot_is_known_by_its_path() {
        assert_eq!(workers_of(Path::new("/s/r-1/pilot/2.0")), Some(2));
        assert_eq!(workers_of(Path::new("/s/r-1/order/b2.0")), None);
        assert_eq!(workers_of(Path::new("/s/r-1/pilot/b2.0")), None);
    }
}
