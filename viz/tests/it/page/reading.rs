//! The page for those who read it from paper, on a narrow screen, or with a screen reader.

use dojobber::Graph;
use dojobber_viz::Picture;
use serde_json::json;

use super::browser::Browser;
use super::look::release;
use super::{names, open};
use crate::features::report;
use crate::samples::run_once;

#[test]
fn all_that_can_be_used_has_a_role_and_a_name() {
    let Some(mut browser) = open(&Picture::from_report(&report()).to_html()) else { return };
    let nameless = "[...document.querySelectorAll('button, input, [tabindex], [role]')]\
         .filter(one => !(one.getAttribute('aria-label') || one.textContent.trim() || one.closest('label')?.textContent.trim()\
             || one.getAttribute('role') === 'status'))\
         .map(one => one.outerHTML)";
    assert_eq!(browser.eval(nameless), json!([]));
    let graph = "(() => { const graph = document.getElementById('graph');\
         return [graph.tabIndex, graph.getAttribute('role'), graph.getAttribute('aria-describedby')]; })()";
    assert_eq!(browser.eval(graph), json!([0, "application", "details"]));
    let live = "document.getElementById('details').getAttribute('aria-live')";
    assert_eq!(browser.eval(live), "polite", "what is chosen is told");
    assert_eq!(browser.eval("document.documentElement.lang"), "en");
    // what is drawn in colours is also said in words
    let marks = "[...document.querySelectorAll('#slowest tbody tr')].every(row => row.querySelector('[role=img]').ariaLabel)";
    assert_eq!(browser.eval(marks), true);
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn keys_leave_a_ring_where_they_are() {
    let Some(mut browser) = open(&Picture::from_report(&report()).to_html()) else { return };
    browser.eval("document.getElementById('graph').focus()");
    browser.press("ArrowDown");
    let ring = "(() => { const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);\
         return [document.activeElement.id, outlineStyle, outlineWidth]; })()";
    assert_eq!(browser.eval(ring), json!(["graph", "solid", "2px"]));
    assert_eq!(browser.eval("document.querySelectorAll('#graph .chosen').length"), 1);
}

#[test]
fn statuses_and_the_critical_path_are_lit_by_a_button() {
    let Some(mut browser) = open(&Picture::from_report(&report()).to_html()) else { return };
    let press = |text: &str| {
        format!(
            "[...document.querySelectorAll('header button')].find(one => one.textContent === {}).click()",
            json!(text)
        )
    };
    browser.eval(&press("1 failed"));
    assert_eq!(names(&mut browser, "on"), ["web/build", "web"], "what failed, and the nest around it");
    browser.eval(&press("1 failed"));
    assert_eq!(names(&mut browser, "on"), [""; 0]);
    browser.eval(&press("Critical path"));
    let path = names(&mut browser, "on");
    let listed =
        browser.eval("[...document.querySelectorAll('#path button')].map(button => button.textContent)");
    let mut listed = listed.as_array().cloned().unwrap_or_default();
    assert!(path.len() > 1, "{path:?}");
    listed.retain(|job| !path.contains(job));
    assert!(listed.is_empty(), "{listed:?} is on the path and not lit: {path:?}");
    assert_eq!(browser.errors(), [""; 0]);
}

/// A chain of hundreds is one long way: the first of its jobs are listed, and how many more there are.
#[test]
fn long_lists_are_cut_off() {
    let names: Vec<String> = (0..200).map(|job| format!("job {job}")).collect();
    let chain = names.iter().enumerate().fold(Graph::new(), |graph, (job, name)| {
        graph.job(name).after(job.checked_sub(1).map(|before| &names[before])).run_only(|_| ())
    });
    let Some(mut browser) = open(&Picture::from_report(&run_once(chain)).to_html()) else { return };
    let path = "(() => { const path = document.getElementById('path');\
         return [path.querySelectorAll('button').length, path.firstChild.textContent, path.lastChild.textContent]; })()";
    assert_eq!(browser.eval(path), json!([30, "job 0", "and 170 more"]));
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn paper_has_all_of_the_drawing_and_no_buttons() {
    let Some(mut browser) = open(&Picture::from_report(&report()).to_html()) else { return };
    browser.eval("document.getElementById('zoom-in').click(); document.getElementById('zoom-in').click()");
    browser.eval("window.dispatchEvent(new Event('beforeprint'))");
    browser.on_paper();
    let seen = "['.buttons', '.search', '#lights', '#all-times'].filter(part => document.querySelector(part).getClientRects().length)";
    assert_eq!(browser.eval(seen), json!([]));
    let drawing = "(() => { const box = document.querySelector('#world > svg').getBoundingClientRect();\
         return box.left >= 0 && box.right <= innerWidth + 1 && box.width > 200 && box.height > 100; })()";
    assert_eq!(browser.eval(drawing), true);
    let cut_off = "['#graph', '#details', '#timeline'].filter(part => getComputedStyle(document.querySelector(part)).overflow !== 'visible')";
    assert_eq!(browser.eval(cut_off), json!([]), "all of it is printed");
}

/// Labels lie on the same colours by night, wherever they stand; words beside the drawing do not.
#[test]
fn night_changes_the_words_on_the_background_alone() {
    let Some(mut browser) = open(&Picture::from_report(&report()).to_html()) else { return };
    let fills = |browser: &mut crate::page::Browser, texts: &str| {
        let fill = "getComputedStyle(text).fill";
        browser.eval(&format!("[...document.querySelectorAll('{texts}')].map(text => {fill})"))
    };
    let (labels, titles) = ("#graph .node text, #graph .closed text", "#graph .corner text");
    let day = (fills(&mut browser, labels), fills(&mut browser, titles));
    browser.prefers_dark(true);
    let night = (fills(&mut browser, labels), fills(&mut browser, titles));
    assert_eq!(day.0, night.0);
    assert!(day.0.as_array().is_some_and(|labels| labels.len() >= 10), "{day:?}");
    for (day, night) in day.1.as_array().into_iter().flatten().zip(night.1.as_array().into_iter().flatten()) {
        assert_ne!(day, night);
    }
}

#[test]
fn a_narrow_screen_needs_no_scrolling_sideways() {
    let Some(mut browser) = open(&Picture::from_report(&report()).to_html()) else { return };
    for width in [1_400, 700, 400, 320] {
        browser.resize(width);
        let wide = "document.documentElement.scrollWidth";
        assert!(
            browser.eval(wide).as_u64() <= Some(u64::from(width)),
            "{width}: {:?} points wide",
            browser.eval(wide)
        );
        let graph = "document.getElementById('graph').getBoundingClientRect()";
        let size = browser.eval(&format!("[{graph}.width, {graph}.height]"));
        assert!(size[0].as_f64() >= Some(300.0) && size[1].as_f64() >= Some(200.0), "{width}: {size}");
    }
    assert_eq!(browser.errors(), [""; 0]);
}

/// How large all is, and what of the drawing is so far from the corner of the pane.
fn view(browser: &mut Browser, (x, y): (f64, f64)) -> (f64, f64, f64) {
    let matrix = "(() => { const { a, e, f } = new DOMMatrix(document.getElementById('world').style.transform); return [a, e, f]; })()";
    let matrix = browser.eval(matrix);
    let [scale, right, down] = [0, 1, 2].map(|at| matrix[at].as_f64().unwrap());
    (scale, (x - right) / scale, (y - down) / scale)
}

/// Touches a narrow screen in the middle of the drawing, and checks that all becomes so large, and what is there stays.
#[track_caller]
fn check_touch(browser: &mut Browser, touch: impl Fn(&mut Browser, (f64, f64)), scale: impl Fn(f64) -> f64) {
    browser.resize(400);
    let pane = browser.eval(
        "(() => { const { left, top, width, height } = document.getElementById('graph').getBoundingClientRect();\
         return [left, top, width / 2, height / 2]; })()",
    );
    let [left, top, x, y] = [0, 1, 2, 3].map(|at| pane[at].as_f64().unwrap());
    let before = view(browser, (x, y));
    touch(browser, (left + x, top + y));
    let after = view(browser, (x, y));
    assert!((after.0 / scale(before.0) - 1.0).abs() < 0.01, "{before:?}, {after:?}");
    let moved = [after.1 - before.1, after.2 - before.2].map(|by| by.abs() * before.0);
    assert!(moved[0] < 1.0 && moved[1] < 1.0, "by less than a point: {before:?}, {after:?}");
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn two_fingers_zoom() {
    let Some(mut browser) = open(&Picture::from_report(&report()).to_html()) else { return };
    let fingers = |(x, y): (f64, f64), apart: f64| [(x - apart / 2.0, y), (x + apart / 2.0, y)];
    check_touch(
        &mut browser,
        |browser, middle| browser.pinch(fingers(middle, 60.0), fingers(middle, 180.0)),
        |before| 3.0 * before,
    );
    assert_eq!(browser.eval("document.querySelectorAll('#details h2').length"), 0, "it is no click");
}

/// What is too small to be read comes near; a nest opens and closes only where it can be read.
#[test]
fn a_finger_brings_near_what_is_small() {
    let Some(mut browser) = open(&Picture::from_report(&release()).to_html()) else { return };
    let open_nests = "document.querySelectorAll('#graph .nest.open').length";
    let before = browser.eval(open_nests);
    check_touch(&mut browser, Browser::tap, |before| {
        assert!(before < 0.5, "{before}");
        0.8
    });
    assert_eq!(browser.eval(open_nests), before);
}
