//! The first spanning tree: grown from vertex 0, always along the constraint with the least slack.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::adjacency::Adjacency;
use super::constraint::Constraint;

/// Moves the values so that a spanning tree of constraints has no slack, and returns that tree.
///
/// Values in the tree are kept relative to one common offset, so that moving the whole tree is one addition. What a
/// constraint lacks is kept relative to it as well: more offset takes slack from those that lead out of the tree
/// and gives it to those that lead in.
pub(super) fn span(constraints: &[Constraint], incident: &Adjacency, values: &mut [i64]) -> Vec<usize> {
    let mut growth = Growth {
        constraints,
        joined: vec![false; values.len()],
        offset: 0,
        leading_out: BinaryHeap::new(),
        leading_in: BinaryHeap::new(),
    };
    let mut members = Vec::with_capacity(values.len() - 1);
    growth.join(0, incident, values);
    while let Some((edge, vertex)) = growth.grow() {
        members.push(edge);
        values[vertex] -= growth.offset;
        growth.join(vertex, incident, values);
    }
    debug_assert_eq!(members.len() + 1, values.len(), "the constraints must connect all values");
    for value in values {
        *value += growth.offset;
    }
    members
}

struct Growth<'a> {
    constraints: &'a [Constraint],
    joined: Vec<bool>,
    offset: i64,
    leading_out: BinaryHeap<Reverse<(i64, usize)>>,
    leading_in: BinaryHeap<Reverse<(i64, usize)>>,
}

impl Growth<'_> {
    fn join(&mut self, vertex: usize, incident: &Adjacency, values: &[i64]) {
        self.joined[vertex] = true;
        for &edge in incident.of(vertex) {
            let constraint = &self.constraints[edge];
            if !self.joined[constraint.other(vertex)] {
                let heap =
                    if constraint.tail == vertex { &mut self.leading_out } else { &mut self.leading_in };
                heap.push(Reverse((constraint.slack(values), edge)));
            }
        }
    }

    /// Moves the tree towards the nearest vertex; returns the edge to it and the vertex itself.
    fn grow(&mut self) -> Option<(usize, usize)> {
        self.drop_inner();
        let out = self.leading_out.peek().map(|&Reverse((key, _))| key - self.offset);
        let into = self.leading_in.peek().map(|&Reverse((key, _))| key + self.offset);
        if into.is_none() || out.is_some_and(|out| into.is_some_and(|into| out <= into)) {
            let Reverse((_, edge)) = self.leading_out.pop()?;
            self.offset += out?;
            Some((edge, self.constraints[edge].head))
        } else {
            let Reverse((_, edge)) = self.leading_in.pop()?;
            self.offset -= into?;
            Some((edge, self.constraints[edge].tail))
        }
    }

    /// Forgets constraints whose other end has joined by now.
    fn drop_inner(&mut self) {
        let inner = |edge: usize, joined: &[bool]| {
            joined[self.constraints[edge].tail] && joined[self.constraints[edge].head]
        };
        while self.leading_out.peek().is_some_and(|&Reverse((_, edge))| inner(edge, &self.joined)) {
            self.leading_out.pop();
        }
        while self.leading_in.peek().is_some_and(|&Reverse((_, edge))| inner(edge, &self.joined)) {
            self.leading_in.pop();
        }
    }
}
