//! An embedded layered layout: sizes and edges in, places and curves out.
//!
//! It follows Gansner, Koutsofios, North and Vo, *A technique for drawing directed graphs* (1993), in passes that
//! each have a file:
//!
//! 0. `nested` draws what is inside of boxes before what is around them;
//! 1. `components` takes the graph apart, `packing` puts the drawn components side by side;
//! 2. `acyclic` turns edges around until there is no cycle;
//! 3. `blocks` folds equal parts of wide fans into nodes of their own, and `layered` draws the rest in rows:
//!    `ranks` gives every node one, by the network `simplex`, and `spread` cuts those that are too wide;
//! 4. `layers` makes long edges chains of bends, one on every row they pass;
//! 5. `order` arranges each row so that few edges cross;
//! 6. `columns` and `heights` find the coordinates;
//! 7. `routes` draws every edge as a curve through the free space, and `strips` folds what is very high.
//!
//! No pass recurses, iterates in hash order or computes anything but sums, products, quotients and square roots:
//! the result is the same everywhere. A [budget](Options::steps) of counted steps bounds the passes that improve
//! the drawing, so that every graph is drawn in the end, a huge one less carefully.

mod geometry;
mod model;
mod aspect;
mod budget;
mod random;
mod adjacency;
mod acyclic;
mod simplex;
mod ranks;
mod layers;
mod order;
mod columns;
mod heights;
mod routes;
mod spread;
mod strips;
mod layered;
mod components;
mod blocks;
mod packing;
mod component;
mod nested;

pub use geometry::{Point, Size};
pub use model::{Direction, EdgePath, Layout, LayoutGraph, Options};
pub(crate) use nested::{CONTENT_CORNER, box_around};

/// Lays a graph out.
///
/// # Panics
///
/// If an edge or a parent is a node that has no size, an edge leads into a box or out of one, or boxes stand in each
/// other in a cycle.
pub fn layout(graph: &LayoutGraph, options: &Options) -> Layout {
    match options.direction {
        Direction::Down => nested::draw(graph, options),
        Direction::Right => {
            let turned = LayoutGraph {
                sizes: graph.sizes.iter().map(|size| size.turned()).collect(),
                ..graph.clone()
            };
            nested::draw(&turned, options).turned()
        }
    }
}
