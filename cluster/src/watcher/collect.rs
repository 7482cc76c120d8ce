//! Records come back.

use std::fs;
use std::time::{Duration, Instant};

use dojobber::{JobDone, Lost, Status, UnitDone};

use crate::books::Unit;
use crate::engine::{End, State, Tag};
use crate::home::unit_done;
use crate::spool::{Record, UnitKind, UnitName, now_ms};
use crate::watcher::desk::{Current, Watcher};

/// How often it is looked how far a unit is that goes on.
const LOOK: Duration = Duration::from_secs(1);

impl Watcher {
    /// Takes what units have told, until the run is over.
    pub(super) fn collect_all(&self, current: &Current) {
        let pause = self.engine.patience().collect;
        loop {
            for unit in current.folder.hints() {
                if self.take(current, unit) {
                    let _ = fs::remove_file(current.folder.hint_of(unit));
                }
            }
            self.look_at_running(current);
            let until = Instant::now() + pause;
            while Instant::now() < until {
                if self.rest(pause.min(Duration::from_millis(50))) {
                    return;
                }
            }
        }
    }

    /// Takes a record, if it is there and somebody waits for it. Returns whether there is nothing more to take.
    pub(super) fn take(&self, current: &Current, name: UnitName) -> bool {
        let tag = self.state().books.tag_of(name).cloned();
        let record = match current.folder.read_record(name) {
            Ok(Some(record)) => record,
            Ok(None) => return false,
            Err(why) => {
                self.note_over(tag.as_ref(), &format!("its record cannot be read: {why}"), End::Machine);
                return false;
            }
        };
        if record.lost.as_ref().is_some_and(|lost| lost.was_ended) {
            // why that was so, the engine knows
            self.note_over(tag.as_ref(), record.lost.as_ref().map_or("", |lost| &lost.why), End::Program);
            return true;
        }
        let mut state = self.state();
        let flying = tag.and_then(|tag| state.books.land(&tag).map(|flying| (tag, flying)));
        let unit = match flying {
            Some((tag, flying)) => {
                drop(state);
                self.end_rival(current, &record, &tag, flying.ticket);
                flying.unit
            }
            None => match state.books.take_queued(name) {
                Some(unit) => {
                    drop(state);
                    unit
                }
                None => return false, // nobody waits for it yet
            },
        };
        self.land(current, unit, record);
        self.bell.notify_all();
        true
    }

    /// A unit has ended, as far as is known, and there is no record that could be taken.
    pub(super) fn note_over(&self, tag: Option<&Tag>, why: &str, end: End) {
        let mut state = self.state();
        if let Some(flying) = tag.and_then(|tag| state.books.flying.get_mut(tag)) {
            flying.note_over(why, end);
        }
    }

    /// The record came from a submission that had been given up: the one that took its place is ended.
    fn end_rival(&self, current: &Current, record: &Record, tag: &Tag, ticket: Option<String>) {
        if record.tag == tag.to_string() {
            return;
        }
        self.say(|| format!("a record came from {}, which had been given up", record.tag));
        let _ = fs::remove_file(current.folder.order(tag));
        self.end(&current.folder, ticket.as_slice());
    }

    /// Tells the run what has become of a unit.
    pub(super) fn land(&self, current: &Current, unit: Unit, record: Record) {
        let is_another = unit.is_another(&record.tag);
        let done = unit_done(record, &unit.portable, &unit.ids, &current.folder, unit.ran);
        unit.done.tell(UnitDone { is_another, ..done });
    }

    /// Tells the run how far units are that go on for a while.
    fn look_at_running(&self, current: &Current) {
        let mut due = Vec::new();
        let mut state = self.state();
        for (tag, flying) in &mut state.books.flying {
            let is_new = flying.looked_at.unwrap_or(flying.since).elapsed() >= LOOK;
            let is_first = flying.unit.losses == 0 && flying.unit.name.kind == UnitKind::Try;
            let waits = matches!(flying.seen, Some(State::Waiting { .. }));
            if is_new && is_first && !waits {
                flying.looked_at = Some(Instant::now());
                due.push(tag.clone());
            }
        }
        drop(state);
        for tag in due {
            let Some(began) = current.folder.read_began(&tag) else {
                continue;
            };
            if let Some(flying) = self.state().books.flying.get_mut(&tag) {
                flying.unit.told_by = Some(tag.clone());
                flying.unit.done.progress(began.progress(flying.unit.ids.first().copied(), now_ms()));
            }
        }
    }

    /// Tells the run that nothing will come of a unit.
    pub(super) fn tell_lost(&self, current: &Current, unit: Unit, tag: &Tag, lost: Lost) {
        let began = current.folder.read_began(tag);
        let node = began.as_ref().map(|began| began.node.clone()).unwrap_or_default();
        let job = unit.ids.first().copied();
        let phases = began.as_ref().map(|began| began.known_phases(unit.name.attempt)).unwrap_or_default();
        let said = began.and_then(|began| began.said).zip(job).map(|(said, job)| said.told(job));
        let status = Status::Failed;
        let known = job.filter(|_| unit.name.kind == UnitKind::Try && !phases.is_empty());
        let jobs = known.map(|job| JobDone { job, status, phases, output: None });
        let (ran_before, is_another) = (unit.ran, unit.is_another(&tag.to_string()));
        let jobs = jobs.into_iter().collect();
        let said = said.into_iter().collect();
        let lost = Some(lost);
        unit.done.tell(UnitDone { node, jobs, said, lost, ran_before, is_another, ..UnitDone::default() });
    }
}
