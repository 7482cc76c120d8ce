//! The pictures of the README and the docs: drawn anew by `cargo xtask render --docs`, and compared by the CI.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use dojobber::{Graph, Report, Runner};
use dojobber_viz::Picture;
use dojobber_viz::layout::Direction;
use serde_json::{Value, json};

use crate::movie::watch_movie;

/// Draws all pictures, and returns their paths in the workspace.
pub(crate) fn write(root: &Path) -> Result<Vec<String>> {
    let pictures = pictures()?;
    for (path, content) in &pictures {
        fs::write(root.join(path), content)?;
    }
    Ok(pictures.into_iter().map(|(path, _)| path).collect())
}

/// Fails if a picture is not what would be drawn today.
pub(crate) fn check(root: &Path) -> Result<()> {
    let is_stale = |(path, content): &(String, String)| {
        fs::read(root.join(path)).ok() != Some(content.clone().into_bytes())
    };
    let stale: Vec<String> = pictures()?.into_iter().filter(is_stale).map(|(path, _)| path).collect();
    ensure!(stale.is_empty(), "not up to date, draw with `cargo xtask render --docs`: {}", stale.join(", "));
    Ok(())
}

fn pictures() -> Result<Vec<(String, String)>> {
    let movie = Picture::from_report(&retimed(&watch_movie(1)?)?);
    let site = Picture::from_report(&retimed(&site()?)?).boxes(true).times(true);
    let pictures = [
        ("movie.svg", movie.to_svg()),
        ("movie-failed.svg", movie.clone().only_failed(true).rankdir(Direction::Right).to_svg()),
        ("movie.mmd", movie.to_mermaid()),
        ("movie.txt", movie.to_text()),
        ("site.svg", site.to_svg()),
        ("site-collapsed.svg", site.boxes(false).all_collapsed(true).rankdir(Direction::Right).to_svg()),
    ];
    Ok(pictures.map(|(name, content)| (format!("docs/{name}"), content)).to_vec())
}

/// A site is built and tested in three subgraphs, one of which does not build.
fn site() -> Result<Report> {
    let part = |name: &'static str| {
        Graph::new()
            .job("fetch")
            .run_only(|_| ())
            .job("build")
            .after("fetch")
            .run_only(move |_| name != "web")
            .job("lint")
            .after("fetch")
            .run_only(|_| ())
            .job("test")
            .after("build")
            .run_only(|_| ())
    };
    let graph = ["web", "api", "docs"]
        .into_iter()
        .fold(Graph::new().job("disk").check_only(|_| true), |graph, name| {
            graph.job(name).after("disk").nest(part(name))
        });
    let plan = graph.job("release").after(["web", "api", "docs"]).group().compile()?;
    let runner = Runner::builder().threads(1).default_tries(2).default_retry_delay(Duration::ZERO).build();
    Ok(runner.run(&plan, ()).into_report())
}

/// The same report with times that are the same wherever it is made: three workers, and phases that take longer the
/// more there is to say about them.
fn retimed(report: &Report) -> Result<Report> {
    let mut saved = serde_json::to_value(report)?;
    let mut order: Vec<usize> = (0..report.graph().len()).collect();
    let begin =
        |job: &usize| report.jobs().nth(*job).and_then(|job| job.phases().first().map(|phase| phase.start()));
    order.sort_by_key(|job| begin(job).unwrap_or(Duration::MAX));
    let (mut free, mut done, mut elapsed) = ([0_u64; 3], vec![0_u64; order.len()], 0);
    for job in order {
        let after = saved["jobs"][job]["after"].as_array().cloned().unwrap_or_default();
        let after = after.iter().filter_map(Value::as_u64).map(|on| done[on as usize]);
        let mut now = after.max().unwrap_or(0);
        let name = saved["jobs"][job]["name"].as_str().unwrap_or_default().to_owned();
        let (mut attempt, mut worker) = (0, 0);
        for phase in saved["jobs"][job]["phases"].as_array_mut().into_iter().flatten() {
            if phase["attempt"].as_u64() != Some(attempt) {
                now += if attempt > 0 { 400_000_000 } else { 0 };
                attempt = phase["attempt"].as_u64().unwrap_or(0);
                worker = (0..free.len()).min_by_key(|worker| free[*worker].max(now)).unwrap_or(0);
                now = now.max(free[worker]);
            }
            let length = length(&name, phase["phase"].as_str().unwrap_or_default());
            (phase["worker"], phase["start_ns"], phase["length_ns"]) =
                (json!(worker), json!(now), json!(length));
            now += length;
            free[worker] = now;
        }
        done[job] = now;
        elapsed = elapsed.max(now);
    }
    saved["elapsed_ns"] = json!(elapsed);
    Ok(serde_json::from_value(saved)?)
}

/// In nanoseconds, but whole milliseconds.
fn length(name: &str, phase: &str) -> u64 {
    let letters: u64 = name.bytes().map(u64::from).sum();
    let millis = if phase == "run" { 200 + letters * 7 % 900 } else { 20 + letters % 60 };
    millis * 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_up_to_date_until_it_is_changed() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("docs")).unwrap();
        assert!(check(root.path()).unwrap_err().to_string().contains("docs/movie.svg"));
        let written = write(root.path()).unwrap();
        assert!(written.contains(&"docs/movie.svg".to_owned()), "{written:?}");
        check(root.path()).unwrap();
        fs::write(root.path().join("docs/movie.svg"), "<svg/>").unwrap();
        let error = check(root.path()).unwrap_err().to_string();
        assert!(error.ends_with("`cargo xtask render --docs`: docs/movie.svg"), "{error}");
    }
}
