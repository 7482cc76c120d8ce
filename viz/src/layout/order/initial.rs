//! Orders to start from: the order in which a search through the graph comes by.

use std::collections::VecDeque;

use crate::layout::layers::Layers;
use crate::layout::random::Random;

/// The start of an attempt. Even attempts search from the top, odd ones from the bottom; two of four go deep, two
/// go wide; the first two take everything in its order, later ones shuffle.
pub(super) fn order(layers: &Layers, attempt: usize, random: &mut Random) -> Vec<Vec<usize>> {
    let down = attempt.is_multiple_of(2);
    let (from, to) = if down { (&layers.above, &layers.below) } else { (&layers.below, &layers.above) };
    let mut search = Search {
        rows: vec![Vec::new(); layers.rows.len()],
        seen: vec![false; layers.len()],
        waiting: VecDeque::new(),
    };
    let mut starts: Vec<usize> = (0..layers.len()).filter(|&vertex| from.of(vertex).is_empty()).collect();
    let shuffled = attempt >= 2;
    if shuffled {
        random.shuffle(&mut starts);
    }
    let deep = attempt % 4 < 2;
    for start in starts {
        search.reach(start);
        while let Some(vertex) = if deep { search.waiting.pop_back() } else { search.waiting.pop_front() } {
            search.rows[layers.row_of[vertex]].push(vertex);
            let mut next = to.of(vertex).to_vec();
            if shuffled {
                random.shuffle(&mut next);
            }
            if deep {
                // what is taken first must be put last
                next.reverse();
            }
            for neighbor in next {
                search.reach(neighbor);
            }
        }
    }
    search.rows
}

struct Search {
    rows: Vec<Vec<usize>>,
    seen: Vec<bool>,
    waiting: VecDeque<usize>,
}

impl Search {
    fn reach(&mut self, vertex: usize) {
        if !self.seen[vertex] {
            self.seen[vertex] = true;
            self.waiting.push_back(vertex);
        }
    }
}
