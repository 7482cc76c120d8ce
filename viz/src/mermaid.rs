//! Writes Mermaid's flowcharts, which many wikis and code hosts draw where they find them.

use std::fmt::Write as _;

use crate::layout::Direction;
use crate::scene::{Scene, SceneNode, Status};
use crate::style::{self, Border};

/// The scene as a Mermaid flowchart; names can hold anything.
pub fn write(scene: &Scene, direction: Direction) -> String {
    let mut text = format!(
        "flowchart {}\n",
        match direction {
            Direction::Down => "TD",
            Direction::Right => "LR",
        }
    );
    write_inside(&mut text, scene, &scene.boxes(), None, 1);
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

/// The jobs that stand directly in a box, or in none. Boxes are nested to a small depth only.
fn write_inside(text: &mut String, scene: &Scene, boxes: &[bool], parent: Option<usize>, depth: usize) {
    let indent = "  ".repeat(depth);
    for (index, node) in scene.nodes.iter().enumerate().filter(|(_, node)| node.parent == parent) {
        let (number, label) = (index + 1, label(node));
        if boxes[index] {
            let _ = writeln!(text, "{indent}subgraph n{number} [\"{label}\"]");
            write_inside(text, scene, boxes, Some(index), depth + 1);
            let _ = writeln!(text, "{indent}end");
        } else {
            let _ = writeln!(text, "{indent}n{number}([\"{label}\"])");
        }
    }
}

/// The label as Mermaid reads it, with a sign for those who do not see the colour.
fn label(node: &SceneNode) -> String {
    let mut label = node.status.map_or(String::new(), |status| format!("{} ", style::sign(status)));
    for c in style::label(node.label()).chars() {
        // letters of other scripts mean nothing to Mermaid
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, ' ' | '_' | '-' | '.' | ',' | '/' | ':')
        {
            let _ = write!(label, "#{};", u32::from(c));
        } else {
            label.push(c);
        }
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
  classDef failed fill:#ff0000,color:#ffffff,stroke:#000000,stroke-width:5px
  class n2 failed
  classDef blocked fill:#ffffff,color:#000000,stroke:#000000,stroke-width:1px,stroke-dasharray:6 3
  class n1 blocked
";
        assert_eq!(text, expected);
    }
}
