//! A report for tests that walk all statuses.

use dojobber::{Report, Status};
use serde_json::json;

/// A report of one job, `it`, which ended so.
pub(crate) fn one_job(status: Status, dry_run: bool) -> Report {
    let job = json!({ "name": "it", "kind": "check_only", "after": [], "status": status, "phases": [] });
    let report = json!({
        "dojobber_report": 2, "dry_run": dry_run, "elapsed_ns": 1, "nests": [], "jobs": [job]
    });
    serde_json::from_value(report).expect("it is a report")
}
