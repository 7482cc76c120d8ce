//! Counts what makes a picture hard to read.

use std::collections::{BTreeMap, BTreeSet};

use super::picture::{Ellipse, Picture, Point};

/// Nodes overlap when both of their extents do by more than this.
const TOUCH: f64 = 1.0;
/// An edge passes through a node when it comes farther into the ellipse than this.
const GRAZE: f64 = 1.5;
/// The side of the squares into which a picture is cut, so that only neighbours are compared.
const SQUARE: f64 = 120.0;
/// Around a common node, edges may touch without crossing.
const NEAR: f64 = 14.0;

/// The counts of one picture.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Metrics {
    /// Pairs of edges that share no node and cross.
    pub crossings: usize,
    /// Pairs of edges that share a node and cross away from it.
    pub sibling_crossings: usize,
    /// Pairs of an edge and a node that it passes through without ending there.
    pub through: usize,
    /// Pairs of nodes that overlap.
    pub overlaps: usize,
    /// The length of all edges.
    pub length: f64,
}

/// Counts on a picture.
pub fn measure(picture: &Picture) -> Metrics {
    let pieces = pieces(picture);
    let nodes_in = node_squares(&picture.nodes);
    let mut found = Found::default();
    for (square, pieces_here) in piece_squares(&pieces) {
        for (index, &a) in pieces_here.iter().enumerate() {
            for &b in &pieces_here[index + 1..] {
                found.compare(picture, &pieces[a], &pieces[b]);
            }
            for &node in nodes_in.get(&square).into_iter().flatten() {
                found.look_through(picture, &pieces[a], node);
            }
        }
    }
    Metrics {
        crossings: found.crossings.len(),
        sibling_crossings: found.sibling_crossings.len(),
        through: found.through.len(),
        overlaps: overlaps(&picture.nodes, &nodes_in),
        length: pieces.iter().map(|piece| distance(piece.from, piece.to)).sum(),
    }
}

/// Counts overlaps alone, for pictures with too many crossings to count.
pub fn measure_nodes(picture: &Picture) -> Metrics {
    Metrics { overlaps: overlaps(&picture.nodes, &node_squares(&picture.nodes)), ..Metrics::default() }
}

/// A straight piece of an edge.
#[derive(Debug, Clone, Copy)]
struct Piece {
    edge: usize,
    from: Point,
    to: Point,
}

fn pieces(picture: &Picture) -> Vec<Piece> {
    let of_edge = |(edge, points): (usize, &Vec<Point>)| {
        let pairs: Vec<Piece> =
            points.windows(2).map(|pair| Piece { edge, from: pair[0], to: pair[1] }).collect();
        pairs.into_iter().filter(|piece| distance(piece.from, piece.to) > 1e-9)
    };
    picture.edges.iter().map(|edge| &edge.points).enumerate().flat_map(of_edge).collect()
}

#[derive(Debug, Default)]
struct Found {
    crossings: BTreeSet<(usize, usize)>,
    sibling_crossings: BTreeSet<(usize, usize)>,
    through: BTreeSet<(usize, usize)>,
}

impl Found {
    fn compare(&mut self, picture: &Picture, a: &Piece, b: &Piece) {
        if a.edge == b.edge {
            return;
        }
        let Some(at) = crossing(a, b) else { return };
        let pair = (a.edge.min(b.edge), a.edge.max(b.edge));
        let ((a1, a2), (b1, b2)) = (picture.edges[a.edge].ends, picture.edges[b.edge].ends);
        let common: Vec<usize> = [a1, a2].into_iter().filter(|&node| node == b1 || node == b2).collect();
        if common.is_empty() {
            self.crossings.insert(pair);
        } else if !common.iter().any(|&node| is_near(&picture.nodes[node], at)) {
            self.sibling_crossings.insert(pair);
        }
    }

    fn look_through(&mut self, picture: &Picture, piece: &Piece, node: usize) {
        let (a, b) = picture.edges[piece.edge].ends;
        if node != a && node != b && passes_through(piece, &picture.nodes[node]) {
            self.through.insert((piece.edge, node));
        }
    }
}

fn distance(a: Point, b: Point) -> f64 {
    ((b.0 - a.0) * (b.0 - a.0) + (b.1 - a.1) * (b.1 - a.1)).sqrt()
}

/// Where two pieces cross; their last points belong to the next pieces.
fn crossing(a: &Piece, b: &Piece) -> Option<Point> {
    let (ax, ay) = (a.to.0 - a.from.0, a.to.1 - a.from.1);
    let (bx, by) = (b.to.0 - b.from.0, b.to.1 - b.from.1);
    let (dx, dy) = (b.from.0 - a.from.0, b.from.1 - a.from.1);
    let determinant = ax * by - ay * bx;
    if determinant.abs() < 1e-12 {
        return None;
    }
    let along_a = (dx * by - dy * bx) / determinant;
    let along_b = (dx * ay - dy * ax) / determinant;
    let both_inside = (0.0..1.0).contains(&along_a) && (0.0..1.0).contains(&along_b);
    both_inside.then_some((a.from.0 + along_a * ax, a.from.1 + along_a * ay))
}

fn is_near(node: &Ellipse, at: Point) -> bool {
    (at.0 - node.center.0).abs() < node.radii.0 + NEAR && (at.1 - node.center.1).abs() < node.radii.1 + NEAR
}

fn passes_through(piece: &Piece, node: &Ellipse) -> bool {
    let scaled = |p: Point| {
        ((p.0 - node.center.0) / (node.radii.0 - GRAZE), (p.1 - node.center.1) / (node.radii.1 - GRAZE))
    };
    let (from, to) = (scaled(piece.from), scaled(piece.to));
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let nearest = (-(from.0 * dx + from.1 * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    distance((from.0 + nearest * dx, from.1 + nearest * dy), (0.0, 0.0)) < 1.0
}

type Squares = BTreeMap<(i64, i64), Vec<usize>>;

fn square(at: f64) -> i64 {
    (at / SQUARE).floor() as i64
}

fn node_squares(nodes: &[Ellipse]) -> Squares {
    let mut squares = Squares::new();
    for (number, node) in nodes.iter().enumerate() {
        let ((x, y), (rx, ry)) = (node.center, node.radii);
        for column in square(x - rx)..=square(x + rx) {
            for row in square(y - ry)..=square(y + ry) {
                squares.entry((column, row)).or_default().push(number);
            }
        }
    }
    squares
}

/// The pieces that touch each square.
fn piece_squares(pieces: &[Piece]) -> Squares {
    let mut squares = Squares::new();
    for (number, piece) in pieces.iter().enumerate() {
        let (upper, lower) =
            if piece.from.1 <= piece.to.1 { (piece.from, piece.to) } else { (piece.to, piece.from) };
        for row in square(upper.1)..=square(lower.1) {
            let x_at = |y: f64| {
                let share = ((y - upper.1) / (lower.1 - upper.1).max(1e-9)).clamp(0.0, 1.0);
                upper.0 + share * (lower.0 - upper.0)
            };
            let is_level = lower.1 - upper.1 < 1e-6;
            let (start, end) = (row as f64 * SQUARE, (row + 1) as f64 * SQUARE);
            let (a, b) = if is_level { (upper.0, lower.0) } else { (x_at(start), x_at(end)) };
            for column in square(a.min(b) - 1e-6)..=square(a.max(b) + 1e-6) {
                squares.entry((column, row)).or_default().push(number);
            }
        }
    }
    squares
}

fn overlaps(nodes: &[Ellipse], squares: &Squares) -> usize {
    let mut found = BTreeSet::new();
    for here in squares.values() {
        for (index, &a) in here.iter().enumerate() {
            for &b in &here[index + 1..] {
                if overlap(&nodes[a], &nodes[b]) {
                    found.insert((a, b));
                }
            }
        }
    }
    found.len()
}

fn overlap(a: &Ellipse, b: &Ellipse) -> bool {
    (a.center.0 - b.center.0).abs() < a.radii.0 + b.radii.0 - TOUCH
        && (a.center.1 - b.center.1).abs() < a.radii.1 + b.radii.1 - TOUCH
}

#[cfg(test)]
mod tests {
    use super::super::picture::Line;
    use super::*;

    fn node(x: f64, y: f64) -> Ellipse {
        Ellipse { name: String::new(), center: (x, y), radii: (27.0, 18.0) }
    }

    /// Nodes at the corners of a square of 400 points, a fifth in its middle, and straight edges between them.
    #[track_caller]
    fn check(edges: &[(usize, usize)], crossings: usize, through: usize) {
        let nodes =
            vec![node(0.0, 0.0), node(400.0, 0.0), node(0.0, 400.0), node(400.0, 400.0), node(200.0, 200.0)];
        let line =
            |&(a, b): &(usize, usize)| Line { ends: (a, b), points: vec![nodes[a].center, nodes[b].center] };
        let picture = Picture { edges: edges.iter().map(line).collect(), nodes };
        let metrics = measure(&picture);
        assert_eq!((metrics.crossings, metrics.through, metrics.overlaps), (crossings, through, 0));
    }

    #[test]
    fn counts() {
        check(&[], 0, 0);
        check(&[(0, 2), (1, 3)], 0, 0);
        check(&[(0, 3), (1, 2)], 1, 2);
        check(&[(0, 4), (4, 3)], 0, 0);
        check(&[(0, 2), (1, 2), (4, 2)], 0, 1);
    }

    #[test]
    fn overlapping_nodes_are_counted_once() {
        let picture =
            Picture { nodes: vec![node(0.0, 0.0), node(50.0, 10.0), node(120.0, 0.0)], edges: vec![] };
        assert_eq!(measure(&picture).overlaps, 1);
    }
}
