//! Rounds a way with corners off into curves that stay in the corridor.
//!
//! A curve is fitted to the corners by least squares with given directions at the ends (Schneider, *An algorithm
//! for automatically fitting digitized curves*, 1990). If it leaves the corridor, it is pulled straighter; if
//! nothing helps, the way is divided at the corner that the curve misses most, and both parts are fitted. A way with
//! a single corner, the most common of those that are not straight, becomes a plain bow where there is room for one.

use super::corridor::Corridor;
use crate::layout::Point;
use crate::layout::geometry::Bezier;

/// How much of the fitted bend is tried, from all to nearly none.
const PULLS: [f64; 6] = [1.0, 0.75, 0.5, 0.35, 0.2, 0.1];
/// How far a bow may swell around its corner: from not at all.
const SWELLS: [f64; 3] = [1.0, 1.25, 1.5];
/// A curve is looked at in so many points, and in some more for every cell that it passes.
const LEAST_SAMPLES: usize = 32;
const SAMPLES_PER_CELL: usize = 8;

/// A stretch of the way, with the directions of the curve at its ends.
struct Stretch {
    first: usize,
    last: usize,
    start: Point,
    end: Point,
}

/// Curves along the way, each from the end of the one before.
pub(super) fn round_off(way: &[Point], corridor: &Corridor) -> Vec<Bezier> {
    let last = way.len() - 1;
    if last == 1 {
        return vec![Bezier::line(way[0], way[1])];
    }
    if let Some(bow) = bow(way, corridor) {
        return vec![bow];
    }
    let direction = |corner: usize| (way[corner + 1] - way[corner]).unit();
    let mut curves = Vec::new();
    let mut open = vec![Stretch { first: 0, last, start: direction(0), end: direction(last - 1) }];
    while let Some(stretch) = open.pop() {
        let corners = &way[stretch.first..=stretch.last];
        let fitted = Fitted::new(corners, stretch.start, stretch.end);
        if let Some(curve) = PULLS.iter().map(|&pull| fitted.curve(pull)).find(|curve| fits(curve, corridor))
        {
            curves.push(curve);
        } else if corners.len() == 2 {
            curves.push(Bezier::line(corners[0], corners[1]));
        } else {
            let middle = stretch.first + fitted.worst_corner(corners);
            let through = (direction(middle - 1) + direction(middle)).unit();
            open.push(Stretch { first: middle, start: through, ..stretch });
            open.push(Stretch { last: middle, end: through, ..stretch });
        }
    }
    curves
}

/// The bow along a way with a single corner, if there is one in the corridor.
fn bow(way: &[Point], corridor: &Corridor) -> Option<Bezier> {
    let &[from, corner, to] = way else { return None };
    let mut bows = SWELLS.iter().map(|&swell| bow_around(corner, from, to, swell));
    bows.find(|bow| fits(bow, corridor))
}

/// A bow (a parabola) that touches the corner, or passes outside of it if it is swollen.
fn bow_around(corner: Point, from: Point, to: Point, swell: f64) -> Bezier {
    let t = shares(&[from, corner, to])[1].clamp(0.1, 0.9);
    let u = 1.0 - t;
    let touching = (corner - from * (u * u) - to * (t * t)) * (1.0 / (2.0 * u * t));
    let control = corner + (touching - corner) * swell;
    Bezier([from, from.towards(control, 2.0 / 3.0), to.towards(control, 2.0 / 3.0), to])
}

/// A curve whose bends can still be pulled straight.
struct Fitted {
    from: Point,
    to: Point,
    /// From both ends to their control points.
    leave: Point,
    arrive: Point,
    /// Where along the curve, from 0 to 1, each corner belongs.
    shares: Vec<f64>,
}

impl Fitted {
    fn new(corners: &[Point], start: Point, end: Point) -> Self {
        let (from, to) = (corners[0], corners[corners.len() - 1]);
        let shares = shares(corners);
        let distance = (to - from).length();
        let (mut near, mut far) = (distance / 3.0, distance / 3.0);
        if corners.len() > 2
            && let Some((a, b)) = least_squares(corners, &shares, start, end)
            && a > 0.0
            && b > 0.0
        {
            (near, far) = (a.min(2.0 * distance), b.min(2.0 * distance));
        }
        Self { from, to, leave: start * near, arrive: end * -far, shares }
    }

    fn curve(&self, pull: f64) -> Bezier {
        Bezier([self.from, self.from + self.leave * pull, self.to + self.arrive * pull, self.to])
    }

    /// The inner corner that the curve is farthest from.
    fn worst_corner(&self, corners: &[Point]) -> usize {
        let curve = self.curve(1.0);
        let (mut worst, mut most) = (1, -1.0);
        for (corner, (&point, &share)) in corners.iter().zip(&self.shares).enumerate().skip(1) {
            let miss = (curve.at(share) - point).length();
            if corner + 1 < corners.len() && miss > most {
                (worst, most) = (corner, miss);
            }
        }
        worst
    }
}

/// How far along the way each corner is, as a share of the whole.
fn shares(corners: &[Point]) -> Vec<f64> {
    let mut lengths = vec![0.0];
    for pair in corners.windows(2) {
        lengths.push(lengths[lengths.len() - 1] + (pair[1] - pair[0]).length());
    }
    let whole = lengths[lengths.len() - 1].max(1e-9);
    lengths.iter().map(|length| length / whole).collect()
}

/// How far the control points should be from the ends so that the curve comes closest to the corners.
fn least_squares(corners: &[Point], shares: &[f64], start: Point, end: Point) -> Option<(f64, f64)> {
    let (from, to) = (corners[0], corners[corners.len() - 1]);
    let (mut aa, mut ab, mut bb, mut ar, mut br) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (&corner, &t) in corners.iter().zip(shares) {
        let u = 1.0 - t;
        let (near, far) = (3.0 * u * u * t, 3.0 * u * t * t);
        let (a, b) = (start * near, end * -far);
        let rest = corner - from * (u * u * u + near) - to * (t * t * t + far);
        aa += a.dot(a);
        ab += a.dot(b);
        bb += b.dot(b);
        ar += a.dot(rest);
        br += b.dot(rest);
    }
    let determinant = aa * bb - ab * ab;
    (determinant.abs() > 1e-6).then(|| ((ar * bb - br * ab) / determinant, (aa * br - ab * ar) / determinant))
}

/// Whether a curve always goes down and stays in the corridor.
fn fits(curve: &Bezier, corridor: &Corridor) -> bool {
    let [from, .., to] = curve.0;
    let mut cell = corridor.cell_at(from.y);
    let cells = corridor.cell_at(to.y) + 1 - cell.min(corridor.cell_at(to.y));
    let samples = LEAST_SAMPLES.max(SAMPLES_PER_CELL * cells);
    let mut height = from.y;
    for sample in 1..samples {
        let point = curve.at(sample as f64 / samples as f64);
        if point.y < height - 1e-6 {
            return false;
        }
        height = point.y;
        while cell + 1 < corridor.cells.len() && point.y > corridor.cells[cell].bottom {
            cell += 1;
        }
        if !corridor.holds(cell, point) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::corridor::Cell;
    use super::*;

    #[track_caller]
    fn check(cells: &[(f64, f64, f64, f64)], way: &[(f64, f64)], most_curves: usize) {
        let cell = |&(top, bottom, left, right): &(f64, f64, f64, f64)| Cell { top, bottom, left, right };
        let corridor = Corridor { cells: cells.iter().map(cell).collect(), guards: Vec::new() };
        let way: Vec<Point> = way.iter().map(|&(x, y)| Point::new(x, y)).collect();
        let curves = round_off(&way, &corridor);
        assert!(curves.len() <= most_curves, "{curves:?}");
        assert_eq!((curves[0].0[0], curves[curves.len() - 1].0[3]), (way[0], way[way.len() - 1]));
        for pair in curves.windows(2) {
            assert_eq!(pair[0].0[3], pair[1].0[0]);
        }
        for curve in &curves {
            assert!(fits(curve, &corridor), "{curve:?}");
        }
    }

    #[test]
    fn curves_stay_in_the_corridor() {
        check(&[(0.0, 100.0, -50.0, 50.0)], &[(0.0, 0.0), (0.0, 100.0)], 1);
        let corner = [(0.0, 50.0, -50.0, 50.0), (50.0, 100.0, 20.0, 60.0)];
        check(&corner, &[(0.0, 0.0), (20.0, 50.0), (25.0, 100.0)], 1);
        let bend = [(0.0, 40.0, -50.0, 50.0), (40.0, 60.0, 20.0, 30.0), (60.0, 100.0, -50.0, 50.0)];
        check(&bend, &[(0.0, 0.0), (20.0, 40.0), (20.0, 60.0), (0.0, 100.0)], 3);
        let zigzag = [(0.0, 30.0, -60.0, 60.0), (30.0, 40.0, 20.0, 30.0), (40.0, 60.0, -60.0, 60.0)];
        let zigzag: Vec<_> =
            zigzag.into_iter().chain([(60.0, 70.0, -30.0, -20.0), (70.0, 100.0, -60.0, 60.0)]).collect();
        check(&zigzag, &[(0.0, 0.0), (20.0, 40.0), (-20.0, 60.0), (0.0, 100.0)], 3);
    }
}
