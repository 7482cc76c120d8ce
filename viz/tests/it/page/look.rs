//! What a person sees of pictures: `cargo test --release --package dojobber-viz --all-features --test it -- page::look
//! --nocapture` says where it has put screenshots of pages, by day and by night, wide and narrow, and the bitmaps beside them.
//!
//! Whether they look right is for eyes; here each of them must show something, and another thing by night than by day.

use std::path::{Path, PathBuf};

use dojobber::{Graph, Report, ensure};
use dojobber_viz::Picture;
use dojobber_viz::layout::Options;

use super::browser::Browser;
use super::{open, speed};
use crate::samples::run_once;
use crate::{fleets, samples};

/// Widths of windows, in points.
const WIDTHS: [u32; 2] = [1_400, 400];

/// A release for several systems, each a nest with a nest in it; one of them cannot be signed.
pub(super) fn release() -> Report {
    let tests = |system: &'static str| {
        let parts = ["unit", "documents", "upgrade", "network"];
        let tests = parts.iter().fold(Graph::new(), |graph, part| graph.job(*part).check_only(|_| true));
        tests.job("report").after(parts).run_only(move |_| system != "plan 9")
    };
    let system = |system: &'static str| {
        let build = Graph::new().job("fetch").run_only(|_| ()).job("build").after("fetch").run_only(|_| ());
        let build =
            build.job("tests").after("build").nest(tests(system)).job("pack").after("build").run_only(|_| ());
        build
            .job("sign")
            .after(["tests", "pack"])
            .run_only(move |_| ensure(system != "windows", "the key has expired"))
    };
    let systems = ["linux", "macos", "windows", "freebsd"];
    let graph =
        Graph::new().job("version").check_only(|_| true).job("notes").after("version").run_only(|_| ());
    let graph =
        systems.iter().fold(graph, |graph, name| graph.job(*name).after("version").nest(system(name)));
    let graph = graph
        .job("sums")
        .after(systems)
        .run_only(|_| ())
        .job("tag")
        .after(["sums", "version"])
        .run_only(|_| ());
    run_once(graph.job("publish").after(["tag", "notes", "sums"]).run_only(|_| ()))
}

/// Jobs that wait for one and that one waits for: all of one shape.
fn equal(jobs: usize) -> Report {
    let names: Vec<String> = (0..jobs).map(|job| format!("job {job}")).collect();
    let graph = Graph::new().job("first").run_only(|_| ()).job("last").after(&names).group();
    let dead = jobs / 3;
    run_once(
        names
            .iter()
            .enumerate()
            .fold(graph, |graph, (job, name)| graph.job(name).after("first").run_only(move |_| job != dead)),
    )
}

#[expect(clippy::print_stdout, reason = "it says where to look")]
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("look");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    println!("  pictures are in {}", folder.display());
    folder
}

/// Puts a bitmap and four screenshots of a picture into the folder.
#[track_caller]
fn look_at(name: &str, picture: &Picture, folder: &Path) {
    let mut options = Options::default();
    options.steps = if cfg!(debug_assertions) { 2_000_000 } else { options.steps };
    let picture = picture.clone().with_layout(options);
    let Some(mut browser) = open(&picture.to_html()) else { return };
    #[cfg(feature = "png")]
    if !cfg!(debug_assertions) {
        let png = picture.clone().scale(1.0).to_png().expect("the bitmap can be read");
        std::fs::write(folder.join(format!("{name}.png")), png).expect("the folder can be written to");
    }
    let mut shots = Vec::new();
    for width in WIDTHS {
        browser.resize(width);
        for is_dark in [false, true] {
            browser.prefers_dark(is_dark);
            let shot = shot(&mut browser);
            let time = if is_dark { "night" } else { "day" };
            std::fs::write(folder.join(format!("{name}-{width}-{time}.png")), &shot)
                .expect("the folder can be written to");
            shots.push(shot);
        }
    }
    for pair in shots.chunks(2) {
        assert!(pair[0].starts_with(b"\x89PNG") && pair[0] != pair[1], "{name} is another by night");
    }
    assert_eq!(browser.errors(), [""; 0]);
}

fn shot(browser: &mut Browser) -> Vec<u8> {
    browser.wait_for(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))",
    );
    browser.screenshot()
}

#[test]
fn pages_by_day_and_by_night() {
    let folder = folder();
    look_at("movie", &samples::evening(), &folder);
    look_at("release", &Picture::from_report(&release()), &folder);
    look_at("release-boxes", &Picture::from_report(&release()).boxes(true), &folder);
    if cfg!(debug_assertions) {
        return; // larger ones take a minute
    }
    look_at("fleet", &Picture::from_report(&fleets::fleet()), &folder);
    look_at("fleet-boxes", &Picture::from_report(&fleets::fleet()).boxes(true), &folder);
    look_at("fleet-closed", &Picture::from_report(&fleets::fleet()).all_collapsed(true), &folder);
    look_at("jobs-2000", &Picture::from_report(&speed::flat(2_000)), &folder);
    look_at("equal-2000", &Picture::from_report(&equal(2_000)), &folder);
}
