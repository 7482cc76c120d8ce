//! How long a page of very many jobs takes to answer, in milliseconds: `cargo test --release --package dojobber-viz
//! --all-features --test it -- page::speed --nocapture` prints it.
//!
//! Times depend on the machine, so nothing here is asserted of them; but each action must have its effect.

use dojobber::{Graph, Report, ensure};
use dojobber_viz::Picture;
use dojobber_viz::layout::Options;
use serde_json::{Value, json};

use super::browser::Browser;
use super::{open, place};
use crate::samples::run_once;

/// Jobs that depend on others before them, one of which fails.
pub(super) fn flat(jobs: usize) -> Report {
    let failing = jobs * 3 / 4;
    let graph = (0..jobs).fold(Graph::new(), |graph, job| {
        let after = [job.wrapping_sub(7), job.wrapping_sub(50 + job % 13)].into_iter().filter(|on| *on < job);
        let after: Vec<String> = after.map(|on| format!("job {on}")).collect();
        graph.job(format!("job {job}")).after(after).run_only(move |_| job != failing)
    });
    run_once(graph)
}

/// Hosts with a nest of four jobs each, one of which is dead.
fn fleet(hosts: usize) -> Report {
    let dead = hosts / 2;
    let inside = |host: usize| {
        let answers = move || ensure(host != dead, "no route to host");
        let start =
            Graph::new().job("packages").run_only(|_| ()).job("install").after("packages").run_only(|_| ());
        let start = start.job("configure").after("install").run_only(move |_| answers());
        start.job("start").after("configure").run_only(|_| ())
    };
    let names: Vec<String> = (0..hosts).map(|host| format!("host{host}")).collect();
    let network = Graph::new().job("network").check_only(|_| true).job("ready").after(&names).group();
    let graph = names.iter().enumerate();
    run_once(graph.fold(network, |graph, (host, name)| graph.job(name).after("network").nest(inside(host))))
}

/// What an action took: in scripts, and in all that the page's own thread did until the next frame was there.
#[derive(Debug, Clone, Copy, Default)]
struct Took {
    script: f64,
    all: f64,
}

fn took(browser: &mut Browser, action: impl FnOnce(&mut Browser)) -> Took {
    let before = clock(browser);
    action(browser);
    browser.wait_for(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))",
    );
    let after = clock(browser);
    Took { script: after.script - before.script, all: after.all - before.all }
}

fn clock(browser: &mut Browser) -> Took {
    let metrics = browser.metrics();
    let millis = |name: &str| {
        let metric = metrics.iter().find(|metric| metric["name"] == name).expect("the browser knows it");
        metric["value"].as_f64().expect("a number") * 1e3
    };
    Took { script: millis("ScriptDuration"), all: millis("TaskDuration") }
}

/// The one that took longest.
fn worst(all: impl IntoIterator<Item = Took>) -> Took {
    all.into_iter().max_by(|a, b| a.all.total_cmp(&b.all)).unwrap_or_default()
}

#[expect(clippy::print_stdout, reason = "it is a table")]
fn print(what: &str, Took { script, all }: Took) {
    println!("  {what:<12} script {script:>7.1} ms, with style, layout and paint {all:>7.1} ms");
}

#[expect(clippy::print_stdout, reason = "it is a table")]
fn look_at(what: &str, report: &Report) -> Option<Browser> {
    let mut options = Options::default();
    options.steps = if cfg!(debug_assertions) { 2_000_000 } else { options.steps };
    let html = Picture::from_report(report).with_layout(options).to_html();
    let mut browser = open(&html)?;
    let painted = browser.wait_for(
        "new Promise(done => new PerformanceObserver(list => done(list.getEntries()[0].startTime))\
         .observe({ type: 'paint', buffered: true }))",
    );
    let bytes = html.len() / 1024;
    println!("{what}: {bytes} KiB, first paint after {:.0} ms", painted.as_f64().unwrap_or_default());
    browser.measure();
    // what a page does while nobody does anything is over
    browser.wait_for("new Promise(done => requestIdleCallback(() => requestIdleCallback(() => done(true))))");
    Some(browser)
}

/// Some of the jobs or nests that are seen, from all over the picture.
fn some(browser: &mut Browser, count: usize) -> Vec<(f64, f64)> {
    let script = format!(
        "(() => {{ const seen = [...document.querySelectorAll('#graph .node > ellipse, #graph .nest:not(.open) > .closed > .fill')]\
         .map(face => face.getBoundingClientRect()).filter(box => box.width);\
         const step = Math.max(1, Math.floor(seen.length / {count}));\
         return seen.filter((_, index) => index % step === 0).map(box => [box.x + box.width / 2, box.y + box.height / 2]); }})()"
    );
    let places = browser.eval(&script);
    let pair = |place: &Value| (place[0].as_f64().unwrap_or_default(), place[1].as_f64().unwrap_or_default());
    places.as_array().into_iter().flatten().map(pair).collect()
}

fn hover_and_search(browser: &mut Browser, word: &str) {
    let places = some(browser, 12);
    let hovers = places.into_iter().map(|place| took(browser, |browser| browser.move_to(place)));
    let hovers: Vec<Took> = hovers.collect();
    print("first hover", hovers[0]);
    print("hover", worst(hovers.into_iter().skip(1)));
    assert!(browser.eval("document.querySelectorAll('#lights path').length").as_u64() > Some(0));
    browser.eval("document.getElementById('search').focus()");
    print("search", took(browser, |browser| browser.write(word)));
    assert!(!browser.text("#found").starts_with("0 of"), "{}", browser.text("#found"));
    print("next found", took(browser, |browser| browser.press("Enter")));
    print("no search", took(browser, |browser| browser.press("Escape")));
}

#[test]
fn many_jobs() {
    for jobs in if cfg!(debug_assertions) { vec![500] } else { vec![2_000, 10_000] } {
        let Some(mut browser) = look_at(&format!("{jobs} jobs"), &flat(jobs)) else { return };
        hover_and_search(&mut browser, "job 1");
        let last = format!("job {}", jobs - 1);
        browser.write(&last);
        browser.press("Enter");
        browser.press("Escape");
        let place = place(&mut browser, &last);
        browser.eval("document.querySelector('#details').replaceChildren()");
        print("click", took(&mut browser, |browser| browser.click(place)));
        assert_eq!(browser.text("#causes"), format!("job {}", jobs * 3 / 4));
        assert_eq!(browser.errors(), [""; 0]);
    }
}

#[test]
fn many_nests() {
    for hosts in if cfg!(debug_assertions) { vec![100] } else { vec![400, 2_000] } {
        let Some(mut browser) = look_at(&format!("{hosts} nests of 4 jobs"), &fleet(hosts)) else { return };
        hover_and_search(&mut browser, "start");
        browser.eval("document.getElementById('fit').click()");
        let nest = place(&mut browser, "host3");
        let open = "document.querySelectorAll('#graph .nest.open').length";
        let before = browser.eval(open).as_u64().unwrap_or_default();
        print("open", took(&mut browser, |browser| browser.click(nest)));
        assert_eq!(browser.eval(open), json!(before + 1));
        let corner = browser.eval(
            "(() => { const nest = [...document.querySelectorAll('#graph .nest')]\
             .find(nest => nest.querySelector('title').textContent.split('\\n')[0] === 'host3');\
             const box = nest.querySelector(':scope > .opened > .box > .corner').getBoundingClientRect();\
             return [box.x + box.width / 2, box.y + box.height / 2]; })()",
        );
        let corner = (corner[0].as_f64().unwrap_or_default(), corner[1].as_f64().unwrap_or_default());
        print("close", took(&mut browser, |browser| browser.click(corner)));
        assert_eq!(browser.eval(open), json!(before));
        for button in ["open-all", "close-all"] {
            let click = format!("document.getElementById('{button}').click()");
            print(button, took(&mut browser, |browser| drop(browser.eval(&click))));
        }
        assert_eq!(browser.errors(), [""; 0]);
    }
}
