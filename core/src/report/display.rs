//! A report as a summary for people.

use std::fmt;

use crate::error::ErrorText;
use crate::report::{JobReport, Report};
use crate::words::{Kind, Status};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.counts())?;
        for job in self.jobs().filter(|job| job.status() == Status::Failed) {
            failed(f, &job)?;
        }
        for (job, record) in self.cleanup_failures() {
            write!(f, "\ncleanup of `{}` failed", job.name())?;
            because(f, record.error())?;
        }
        Ok(())
    }
}

fn failed(f: &mut fmt::Formatter<'_>, job: &JobReport<'_>) -> fmt::Result {
    let tries = job.tries();
    let unit = if tries == 1 { "try" } else { "tries" };
    write!(f, "\n`{}` failed after {tries} {unit}", job.name())?;
    because(f, job.error())?;
    if let (Kind::Job, Some(error)) = (job.kind(), job.run_error()) {
        write!(f, "\n  its run failed before")?;
        because(f, Some(error))?;
    }
    Ok(())
}

fn because(f: &mut fmt::Formatter<'_>, error: Option<&ErrorText>) -> fmt::Result {
    match error {
        Some(error) if error.panicked() => write!(f, ": panicked: {error:#}"),
        Some(error) => write!(f, ": {error:#}"),
        None => Ok(()),
    }
}
