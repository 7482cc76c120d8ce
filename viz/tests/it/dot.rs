//! The DOT that is written is read by graphviz-rust, and by `dot` where it is installed.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;

use dojobber_viz::dot;
use dojobber_viz::layout::Direction;
use dojobber_viz::scene::{Scene, SceneNode};
use graphviz_rust::dot_structures::{Graph, Stmt};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::samples::{ODD_NAMES, movie};

/// Checks that graphviz-rust's parser finds all nodes and edges again.
#[track_caller]
fn check(scene: &Scene) {
    let text = dot::write(scene, Direction::Down);
    let graph = graphviz_rust::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let Graph::DiGraph { stmts, .. } = graph else { panic!("not directed:\n{text}") };
    let count = |is: fn(&Stmt) -> bool| stmts.iter().filter(|stmt| is(stmt)).count();
    assert_eq!(count(|stmt| matches!(stmt, Stmt::Node(_))), scene.nodes.len(), "{text}");
    assert_eq!(count(|stmt| matches!(stmt, Stmt::Edge(_))), scene.edges.len(), "{text}");
}

fn odd() -> Scene {
    let nodes = ODD_NAMES.iter().chain(&ODD_NAMES).map(|&name| SceneNode::new(name)).collect();
    Scene {
        nodes,
        edges: (1..2 * ODD_NAMES.len()).map(|node| (node / 2, node)).collect(),
        ..Scene::default()
    }
}

#[test]
fn the_movie() {
    check(&movie());
}

#[test]
fn odd_names() {
    check(&odd());
}

#[test]
fn an_empty_scene() {
    check(&Scene::default());
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn dot_itself_accepts_everything() {
    for scene in [movie(), odd(), Scene::default()] {
        let Some(svg) = run_dot("svg", &dot::write(&scene, Direction::Down)) else {
            assert!(std::env::var_os("CI").is_none(), "CI must have Graphviz");
            println!("skipped: there is no program `dot` (Graphviz) to ask");
            return;
        };
        assert_eq!(svg.matches("class=\"node\"").count(), scene.nodes.len());
        assert_eq!(svg.matches("class=\"edge\"").count(), scene.edges.len());
    }
}

/// As many random graphs as there are cases, in one input.
#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn dot_itself_accepts_any_graph() {
    let (mut runner, scenes) = (TestRunner::deterministic(), crate::random::scene(8, 12));
    let cases = ProptestConfig::default().cases as usize;
    let mut random = || scenes.new_tree(&mut runner).expect("nothing is filtered").current();
    let text: String = (0..cases).map(|_| dot::write(&random(), Direction::Down)).collect();
    match run_dot("canon", &text) {
        Some(canonical) => assert_eq!(canonical.matches("digraph jobs {").count(), cases),
        None => {
            assert!(std::env::var_os("CI").is_none(), "CI must have Graphviz");
            println!("skipped: there is no program `dot` (Graphviz) to ask");
        }
    }
}

/// What an installed `dot` writes in a format; its complaints fail the test.
fn run_dot(format: &str, text: &str) -> Option<String> {
    let mut command = Command::new("dot");
    command.arg(format!("-T{format}")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().ok()?;
    let (mut input, text) = (child.stdin.take().expect("it is piped"), text.to_owned());
    let asked = text.clone();
    // it writes while it reads
    let writer = thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("dot ends");
    writer.join().expect("the writer does not panic").expect("dot reads its input");
    assert!(output.status.success(), "{}\n{asked}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("SVG is UTF-8"))
}
