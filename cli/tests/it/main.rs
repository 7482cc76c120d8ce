//! The command line as its users see it: example programs, run as processes.

mod program; // runs one, and says what it said
mod flags; // each has a test
mod answers; // --help, --list, --why, --dry-run
mod examples; // what their users see
mod runs; // what is said of a run, and the exit code
mod subgraph; // --only, --exclude
mod files; // --graph, --report, --junit, --trace
#[cfg(all(target_os = "linux", feature = "cluster"))]
mod cluster; // --engine, --spool, --on-node
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod spinup; // the example that brings up a stack, and what may happen to it
#[cfg(target_os = "linux")]
mod terminal; // what is seen on one

/// What the README shows is the example that the other tests run.
#[test]
fn the_readme_shows_an_example() {
    let (readme, example) = (include_str!("../../../README.md"), include_str!("../../examples/site.rs"));
    let (_, program) = example.split_once("\n\n").unwrap();
    assert!(program.lines().count() <= 40, "it is no short program any more");
    assert!(readme.contains(program), "README.md does not show cli/examples/site.rs as it is");
}
