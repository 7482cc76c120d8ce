//! The report of an earlier run, read from a file.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use dojobber::{Kind, Plan, Report, printable};

/// A saved report, and where it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Earlier {
    path: PathBuf,
    pub(crate) report: Arc<Report>,
}

impl Earlier {
    pub(crate) fn read(path: PathBuf) -> Result<Self, String> {
        let bytes = fs::read(&path).map_err(|error| format!("it cannot be read: {error}"))?;
        let report = serde_json::from_slice(&bytes)
            .map_err(|error| format!("it is no saved report: {}", printable(&error.to_string())))?;
        Ok(Earlier { path, report: Arc::new(report) })
    }

    /// A report that has none of the jobs of a plan is not one of it.
    pub(crate) fn check<A>(&self, plan: &Plan<'_, A>) -> Result<(), String> {
        let mut jobs = self.report.jobs().filter(|job| job.kind() != Kind::Group).peekable();
        let is_known = jobs.peek().is_none() || jobs.any(|job| plan.graph().find(job.name()).is_some());
        if is_known || plan.graph().is_empty() {
            return Ok(());
        }
        Err(format!("{} is the report of another plan: it has none of these jobs", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::Graph;

    #[test]
    fn a_report_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let plan = |name: &str| Graph::new().job(name).check_only(|_| true).compile().unwrap();
        let path = folder.path().join("run.json");
        fs::write(&path, serde_json::to_vec(plan("a").run(()).report()).unwrap()).unwrap();
        let earlier = Earlier::read(path.clone()).unwrap();
        assert_eq!(earlier.check(&plan("a")), Ok(()));
        assert_eq!(earlier.check(&Graph::new().compile().unwrap()), Ok(()));
        let other = earlier.check(&plan("b")).unwrap_err();
        assert!(
            other.ends_with("run.json is the report of another plan: it has none of these jobs"),
            "{other}"
        );
        fs::write(&path, "{}").unwrap();
        assert!(Earlier::read(path.clone()).unwrap_err().starts_with("it is no saved report: missing field"));
        fs::write(&path, r#"{"dojobber_report": 2, "\u001b[31m": 1}"#).unwrap();
        let strange = "it is no saved report: unknown field `\\u{1b}[31m`";
        assert!(Earlier::read(path).unwrap_err().starts_with(strange), "what it holds does not act");
        assert!(Earlier::read(folder.path().join("none")).unwrap_err().starts_with("it cannot be read: "));
    }
}
