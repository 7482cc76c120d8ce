//! Writes one page of HTML that needs nothing else: no network, no other file.
//!
//! The page holds the drawing as SVG, what is known of the jobs as JSON, a style sheet and four scripts. Text that
//! comes from elsewhere (names, errors) reaches the page only as JSON in which nothing can end a script, or as text
//! of the SVG; the scripts put it in place as text, never as HTML.

use std::fmt::Write as _;

use dojobber_core::{JobReport, PhaseRecord, Report};

use crate::critical::CriticalPath;
use crate::scene::{Scene, SceneNode, Status};
use crate::{style, text};
use json::{Json, Object};

mod json;

const STYLE: &str = include_str!("html/page.css");
/// In the order in which they depend on each other.
const SCRIPTS: [&str; 4] = [
    include_str!("html/data.js"),
    include_str!("html/graph.js"),
    include_str!("html/details.js"),
    include_str!("html/timeline.js"),
];
const BODY: &str = include_str!("html/body.html");

/// The page of a scene that was drawn as `svg`; `report` tells what happened when.
pub(crate) fn write(scene: &Scene, svg: &str, report: Option<&Report>) -> String {
    let drawing = svg.split_once("?>").map_or(svg, |(_, drawing)| drawing).trim();
    let data = data(scene, report);
    let script = SCRIPTS.concat();
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'; img-src data:\">\n\
         <title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <style>\n{STYLE}{colors}</style>\n\
         </head>\n\
         {before}{drawing}{after}\
         <script type=\"application/json\" id=\"data\">{data}</script>\n\
         <script>\n\"use strict\";\n(() => {{\n{script}}})();\n</script>\n\
         </body>\n\
         </html>\n",
        title = title(scene),
        colors = colors(),
        before = BODY.split("<!-- drawing -->").next().unwrap_or_default(),
        after = BODY.split("<!-- drawing -->").nth(1).unwrap_or_default(),
    )
}

fn title(scene: &Scene) -> String {
    let (jobs, failed) = (scene.jobs(), scene.counts().of(Status::Failed));
    let jobs = format!("{jobs} {}", if jobs == 1 { "job" } else { "jobs" });
    if failed > 0 { format!("{jobs}, {failed} failed") } else { jobs }
}

/// A class for each status, in the colours of the drawing.
fn colors() -> String {
    let mut css = String::new();
    for &status in Status::ALL {
        // writing to a string cannot fail
        let _ = writeln!(
            css,
            ".{} {{ background: {}; color: {} }}",
            class(status),
            style::fill(Some(status)),
            style::label_color(Some(status))
        );
    }
    css
}

fn class(status: Status) -> String {
    status.to_string().replace(' ', "-")
}

/// All that the scripts know.
fn data(scene: &Scene, report: Option<&Report>) -> String {
    let jobs: Json = match report {
        Some(report) => report.jobs().map(|job| job_of_report(report, &job)).collect(),
        None => job_of_scenes(scene),
    };
    let nodes: Json =
        scene.nodes.iter().enumerate().map(|(index, node)| node_data(index, node, report)).collect();
    let edges: Json = scene.edges.iter().map(|&(a, b)| [a, b].into_iter().collect::<Json>()).collect();
    let statuses: Json = Status::ALL.iter().map(|status| status_data(*status)).collect();
    let mut data = Object::default();
    data.add("statuses", statuses).add("jobs", jobs).add("nodes", nodes).add("edges", edges);
    if let Some(report) = report {
        let critical = CriticalPath::of(report);
        let path: Json = critical.jobs.iter().map(|job| job.index()).collect();
        data.add("elapsed", report.elapsed().as_nanos())
            .add("dryRun", report.dry_run())
            .add("critical", path)
            .add("criticalLength", critical.length.as_nanos());
    }
    Json::from(data).into_text()
}

fn status_data(status: Status) -> Json {
    let mark = style::mark(status);
    let mut data = Object::default();
    data.add("name", status.to_string())
        .add("class", class(status))
        .add("mark", mark.path)
        .add("filled", mark.filled);
    data.into()
}

/// Which job a node is, if it is one; and the box that it stands in.
fn node_data(index: usize, node: &SceneNode, report: Option<&Report>) -> Json {
    let job = match report {
        Some(report) => report.graph().find(node.name.as_str()).map(|job| job.index()),
        None => Some(index),
    };
    let mut data = Object::default();
    if let Some(job) = job {
        data.add("job", job);
    }
    if let Some(parent) = node.parent {
        data.add("parent", parent);
    }
    data.add("name", text::printable(&node.name));
    data.into()
}

fn job_of_report(report: &Report, job: &JobReport<'_>) -> Json {
    let mut data = Object::default();
    data.add("name", text::printable(job.name()))
        .add("kind", format!("{:?}", job.kind()))
        .add("status", job.status().to_string())
        .add("tries", job.tries())
        .add("after", report.graph().after(job.id()).iter().map(|on| on.index()).collect::<Json>());
    if let Some(description) = job.description() {
        data.add("description", description);
    }
    if let Some(error) = job.error() {
        data.add("error", format!("{error:#}"));
    }
    data.add("phases", job.phases().iter().map(phase_data).collect::<Json>());
    data.into()
}

fn phase_data(phase: &PhaseRecord<'_>) -> Json {
    let mut data = Object::default();
    data.add("try", phase.attempt())
        .add("phase", phase.phase().to_string())
        .add("worker", phase.worker())
        .add("start", phase.start().as_nanos())
        .add("end", phase.end().as_nanos());
    if let Some(error) = phase.error() {
        data.add("error", format!("{error:#}"));
    }
    data.into()
}

fn job_of_scenes(scene: &Scene) -> Json {
    let mut after = vec![Vec::new(); scene.nodes.len()];
    for &(a, b) in &scene.edges {
        after[a].push(b);
    }
    let job = |(node, after): (&SceneNode, Vec<usize>)| {
        let mut data = Object::default();
        data.add("name", text::printable(&node.name)).add("tries", node.tries);
        if let Some(status) = node.status {
            data.add("status", status.to_string());
        }
        if let Some(error) = &node.error {
            data.add("error", error.as_str());
        }
        data.add("after", after.into_iter().collect::<Json>())
            .add("phases", std::iter::empty::<usize>().collect::<Json>());
        Json::from(data)
    };
    scene.nodes.iter().zip(after).map(job).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_script_but_its_end() {
        let scene = Scene {
            nodes: vec![SceneNode::new("</script><script>alert(1)</script><!-- <b>"), SceneNode::new("x")],
            edges: vec![(0, 1)],
            ..Scene::default()
        };
        let page = write(&scene, "<?xml version=\"1.0\"?>\n<svg></svg>\n", None);
        assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
        assert!(!page.contains("<!-- ") && page.contains("\\u003c/script\\u003e"), "{page}");
        assert!(!page.contains("<?xml"));
    }

    #[test]
    fn nothing_is_loaded() {
        let page = write(&Scene::default(), "<svg></svg>", None);
        assert!(
            !page.contains("http://") && !page.contains("https://") && !page.contains("src=\""),
            "{page}"
        );
    }
}
