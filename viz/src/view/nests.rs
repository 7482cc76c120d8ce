//! Draws nests as boxes around what is inside, or closed: as one thing that shows the worst of what is inside.

use std::collections::BTreeSet;

use dojobber_core::Counts;

use crate::scene::{Nested, Scene, SceneNode, Status};
use crate::style;

/// Boxes are nested at most so deep. What was nested deeper stands directly in the innermost of these.
const DEEPEST: usize = 8;

/// What becomes of a nest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// What is inside stands among what is outside.
    Flat,
    /// A box around what is inside.
    Open,
    /// One thing for all that is inside.
    Closed,
    /// Inside of one that is closed.
    Hidden,
}

/// The scene in which the nests that are `closed` hide what is inside, and the others are boxes, or nothing at all.
pub(super) fn gather(scene: &Scene, closed: &[bool], boxes: bool) -> Scene {
    let looks = looks(scene, closed, boxes);
    let contents = contents(scene);
    let mut gathered = Gathered::new(scene, &looks);
    for (nest, &look) in
        looks.iter().enumerate().filter(|(_, look)| matches!(look, Look::Open | Look::Closed))
    {
        let node = gathered.node_of_nest[nest];
        contents[nest].show(&mut gathered.scene.nodes[node], scene, nest, look == Look::Open);
    }
    gathered.scene.edges = gathered.edges(scene);
    gathered.forget_empty_boxes();
    gathered.scene
}

fn looks(scene: &Scene, closed: &[bool], boxes: bool) -> Vec<Look> {
    let mut looks: Vec<Look> = Vec::with_capacity(scene.nests.len());
    let mut depths: Vec<usize> = Vec::with_capacity(scene.nests.len());
    for (nest, is_closed) in scene.nests.iter().zip(closed) {
        let depth = nest.parent.map_or(0, |parent| depths[parent] + usize::from(looks[parent] == Look::Open));
        let is_hidden =
            nest.parent.is_some_and(|parent| matches!(looks[parent], Look::Closed | Look::Hidden));
        looks.push(match (is_hidden, is_closed) {
            (true, _) => Look::Hidden,
            (false, true) => Look::Closed,
            // what a nest is after may have no other place than the nest
            (false, false) if (boxes || !nest.after.is_empty()) && depth < DEEPEST => Look::Open,
            (false, false) => Look::Flat,
        });
        depths.push(depth);
    }
    looks
}

/// What is inside of a nest, at any depth.
#[derive(Debug, Clone, Default)]
struct Content {
    jobs: usize,
    counts: Counts,
    worst: Option<Status>,
    time: Option<std::time::Duration>,
    /// The error of the first job that has one, with its name.
    error: Option<String>,
}

impl Content {
    fn add(&mut self, other: &Content) {
        self.jobs += other.jobs;
        self.counts.add(&other.counts);
        self.worst = worse(self.worst, other.worst);
        self.time = self.time.into_iter().chain(other.time).reduce(|a, b| a.saturating_add(b));
        if self.error.is_none() {
            self.error.clone_from(&other.error);
        }
    }

    fn of_job(node: &SceneNode) -> Self {
        Self {
            jobs: node.jobs(),
            counts: node.counted_status().into_iter().collect(),
            worst: node.status,
            time: node.time,
            error: node.error.as_ref().map(|error| format!("{}: {error}", node.name)),
        }
    }

    /// Makes a node that of the nest, which has its own job's time and error if there is a job.
    fn show(&self, node: &mut SceneNode, scene: &Scene, nest: usize, is_open: bool) {
        let job = scene.nests[nest].job.map(|job| &scene.nodes[job]);
        let own: Counts = job.and_then(SceneNode::counted_status).into_iter().collect();
        let own_jobs = job.map_or(0, SceneNode::jobs);
        let mut counts = self.counts;
        counts.add(&own);
        node.status = worse(self.worst, node.status);
        node.nested = Some(Nested {
            is_open,
            inside: self.jobs,
            statuses: self.counts,
            jobs: if is_open { own_jobs } else { own_jobs + self.jobs },
            counts: if is_open { own } else { counts },
        });
        if !is_open {
            let jobs = if self.jobs == 1 { "job" } else { "jobs" };
            node.label = Some(format!("{} ({} {jobs})", node.name, self.jobs));
            node.time = node.time.into_iter().chain(self.time).reduce(|a, b| a.saturating_add(b));
            node.error = node.error.take().or_else(|| self.error.clone());
        }
    }
}

/// What each nest holds. Every job is looked at once: inner nests are added to those around them.
fn contents(scene: &Scene) -> Vec<Content> {
    let mut contents = vec![Content::default(); scene.nests.len()];
    for node in &scene.nodes {
        if let Some(nest) = node.nest {
            contents[nest].add(&Content::of_job(node));
        }
    }
    for nest in (0..scene.nests.len()).rev() {
        if let Some(parent) = scene.nests[nest].parent {
            let inner = contents[nest].clone();
            contents[parent].add(&inner);
        }
    }
    contents
}

/// The status that says more about what went wrong.
fn worse(a: Option<Status>, b: Option<Status>) -> Option<Status> {
    a.into_iter().chain(b).max_by_key(|status| style::severity(*status))
}

/// A scene in the making.
struct Gathered<'a> {
    scene: Scene,
    looks: &'a [Look],
    /// What stands for each node: itself, or the outermost closed nest around it.
    number: Vec<usize>,
    /// The node of each nest that is open or closed.
    node_of_nest: Vec<usize>,
}

impl<'a> Gathered<'a> {
    fn new(before: &Scene, looks: &'a [Look]) -> Self {
        let mut scene = Scene { nests: before.nests.clone(), ..Scene::default() };
        let mut number = vec![usize::MAX; before.nodes.len()];
        let is_hidden = |node: &SceneNode| {
            node.nest.is_some_and(|nest| matches!(looks[nest], Look::Closed | Look::Hidden))
        };
        for (index, node) in before.nodes.iter().enumerate().filter(|(_, node)| !is_hidden(node)) {
            number[index] = scene.nodes.len();
            scene.nodes.push(node.clone());
        }
        let mut node_of_nest = vec![usize::MAX; looks.len()];
        let mut box_of_nest: Vec<Option<usize>> = vec![None; looks.len()];
        for (nest, look) in looks.iter().enumerate() {
            let parent = before.nests[nest].parent;
            let outer = parent.and_then(|parent| box_of_nest[parent]);
            box_of_nest[nest] = outer;
            if *look == Look::Hidden {
                node_of_nest[nest] = parent.map_or(usize::MAX, |parent| node_of_nest[parent]);
            }
            if !matches!(look, Look::Open | Look::Closed) {
                continue;
            }
            let own = before.nests[nest].job.map(|job| number[job]);
            let node = own.unwrap_or_else(|| {
                scene.nodes.push(SceneNode { nest: parent, ..SceneNode::new(&*before.nests[nest].name) });
                scene.nodes.len() - 1
            });
            node_of_nest[nest] = node;
            if *look == Look::Open {
                box_of_nest[nest] = Some(node);
            }
        }
        for node in &mut scene.nodes {
            node.parent = node.nest.and_then(|nest| box_of_nest[nest]);
        }
        for node in 0..scene.nodes.len() {
            let around = scene.nodes[node].parent.map(|parent| format!("{}/", scene.nodes[parent].name));
            let said = around.filter(|around| scene.nodes[node].name.starts_with(around));
            scene.nodes[node].said_by_box = said.map_or(0, |around| around.len());
        }
        for (index, node) in before.nodes.iter().enumerate().filter(|(_, node)| is_hidden(node)) {
            number[index] = node.nest.map_or(usize::MAX, |nest| node_of_nest[nest]);
        }
        Self { scene, looks, number, node_of_nest }
    }

    /// The edges between what is there. One that leaves a box or leads into one ends at the box, once, and those
    /// within a box stay as they are.
    fn edges(&self, before: &Scene) -> Vec<(usize, usize)> {
        let mut edges = Vec::new();
        let mut seen = BTreeSet::new();
        for &(a, b) in &before.edges {
            let ends = (self.number[a], self.number[b]);
            let Some(lifted) = self.lift(ends.0, ends.1) else { continue };
            let is_own = lifted == ends && !self.is_closed(ends.0) && !self.is_closed(ends.1);
            // repetitions that nobody lifted were there before
            if is_own || (lifted.0 != lifted.1 && seen.insert(lifted)) {
                edges.push(lifted);
            }
        }
        let of_nests = before.nests.iter().zip(&self.node_of_nest).zip(self.looks);
        for ((nest, &node), _) in of_nests.filter(|(_, look)| matches!(look, Look::Open | Look::Closed)) {
            let ends = nest.after.iter().filter_map(|&job| self.lift(node, self.number[job]));
            edges.extend(ends.filter(|&(a, b)| a != b && seen.insert((a, b))));
        }
        edges
    }

    fn is_closed(&self, node: usize) -> bool {
        self.scene.nodes[node].is_closed()
    }

    /// The two nodes, around `a` and around `b`, that stand in the same box; none if one is inside of the other.
    fn lift(&self, a: usize, b: usize) -> Option<(usize, usize)> {
        if self.scene.nodes[a].parent == self.scene.nodes[b].parent {
            return Some((a, b));
        }
        let (a, b) = (self.path(a), self.path(b));
        let shared = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        Some((*a.get(shared)?, *b.get(shared)?))
    }

    /// All that a node stands in, from the outermost on, and the node itself.
    fn path(&self, node: usize) -> Vec<usize> {
        let mut path: Vec<usize> =
            std::iter::successors(Some(node), |node| self.scene.nodes[*node].parent).collect();
        path.reverse();
        path
    }

    /// A box of which nothing is shown inside is the job alone.
    fn forget_empty_boxes(&mut self) {
        let boxes = self.scene.boxes();
        for (node, is_box) in self.scene.nodes.iter_mut().zip(boxes) {
            if !is_box && !node.is_closed() {
                node.nested = None;
            }
        }
    }
}
