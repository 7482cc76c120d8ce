//! The way through a row of portals with few corners.
//!
//! Each line goes down as far as a line can. The lines that pass through all portals from the last turn on are a convex set:
//! by where they start and how steep they are, its corners are known, and each portal cuts a piece off. When nothing is
//! left, the way turns at the last portal that was reached, somewhere on the part of it that lines lead to. Where on
//! that part is found from the end upwards.

use super::corridor::Portal;
use crate::layout::Point;

/// Heights closer than this are the same.
const LEVEL: f64 = 1e-6;
/// Portals are as much wider, so that what is rounded passes.
const SLACK: f64 = 1e-6;

/// A way from the start to the end of another, through the same portals: few corners, each as near to that way as can be.
pub(super) fn fewest_corners(way: &[Point], portals: &[Portal]) -> Vec<Point> {
    let stops = stops(way, portals);
    let mut corners: Vec<Point> = way.last().copied().into_iter().collect();
    let mut below = stops.len() - 1;
    for (stop, part) in turns(&stops).into_iter().rev().skip(1) {
        let target = corners[corners.len() - 1];
        let (low, high) = seen_from(target, part, &stops[stop + 1..below]);
        let x = x_at(way, part.y).max(low).min(high.max(low));
        corners.push(Point::new(x, part.y));
        below = stop;
    }
    corners.reverse();
    corners
}

/// The portals between both ends of a way, each on a height of its own, and the ends.
fn stops(way: &[Point], portals: &[Portal]) -> Vec<Portal> {
    let (start, end) = (way[0], way[way.len() - 1]);
    let point = |point: Point| Portal { y: point.y, left: point.x, right: point.x };
    let mut stops = vec![point(start)];
    for portal in portals.iter().filter(|portal| start.y + LEVEL < portal.y && portal.y < end.y - LEVEL) {
        let last = stops.len() - 1;
        if last > 0 && portal.y - stops[last].y < LEVEL {
            let (left, right) = (portal.left.max(stops[last].left), portal.right.min(stops[last].right));
            stops[last] = if left <= right { Portal { y: portal.y, left, right } } else { *portal };
        } else {
            stops.push(*portal);
        }
    }
    stops.push(point(end));
    stops
}

/// Where the way turns, both ends included: the number of the stop, and the part of it that can be reached.
fn turns(stops: &[Portal]) -> Vec<(usize, Portal)> {
    let mut turns = vec![(0, stops[0])];
    while turns[turns.len() - 1].0 + 1 < stops.len() {
        turns.push(farthest(turns[turns.len() - 1], stops));
    }
    turns
}

/// How far down a line can go from a part of a stop.
fn farthest((from, part): (usize, Portal), stops: &[Portal]) -> (usize, Portal) {
    let mut reached = from + 1;
    let mut lines = Lines::between(part, stops[reached]);
    while let Some(next) = stops.get(reached + 1) {
        let passing = lines.through(*next);
        if passing.ends.is_empty() {
            break;
        }
        (lines, reached) = (passing, reached + 1);
    }
    (reached, lines.at(stops[reached].y))
}

/// A convex set of lines from a height down: the corners of the set, as places at that height and sideways per downwards.
struct Lines {
    y: f64,
    ends: Vec<(f64, f64)>,
}

impl Lines {
    fn between(from: Portal, to: Portal) -> Self {
        let down = to.y - from.y;
        let line = |x: f64, end: f64| (x, (end - x) / down);
        let ends = vec![
            line(from.left, to.left),
            line(from.left, to.right),
            line(from.right, to.right),
            line(from.right, to.left),
        ];
        Self { y: from.y, ends }
    }

    /// The lines that pass through a portal.
    fn through(&self, portal: Portal) -> Self {
        let down = portal.y - self.y;
        let inner = cut(&self.ends, |(x, slope)| x + slope * down - portal.left + SLACK);
        Self { y: self.y, ends: cut(&inner, |(x, slope)| portal.right + SLACK - x - slope * down) }
    }

    /// Where they are at a height.
    fn at(&self, y: f64) -> Portal {
        let places = self.ends.iter().map(|(x, slope)| x + slope * (y - self.y));
        let (left, right) =
            places.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        Portal { y, left, right }
    }
}

/// The part of a convex polygon where something is not negative.
fn cut(ends: &[(f64, f64)], value: impl Fn((f64, f64)) -> f64) -> Vec<(f64, f64)> {
    let mut kept = Vec::with_capacity(ends.len() + 1);
    for (index, &end) in ends.iter().enumerate() {
        let before = ends[index.checked_sub(1).unwrap_or(ends.len() - 1)];
        let (here, there) = (value(end), value(before));
        if (here < 0.0) != (there < 0.0) {
            let share = there / (there - here);
            kept.push((before.0 + share * (end.0 - before.0), before.1 + share * (end.1 - before.1)));
        }
        if here >= 0.0 {
            kept.push(end);
        }
    }
    kept
}

/// The places on a part of a stop from which lines lead to a point below, through all stops between.
fn seen_from(target: Point, part: Portal, between: &[Portal]) -> (f64, f64) {
    between.iter().fold((part.left, part.right), |(low, high), stop| {
        let share = (target.y - stop.y) / (target.y - part.y);
        let place = |x: f64| target.x + (x - target.x) / share;
        (low.max(place(stop.left)), high.min(place(stop.right)))
    })
}

/// Where a way is at a height.
fn x_at(way: &[Point], y: f64) -> f64 {
    let below = way.partition_point(|point| point.y < y).clamp(1, way.len() - 1);
    let (from, to) = (way[below - 1], way[below]);
    from.x + (to.x - from.x) * ((y - from.y) / (to.y - from.y).max(LEVEL)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::super::funnel;
    use super::*;

    /// Goes from (0, 0) to (0, 100) with so many corners.
    #[track_caller]
    fn check(portals: &[(f64, f64, f64)], corners: usize) {
        let portals: Vec<Portal> =
            portals.iter().map(|&(y, left, right)| Portal { y, left, right }).collect();
        let way = funnel::shortest(Point::new(0.0, 0.0), Point::new(0.0, 100.0), &portals);
        let fewest = fewest_corners(&way, &portals);
        assert_eq!((fewest[0], fewest[fewest.len() - 1]), (way[0], way[way.len() - 1]));
        assert_eq!(fewest.len() - 2, corners, "{fewest:?}");
        assert!(fewest.len() <= way.len(), "{fewest:?} for {way:?}");
        for portal in portals {
            let x = x_at(&fewest, portal.y);
            assert!(portal.left - 1e-3 <= x && x <= portal.right + 1e-3, "{x} at {portal:?}: {fewest:?}");
        }
    }

    #[test]
    fn ways() {
        check(&[], 0);
        check(&[(50.0, -10.0, 10.0)], 0);
        check(&[(50.0, 5.0, 10.0)], 1);
        check(&[(40.0, 5.0, 10.0), (60.0, 5.0, 10.0)], 1);
        check(&[(40.0, 5.0, 10.0), (40.0, 7.0, 12.0), (60.0, 5.0, 10.0)], 1);
        check(&[(40.0, 5.0, 9.0), (60.0, -9.0, -5.0)], 2);
        check(&[(40.0, 5.0, 5.0), (60.0, -5.0, -5.0)], 2);
    }

    /// The shortest way follows a bow corner by corner; two lines pass as well where it is wide.
    #[test]
    fn a_bow_needs_few_lines() {
        let bow = |width: f64| -> Vec<(f64, f64, f64)> {
            let low = |y: f64| y * (100.0 - y) / 50.0;
            (1..20).map(|step| 5.0 * f64::from(step)).map(|y| (y, low(y), low(y) + width)).collect()
        };
        check(&bow(60.0), 1);
        check(&bow(12.0), 3);
        check(&bow(1.0), 7);
    }
}
