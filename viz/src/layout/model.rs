//! What goes into a layout, and what comes out.

use super::geometry::{Point, Size};

/// A graph to lay out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LayoutGraph {
    /// The size of each node's ellipse; finite and positive.
    pub sizes: Vec<Size>,
    /// `(a, b)` leads from node `a` down to node `b`. Loops, cycles and repetitions are welcome.
    pub edges: Vec<(usize, usize)>,
    /// The node around each node: a box that is made as large as what is inside of it needs. The edges of a node that
    /// is inside of a box lead to others inside of that box. May be left empty where there are no boxes.
    pub parents: Vec<Option<usize>>,
    /// Which nodes are drawn as boxes though nothing is inside. May be left empty where there are none.
    pub closed: Vec<bool>,
}

/// Where edges lead to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From above downwards.
    #[default]
    Down,
    /// From left to right.
    Right,
}

/// How to lay out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Where edges lead to.
    pub direction: Direction,
    /// The least gap between two nodes of a row, in points.
    pub node_gap: f64,
    /// The gap between two rows, in points.
    pub row_gap: f64,
    /// Fans of more leaves, chains or other equal parts than this are spread over several rows.
    pub widest_fan: usize,
    /// Long edges bend once on every row they pass. With more bends than this, they are bundled; with more bundles
    /// than this, the longest are drawn straight.
    pub most_bends: usize,
    /// How many steps may go into improving the drawing. A step is a look at one end of an edge: a few nanoseconds.
    pub steps: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            direction: Direction::Down,
            node_gap: 18.0,
            row_gap: 36.0,
            widest_fan: 30,
            most_bends: 150_000,
            steps: 2_000_000_000,
        }
    }
}

/// A finished drawing; all coordinates are between zero and its size.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layout {
    /// The extent of the whole drawing.
    pub size: Size,
    /// The centre of each node.
    pub centers: Vec<Point>,
    /// The size of each node; that of a box is known only now.
    pub sizes: Vec<Size>,
    /// The curve of each edge.
    pub edges: Vec<EdgePath>,
}

/// An edge from the border of one ellipse to the border of another.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EdgePath {
    /// Cubic Bézier curves, joined: a start, then three points for each curve. It ends where the arrow head begins.
    pub curve: Vec<Point>,
    /// Where the arrow head ends: on the border of the node that is depended on.
    pub tip: Point,
}

impl Layout {
    /// The same drawing, mirrored so that what led down leads to the right.
    pub(super) fn turned(mut self) -> Self {
        self.size = self.size.turned();
        self.sizes.iter_mut().for_each(|size| *size = size.turned());
        self.centers.iter_mut().for_each(|center| *center = center.turned());
        for path in &mut self.edges {
            path.curve.iter_mut().for_each(|point| *point = point.turned());
            path.tip = path.tip.turned();
        }
        self
    }
}
