//! Pages of what nobody has thought of: each opens without a complaint, shows all of its drawing, and can be used by keys alone.

use dojobber::{Graph, ensure};
use dojobber_viz::Picture;
use dojobber_viz::scene::{Scene, SceneNode, Status};

use super::browser::Browser;
use super::open;
use crate::samples::{ODD_NAMES, run_once, statuses};

/// A nest in a nest in a nest, so deep, around one job that fails.
fn deep(depth: usize) -> Graph<'static> {
    let inner = Graph::new().job("inside").check_only(|_| ensure(false, "too deep"));
    (0..depth).fold(inner, |inner, _| Graph::new().job("in").nest(inner))
}

fn odd_names() -> Scene {
    let nodes = statuses().into_iter().cycle().zip(ODD_NAMES);
    let node = |(status, name): (Option<Status>, &str)| SceneNode {
        status,
        error: Some(name.to_owned()),
        ..SceneNode::new(name)
    };
    let nodes: Vec<SceneNode> = nodes.map(node).collect();
    let edges = (1..nodes.len()).map(|node| (node - 1, node)).collect();
    Scene { nodes, edges, ..Scene::default() }
}

/// Goes through the page by keys, and returns how many jobs and nests were chosen on the way.
fn walk(browser: &mut Browser) -> usize {
    browser.eval("document.getElementById('graph').focus()");
    let keys = ["ArrowDown", "ArrowUp", "Enter", "ArrowRight", "Backspace", "ArrowLeft", "ArrowDown"];
    let mut chosen = 0;
    for key in keys {
        browser.press(key);
        chosen += usize::from(browser.eval("document.querySelectorAll('#details h2').length") == 1);
    }
    browser.press("Escape");
    assert_eq!(browser.eval("document.querySelectorAll('#graph .chosen').length"), 0);
    browser.press("/");
    assert_eq!(browser.eval("document.activeElement.id"), "search");
    browser.write("is:failed");
    browser.press("Enter");
    browser.press("Escape");
    chosen
}

const IS_WHOLE: &str = "(() => { const [whole, part] = [document.getElementById('graph'),\
     document.querySelector('#graph svg .graph')].map(element => element.getBoundingClientRect());\
     return part.width === 0 || (part.top >= whole.top - 1 && part.bottom <= whole.bottom + 1\
         && part.left >= whole.left - 1 && part.right <= whole.right + 1); })()";

#[test]
fn odd_graphs_have_pages() {
    let long = "a very long name ".repeat(200);
    let cases = [
        ("nothing", Picture::from(Scene::default()), 0),
        ("a plan of nothing", Picture::of(&Graph::new().compile().unwrap()), 0),
        ("one job", Picture::from_report(&run_once(Graph::new().job("alone").run_only(|_| ()))), 7),
        (
            "a nest of nothing",
            Picture::from_report(&run_once(Graph::new().job("empty").nest(Graph::new()))),
            7,
        ),
        ("deep nests", Picture::from_report(&run_once(deep(12))), 7),
        ("closed deep nests", Picture::from_report(&run_once(deep(12))).all_collapsed(true), 7),
        ("odd names", Picture::from(odd_names()), 7),
        ("a long name", Picture::from_report(&run_once(Graph::new().job(long).run_only(|_| ()))), 7),
    ];
    let Some(mut browser) = open("<!DOCTYPE html>") else { return };
    for (what, picture, chosen) in cases {
        browser.show(&picture.to_html());
        assert_eq!(browser.eval(IS_WHOLE), true, "{what}");
        assert_eq!(walk(&mut browser), chosen, "{what}");
        assert_eq!(browser.errors(), [""; 0], "{what}");
    }
}

/// An error of a megabyte is in the page once, without most of its middle; so are the tries of a job that had very many.
#[test]
fn a_page_is_no_longer_than_what_can_be_read() {
    let graph = Graph::new()
        .job("talks")
        .tries(250)
        .check_only(|_| ensure(false, format!("cannot start: {}: no route to host", "x".repeat(1_000_000))));
    let html = Picture::from_report(&run_once(graph)).to_html();
    assert!(html.len() < 200_000, "{} bytes", html.len());
    let Some(mut browser) = open(&html) else { return };
    browser.eval("document.querySelector('#failures button, #details button').click()");
    let error = browser.text("#error");
    assert!(
        error.starts_with("cannot start: x") && error.ends_with("x: no route to host"),
        "{}",
        error.len()
    );
    assert!(error.contains("of 1000032 characters left out"), "{}", error.len());
    let rows = browser.eval("document.querySelectorAll('#phases tr').length");
    assert!(rows.as_u64().is_some_and(|rows| (100..=102).contains(&rows)), "{rows} rows");
    let left_out = browser.text("#details");
    assert!(left_out.contains("150"), "how many tries are left out is told: {left_out}");
    assert_eq!(browser.errors(), [""; 0]);
}
