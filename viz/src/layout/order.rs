//! Arranges the rows so that few edges cross.
//!
//! Sweeps up and down sort each row by the middle of its neighbours; between sweeps, neighbours in a row change
//! places where that costs nothing: an equal swap often opens the way to a better one. As all this ends in a local
//! optimum, it starts several times from different orders, and the best result is sifted at last. Of orders with
//! equally many crossings, one with shorter links is better, but the first orders are those of the declaration: what
//! takes their place must be clearly shorter.

use std::cmp::Ordering;

use super::budget::Budget;
use super::layers::Layers;
use super::random::Random;
use middle::Middle;
use places::SortedPlaces;

mod crossings;
mod initial;
mod middle;
mod mirror;
mod places;
mod sift;
mod transpose;
mod twins;

/// A sweep that gains less than one part in so many does not count as a success.
const GAIN: u64 = 200;
/// As many crossings, but links of at most this share of the length, are clearly better.
const SHORTER: f64 = 0.99;

/// How much care a graph gets.
#[derive(Debug, Clone, Copy)]
struct Effort {
    attempts: usize,
    sweeps: usize,
    /// The number of sweeps without success that end an attempt.
    patience: usize,
    siftings: usize,
    /// The number of attempts, even if the first is without crossings: another may have shorter links.
    planar_attempts: usize,
}

impl Effort {
    fn for_vertices(vertices: usize) -> Self {
        match vertices {
            0..400 => Self { attempts: 24, sweeps: 24, patience: 8, siftings: 10, planar_attempts: 24 },
            400..1_000 => Self { attempts: 12, sweeps: 24, patience: 8, siftings: 10, planar_attempts: 6 },
            1_000..5_000 => Self { attempts: 4, sweeps: 24, patience: 4, siftings: 10, planar_attempts: 1 },
            5_000..20_000 => Self { attempts: 2, sweeps: 24, patience: 4, siftings: 4, planar_attempts: 1 },
            _ => Self { attempts: 2, sweeps: 12, patience: 8, siftings: 4, planar_attempts: 1 },
        }
    }
}

/// Finds a good order for all rows; `length` tells roughly how long the links of an order will be.
pub(super) fn arrange(layers: &mut Layers, length: &dyn Fn(&Layers) -> f64, budget: &mut Budget) {
    if layers.rows.iter().all(|row| row.len() <= 1) {
        return;
    }
    let effort = Effort::for_vertices(layers.len());
    let mut places = SortedPlaces::new(layers);
    let mut random = Random::new();
    let mut best = Best::none();
    for attempt in 0..effort.attempts {
        layers.arrange(initial::order(layers, attempt, &mut random));
        let local = improve(layers, &mut places, attempt, effort, budget);
        best.take_better(local, layers, length);
        if budget.is_spent() || (best.crossings == 0 && attempt + 1 >= effort.planar_attempts) {
            break;
        }
    }
    layers.arrange(best.rows);
    if best.crossings > 0 {
        for _ in 0..effort.siftings {
            if sift::sift(layers, &mut places, budget) == 0 {
                break;
            }
        }
    }
    mirror::turn(layers);
    twins::sort(layers);
}

/// Sweeps and transposes as long as it helps, and returns the best order on the way.
fn improve(
    layers: &mut Layers,
    places: &mut SortedPlaces,
    attempt: usize,
    effort: Effort,
    budget: &mut Budget,
) -> Best {
    let middle = if matches!(attempt % 4, 1 | 2) { Middle::Mean } else { Middle::Median };
    let mut local = Best::none();
    let mut failures = 0;
    local.offer(layers, budget);
    if local.crossings == 0 || budget.is_spent() {
        return local;
    }
    transpose::transpose(layers, places, false, budget);
    local.offer(layers, budget);
    for sweep in 0..effort.sweeps {
        middle::sweep(layers, middle, sweep % 2 == 0, sweep % 4 >= 2, budget);
        transpose::transpose(layers, places, sweep % 4 < 2, budget);
        let before = local.crossings;
        local.offer(layers, budget);
        failures = if local.crossings < before - before / GAIN { 0 } else { failures + 1 };
        if local.crossings == 0 || failures > effort.patience || budget.is_spent() {
            break;
        }
    }
    local
}

/// The best order so far.
struct Best {
    crossings: u64,
    rows: Vec<Vec<usize>>,
}

impl Best {
    fn none() -> Self {
        Self { crossings: u64::MAX, rows: Vec::new() }
    }

    fn offer(&mut self, layers: &Layers, budget: &mut Budget) {
        let crossings = crossings::total(layers, budget);
        if crossings < self.crossings {
            self.crossings = crossings;
            self.rows.clone_from(&layers.rows);
        }
    }

    /// Takes the other's order if it has fewer crossings, or as many and clearly shorter links.
    fn take_better(&mut self, other: Best, layers: &mut Layers, length: &dyn Fn(&Layers) -> f64) {
        let mut length_of = |order: &Best| {
            layers.arrange(order.rows.clone());
            length(layers)
        };
        let is_better = match other.crossings.cmp(&self.crossings) {
            Ordering::Less => true,
            Ordering::Equal => length_of(&other) < SHORTER * length_of(self),
            Ordering::Greater => false,
        };
        if is_better {
            *self = other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ranks: &[usize], edges: &[(usize, usize)], crossings: u64) {
        let mut layers = Layers::new(ranks, edges, 1000);
        arrange(&mut layers, &|_| 0.0, &mut Budget::new(1_000_000));
        assert_eq!(crossings::total(&layers, &mut Budget::new(0)), crossings, "{:?}", layers.rows);
        let mut vertices: Vec<usize> = layers.rows.concat();
        vertices.sort_unstable();
        assert!(vertices.into_iter().eq(0..layers.len()), "every vertex has one place");
    }

    #[test]
    fn planar_graphs_have_no_crossings() {
        check(&[0], &[], 0);
        check(&[0, 0, 1, 1], &[(0, 3), (1, 2)], 0);
        check(&[0, 1, 1, 2, 2, 2, 2], &[(0, 1), (0, 2), (1, 6), (2, 3), (1, 4), (2, 5)], 0);
        // a long edge must go around, not through
        check(&[0, 1, 1, 2, 3], &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)], 0);
    }

    /// Jobs that stand alone are drawn by thousands.
    #[test]
    fn where_there_is_one_order_nothing_is_tried() {
        for (ranks, edges) in [(vec![0], vec![]), (vec![0, 1, 2, 3], vec![(0, 1), (1, 2), (2, 3)])] {
            let mut layers = Layers::new(&ranks, &edges, 1000);
            let mut budget = Budget::new(1);
            arrange(&mut layers, &|_| panic!("an order is measured"), &mut budget);
            assert!(layers.rows.iter().all(|row| row.len() == 1) && !budget.is_spent());
        }
    }

    #[test]
    fn complete_bipartite_graphs_have_as_few_as_possible() {
        let edges: Vec<_> = (0..3).flat_map(|a| (3..6).map(move |b| (a, b))).collect();
        check(&[0, 0, 0, 1, 1, 1], &edges, 9);
    }

    #[track_caller]
    fn check_taken(crossings: u64, length: f64, is_taken: bool) {
        let mut layers = Layers::new(&[0, 1, 1], &[(0, 1), (0, 2)], 1000);
        let (first, other) = (vec![vec![0], vec![1, 2]], vec![vec![0], vec![2, 1]]);
        let mut best = Best { crossings: 5, rows: first.clone() };
        let length = |layers: &Layers| if layers.places[2] == 0 { length } else { 100.0 };
        best.take_better(Best { crossings, rows: other.clone() }, &mut layers, &length);
        assert_eq!(best.rows, if is_taken { other } else { first });
    }

    #[test]
    fn fewer_crossings_count_first_and_clearly_shorter_links_second() {
        check_taken(4, 200.0, true);
        check_taken(6, 1.0, false);
        check_taken(5, 90.0, true);
        check_taken(5, 99.0, false);
    }

    #[test]
    fn a_spent_budget_still_gives_every_vertex_a_place() {
        let mut layers = Layers::new(&[0, 0, 1, 1], &[(0, 3), (1, 2)], 1000);
        arrange(&mut layers, &|_| 0.0, &mut Budget::new(0));
        assert_eq!(layers.rows.concat().len(), 4);
    }
}
