//! All that the scripts of a page know, as JSON.

use std::collections::BTreeMap;

use dojobber_core::{JobReport, LogLine, PhaseRecord, Report};

use super::json::{Json, Object};
use crate::critical::CriticalPath;
use crate::layout;
use crate::scene::{Scene, SceneNode, Status};
use crate::svg::Drawing;
use crate::{style, text};

/// Errors are cut to so many characters, in their middle.
const LONGEST_ERROR: usize = 8_000;
/// The phases of more tries than this are left out, but for the first and the last.
const MOST_TRIES: u32 = 100;

/// What a page is about.
pub(super) struct Subject<'a> {
    /// The jobs.
    pub(super) scene: &'a Scene,
    /// The same with all nests as boxes, as it is drawn.
    pub(super) drawn: &'a Scene,
    /// The nests that are open at first.
    pub(super) open: &'a [bool],
    pub(super) drawing: &'a Drawing,
    pub(super) report: Option<&'a Report>,
    /// A word about jobs that are missing.
    pub(super) word: Option<&'a str>,
}

/// Everything.
pub(super) fn data(subject: &Subject) -> String {
    let Subject { scene, drawn, report, .. } = *subject;
    let mut texts = Texts::default();
    let after = dependencies(scene);
    let jobs: Json = scene
        .nodes
        .iter()
        .zip(after)
        .map(|(node, after)| job_data(node, after, report, &mut texts))
        .collect();
    let mut data = Object::default();
    data.add("statuses", Status::ALL.iter().map(|status| status_data(*status)).collect::<Json>())
        .add("jobs", jobs)
        .add("nests", nests(scene))
        .add("nodes", nodes(subject))
        .add(
            "edges",
            drawn.edges.iter().map(|&(a, b)| [a, b].into_iter().collect::<Json>()).collect::<Json>(),
        )
        .add(
            "corner",
            [layout::CONTENT_CORNER.x, layout::CONTENT_CORNER.y].into_iter().map(rounded).collect::<Json>(),
        )
        .add("mostTries", MOST_TRIES)
        .add("total", subject.report.map_or_else(|| scene.jobs(), |report| report.counts().total()));
    if let Some(word) = subject.word {
        data.add("word", word);
    }
    if let Some(report) = report {
        add_report(&mut data, scene, report);
    }
    data.add("texts", texts.into_json());
    Json::from(data).into_text()
}

fn add_report(data: &mut Object, scene: &Scene, report: &Report) {
    let counts: Json = report
        .counts()
        .iter()
        .map(|(status, count)| {
            let mut one = Object::default();
            one.add("status", status.to_string()).add("count", count);
            Json::from(one)
        })
        .collect();
    let critical = CriticalPath::of(report);
    let index: BTreeMap<&str, usize> =
        scene.nodes.iter().enumerate().map(|(index, node)| (&*node.name, index)).collect();
    let path = critical.jobs.iter().filter_map(|job| index.get(report.graph().name(*job)).copied());
    data.add("counts", counts)
        .add("elapsed", report.elapsed().as_nanos())
        .add("dryRun", report.dry_run())
        .add("critical", path.collect::<Json>())
        .add("criticalLength", critical.length.as_nanos());
}

/// Texts that may be long, each once.
#[derive(Default)]
struct Texts {
    numbers: BTreeMap<String, usize>,
    all: Vec<String>,
}

impl Texts {
    fn add(&mut self, text: &str) -> usize {
        let text = text::shortened_to(text, LONGEST_ERROR);
        let next = self.all.len();
        let number = *self.numbers.entry(text.clone()).or_insert(next);
        if number == next {
            self.all.push(text);
        }
        number
    }

    fn into_json(self) -> Json {
        self.all.into_iter().collect()
    }
}

fn status_data(status: Status) -> Json {
    let mark = style::mark(status);
    let mut data = Object::default();
    data.add("name", status.to_string())
        .add("class", class(status))
        .add("fill", style::fill(Some(status)))
        .add("severity", u32::from(style::severity(status)))
        .add("mark", mark.path)
        .add("filled", mark.filled);
    data.into()
}

/// The class of a status in the style sheet.
pub(super) fn class(status: Status) -> String {
    status.to_string().replace(' ', "-")
}

/// What each job depends on by itself.
fn dependencies(scene: &Scene) -> Vec<Vec<usize>> {
    let mut after = vec![Vec::new(); scene.nodes.len()];
    for &(a, b) in &scene.edges {
        after[a].push(b);
    }
    after
}

fn nests(scene: &Scene) -> Json {
    let nest = |nest: &crate::scene::SceneNest| {
        let mut data = Object::default();
        if let Some(parent) = nest.parent {
            data.add("parent", parent);
        }
        if !nest.after.is_empty() {
            data.add("after", nest.after.iter().copied().collect::<Json>());
        }
        Json::from(data)
    };
    scene.nests.iter().map(nest).collect()
}

fn nodes(subject: &Subject) -> Json {
    let node = |(index, node): (usize, &SceneNode)| {
        let mut data = Object::default();
        // jobs come first, in their order; behind them stand boxes that are none
        if index < subject.scene.nodes.len() {
            data.add("job", index);
        } else {
            data.add("name", text::printable(&node.name));
        }
        if let Some(parent) = node.parent {
            data.add("parent", parent);
        }
        let (center, size) = subject.drawing.places[index];
        let place = [center.x, center.y, size.width, size.height];
        data.add("place", place.into_iter().map(rounded).collect::<Json>());
        if let Some(nested) = &node.nested {
            let closed = subject.drawing.closed_sizes[index];
            let least = layout::box_around(Default::default(), crate::svg::title_size(node));
            data.add("closed", lengths(closed))
                .add("least", lengths(least))
                .add("content", lengths(subject.drawing.content_sizes[index]))
                .add("open", subject.open[index])
                .add("inside", nested.inside)
                .add("says", nested.statuses.to_string());
            if let Some(status) = node.status {
                data.add("worst", status.to_string());
            }
        }
        Json::from(data)
    };
    subject.drawn.nodes.iter().enumerate().map(node).collect()
}

fn lengths(size: layout::Size) -> Json {
    [size.width, size.height].into_iter().map(rounded).collect()
}

/// A length in hundredths of a point, as whole numbers are shorter.
fn rounded(length: f64) -> u32 {
    (length * 100.0).round() as u32
}

fn job_data(node: &SceneNode, after: Vec<usize>, report: Option<&Report>, texts: &mut Texts) -> Json {
    let mut data = Object::default();
    data.add("name", text::printable(&node.name)).add("tries", node.tries);
    if let Some(status) = node.status {
        data.add("status", status.to_string());
    }
    if let Some(error) = &node.error {
        data.add("error", texts.add(error));
    }
    if let Some(nest) = node.nest {
        data.add("nest", nest);
    }
    if node.is_group {
        data.add("group", true);
    }
    data.add("after", after.into_iter().collect::<Json>());
    match report.and_then(|report| report.job(node.name.as_str())) {
        Some(job) => add_job(&mut data, &job, texts),
        None => {
            data.add("phases", std::iter::empty::<usize>().collect::<Json>());
        }
    }
    data.into()
}

fn add_job(data: &mut Object, job: &JobReport<'_>, texts: &mut Texts) {
    data.add("kind", format!("{:?}", job.kind()));
    if let Some(description) = job.description() {
        data.add("description", description);
    }
    if let Some(run) = job.description_of_run() {
        data.add("run", texts.add(run));
    }
    if job.behind() {
        data.add("behind", true);
    }
    if !job.log().is_empty() {
        data.add("log", job.log().iter().map(|line| line_data(line, texts)).collect::<Json>())
            .add("logLeftOut", u32::try_from(job.log_left_out()).unwrap_or(u32::MAX));
    }
    let half = MOST_TRIES / 2;
    let is_shown = |phase: &&PhaseRecord<'_>| {
        job.tries() <= MOST_TRIES || phase.attempt() <= half || phase.attempt() > job.tries() - half
    };
    data.add(
        "phases",
        job.phases().iter().filter(is_shown).map(|phase| phase_data(phase, texts)).collect::<Json>(),
    );
}

fn line_data(line: &LogLine, texts: &mut Texts) -> Json {
    let mut data = Object::default();
    data.add("try", line.attempt())
        .add("phase", line.phase().to_string())
        .add("at", line.at().as_nanos())
        .add("text", texts.add(&text::printable_lines(line.text())));
    data.into()
}

fn phase_data(phase: &PhaseRecord<'_>, texts: &mut Texts) -> Json {
    let mut data = Object::default();
    data.add("try", phase.attempt())
        .add("phase", phase.phase().to_string())
        .add("worker", phase.worker())
        .add("start", phase.start().as_nanos())
        .add("end", phase.end().as_nanos());
    if let Some(node) = phase.node() {
        data.add("node", text::printable(node));
    }
    if let Some(error) = phase.error() {
        data.add("error", texts.add(&format!("{error:#}")));
    }
    data.into()
}
