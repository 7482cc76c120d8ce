//! How a job of a report is read.

use serde::Deserialize;

use crate::error::ErrorText;
use crate::fields::{Append, Place, Text, Value};
use crate::said::Progress;
use crate::words::{Kind, Phase, Status};

/// A job while it is read. There is one for all jobs, so that its memory is used again.
pub(crate) struct SavedJob {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) description: Option<Box<str>>,
    /// Places in the list of jobs, from 0.
    pub(super) after: Vec<u32>,
    pub(super) status: Status,
    pub(super) description_of_run: Option<Box<str>>,
    pub(super) phases: Vec<SavedPhase>,
    pub(super) log: Vec<SavedLine>,
    pub(super) log_left_out: u64,
    pub(super) progress: Option<Progress>,
}

impl SavedJob {
    /// What stands in fields that must be there is never used.
    pub(super) fn new() -> Self {
        SavedJob {
            name: String::new(),
            kind: Kind::Group,
            description: None,
            after: Vec::new(),
            status: Status::Cancelled,
            description_of_run: None,
            phases: Vec::new(),
            log: Vec::new(),
            log_left_out: 0,
            progress: None,
        }
    }

    /// Makes place for the next one.
    pub(super) fn clear(&mut self) {
        self.name.clear();
        self.after.clear();
        self.phases.clear();
        self.log.clear();
        (self.description, self.description_of_run, self.progress) = (None, None, None);
        self.log_left_out = 0;
    }
}

impl<'de> Place<'de> for SavedJob {
    const NAME: &'static str = "Job";
    const EXPECTING: &'static str = "a job";
    const FIELDS: &'static [&'static str] = &[
        "name",
        "kind",
        "description",
        "after",
        "status",
        "description_of_run",
        "phases",
        "log",
        "log_left_out",
        "progress",
    ];
    const OPTIONAL: &'static [&'static str] =
        &["description", "description_of_run", "log", "log_left_out", "progress"];

    fn take<V: Value<'de>>(&mut self, field: &'static str, value: V) -> Result<(), V::Error> {
        match field {
            "name" => value.seed(Text(&mut self.name))?,
            "kind" => self.kind = value.get()?,
            "description" => self.description = value.get()?,
            "after" => value.seed(Append(&mut self.after))?,
            "status" => self.status = value.get()?,
            "description_of_run" => self.description_of_run = value.get()?,
            "phases" => value.seed(Append(&mut self.phases))?,
            "log" => value.seed(Append(&mut self.log))?,
            "log_left_out" => self.log_left_out = value.get()?,
            _ => self.progress = value.get()?,
        }
        Ok(())
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename = "Phase", expecting = "a phase", deny_unknown_fields)]
pub(crate) struct SavedPhase {
    pub(crate) attempt: u32,
    pub(crate) phase: Phase,
    pub(crate) worker: u16,
    pub(crate) start_ns: u64,
    pub(crate) length_ns: u64,
    #[serde(default)]
    pub(crate) sequence: Option<u32>,
    #[serde(default)]
    pub(crate) error: Option<ErrorText>,
}

#[derive(Deserialize)]
#[serde(rename = "Line", expecting = "a line that a job has said", deny_unknown_fields)]
pub(crate) struct SavedLine {
    pub(super) attempt: u32,
    pub(super) phase: Phase,
    pub(super) at_ns: u64,
    pub(super) text: String,
}
