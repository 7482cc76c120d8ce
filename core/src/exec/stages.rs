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

/// How a phase went, as far as what follows depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Went {
    Passed,
    Failed,
    /// It has failed in a way that no run can mend: the state could not be seen, or no other try can help.
    Beyond,
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

/// What follows a phase.
#[inline]
pub(super) fn after(kind: Kind, dry_run: bool, phase: Phase, went: Went) -> Stage {
    match (phase, kind, went) {
        (Phase::Check, Kind::Job, Went::Failed) if dry_run => Stage::WouldRun,
        (Phase::Check, Kind::Job, Went::Failed) => Stage::Due(Phase::Run),
        (Phase::Run, Kind::Job, _) => Stage::Due(Phase::Recheck),
        (_, _, Went::Passed) => Stage::Passed,
        _ => Stage::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stage::{Due, Failed, Passed, WouldRun};

    /// All phases of a try whose phases pass or fail as `went` says, and its end.
    #[track_caller]
    fn check(kind: Kind, dry_run: bool, went: &[Went], phases: &[Phase], end: Stage) {
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
        use Went::{Beyond, Failed as No, Passed as Yes};
        check(Kind::Job, false, &[Yes], &[Check], Passed);
        check(Kind::Job, false, &[Beyond], &[Check], Failed);
        for run in [Yes, No, Beyond] {
            check(Kind::Job, false, &[No, run, Yes], &[Check, Run, Recheck], Passed);
            check(Kind::Job, false, &[No, run, No], &[Check, Run, Recheck], Failed);
            check(Kind::Job, false, &[No, run, Beyond], &[Check, Run, Recheck], Failed);
        }
        for (went, end) in [(Yes, Passed), (No, Failed), (Beyond, Failed)] {
            check(Kind::RunOnly, false, &[went], &[Run], end);
            check(Kind::CheckOnly, false, &[went], &[Check], end);
        }
        check(Kind::Group, false, &[], &[], Passed);
    }

    #[test]
    fn a_dry_run_has_first_checks_alone() {
        check(Kind::Job, true, &[Went::Passed], &[Phase::Check], Passed);
        check(Kind::Job, true, &[Went::Failed], &[Phase::Check], WouldRun);
        check(Kind::Job, true, &[Went::Beyond], &[Phase::Check], Failed);
        check(Kind::RunOnly, true, &[], &[], WouldRun);
        check(Kind::CheckOnly, true, &[Went::Failed], &[Phase::Check], Failed);
        check(Kind::Group, true, &[], &[], Passed);
    }

    #[test]
    fn a_constructor_that_fails_ends_its_try() {
        for went in [Went::Failed, Went::Beyond] {
            assert_eq!(after(Kind::Job, false, Phase::Create, went), Failed);
            assert_eq!(after(Kind::Job, true, Phase::Create, went), Failed);
        }
    }
}
