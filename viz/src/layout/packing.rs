//! Puts drawn components side by side on shelves, like books.

use super::components::Part;
use super::{EdgePath, Layout, LayoutGraph, Options, Point, Size};

/// How many times wider than high the whole should be.
const ASPECT: f64 = 1.8;

/// Joins the drawings of the components into the drawing of the whole.
pub(super) fn pack(graph: &LayoutGraph, parts: &[Part], drawings: Vec<Layout>, options: &Options) -> Layout {
    let sizes: Vec<Size> = drawings.iter().map(|drawing| drawing.size).collect();
    let (corners, size) = shelve(&sizes, options);
    let mut whole = Layout {
        size,
        sizes: graph.sizes.clone(),
        centers: vec![Point::default(); graph.sizes.len()],
        edges: vec![EdgePath::default(); graph.edges.len()],
    };
    for ((part, mut drawing), corner) in parts.iter().zip(drawings).zip(corners) {
        shift(&mut drawing, corner);
        for (&node, center) in part.nodes.iter().zip(drawing.centers) {
            whole.centers[node] = center;
        }
        for (&edge, path) in part.edges.iter().zip(drawing.edges) {
            whole.edges[edge] = path;
        }
    }
    whole
}

/// Moves a drawing.
pub(super) fn shift(drawing: &mut Layout, by: Point) {
    for center in &mut drawing.centers {
        *center = *center + by;
    }
    for path in &mut drawing.edges {
        for point in &mut path.curve {
            *point = *point + by;
        }
        path.tip = path.tip + by;
    }
}

/// The top left corner of each box, and the size of all together. High boxes come first, so that those on one
/// shelf are of similar height.
fn shelve(sizes: &[Size], options: &Options) -> (Vec<Point>, Size) {
    let (gap_x, gap_y) = (2.0 * options.node_gap, options.row_gap);
    let mut corners = vec![Point::default(); sizes.len()];
    let mut whole = Size::default();
    let most = shelf_width(sizes, gap_x, gap_y);
    let (mut next, mut shelf_height) = (Point::default(), 0.0_f64);
    for index in highest_first(sizes) {
        let size = sizes[index];
        if next.x > 0.0 && next.x + size.width > most {
            next = Point::new(0.0, next.y + shelf_height + gap_y);
            shelf_height = 0.0;
        }
        corners[index] = next;
        whole.width = whole.width.max(next.x + size.width);
        whole.height = whole.height.max(next.y + size.height);
        next.x += size.width + gap_x;
        shelf_height = shelf_height.max(size.height);
    }
    (corners, whole)
}

fn shelf_width(sizes: &[Size], gap_x: f64, gap_y: f64) -> f64 {
    let area: f64 = sizes.iter().map(|size| (size.width + gap_x) * (size.height + gap_y)).sum();
    let widest = sizes.iter().map(|size| size.width).fold(0.0, f64::max);
    widest.max((ASPECT * area).sqrt())
}

fn highest_first(sizes: &[Size]) -> Vec<usize> {
    let mut indices: Vec<usize> = (0..sizes.len()).collect();
    indices.sort_by(|&a, &b| sizes[b].height.total_cmp(&sizes[a].height));
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sizes: &[(f64, f64)], expected: &[(f64, f64)], whole: (f64, f64)) {
        let sizes: Vec<Size> = sizes.iter().map(|&(width, height)| Size { width, height }).collect();
        let (corners, size) = shelve(&sizes, &Options::default());
        let corners: Vec<(f64, f64)> = corners.iter().map(|corner| (corner.x, corner.y)).collect();
        assert_eq!((corners.as_slice(), (size.width, size.height)), (expected, whole));
    }

    #[test]
    fn shelves() {
        check(&[], &[], (0.0, 0.0));
        check(&[(54.0, 36.0)], &[(0.0, 0.0)], (54.0, 36.0));
        check(
            &[(100.0, 36.0), (300.0, 200.0), (100.0, 36.0)],
            &[(0.0, 236.0), (0.0, 0.0), (136.0, 236.0)],
            (300.0, 272.0),
        );
    }
}
