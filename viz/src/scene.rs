//! What is to be drawn, before anything has a place.

pub use dojobber_core::Status;

use dojobber_core::{JobGraph, JobId, Report};

use crate::layout::LayoutGraph;
use crate::style;

/// One job of a [`Scene`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneNode {
    /// The job's name; it becomes the label and the title.
    pub name: String,
    /// The job's status, or `None` when there was no run: a plan.
    pub status: Option<Status>,
}

impl SceneNode {
    /// A job that has not run.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), status: None }
    }

    /// The same job with a status.
    #[must_use]
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }
}

/// Jobs and their dependencies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scene {
    /// The jobs, in order of declaration.
    pub nodes: Vec<SceneNode>,
    /// `(a, b)`: the job with index `a` depends on the one with index `b`, which is drawn below it.
    pub edges: Vec<(usize, usize)>,
}

impl Scene {
    /// A job for each of the graph's, without a status.
    pub fn of(graph: &JobGraph) -> Self {
        let edges = |job| graph.after(job).iter().map(move |on: &JobId| (JobId::index(job), on.index()));
        Self {
            nodes: graph.ids().map(|job| SceneNode::new(graph.name(job))).collect(),
            edges: graph.ids().flat_map(edges).collect(),
        }
    }

    /// Gives each job the status that it has in a report; one that is not in it keeps its own.
    pub fn add_statuses(&mut self, report: &Report) {
        for node in &mut self.nodes {
            node.status = report.status(&node.name).or(node.status);
        }
    }

    /// What the layout needs to know: the size of every job's ellipse, and the edges.
    pub fn to_layout_graph(&self) -> LayoutGraph {
        LayoutGraph {
            sizes: self.nodes.iter().map(|node| style::ellipse(&node.name)).collect(),
            edges: self.edges.clone(),
        }
    }
}
