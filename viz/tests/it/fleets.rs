//! Many hosts, each a nest of jobs: the picture has the shape of a page, and those that are dead are seen.

use dojobber::{Graph, Report, Status, ensure};
use dojobber_viz::Picture;
use dojobber_viz::layout::Options;
use dojobber_viz::style::fill;
use roxmltree::Document;

use crate::picture::{check_picture, child, groups, title};
use crate::samples::run_once;

const DEAD: [usize; 3] = [17, 141, 260];

/// 300 hosts with four jobs each, of which three do not answer.
pub(crate) fn fleet() -> Report {
    let inside = |host: usize| {
        let answers = move || ensure(!DEAD.contains(&host), "no route to host");
        let start =
            Graph::new().job("packages").run_only(|_| ()).job("install").after("packages").run_only(|_| ());
        let start = start.job("configure").after("install").run_only(move |_| answers());
        start.job("start").after("configure").run_only(|_| ())
    };
    let names: Vec<String> = (0..300).map(|host| format!("host {host}")).collect();
    let network = Graph::new().job("network").check_only(|_| true).job("ready").after(&names).group();
    let hosts = names.iter().enumerate();
    run_once(hosts.fold(network, |graph, (host, name)| graph.job(name).after("network").nest(inside(host))))
}

/// Draws it, and returns what is red.
#[track_caller]
fn check(picture: &Picture, class: &str) -> Vec<String> {
    let svg = picture.to_svg();
    check_picture(&svg);
    let document = Document::parse(&svg).unwrap();
    let number = |name: &str| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap();
    let ratio = number("width") / number("height");
    assert!((1.0 / 3.0..3.0).contains(&ratio), "{ratio:.2} times wider than high");
    let shape = if class == "nest" { "rect" } else { "ellipse" };
    let red = fill(Some(Status::Failed));
    let is_red = |group: &roxmltree::Node| child(*group, shape).attribute("fill") == Some(red);
    groups(&document, class).filter(is_red).map(|group| title(group).to_owned()).collect()
}

#[test]
fn three_dead_hosts_of_300_are_seen_in_every_picture() {
    let mut options = Options::default();
    options.steps = 5_000_000; // this is a debug build
    let picture = Picture::from_report(&fleet()).with_layout(options);
    let jobs = DEAD.map(|host| format!("host {host}/configure"));
    assert_eq!(check(&picture, "node"), jobs);
    assert_eq!(check(&picture.clone().boxes(true), "node"), jobs);
    assert_eq!(check(&picture.all_collapsed(true), "nest"), DEAD.map(|host| format!("host {host}")));
}
