//! From two orders with different ends to the two steps whose order makes the difference.

use std::fmt::Debug;

use crate::faults::Call;
use crate::testkit::finding::Trouble;
use crate::testkit::observation::Observation;

/// Two orders that differ by two neighbours only, with different ends.
pub(super) struct Narrowed<O> {
    /// It leads to what the first order leads to.
    pub(super) good: Observation<O>,
    pub(super) bad: Observation<O>,
    /// In the bad order this one comes before the other.
    early: Call,
    late: Call,
}

/// Goes from the first order to the other in steps so small that the difference lies between two neighbours.
///
/// The orders between begin like the other and go on like the first. At one place of that row the end changes: there,
/// one call more is taken from the other order. In the last good order that call comes later, and is moved forward from
/// there, one place at a time. Each search halves what is left, for whatever lies between, an end that is the same and
/// one that is not stand at its ends. `None` if the two orders do not lead where they did before.
pub(super) fn narrow<O>(
    first: &Observation<O>,
    other: &Observation<O>,
    mut follow: impl FnMut(&[Call]) -> Observation<O>,
    same: impl Fn(&Observation<O>) -> bool,
) -> Option<Narrowed<O>> {
    let taken = |count: usize| {
        let head = &other.calls[..count];
        let rest = first.calls.iter().filter(|call| !head.contains(call));
        head.iter().chain(rest).copied().collect::<Vec<_>>()
    };
    let (kept, good, bad) = flip(0, other.calls.len(), |count| follow(&taken(count)), &same)?;
    let early = other.calls[kept];
    let from = good.calls.iter().position(|call| *call == early)?;
    let late = *good.calls.get(kept).filter(|late| **late != early)?;
    let order = good.calls.clone();
    let at = |places: usize| {
        let mut order = order.clone();
        let call = order.remove(from);
        order.insert(from - places, call);
        order
    };
    // what follows after the call may be another than in the first row: then the neighbours there have to do
    let wide = Narrowed { good, bad, early, late };
    let Some((places, good, bad)) = flip(0, from.checked_sub(kept)?, |places| follow(&at(places)), &same)
    else {
        return Some(wide);
    };
    Some(Narrowed { good, bad, early, late: at(places)[from - places - 1] })
}

/// Where in a row something changes: the last place before, and what stands on both sides.
fn flip<O>(
    mut low: usize,
    mut high: usize,
    mut at: impl FnMut(usize) -> Observation<O>,
    same: &impl Fn(&Observation<O>) -> bool,
) -> Option<(usize, Observation<O>, Observation<O>)> {
    let (mut good, mut bad) = (at(low), at(high));
    if !same(&good) || same(&bad) {
        return None;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let trial = at(middle);
        if same(&trial) { (low, good) = (middle, trial) } else { (high, bad) = (middle, trial) }
    }
    Some((low, good, bad))
}

impl<O: Debug + PartialEq> Narrowed<O> {
    /// `contrast` tells what the two orders lead to, each by its name.
    pub(super) fn trouble(
        &self,
        contrast: impl Fn((&str, &Observation<O>), (&str, &Observation<O>)) -> String,
    ) -> Trouble {
        let Narrowed { good, bad, early, late } = self;
        let (one, other) = (bad.job(*early), bad.job(*late));
        let good_order = format!("{}, then {}", good.told(*late), good.told(*early));
        let bad_order = format!("{}, then {}", bad.told(*early), bad.told(*late));
        let trouble = match late.step.part {
            0 => Trouble::new(format!("it makes a difference whether `{one}` or `{other}` comes first"))
                .job(one.as_str())
                .job(other.as_str())
                .phase(early.step.phase),
            _ => {
                Trouble::new(format!("it makes a difference that `{one}` goes on in the middle of `{other}`"))
                    .job(other.as_str())
                    .job(one.as_str())
                    .phase(late.step.phase)
            }
        };
        trouble
            .detail(contrast((&good_order, good), (&bad_order, bad)))
            .detail("neither is after the other: if one needs what the other does, say so with `.after(..)`")
            .detail(format!("an order that shows it: {}", self.order()))
    }

    /// Up to the two calls. What goes on without a break is told once.
    fn order(&self) -> String {
        const SHOWN: usize = 24;
        let (bad, pair) = (&self.bad, [self.early, self.late]);
        let end = bad.calls.iter().rposition(|call| pair.contains(call)).map_or(bad.calls.len(), |at| at + 1);
        let goes_on = |at: usize| {
            let Call { run, mut step } = bad.calls[at];
            step.part = step.part.wrapping_sub(1);
            at > 0 && bad.calls[at - 1] == Call { run, step } && !pair.contains(&bad.calls[at])
        };
        let calls: Vec<String> =
            (0..end).filter(|at| !goes_on(*at)).map(|at| bad.told(bad.calls[at])).collect();
        let start = calls.len().saturating_sub(SHOWN);
        format!("{}{}", if start > 0 { ".. " } else { "" }, calls[start..].join(", "))
    }
}
