//! Runs an example, which `cargo test` has built beside these tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a program has said, without times: a length of time is `T`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// An example, in an environment in which nothing says how it should look.
#[track_caller]
pub(crate) fn program(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let built: PathBuf = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    let program = built.with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "`cargo build --examples` makes {}", program.display());
    let mut command = Command::new(program);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "GITHUB_ACTIONS", "GITLAB_CI"] {
        command.env_remove(variable);
    }
    command.env("RUST_BACKTRACE", "0").env("TERM", "xterm");
    command
}

/// Runs it with arguments that are separated by spaces, in a folder, on one thread.
#[track_caller]
pub(crate) fn run(name: &str, folder: &Path, arguments: &str) -> Said {
    let mut program = program(name);
    program.args(arguments.split_whitespace()).current_dir(folder);
    if !arguments.contains("--threads") {
        program.args(["--threads", "1"]);
    }
    said(&program.output().unwrap())
}

pub(crate) fn said(output: &Output) -> Said {
    let text = |bytes: &[u8]| timeless(str::from_utf8(bytes).unwrap());
    Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// A word that is a length of time becomes `T`, with what stands around it. Lines begin with their first word.
fn timeless(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| without_times(line).trim_start().to_owned()).collect();
    lines.join("\n")
}

pub(crate) fn without_times(line: &str) -> String {
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn word(word: &str) -> String {
    let is_edge = |character: char| matches!(character, '(' | ')' | ':' | ',');
    let bare = word.trim_matches(is_edge);
    if is_time(bare) { word.replace(bare, "T") } else { word.to_owned() }
}

fn is_time(word: &str) -> bool {
    let number = word.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = &word[number.len()..];
    ["us", "ms", "s"].contains(&unit) && number.parse::<f64>().is_ok()
}

#[test]
fn times_are_left_out() {
    assert_eq!(timeless("   0.4s  done (5.2ms), in 12s: 3 jobs"), "T  done (T), in T: 3 jobs");
    assert_eq!(timeless("a 1.2.3s b 30"), "a 1.2.3s b 30");
}
