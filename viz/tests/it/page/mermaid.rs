//! Mermaid itself shows our names as they are, in all versions that are there.
//!
//! They come from npm, by `cargo xtask ci mermaid`, into a folder that builds ignore.

use std::path::PathBuf;

use dojobber_viz::layout::Direction;
use dojobber_viz::mermaid;
use dojobber_viz::scene::{Scene, SceneNode, Status};
use serde_json::{Value, json};

use super::open;

/// What Mermaid and its Markdown may take for something else.
const PIECES: [&str; 40] = [
    "1. one",
    "2) two",
    "- dash",
    "* star",
    "+ plus",
    "---",
    "***",
    "___",
    "[a](b)",
    "![i](j)",
    "https://a.bc/d?e=f&g",
    "www.example.org",
    "<b>x</b>",
    "<br>",
    "&amp;",
    "_em_",
    "*em*",
    "**b**",
    "~~s~~",
    "`code`",
    "# head",
    "> quote",
    "end",
    "%% no",
    "a:::b",
    "\"q\"",
    "$$x$$",
    "fa:fa-car",
    "#35;",
    "{x}",
    "[x]",
    "(x)",
    "|x|",
    "a  b",
    " x ",
    "x -->",
    "\\n",
    "@{x}",
    "a;b",
    "größer 日本 🚀",
];

/// A scene of names made of these, two at a time.
fn scene() -> Scene {
    let mut seed = 12_345_usize;
    let mut piece = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        PIECES[(seed >> 33) % PIECES.len()]
    };
    let alone = PIECES.iter().map(|piece| (*piece).to_owned()).collect::<Vec<_>>();
    let pairs = (0..160).map(|index| format!("{}{}{}", piece(), [" ", "", "-", "."][index % 4], piece()));
    let nodes = alone.into_iter().chain(pairs).enumerate().map(|(index, name)| SceneNode {
        status: (index % 3 == 0).then_some(Status::Changed),
        ..SceneNode::new(name)
    });
    let nodes: Vec<SceneNode> = nodes.collect();
    let edges = (1..nodes.len()).map(|node| (node / 3, node)).collect();
    Scene { nodes, edges, ..Scene::default() }
}

fn versions() -> Vec<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/mermaid");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut versions: Vec<PathBuf> =
        entries.map(|path| path.join("mermaid.min.js")).filter(|script| script.exists()).collect();
    versions.sort();
    versions
}

/// The words on each node, by its number.
const DRAW: &str = "(async text => {\
     window.mermaid.initialize({ startOnLoad: false, maxTextSize: 1e6, maxEdges: 1e4 });\
     const { svg } = await window.mermaid.render('graph', text);\
     document.body.innerHTML = svg;\
     const words = {};\
     for (const node of document.querySelectorAll('g.node'))\
         words[node.id.match(/-(n\\d+)-/)[1]] = node.querySelector('.nodeLabel, .label').textContent;\
     return words; })";

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn mermaid_itself_shows_names_as_they_are() {
    let versions = versions();
    if versions.is_empty() {
        println!("skipped: there is no Mermaid; `cargo xtask ci mermaid` has npm download it");
        return;
    }
    let scene = scene();
    let text = mermaid::write(&scene, Direction::Down);
    // Mermaid leaves out spaces at both ends, and makes no difference between kinds of them
    let words = |text: &str| text.replace('\u{a0}', " ").trim().to_owned();
    for version in versions {
        let Some(mut browser) = open("<!DOCTYPE html><body></body>") else { return };
        browser.load(&version);
        let shown: Value = browser.wait_for(&format!("{DRAW}({})", json!(text)));
        for (index, node) in scene.nodes.iter().enumerate() {
            let expected =
                if node.status.is_some() { format!("▲ {}", node.name) } else { node.name.clone() };
            let seen = shown[format!("n{}", index + 1)].as_str().unwrap_or_default();
            assert_eq!(words(seen), words(&expected), "{}", version.display());
        }
    }
}
