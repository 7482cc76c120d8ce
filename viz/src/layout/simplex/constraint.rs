//! What the simplex obeys.

/// `value[head] - value[tail]` is at least `length`, and every unit of it costs `weight`.
#[derive(Debug, Clone, Copy)]
pub(in crate::layout) struct Constraint {
    pub(in crate::layout) tail: usize,
    pub(in crate::layout) head: usize,
    pub(in crate::layout) length: i64,
    pub(in crate::layout) weight: i64,
}

impl Constraint {
    pub(super) fn other(&self, vertex: usize) -> usize {
        if self.tail == vertex { self.head } else { self.tail }
    }

    pub(super) fn slack(&self, values: &[i64]) -> i64 {
        values[self.head] - values[self.tail] - self.length
    }
}
