//! What a picture can be told to show, and the formats beside SVG.

use dojobber::{Graph, Plan, Report, Runner, ensure};
use dojobber_viz::layout::Direction;
use dojobber_viz::scene::{Scene, SceneNode, Status};
use dojobber_viz::style::{fill, sign};
use dojobber_viz::{Format, Picture};
use roxmltree::Document;

use crate::picture::{check_picture, groups, title};
use crate::samples::what_jobs_say;

/// Nested jobs, one of which fails.
pub(crate) fn report() -> Report {
    let part = |name: &'static str| {
        Graph::new()
            .job("fetch")
            .run_only(|_| ())
            .job("build")
            .after("fetch")
            .check_only(move |_| ensure(name != "web", "no <compiler> & \"linker\""))
            .job("test")
            .after(["build", "fetch"])
            .run_only(|_| ())
    };
    let plan = Graph::new()
        .job("disk")
        .check_only(|_| true)
        .job("web")
        .after("disk")
        .nest(part("web"))
        .job("api")
        .after("disk")
        .nest(part("api"))
        .job("release")
        .after(["web", "api"])
        .group()
        .compile()
        .unwrap();
    let runner =
        Runner::builder().threads(1).default_tries(2).default_retry_delay(std::time::Duration::ZERO).build();
    runner.run(&plan, ()).into_report()
}

fn titles(svg: &str, class: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    groups(&document, class).map(|group| title(group).to_owned()).collect()
}

fn edges(svg: &str) -> usize {
    titles(svg, "edge").len()
}

#[test]
fn left_to_right() {
    let picture = Picture::from_report(&report()).rankdir(Direction::Right);
    let down = picture.clone().rankdir(Direction::Down).to_svg();
    check_picture(&picture.to_svg());
    check_picture(&down);
    let x = |svg: &str, name: &str| crate::picture::centers(svg)[name];
    let (right, down) = (picture.to_svg(), down);
    assert!(x(&right, "release").0 < x(&right, "disk").0 && x(&down, "release").1 < x(&down, "disk").1);
    assert!(picture.to_mermaid().starts_with("flowchart LR\n"));
    #[cfg(feature = "dot")]
    assert!(picture.to_dot().contains("rankdir=\"LR\""));
}

#[test]
fn boxes_hold_what_is_nested() {
    for direction in [Direction::Down, Direction::Right] {
        let svg = Picture::from_report(&report()).boxes(true).rankdir(direction).to_svg();
        check_picture(&svg);
        assert_eq!(titles(&svg, "box"), ["web", "api"]);
        assert_eq!(titles(&svg, "node").len(), 8);
        assert!(
            titles(&svg, "edge")
                .iter()
                .all(|edge| !edge.contains("disk") || edge == "web->disk" || edge == "api->disk")
        );
        let (boxes, nodes) = (crate::picture::boxes(&svg), crate::picture::centers(&svg));
        for (name, (x, y)) in nodes {
            for (around, (left, top, right, bottom)) in &boxes {
                let is_inside = *left < x && x < *right && *top < y && y < *bottom;
                assert_eq!(is_inside, name.starts_with(&format!("{around}/")), "{name} and {around}");
            }
        }
    }
}

/// What was nested is known from the graph, and also from a report that was saved.
#[test]
fn a_slash_in_a_name_means_nothing() {
    let text = |plan: &Plan<'_>| {
        let report = plan.run(()).into_report();
        let saved = serde_json::to_string(&report).unwrap();
        let read: Report = serde_json::from_str(&saved).unwrap();
        let text = Picture::from_report(&read).boxes(true).to_text();
        assert_eq!(text, Picture::from_report(&report).boxes(true).to_text());
        text.lines().map(|line| line.split(" (").next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    let names = ["/etc/hosts", "https://example.org/a", "tcp/ip"];
    let plan = Graph::new().each(names, |graph, name| graph.job(name).run_only(|_| ())).compile().unwrap();
    assert_eq!(
        text(&plan),
        ["3 jobs: 3 changed", "/etc/hosts: changed", "https://example.org/a: changed", "tcp/ip: changed"]
    );

    let steps = Graph::new().job("install").run_only(|_| ()).job("start").after("install").run_only(|_| ());
    let plan = Graph::new().job("db").nest(steps).compile().unwrap();
    assert_eq!(
        text(&plan),
        [
            "2 jobs: 2 changed",
            "db: changed",
            "├─ db/install: changed",
            "└─ db/start: changed",
            "   └─ db/install: changed"
        ]
    );
    assert_eq!(
        text(&plan.select(["db/install"]).unwrap()),
        ["1 job: 1 changed", "db: changed", "└─ db/install: changed"]
    );
    let collapsed = Picture::of(&plan.select("db/install").unwrap()).all_collapsed(true).to_text();
    assert_eq!(collapsed, "1 job\ndb (1 job)\n");
}

/// A hundred jobs after a hundred others, by way of nests: 400 edges and not ten thousand.
#[test]
fn edges_between_large_nests_end_at_their_boxes() {
    let stage = || (0..100).fold(Graph::new(), |graph, i| graph.job(format!("{i}")).run_only(|_| ()));
    let names: Vec<String> = (0..100).map(|i| format!("first/{i}")).collect();
    let plan = Graph::new().job("first").nest(stage()).job("second").after(&names).nest(stage());
    let plan = plan.compile().unwrap();
    let svg = Picture::of(&plan).to_svg();
    check_picture(&svg);
    assert_eq!(titles(&svg, "box"), ["second"]);
    assert_eq!(titles(&svg, "edge").iter().filter(|edge| edge.starts_with("second->")).count(), 100);
}

#[test]
fn collapsed_jobs_are_one() {
    let picture = Picture::from_report(&report());
    let svg = picture.clone().all_collapsed(true).to_svg();
    check_picture(&svg);
    assert_eq!(
        (titles(&svg, "node"), titles(&svg, "nest")),
        (vec!["disk".into(), "release".into()], vec!["web".into(), "api".into()])
    );
    // in the colour of what failed inside, and not of the group that it has blocked
    let document = Document::parse(&svg).unwrap();
    let fills: Vec<_> = groups(&document, "nest")
        .map(|nest| crate::picture::child(nest, "rect").attribute("fill").unwrap())
        .collect();
    assert_eq!(fills, ["#e00000", "#006400"]);
    let tooltip = "failed\n3 jobs: 1 changed, 1 failed, 1 blocked\n";
    assert!(svg.contains(tooltip), "{svg}");
    assert!(svg.contains("2 satisfied") && svg.contains("1 failed"), "the legend counts jobs: {svg}");
    assert!(picture.clone().all_collapsed(true).to_text().starts_with("7 jobs: "));
    assert!(picture.clone().all_collapsed(true).to_mermaid().contains("✗ web #40;3 jobs#41;"));
    assert_eq!(titles(&picture.collapsed("api").to_svg(), "node").len(), 6);
}

#[test]
fn less_is_shown_when_asked() {
    let picture = Picture::from_report(&report());
    let all = picture.to_svg();
    assert!(edges(&picture.clone().reduced(true).to_svg()) < edges(&all));
    let failed = picture.clone().only_failed(true).to_svg();
    check_picture(&failed);
    assert_eq!(titles(&failed, "node"), ["web/build", "web/test", "web", "release"]);
    assert!(
        all.contains("class=\"legend\"")
            && !picture.clone().legend(false).to_svg().contains("class=\"legend\"")
    );
    assert!(picture.times(true).to_svg().contains("disk · "));
}

#[test]
fn tooltips_tell_what_happened() {
    let svg = Picture::from_report(&report()).to_svg();
    let document = Document::parse(&svg).unwrap();
    let node = groups(&document, "node").find(|node| title(*node) == "web/build").unwrap();
    let inner = node.children().find(|child| child.has_tag_name((svg_namespace(), "g"))).unwrap();
    let lines: Vec<&str> = title(inner).lines().collect();
    assert_eq!((lines[0], lines[1], lines[3]), ("failed", "2 tries", "no <compiler> & \"linker\""));
}

/// Whatever statuses there are: each is told in every format.
#[test]
fn every_status_is_shown_in_every_format() {
    for &status in Status::ALL {
        let node = SceneNode::new("job").with_status(status);
        let picture = Picture::from(Scene { nodes: vec![node], ..Default::default() });
        let (fill, sign) = (fill(Some(status)), sign(status));
        let class = status.to_string().replace(' ', "-");
        let expected = [
            (picture.to_svg(), format!("<ellipse fill=\"{fill}\"")),
            (picture.to_svg(), format!(">1 {status}</text>")),
            (picture.to_html(), format!("\n.{class} {{ background: {fill}; ")),
            (picture.to_html(), format!("\"status\":\"{status}\"")),
            (picture.to_mermaid(), format!("{sign} job")),
            (picture.to_mermaid(), format!(" fill:{fill},")),
            (picture.to_text(), format!("job: {status}")),
            #[cfg(feature = "dot")]
            (picture.to_dot(), format!("fillcolor=\"{fill}\"")),
        ];
        for (text, part) in expected {
            assert!(text.contains(&part), "{status}: no {part:?} in {text}");
        }
    }
}

/// What a job says of its run and what it logs; and that it stands behind another that would run.
#[test]
fn what_jobs_say_is_shown() {
    let report = what_jobs_say();
    let picture = Picture::from_report(&report);
    let tooltip = |at: usize| picture.scene().nodes[at].tooltip().unwrap();
    let lines: Vec<String> = tooltip(0).lines().map(str::to_owned).collect();
    assert_eq!(
        (&*lines[0], &*lines[3..6].join("|")),
        ("would run", "run: write 12 bytes|to /etc/motd|log: motd is <i>empty</i>")
    );
    assert!(tooltip(1).starts_with("satisfied, behind a job that would run\n"), "{}", tooltip(1));
    let text = picture.to_text();
    assert!(text.contains(") write 12 bytes\\nto /etc/motd\n"), "{text}");
}

fn svg_namespace() -> &'static str {
    "http://www.w3.org/2000/svg"
}

#[test]
fn text_tells_what_failed() {
    let text = Picture::from_report(&report()).to_text();
    assert!(text.starts_with("7 jobs: 2 satisfied, 3 changed, 1 failed, 1 blocked\n"), "{text}");
    assert!(text.contains("release: blocked by web/build\n"), "{text}");
    assert!(
        text.contains("web/build: failed (2 tries, ") && text.contains(") no <compiler> & \"linker\"\n"),
        "{text}"
    );
}

#[test]
fn a_loaded_report_gives_the_same_bytes() {
    let live = report();
    let loaded: Report = serde_json::from_str(&serde_json::to_string(&live).unwrap()).unwrap();
    let all = |report: &Report| {
        let picture = Picture::from_report(report).boxes(true).times(true);
        (picture.to_svg(), picture.to_html(), picture.to_mermaid(), picture.to_text())
    };
    assert_eq!(all(&live), all(&loaded));
}

#[cfg(feature = "dot")]
#[test]
fn clusters_are_read_back() {
    let text = Picture::from_report(&report()).boxes(true).to_dot();
    let graph = graphviz_rust::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert!(text.contains("subgraph cluster_") && text.contains("lhead=\"cluster_"), "{text}");
    assert!(matches!(graph, graphviz_rust::dot_structures::Graph::DiGraph { .. }));
}

#[cfg(feature = "png")]
#[test]
fn a_bitmap_has_a_size_and_a_limit() {
    let picture = Picture::from_report(&report());
    let png = picture.to_png().unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    let svg = picture.to_svg();
    let document = Document::parse(&svg).unwrap();
    let width: f64 = document.root_element().attribute("width").unwrap().parse().unwrap();
    assert_eq!((number(16), number(16 + 4) > 100), ((2.0 * width).ceil() as u32, true));
    let error = picture.most_pixels(1000).to_png().unwrap_err().to_string();
    assert!(
        error.contains(" pixels, and nobody could read it with the 1000 that are allowed: choose SVG"),
        "{error}"
    );
}

#[test]
fn errors_are_printed_for_people() {
    let picture = Picture::from_report(&report());
    let unknown = picture.write("a.jpeg").unwrap_err();
    assert_eq!(format!("{unknown:?}"), unknown.to_string());
    let strange = format!("{:?}", picture.write("none/\u{1b}[31m.svg").unwrap_err());
    assert!(strange.starts_with("cannot write none/\\u{1b}[31m.svg: "), "{strange}");
    // a `main` that returns an error prints nothing but its `Debug`
    let unwritten = picture.write("no/such/folder/a.svg").unwrap_err();
    assert_eq!(unwritten.to_string(), "cannot write no/such/folder/a.svg");
    let reason = std::error::Error::source(&unwritten).unwrap().to_string();
    assert_eq!(format!("{unwritten:?}"), format!("{unwritten}: {reason}"));
    #[cfg(feature = "dot")]
    {
        let refused = picture.by_graphviz("", std::time::Duration::ZERO).unwrap_err();
        assert_eq!(format!("{refused:?}"), refused.to_string());
    }
    #[cfg(feature = "png")]
    {
        let large = picture.most_pixels(0).to_png().unwrap_err();
        assert_eq!(format!("{large:?}"), large.to_string());
    }
}

#[cfg(feature = "png")]
#[test]
fn a_bitmap_that_would_be_too_large_is_smaller_and_says_so() {
    let picture = Picture::from_report(&report());
    let area = |png: &[u8]| {
        let number = |at: usize| u64::from(u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
        number(16) * number(20)
    };
    let whole = picture.draw(Format::Png).unwrap();
    assert_eq!(whole.notes, []);
    let most = area(&whole.bytes) / 4;
    let drawn = picture.clone().most_pixels(most).draw(Format::Png).unwrap();
    assert!((most * 9 / 10..=most).contains(&area(&drawn.bytes)), "{} of {most}", area(&drawn.bytes));
    let [note] = &drawn.notes[..] else { panic!("{:?}", drawn.notes) };
    let said = "the bitmap would be too large with 2 pixels for a point, and has 1.0";
    assert!(note.to_string().starts_with(said) || note.to_string().contains("has 0.9"), "{note}");
    // who wants it small gets it small
    assert_eq!(picture.scale(0.05).draw(Format::Png).unwrap().notes, []);
}

#[cfg(feature = "png")]
#[test]
fn letters_that_no_font_has_are_told_once() {
    // of a script that nobody has drawn yet, and joiners that nobody misses
    let names = ["a\u{10ffff}b", "c\u{10fffe}", "e\u{301}\u{200d}"];
    let nodes = names.map(dojobber_viz::scene::SceneNode::new).to_vec();
    let scene = dojobber_viz::scene::Scene { nodes, ..dojobber_viz::scene::Scene::default() };
    let notes = Picture::from(scene).draw(Format::Png).unwrap().notes;
    assert_eq!(notes, [dojobber_viz::Note::MissingLetters(vec!['\u{10fffe}', '\u{10ffff}'])]);
}

#[test]
fn a_page_of_very_many_jobs_is_summed_up() {
    use dojobber_viz::scene::{Scene, SceneNode, Status};
    let status = |job: usize| if job % 10_000 == 7 { Status::Failed } else { Status::Changed };
    let nodes: Vec<SceneNode> =
        (0..100_000).map(|job| SceneNode::new(format!("job {job}")).with_status(status(job))).collect();
    let edges = (1..100_000).map(|job| (job, job / 2)).collect();
    let drawn = Picture::from(Scene { nodes, edges, ..Scene::default() }).draw(Format::Html).unwrap();
    assert!(drawn.bytes.len() < 200_000, "{}", drawn.bytes.len());
    let said = drawn.notes.iter().map(ToString::to_string).collect::<String>();
    assert!(
        said.starts_with("A page of all 100000 jobs would be too large: the 10 that did not go well"),
        "{said}"
    );
    let page = String::from_utf8(drawn.bytes).unwrap();
    assert!(
        page.contains(&said)
            && page.contains("job 7\"")
            && page.contains("<title>100000 jobs, 10 failed</title>")
    );
}

/// A job that failed a hundred times with the same long error.
#[test]
fn errors_and_tries_of_a_page_are_bounded() {
    let error = format!("begins here {} ends here", "x".repeat(50_000));
    let plan =
        Graph::new().job("a").tries(300).check_only(move |_| ensure(false, error.clone())).compile().unwrap();
    let runner = Runner::builder().threads(1).default_retry_delay(std::time::Duration::ZERO).build();
    let page = Picture::from_report(&runner.run(&plan, ())).to_html();
    assert_eq!(page.matches("begins here x").count(), 1);
    assert_eq!(page.matches(" ends here").count(), 1);
    assert!(page.contains("of 50022 characters left out"), "its length is told");
    assert_eq!(page.matches("\"phase\":\"check\"").count(), 100);
}
