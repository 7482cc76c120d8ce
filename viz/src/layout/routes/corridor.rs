//! The free space around an edge.

use super::guard::{self, Guard};
use super::map::Map;
use crate::layout::Point;
use crate::layout::layers::Layers;

/// Edges keep this distance from what they pass, in points, where there is room.
const MARGIN: f64 = 5.0;
/// A curve may leave the corridor by this much: less than a line is wide, and far less than the margin.
const TOLERANCE: f64 = 0.3;

/// The outer parts of a row, as shares of its height, in which the corners of an ellipse's box are free.
const OUTER: f64 = 0.2;

/// A box of the corridor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    pub(super) top: f64,
    pub(super) bottom: f64,
    pub(super) left: f64,
    pub(super) right: f64,
}

/// Where the corridor goes from one cell into the next: a horizontal line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Portal {
    pub(super) y: f64,
    pub(super) left: f64,
    pub(super) right: f64,
}

/// Cells from the centre of the upper node down to the centre of the lower.
#[derive(Debug)]
pub(super) struct Corridor {
    pub(super) cells: Vec<Cell>,
    pub(super) guards: Vec<Guard>,
}

impl Corridor {
    /// The corridor along a chain. Edges on a track have no room to the sides there: they are one line.
    pub(super) fn along(map: &Map, chain: &[usize], on_track: bool) -> Self {
        let cells = cells(map, chain, |vertex| {
            if on_track && !map.layers.is_node(vertex) {
                track_cells(map, vertex)
            } else {
                row_cells(map, vertex, map.layers.beside(vertex))
            }
        });
        let guards = if on_track || chain.len() == 2 { Vec::new() } else { guard::around(map, chain) };
        Self { cells, guards }
    }

    /// The wider corridor along a chain that is bounded by nodes alone: there, edges may cross each other.
    pub(super) fn among_nodes(map: &Map, chain: &[usize], nodes: &NodesBeside) -> Self {
        let cells = cells(map, chain, |vertex| row_cells(map, vertex, nodes.of(vertex)));
        Self { cells, guards: Vec::new() }
    }

    pub(super) fn portals(&self) -> Vec<Portal> {
        let portal = |pair: &[Cell]| {
            let (y, left, right) =
                (pair[1].top, pair[0].left.max(pair[1].left), pair[0].right.min(pair[1].right));
            let (low, high) = self.guarded(y);
            // a guard that leaves nothing would only make the way odd
            if left.max(low) < right.min(high) {
                Portal { y, left: left.max(low), right: right.min(high) }
            } else {
                Portal { y, left, right }
            }
        };
        self.cells.windows(2).map(portal).collect()
    }

    fn guarded(&self, y: f64) -> (f64, f64) {
        self.guards.iter().fold((f64::NEG_INFINITY, f64::INFINITY), |(low, high), guard| {
            let range = guard.range(y);
            (low.max(range.0), high.min(range.1))
        })
    }

    /// The number of the cell at a height.
    pub(super) fn cell_at(&self, y: f64) -> usize {
        self.cells.partition_point(|cell| cell.bottom < y).min(self.cells.len() - 1)
    }

    /// Whether a point is inside a cell, or close enough.
    pub(super) fn holds(&self, cell: usize, point: Point) -> bool {
        let cell = &self.cells[cell];
        let (low, high) = self.guarded(point.y);
        cell.left.max(low) - TOLERANCE <= point.x && point.x <= cell.right.min(high) + TOLERANCE
    }
}

/// The nodes next to each vertex on its row, whatever bends are between.
#[derive(Debug)]
pub(super) struct NodesBeside {
    left: Vec<Option<usize>>,
    right: Vec<Option<usize>>,
}

impl NodesBeside {
    pub(super) fn new(layers: &Layers) -> Self {
        let (mut left, mut right) = (vec![None; layers.len()], vec![None; layers.len()]);
        let fill = |side: &mut Vec<Option<usize>>, vertices: &mut dyn Iterator<Item = &usize>| {
            let mut last = None;
            for &vertex in vertices {
                side[vertex] = last;
                last = if layers.is_node(vertex) { Some(vertex) } else { last };
            }
        };
        for row in &layers.rows {
            fill(&mut left, &mut row.iter());
            fill(&mut right, &mut row.iter().rev());
        }
        Self { left, right }
    }

    fn of(&self, vertex: usize) -> (Option<usize>, Option<usize>) {
        (self.left[vertex], self.right[vertex])
    }
}

/// The cells on the rows of a chain, and those between rows.
fn cells(map: &Map, chain: &[usize], row_of: impl Fn(usize) -> Vec<Cell>) -> Vec<Cell> {
    let mut cells: Vec<Cell> = Vec::with_capacity(4 * chain.len());
    for &vertex in chain {
        let row = row_of(vertex);
        if let Some(&above) = cells.last() {
            cells.push(between(above, row[0], map.sides));
        }
        cells.extend(row);
    }
    trim(&mut cells, map.center(chain[0]).y, map.center(chain[chain.len() - 1]).y);
    cells
}

/// What lies between two cells: everything, unless both are on a track.
fn between(above: Cell, below: Cell, sides: (f64, f64)) -> Cell {
    let (mut left, mut right) = sides;
    if above.left == above.right && below.left == below.right {
        (left, right) = (above.left.min(below.left), above.right.max(below.right));
    }
    Cell { top: above.bottom, bottom: below.top, left, right }
}

/// Cuts off what is above the centre of the first node and below the centre of the last.
fn trim(cells: &mut Vec<Cell>, start: f64, end: f64) {
    cells.retain(|cell| cell.bottom > start && cell.top < end);
    if let [first, .., last] = cells.as_mut_slice() {
        first.top = start;
        last.bottom = end;
    }
}

/// A track is as narrow as a line.
fn track_cells(map: &Map, vertex: usize) -> Vec<Cell> {
    let (band, x) = (map.rows[map.layers.row_of[vertex]], map.x[vertex]);
    vec![Cell { top: band.top, bottom: band.bottom, left: x, right: x }]
}

/// The free range between the neighbours of a vertex on its row: wider in the outer parts of the row than in the middle,
/// as they are ellipses.
fn row_cells(map: &Map, vertex: usize, beside: (Option<usize>, Option<usize>)) -> Vec<Cell> {
    let band = map.rows[map.layers.row_of[vertex]];
    let height = band.bottom - band.top;
    let (upper, lower) = (band.top + OUTER * height, band.bottom - OUTER * height);
    let cell = |top, bottom, off_center| {
        let (left, right) = gap(map, vertex, beside, off_center);
        Cell { top, bottom, left, right }
    };
    let off_center = (0.5 - OUTER) * height;
    vec![cell(band.top, upper, off_center), cell(upper, lower, 0.0), cell(lower, band.bottom, off_center)]
}

/// The free range between the neighbours of a vertex, at least so far above or below the middle of its row.
fn gap(
    map: &Map,
    vertex: usize,
    (left, right): (Option<usize>, Option<usize>),
    off_center: f64,
) -> (f64, f64) {
    let x = map.x[vertex];
    let reach = |neighbor: usize, far: f64| {
        let Some(size) = map.sizes.get(neighbor) else { return 0.0 };
        let share = 2.0 * off_center / size.height;
        // a loop is not part of the ellipse, and a box has no free corners
        if far > size.width / 2.0 || map.is_box[neighbor] {
            far
        } else {
            far * (1.0 - share * share).max(0.0).sqrt()
        }
    };
    let low = left.map_or(map.sides.0, |left| map.x[left] + reach(left, map.spacing.right(left)) + MARGIN);
    let high =
        right.map_or(map.sides.1, |right| map.x[right] - reach(right, map.spacing.left(right)) - MARGIN);
    (low.min(x), high.max(x))
}
