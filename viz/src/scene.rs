//! What is to be drawn, before anything has a place.

pub use dojobber_core::Status;

use std::time::Duration;

use dojobber_core::{JobGraph, JobId, JobReport, Kind, Nest, Report};

use crate::layout::{LayoutGraph, Size};
use crate::style;
use crate::text;

/// Edges from each job that begins a nest to each that the nest is after, up to which they are all drawn.
const MOST_CROSSING: usize = 1_000;

fn scene_nest(nest: Nest<'_>, after: &[JobId]) -> SceneNest {
    SceneNest {
        name: nest.name().to_owned(),
        parent: nest.parent().map(|nest| nest.id().index()),
        job: nest.job().map(JobId::index),
        after: after.iter().map(|on| on.index()).collect(),
    }
}

/// One job of a [`Scene`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SceneNode {
    /// The job's name; it becomes the title, and the label if there is no other.
    pub name: String,
    /// The job's status, or `None` when there was no run: a plan.
    pub status: Option<Status>,
    /// What is written on it instead of its name.
    pub label: Option<String>,
    /// The node that it is drawn inside of.
    pub parent: Option<usize>,
    /// The innermost of the scene's nests that it is inside of.
    pub nest: Option<usize>,
    /// Whether it is a name for others, and no job that does anything. It is not counted then.
    pub is_group: bool,
    /// The status of each job that it stands for, if it stands for several.
    pub stands_for: Vec<Option<Status>>,
    /// How many tries it used.
    pub tries: u32,
    /// How long its phases took together; `None` if none was executed.
    pub time: Option<Duration>,
    /// What its last try failed with.
    pub error: Option<String>,
}

impl SceneNode {
    /// A job that has not run.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same job with a status.
    #[must_use]
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// What is written on it.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.name)
    }

    /// The size of its ellipse: a little wider than Graphviz's if there is a mark beside the label.
    pub fn size(&self) -> Size {
        let mut size = style::ellipse(self.label());
        size.width += if self.status.is_some() { style::MARK_ROOM } else { 0.0 };
        size
    }

    /// What there is to say about it beside its name: status, tries, time and error, each on a line of its own.
    pub fn tooltip(&self) -> Option<String> {
        let mut lines = vec![self.status?.to_string()];
        match self.tries {
            0 => {}
            1 => lines.push("1 try".to_owned()),
            tries => lines.push(format!("{tries} tries")),
        }
        lines.extend(self.time.map(text::duration));
        lines.extend(self.error.as_deref().map(text::shortened));
        Some(lines.join("\n"))
    }

    fn learn(&mut self, job: &JobReport<'_>) {
        let phases = job.phases();
        self.status = Some(job.status());
        self.tries = job.tries();
        self.time = (!phases.is_empty()).then(|| phases.iter().map(|phase| phase.length()).sum());
        self.error = job.error().map(|error| format!("{error:#}"));
    }
}

/// Jobs that were nested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SceneNest {
    /// Its whole name, which is that of the job that ends it.
    pub name: String,
    /// The nest that it is inside of, which stands before it.
    pub parent: Option<usize>,
    /// The node of the job that ends it; `None` if the scene has none.
    pub job: Option<usize>,
    /// What everything inside depends on, where that would be too many edges to draw one by one: such a nest is drawn as
    /// a box in any case.
    pub after: Vec<usize>,
}

/// Jobs and their dependencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    /// The jobs, in order of declaration.
    pub nodes: Vec<SceneNode>,
    /// `(a, b)`: the job with index `a` depends on the one with index `b`, which is drawn below it. Both stand directly
    /// in the same box, or in none.
    pub edges: Vec<(usize, usize)>,
    /// The nests, each after the one that it is inside of.
    pub nests: Vec<SceneNest>,
}

impl Scene {
    /// A job for each of the graph's, without a status.
    pub fn of(graph: &JobGraph) -> Self {
        let node = |job| SceneNode {
            nest: graph.nest_of(job).map(|nest| nest.id().index()),
            is_group: graph.kind(job) == Kind::Group,
            ..SceneNode::new(graph.name(job))
        };
        let own = |job: JobId| graph.own_after(job).iter().map(move |on| (job.index(), on.index()));
        let mut edges: Vec<(usize, usize)> = graph.ids().flat_map(own).collect();
        let mut nests = Vec::new();
        for nest in graph.nests() {
            let (firsts, after) = (nest.firsts(), nest.after());
            let is_large = firsts.len() * after.len() > MOST_CROSSING.max(4 * (firsts.len() + after.len()));
            let each = |job: &JobId| {
                let job = job.index();
                after.iter().map(move |on| (job, on.index()))
            };
            if !is_large {
                edges.extend(firsts.iter().flat_map(each));
            }
            nests.push(scene_nest(nest, if is_large { after } else { &[] }));
        }
        edges.sort_unstable(); // by job, and then as it depends on them
        edges.dedup();
        Self { nodes: graph.ids().map(node).collect(), edges, nests }
    }

    /// Tells each job what a report says about it; one that is not in it stays as it is.
    pub fn add_statuses(&mut self, report: &Report) {
        for node in &mut self.nodes {
            if let Some(job) = report.job(&node.name) {
                node.learn(&job);
            }
        }
    }

    /// What the layout needs to know: the size of every job's ellipse, and the edges.
    pub fn to_layout_graph(&self) -> LayoutGraph {
        LayoutGraph {
            sizes: self.nodes.iter().map(SceneNode::size).collect(),
            edges: self.edges.clone(),
            parents: self.nodes.iter().map(|node| node.parent).collect(),
        }
    }

    /// The nests around a node, from the outermost on.
    pub fn nests_around(&self, node: usize) -> Vec<usize> {
        let innermost = self.nodes[node].nest;
        let mut nests: Vec<usize> =
            std::iter::successors(innermost, |nest| self.nests[*nest].parent).collect();
        nests.reverse();
        nests
    }

    /// Which nodes are boxes around others.
    pub fn boxes(&self) -> Vec<bool> {
        let mut boxes = vec![false; self.nodes.len()];
        self.nodes.iter().filter_map(|node| node.parent).for_each(|parent| boxes[parent] = true);
        boxes
    }
}
