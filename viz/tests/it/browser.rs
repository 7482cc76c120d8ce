//! The page in a real browser: it loads without an error, finds, lights up and tells.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dojobber::{Graph, Report, Runner, ensure};
use dojobber_viz::Picture;

/// Hears of everything that goes wrong, from the first moment on.
const LISTEN: &str = "<script>const wrong = []; \
    addEventListener('error', (event) => wrong.push(event.message)); \
    console.error = (...all) => wrong.push(all.join(' '));</script>";

/// Does what a person would, and writes down what it sees.
const USE: &str = concat!("<script>", include_str!("browser.js"), "</script>");

const EVIL: &str = "</script><script>document.title='injected'</script>";

fn house() -> Report {
    let plan = Graph::new()
        .job("move in")
        .after(["paint", EVIL])
        .group()
        .job("paint")
        .after("walls")
        .tries(2)
        .check(|_| ensure(false, "no <b>paint</b> left"))
        .run(|_| ())
        .job("walls")
        .check(|_| true)
        .run(|_| ())
        .job(EVIL)
        .run_only(|_| ())
        .compile()
        .unwrap();
    Runner::builder().default_retry_delay(Duration::ZERO).build().run(&plan, ()).into_report()
}

/// The page as the browser has it when its scripts have run. `None`: there is no browser here.
fn open(page: &Path, profile: &Path) -> Option<String> {
    let browser = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    })?;
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", profile.display()))
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("file://{}", page.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that cannot be made says so")]
fn a_page_is_searched_hovered_and_clicked() {
    let directory = tempfile::tempdir().unwrap();
    let page = directory.path().join("house.html");
    let html = Picture::from_report(&house()).to_html();
    assert!(
        !html.contains("http://") || html.matches("http://").all(|_| html.contains("http://www.w3.org/"))
    );
    let html = html.replacen("<head>", &format!("<head>{LISTEN}"), 1).replacen(
        "</body>",
        &format!("{USE}</body>"),
        1,
    );
    assert!(html.contains(LISTEN) && html.contains(USE), "the page has a head and a body");
    fs::write(&page, html).unwrap();

    let Some(dom) = open(&page, &directory.path().join("profile")) else {
        assert!(std::env::var_os("CI").is_none(), "Chromium is missing, and CI needs it");
        println!("skipped: Chromium is not installed");
        return;
    };
    let seen = dom.split_once("<pre id=\"seen\">").expect("the script has run").1;
    let seen: Vec<&str> = seen.split_once("</pre>").unwrap().0.lines().collect();
    let expected = [
        "found: paint 1 of 4",
        "hovered: move in,paint,walls",
        "error: no &lt;b&gt;paint&lt;/b&gt; left",
        "phases: 6",
        "causes: paint",
        "bars: true",
        "slowest: 3",
        "injected: false",
        "wrong: ",
    ];
    assert_eq!(seen, expected);
}
