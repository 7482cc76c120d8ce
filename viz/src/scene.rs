//! What is to be drawn, before anything has a place.

pub use dojobber_core::{Counts, Status};

use std::time::Duration;

use dojobber_core::{JobGraph, JobId, JobReport, Kind, Nest, Report};

use crate::layout::{LayoutGraph, Size};
use crate::style;
use crate::text;

/// One job of a [`Scene`], or a nest that stands for all that is in it.
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
    /// What its run does, where one was due, in its own words: the text of `describe_run`.
    pub run: Option<String>,
    /// The last line that it has logged.
    pub logged: Option<String>,
    /// Whether it stands behind a job that would run, in a dry run that goes through.
    pub behind: bool,
    /// The innermost nest that it is inside of, as its place in [`Scene::nests`].
    pub nest: Option<usize>,
    /// Whether it is a name for others, and no job that does anything. It is not counted then.
    pub is_group: bool,
    /// How many bytes of its name the box around it says already, as `web/` of `web/build`: SVG leaves them out.
    pub said_by_box: usize,
    /// What a nest holds that is drawn as one thing: as a box around what is inside, or closed.
    pub nested: Option<Nested>,
}

/// What a nest holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nested {
    /// Whether what is inside is drawn, or only counted.
    pub is_open: bool,
    /// How many jobs are inside, at any depth.
    pub inside: usize,
    /// How these ended.
    pub statuses: Counts,
    /// How many jobs the node stands for, so that every job of a scene is counted once: those inside, if the nest is
    /// closed, and what ends the nest, if that is not a group.
    pub jobs: usize,
    /// How those ended.
    pub counts: Counts,
}

impl Nested {
    /// What its counts read: how many have each status, the worst first; or how many jobs there are.
    pub(crate) fn chips(&self) -> Vec<String> {
        let counts: Vec<String> = self.worst_first().map(|(_, count)| count.to_string()).collect();
        if counts.is_empty() { vec![format!("{} jobs", self.inside)] } else { counts }
    }

    pub(crate) fn worst_first(&self) -> impl Iterator<Item = (Status, usize)> {
        let mut counts: Vec<(Status, usize)> = self.statuses.iter().collect();
        counts.sort_by_key(|(status, _)| std::cmp::Reverse(style::severity(*status)));
        counts.into_iter()
    }
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

    /// The same nest without what is inside.
    pub(crate) fn closed(&self) -> SceneNode {
        let nested = self.nested.clone().map(|nested| Nested { is_open: false, ..nested });
        SceneNode { nested, ..self.clone() }
    }

    /// What is drawn of the label inside of the box around it.
    pub(crate) fn drawn_label(&self) -> &str {
        self.without_box(self.label())
    }

    /// The line above the counts of a closed nest.
    pub(crate) fn closed_label(&self) -> &str {
        self.without_box(&self.name)
    }

    fn without_box<'a>(&self, text: &'a str) -> &'a str {
        let said = self.name.get(..self.said_by_box).unwrap_or_default();
        text.strip_prefix(said).unwrap_or(text)
    }

    /// Whether it counts as a job.
    pub(crate) fn jobs(&self) -> usize {
        usize::from(!self.is_group)
    }

    /// Its status, if it counts as a job.
    pub(crate) fn counted_status(&self) -> Option<Status> {
        self.status.filter(|_| !self.is_group)
    }

    /// Whether it is a nest that is drawn without what is inside.
    pub fn is_closed(&self) -> bool {
        self.nested.as_ref().is_some_and(|nested| !nested.is_open)
    }

    /// The size of its ellipse: a little wider than Graphviz's if there is a mark beside the label. That of a closed
    /// nest has room for its counts.
    pub fn size(&self) -> Size {
        if let Some(nested) = self.nested.as_ref().filter(|nested| !nested.is_open) {
            return style::closed(self.closed_label(), &nested.chips(), self.status.is_some());
        }
        let mut size = style::ellipse(self.drawn_label());
        size.width += if self.status.is_some() { style::MARK_ROOM } else { 0.0 };
        size
    }

    /// What there is to say about it beside its name: status, tries, time, what its run does, the last line of its log,
    /// and its error, each on a line of its own; of a nest also how what is inside has ended.
    pub fn tooltip(&self) -> Option<String> {
        let behind = if self.behind { ", behind a job that would run" } else { "" };
        let mut lines = vec![format!("{}{behind}", self.status?)];
        lines.extend(self.nested.as_ref().map(|nested| format!("{:#}", nested.statuses)));
        match self.tries {
            0 => {}
            1 => lines.push("1 try".to_owned()),
            tries => lines.push(format!("{tries} tries")),
        }
        lines.extend(self.time.map(text::duration));
        lines.extend(self.run.as_deref().map(|run| format!("run: {}", text::shortened(run))));
        lines.extend(self.logged.as_deref().map(|line| format!("log: {}", text::shortened(line))));
        lines.extend(self.error.as_deref().map(text::shortened));
        Some(lines.join("\n"))
    }

    fn learn(&mut self, job: &JobReport<'_>) {
        let phases = job.phases();
        self.status = Some(job.status());
        self.tries = job.tries();
        self.time = (!phases.is_empty()).then(|| phases.iter().map(|phase| phase.length()).sum());
        self.error = job.error().map(|error| format!("{error:#}"));
        self.run = job.description_of_run().map(str::to_owned);
        self.logged = job.log().last().map(|line| line.text().to_owned());
        self.behind = job.behind();
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
    /// What was nested, each nest after the one that it is inside of.
    pub nests: Vec<SceneNest>,
}

/// A nest of a [`Scene`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SceneNest {
    /// Its whole name.
    pub name: String,
    /// The nest that it is inside of.
    pub parent: Option<usize>,
    /// The node of the job that is done when all inside are.
    pub job: Option<usize>,
    /// What everything inside depends on, where that would be too many edges to draw one by one: such a nest is a box in
    /// any case.
    pub after: Vec<usize>,
}

impl SceneNest {
    fn new(nest: Nest<'_>, after: &[JobId]) -> Self {
        SceneNest {
            name: nest.name().to_owned(),
            parent: nest.parent().map(|nest| nest.id().index()),
            job: nest.job().map(JobId::index),
            after: after.iter().map(|on| on.index()).collect(),
        }
    }
}

/// Edges from each job that begins a nest to each that the nest is after, up to which they are all drawn.
const MOST_CROSSING: usize = 1_000;

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
            nests.push(SceneNest::new(nest, if is_large { after } else { &[] }));
        }
        edges.sort_unstable(); // by job, and then as it depends on them
        edges.dedup();
        Self { nodes: graph.ids().map(node).collect(), edges, nests }
    }

    /// How many jobs there are: groups and boxes are none, and a closed nest stands for those inside.
    pub fn jobs(&self) -> usize {
        self.nodes.iter().map(|node| node.nested.as_ref().map_or(node.jobs(), |nested| nested.jobs)).sum()
    }

    /// How the jobs ended.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for node in &self.nodes {
            match &node.nested {
                Some(nested) => counts.add(&nested.counts),
                None => counts.extend(node.counted_status()),
            }
        }
        counts
    }

    /// Tells each job what a report says about it; one that is not in it stays as it is.
    pub fn add_statuses(&mut self, report: &Report) {
        for node in &mut self.nodes {
            if let Some(job) = report.job(&node.name) {
                node.learn(&job);
            }
        }
    }

    /// Takes the status from jobs that had not ended when the journal of their run was read.
    pub(crate) fn take_back_ends(&mut self, report: &Report) {
        let goes_on = report.stop_reason().is_none();
        for node in &mut self.nodes {
            let Some(job) = report.job(&node.name).filter(|job| job.status() == Status::Cancelled) else {
                continue;
            };
            if let Some(phase) = job.phases().last().filter(|_| job.is_under_way()) {
                node.label = Some(format!("{} ({} ..)", node.name, phase.phase()));
            }
            if goes_on || job.is_under_way() {
                (node.status, node.error) = (None, None);
            }
        }
    }

    /// What the layout needs to know: the size of every job's ellipse, and the edges.
    pub fn to_layout_graph(&self) -> LayoutGraph {
        LayoutGraph {
            sizes: self.nodes.iter().map(SceneNode::size).collect(),
            edges: self.edges.clone(),
            parents: self.nodes.iter().map(|node| node.parent).collect(),
            closed: self.nodes.iter().map(SceneNode::is_closed).collect(),
        }
    }

    /// Which nodes are boxes around others.
    pub fn boxes(&self) -> Vec<bool> {
        let mut boxes = vec![false; self.nodes.len()];
        self.nodes.iter().filter_map(|node| node.parent).for_each(|parent| boxes[parent] = true);
        boxes
    }
}
