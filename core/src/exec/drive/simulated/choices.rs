//! What chooses the next step of a simulation: a seed, a list of choices, or an order to follow.

use std::collections::BTreeMap;

use crate::faults::{Call, Step, mix};

/// The choices of one or several runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choices {
    chooser: Chooser,
    /// The number of the run that goes on.
    run: usize,
}

#[derive(Debug, Clone)]
enum Chooser {
    Seeded(Seeded),
    Listed(Listed),
    /// What comes first in this order is next.
    Following(BTreeMap<Call, usize>),
}

#[derive(Debug, Clone)]
struct Seeded {
    random: u64,
    /// Odd seeds give every job a rank, and what stands highest is next, most of the time: so some jobs are far ahead
    /// of others. Even seeds take anything.
    ranks: Option<u64>,
}

/// A choice between several: which was taken, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) taken: usize,
    pub(crate) of: usize,
}

#[derive(Debug, Clone, Default)]
struct Listed {
    /// The choices that are given, and then the ones that were made: always the first.
    choices: Vec<Choice>,
    at: usize,
}

impl Default for Chooser {
    fn default() -> Self {
        Chooser::Listed(Listed::default())
    }
}

impl Choices {
    pub(crate) fn seeded(seed: u64) -> Self {
        let ranks = (seed % 2 == 1).then(|| mix(!seed));
        Choices::of(Chooser::Seeded(Seeded { random: mix(seed), ranks }))
    }

    /// These choices, then always the first.
    pub(crate) fn listed(choices: Vec<Choice>) -> Self {
        Choices::of(Chooser::Listed(Listed { choices, at: 0 }))
    }

    /// As near to this order as is legal.
    pub(crate) fn following(order: &[Call]) -> Self {
        Choices::of(Chooser::Following(order.iter().enumerate().map(|(at, call)| (*call, at)).collect()))
    }

    fn of(chooser: Chooser) -> Self {
        Choices { chooser, ..Choices::default() }
    }

    /// From now on it is chosen for the run of that number.
    pub(crate) fn begin_run(&mut self, run: usize) {
        self.run = run;
    }

    /// The choices that were made, if they are listed.
    pub(crate) fn made(&self) -> &[Choice] {
        match &self.chooser {
            Chooser::Listed(listed) => &listed.choices,
            Chooser::Seeded(_) | Chooser::Following(_) => &[],
        }
    }

    /// One of `acts`, of which each would execute a `step`. `None` if there are none.
    pub(super) fn choose<T: Copy>(&mut self, acts: &[T], step: impl Fn(&T) -> Option<Step>) -> Option<T> {
        let at = match (acts, &mut self.chooser) {
            ([] | [_], _) => 0,
            (_, Chooser::Seeded(seeded)) => seeded.choose(acts.len(), |at| step(&acts[at])),
            (_, Chooser::Listed(listed)) => listed.choose(acts.len()),
            (_, Chooser::Following(order)) => {
                let place = |at: &usize| {
                    step(&acts[*at])
                        .and_then(|step| order.get(&Call { run: self.run, step }))
                        .copied()
                        .unwrap_or(usize::MAX)
                };
                (0..acts.len()).min_by_key(place).unwrap_or(0)
            }
        };
        acts.get(at).copied()
    }
}

impl Seeded {
    fn choose(&mut self, of: usize, step: impl Fn(usize) -> Option<Step>) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let number = mix(self.random);
        match self.ranks {
            Some(ranks) if !number.is_multiple_of(8) => {
                let rank =
                    |at: &usize| mix(ranks ^ step(*at).map_or(u64::MAX, |step| step.job.index() as u64));
                (0..of).max_by_key(rank).unwrap_or(0)
            }
            _ => ((number >> 8) % of as u64) as usize,
        }
    }
}

impl Listed {
    fn choose(&mut self, of: usize) -> usize {
        if self.at == self.choices.len() {
            self.choices.push(Choice { taken: 0, of });
        }
        let choice = &mut self.choices[self.at];
        choice.of = of; // the list may come from another world
        self.at += 1;
        choice.taken.min(of - 1)
    }
}

/// The choices that come next, if all that begin like these were made. `None`: there are no others.
pub(crate) fn following_choices(mut choices: Vec<Choice>) -> Option<Vec<Choice>> {
    while let Some(last) = choices.last_mut() {
        last.taken += 1;
        if last.taken < last.of {
            return Some(choices);
        }
        choices.pop();
    }
    None
}
