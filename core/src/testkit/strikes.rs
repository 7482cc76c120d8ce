//! One fault at a time, at every call of a run.

use crate::faults::{Call, Fault, Strike};
use crate::testkit::observation::Observation;

/// All that may go wrong once: at each call of a calm run each of the faults that are tried there.
pub(super) fn strikes<O>(
    calm: &Observation<O>,
    faults: impl Fn(Call) -> &'static [Fault],
) -> impl Iterator<Item = Strike> {
    calm.calls.iter().enumerate().flat_map(move |(at, call)| {
        faults(*call).iter().map(move |fault| Strike { at: at + 1, fault: *fault })
    })
}
