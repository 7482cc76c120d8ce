//! The engine is asked what has become of units.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use dojobber::Lost;

use crate::books::{Flying, Over};
use crate::engine::{End, Seen, State, Tag};
use crate::spool::{Began, CANNOT_WRITE, NO_ORDER};
use crate::watcher::desk::{Current, Watcher};

/// In so many surveys in a row an engine must not know a unit before it is believed.
const MISSING: u32 = 3;

impl Watcher {
    /// Asks the engine, until the run is over.
    pub(super) fn survey_all(&self, current: &Current) {
        let pause = self.engine.patience().survey;
        let mut is_cancelled = false;
        loop {
            let until = Instant::now() + pause;
            while Instant::now() < until {
                let wants_stop = self.is_to_stop() && !is_cancelled;
                if self.rest(pause.min(Duration::from_millis(100))) {
                    return;
                }
                if wants_stop {
                    break;
                }
            }
            if self.is_to_stop() && !is_cancelled {
                is_cancelled = true;
                self.cancel_all(current);
            }
            if !self.state().books.flying.is_empty() {
                self.survey(current);
            }
        }
    }

    fn survey(&self, current: &Current) {
        let asked = Instant::now();
        let seen = match self.engine.survey(&current.folder.spot()) {
            Ok(seen) => seen,
            Err(why) => {
                return self.say(|| format!("{} gives no answer: {why}", self.engine.name()));
            }
        };
        let seen: HashMap<&Tag, &Seen> = seen.iter().map(|seen| (&seen.tag, seen)).collect();
        let (patience, settings) = (self.engine.patience(), self.settings());
        let (mut over, mut stuck, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for (tag, flying) in &mut self.state().books.flying {
            match seen.get(tag) {
                Some(seen) => note_seen(flying, seen, &mut told),
                None if flying.since < asked => {
                    flying.missing += 1;
                    // that a unit is forgotten whose end was told is no news
                    let was_over = matches!(flying.seen, Some(State::Over { .. }));
                    if flying.missing >= MISSING && !was_over {
                        flying.note_over(
                            format!("{} does not know it any more", self.engine.name()),
                            End::Machine,
                        );
                    }
                }
                None => {}
            }
            let waits = |over: &Over| {
                if over.end == End::Program { patience.record } else { patience.killed }
            };
            // where even the order was not found, no record is on its way
            let waits = |over: &Over| {
                if never_began(over) { patience.killed.min(waits(over)) } else { waits(over) }
            };
            if flying.over.as_ref().is_some_and(|over| over.since.elapsed() >= waits(over)) {
                over.push(tag.clone());
            }
            let is_stuck = |since: Instant| settings.stuck_after.is_some_and(|time| since.elapsed() >= time);
            if flying.stuck_since.is_some_and(is_stuck) {
                stuck.push(tag.clone());
            }
        }
        for line in told {
            self.voice.tell(format_args!("{line}"));
        }
        over.iter().for_each(|tag| self.give_up(current, tag));
        stuck.iter().for_each(|tag| self.give_up_stuck(current, tag));
    }

    /// A unit is over, and has told nothing for long.
    fn give_up(&self, current: &Current, tag: &Tag) {
        let name = match self.state().books.flying.get(tag) {
            Some(flying) => flying.unit.name,
            None => return,
        };
        if self.take(current, name) && !self.state().books.flying.contains_key(tag) {
            return; // only the hint was lost
        }
        let Some(flying) = self.state().books.land(tag) else {
            return;
        };
        let _ = fs::remove_file(current.folder.order(tag));
        current.folder.discard_record(name); // one that cannot be read, or that says no more than a signal
        let Flying { mut unit, ticket, over, .. } = flying;
        let Some(over) = over else { return };
        let inquest = ticket.as_deref().map_or(String::new(), |ticket| self.engine.inquest(ticket));
        let began = current.folder.read_began(tag);
        let text = self.obituary(current, tag, &over, &inquest, began.as_ref());
        let could_not_write = has_code(&over, CANNOT_WRITE);
        let is_gone = over.end == End::Machine || could_not_write || never_began(&over) && began.is_none();
        if is_gone && unit.losses < self.settings().max_losses && !self.is_to_stop() {
            unit.losses += 1;
            unit.ran |= began.is_some_and(|began| began.ran);
            self.voice.tell(format_args!("`{}` is submitted again: {text}", unit.order.name));
            self.state().books.queue.push_back(unit);
            self.bell.notify_all();
            return;
        }
        let lost = match over.end {
            _ if self.is_to_stop() && over.end == End::Person => Lost::cancelled(text),
            End::Person => Lost::finally(text),
            _ if never_began(&over) && began.is_none() => Lost::finally(text),
            _ => Lost::new(text),
        };
        self.tell_lost(current, unit, tag, lost);
    }

    /// All that is known of a unit without a record.
    fn obituary(
        &self,
        current: &Current,
        tag: &Tag,
        over: &Over,
        inquest: &str,
        began: Option<&Began>,
    ) -> String {
        let mut text = format!("it left no record: {}", over.why);
        if !inquest.is_empty() {
            text.push_str(&format!(" [{inquest}]"));
        }
        match began {
            Some(began) => {
                text.push_str(&format!("; it had begun on {} as {}, process {}", began.node, began.ticket, began.pid));
            }
            None if never_began(over) => text.push_str(
                "; the program or its order was not found there: is the spool on a file system that all machines share?",
            ),
            None => text.push_str("; it had not begun"),
        }
        let tail = current.folder.log_tail(tag);
        if !tail.is_empty() {
            text.push_str(&format!("; its log ends with: {tail}"));
        }
        text
    }

    /// A unit waits for what will not come.
    fn give_up_stuck(&self, current: &Current, tag: &Tag) {
        let Some(flying) = self.state().books.land(tag) else {
            return;
        };
        let _ = fs::remove_file(current.folder.order(tag));
        self.end(&current.folder, flying.ticket.as_slice());
        let why = match &flying.seen {
            Some(State::Waiting { why, .. }) => why.clone(),
            _ => String::new(),
        };
        let lost = Lost::finally(format!("{} has not begun it: {why}", self.engine.name()));
        self.tell_lost(current, flying.unit, tag, lost);
    }
}

fn note_seen(flying: &mut Flying, seen: &Seen, told: &mut Vec<String>) {
    flying.missing = 0;
    flying.ticket = Some(seen.ticket.clone());
    let is_new = flying.seen.as_ref() != Some(&seen.state);
    match &seen.state {
        State::Waiting { why, needs_help: true } => {
            flying.stuck_since.get_or_insert_with(Instant::now);
            if is_new {
                told.push(format!("`{}` waits and needs help: {why}", flying.unit.order.name));
            }
        }
        State::Over { why, end } => {
            match &mut flying.over {
                Some(over) if over.end == End::Program => {
                    (over.why, over.end) = (why.clone(), *end); // it said so itself, and here is why
                }
                _ => flying.note_over(why, *end),
            }
            flying.stuck_since = None;
        }
        _ => {
            flying.stuck_since = None;
            if flying
                .over
                .as_ref()
                .is_some_and(|over| over.end == End::Machine && over.why.contains("does not know"))
            {
                flying.over = None; // it came back
            }
        }
    }
    if is_new {
        flying.seen = Some(seen.state.clone());
    }
}

/// Whether a program did not even find what it was to do.
fn never_began(over: &Over) -> bool {
    [NO_ORDER, 126, 127].into_iter().any(|code| has_code(over, code))
}

fn has_code(over: &Over, code: i32) -> bool {
    let told = format!("exit code {code}");
    over.why.match_indices(&told).any(|(at, _)| {
        let next = over.why[at + told.len()..].chars().next();
        !next.is_some_and(|next| next.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_is_found_in_what_engines_say() {
        let over = |why: &str| Over { since: Instant::now(), why: why.to_owned(), end: End::Program };
        assert!(never_began(&over("exit code 65")) && never_began(&over("FAILED on n1, exit code 127")));
        assert!(never_began(&over("exit code 1270, exit code 127")));
        assert!(!never_began(&over("exit code 6")) && !never_began(&over("exit code 650")));
    }
}
