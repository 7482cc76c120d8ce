//! Writes DOT, Graphviz's language.
//!
//! The graph is built from the types of graphviz-rust, which print names as they are: quoting is ours. The printer
//! is ours as well, as theirs comes with a parser and its generator.

use std::collections::BTreeSet;

use dot_structures::{Attribute, Edge, EdgeTy, Graph, GraphAttributes, Id, Node, NodeId, Stmt, Vertex};

use crate::scene::{Scene, SceneNode};
use crate::{style, text};

mod print;

/// The scene as DOT text, which `dot` accepts whatever the names hold.
///
/// A job's name is its node's name; where several names are drawn alike, the later ones get a number.
pub fn write(scene: &Scene) -> String {
    print::print(&graph(scene))
}

fn graph(scene: &Scene) -> Graph {
    let mut stmts = vec![
        Stmt::GAttribute(GraphAttributes::Node(vec![
            attribute("style", "filled"),
            attribute("fontname", "Times"),
        ])),
        Stmt::GAttribute(GraphAttributes::Edge(vec![attribute("color", style::EDGE)])),
    ];
    let ids = ids(scene);
    stmts.extend(scene.nodes.iter().zip(&ids).map(|(job, id)| Stmt::Node(node(job, id))));
    stmts.extend(scene.edges.iter().map(|&(a, b)| {
        let end = |index: usize| Vertex::N(NodeId(ids[index].clone(), None));
        Stmt::Edge(Edge { ty: EdgeTy::Pair(end(a), end(b)), attributes: Vec::new() })
    }));
    Graph::DiGraph { id: Id::Plain("jobs".to_owned()), strict: false, stmts }
}

fn node(job: &SceneNode, id: &Id) -> Node {
    // in a label, unlike in a name, `&` can begin a character reference
    let label = style::label(&job.name).replace('&', "&amp;");
    Node {
        id: NodeId(id.clone(), None),
        attributes: vec![
            attribute("label", &label),
            attribute("fillcolor", style::fill(job.status)),
            attribute("fontcolor", style::label_color(job.status)),
        ],
    }
}

/// A different name for every node.
fn ids(scene: &Scene) -> Vec<Id> {
    let mut taken = BTreeSet::new();
    let mut ids = Vec::with_capacity(scene.nodes.len());
    for (index, job) in scene.nodes.iter().enumerate() {
        let mut name = text::printable(&job.name);
        while !taken.insert(name.clone()) {
            name.push_str(&format!(" #{}", index + 1));
        }
        ids.push(quoted(&name));
    }
    ids
}

fn attribute(name: &str, value: &str) -> Attribute {
    Attribute(Id::Plain(name.to_owned()), quoted(value))
}

/// A quoted string. Backslashes are doubled: one before the closing quote would swallow it, and one before a letter
/// means something in a label.
fn quoted(value: &str) -> Id {
    let escaped = text::printable(value).replace('\\', "\\\\").replace('"', "\\\"");
    Id::Escaped(format!("\"{escaped}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Status;

    #[track_caller]
    fn check(names: &[&str], expected: &[&str]) {
        let scene = Scene { nodes: names.iter().map(|&name| SceneNode::new(name)).collect(), edges: vec![] };
        let dot = write(&scene);
        let nodes: Vec<&str> =
            dot.lines().filter_map(|line| line.trim().split_once("[label=")).map(|n| n.0).collect();
        assert_eq!(nodes, expected);
    }

    #[test]
    fn names_are_quoted() {
        check(&["a", ""], &[r#""a""#, r#""""#]);
        check(&[r#"say "hi" \"#, "a\nb"], &[r#""say \"hi\" \\""#, "\"a\u{fffd}b\""]);
        check(&["x", "x", "y\n", "y\t"], &[r#""x""#, r#""x #2""#, "\"y\u{fffd}\"", "\"y\u{fffd} #4\""]);
    }

    #[test]
    fn a_whole_graph() {
        let nodes = vec![SceneNode::new("a & b"), SceneNode::new("c").with_status(Status::Failed)];
        let dot = write(&Scene { nodes, edges: vec![(0, 1)] });
        let expected = r##"digraph jobs {
  node[style="filled" fontname="Times"]
  edge[color="#37474f"]
  "a & b"[label="a &amp; b" fillcolor="#f2f2f2" fontcolor="#000000"]
  "c"[label="c" fillcolor="#ff0000" fontcolor="#ffffff"]
  "a & b" -> "c"
}
"##;
        assert_eq!(dot, expected);
    }
}
