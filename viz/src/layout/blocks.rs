//! Folds wide fans into blocks.
//!
//! Three hundred hosts between two jobs would be a line of three hundred ellipses, and their edges a comb. Instead,
//! equal *parts* between the same *hubs* (the leaves of a fan, chains of a few jobs, any small graphs) stand in columns,
//! like words on a page. For the rows of the rest of the drawing, such a *block* is a single node with a single edge to
//! each hub, the *trunk*. Within the block, the edges of a hub go from the end of its trunk to the heads of *lanes*
//! beside the columns, run along these, and leave them one after another. They all come from the same job, so nothing
//! is lost by drawing them as one line for a while.

use super::aspect::unturned;
use super::budget::Budget;
use super::geometry::Bezier;
use super::layered::{self, Shape, Sketch};
use super::{Direction, Options, Point, Size};
use grid::Grid;
use parts::Group;

mod parts;
mod grid;

/// How many times wider than high a block should be, before the gaps to its hubs make it higher.
const ASPECT: f64 = 2.0;
/// The same in a drawing from left to right, where these gaps make it wider.
const ASPECT_TO_THE_RIGHT: f64 = 1.2;
/// Room for a lane beside a column, in points.
const LANE: f64 = 14.0;
/// An edge turns from its lane to its node within this share of the usual gap between rows; so much there is between
/// the leaves of a column as well.
const TURN: f64 = 0.7;
/// The same between larger parts, which are told apart by it.
const BETWEEN_PARTS: f64 = 1.4;
/// The number of columns that make the gap from a trunk to the heads of the lanes as high as a usual one.
const COLUMNS_PER_GAP: f64 = 6.0;
const HIGHEST_GAP: f64 = 4.0;

/// Finds a place for everything; equal parts stand in blocks.
pub(super) fn draw(shape: &Shape, options: &Options, budget: &mut Budget) -> Sketch {
    let groups = parts::find(shape, options.widest_fan);
    let outer = Outer::new(shape, &groups);
    if groups.is_empty() || !outer.is_acyclic() {
        return layered::draw(shape, options, budget);
    }
    let blocks: Vec<Block> = groups.iter().map(|group| Block::new(shape, group, options, budget)).collect();
    let drawn = layered::draw(&outer.shape(shape, &blocks), options, budget);
    let mut whole = Sketch {
        centers: outer.number.iter().map(|number| drawn.centers[number.unwrap_or(0)]).collect(),
        curves: outer
            .curve
            .iter()
            .map(|curve| curve.map_or_else(Vec::new, |at| drawn.curves[at].clone()))
            .collect(),
    };
    for (index, block) in blocks.iter().enumerate() {
        let center = drawn.centers[outer.first_block + index];
        let corner = center - Point::new(block.size.width / 2.0, block.size.height / 2.0);
        block.place(corner, &mut whole.centers);
        let trunk = |hub: usize| drawn.curves[outer.trunks[index][hub]].as_slice();
        block.connect(shape, corner, &trunk, &mut whole);
    }
    whole
}

/// The graph in which every block is a single node.
struct Outer {
    /// The number of each node here, unless it is in a block.
    number: Vec<Option<usize>>,
    first_block: usize,
    edges: Vec<(usize, usize)>,
    /// For each edge the one that it is here, unless it begins, ends or stays in a block.
    curve: Vec<Option<usize>>,
    /// For each block the edges from and to its hubs, in the order in which the group has them.
    trunks: Vec<Vec<usize>>,
}

impl Outer {
    fn new(shape: &Shape, groups: &[Group]) -> Self {
        let mut number: Vec<Option<usize>> = vec![Some(0); shape.sizes.len()];
        groups.iter().flat_map(|group| group.parts.iter().flatten()).for_each(|&node| number[node] = None);
        let mut first_block = 0;
        for number in number.iter_mut().flatten() {
            *number = first_block;
            first_block += 1;
        }
        let (mut edges, mut curve) = (Vec::new(), Vec::new());
        for &(a, b) in &shape.edges {
            let ends = number[a].zip(number[b]);
            curve.push(ends.map(|_| edges.len()));
            edges.extend(ends);
        }
        let mut trunks = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let block = first_block + index;
            let hub = |hub: &usize| number[*hub].unwrap_or_default();
            trunks.push((edges.len()..edges.len() + group.above.len() + group.below.len()).collect());
            edges.extend(group.above.iter().map(|above| (hub(above), block)));
            edges.extend(group.below.iter().map(|below| (block, hub(below))));
        }
        Self { number, first_block, edges, curve, trunks }
    }

    /// Whether there is no way around: from a block through others back to it.
    fn is_acyclic(&self) -> bool {
        let nodes = self.first_block + self.trunks.len();
        let mut waiting = vec![0_usize; nodes];
        let mut below = vec![Vec::new(); nodes];
        for &(a, b) in &self.edges {
            waiting[b] += 1;
            below[a].push(b);
        }
        let mut ready: Vec<usize> = (0..nodes).filter(|node| waiting[*node] == 0).collect();
        let mut next = 0;
        while let Some(&node) = ready.get(next) {
            next += 1;
            for &b in &below[node] {
                waiting[b] -= 1;
                if waiting[b] == 0 {
                    ready.push(b);
                }
            }
        }
        ready.len() == nodes
    }

    fn shape(&self, whole: &Shape, blocks: &[Block]) -> Shape {
        let kept = |node: &usize| self.number[*node].is_some();
        let nodes: Vec<usize> = (0..whole.sizes.len()).filter(kept).collect();
        let mut shape = Shape {
            sizes: nodes.iter().map(|&node| whole.sizes[node]).collect(),
            is_box: nodes.iter().map(|&node| whole.is_box[node]).collect(),
            has_loop: nodes.iter().map(|&node| whole.has_loop[node]).collect(),
            edges: self.edges.clone(),
        };
        shape.sizes.extend(blocks.iter().map(|block| block.size));
        shape.is_box.resize(shape.sizes.len(), true);
        shape.has_loop.resize(shape.sizes.len(), false);
        shape
    }
}

/// A group of equal parts in columns.
struct Block<'a> {
    group: &'a Group,
    /// The drawing of a part, as large as the largest of them needs it, and that of its nodes.
    part: Sketch,
    part_sizes: Vec<Size>,
    part_size: Size,
    grid: Grid,
    /// Where the first part begins in the block.
    first: Point,
    turn: f64,
    size: Size,
}

impl<'a> Block<'a> {
    fn new(shape: &Shape, group: &'a Group, options: &Options, budget: &mut Budget) -> Self {
        let part_sizes = group.largest_sizes(&shape.sizes);
        let (part, part_size) = draw_part(shape, group, &part_sizes, options, budget);
        let turn = TURN * options.row_gap;
        let lanes = LANE * (group.above.len() + group.below.len()) as f64;
        let gap = Size {
            width: lanes + options.node_gap,
            height: if part_sizes.len() > 1 { BETWEEN_PARTS * options.row_gap } else { turn },
        };
        let cell = |nodes: &Vec<usize>| if let &[node] = &nodes[..] { shape.sizes[node] } else { part_size };
        let cells: Vec<Size> = group.parts.iter().map(cell).collect();
        let grid = Grid::new(&cells, gap, aspect(options.direction));
        let zone = options.row_gap * (grid.columns() as f64 / COLUMNS_PER_GAP).clamp(1.0, HIGHEST_GAP);
        let room = |hubs: &[usize]| if hubs.is_empty() { 0.0 } else { zone + turn };
        let size = Size {
            width: grid.size().width + lanes,
            height: room(&group.above) + grid.size().height + room(&group.below),
        };
        let first = Point::new(LANE * group.above.len() as f64, room(&group.above));
        Self { group, part, part_sizes, part_size, grid, first, turn, size }
    }

    /// The corner of the cell of a part.
    fn cell(&self, corner: Point, index: usize) -> Point {
        corner + self.first + self.grid.corner(index)
    }

    /// The corner of a part, which stands in the middle of its cell.
    fn origin(&self, corner: Point, index: usize) -> Point {
        let (room, size) = (self.grid.cell(index), self.part_size);
        let beside = Point::new((room.width - size.width) / 2.0, (room.height - size.height) / 2.0);
        self.cell(corner, index) + beside
    }

    fn place(&self, corner: Point, centers: &mut [Point]) {
        for (index, nodes) in self.group.parts.iter().enumerate() {
            let origin = self.origin(corner, index);
            for (&node, &center) in nodes.iter().zip(&self.part.centers) {
                centers[node] = origin + center;
            }
        }
    }

    /// Draws the edges within the parts, and those between parts and hubs.
    fn connect<'t>(
        &self,
        shape: &Shape,
        corner: Point,
        trunk: &impl Fn(usize) -> &'t [Bezier],
        whole: &mut Sketch,
    ) {
        for (index, edges) in self.group.edges.iter().enumerate() {
            let (origin, cell) = (self.origin(corner, index), self.cell(corner, index));
            let right = cell.x + self.grid.cell(index).width;
            let nodes = &self.group.parts[index];
            for (&edge, curve) in edges.inside.iter().zip(&self.part.curves) {
                whole.curves[edge] = self.refit(curve, origin, edge, nodes, shape);
            }
            for &(edge, hub) in &edges.from_above {
                let to = shape.edges[edge].1;
                let top = whole.centers[to] - Point::new(0.0, shape.sizes[to].height / 2.0);
                whole.curves[edge] = self.arrive(corner, cell.x, hub, top, trunk(hub));
            }
            for &(edge, hub) in &edges.to_below {
                let from = shape.edges[edge].0;
                let bottom = whole.centers[from] + Point::new(0.0, shape.sizes[from].height / 2.0);
                let trunk = trunk(self.group.above.len() + hub);
                whole.curves[edge] = self.leave(corner, right, hub, bottom, trunk);
            }
        }
    }

    /// Moves a curve of the drawing of a part into one of the parts, whose nodes may be smaller.
    fn refit(
        &self,
        curve: &[Bezier],
        origin: Point,
        edge: usize,
        nodes: &[usize],
        shape: &Shape,
    ) -> Vec<Bezier> {
        let local = |node: usize| nodes.iter().position(|other| *other == node).unwrap_or(0);
        let shrink = |point: Point, node: usize| {
            let index = local(node);
            let (center, (old, new)) =
                (self.part.centers[index], (self.part_sizes[index], shape.sizes[node]));
            let offset = point - center;
            Point::new(offset.x * (new.width / old.width - 1.0), offset.y * (new.height / old.height - 1.0))
        };
        let (a, b) = shape.edges[edge];
        let mut curve: Vec<Bezier> = curve.iter().map(|part| part.moved(origin)).collect();
        let last = curve.len() - 1;
        let (start, end) = (shrink(curve[0].0[0] - origin, a), shrink(curve[last].0[3] - origin, b));
        for (part, point, by) in [(0, 0, start), (0, 1, start), (last, 2, end), (last, 3, end)] {
            curve[part].0[point] = curve[part].0[point] + by;
        }
        curve
    }

    /// From a hub above along a lane, left of a column, to the top of a node.
    fn arrive(&self, corner: Point, left: f64, hub: usize, top: Point, trunk: &[Bezier]) -> Vec<Bezier> {
        let lane = left - LANE * (self.group.above.len() - hub) as f64 + LANE / 2.0;
        let head = Point::new(lane, corner.y + self.first.y - self.turn);
        let turn = Point::new(lane, top.y - self.turn);
        let end = trunk[trunk.len() - 1].0[3];
        let mut curves = trunk.to_vec();
        curves.push(Bezier::bend(end, head));
        curves.push(Bezier::line(head, turn));
        curves.push(Bezier::bend(turn, top));
        curves
    }

    /// From the bottom of a node along a lane, right of a column, to a hub below.
    fn leave(&self, corner: Point, right: f64, hub: usize, bottom: Point, trunk: &[Bezier]) -> Vec<Bezier> {
        let lane = right + LANE * hub as f64 + LANE / 2.0;
        let foot = Point::new(lane, corner.y + self.first.y + self.grid.size().height + self.turn);
        let turn = Point::new(lane, bottom.y + self.turn);
        let mut curves =
            vec![Bezier::bend(bottom, turn), Bezier::line(turn, foot), Bezier::bend(foot, trunk[0].0[0])];
        curves.extend_from_slice(trunk);
        curves
    }
}

/// How many times wider than high a block should be while all is drawn from above downwards.
fn aspect(direction: Direction) -> f64 {
    let wanted = match direction {
        Direction::Down => ASPECT,
        Direction::Right => ASPECT_TO_THE_RIGHT,
    };
    unturned(wanted, direction)
}

/// Draws a part from its corner on, and tells how large it is.
fn draw_part(
    shape: &Shape,
    group: &Group,
    sizes: &[Size],
    options: &Options,
    budget: &mut Budget,
) -> (Sketch, Size) {
    let nodes = &group.parts[0];
    let local = |node: usize| nodes.iter().position(|other| *other == node).unwrap_or(0);
    let ends = |&edge: &usize| (local(shape.edges[edge].0), local(shape.edges[edge].1));
    let part = Shape {
        sizes: sizes.to_vec(),
        is_box: nodes.iter().map(|&node| shape.is_box[node]).collect(),
        has_loop: vec![false; nodes.len()],
        edges: group.edges[0].inside.iter().map(ends).collect(),
    };
    let mut sketch = layered::draw(&part, options, budget);
    let (low, high) = sketch.extent(sizes);
    sketch.move_by(Point::default() - low);
    (sketch, Size { width: high.x - low.x, height: high.y - low.y })
}
