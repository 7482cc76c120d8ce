//! Writes Mermaid's flowcharts, which many wikis and code hosts draw where they find them.

use std::fmt::Write as _;

use crate::layout::Direction;
use crate::scene::{Scene, SceneNode, Status};
use crate::style::{self, Border};

/// With more than these, Mermaid draws nothing unless it is told to.
const MOST_EDGES: usize = 500;
const MOST_CHARACTERS: usize = 50_000;

/// The scene as a Mermaid flowchart; names can hold anything. Where it is beyond Mermaid's limits, a comment says how
/// these are raised.
pub fn write(scene: &Scene, direction: Direction) -> String {
    let direction = match direction {
        Direction::Down => "TD",
        Direction::Right => "LR",
    };
    let body = body(scene);
    let (edges, characters) = (scene.edges.len(), body.encode_utf16().count());
    let mut text = format!("flowchart {direction}\n");
    if edges > MOST_EDGES || characters > MOST_CHARACTERS - 200 {
        // writing to a string cannot fail
        let _ = writeln!(
            text,
            "  %% more than Mermaid draws by itself, {MOST_EDGES} edges and {MOST_CHARACTERS} characters: it must be started with\n  \
             %% mermaid.initialize with maxEdges of {edges} and maxTextSize of {} or more",
            characters + 1_000
        );
    }
    text.push_str(&body);
    text
}

fn body(scene: &Scene) -> String {
    let mut text = String::new();
    write_nodes(&mut text, scene);
    for &(a, b) in &scene.edges {
        // writing to a string cannot fail
        let _ = writeln!(text, "  n{} --> n{}", a + 1, b + 1);
    }
    for &status in Status::ALL {
        let of_status = |node: &usize| scene.nodes[*node].status == Some(status);
        let nodes: Vec<String> =
            (0..scene.nodes.len()).filter(of_status).map(|node| format!("n{}", node + 1)).collect();
        if !nodes.is_empty() {
            let class = class(status);
            let _ = writeln!(text, "  classDef {class} {}", look(status));
            let _ = writeln!(text, "  class {} {class}", nodes.join(","));
        }
    }
    text
}

/// All jobs, those in boxes within these.
fn write_nodes(text: &mut String, scene: &Scene) {
    let mut inside: Vec<Vec<usize>> = vec![Vec::new(); scene.nodes.len()];
    let mut outside = Vec::new();
    for (index, node) in scene.nodes.iter().enumerate() {
        node.parent.map_or(&mut outside, |parent| &mut inside[parent]).push(index);
    }
    let mut open = vec![outside.into_iter()];
    while let Some(level) = open.last_mut() {
        let Some(index) = level.next() else {
            open.pop();
            if !open.is_empty() {
                let _ = writeln!(text, "{}end", "  ".repeat(open.len()));
            }
            continue;
        };
        let (indent, number, label) = ("  ".repeat(open.len()), index + 1, label(&scene.nodes[index]));
        if !inside[index].is_empty() {
            let _ = writeln!(text, "{indent}subgraph n{number} [\"{label}\"]");
            open.push(std::mem::take(&mut inside[index]).into_iter());
        } else if scene.nodes[index].is_closed() {
            let _ = writeln!(text, "{indent}n{number}[[\"{label}\"]]");
        } else {
            let _ = writeln!(text, "{indent}n{number}([\"{label}\"])");
        }
    }
}

/// The label as Mermaid reads it, with a sign for those who do not see the colour.
///
/// Mermaid takes labels for Markdown: `1. a` for a list, `---` for a rule, `_a_` for emphasis, addresses for links. So
/// every character that may mean something is written as its number; letters, digits and single spaces mean nothing.
fn label(node: &SceneNode) -> String {
    let mut label = node.status.map_or(String::new(), |status| format!("{} ", style::sign(status)));
    let name = style::label(node.label());
    let mut after_space = true;
    for (index, c) in name.char_indices() {
        let is_last = index + c.len_utf8() == name.len();
        let is_plain_space = c == ' ' && !after_space && !is_last;
        // letters of other scripts mean nothing to Mermaid
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !is_plain_space {
            let code = if c == ' ' { 160 } else { u32::from(c) };
            // writing to a string cannot fail
            let _ = write!(label, "#{code};");
        } else {
            label.push(c);
        }
        after_space = c == ' ';
    }
    // an empty label would be a mistake of syntax
    if label.trim().is_empty() { "#160;".to_owned() } else { label }
}

fn class(status: Status) -> String {
    status.to_string().replace(' ', "_")
}

fn look(status: Status) -> String {
    let (fill, color) = (style::fill(Some(status)), style::label_color(Some(status)));
    let line = match style::border(Some(status)) {
        Border::Plain => "stroke-width:1px",
        Border::Thick => "stroke-width:3px",
        Border::Double => "stroke-width:5px",
        Border::Dashed => "stroke-width:1px,stroke-dasharray:6 3",
        Border::Dotted => "stroke-width:2px,stroke-dasharray:2 2",
        Border::DashDotted => "stroke-width:1px,stroke-dasharray:8 3 2 3",
    };
    format!("fill:{fill},color:{color},stroke:{},{line}", style::BORDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_graph() {
        let nodes = vec![
            SceneNode::new("all").with_status(Status::Blocked),
            SceneNode::new("say \"#1\"\n`x` <b>").with_status(Status::Failed),
            SceneNode::new(""),
        ];
        let text = write(&Scene { nodes, edges: vec![(0, 1), (0, 2)], ..Scene::default() }, Direction::Down);
        let expected = "flowchart TD
  n1([\"– all\"])
  n2([\"✗ say #34;#35;1#34;\u{fffd}#96;x#96; #60;b#62;\"])
  n3([\"#160;\"])
  n1 --> n2
  n1 --> n3
  classDef failed fill:#e00000,color:#ffffff,stroke:#000000,stroke-width:5px
  class n2 failed
  classDef blocked fill:#ffffff,color:#000000,stroke:#000000,stroke-width:1px,stroke-dasharray:6 3
  class n1 blocked
";
        assert_eq!(text, expected);
    }

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(label(&SceneNode::new(name)), expected);
    }

    #[test]
    fn what_markdown_would_read_is_written_as_numbers() {
        check("1. one", "1#46; one");
        check("- dash", "#45; dash");
        check("---", "#45;#45;#45;");
        check("_a_ *b*", "#95;a#95; #42;b#42;");
        check("https://a.b", "https#58;#47;#47;a#46;b");
        check("  a  b ", "#160;#160;a #160;b#160;");
        check("größer 日本", "größer 日本");
    }

    #[test]
    fn beyond_the_limits_a_comment_says_what_to_do() {
        let graph = |edges: usize| {
            let nodes = vec![SceneNode::new("a"), SceneNode::new("b")];
            write(&Scene { nodes, edges: vec![(0, 1); edges], ..Scene::default() }, Direction::Down)
        };
        assert!(!graph(MOST_EDGES).contains("%%"));
        let text = graph(MOST_EDGES + 1);
        assert!(text.contains("%% mermaid.initialize with maxEdges of 501 and maxTextSize of "), "{text}");
        let nodes = (0..3_000).map(|node| SceneNode::new(format!("job {node}"))).collect();
        assert!(write(&Scene { nodes, ..Scene::default() }, Direction::Down).contains(" maxEdges of 0 "));
    }
}
