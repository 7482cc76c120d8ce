//! Counts crossings.

use crate::layout::budget::Budget;
use crate::layout::layers::Layers;

/// The crossings of two vertices side by side, and what they would be the other way round, from the sorted places
/// of their neighbours on another row.
pub(super) fn of_pair(left: &[u32], right: &[u32]) -> (u64, u64) {
    if let (&[left], &[right]) = (left, right) {
        return (u64::from(left > right), u64::from(left < right));
    }
    let (mut now, mut equal) = (0, 0);
    let (mut below, mut up_to) = (0, 0);
    for place in left {
        while right.get(below).is_some_and(|other| other < place) {
            below += 1;
        }
        up_to = up_to.max(below);
        while right.get(up_to).is_some_and(|other| other == place) {
            up_to += 1;
        }
        now += below as u64;
        equal += (up_to - below) as u64;
    }
    (now, (left.len() * right.len()) as u64 - now - equal)
}

/// The crossings of all links.
pub(super) fn total(layers: &Layers, budget: &mut Budget) -> u64 {
    let mut counter = Counter::default();
    layers.rows.windows(2).map(|rows| counter.between(layers, &rows[0], rows[1].len(), budget)).sum()
}

/// Counts from left to right how many earlier links end further right, in a tree of sums (Fenwick's).
#[derive(Default)]
struct Counter {
    sums: Vec<u64>,
    ends: Vec<usize>,
}

impl Counter {
    fn between(&mut self, layers: &Layers, upper: &[usize], lower_len: usize, budget: &mut Budget) -> u64 {
        self.sums.clear();
        self.sums.resize(lower_len + 1, 0);
        let (mut seen, mut count) = (0, 0);
        for &vertex in upper {
            self.ends.clear();
            self.ends.extend(layers.below.of(vertex).iter().map(|&head| layers.places[head]));
            for &end in &self.ends {
                count += seen - sum_up_to(&self.sums, end);
            }
            for &end in &self.ends {
                add(&mut self.sums, end);
            }
            seen += self.ends.len() as u64;
        }
        budget.spend(2 * seen as usize);
        count
    }
}

fn sum_up_to(sums: &[u64], place: usize) -> u64 {
    let (mut index, mut sum) = (place + 1, 0);
    while index > 0 {
        sum += sums[index];
        index &= index - 1;
    }
    sum
}

fn add(sums: &mut [u64], place: usize) {
    let mut index = place + 1;
    while index < sums.len() {
        sums[index] += 1;
        index += index & index.wrapping_neg();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(left: &[u32], right: &[u32], now: u64, then: u64) {
        assert_eq!(of_pair(left, right), (now, then));
        assert_eq!(of_pair(right, left), (then, now));
    }

    #[test]
    fn pairs() {
        check(&[], &[1], 0, 0);
        check(&[0], &[1], 0, 1);
        check(&[1], &[1], 0, 0);
        check(&[1, 1], &[1, 2], 0, 2);
        check(&[0, 2, 2], &[1, 1, 3], 4, 5);
    }
}
