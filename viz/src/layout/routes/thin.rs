//! Keeps edges short in words: where they have too many curves together, those of many have few corners instead, and of
//! these, if need be, those that matter most.

use super::corridor::Portal;
use super::{corners, fewest};
use crate::layout::Point;
use crate::layout::geometry::Bezier;

/// An edge may always have so many curves, and more of them as long as this is the mean of all. In the widest drawings a curve
/// is written in 60 bytes, so that an edge takes less than a kilobyte.
pub(super) const FEW_CURVES: usize = 9;
/// A line that comes this close to a portal, in points, does not miss it.
const TOLERANCE: f64 = 0.5;

/// Whether edges of so many curves have too many.
pub(super) fn are_too_many(lengths: impl Iterator<Item = usize>) -> bool {
    most_curves(lengths) < usize::MAX
}

/// How many curves each edge may have where they have so many: those of few leave some to those of many.
pub(super) fn most_curves(lengths: impl Iterator<Item = usize>) -> usize {
    let mut lengths: Vec<usize> = lengths.collect();
    lengths.sort_unstable();
    let mut room = FEW_CURVES * lengths.len();
    for (index, &length) in lengths.iter().enumerate() {
        let share = room / (lengths.len() - index);
        if length > share {
            return share;
        }
        room -= length;
    }
    usize::MAX
}

/// A way of straight lines, and what it passes through.
#[derive(Debug)]
pub(super) struct Way {
    corners: Vec<Point>,
    portals: Vec<Portal>,
}

impl Way {
    /// Few corners near a curve.
    pub(super) fn fewest(curve: &[Bezier], portals: Vec<Portal>) -> Self {
        let ends = curve.iter().map(|part| part.0[3]);
        let way: Vec<Point> = [curve[0].0[0]].into_iter().chain(ends).collect();
        Self { corners: fewest::fewest_corners(&way, &portals), portals }
    }

    /// How many curves it becomes: each corner is a bend after a straight line.
    pub(super) fn curves(&self) -> usize {
        2 * self.corners.len() - 3
    }

    /// The way in at most so many curves, which pass through the portals as far as so few can.
    pub(super) fn draw(&self, most: usize) -> Vec<Bezier> {
        if self.curves() <= most {
            return corners::round(&self.corners);
        }
        corners::round(&main_points(&self.corners, &self.portals, (most - 1) / 2))
    }
}

/// Both ends, and those corners between them without which the line would miss portals most.
fn main_points(way: &[Point], portals: &[Portal], most_corners: usize) -> Vec<Point> {
    let mut kept = vec![0, way.len() - 1];
    for _ in 0..most_corners {
        let needed = kept.windows(2).filter_map(|pair| needed(way, (pair[0], pair[1]), portals));
        let Some((index, _)) = needed.max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        let place = kept.partition_point(|other| *other < index);
        kept.insert(place, index);
    }
    kept.into_iter().map(|index| way[index]).collect()
}

/// The corner next to the portal that the line from one corner to another misses most, and how far it misses it.
fn needed(way: &[Point], (first, last): (usize, usize), portals: &[Portal]) -> Option<(usize, f64)> {
    let (from, to) = (way[first], way[last]);
    let is_between = |portal: &&Portal| from.y < portal.y && portal.y < to.y;
    let miss = |portal: &Portal| {
        let x = from.x + (to.x - from.x) * (portal.y - from.y) / (to.y - from.y);
        (portal.left - x).max(x - portal.right)
    };
    let missed = portals.iter().filter(is_between).map(|portal| (portal.y, miss(portal)));
    let (y, miss) = missed.filter(|(_, miss)| *miss > TOLERANCE).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let away = |index: &usize| (way[*index].y - y).abs();
    let nearest = (first + 1..last).min_by(|a, b| away(a).total_cmp(&away(b)))?;
    Some((nearest, miss))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zigzag() -> Vec<Point> {
        (0..100).map(|y| Point::new(f64::from(y % 2), f64::from(y) * 10.0)).collect()
    }

    fn around(way: &[Point], width: f64) -> Vec<Portal> {
        let portal = |point: &Point| Portal { y: point.y, left: point.x - width, right: point.x + width };
        way[1..way.len() - 1].iter().map(portal).collect()
    }

    #[test]
    fn the_corners_that_are_needed_most_stay() {
        let mut corners = zigzag();
        corners[50].x = 300.0;
        let portals = around(&corners, 0.1);
        let curves = Way { corners, portals }.draw(FEW_CURVES);
        assert!(curves.len() <= FEW_CURVES, "{}", curves.len());
        assert_eq!((curves[0].0[0].y, curves[curves.len() - 1].0[3].y), (0.0, 990.0));
        assert!(curves.iter().any(|curve| curve.0[3].x > 250.0), "{curves:?}");
    }

    #[test]
    fn corners_that_nothing_needs_fall_away() {
        let lines: Vec<Bezier> = zigzag().windows(2).map(|pair| Bezier::line(pair[0], pair[1])).collect();
        assert_eq!(Way::fewest(&lines, around(&zigzag(), 5.0)).curves(), 1);
        assert_eq!(Way::fewest(&lines, around(&zigzag(), 0.1)).draw(usize::MAX).len(), 2 * 98 + 1);
    }

    #[track_caller]
    fn check_most(lengths: &[usize], expected: usize) {
        assert_eq!(most_curves(lengths.iter().copied()), expected);
    }

    #[test]
    fn what_edges_of_few_curves_leave_is_for_those_of_many() {
        check_most(&[], usize::MAX);
        check_most(&[9; 9], usize::MAX);
        check_most(&[1, 17], usize::MAX);
        check_most(&[1, 18], 17);
        check_most(&[100, 1, 100], 13);
        check_most(&[1, 1, 1, 1, 1, 1, 60, 50], 33);
        check_most(&[50; 9], 9);
    }
}
