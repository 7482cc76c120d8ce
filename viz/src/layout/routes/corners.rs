//! Rounds the corners of a way and leaves the rest of it straight.

use crate::layout::Point;
use crate::layout::geometry::Bezier;

/// How far from its corner a bend begins, in points, where there is room.
const RADIUS: f64 = 18.0;
/// Corners that turn less than this, sideways per forwards, are none.
const STRAIGHT: f64 = 1e-6;

/// Straight lines along the way, with bends between them.
pub(in crate::layout) fn round(way: &[Point]) -> Vec<Bezier> {
    let corners = true_corners(way);
    let mut curves = Vec::with_capacity(2 * corners.len());
    let mut reached = corners[0];
    for triple in corners.windows(3) {
        let [before, corner, after] = [triple[0], triple[1], triple[2]];
        let room = (corner - before).length().min((after - corner).length()) / 2.0;
        let radius = RADIUS.min(room);
        let (leave, join) =
            (corner + (before - corner).unit() * radius, corner + (after - corner).unit() * radius);
        curves.push(Bezier::line(reached, leave));
        curves.push(Bezier([leave, leave.towards(corner, 2.0 / 3.0), join.towards(corner, 2.0 / 3.0), join]));
        reached = join;
    }
    curves.push(Bezier::line(reached, corners[corners.len() - 1]));
    curves
}

/// The way without the points at which it goes straight on.
fn true_corners(way: &[Point]) -> Vec<Point> {
    let mut corners = vec![way[0]];
    for pair in way[1..].windows(2) {
        let before = corners[corners.len() - 1];
        let (into, out) = ((pair[0] - before).unit(), (pair[1] - pair[0]).unit());
        if (into.x * out.y - into.y * out.x).abs() > STRAIGHT {
            corners.push(pair[0]);
        }
    }
    corners.extend(way.last());
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(way: &[(f64, f64)], ends: &[(f64, f64)]) {
        let way: Vec<Point> = way.iter().map(|&(x, y)| Point::new(x, y)).collect();
        let curves = round(&way);
        assert_eq!(curves.iter().map(|curve| (curve.0[3].x, curve.0[3].y)).collect::<Vec<_>>(), ends);
    }

    #[test]
    fn corners() {
        check(&[(0.0, 0.0), (0.0, 100.0)], &[(0.0, 100.0)]);
        check(&[(0.0, 0.0), (0.0, 50.0), (0.0, 100.0)], &[(0.0, 100.0)]);
        check(&[(0.0, 0.0), (0.0, 100.0), (100.0, 100.0)], &[(0.0, 82.0), (18.0, 100.0), (100.0, 100.0)]);
        check(&[(0.0, 0.0), (0.0, 100.0), (20.0, 100.0)], &[(0.0, 90.0), (10.0, 100.0), (20.0, 100.0)]);
    }
}
