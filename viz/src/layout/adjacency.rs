//! Which nodes are next to each other, in two flat arrays.

/// For every vertex a row of numbers: its neighbours, or the edges at it.
#[derive(Debug, Clone, Default)]
pub(super) struct Adjacency {
    starts: Vec<usize>,
    items: Vec<usize>,
}

impl Adjacency {
    /// Collects the pairs `(vertex, item)`; a vertex's items keep the order of the pairs.
    pub(super) fn new(vertices: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> Self {
        let mut starts = vec![0; vertices + 1];
        for (vertex, _) in pairs.clone() {
            starts[vertex + 1] += 1;
        }
        for vertex in 0..vertices {
            starts[vertex + 1] += starts[vertex];
        }
        let mut next = starts.clone();
        let mut items = vec![0; starts[vertices]];
        for (vertex, item) in pairs {
            items[next[vertex]] = item;
            next[vertex] += 1;
        }
        Self { starts, items }
    }

    /// The items of a vertex.
    pub(super) fn of(&self, vertex: usize) -> &[usize] {
        &self.items[self.range(vertex)]
    }

    /// Where the items of a vertex stand in an array of all items.
    pub(super) fn range(&self, vertex: usize) -> std::ops::Range<usize> {
        self.starts[vertex]..self.starts[vertex + 1]
    }

    /// How many vertices there are.
    pub(super) fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many items there are in all.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_order() {
        let pairs = [(2, 7), (0, 5), (2, 6), (2, 7)];
        let adjacency = Adjacency::new(3, pairs.iter().copied());
        assert_eq!(adjacency.of(0), [5]);
        assert!(adjacency.of(1).is_empty());
        assert_eq!(adjacency.of(2), [7, 6, 7]);
        assert_eq!((adjacency.range(2), adjacency.len()), (1..4, 4));
    }
}
