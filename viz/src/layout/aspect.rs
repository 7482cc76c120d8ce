//! The shape of a drawing, as how many times wider than high it is.

use super::Direction;

/// How many times wider than wanted a shape is, or how many times narrower: one where it is right.
pub(super) fn misfit(aspect: f64, wanted: f64) -> f64 {
    (aspect / wanted).max(wanted / aspect)
}

/// A shape that is wanted in the end, as it is while all is drawn from above downwards: a drawing from left to right is
/// mirrored afterwards.
pub(super) fn unturned(aspect: f64, direction: Direction) -> f64 {
    match direction {
        Direction::Down => aspect,
        Direction::Right => 1.0 / aspect,
    }
}
