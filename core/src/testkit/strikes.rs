//! One fault at a time, at every call of a run.

use crate::faults::{Call, Fault, Strike};
use crate::testkit::observation::Observation;

/// All that may go wrong once: at each call of a calm run each of the faults that are tried there.
pub(super) fn strikes<O>(
    calm: &Observation<O>,
    faults: impl Fn(Call) -> &'static [Fault],
) -> impl Iterator<Item = Strike> {
    calm.calls.iter().enumerate().flat_map(move |(at, call)| {
        faults(*call).iter().map(move |fault| Strike { at: at + 1, fault: *fault, lasts: false })
    })
}

/// All that may go wrong for good: the same at each call of a job with other tries left, which fail at that place, too.
pub(super) fn lasting_strikes<O>(
    calm: &Observation<O>,
    faults: impl Fn(Call) -> &'static [Fault],
) -> impl Iterator<Item = Strike> {
    let goes_on = |strike: &Strike| calm.has_tries_left(calm.calls[strike.at - 1]);
    strikes(calm, faults).filter(goes_on).map(|strike| Strike { lasts: true, ..strike })
}
