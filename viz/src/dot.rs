//! Writes DOT, Graphviz's language.
//!
//! The graph is built from the types of graphviz-rust, which print names as they are: quoting is ours. The printer
//! is ours as well, as theirs comes with a parser and its generator.

use std::collections::BTreeSet;

use dot_structures::{
    Attribute, Edge, EdgeTy, Graph, GraphAttributes, Id, Node, NodeId, Stmt, Subgraph, Vertex,
};

use crate::layout::Direction;
use crate::scene::{Scene, SceneNode};
use crate::style::{self, Border};
use crate::text;

mod print;

/// The scene as DOT text, which `dot` accepts whatever the names hold.
///
/// A job's name is its node's name; where several names are drawn alike, the later ones get a number. Boxes become
/// clusters.
pub fn write(scene: &Scene, direction: Direction) -> String {
    print::print(&graph(scene, direction))
}

fn graph(scene: &Scene, direction: Direction) -> Graph {
    let (ids, boxes) = (ids(scene), scene.boxes());
    let mut stmts = Vec::new();
    if direction == Direction::Right {
        stmts.push(Stmt::Attribute(attribute("rankdir", "LR")));
    }
    if boxes.contains(&true) {
        stmts.push(Stmt::Attribute(attribute("compound", "true")));
    }
    stmts.push(Stmt::GAttribute(GraphAttributes::Node(vec![
        attribute("style", "filled"),
        attribute("fontname", "Times"),
    ])));
    stmts.push(Stmt::GAttribute(GraphAttributes::Edge(vec![attribute("color", style::EDGE)])));
    let clusters = Clusters::of(scene, &boxes);
    stmts.extend(clusters.statements(&ids, None));
    stmts.extend(scene.edges.iter().map(|&edge| clusters.edge(&ids, edge)));
    Graph::DiGraph { id: Id::Plain("jobs".to_owned()), strict: false, stmts }
}

/// Which nodes are inside of which.
struct Clusters<'a> {
    scene: &'a Scene,
    boxes: &'a [bool],
    /// The nodes directly inside of each box, and at last those that are in none.
    inside: Vec<Vec<usize>>,
}

impl<'a> Clusters<'a> {
    fn of(scene: &'a Scene, boxes: &'a [bool]) -> Self {
        let mut inside = vec![Vec::new(); scene.nodes.len() + 1];
        for (index, node) in scene.nodes.iter().enumerate() {
            inside[node.parent.unwrap_or(scene.nodes.len())].push(index);
        }
        Self { scene, boxes, inside }
    }

    /// What is inside of a box, or outside of all.
    fn statements(&self, ids: &[Id], parent: Option<usize>) -> Vec<Stmt> {
        let nodes = &self.inside[parent.unwrap_or(self.scene.nodes.len())];
        let statement = |&index: &usize| {
            let job = &self.scene.nodes[index];
            if !self.boxes[index] {
                return Stmt::Node(node(job, &ids[index]));
            }
            let mut stmts = vec![Stmt::Attribute(attribute("label", &label(job)))];
            stmts.extend(self.statements(ids, Some(index)));
            Stmt::Subgraph(Subgraph { id: Id::Plain(format!("cluster_{}", index + 1)), stmts })
        };
        nodes.iter().map(statement).collect()
    }

    /// An edge between jobs; where one is a box, between some job inside and the border of the box.
    fn edge(&self, ids: &[Id], (a, b): (usize, usize)) -> Stmt {
        let end = |index: usize| Vertex::N(NodeId(ids[self.someone_in(index)].clone(), None));
        let border = |name: &str, index: usize| {
            self.boxes[index].then(|| attribute(name, &format!("cluster_{}", index + 1)))
        };
        let attributes = border("ltail", a).into_iter().chain(border("lhead", b)).collect();
        Stmt::Edge(Edge { ty: EdgeTy::Pair(end(a), end(b)), attributes })
    }

    fn someone_in(&self, mut index: usize) -> usize {
        while self.boxes[index] {
            index = self.inside[index][0];
        }
        index
    }
}

/// In a label, unlike in a name, `&` can begin a character reference.
fn label(job: &SceneNode) -> String {
    style::label(job.label()).replace('&', "&amp;")
}

fn node(job: &SceneNode, id: &Id) -> Node {
    let mut attributes = vec![
        attribute("label", &label(job)),
        attribute("fillcolor", style::fill(job.status)),
        attribute("fontcolor", style::label_color(job.status)),
    ];
    if let Some(tooltip) = job.tooltip() {
        attributes.push(attribute("tooltip", &tooltip.replace('\n', ", ").replace('&', "&amp;")));
    }
    let (name, value) = match style::border(job.status) {
        Border::Plain => return Node { id: NodeId(id.clone(), None), attributes },
        Border::Thick => ("penwidth", "2.5"),
        Border::Double => ("peripheries", "2"),
        Border::Dashed => ("style", "filled,dashed"),
        Border::Dotted => ("style", "filled,dotted"),
        Border::DashDotted => ("style", "filled,diagonals"), // Graphviz has no such line; small chords stand for it
    };
    attributes.push(attribute(name, value));
    Node { id: NodeId(id.clone(), None), attributes }
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
        let scene = Scene {
            nodes: names.iter().map(|&name| SceneNode::new(name)).collect(),
            edges: vec![],
            ..Scene::default()
        };
        let dot = write(&scene, Direction::Down);
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
        let dot = write(&Scene { nodes, edges: vec![(0, 1)], ..Scene::default() }, Direction::Down);
        let expected = r##"digraph jobs {
  node[style="filled" fontname="Times"]
  edge[color="#37474f"]
  "a & b"[label="a &amp; b" fillcolor="#f2f2f2" fontcolor="#000000"]
  "c"[label="c" fillcolor="#e00000" fontcolor="#ffffff" tooltip="failed" peripheries="2"]
  "a & b" -> "c"
}
"##;
        assert_eq!(dot, expected);
    }
}
