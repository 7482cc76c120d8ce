//! What is in the SVG of small scenes.

use dojobber_viz::layout::{Options, layout};
use dojobber_viz::scene::{Scene, SceneNode, Status};
use roxmltree::Document;

use crate::picture::{child, draw, groups, title};
use crate::samples::{ODD_NAMES, movie, numbered, statuses};

#[test]
fn an_empty_scene_is_a_small_picture() {
    let svg = draw(&Scene::default(), &Options::default());
    assert!(svg.contains("width=\"8\" height=\"8\" viewBox=\"0 0 8 8\""), "{svg}");
}

#[test]
fn one_job() {
    let scene = Scene {
        nodes: vec![SceneNode::new("only").with_status(Status::Changed)],
        edges: vec![],
        ..Scene::default()
    };
    let expected = r##"<g id="node1" class="node">
<title>only</title>
<g>
<title>changed</title>
<ellipse fill="#006400" stroke="#000000" stroke-width="2.5" cx="32.21" cy="18" rx="32.21" ry="18"/>
<path class="mark" fill="#ffffff" stroke="none" stroke-width="2" d="M10.38,13.5L15.38,22.5L5.38,22.5Z"/>
"##;
    let svg = draw(&scene, &Options::default());
    let text = "fill=\"#ffffff\" textLength=\"24.89\" lengthAdjust=\"spacingAndGlyphs\">only</text>";
    assert!(svg.contains("<g id=\"node1\"") && svg.contains(text), "{svg}");
    assert!(svg.contains(expected), "{svg}");
    let beside_the_mark = "<text text-anchor=\"start\" x=\"19.76\" y=\"21.7\"";
    assert!(svg.contains(beside_the_mark), "a wider font grows away from the mark: {svg}");
}

#[test]
fn colors_are_those_of_the_statuses() {
    let nodes = statuses()
        .into_iter()
        .map(|status| SceneNode { name: "x".to_owned(), status, ..SceneNode::default() })
        .collect();
    let svg = draw(&Scene { nodes, edges: vec![], ..Scene::default() }, &Options::default());
    let document = Document::parse(&svg).unwrap();
    let fills: Vec<_> = groups(&document, "node")
        .map(|group| (child(group, "ellipse").attribute("fill"), child(group, "text").attribute("fill")))
        .collect();
    let (black, white) = (Some("#000000"), Some("#ffffff"));
    assert_eq!(
        fills,
        [
            (Some("#f2f2f2"), black),
            (Some("#00ff00"), black),
            (Some("#006400"), white),
            (Some("#e00000"), white),
            (Some("#ffffff"), black),
            (Some("#ffbf00"), black),
            (Some("#9e9e9e"), black),
        ]
    );
}

#[test]
fn edges_lead_down() {
    let layout = layout(&movie().to_layout_graph(), &Options::default());
    for &(a, b) in &movie().edges {
        assert!(layout.centers[a].y < layout.centers[b].y);
    }
    assert_eq!(layout.centers[0].y, 18.0, "the goal is at the top");
}

#[test]
fn the_movie_is_drawn_without_crossings() {
    let scene = movie();
    assert_eq!((scene.nodes.len(), scene.edges.len()), (20, 23));
    let svg = draw(&scene, &Options::default());
    let document = Document::parse(&svg).unwrap();
    let lines: Vec<(String, Vec<(f64, f64)>)> = groups(&document, "edge")
        .map(|group| (title(group).to_owned(), flatten(child(group, "path").attribute("d").unwrap())))
        .collect();
    for (index, (a, a_line)) in lines.iter().enumerate() {
        for (b, b_line) in &lines[index + 1..] {
            assert!(!cross(a_line, b_line), "{a} crosses {b}");
        }
    }
}

/// The path as straight pieces.
fn flatten(path: &str) -> Vec<(f64, f64)> {
    let numbers: Vec<f64> = path
        .split(['M', 'C', ' ', ','])
        .filter(|text| !text.is_empty())
        .map(|text| text.parse().unwrap())
        .collect();
    let points: Vec<(f64, f64)> = numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    let mut line = vec![points[0]];
    for start in (0..points.len() - 1).step_by(3) {
        let [a, b, c, d] = [0, 1, 2, 3].map(|offset| points[start + offset]);
        for step in 1..=16 {
            let (t, u) = (f64::from(step) / 16.0, 1.0 - f64::from(step) / 16.0);
            let mix = |a: f64, b: f64, c: f64, d: f64| {
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            line.push((mix(a.0, b.0, c.0, d.0), mix(a.1, b.1, c.1, d.1)));
        }
    }
    line
}

fn cross(a: &[(f64, f64)], b: &[(f64, f64)]) -> bool {
    let side = |p: (f64, f64), q: (f64, f64), r: (f64, f64)| {
        ((q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0)).signum()
    };
    a.windows(2).any(|a| {
        b.windows(2).any(|b| {
            side(a[0], a[1], b[0]) != side(a[0], a[1], b[1])
                && side(b[0], b[1], a[0]) != side(b[0], b[1], a[1])
        })
    })
}

#[test]
fn odd_names_are_drawn() {
    let nodes = ODD_NAMES.iter().map(|&name| SceneNode::new(name)).collect();
    let edges = (1..ODD_NAMES.len()).map(|node| (node / 2, node)).collect();
    draw(&Scene { nodes, edges, ..Scene::default() }, &Options::default());
}

#[test]
fn a_long_name_is_elided_in_the_label_and_whole_in_the_title() {
    let name = format!("begin {} end", "x".repeat(5000));
    let svg = draw(
        &Scene { nodes: vec![SceneNode::new(name.clone())], edges: vec![], ..Scene::default() },
        &Options::default(),
    );
    let document = Document::parse(&svg).unwrap();
    let group = groups(&document, "node").next().unwrap();
    let label = child(group, "text").text().unwrap();
    assert_eq!(title(group), name);
    assert!(label.starts_with("begin x") && label.ends_with("x end") && label.contains('…'), "{label}");
    assert!(label.chars().count() < 60);
}

#[test]
fn loops_cycles_and_repetitions_are_drawn() {
    let edges = [(0, 0), (0, 1), (1, 2), (2, 0), (1, 2), (2, 1), (3, 3), (3, 3)];
    let svg = draw(&numbered(4, edges), &Options::default());
    assert_eq!(svg.matches("class=\"edge\"").count(), edges.len());
}
