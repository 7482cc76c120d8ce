//! Writes one page of HTML that needs nothing else: no network, no other file.
//!
//! The page holds the drawing as SVG, what is known of the jobs as JSON, a style sheet and scripts. Text that
//! comes from elsewhere (names, errors) reaches the page only as JSON in which nothing can end a script, or as text
//! of the SVG; the scripts put it in place as text, never as HTML.

use std::fmt::Write as _;

use dojobber_core::Report;

use crate::layout;
use crate::scene::{Scene, Status};
use crate::style;
use crate::svg;
use crate::view::View;
use data::Subject;

mod json;
mod opened;
mod large;
mod data;

const STYLE: &str = include_str!("html/page.css");
/// In the order in which they depend on each other.
const SCRIPTS: [&str; 9] = [
    include_str!("html/data.js"),
    include_str!("html/levels.js"),
    include_str!("html/looking.js"),
    include_str!("html/beacons.js"),
    include_str!("html/lights.js"),
    include_str!("html/search.js"),
    include_str!("html/keys.js"),
    include_str!("html/details.js"),
    include_str!("html/timeline.js"),
];
const BODY: &str = include_str!("html/body.html");

/// A page, and a word about what is not in it.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) word: Option<String>,
}

/// The page of a scene; `report` tells what happened when.
pub(crate) fn write(scene: &Scene, view: &View, options: &layout::Options, report: Option<&Report>) -> Page {
    let base = view.jobs(scene);
    let title = title(&base);
    let (base, word) = match large::shown(&base) {
        Some((shown, word)) => (large::reduced(&base, &shown), Some(word)),
        None => (base, None),
    };
    let drawn = view.nested(&base);
    let open = opened::opened(&drawn, view);
    let drawing = svg::draw_levels(&drawn, &open, options);
    let subject = Subject {
        scene: &base,
        drawn: &drawn,
        open: &open,
        drawing: &drawing,
        report,
        word: word.as_deref(),
    };
    let text = page(&title, &drawing, &data::data(&subject));
    Page { text, word }
}

fn page(title: &str, drawing: &svg::Drawing, data: &str) -> String {
    let (before, after) = BODY.split_once("<!-- drawing -->").unwrap_or_default();
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
        colors = colors(),
        drawing = drawing.svg,
        script = SCRIPTS.concat(),
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
        let (fill, color) = (style::fill(Some(status)), style::label_color(Some(status)));
        // writing to a string cannot fail
        let _ = writeln!(css, ".{} {{ background: {fill}; color: {color} }}", data::class(status));
    }
    css
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::SceneNode;

    #[test]
    fn nothing_ends_a_script_but_its_end() {
        let scene = Scene {
            nodes: vec![SceneNode::new("</script><script>alert(1)</script><!-- <b>"), SceneNode::new("x")],
            edges: vec![(0, 1)],
            ..Scene::default()
        };
        let page = write(&scene, &View::default(), &layout::Options::default(), None).text;
        assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
        assert!(!page.contains("<!-- ") && page.contains("\\u003c/script\\u003e"), "{page}");
        assert!(!page.contains("<?xml"));
    }

    #[test]
    fn nothing_is_loaded() {
        let page = write(&Scene::default(), &View::default(), &layout::Options::default(), None).text;
        assert!(
            !page.contains("http://") && !page.contains("https://") && !page.contains("src=\""),
            "{page}"
        );
    }
}
