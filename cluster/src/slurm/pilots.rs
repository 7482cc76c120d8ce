//! Pilots: allocations in which processes take units from the spool, one after the other.
//!
//! Units are offered as files, and pilots are submitted as long as there are fewer than are wanted and something is offered.
//! What becomes of a unit is seen in the spool, and what becomes of its pilot in the queue.

use std::collections::BTreeMap;

use crate::engine::{Batch, End, RunSpot, Seen, State, SubmitError, Tag};
use crate::needs::Needs;
use crate::slurm::submission::{Account, Submission};
use crate::slurm::words::{Job, PILOT, is_passing};
use crate::spool::{Claims, HowEnded, Open, RunFolder};

/// How many allocations there are at once, and how many units each executes at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pilots {
    pub(super) count: usize,
    pub(super) workers: usize,
}

impl Default for Pilots {
    fn default() -> Self {
        Pilots { count: 0, workers: 1 }
    }
}

/// What tickets of units begin with that pilots execute: the rest is their name.
const UNIT: &str = "unit ";

impl Pilots {
    /// Offers the units of a batch. `None`: they need what pilots do not have, and are to be submitted by themselves.
    pub(super) fn submit(
        self,
        batch: &Batch<'_>,
        account: &Account,
        queue: impl FnOnce() -> Result<Vec<Job>, String>,
    ) -> Option<Result<(), SubmitError>> {
        let needs = batch.needs;
        if needs.cpus.is_some_and(|cpus| cpus > 1) || needs.memory_mb.is_some() || !needs.options.is_empty() {
            return None;
        }
        let jobs = match queue() {
            Ok(jobs) => jobs,
            Err(why) if is_passing(&why) => return Some(Err(SubmitError::Busy(why))),
            Err(why) => return Some(Err(SubmitError::Refused(why))),
        };
        let is_there = |node: &String| jobs.iter().any(|job| job.is_pilot() && job.runs_on(node));
        if needs.node.as_ref().is_some_and(|node| !is_there(node)) {
            return None; // nobody would take it
        }
        let claims = Claims::new(batch.run.folder);
        let open = |index| Open { tag: batch.tag(index), node: needs.node.clone() };
        let offered = claims
            .create()
            .and_then(|()| (0..batch.units).try_for_each(|index| claims.offer(&open(index), needs.time)));
        let sent = match offered {
            Ok(()) => self.send(&batch.run, account, &jobs, claims.open().len()),
            Err(error) => Err(SubmitError::Busy(format!("a unit cannot be offered: {error}"))),
        };
        if sent.is_err() && !jobs.iter().any(|job| job.is_pilot() && !job.is_over()) {
            (0..batch.units).for_each(|index| _ = claims.withdraw(&open(index)));
            return Some(sent);
        }
        Some(Ok(())) // those pilots that are there take them
    }

    /// Submits pilots, if there are fewer than can be used.
    fn send(
        self,
        run: &RunSpot<'_>,
        account: &Account,
        jobs: &[Job],
        open: usize,
    ) -> Result<(), SubmitError> {
        let alive = jobs.iter().filter(|job| job.is_pilot() && !job.is_over()).count();
        let wanted = self.count.min(open.div_ceil(self.workers)).saturating_sub(alive);
        if wanted == 0 {
            return Ok(());
        }
        let folder = RunFolder::of_spot(run);
        let start = folder.read_run().map_err(SubmitError::Busy)?;
        let log = |index: &str| folder.path.join(format!("log/pilot.{index}.log")).display().to_string();
        account.submit(&Submission {
            label: "dj.pilot",
            comment: format!("dojobber:{}:{PILOT}", run.id),
            count: wanted as u32,
            needs: &Needs { cpus: Some(self.workers as u32), ..Needs::default() },
            log: &log,
            unit_prefix: format!("{}/pilot/{}.", run.folder.display(), self.workers),
            program: &folder.program(),
            args: &start.args,
            cwd: &start.cwd,
        })
    }

    /// What has become of units that were offered. Pilots that have gone too early are replaced.
    pub(super) fn survey(self, run: &RunSpot<'_>, account: &Account, jobs: &[Job]) -> Vec<Seen> {
        let claims = Claims::new(run.folder);
        // in the order in which units go: who is taken meanwhile is seen once at least
        let (open, held, over) = (claims.open(), claims.all_held(), claims.all_over());
        let pilots: BTreeMap<&str, &State> =
            jobs.iter().filter(|job| job.is_pilot()).map(|job| (&*job.ticket, &job.state)).collect();
        let mut seen: BTreeMap<Tag, State> = BTreeMap::new();
        for open in &open {
            let is_there = |node: &String| jobs.iter().any(|job| job.is_pilot() && job.runs_on(node));
            let state = match &open.node {
                Some(node) if !is_there(node) && claims.withdraw(open) => {
                    let why = format!("there is no pilot on {node} any more");
                    State::Over { why, end: End::Machine }
                }
                _ => waiting(&pilots),
            };
            seen.insert(open.tag.clone(), state);
        }
        seen.extend(
            held.into_iter().map(|(tag, pilot)| (tag, state_there(&pilot, pilots.get(&*pilot).copied()))),
        );
        seen.extend(over.into_iter().map(|(tag, how)| (tag, ended(how))));
        if !open.is_empty() {
            let _ = self.send(run, account, jobs, open.len()); // another time, then
        }
        let seen = seen.into_iter().map(|(tag, state)| Seen { ticket: format!("{UNIT}{tag}"), tag, state });
        seen.collect()
    }
}

/// Ends those units of pilots that are among these tickets, and returns the other tickets.
pub(super) fn cancel(run: &RunSpot<'_>, tickets: &[String]) -> Result<Vec<String>, String> {
    let claims = Claims::new(run.folder);
    let (units, others): (Vec<&String>, Vec<&String>) =
        tickets.iter().partition(|ticket| ticket.starts_with(UNIT));
    let open = if units.is_empty() { Vec::new() } else { claims.open() };
    for name in units.into_iter().filter_map(|ticket| ticket.strip_prefix(UNIT)) {
        let waiting = open.iter().find(|open| open.tag.to_string() == name);
        if waiting.is_some_and(|open| claims.withdraw(open)) {
            continue;
        }
        claims.ask_to_cancel(name).map_err(|error| format!("a pilot cannot be asked: {error}"))?;
    }
    Ok(others.into_iter().cloned().collect())
}

/// What a unit waits for that no pilot has taken.
fn waiting(pilots: &BTreeMap<&str, &State>) -> State {
    let is_running = pilots.values().any(|state| matches!(state, State::Running { .. }));
    let held_up = pilots.values().find_map(|state| match state {
        State::Waiting { why, needs_help } if !is_running => {
            Some(State::Waiting { why: format!("its pilots: {why}"), needs_help: *needs_help })
        }
        _ => None,
    });
    held_up.unwrap_or(State::Waiting { why: "a pilot".to_owned(), needs_help: false })
}

/// How far a unit is that this pilot has taken.
fn state_there(pilot: &str, state: Option<&State>) -> State {
    match state {
        Some(State::Running { node }) => State::Running { node: node.clone() },
        Some(State::Over { why, end }) => {
            // whatever has ended the pilot, the unit is not to blame
            let end = if *end == End::Person { End::Person } else { End::Machine };
            State::Over { why: format!("its pilot {pilot}: {why}"), end }
        }
        Some(waiting @ State::Waiting { .. }) => waiting.clone(), // not yet seen to run
        None => State::Over { why: format!("its pilot {pilot} is gone"), end: End::Machine },
    }
}

fn ended(how: HowEnded) -> State {
    let (why, end) = match how {
        HowEnded::Code(code) => (format!("exit code {code}"), End::Program),
        HowEnded::Signal(signal) => (format!("killed by signal {signal}"), End::Program),
        HowEnded::Overdue => ("its time was over".to_owned(), End::Limit),
        HowEnded::Cancelled => ("it was cancelled".to_owned(), End::Person),
        HowEnded::NotStarted => ("exit code 127: it did not start".to_owned(), End::Program),
    };
    State::Over { why, end }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_as_its_pilot_is() {
        let running = State::Running { node: "n1".to_owned() };
        assert_eq!(state_there("7", Some(&running)), running);
        let over = |end| State::Over { why: "TIMEOUT".to_owned(), end };
        let told = |state: Option<&State>| match state_there("7", state) {
            State::Over { why, end } => format!("{why}, {end:?}"),
            other => format!("{other:?}"),
        };
        assert_eq!(told(Some(&over(End::Limit))), "its pilot 7: TIMEOUT, Machine");
        assert_eq!(told(Some(&over(End::Program))), "its pilot 7: TIMEOUT, Machine");
        assert_eq!(told(Some(&over(End::Person))), "its pilot 7: TIMEOUT, Person");
        assert_eq!(told(None), "its pilot 7 is gone, Machine");
    }

    #[test]
    fn what_waits_tells_what_its_pilots_wait_for() {
        let held = State::Waiting { why: "JobHeldUser".to_owned(), needs_help: true };
        let running = State::Running { node: "n1".to_owned() };
        let told = |states: &[&State]| {
            let names = ["a", "b"];
            match waiting(&names.into_iter().zip(states.iter().copied()).collect()) {
                State::Waiting { why, needs_help } => format!("{why} {needs_help}"),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(told(&[]), "a pilot false");
        assert_eq!(told(&[&held]), "its pilots: JobHeldUser true");
        assert_eq!(told(&[&held, &running]), "a pilot false");
    }
}
