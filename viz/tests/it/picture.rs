//! Reads a finished SVG back, and says what every picture must fulfil.

use std::collections::BTreeMap;

use dojobber_viz::layout::{Layout, Options, layout};
use dojobber_viz::scene::Scene;
use dojobber_viz::svg;
use roxmltree::{Document, Node};

/// Draws a scene and checks all that holds for any scene; returns the SVG.
#[track_caller]
pub(crate) fn draw(scene: &Scene, options: &Options) -> String {
    let graph = scene.to_layout_graph();
    let layout = layout(&graph, options);
    check_layout(scene, &layout);
    let svg = svg::write(scene, &layout, &svg::Options::default());
    check_svg(scene, &svg);
    assert_eq!(
        svg,
        svg::write(scene, &dojobber_viz::layout::layout(&graph, options), &svg::Options::default()),
        "the same bytes again"
    );
    svg
}

#[track_caller]
fn check_layout(scene: &Scene, layout: &Layout) {
    let sizes = scene.to_layout_graph().sizes;
    let inside = |x: f64, y: f64| {
        assert!((-1e-6..=layout.size.width + 1e-6).contains(&x), "{x} is outside of {:?}", layout.size);
        assert!((-1e-6..=layout.size.height + 1e-6).contains(&y), "{y} is outside of {:?}", layout.size);
    };
    for (center, size) in layout.centers.iter().zip(&sizes) {
        inside(center.x - size.width / 2.0, center.y - size.height / 2.0);
        inside(center.x + size.width / 2.0, center.y + size.height / 2.0);
    }
    for (&(a, b), path) in scene.edges.iter().zip(&layout.edges) {
        assert!(path.curve.len() >= 4 && path.curve.len() % 3 == 1, "{} points", path.curve.len());
        for point in path.curve.iter().chain([&path.tip]) {
            inside(point.x, point.y);
        }
        for (node, point) in [(a, path.curve[0]), (b, path.tip)] {
            let (center, size) = (layout.centers[node], sizes[node]);
            let (x, y) = ((point.x - center.x) * 2.0 / size.width, (point.y - center.y) * 2.0 / size.height);
            assert!((x * x + y * y - 1.0).abs() < 0.01, "edge {a}->{b} ends on the border of {node}");
        }
    }
    for (index, (a, a_size)) in layout.centers.iter().zip(&sizes).enumerate() {
        for (b, b_size) in layout.centers.iter().zip(&sizes).skip(index + 1) {
            let apart_x = (a.x - b.x).abs() >= (a_size.width + b_size.width) / 2.0;
            let apart_y = (a.y - b.y).abs() >= (a_size.height + b_size.height) / 2.0;
            assert!(apart_x || apart_y, "nodes at {a:?} and {b:?} overlap");
        }
    }
}

#[track_caller]
fn check_svg(scene: &Scene, svg: &str) {
    let document = Document::parse(svg).expect("valid XML");
    check_elements(&document);
    let titles = |class: &'static str| groups(&document, class).map(|group| title(group).to_owned());
    let names: Vec<String> = scene.nodes.iter().map(|node| printable(&node.name)).collect();
    assert!(titles("node").eq(names.iter().cloned()), "a node for every job");
    let edges = scene.edges.iter().map(|&(a, b)| format!("{}->{}", mention(&names[a]), mention(&names[b])));
    assert!(titles("edge").eq(edges), "an edge for every dependency");
    check_apart(&document);
}

#[track_caller]
fn check_elements(document: &Document) {
    for element in document.descendants() {
        for name in
            ["cx", "cy", "rx", "ry", "x", "y", "width", "height", "textLength", "viewBox", "d", "points"]
        {
            check_numbers(element.attribute(name).unwrap_or_default());
        }
    }
    groups(document, "node").for_each(check_label);
    let bytes: Vec<usize> = groups(document, "edge").map(check_edge).collect();
    let all = bytes.iter().sum::<usize>();
    assert!(all <= 1024 * bytes.len(), "{} edges take {all} bytes", bytes.len());
    groups(document, "nest").for_each(check_nest);
}

/// No curve of an edge is a point. Returns how many bytes the edge takes beside its title.
#[track_caller]
fn check_edge(edge: Node) -> usize {
    let path = child(edge, "path").attribute("d").unwrap();
    let points: Vec<&str> = path.split(['M', 'C', ' ']).filter(|point| !point.is_empty()).collect();
    let is_point = |start: usize| points[start..start + 4].iter().all(|point| *point == points[start]);
    assert!(!(0..points.len() - 1).step_by(3).any(is_point), "{:?}: {path}", title(edge));
    edge.range().len() - child(edge, "title").range().len()
}

/// The mark and the label are inside of the ellipse, at the width that the label is drawn with.
#[track_caller]
fn check_label(node: Node) {
    let number =
        |element: Node, name: &str| element.attribute(name).map_or(0.0, |n| n.parse::<f64>().unwrap());
    let (ellipse, text) = (child(node, "ellipse"), child(node, "text"));
    let (x, y) = (number(text, "x") - number(ellipse, "cx"), number(text, "y") - number(ellipse, "cy"));
    let width = number(text, "textLength");
    let start = if text.attribute("text-anchor") == Some("start") { x } else { x - width / 2.0 };
    let mark = node.descendants().find(|child| child.attribute("class") == Some("mark"));
    let columns = mark.map(|mark| {
        let steps = mark.attribute("d").unwrap().split(['M', 'L', 'Z']);
        let columns = steps.filter_map(|step| step.split_once(',')?.0.parse::<f64>().ok());
        columns
            .map(|x| x - number(ellipse, "cx"))
            .fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)))
    });
    assert!(columns.is_none_or(|(_, right)| right <= start), "the mark of {:?} is on its label", title(node));
    let corners = columns.into_iter().flat_map(|(left, _)| [(left, -5.0), (left, 5.0)]);
    // letters reach about as far above the base line as a third of the size of the font above the middle
    let end = start + width;
    let label = [(start, y - 9.0), (end, y - 9.0), (start, y), (end, y)];
    for corner in corners.chain(label) {
        let (x, y) = (corner.0 / number(ellipse, "rx"), corner.1 / number(ellipse, "ry"));
        assert!(x * x + y * y <= 1.0, "{:?} sticks out", title(node));
    }
}

/// Numbers have at most two decimals, and none is infinite or not a number.
#[track_caller]
fn check_numbers(text: &str) {
    for number in text.split(['M', 'C', 'L', 'A', 'Z', ' ', ',']).filter(|number| !number.is_empty()) {
        let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let is_plain = number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'));
        assert!(is_plain && decimals <= 2, "{number:?} in {text:?}");
    }
}

/// What holds for any finished picture, whatever was drawn: valid XML, plain numbers, labels inside, no overlap.
#[track_caller]
pub(crate) fn check_picture(svg: &str) {
    let document = Document::parse(svg).expect("valid XML");
    check_elements(&document);
    check_apart(&document);
}

/// No two ellipses or closed nests overlap, as they are drawn.
#[track_caller]
fn check_apart(document: &Document) {
    let ellipses: Vec<_> =
        groups(document, "node").map(ellipse).chain(groups(document, "nest").map(nest)).collect();
    for (index, (name, x, y, rx, ry)) in ellipses.iter().enumerate() {
        for (other, x2, y2, rx2, ry2) in &ellipses[index + 1..] {
            // numbers have two decimals
            let is_apart = (x - x2).abs() >= rx + rx2 - 0.05 || (y - y2).abs() >= ry + ry2 - 0.05;
            assert!(is_apart, "{name} and {other} overlap");
        }
    }
}

/// Name, centre and radii.
fn ellipse<'a>(group: Node<'a, 'a>) -> (&'a str, f64, f64, f64, f64) {
    let number = |name: &str| child(group, "ellipse").attribute(name).unwrap().parse::<f64>().unwrap();
    (title(group), number("cx"), number("cy"), number("rx"), number("ry"))
}

/// The same of a closed nest.
fn nest<'a>(group: Node<'a, 'a>) -> (&'a str, f64, f64, f64, f64) {
    let number = |name: &str| child(group, "rect").attribute(name).unwrap().parse::<f64>().unwrap();
    let (rx, ry) = (number("width") / 2.0, number("height") / 2.0);
    (title(group), number("x") + rx, number("y") + ry, rx, ry)
}

/// All words and counts of a closed nest are inside of it.
#[track_caller]
fn check_nest(group: Node) {
    let (name, x, _, rx, _) = nest(group);
    for text in group.descendants().filter(|child| child.tag_name().name() == "text") {
        let number = |name: &str| text.attribute(name).map_or(0.0, |n| n.parse::<f64>().unwrap());
        let (left, right) = (number("x"), number("x") + number("textLength"));
        assert!(x - rx + 3.0 <= left && right <= x + rx - 3.0, "{name:?} sticks out");
    }
}

/// The centre of each job by its name.
pub(crate) fn centers(svg: &str) -> BTreeMap<String, (f64, f64)> {
    let document = Document::parse(svg).expect("valid XML");
    groups(&document, "node").map(ellipse).map(|(name, x, y, _, _)| (name.to_owned(), (x, y))).collect()
}

/// The sides of each box by its name: left, top, right, bottom.
pub(crate) fn boxes(svg: &str) -> BTreeMap<String, (f64, f64, f64, f64)> {
    let document = Document::parse(svg).expect("valid XML");
    let sides = |group: Node| {
        let number = |name: &str| child(group, "rect").attribute(name).unwrap().parse::<f64>().unwrap();
        let (x, y) = (number("x"), number("y"));
        (title(group).to_owned(), (x, y, x + number("width"), y + number("height")))
    };
    groups(&document, "box").map(sides).collect()
}

/// The groups of a class.
pub(crate) fn groups<'a>(document: &'a Document<'a>, class: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.attribute("class") == Some(class))
}

/// The title of a group.
pub(crate) fn title<'a>(group: Node<'a, 'a>) -> &'a str {
    child(group, "title").text().unwrap_or_default()
}

/// The first element of a kind within a group.
#[track_caller]
pub(crate) fn child<'a>(group: Node<'a, 'a>, tag: &str) -> Node<'a, 'a> {
    group.descendants().find(|node| node.tag_name().name() == tag).expect("the element is there")
}

/// A name as the title of an edge has it.
fn mention(name: &str) -> String {
    let length = name.chars().count();
    if length <= 100 {
        return name.to_owned();
    }
    name.chars().take(50).chain(['…']).chain(name.chars().skip(length - 50)).collect()
}

fn printable(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { '\u{fffd}' } else { c })
        .collect()
}
