//! The page, as a real browser shows it.

use dojobber::{Graph, Runner, ensure};
use dojobber_viz::Picture;
use serde_json::{Value, json};

use browser::Browser;

mod browser;

/// Opens a page in a browser; says so and gives none where there is no browser.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn open(html: &str) -> Option<Browser> {
    let browser = Browser::start();
    if browser.is_none() {
        assert!(std::env::var_os("CI").is_none(), "CI must have Chromium");
        println!("skipped: there is no program `chromium` to show the page");
    }
    let mut browser = browser?;
    browser.show(html);
    Some(browser)
}

/// The names of the drawn jobs that have a class.
fn names(browser: &mut Browser, class: &str) -> Vec<Value> {
    let script = format!(
        "[...document.querySelectorAll('#graph .node.{class}')].map(node => node.querySelector('title').textContent)"
    );
    browser.eval(&script).as_array().cloned().unwrap_or_default()
}

/// The place of a job on the screen.
fn place(browser: &mut Browser, name: &str) -> (f64, f64) {
    let script = format!(
        "(() => {{ const node = [...document.querySelectorAll('#graph .node')]\
         .find(node => node.querySelector('title').textContent === {});\
         const box = node.querySelector('ellipse').getBoundingClientRect();\
         return [box.x + box.width / 2, box.y + box.height / 2]; }})()",
        json!(name)
    );
    let place = browser.eval(&script);
    (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
}

#[test]
fn hover_click_and_search() {
    let html = Picture::from_report(&crate::features::report()).to_html();
    let Some(mut browser) = open(&html) else { return };

    let is_in_view = "(() => { const [whole, part] = [document.getElementById('graph'),\
         document.querySelector('#graph svg')].map(element => element.getBoundingClientRect());\
         return part.top >= whole.top && part.bottom <= whole.bottom && part.right <= whole.right; })()";
    assert_eq!(browser.eval(is_in_view), true, "all of the drawing is seen at first");

    let build = place(&mut browser, "api/build");
    browser.move_to(build);
    assert_eq!(names(&mut browser, "below"), ["disk", "api/fetch"]);
    assert_eq!(names(&mut browser, "above"), ["api/test", "api", "release"]);
    browser.move_to((5.0, 500.0));
    assert_eq!(names(&mut browser, "on"), [""; 0]);

    let release = place(&mut browser, "release");
    browser.click(release);
    assert_eq!(browser.text("#details h2"), "release");
    assert_eq!(browser.text("#causes"), "web/build", "a blocked job names what blocks it");
    browser.eval("document.querySelector('#causes button').click()");
    assert_eq!(browser.text("#details h2"), "web/build");
    assert_eq!(browser.text("#error"), "no <compiler> & \"linker\"");
    assert_eq!(browser.eval("document.querySelectorAll('#phases tr.bad').length"), 2);

    browser.eval("document.getElementById('search').focus()");
    browser.write("FETCH");
    assert_eq!(browser.text("#found"), "2 of 10");
    assert_eq!(names(&mut browser, "on"), ["web/fetch", "api/fetch"]);
    browser.press("Enter");
    assert_eq!((browser.text("#found"), browser.text("#details h2")), ("1 of 2".into(), "web/fetch".into()));

    let bars = |browser: &mut Browser, class: &str| {
        browser.eval(&format!("document.querySelectorAll('#timeline .{class}').length"))
    };
    assert_eq!((bars(&mut browser, "failed"), bars(&mut browser, "wait")), (json!(2), json!(1)));
    assert!(bars(&mut browser, "path").as_u64().unwrap() >= 3);
    assert!(browser.text("#critical").starts_with("critical path: "), "{}", browser.text("#critical"));
    assert_eq!(browser.eval("document.querySelectorAll('#slowest tbody tr').length"), 6);

    let before = browser.eval("document.querySelector('#graph svg').style.transform");
    browser.wheel((300.0, 300.0), -300.0);
    assert_ne!(browser.eval("document.querySelector('#graph svg').style.transform"), before);
    assert_eq!(browser.errors(), [""; 0]);
}

/// Which attributes of which elements of the drawing an action touches: jobs and edges by their titles, others by
/// their tags.
fn touched(browser: &mut Browser, action: impl FnOnce(&mut Browser)) -> Vec<Value> {
    browser.eval(
        "window.seen = []; window.watcher = new MutationObserver(records => window.seen.push(...records));\
         window.watcher.observe(document.getElementById('graph'),\
             { subtree: true, childList: true, attributes: true }); true",
    );
    action(browser);
    let touched = browser.eval(
        "window.seen.push(...window.watcher.takeRecords()); window.watcher.disconnect();\
         window.nameOf = element => element.matches('.node, .edge') ? element.querySelector('title').textContent\
             : element.tagName;\
         [...new Set(window.seen.map(record => window.nameOf(record.target) + ' ' + record.attributeName))].sort()",
    );
    touched.as_array().cloned().unwrap_or_default()
}

#[test]
fn only_what_changes_is_touched() {
    let html = Picture::from_report(&crate::features::report()).to_html();
    let Some(mut browser) = open(&html) else { return };

    let (build, test) = (place(&mut browser, "api/build"), place(&mut browser, "api/test"));
    browser.move_to(build);
    let hover = touched(&mut browser, |browser| browser.move_to(test));
    let expected = ["api/build", "api/test", "api/test->api/build", "api/test->api/fetch"];
    assert_eq!(hover, expected.map(|element| format!("{element} class")));

    browser.move_to((5.0, 500.0));
    // the class of the pane makes the cursor another
    let pan = touched(&mut browser, |browser| browser.drag((5.0, 500.0), (105.0, 450.0)));
    assert_eq!(pan, ["SECTION class", "svg style"]);
    let zoom = touched(&mut browser, |browser| browser.wheel((300.0, 300.0), -300.0));
    assert_eq!(zoom, ["svg style"]);
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn hostile_text_stays_text() {
    let name = "</script><img src=x onerror=\"document.title='hacked'\"><!--";
    let plan = Graph::new()
        .job(name)
        .check_only(|_| ensure(false, "</title></svg><script>document.title='hacked'</script>\u{2028}`${1}"))
        .job("'\"><svg onload=alert(1)>")
        .after(name)
        .group()
        .compile()
        .unwrap();
    let run = Runner::builder().default_tries(1).build().run(&plan, ());
    let Some(mut browser) = open(&Picture::from_report(&run).to_html()) else { return };
    browser.eval("document.querySelector('#details button').click()");
    assert_eq!(browser.text("#details h2"), name);
    assert_eq!(browser.text("#error"), "</title></svg><script>document.title='hacked'</script>\u{2028}`${1}");
    assert_eq!(browser.eval("document.title"), "2 jobs, 1 failed");
    assert_eq!(browser.eval("document.querySelectorAll('img, script').length"), 2);
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn a_plan_has_no_times() {
    let plan = Graph::new().job("a").group().job("b").after("a").group().compile().unwrap();
    let Some(mut browser) = open(&Picture::of(&plan).to_html()) else { return };
    assert_eq!(browser.eval("document.getElementById('times').hidden"), true);
    let b = place(&mut browser, "b");
    browser.click(b);
    assert_eq!((browser.text("#details h2"), browser.text("#depends")), ("b".into(), "a".into()));
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn two_thousand_jobs() {
    let mut graph = Graph::new();
    for job in 0..2000_usize {
        let after = [job.wrapping_sub(7), job.wrapping_sub(50 + job % 13)];
        let after: Vec<String> =
            after.into_iter().filter(|on| *on < job).map(|on| format!("job {on}")).collect();
        graph = graph.job(format!("job {job}")).after(after).run_only(move |_| job != 1500);
    }
    let plan = graph.compile().unwrap();
    let run = Runner::builder().threads(2).default_tries(1).build().run(&plan, ());
    let mut options = dojobber_viz::layout::Options::default();
    options.steps = 20_000_000; // this is a debug build
    let Some(mut browser) = open(&Picture::from_report(&run).with_layout(options).to_html()) else { return };
    assert_eq!(browser.eval("document.querySelectorAll('#graph .node').length"), 2000);
    browser.eval("document.getElementById('search').focus()");
    browser.write("job 1999");
    browser.press("Enter");
    assert_eq!(
        (browser.text("#details h2"), browser.text("#causes")),
        ("job 1999".into(), "job 1500".into())
    );
    let place = place(&mut browser, "job 1999");
    browser.move_to(place);
    assert!(names(&mut browser, "below").len() > 100);
    assert_eq!(browser.errors(), [""; 0]);
}
