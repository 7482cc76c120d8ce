//! What the tests of the test kit share: graphs with a bug, and the same graphs mended.

use std::collections::BTreeMap;

use dojobber::Graph;
use dojobber::testkit::{Disk, Finding, Simulation};

/// The kit finds the bug, blames `job` in the first place and says `words`; it passes the mended twin.
#[track_caller]
pub(crate) fn check<T>(job: &str, words: &str, look: impl Fn(bool) -> Result<T, Finding>) {
    let Err(finding) = look(true) else { panic!("the bug was not found") };
    assert_eq!(finding.jobs().first().map(String::as_str), Some(job), "{finding}");
    assert!(finding.to_string().contains(words), "{finding}");
    if let Err(finding) = look(false) {
        panic!("the mended twin was not passed: {finding}");
    }
}

/// A body that runs what `graph` builds on a new disk, whose files are seen in the end.
pub(crate) fn on_a_disk(
    graph: impl for<'d> Fn(&'d Disk) -> Graph<'d>,
) -> impl Fn(&Simulation) -> BTreeMap<String, String> {
    move |simulation| {
        let disk = Disk::new();
        let _ = simulation.run_anew(|| graph(&disk), ());
        disk.into_files()
    }
}
