//! The spanning tree of the simplex: who hangs on whom.

use super::constraint::Constraint;

const NONE: usize = usize::MAX;

/// A spanning tree with its root at vertex 0.
#[derive(Debug)]
pub(super) struct Tree {
    contained: Vec<bool>,
    /// The tree edges at each vertex.
    edges: Vec<Vec<usize>>,
    /// The edge towards the root.
    parents: Vec<usize>,
    depths: Vec<usize>,
    /// The vertices below the one last asked about, itself first; a parent stands before its children.
    branch: Vec<usize>,
    /// Which question each vertex was last an answer to.
    stamps: Vec<usize>,
    stamp: usize,
}

impl Tree {
    /// The tree that consists of some of the constraints.
    pub(super) fn new(constraints: &[Constraint], members: &[usize], vertices: usize) -> Self {
        let mut tree = Self {
            contained: vec![false; constraints.len()],
            edges: vec![Vec::new(); vertices],
            parents: vec![NONE; vertices],
            depths: vec![0; vertices],
            branch: Vec::new(),
            stamps: vec![0; vertices],
            stamp: 0,
        };
        for &edge in members {
            tree.insert(constraints, edge);
        }
        tree.hang(constraints, 0, NONE, 0);
        tree
    }

    pub(super) fn contains(&self, edge: usize) -> bool {
        self.contained[edge]
    }

    pub(super) fn parent(&self, vertex: usize) -> Option<usize> {
        (self.parents[vertex] != NONE).then_some(self.parents[vertex])
    }

    pub(super) fn depth(&self, vertex: usize) -> usize {
        self.depths[vertex]
    }

    /// Looks up what hangs on a vertex: see [`Tree::branch`] and [`Tree::is_on_branch`].
    pub(super) fn find_branch(&mut self, constraints: &[Constraint], top: usize) {
        self.stamp += 1;
        self.stamps[top] = self.stamp;
        self.walk(constraints, top, |tree, _, _, child| tree.stamps[child] = tree.stamp);
    }

    /// From a vertex to all that hangs on it; calls `reach` with a vertex, an edge, and who is found behind that.
    fn walk(
        &mut self,
        constraints: &[Constraint],
        top: usize,
        reach: impl Fn(&mut Self, usize, usize, usize),
    ) {
        self.branch.clear();
        self.branch.push(top);
        let mut next = 0;
        while let Some(&vertex) = self.branch.get(next) {
            next += 1;
            for place in 0..self.edges[vertex].len() {
                let edge = self.edges[vertex][place];
                if edge != self.parents[vertex] {
                    let child = constraints[edge].other(vertex);
                    reach(self, vertex, edge, child);
                    self.branch.push(child);
                }
            }
        }
    }

    /// The branch that was last looked up; a parent stands before its children.
    pub(super) fn branch(&self) -> &[usize] {
        &self.branch
    }

    pub(super) fn is_on_branch(&self, vertex: usize) -> bool {
        self.stamps[vertex] == self.stamp
    }

    /// Cuts the branch that was last looked up off and hangs it up by another edge.
    pub(super) fn exchange(&mut self, constraints: &[Constraint], old: usize, new: usize) {
        self.contained[old] = false;
        for vertex in [constraints[old].tail, constraints[old].head] {
            let edges = &mut self.edges[vertex];
            if let Some(place) = edges.iter().position(|&edge| edge == old) {
                edges.swap_remove(place);
            }
        }
        let Constraint { tail, head, .. } = constraints[new];
        let (upper, top) = if self.is_on_branch(head) { (tail, head) } else { (head, tail) };
        self.insert(constraints, new);
        self.hang(constraints, top, new, self.depths[upper] + 1);
    }

    fn insert(&mut self, constraints: &[Constraint], edge: usize) {
        self.contained[edge] = true;
        self.edges[constraints[edge].tail].push(edge);
        self.edges[constraints[edge].head].push(edge);
    }

    /// Makes a vertex hang on an edge, and all that is connected to it on the vertex.
    fn hang(&mut self, constraints: &[Constraint], top: usize, parent: usize, depth: usize) {
        self.parents[top] = parent;
        self.depths[top] = depth;
        self.walk(constraints, top, |tree, vertex, edge, child| {
            tree.parents[child] = edge;
            tree.depths[child] = tree.depths[vertex] + 1;
        });
    }
}
