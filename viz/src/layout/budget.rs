//! Counted steps instead of a clock: the same graph gets the same care on every machine.

/// What a pass may still spend.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn new(steps: u64) -> Self {
        Self { left: steps }
    }

    /// Takes steps off; says whether there was anything left to take them from.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        let had = self.left > 0;
        self.left = self.left.saturating_sub(steps as u64);
        had
    }

    pub(super) fn is_spent(&self) -> bool {
        self.left == 0
    }

    /// Lets a pass spend at most `percent` of what is left; what it saves, later passes may spend.
    pub(super) fn lend<T>(&mut self, percent: u64, pass: impl FnOnce(&mut Budget) -> T) -> T {
        let lent = self.left / 100 * percent;
        let mut part = Budget::new(lent);
        let result = pass(&mut part);
        self.left -= lent - part.left;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_pass_saves_is_kept() {
        let mut budget = Budget::new(1000);
        budget.lend(50, |part| assert!(part.spend(100)));
        assert_eq!(budget.left, 900);
        budget.lend(50, |part| {
            assert!(part.spend(10_000));
            assert!(part.is_spent() && !part.spend(1));
        });
        assert_eq!(budget.left, 450);
    }
}
