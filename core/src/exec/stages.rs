//! What follows a phase of a try: a pure function of the job's kind and of what happened.

use crate::words::{Kind, Phase};

/// Where a try stands when a phase is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Another phase of the same try follows, however the one before went.
    Due(Phase),
    /// The try has passed.
    Passed,
    /// The try has failed.
    Failed,
    /// Dry run only: nothing is executed that changes something, so the job would run.
    WouldRun,
}

/// The first phase of a try, if it has any. The constructor of a struct job comes before it.
#[inline]
pub(super) fn first(kind: Kind, dry_run: bool) -> Stage {
    match kind {
        Kind::Group => Stage::Passed,
        Kind::RunOnly if dry_run => Stage::WouldRun,
        Kind::RunOnly => Stage::Due(Phase::Run),
        Kind::Job | Kind::CheckOnly => Stage::Due(Phase::Check),
    }
}

/// What follows when `phase` has passed, or has failed.
#[inline]
pub(super) fn after(kind: Kind, dry_run: bool, phase: Phase, passed: bool) -> Stage {
    match (phase, kind) {
        (Phase::Check, Kind::Job) if !passed && !dry_run => Stage::Due(Phase::Run),
        (Phase::Check, Kind::Job) if !passed => Stage::WouldRun,
        (Phase::Run, Kind::Job) => Stage::Due(Phase::Recheck),
        _ if passed => Stage::Passed,
        _ => Stage::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stage::{Due, Failed, Passed, WouldRun};

    /// All phases of a try whose phases pass or fail as `went` says, and its end.
    #[track_caller]
    fn check(kind: Kind, dry_run: bool, went: &[bool], phases: &[Phase], end: Stage) {
        let (mut seen, mut stage) = (Vec::new(), first(kind, dry_run));
        while let Due(phase) = stage {
            stage = after(kind, dry_run, phase, went[seen.len()]);
            seen.push(phase);
        }
        assert_eq!((&*seen, stage), (phases, end), "{kind:?} {dry_run} {went:?}");
    }

    #[test]
    fn a_try_has_the_phases_of_its_kind() {
        use Phase::{Check, Recheck, Run};
        check(Kind::Job, false, &[true], &[Check], Passed);
        for run in [true, false] {
            check(Kind::Job, false, &[false, run, true], &[Check, Run, Recheck], Passed);
            check(Kind::Job, false, &[false, run, false], &[Check, Run, Recheck], Failed);
        }
        check(Kind::RunOnly, false, &[true], &[Run], Passed);
        check(Kind::RunOnly, false, &[false], &[Run], Failed);
        check(Kind::CheckOnly, false, &[true], &[Check], Passed);
        check(Kind::CheckOnly, false, &[false], &[Check], Failed);
        check(Kind::Group, false, &[], &[], Passed);
    }

    #[test]
    fn a_dry_run_has_first_checks_alone() {
        check(Kind::Job, true, &[true], &[Phase::Check], Passed);
        check(Kind::Job, true, &[false], &[Phase::Check], WouldRun);
        check(Kind::RunOnly, true, &[], &[], WouldRun);
        check(Kind::CheckOnly, true, &[false], &[Phase::Check], Failed);
        check(Kind::Group, true, &[], &[], Passed);
    }

    #[test]
    fn a_constructor_that_fails_ends_its_try() {
        assert_eq!(after(Kind::Job, false, Phase::Create, false), Failed);
        assert_eq!(after(Kind::Job, true, Phase::Create, false), Failed);
    }
}
