//! Units go to the engine.

use std::fs;
use std::time::Duration;

use dojobber::Lost;

use crate::books::Unit;
use crate::engine::{Batch, SubmitError, Tag};
use crate::watcher::desk::{Current, Watcher, lost};

/// Until others that need the same have come: they go together.
const LINGER: Duration = Duration::from_millis(3);

/// Until an engine is tried again that takes nothing just now, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

impl Watcher {
    /// Submits what is in the queue, until the run is over.
    pub(super) fn submit_all(&self, current: &Current) {
        let (mut pause, mut limit) = (PAUSE.0, self.engine.batch_limit().max(1));
        loop {
            if self.wait_for_units() {
                return;
            }
            std::thread::sleep(LINGER);
            let batch = self.next_batch(current, limit);
            if batch.1.is_empty() {
                continue;
            }
            match self.submit(current, batch) {
                Ok(()) => (pause, limit) = (PAUSE.0, self.engine.batch_limit().max(1)),
                Err(count) => {
                    limit = (count / 2).max(1); // it may be more than there is place for
                    if self.pause(pause) {
                        return;
                    }
                    pause = (pause * 2).min(PAUSE.1);
                }
            }
        }
    }

    /// Until there is something to submit, and place for it. Returns whether the run is over.
    fn wait_for_units(&self) -> bool {
        let most = self.settings().max_in_flight;
        loop {
            let state = self.state();
            if state.is_over {
                return true;
            }
            if !state.books.queue.is_empty() && state.books.flying.len() < most {
                return false;
            }
            drop(self.bell.wait_timeout(state, Duration::from_millis(500)));
        }
    }

    /// Sleeps that long, whatever is new. Returns whether the run is over.
    fn pause(&self, time: Duration) -> bool {
        let until = std::time::Instant::now() + time;
        loop {
            let left = until.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return false;
            }
            if self.rest(left) {
                return true;
            }
        }
    }

    /// Units that need the same, and the number of their submission. What has a record meanwhile is told.
    fn next_batch(&self, current: &Current, limit: usize) -> (u32, Vec<Unit>) {
        let most = self.settings().max_in_flight;
        let mut state = self.state();
        let place = most.saturating_sub(state.books.flying.len()).min(limit);
        if place == 0 {
            return (0, Vec::new());
        }
        let batch = state.books.take_batch(place);
        let number = state.books.next_batch;
        state.books.next_batch += u32::from(!batch.is_empty());
        drop(state);
        let mut units = Vec::with_capacity(batch.len());
        for unit in batch {
            match current.folder.read_record(unit.name) {
                Ok(Some(record)) if unit.losses > 0 => self.land(current, unit, record), // it was given up too early
                _ => units.push(unit),
            }
        }
        (number, units)
    }

    /// `Err`: the engine takes nothing now; how many units were offered.
    fn submit(&self, current: &Current, (number, units): (u32, Vec<Unit>)) -> Result<(), usize> {
        let tag = |index: usize| Tag { run: current.folder.id.clone(), batch: number, index: index as u32 };
        let written = units
            .iter()
            .enumerate()
            .try_for_each(|(at, unit)| current.folder.write_order(&tag(at), &unit.order));
        let label = label(&units);
        let program = current.folder.program();
        let batch = Batch {
            run: current.folder.spot(),
            batch: number,
            units: units.len() as u32,
            label: &label,
            program: &program,
            args: &current.args,
            cwd: &current.cwd,
            needs: &units[0].needs.clone(),
        };
        // they are away before they are submitted: one may come back before that returns
        let count = units.len();
        let mut state = self.state();
        units.into_iter().enumerate().for_each(|(at, unit)| state.books.fly(tag(at), unit));
        drop(state);
        let sent = match written {
            Ok(()) => self.engine.submit(&batch),
            Err(error) if !current.folder.path.is_dir() => {
                Err(SubmitError::Refused(format!("the folder of the run is gone from the spool: {error}")))
            }
            Err(error) => Err(SubmitError::Busy(format!("an order cannot be written: {error}"))),
        };
        match sent {
            Ok(()) => {
                self.say(|| format!("submitted {label} as b{number}"));
                Ok(())
            }
            Err(SubmitError::Busy(why)) => {
                let engine = self.engine.name();
                self.voice.tell(format_args!("{engine} takes nothing now, later again: {why}"));
                for tag in (0..count).rev().map(tag) {
                    let _ = fs::remove_file(current.folder.order(&tag));
                    let mut state = self.state();
                    if let Some(flying) = state.books.land(&tag) {
                        state.books.queue.push_front(flying.unit);
                    }
                }
                Err(count)
            }
            Err(SubmitError::Refused(why)) => {
                for tag in (0..count).map(tag) {
                    let landed = self.state().books.land(&tag);
                    let _ = fs::remove_file(current.folder.order(&tag));
                    if let Some(flying) = landed {
                        let why = format!("{} has refused it: {why}", self.engine.name());
                        flying.unit.done.tell(lost(Lost::finally(why)));
                    }
                }
                Ok(())
            }
        }
    }
}

/// A name for people: that of the first job, and how many more there are.
fn label(units: &[Unit]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name = units[0].order.name.chars().take(48).map(|c| if is_plain(c) { c } else { '_' });
    let more = if units.len() > 1 { format!("+{}", units.len() - 1) } else { String::new() };
    format!("dj.{}{more}", name.collect::<String>())
}
