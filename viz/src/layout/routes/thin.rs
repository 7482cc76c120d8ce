//! Keeps long edges short in words: of many corners, those that matter most.

use crate::layout::Point;
use crate::layout::geometry::Bezier;

use super::corners;

/// Edges of more curves than this are drawn with fewer corners, even if they come closer to what they pass.
const MOST_CURVES: usize = 12;
/// Each corner becomes a bend after a straight line.
const MOST_CORNERS: usize = (MOST_CURVES - 1) / 2;

/// The same curves, or fewer ones nearby.
pub(super) fn thin(curves: Vec<Bezier>) -> Vec<Bezier> {
    if curves.len() <= MOST_CURVES {
        return curves;
    }
    let way: Vec<Point> =
        curves[..1].iter().map(|curve| curve.0[0]).chain(curves.iter().map(|c| c.0[3])).collect();
    corners::round(&main_points(&way))
}

/// Both ends, and the corners between them that the line through the others misses most.
fn main_points(way: &[Point]) -> Vec<Point> {
    let mut kept = vec![0, way.len() - 1];
    for _ in 0..MOST_CORNERS {
        let misses = kept.windows(2).flat_map(|pair| {
            let (from, to) = (way[pair[0]], way[pair[1]]);
            (pair[0] + 1..pair[1]).map(move |index| (index, distance(way[index], from, to)))
        });
        let Some((index, _)) = misses.max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        let place = kept.partition_point(|other| *other < index);
        kept.insert(place, index);
    }
    kept.into_iter().map(|index| way[index]).collect()
}

/// How far a point is from the line through two others.
fn distance(point: Point, from: Point, to: Point) -> f64 {
    let along = (to - from).unit();
    let offset = point - from;
    (along.x * offset.y - along.y * offset.x).abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(way: &[(f64, f64)]) -> Vec<Bezier> {
        let point = |&(x, y): &(f64, f64)| Point::new(x, y);
        way.windows(2).map(|pair| Bezier::line(point(&pair[0]), point(&pair[1]))).collect()
    }

    #[test]
    fn few_curves_stay() {
        let curves = line(&[(0.0, 0.0), (5.0, 50.0), (0.0, 100.0)]);
        assert_eq!(thin(curves.clone()), curves);
    }

    #[test]
    fn the_farthest_corners_stay() {
        let mut way: Vec<(f64, f64)> = (0..100).map(|y| (f64::from(y % 2), f64::from(y) * 10.0)).collect();
        way[50].0 = 300.0;
        let thinned = thin(line(&way));
        assert!(thinned.len() <= MOST_CURVES, "{}", thinned.len());
        assert_eq!((thinned[0].0[0].y, thinned[thinned.len() - 1].0[3].y), (0.0, 990.0));
        assert!(thinned.iter().any(|curve| curve.0[3].x > 250.0), "{thinned:?}");
    }
}
