//! Network simplex: integers that obey minimal differences and make a weighted sum of differences least.
//!
//! The method of Gansner et al., section 2.3: a spanning tree of tight constraints determines all values; as long
//! as a tree edge has a negative cut value, it is exchanged for the tightest edge that reconnects the tree.

use super::adjacency::Adjacency;
use super::budget::Budget;
use tree::Tree;

pub(super) use constraint::Constraint;

mod constraint;
mod tree;
mod tight;

/// How many negative cut values are compared before the least of them is taken.
const CANDIDATES: usize = 30;

/// Improves values that obey the constraints until they are the best, or the budget is spent. The constraints
/// must connect all values. The least value becomes zero.
pub(super) fn minimize(constraints: &[Constraint], values: &mut [i64], budget: &mut Budget) {
    if values.len() > 1 {
        let mut simplex = Simplex::new(constraints, values);
        while simplex.pivot(budget) {}
    }
    let least = values.iter().copied().min().unwrap_or(0);
    for value in values {
        *value -= least;
    }
}

struct Simplex<'a> {
    constraints: &'a [Constraint],
    values: &'a mut [i64],
    /// The constraints at each vertex.
    incident: Adjacency,
    tree: Tree,
    /// For tree edges: by how much the cost falls when the edge is stretched by one, negated.
    cuts: Vec<i64>,
    /// The tree's edges, in no order, and where the search for a negative cut goes on.
    members: Vec<usize>,
    next: usize,
    /// Exchanges since the cost last fell; a long row of them may be a cycle.
    idle: usize,
}

impl<'a> Simplex<'a> {
    fn new(constraints: &'a [Constraint], values: &'a mut [i64]) -> Self {
        let ends = constraints.iter().enumerate().flat_map(|(edge, c)| [(c.tail, edge), (c.head, edge)]);
        let incident = Adjacency::new(values.len(), ends);
        let members = tight::span(constraints, &incident, values);
        let tree = Tree::new(constraints, &members, values.len());
        let cuts = initial_cuts(constraints, &tree, values.len());
        Self { constraints, values, incident, tree, cuts, members, next: 0, idle: 0 }
    }

    /// Exchanges one tree edge; says whether it is worth going on.
    fn pivot(&mut self, budget: &mut Budget) -> bool {
        let Some(place) = self.leaving(budget) else { return false };
        let leaving = self.members[place];
        let top = self.lower_end(leaving);
        self.tree.find_branch(self.constraints, top);
        budget.spend(3 * self.tree.branch().len());
        let Some((entering, slack)) = self.entering(leaving, top, budget) else { return false };
        if slack > 0 {
            self.stretch(leaving, top, slack);
            self.idle = 0;
        } else {
            self.idle += 1;
        }
        self.exchange(leaving, entering);
        self.members[place] = entering;
        !budget.is_spent() && self.idle <= 4 * self.values.len()
    }

    /// The place among the members of an edge with a negative cut value: the least of the next few.
    fn leaving(&mut self, budget: &mut Budget) -> Option<usize> {
        let (mut best, mut found) = (None, 0);
        let mut least = 0;
        for step in 0..self.members.len() {
            let place = (self.next + step) % self.members.len();
            let cut = self.cuts[self.members[place]];
            if cut >= 0 {
                continue;
            }
            if cut < least {
                (least, best) = (cut, Some(place));
            }
            found += 1;
            if found == CANDIDATES {
                self.next = (place + 1) % self.members.len();
                budget.spend(step / 8);
                return best;
            }
        }
        budget.spend(self.members.len() / 8);
        best
    }

    /// The end of a tree edge that hangs on it.
    fn lower_end(&self, edge: usize) -> usize {
        let Constraint { tail, head, .. } = self.constraints[edge];
        if self.tree.parent(tail) == Some(edge) { tail } else { head }
    }

    /// The tightest constraint that joins the branch below the leaving edge to the rest, against the direction of
    /// that edge.
    fn entering(&self, leaving: usize, top: usize, budget: &mut Budget) -> Option<(usize, i64)> {
        let outwards = self.constraints[leaving].head == top;
        let mut best: Option<(usize, i64)> = None;
        for &vertex in self.tree.branch() {
            budget.spend(self.incident.of(vertex).len());
            for &edge in self.incident.of(vertex) {
                let constraint = &self.constraints[edge];
                if (constraint.tail == vertex) != outwards || self.tree.is_on_branch(constraint.other(vertex))
                {
                    continue;
                }
                let slack = constraint.slack(self.values);
                if best.is_none_or(|(_, least)| slack < least) && !self.tree.contains(edge) {
                    best = Some((edge, slack));
                    if slack == 0 {
                        return best;
                    }
                }
            }
        }
        best
    }

    /// Moves the branch below an edge so that the edge grows by `slack`.
    fn stretch(&mut self, edge: usize, top: usize, slack: i64) {
        let by = if self.constraints[edge].head == top { slack } else { -slack };
        for &vertex in self.tree.branch() {
            self.values[vertex] += by;
        }
    }

    /// Puts one edge into the tree for another and brings the cut values up to date.
    fn exchange(&mut self, leaving: usize, entering: usize) {
        let cut = self.cuts[leaving];
        self.carry(entering, cut);
        self.cuts[entering] = -cut;
        self.cuts[leaving] = 0;
        self.tree.exchange(self.constraints, leaving, entering);
    }

    /// Adds a flow to the cut values on the way through the tree from an edge's tail to its head.
    fn carry(&mut self, edge: usize, flow: i64) {
        let Constraint { tail, head, .. } = self.constraints[edge];
        let (mut from, mut to) = (tail, head);
        while from != to {
            if self.tree.depth(from) >= self.tree.depth(to) {
                from = self.climb(from, flow);
            } else {
                to = self.climb(to, -flow);
            }
        }
    }

    /// Adds a flow to the cut value of the edge that a vertex hangs on; returns the other end of that edge.
    fn climb(&mut self, vertex: usize, flow: i64) -> usize {
        let Some(edge) = self.tree.parent(vertex) else { return vertex };
        let constraint = &self.constraints[edge];
        self.cuts[edge] += if constraint.tail == vertex { flow } else { -flow };
        constraint.other(vertex)
    }
}

/// The cut value of every edge of a new tree, from the sums of weights below it.
fn initial_cuts(constraints: &[Constraint], tree: &Tree, vertices: usize) -> Vec<i64> {
    let mut outflow = vec![0; vertices];
    for constraint in constraints {
        outflow[constraint.tail] += constraint.weight;
        outflow[constraint.head] -= constraint.weight;
    }
    let mut cuts = vec![0; constraints.len()];
    for &vertex in tree.branch().iter().rev() {
        if let Some(edge) = tree.parent(vertex) {
            let constraint = &constraints[edge];
            cuts[edge] = if constraint.tail == vertex { outflow[vertex] } else { -outflow[vertex] };
            outflow[constraint.other(vertex)] += outflow[vertex];
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(constraints: &[Constraint], values: &[i64]) -> i64 {
        constraints.iter().map(|c| c.weight * (values[c.head] - values[c.tail])).sum()
    }

    #[track_caller]
    fn check(edges: &[(usize, usize, i64, i64)], start: &[i64], least_cost: i64) {
        let constraints: Vec<Constraint> = edges
            .iter()
            .map(|&(tail, head, length, weight)| Constraint { tail, head, length, weight })
            .collect();
        let mut values = start.to_vec();
        minimize(&constraints, &mut values, &mut Budget::new(1_000_000));
        assert!(constraints.iter().all(|c| c.slack(&values) >= 0), "{values:?}");
        assert_eq!(values.iter().min(), Some(&0));
        assert_eq!(cost(&constraints, &values), least_cost, "{values:?}");
    }

    #[test]
    fn trees_are_tight() {
        check(&[(0, 1, 1, 1)], &[3, 9], 1);
        check(&[(0, 1, 1, 1), (0, 2, 1, 1), (2, 3, 2, 5)], &[0, 7, 2, 9], 12);
    }

    #[test]
    fn slack_goes_where_it_is_cheap() {
        // 0 -> 1 -> 2 -> 3 is long; 4 hangs between 0 and 3 and belongs beside the dearer end
        let chain = [(0, 1, 1, 1), (1, 2, 1, 1), (2, 3, 1, 1), (0, 4, 1, 2), (4, 3, 1, 1)];
        check(&chain, &[0, 1, 2, 3, 2], 7);
        // two tails pull at 4 from above, one head from below
        let pulled = [(0, 1, 1, 1), (1, 2, 1, 1), (2, 3, 1, 1), (0, 4, 1, 1), (1, 4, 1, 1), (4, 3, 1, 1)];
        check(&pulled, &[0, 1, 2, 3, 2], 7);
    }

    #[test]
    fn a_spent_budget_leaves_values_that_obey() {
        let edges = [(0, 1, 1, 1), (1, 2, 1, 1), (0, 3, 1, 9), (3, 2, 1, 1)];
        let constraints: Vec<Constraint> = edges
            .iter()
            .map(|&(tail, head, length, weight)| Constraint { tail, head, length, weight })
            .collect();
        let mut values = vec![0, 5, 9, 8];
        minimize(&constraints, &mut values, &mut Budget::new(0));
        assert!(constraints.iter().all(|c| c.slack(&values) >= 0), "{values:?}");
    }
}
