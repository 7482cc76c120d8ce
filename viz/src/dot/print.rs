//! Prints the parts of DOT that our graphs consist of: attributes, nodes, clusters, and edges between two nodes.

use dot_structures::{Attribute, Edge, EdgeTy, Graph, GraphAttributes, Id, NodeId, Stmt, Subgraph, Vertex};

pub(super) fn print(graph: &Graph) -> String {
    let (Graph::Graph { id, stmts, .. } | Graph::DiGraph { id, stmts, .. }) = graph;
    let mut dot = format!("digraph {} {{\n", text(id));
    statements(stmts, "  ", &mut dot);
    dot.push_str("}\n");
    dot
}

/// Clusters are nested to a small depth only.
fn statements(stmts: &[Stmt], indent: &str, dot: &mut String) {
    for stmt in stmts {
        dot.push_str(indent);
        if let Stmt::Subgraph(Subgraph { id, stmts }) = stmt {
            dot.push_str(&format!("subgraph {} {{\n", text(id)));
            statements(stmts, &format!("{indent}  "), dot);
            dot.push_str(&format!("{indent}}}\n"));
        } else {
            dot.push_str(&statement(stmt));
            dot.push('\n');
        }
    }
}

fn statement(stmt: &Stmt) -> String {
    match stmt {
        Stmt::GAttribute(GraphAttributes::Graph(list)) => format!("graph{}", attributes(list)),
        Stmt::GAttribute(GraphAttributes::Node(list)) => format!("node{}", attributes(list)),
        Stmt::GAttribute(GraphAttributes::Edge(list)) => format!("edge{}", attributes(list)),
        Stmt::Attribute(Attribute(name, value)) => format!("{}={}", text(name), text(value)),
        Stmt::Node(node) => format!("{}{}", text(&node.id.0), attributes(&node.attributes)),
        Stmt::Edge(Edge { ty: EdgeTy::Pair(Vertex::N(a), Vertex::N(b)), attributes: list }) => {
            let NodeId(a, _) = a;
            let NodeId(b, _) = b;
            format!("{} -> {}{}", text(a), text(b), attributes(list))
        }
        Stmt::Edge(_) | Stmt::Subgraph(_) => {
            unreachable!("our edges join two nodes, and clusters are printed above")
        }
    }
}

fn attributes(list: &[Attribute]) -> String {
    if list.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> =
        list.iter().map(|Attribute(name, value)| format!("{}={}", text(name), text(value))).collect();
    format!("[{}]", pairs.join(" "))
}

fn text(id: &Id) -> &str {
    match id {
        Id::Html(text) | Id::Escaped(text) | Id::Plain(text) => text,
        Id::Anonymous(_) => "",
    }
}
