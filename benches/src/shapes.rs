//! Seven shapes of graph, as plain lists of dependencies.

use std::fmt;
use std::str::FromStr;

use crate::random::Random;

/// What each task depends on: one row per task, all rows in one list.
///
/// Tasks are bare numbers here, since each contender numbers or names them in its own way. A task
/// depends on smaller numbers only, so counting up is a topological order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deps {
    flat: Vec<u32>,
    ends: Vec<u32>,
}

/// The shape of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Each task depends on the one before.
    Chain,
    /// One task, all others but one after it, and one after all those.
    Fan,
    /// A binary tree from its root to its leaves.
    TreeOut,
    /// A binary tree from its leaves to its root.
    TreeIn,
    /// Diamonds in a row, where the foot of one is the top of the next. The number of tasks is
    /// rounded down to 3k + 1.
    Ladder,
    /// A square where each task depends on those above and to the left: a wave front. The number
    /// of tasks is rounded to the nearest square.
    Grid,
    /// Layers as wide as they are many, each task depending on three of the layer before, drawn by
    /// a seeded generator.
    Layers,
}

impl Deps {
    /// The dependencies of `tasks` tasks, pushed by `row` for one task at a time.
    fn from_rows(tasks: u32, mut row: impl FnMut(u32, &mut Vec<u32>)) -> Self {
        let mut flat = Vec::new();
        let ends = (0..tasks)
            .map(|task| {
                row(task, &mut flat);
                flat.len() as u32
            })
            .collect();
        Self { flat, ends }
    }

    /// The number of tasks.
    pub fn tasks(&self) -> u32 {
        self.ends.len() as u32
    }

    /// What `task` depends on.
    pub fn of(&self, task: u32) -> &[u32] {
        let start = if task == 0 { 0 } else { self.ends[task as usize - 1] };
        &self.flat[start as usize..self.ends[task as usize] as usize]
    }

    /// The dependencies of the first task, the second and so on.
    pub fn rows(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.tasks()).map(|task| self.of(task))
    }

    /// All rows, one after another.
    pub fn flat(&self) -> &[u32] {
        &self.flat
    }

    /// Where each row ends in [`Deps::flat`].
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The same edges seen from the other side: for each task those that depend on it.
    pub fn reversed(&self) -> Self {
        // after counting and summing, `ends` has where each row starts; filling moves it to its end
        let mut ends = vec![0; self.ends.len() + 1];
        self.flat.iter().for_each(|&dep| ends[dep as usize + 1] += 1);
        (1..ends.len()).for_each(|task| ends[task] += ends[task - 1]);
        ends.pop();
        let mut flat = vec![0; self.flat.len()];
        for (task, deps) in (0..).zip(self.rows()) {
            for &dep in deps {
                let end = &mut ends[dep as usize];
                flat[*end as usize] = task;
                *end += 1;
            }
        }
        Self { flat, ends }
    }
}

impl Shape {
    /// All shapes, in the order of the tables.
    pub const ALL: [Self; 7] =
        [Self::Chain, Self::Fan, Self::TreeOut, Self::TreeIn, Self::Ladder, Self::Grid, Self::Layers];

    /// This shape with `n` tasks, or the nearest number that it can have.
    ///
    /// # Panics
    ///
    /// If `n` is 0 or above a hundred million.
    pub fn edges(self, n: u32) -> Deps {
        assert!((1..=100_000_000).contains(&n), "{n} tasks: there must be 1 to a hundred million");
        match self {
            Self::Chain => Deps::from_rows(n, |task, deps| deps.extend(task.checked_sub(1))),
            Self::Fan => fan(n),
            Self::TreeOut => Deps::from_rows(n, |task, deps| deps.extend(task.checked_sub(1).map(|t| t / 2))),
            Self::TreeIn => tree_in(n),
            Self::Ladder => ladder((n - 1) / 3),
            Self::Grid => grid(f64::from(n).sqrt().round() as u32),
            Self::Layers => layers(n),
        }
    }

    /// The name in tables and arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Fan => "fan",
            Self::TreeOut => "tree-out",
            Self::TreeIn => "tree-in",
            Self::Ladder => "ladder",
            Self::Grid => "grid",
            Self::Layers => "layers",
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|shape| shape.name() == name)
            .ok_or_else(|| format!("there is no shape {name}: use one of {all}"))
    }
}

fn fan(n: u32) -> Deps {
    let last = n - 1;
    Deps::from_rows(n, |task, deps| match task {
        0 => {}
        _ if task == last && last > 1 => deps.extend(1..last),
        _ => deps.push(0),
    })
}

/// A heap numbered from its end, so that the children of a place come before it.
fn tree_in(n: u32) -> Deps {
    let last = n - 1;
    Deps::from_rows(n, |task, deps| {
        let place = last - task;
        deps.extend([2 * place + 2, 2 * place + 1].into_iter().filter_map(|child| last.checked_sub(child)));
    })
}

fn ladder(diamonds: u32) -> Deps {
    Deps::from_rows(3 * diamonds + 1, |task, deps| match task % 3 {
        0 if task == 0 => {}
        0 => deps.extend([task - 2, task - 1]),
        side => deps.push(task - side),
    })
}

fn grid(side: u32) -> Deps {
    Deps::from_rows(side * side, |task, deps| {
        deps.extend(task.checked_sub(side));
        if task % side > 0 {
            deps.push(task - 1);
        }
    })
}

fn layers(n: u32) -> Deps {
    const IN_DEGREE: usize = 3;
    let mut random = Random::seeded(u64::from(n));
    let width = n.isqrt();
    Deps::from_rows(n, |task, deps| {
        let Some(before) = (task / width).checked_sub(1) else { return };
        let row = deps.len();
        while deps.len() - row < IN_DEGREE.min(width as usize) {
            let dep = before * width + random.below(width);
            if !deps[row..].contains(&dep) {
                deps.push(dep);
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{Deps, Shape};

    fn rows(shape: Shape, n: u32) -> Vec<Vec<u32>> {
        shape.edges(n).rows().map(<[u32]>::to_vec).collect()
    }

    #[test]
    fn small_graphs_are_as_drawn() {
        assert_eq!(rows(Shape::Chain, 3), [vec![], vec![0], vec![1]]);
        assert_eq!(rows(Shape::Fan, 5), [vec![], vec![0], vec![0], vec![0], vec![1, 2, 3]]);
        assert_eq!(rows(Shape::Fan, 2), [vec![], vec![0]]);
        assert_eq!(rows(Shape::TreeOut, 6), [vec![], vec![0], vec![0], vec![1], vec![1], vec![2]]);
        assert_eq!(rows(Shape::TreeIn, 6), [vec![], vec![], vec![], vec![0], vec![1, 2], vec![3, 4]]);
        assert_eq!(
            rows(Shape::Ladder, 7),
            [vec![], vec![0], vec![0], vec![1, 2], vec![3], vec![3], vec![4, 5]]
        );
        assert_eq!(rows(Shape::Grid, 4), [vec![], vec![0], vec![0], vec![1, 2]]);
    }

    #[test]
    fn a_shape_has_as_many_tasks_as_asked_for_or_nearly() {
        for n in [100, 10_000, 1_000_000] {
            for shape in Shape::ALL {
                assert_eq!(shape.edges(n).tasks(), n, "{shape}");
            }
        }
        assert_eq!(Shape::Ladder.edges(9).tasks(), 7);
        assert_eq!(Shape::Grid.edges(11).tasks(), 9);
        assert_eq!(Shape::Grid.edges(13).tasks(), 16);
    }

    #[test]
    fn the_number_of_edges() {
        let count = |shape: Shape| shape.edges(10_000).flat().len();
        assert_eq!(count(Shape::Chain), 9_999);
        assert_eq!(count(Shape::Fan), 2 * 9_998);
        assert_eq!(count(Shape::TreeOut), 9_999);
        assert_eq!(count(Shape::TreeIn), 9_999);
        assert_eq!(count(Shape::Ladder), 4 * 3_333);
        assert_eq!(count(Shape::Grid), 2 * 100 * 99);
        assert_eq!(count(Shape::Layers), 3 * 9_900);
    }

    #[test]
    fn dependencies_come_first_and_once() {
        for shape in Shape::ALL {
            for n in (1..40).chain([1_000]) {
                for (task, deps) in (0..).zip(shape.edges(n).rows()) {
                    let mut distinct = deps.to_vec();
                    distinct.sort_unstable();
                    distinct.dedup();
                    assert!(deps.iter().all(|&dep| dep < task), "{shape} {n}: {task} needs {deps:?}");
                    assert_eq!(distinct.len(), deps.len(), "{shape} {n}: {task} needs {deps:?}");
                }
            }
        }
    }

    #[test]
    fn a_task_of_the_layers_depends_on_the_layer_before() {
        for (task, deps) in (0..).zip(Shape::Layers.edges(100).rows()) {
            assert!(deps.iter().all(|dep| dep / 10 + 1 == task / 10), "{task} needs {deps:?}");
        }
    }

    #[test]
    fn a_shape_is_the_same_every_time() {
        for shape in Shape::ALL {
            assert_eq!(shape.edges(1_000), shape.edges(1_000));
        }
    }

    #[test]
    fn reversing_keeps_every_edge() {
        for shape in Shape::ALL {
            let deps = shape.edges(100);
            let dependants = deps.reversed();
            let ahead = (0..).zip(deps.rows()).flat_map(|(to, row)| row.iter().map(move |&from| (from, to)));
            let back =
                (0..).zip(dependants.rows()).flat_map(|(from, row)| row.iter().map(move |&to| (from, to)));
            let mut ahead: Vec<(u32, u32)> = ahead.collect();
            ahead.sort_unstable();
            assert_eq!(ahead, back.collect::<Vec<_>>(), "{shape}");
        }
    }

    #[test]
    fn names_are_read_back() {
        for shape in Shape::ALL {
            assert_eq!(shape.name().parse(), Ok(shape));
        }
        assert!("star".parse::<Shape>().unwrap_err().contains("chain, fan, tree-out"));
    }

    #[test]
    fn no_edges_reverse_to_none() {
        let lone = Deps::from_rows(2, |_, _| {});
        assert_eq!(lone.reversed(), lone);
    }
}
