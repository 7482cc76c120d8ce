//! Where everything stands by now.

use crate::layout::columns::Spacing;
use crate::layout::heights::Band;
use crate::layout::layers::Layers;
use crate::layout::{Point, Size};

/// How far edges may reach beyond the outermost nodes and bends, in points.
const BULGE: f64 = 18.0;

/// Where everything stands by now.
#[derive(Debug)]
pub(in crate::layout) struct Map<'a> {
    pub(in crate::layout) layers: &'a Layers,
    pub(in crate::layout) spacing: &'a Spacing,
    pub(in crate::layout) sizes: &'a [Size],
    /// Which nodes are boxes and not ellipses.
    pub(in crate::layout) is_box: &'a [bool],
    pub(in crate::layout) x: &'a [f64],
    pub(in crate::layout) rows: &'a [Band],
    /// How far edges may go to the left and to the right.
    pub(super) sides: (f64, f64),
}

impl<'a> Map<'a> {
    pub(in crate::layout) fn new(
        layers: &'a Layers,
        spacing: &'a Spacing,
        (sizes, is_box): (&'a [Size], &'a [bool]),
        x: &'a [f64],
        rows: &'a [Band],
    ) -> Self {
        let sides = x.iter().enumerate().fold((f64::MAX, f64::MIN), |(left, right), (vertex, &x)| {
            (left.min(x - spacing.left(vertex)), right.max(x + spacing.right(vertex)))
        });
        Self { layers, spacing, sizes, is_box, x, rows, sides: (sides.0 - BULGE, sides.1 + BULGE) }
    }

    /// The centre of a vertex.
    pub(in crate::layout) fn center(&self, vertex: usize) -> Point {
        Point::new(self.x[vertex], self.rows[self.layers.row_of[vertex]].middle())
    }
}
