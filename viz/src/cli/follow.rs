//! A run that goes on, drawn from its journal again and again.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use dojobber_core::{Journal, Report};

use super::error::RenderError;
use super::read::read_report;
use super::streams::is_standard_output;
use crate::text;

/// How long to wait before the journal is looked at again.
const PAUSE: Duration = Duration::from_millis(200);
/// A page is loaded again after so many seconds.
const RELOAD: &str = "<meta http-equiv=\"refresh\" content=\"1\">\n";
/// What a browser has to be told first stands in front of that.
const CHARSET: &[u8] = b"<meta charset=\"utf-8\">\n";
/// Clears a terminal.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// Reads the journal of a run and draws it, again and again, until the run has ended, or its process. `draw` is told whether
/// it goes on.
pub(super) fn while_it_goes_on<T>(
    journal: &Path,
    draw: impl Fn(&Report, bool) -> Result<T, RenderError>,
) -> Result<T, RenderError> {
    let mut drawn = None;
    loop {
        // asked first: what is written afterwards is read at the next look. Without locks of files it is never known
        let is_in_use = cfg!(not(unix)) || Journal::is_in_use(journal);
        let state = state(journal);
        let is_new = drawn != Some(state);
        let goes_on = is_in_use || state.is_none();
        if is_new || !goes_on {
            match read_report(journal) {
                Ok(report) => {
                    let goes_on = goes_on && !report.is_complete();
                    let written = draw(&report, goes_on)?;
                    if !goes_on {
                        return Ok(written);
                    }
                }
                // its run has not begun
                Err(_) if goes_on => {}
                Err(error) => return Err(error),
            }
            drawn = Some(state);
        }
        thread::sleep(PAUSE);
    }
}

/// What changes when something is written; `None` if there is no such file.
fn state(path: &Path) -> Option<(u64, Option<SystemTime>)> {
    let there = fs::metadata(path).ok()?;
    Some((there.len(), there.modified().ok()))
}

/// What is written of a picture: a page reloads itself, a text says what goes on.
pub(super) fn changed(file: &Path, bytes: Vec<u8>, report: &Report, goes_on: bool) -> Vec<u8> {
    let is_page = bytes.starts_with(b"<!DOCTYPE html>");
    match () {
        () if is_page && goes_on => reloading(bytes),
        () if is_standard_output(file) && !is_page => {
            let clear = if io::stdout().is_terminal() { CLEAR } else { "" };
            [format!("{clear}{}\n", what_goes_on(report)).into_bytes(), bytes].concat()
        }
        () => bytes,
    }
}

fn reloading(page: Vec<u8>) -> Vec<u8> {
    let found = page.windows(CHARSET.len()).position(|part| part == CHARSET);
    let Some(at) = found.map(|at| at + CHARSET.len()) else { return page };
    [&page[..at], RELOAD.as_bytes(), &page[at..]].concat()
}

/// `after 12s: tests (run), upload (check, try 2)`
fn what_goes_on(report: &Report) -> String {
    let job = |job: dojobber_core::JobReport<'_>| {
        let phase = job.phases().pop().filter(|_| job.is_under_way())?;
        let attempt = if phase.attempt() > 1 { format!(", try {}", phase.attempt()) } else { String::new() };
        Some(format!("{} ({}{attempt})", job.name(), phase.phase()))
    };
    let jobs: Vec<String> = report.jobs().filter_map(job).collect();
    let shown = jobs.iter().take(10).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if jobs.len() > 10 { format!(" .. and {} more", jobs.len() - 10) } else { String::new() };
    let what = match (report.is_complete(), jobs.is_empty()) {
        (true, _) => "the run has ended".to_owned(),
        (false, true) => "nothing goes on".to_owned(),
        (false, false) => format!("{shown}{more}"),
    };
    format!("after {}: {what}", text::duration(report.elapsed()))
}
