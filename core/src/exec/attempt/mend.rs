//! Makes whole tries of what is known of units that were lost.
//!
//! What comes back of a unit may end anywhere. In the records of a run each try has an end all the same: the phase that
//! was cut off has failed, and what follows from that is told as ever.

use std::time::Duration;

use crate::elsewhere::{Lost, PhaseDone};
use crate::error::{ErrorClass, ErrorText};
use crate::words::{Kind, Phase};

/// What a check is said to have failed with that nobody has seen.
const UNSEEN: &str = "what it said is not known: its unit was lost while the run went on";
/// What a run is said to have failed with that nobody has seen the end of.
const CUT_OFF: &str = "its unit was lost while it went on";

/// The phases of a whole try of which these are known. One that the stop of the run has ended before its first has none.
pub(super) fn whole_try(
    kind: Kind,
    attempt: u32,
    mut phases: Vec<PhaseDone>,
    ran_before: bool,
    lost: Option<&Lost>,
) -> Vec<PhaseDone> {
    let has_run = phases.iter().any(|done| done.phase == Phase::Run);
    if ran_before && !has_run {
        phases = after_lost_run(kind, attempt, phases);
    }
    if let Some(lost) = lost {
        cut_off(kind, attempt, &mut phases, lost);
    }
    phases
}

/// A submission was lost while its run went on, and the one that followed did not run: so its check is the recheck of
/// that run.
fn after_lost_run(kind: Kind, attempt: u32, phases: Vec<PhaseDone>) -> Vec<PhaseDone> {
    let run = failed(attempt, Phase::Run, Duration::ZERO, text(CUT_OFF, ErrorClass::Plain));
    if kind != Kind::Job {
        return vec![run];
    }
    let check = failed(attempt, Phase::Check, Duration::ZERO, text(UNSEEN, ErrorClass::Plain));
    let last = phases.into_iter().rfind(|done| done.phase == Phase::Check);
    [check, run].into_iter().chain(last.map(|last| PhaseDone { phase: Phase::Recheck, ..last })).collect()
}

/// The try ends with what it was lost by.
fn cut_off(kind: Kind, attempt: u32, phases: &mut Vec<PhaseDone>, lost: &Lost) {
    let error = |class| Some(text(&lost.why, class));
    let class = match lost {
        Lost { is_cancelled: true, .. } => ErrorClass::Cancelled,
        Lost { is_final: true, .. } => ErrorClass::Permanent,
        _ => ErrorClass::Unknown, // no run follows a check whose answer was not seen
    };
    match phases.last_mut() {
        None if lost.is_cancelled => {}
        None => phases.push(failed(attempt, Phase::Create, Duration::ZERO, text(&lost.why, class))),
        Some(last) if last.phase == Phase::Run && kind == Kind::Job && !lost.is_cancelled => {
            let end = last.start + last.length;
            last.error.get_or_insert_with(|| text(&lost.why, ErrorClass::Plain));
            phases.push(failed(attempt, Phase::Recheck, end, text(&lost.why, class)));
        }
        Some(last) => last.error = error(class),
    }
}

fn failed(attempt: u32, phase: Phase, start: Duration, error: ErrorText) -> PhaseDone {
    PhaseDone { attempt, phase, worker: 0, start, length: Duration::ZERO, error: Some(error) }
}

fn text(message: &str, class: ErrorClass) -> ErrorText {
    ErrorText::of_message(message).with_class(class)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Phases by their first letters, `!` behind those that failed: what is known, and what becomes of it.
    #[track_caller]
    fn check(kind: Kind, known: &str, ran_before: bool, lost: Option<Lost>, expected: &str) {
        let letters: Vec<char> = known.chars().collect();
        let phase = |letter: &char| *Phase::ALL.iter().find(|phase| short(**phase) == *letter).unwrap();
        let known = letters.iter().enumerate().filter(|(_, letter)| **letter != '!').map(|(at, letter)| {
            let error = (letters.get(at + 1) == Some(&'!')).then(|| text("no", ErrorClass::Plain));
            let (start, length) = (Duration::ZERO, Duration::ZERO);
            PhaseDone { attempt: 2, phase: phase(letter), worker: 0, start, length, error }
        });
        let whole = whole_try(kind, 2, known.collect(), ran_before, lost.as_ref());
        let told: Vec<String> = whole
            .iter()
            .map(|done| {
                let error = done.error.as_ref().map(|error| format!("{:?}", error.class()));
                format!("{}{}", short(done.phase), error.map_or(String::new(), |class| format!(" {class}")))
            })
            .collect();
        assert_eq!(told.join(", "), expected);
        assert!(whole.iter().all(|done| done.attempt == 2));
    }

    /// c(n)structor, (c)heck, (r)un, r(e)check, clea(u)p.
    fn short(phase: Phase) -> char {
        match phase {
            Phase::Create => 'n',
            Phase::Check => 'c',
            Phase::Run => 'r',
            Phase::Recheck => 'e',
            Phase::Cleanup => 'u',
        }
    }

    #[test]
    fn what_is_whole_stays_as_it_is() {
        check(Kind::Job, "c", false, None, "c");
        check(Kind::Job, "c!re", false, None, "c Plain, r, e");
        check(Kind::RunOnly, "r!", false, None, "r Plain");
    }

    #[test]
    fn a_lost_try_ends_with_what_it_was_lost_by() {
        let lost = || Some(Lost::new("the node burns"));
        check(Kind::Job, "", false, lost(), "n Unknown");
        check(Kind::RunOnly, "", false, lost(), "n Unknown");
        check(Kind::Job, "c", false, lost(), "c Unknown");
        check(Kind::Job, "c!", false, lost(), "c Unknown");
        check(Kind::Job, "c!r", false, lost(), "c Plain, r Plain, e Unknown");
        check(Kind::Job, "c!re", false, lost(), "c Plain, r, e Unknown");
        check(Kind::RunOnly, "r", false, lost(), "r Unknown");
        check(Kind::CheckOnly, "c", false, lost(), "c Unknown");
    }

    #[test]
    fn what_no_other_try_can_help_is_permanent() {
        let lost = || Some(Lost::finally("another graph"));
        check(Kind::Job, "", false, lost(), "n Permanent");
        check(Kind::Job, "c!r", false, lost(), "c Plain, r Plain, e Permanent");
        check(Kind::RunOnly, "r", false, lost(), "r Permanent");
    }

    #[test]
    fn what_was_cancelled_is_not_rechecked() {
        let lost = || Some(Lost::cancelled("the run is stopped"));
        check(Kind::Job, "", false, lost(), "");
        check(Kind::RunOnly, "", true, lost(), "r Cancelled");
        check(Kind::Job, "c!r", false, lost(), "c Plain, r Cancelled");
    }

    #[test]
    fn a_run_that_was_lost_has_been_executed() {
        check(Kind::Job, "c", true, None, "c Plain, r Plain, e");
        check(Kind::Job, "c!re", true, None, "c Plain, r, e");
        check(Kind::Job, "c!", true, None, "c Plain, r Plain, e Plain");
        let lost = || Some(Lost::new("again"));
        check(Kind::Job, "", true, lost(), "c Plain, r Plain, e Unknown");
        check(Kind::RunOnly, "", true, lost(), "r Unknown");
    }
}
