//! Where the choices of a generator come from: a seed, or the bytes of a fuzzer.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Reason, TestRunner};

/// A source of numbers.
pub(super) enum Dice<'b> {
    Seeded(u64),
    /// Until they are used up; then it is all zeroes.
    Bytes(std::slice::Iter<'b, u8>),
}

impl Dice<'_> {
    pub(super) fn random(runner: &mut TestRunner) -> Result<Self, Reason> {
        Ok(Dice::Seeded(proptest::num::u64::ANY.new_tree(runner)?.current()))
    }

    /// Below `bound`, or 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        if bound < 2 {
            return 0;
        }
        let number = match self {
            Dice::Seeded(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                mix(*state)
            }
            Dice::Bytes(bytes) => {
                let mut next = || u64::from(bytes.next().copied().unwrap_or(0));
                if bound <= 256 { next() } else { next() << 8 | next() }
            }
        };
        (number % bound as u64) as usize
    }

    /// From `from` up to and without `to`; `from` if there is nothing between.
    pub(super) fn between(&mut self, from: usize, to: usize) -> usize {
        from + self.below(to.saturating_sub(from))
    }

    pub(super) fn percent(&mut self, chance: u8) -> bool {
        // the lowest numbers say no: so what runs dry is the simplest thing
        self.below(100) >= 100 - usize::from(chance.min(100))
    }
}

/// A number that looks nothing like the one that it was made of: the step of SplitMix64.
fn mix(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
