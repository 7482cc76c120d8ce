//! The shortest way through a row of portals.

use super::corridor::Portal;
use crate::layout::Point;

/// Heights closer than this are the same.
const LEVEL: f64 = 1e-9;

/// The corners of the shortest way from `start` down to `end` that goes through all portals.
///
/// From the last corner, the directions that go through all portals so far make a wedge. As soon as a portal lies
/// wholly outside of it, the way turns at the end of the portal that bounds the wedge on that side.
pub(super) fn shortest(start: Point, end: Point, portals: &[Portal]) -> Vec<Point> {
    let goal = Portal { y: end.y, left: end.x, right: end.x };
    let mut way = vec![start];
    let mut corner = start;
    let mut next = 0;
    while let Some((turn, portal)) = first_turn(corner, next, portals, goal) {
        corner = turn;
        way.push(turn);
        next = portal + 1;
    }
    way.push(end);
    way
}

/// The directions that are still open: sideways per downwards, and the portals that bound them.
struct Wedge {
    left: f64,
    right: f64,
    left_portal: usize,
    right_portal: usize,
}

/// The corner at which the way must turn before it reaches the goal, and the portal that it belongs to.
fn first_turn(from: Point, next: usize, portals: &[Portal], goal: Portal) -> Option<(Point, usize)> {
    let mut wedge =
        Wedge { left: f64::NEG_INFINITY, right: f64::INFINITY, left_portal: next, right_portal: next };
    for (index, portal) in portals.iter().chain([&goal]).enumerate().skip(next) {
        let down = portal.y - from.y;
        if down <= LEVEL {
            continue;
        }
        let (left, right) = ((portal.left - from.x) / down, (portal.right - from.x) / down);
        if left > wedge.right {
            let bound = portals[wedge.right_portal];
            return Some((Point::new(bound.right, bound.y), wedge.right_portal));
        }
        if right < wedge.left {
            let bound = portals[wedge.left_portal];
            return Some((Point::new(bound.left, bound.y), wedge.left_portal));
        }
        // of several portals in line, the last: a long wall must not be passed step by step
        if left >= wedge.left {
            (wedge.left, wedge.left_portal) = (left, index);
        }
        if right <= wedge.right {
            (wedge.right, wedge.right_portal) = (right, index);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(portals: &[(f64, f64, f64)], expected: &[(f64, f64)]) {
        let portals: Vec<Portal> =
            portals.iter().map(|&(y, left, right)| Portal { y, left, right }).collect();
        let way = shortest(Point::new(0.0, 0.0), Point::new(0.0, 100.0), &portals);
        assert_eq!(way.iter().map(|p| (p.x, p.y)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn ways() {
        check(&[], &[(0.0, 0.0), (0.0, 100.0)]);
        check(&[(50.0, -10.0, 10.0)], &[(0.0, 0.0), (0.0, 100.0)]);
        check(&[(50.0, 5.0, 10.0)], &[(0.0, 0.0), (5.0, 50.0), (0.0, 100.0)]);
        check(&[(40.0, 5.0, 10.0), (60.0, 5.0, 10.0)], &[(0.0, 0.0), (5.0, 40.0), (5.0, 60.0), (0.0, 100.0)]);
        check(
            &[(40.0, 5.0, 9.0), (60.0, -9.0, -5.0)],
            &[(0.0, 0.0), (5.0, 40.0), (-5.0, 60.0), (0.0, 100.0)],
        );
        check(&[(25.0, 1.0, 9.0), (50.0, 5.0, 10.0)], &[(0.0, 0.0), (5.0, 50.0), (0.0, 100.0)]);
    }
}
