//! The page, as a real browser shows it.

use dojobber::{Graph, Runner, ensure};
use dojobber_viz::Picture;
use serde_json::{Value, json};

use browser::Browser;

use crate::samples::{run_once, what_jobs_say};

mod browser;
mod mermaid;
mod speed;
mod look;
mod reading;
mod odd;

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

/// The names of the jobs and nests that stand out in a way: `on`, `below`, `above`.
fn names(browser: &mut Browser, way: &str) -> Vec<Value> {
    let script = format!(
        "[...document.querySelectorAll('#lights [data-node].{way}')]\
         .sort((a, b) => a.dataset.node - b.dataset.node)\
         .map(copy => document.getElementById('node' + (Number(copy.dataset.node) + 1)))\
         .map(node => node.querySelector('title').textContent.split('\\n')[0])"
    );
    browser.eval(&script).as_array().cloned().unwrap_or_default()
}

/// The place of a job on the screen.
fn place(browser: &mut Browser, name: &str) -> (f64, f64) {
    let script = format!(
        "(() => {{ const node = [...document.querySelectorAll('#graph .node, #graph .nest')]\
         .find(node => node.querySelector('title').textContent.split('\\n')[0] === {});\
         const box = node.querySelector('ellipse, :scope > .closed').getBoundingClientRect();\
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
    assert_eq!(names(&mut browser, "above"), ["api/test", "release"]);
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

    let before = browser.eval("document.getElementById('world').style.transform");
    browser.wheel((300.0, 300.0), -300.0);
    assert_ne!(browser.eval("document.getElementById('world').style.transform"), before);
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn what_waits_holds_no_lane_of_a_worker() {
    const MS: fn(u64) -> std::time::Duration = std::time::Duration::from_millis;
    let waits = |graph: Graph<'static>, at: usize| {
        graph.job(format!("waits {at}")).run_only_async(async |cx| cx.sleep_async(MS(20)).await)
    };
    let blocks =
        |graph: Graph<'static>, at: usize| graph.job(format!("blocks {at}")).run_only(|cx| cx.sleep(MS(2)));
    let plan = (0..3).fold((0..3).fold(Graph::new(), waits), blocks).compile().unwrap();
    let run = Runner::builder().threads(1).build().run(&plan, ());
    let Some(mut browser) = open(&Picture::from_report(&run).to_html()) else { return };
    let rows = "(() => { const rows = {}; document.querySelectorAll('#timeline rect.run').forEach(rect => {\
         rows[rect.querySelector('title').textContent.split(':')[0]] = Number(rect.getAttribute('y')); }); return rows; })()";
    let rows = browser.eval(rows);
    let of = |name: &str| (0..3).map(|at| rows[format!("{name} {at}")].as_f64()).collect::<Vec<_>>();
    assert_eq!(of("blocks"), [of("blocks")[0]; 3], "all in the row of their worker: {rows}");
    assert!(of("waits").iter().all(|row| row.is_some() && *row > of("blocks")[0]), "below it: {rows}");
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn other_machines_have_rows_with_their_names() {
    let run = Graph::new().job("fit").run_only(|_| ()).compile().unwrap().run(());
    let mut saved = serde_json::to_value(run.report()).unwrap();
    saved["nodes"] = json!([{ "worker": 0, "name": "n1.site" }]);
    let report: dojobber::Report = serde_json::from_value(saved).unwrap();
    let Some(mut browser) = open(&Picture::from_report(&report).to_html()) else { return };
    let rows = "[...document.querySelectorAll('#timeline text.name[x=\"0\"]')].map(name => name.textContent)";
    assert_eq!(browser.eval(rows), json!(["critical", "n1.site"]));
    let fit = place(&mut browser, "fit");
    browser.click(fit);
    assert_eq!(browser.text("#phases tr:nth-child(2) td:nth-child(3)"), "0 on n1.site");
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
    // what is lit is drawn once more above the drawing, which stays as it is, but for the words on what is hovered
    assert_eq!(hover, ["g null", "path d", "title null"]);
    let group = "document.getElementById('lights').querySelector('g') === window.group";
    browser.eval("window.group = document.getElementById('lights').querySelector('g'); true");
    browser.move_to(build);
    assert_eq!(browser.eval(group), true, "the elements for it stay");

    browser.move_to((5.0, 500.0));
    // the class of the pane makes the cursor another
    let pan = touched(&mut browser, |browser| browser.drag((5.0, 500.0), (105.0, 450.0)));
    assert_eq!(pan, ["DIV style", "SECTION class"]);
    let zoom = touched(&mut browser, |browser| browser.wheel((300.0, 300.0), -300.0));
    assert_eq!(zoom, ["DIV style"]);
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
    assert_eq!(
        browser.text("#error"),
        "</title></svg><script>document.title='hacked'</script>\\u{2028}`${1}"
    );
    assert_eq!(browser.eval("document.title"), "1 job, 1 failed");
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
fn what_jobs_say_is_shown() {
    let Some(mut browser) = open(&Picture::from_report(&what_jobs_say()).to_html()) else { return };
    let motd = place(&mut browser, "motd");
    browser.click(motd);
    assert_eq!(
        (browser.text("#run"), browser.text("#log .text")),
        ("write 12 bytes\nto /etc/motd".into(), "motd is <i>empty</i>".into())
    );
    let title = "document.querySelector('#node1 > title').textContent";
    let title = browser.eval(title).as_str().unwrap().to_owned();
    assert!(title.contains("\nrun: write 12 bytes\nto /etc/motd\nlog: motd is <i>empty</i>\n"), "{title}");
    let greets = place(&mut browser, "greets");
    browser.click(greets);
    assert!(browser.text("#behind").contains("behind a job that would run"));
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
    let below = "document.querySelector('#lights .line.below').getAttribute('d').split('M').length - 1";
    let close = place(&mut browser, "job 1999");
    browser.move_to(close);
    let in_sight = browser.eval(below).as_u64().unwrap();
    assert!(in_sight > 0, "{in_sight}");
    let rings = "document.querySelectorAll('#beacons:not([hidden]) circle').length";
    assert_eq!(browser.eval(rings), 0);
    browser.eval("document.getElementById('fit').click()");
    assert_eq!(browser.eval(rings), 1, "what failed is seen where all is small");
    let far = place(&mut browser, "job 1999");
    browser.move_to((5.0, 500.0));
    browser.move_to(far);
    let all = browser.eval(below).as_u64().unwrap();
    assert!(all > 2 * in_sight && all > 1_000, "{all}, of which {in_sight} were in sight");
    assert_eq!(browser.errors(), [""; 0]);
}

/// A fleet of hosts, one of which is dead.
fn fleet(hosts: usize, dead: usize) -> dojobber::Report {
    let host = |host: usize| {
        Graph::new()
            .job("install")
            .run_only(|_| ())
            .job("start")
            .after("install")
            .run_only(move |_| ensure(host != dead, "no route to host"))
    };
    let names: Vec<String> = (0..hosts).map(|host| format!("host{host}")).collect();
    let mut graph = Graph::new().job("network").check_only(|_| true).job("ready").after(&names).group();
    for (index, name) in names.iter().enumerate() {
        graph = graph.job(name).after("network").nest(host(index));
    }
    run_once(graph)
}

/// Whether nothing that is seen overlaps: pairs of jobs and closed nests, and ends of edges that are not at their nodes.
const FAULTS: &str = "(() => {\
     const faults = [];\
     const seen = [...document.querySelectorAll('#graph .node, #graph .nest')].map(group => {\
         const face = group.matches('.node') ? group.querySelector('ellipse') : group.querySelector(\
             group.matches('.open') ? ':scope > .opened > .box > rect' : ':scope > .closed > .fill');\
         const { left, right, top, bottom } = face.getBoundingClientRect();\
         return { group, left, right, top, bottom };\
     }).filter(one => one.right > one.left);\
     for (const a of seen) for (const b of seen) {\
         if (a === b || a.group.contains(b.group) || b.group.contains(a.group)) continue;\
         if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5\
             && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5)\
             faults.push(a.group.textContent + ' and ' + b.group.textContent);\
     }\
     for (const nest of document.querySelectorAll('#graph .nest.open')) {\
         const frame = nest.querySelector(':scope > .opened > .box > rect').getBoundingClientRect();\
         const inside = nest.querySelector(':scope > .opened > .inside').getBoundingClientRect();\
         if (inside.left < frame.left || inside.right > frame.right || inside.top < frame.top || inside.bottom > frame.bottom)\
             faults.push(nest.textContent + ' sticks out');\
     }\
     return faults; })()";

#[test]
fn nests_open_and_close_by_a_click() {
    let html = Picture::from_report(&fleet(6, 2)).all_collapsed(true).to_html();
    let Some(mut browser) = open(&html) else { return };
    let shown = |browser: &mut Browser| {
        let count = "[...document.querySelectorAll('#graph .node')].filter(node => node.getBoundingClientRect().width).length";
        browser.eval(count)
    };
    assert_eq!(shown(&mut browser), 2);
    assert_eq!(browser.eval(FAULTS), json!([]));

    let dead = place(&mut browser, "host2");
    browser.click(dead);
    assert_eq!(shown(&mut browser), 4);
    assert_eq!(browser.text("#details h2"), "host2");
    assert!(
        browser.text("#nest").contains("a nest of 2 jobs: 1 changed, 1 failed (open)"),
        "{}",
        browser.text("#nest")
    );
    assert_eq!(browser.text("#failures"), "host2/start");
    assert_eq!(browser.eval(FAULTS), json!([]));

    for (button, jobs) in [("open-all", 14), ("close-all", 2), ("open-all", 14)] {
        browser.eval(&format!("document.getElementById('{button}').click()"));
        assert_eq!(shown(&mut browser), jobs);
        assert_eq!(browser.eval(FAULTS), json!([]));
    }
    // a click on the title closes it
    let title = browser.eval(
        "(() => { const box = document.querySelector('.nest.open > .opened > .box > .corner')\
         .getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()",
    );
    browser.click((title[0].as_f64().unwrap(), title[1].as_f64().unwrap()));
    assert_eq!(shown(&mut browser), 12);
    assert_eq!(browser.errors(), [""; 0]);
}

/// What is closed while it is out of sight is closed when it is seen again.
#[test]
fn nests_in_nests_open_and_close() {
    let inner = Graph::new().job("a").run_only(|_| ()).job("b").after("a").run_only(|_| ());
    let middle = Graph::new().job("inner").nest(inner).job("c").after("inner").run_only(|_| ());
    let outer = Graph::new().job("middle").nest(middle).job("d").after("middle").run_only(|_| ());
    let plan = Graph::new().job("outer").nest(outer).job("e").after("outer").run_only(|_| ());
    let run = Runner::builder().threads(1).build().run(&plan.compile().unwrap(), ());
    let Some(mut browser) = open(&Picture::from_report(&run).to_html()) else { return };
    let opened =
        "[...document.querySelectorAll('#graph .nest.open > title')].map(title => title.textContent)";
    let mut check = |action: &str, expected: &[&str]| {
        browser.eval(action);
        assert_eq!((browser.eval(opened), browser.eval(FAULTS)), (json!(expected), json!([])), "{action}");
    };
    let key = |key: &str| {
        format!(
            "document.getElementById('graph').dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}' }}))"
        )
    };
    let button = |id: &str| format!("document.getElementById('{id}').click()");
    check(&button("close-all"), &[]);
    check(&key("ArrowDown"), &[]);
    check(&key("Enter"), &["outer"]);
    check(&key("Enter"), &["outer", "outer/middle"]);
    check(&key("Enter"), &["outer", "outer/middle", "outer/middle/inner"]);
    check(&button("close-all"), &[]);
    check(&button("open-all"), &["outer", "outer/middle", "outer/middle/inner"]);
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn large_graphs_open_with_what_has_failed() {
    let Some(mut browser) = open(&Picture::from_report(&fleet(200, 150)).to_html()) else { return };
    let open = "[...document.querySelectorAll('#graph .nest.open > title')].map(title => title.textContent)";
    assert_eq!(browser.eval(open), json!(["host150"]));
    let closed = "document.querySelectorAll('#graph .nest:not(.open) > .opened > .inside').length";
    assert_eq!(browser.eval(closed), 199);
    browser.eval("document.getElementById('search').focus()");
    browser.write("is:failed start");
    assert_eq!(browser.text("#found"), "1 of 602");
    browser.eval("document.getElementById('search').value = ''; document.getElementById('search').select()");
    browser.write("host7/start");
    browser.press("Enter");
    assert_eq!(browser.text("#details h2"), "host7/start");
    assert_eq!(browser.eval(open), json!(["host7", "host150"]), "what is found is shown");
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn keys_go_from_job_to_job() {
    let Some(mut browser) = open(&Picture::from_report(&fleet(3, 1)).all_collapsed(true).to_html()) else {
        return;
    };
    browser.eval("document.getElementById('graph').focus()");
    let mut press = |key: &str, expected: &str| {
        browser.press(key);
        assert_eq!(browser.text("#details h2"), expected, "{key}");
    };
    press("ArrowDown", "network");
    press("ArrowUp", "host0");
    press("ArrowRight", "host1");
    press("Enter", "host1/install");
    press("ArrowUp", "host1/start");
    press("Backspace", "host1");
    press("ArrowUp", "ready");
    let focus = "document.querySelector('#graph .chosen').getBoundingClientRect().width > 0";
    assert_eq!(browser.eval(focus), true);
    assert_eq!(browser.errors(), [""; 0]);
}

#[test]
fn the_slowest_counts_waiting() {
    let plan = Graph::new()
        .job("answers")
        .tries(2)
        .retry_delay(std::time::Duration::from_millis(30))
        .check_only({
            let asked = std::sync::atomic::AtomicBool::new(false);
            move |_| asked.swap(true, std::sync::atomic::Ordering::Relaxed)
        })
        .job("quick")
        .run_only(|_| ())
        .compile()
        .unwrap();
    let run = Runner::builder().threads(1).build().run(&plan, ());
    let Some(mut browser) = open(&Picture::from_report(&run).to_html()) else { return };
    let first = "[...document.querySelector('#slowest tbody tr').cells].map(cell => cell.textContent)";
    let first = browser.eval(first);
    assert_eq!((&first[0], &first[2]), (&json!("answers"), &json!("2")));
    let millis = |cell: &Value| cell.as_str().and_then(|text| text.strip_suffix(" ms")?.parse::<u64>().ok());
    assert!(millis(&first[3]).is_some_and(|time| time >= 30), "{first}");
    assert!(millis(&first[4]).is_some_and(|time| time >= 29), "{first}");
    assert_eq!(browser.errors(), [""; 0]);
}
