//! What is to be drawn, before anything has a place.

pub use dojobber_core::Status;

use std::time::Duration;

use dojobber_core::{JobGraph, JobId, JobReport, Report};

use crate::layout::{LayoutGraph, Size};
use crate::style;
use crate::text;

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

/// Jobs and their dependencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    /// The jobs, in order of declaration.
    pub nodes: Vec<SceneNode>,
    /// `(a, b)`: the job with index `a` depends on the one with index `b`, which is drawn below it. Both stand directly
    /// in the same box, or in none.
    pub edges: Vec<(usize, usize)>,
}

impl Scene {
    /// A job for each of the graph's, without a status.
    pub fn of(graph: &JobGraph) -> Self {
        let edge = |job: JobId| move |on: JobId| (job.index(), on.index());
        let edges = |job| graph.after(job).into_owned().into_iter().map(edge(job));
        Self {
            nodes: graph.ids().map(|job| SceneNode::new(graph.name(job))).collect(),
            edges: graph.ids().flat_map(edges).collect(),
        }
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

    /// Which nodes are boxes around others.
    pub fn boxes(&self) -> Vec<bool> {
        let mut boxes = vec![false; self.nodes.len()];
        self.nodes.iter().filter_map(|node| node.parent).for_each(|parent| boxes[parent] = true);
        boxes
    }
}
