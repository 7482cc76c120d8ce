//! Each flag has a test that uses it.

use std::fs;
use std::path::Path;

use clap::{Args as _, Command};
#[cfg(feature = "cluster")]
use dojobber_cli::ClusterArgs as RunArgs;
#[cfg(not(feature = "cluster"))]
use dojobber_cli::RunArgs;

/// A flag, and the test that uses it: a file of this folder, and a function there.
const TESTS: &[(&str, &str, &str)] = &[
    ("--dry-run", "answers", "dry_run"),
    ("-n", "answers", "dry_run"),
    ("--plan", "answers", "plan"),
    ("--detailed-exitcode", "answers", "detailed_exitcode"),
    ("--only", "subgraph", "only"),
    ("--exclude", "subgraph", "exclude"),
    ("--list", "answers", "list"),
    ("--why", "answers", "why"),
    ("--threads", "runs", "threads"),
    ("--timeout", "runs", "the_run_ends_when_its_time_is_over"),
    ("--timings", "runs", "timings"),
    ("--fail-fast", "runs", "the_run_ends_at_the_first_failure"),
    ("--max-failures", "runs", "the_run_ends_at_the_first_failure"),
    ("--verbose", "runs", "verbose_says_each_phase"),
    ("-v", "runs", "verbose_says_each_phase"),
    ("--debug", "runs", "debug_says_all_that_is_known"),
    ("-d", "runs", "debug_says_all_that_is_known"),
    ("--quiet", "runs", "quiet_says_what_is_wrong_alone"),
    ("-q", "runs", "quiet_says_what_is_wrong_alone"),
    ("--progress", "runs", "progress_may_be_shown_anywhere"),
    ("--color", "runs", "colours"),
    ("--graph", "files", "graph"),
    ("--report", "files", "report"),
    ("--journal", "files", "journal"),
    ("--recover", "files", "recover"),
    ("--junit", "files", "junit"),
    ("--trace", "files", "trace"),
    ("--chrome-trace", "files", "trace"),
    #[cfg(feature = "cluster")]
    ("--engine", "cluster", "engine"),
    #[cfg(feature = "cluster")]
    ("--spool", "cluster", "spool"),
    #[cfg(feature = "cluster")]
    ("--on-node", "cluster", "on_node"),
];

/// All flags of all options, aliases included.
fn flags() -> Vec<String> {
    let command = RunArgs::augment_args(Command::new("program"));
    let mut flags = Vec::new();
    for option in command.get_arguments() {
        flags.extend(
            option.get_long_and_visible_aliases().into_iter().flatten().map(|long| format!("--{long}")),
        );
        flags.extend(
            option.get_short_and_visible_aliases().into_iter().flatten().map(|short| format!("-{short}")),
        );
    }
    flags
}

#[test]
fn each_flag_has_a_test_that_uses_it() {
    for flag in flags() {
        let Some((_, file, test)) = TESTS.iter().find(|(name, ..)| *name == flag) else {
            panic!("{flag} is new: name the test that uses it");
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(file).with_extension("rs");
        let text = fs::read_to_string(&path).unwrap();
        let begin = format!("#[test]\nfn {test}() {{\n");
        let at = text.find(&begin).unwrap_or_else(|| panic!("there is no test {file}::{test}"));
        let body = &text[at..][..text[at..].find("\n}\n").unwrap()];
        let is_end =
            |next: Option<char>| !next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '-');
        let uses = body.match_indices(&flag).any(|(at, _)| is_end(body[at + flag.len()..].chars().next()));
        assert!(uses, "{file}::{test} does not use {flag}");
    }
}

#[test]
fn each_test_is_of_a_flag() {
    let flags = flags();
    for (flag, ..) in TESTS {
        assert!(flags.iter().any(|known| known == flag), "{flag} is none any more");
    }
}
