//! Keeps long edges short in words: of many corners, those that matter most.

use crate::layout::Point;
use crate::layout::geometry::Bezier;

use super::corners;
use super::corridor::Portal;

/// Edges of more curves than this are drawn with fewer corners, even if they come closer to what they pass.
const MOST_CURVES: usize = 12;
/// A line that comes this close to a portal, in points, does not miss it.
const TOLERANCE: f64 = 0.5;
/// Each corner becomes a bend after a straight line.
const MOST_CORNERS: usize = (MOST_CURVES - 1) / 2;

/// The same curves, or fewer ones nearby, which pass through the portals as far as so few can.
pub(super) fn thin(curves: Vec<Bezier>, portals: &[Portal]) -> Vec<Bezier> {
    if curves.len() <= MOST_CURVES {
        return curves;
    }
    let way: Vec<Point> =
        curves[..1].iter().map(|curve| curve.0[0]).chain(curves.iter().map(|c| c.0[3])).collect();
    corners::round(&main_points(&way, portals))
}

/// Both ends, and those corners between them without which the line would miss portals most.
fn main_points(way: &[Point], portals: &[Portal]) -> Vec<Point> {
    let mut kept = vec![0, way.len() - 1];
    for _ in 0..MOST_CORNERS {
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

    fn line(way: &[(f64, f64)]) -> Vec<Bezier> {
        let point = |&(x, y): &(f64, f64)| Point::new(x, y);
        way.windows(2).map(|pair| Bezier::line(point(&pair[0]), point(&pair[1]))).collect()
    }

    #[test]
    fn few_curves_stay() {
        let curves = line(&[(0.0, 0.0), (5.0, 50.0), (0.0, 100.0)]);
        assert_eq!(thin(curves.clone(), &[]), curves);
    }

    #[test]
    fn the_corners_that_are_needed_most_stay() {
        let mut way: Vec<(f64, f64)> = (0..100).map(|y| (f64::from(y % 2), f64::from(y) * 10.0)).collect();
        way[50].0 = 300.0;
        let portal = |&(x, y): &(f64, f64)| Portal { y, left: x - 0.1, right: x + 0.1 };
        let thinned = thin(line(&way), &way.iter().map(portal).collect::<Vec<_>>());
        assert!(thinned.len() <= MOST_CURVES, "{}", thinned.len());
        assert_eq!((thinned[0].0[0].y, thinned[thinned.len() - 1].0[3].y), (0.0, 990.0));
        assert!(thinned.iter().any(|curve| curve.0[3].x > 250.0), "{thinned:?}");
    }

    #[test]
    fn corners_that_nothing_needs_fall_away() {
        let way: Vec<(f64, f64)> = (0..100).map(|y| (f64::from(y % 2), f64::from(y) * 10.0)).collect();
        let portal = |&(_, y): &(f64, f64)| Portal { y, left: -5.0, right: 5.0 };
        assert_eq!(thin(line(&way), &way.iter().map(portal).collect::<Vec<_>>()).len(), 1);
    }
}
