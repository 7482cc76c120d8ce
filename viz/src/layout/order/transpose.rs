//! Lets neighbours in a row change places.

use super::places::SortedPlaces;
use crate::layout::budget::Budget;
use crate::layout::layers::Layers;

const MOST_ROUNDS: usize = 20;

/// Goes through all rows, again where something was gained, until nothing is. With `equal`, neighbours also change
/// places where that makes no difference, as long as their edges do cross.
pub(super) fn transpose(layers: &mut Layers, places: &mut SortedPlaces, equal: bool, budget: &mut Budget) {
    let count = layers.rows.len();
    let mut due = vec![true; count];
    for _ in 0..MOST_ROUNDS {
        let mut gained = false;
        for row in 0..count {
            if !std::mem::take(&mut due[row]) || budget.is_spent() {
                continue;
            }
            if transpose_row(layers, places, row, equal, budget) {
                gained = true;
                due[row.saturating_sub(1)..count.min(row + 2)].fill(true);
            }
        }
        if !gained {
            break;
        }
    }
}

/// One pass over a row; says whether crossings vanished.
fn transpose_row(
    layers: &mut Layers,
    places: &mut SortedPlaces,
    row: usize,
    equal: bool,
    budget: &mut Budget,
) -> bool {
    let links = places.refresh(layers, row);
    budget.spend(layers.rows[row].len() + 4 * links);
    let mut gained = false;
    for place in 1..layers.rows[row].len() {
        let (left, right) = (layers.rows[row][place - 1], layers.rows[row][place]);
        let (now, then) = places.crossings(layers, left, right);
        if now > 0 && (then < now || (equal && then == now)) {
            layers.rows[row].swap(place - 1, place);
            layers.places.swap(left, right);
            gained |= then < now;
        }
    }
    gained
}
