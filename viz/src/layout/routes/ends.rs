//! Both ends of an edge: where it meets the nodes, and where its arrow head begins.

use crate::layout::geometry::Bezier;
use crate::layout::{EdgePath, Point, Size};

/// The length of an arrow head, in points.
const ARROW: f64 = 10.0;
/// The greatest share of a short edge that its arrow head takes.
const MOST_ARROW: f64 = 0.6;

/// An ellipse or a box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) center: Point,
    pub(super) size: Size,
    pub(super) is_box: bool,
}

impl Node {
    fn holds(self, point: Point) -> bool {
        let (x, y) =
            ((point.x - self.center.x) / self.size.width, (point.y - self.center.y) / self.size.height);
        if self.is_box { x.abs().max(y.abs()) < 0.5 } else { x * x + y * y < 0.25 }
    }
}

/// Cuts a curve that goes from centre to centre off at both nodes.
pub(super) fn clip(curve: Vec<Bezier>, from: Node, to: Node) -> Vec<Bezier> {
    let curve = clip_start(curve, |point| from.holds(point));
    reversed(&clip_start(reversed(&curve), |point| to.holds(point)))
}

/// The same curve from its end to its start.
pub(in crate::layout) fn reversed(curve: &[Bezier]) -> Vec<Bezier> {
    curve.iter().rev().map(Bezier::reversed).collect()
}

/// Shorter curves than this, in points, are none when they are written down.
const SHORTEST: f64 = 0.02;

/// Shortens a curve by its arrow head, and leaves out what has no length.
pub(in crate::layout) fn with_arrow(mut curve: Vec<Bezier>) -> EdgePath {
    let has_length = |part: &Bezier| part.0.iter().any(|point| (*point - part.0[0]).length() > SHORTEST);
    if curve.iter().any(has_length) {
        curve.retain(has_length);
    }
    let (start, tip) = (curve[0].0[0], curve[curve.len() - 1].0[3]);
    let length = ARROW.min(MOST_ARROW * (tip - start).length());
    let shortened = reversed(&clip_start(reversed(&curve), |point| (point - tip).length() < length));
    let whole = if shortened.iter().any(has_length) { shortened } else { curve };
    let points = whole.iter().filter(|part| has_length(part)).flat_map(|part| part.0.into_iter().skip(1));
    EdgePath { curve: [whole[0].0[0]].into_iter().chain(points).collect(), tip }
}

/// Cuts off what lies inside at the start. What would vanish altogether stays.
fn clip_start(mut curve: Vec<Bezier>, inside: impl Fn(Point) -> bool) -> Vec<Bezier> {
    let Some(first) = curve.iter().position(|part| !inside(part.0[3])) else { return curve };
    curve.drain(..first);
    if inside(curve[0].0[0]) {
        let exit = curve[0].exit(inside);
        curve[0] = curve[0].split(exit).1;
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(point: Point, x: f64, y: f64) {
        assert!((point - Point::new(x, y)).length() < 1e-4, "{point:?} is not ({x}, {y})");
    }

    #[test]
    fn edges_end_at_the_ellipse_and_leave_room_for_the_arrow() {
        let size = Size { width: 54.0, height: 36.0 };
        let node = |center| Node { center, size, is_box: false };
        let (upper, lower) = (Point::new(0.0, 0.0), Point::new(0.0, 100.0));
        let curve = clip(vec![Bezier::line(upper, lower)], node(upper), node(lower));
        close(curve[0].0[0], 0.0, 18.0);
        let path = with_arrow(curve.clone());
        close(path.tip, 0.0, 82.0);
        close(path.curve[3], 0.0, 72.0);
        close(with_arrow(reversed(&curve)).tip, 0.0, 18.0);
    }

    #[test]
    fn parts_inside_the_ellipse_vanish() {
        let size = Size { width: 60.0, height: 60.0 };
        let node = |center| Node { center, size, is_box: false };
        let points = [0.0, 10.0, 20.0, 80.0, 100.0].map(|y| Point::new(0.0, y));
        let curve = points.windows(2).map(|pair| Bezier::line(pair[0], pair[1])).collect();
        let clipped = clip(curve, node(points[0]), node(points[4]));
        close(clipped[0].0[0], 0.0, 30.0);
        close(clipped[clipped.len() - 1].0[3], 0.0, 70.0);
    }

    #[test]
    fn a_short_edge_keeps_a_line_before_its_arrow() {
        let path = with_arrow(vec![Bezier::line(Point::new(0.0, 0.0), Point::new(0.0, 5.0))]);
        close(path.curve[3], 0.0, 2.0);
    }
}
