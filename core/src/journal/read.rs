//! A journal that is read, line by line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

use crate::journal::error::{JournalError, Why};
use crate::journal::frame::{is_begun, record_of};
use crate::journal::history::{History, Owed};
use crate::journal::record::{Head, VERSION};
use crate::report::Report;

impl Report {
    /// The report of a run that a [`Journal`](crate::Journal) tells of, however far that run has come.
    ///
    /// What it says was done is done. A job that had not ended is [`Cancelled`](crate::Status::Cancelled); a phase that had
    /// only begun ends at the last time that is known, with an error that says so. [`is_complete`](Report::is_complete)
    /// tells whether the run has ended. A line that is torn or damaged is left out.
    ///
    /// ```
    /// # use dojobber_core::{Draft, Journal, JobSpec, Report, Runner, Status};
    /// # let folder = std::env::temp_dir().join(format!("dojobber-journal-doc-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("run.jsonl");
    /// # let mut draft = Draft::<()>::default();
    /// # draft.open("sun"); draft.close(JobSpec::check_only(|_| true));
    /// # let plan = draft.compile()?;
    /// let runner = Runner::builder().observer(Journal::create(&path)?).build();
    /// let run = runner.run(&plan, ());
    ///
    /// let report = Report::from_journal(&path)?; // by this process, or by a later one
    /// assert_eq!(report.status("sun"), Some(Status::Satisfied));
    /// assert!(report.is_complete());
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), dojobber_core::BoxError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`JournalError`] if the file cannot be read, is not a journal or one of another version, or if its first line, which
    /// says what was run, is missing or damaged.
    pub fn from_journal(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        Contents::of_file(path)?.into_report().map_err(|error| error.at(path))
    }

    /// The same for a journal that comes from elsewhere than a file.
    ///
    /// # Errors
    ///
    /// As [`from_journal`](Report::from_journal).
    pub fn read_journal(reader: impl Read) -> Result<Self, JournalError> {
        Contents::read(BufReader::new(reader))?.into_report()
    }
}

/// What a journal says.
pub(super) struct Contents {
    pub(super) history: History,
    /// Whether the last line has its line break.
    ends_whole: bool,
}

impl Contents {
    pub(super) fn of_file(path: &Path) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(|source| Why::Io { doing: "read", source });
        let file = file.map_err(|why| JournalError::new(Some(path), why))?;
        Contents::read(BufReader::with_capacity(1 << 16, file)).map_err(|error| error.at(path))
    }

    fn read(mut reader: impl BufRead) -> Result<Self, JournalError> {
        let mut line = Vec::new();
        let mut next = |line: &mut Vec<u8>| {
            line.clear();
            let read = reader.read_until(b'\n', line);
            let read = read.map_err(|source| JournalError::new(None, Why::Io { doing: "read", source }))?;
            let is_torn = read > 0 && !line.ends_with(b"\n");
            if is_torn {
                line.push(b'\n'); // that may be all that is missing, and a recovery adds it
            }
            Ok((read > 0, is_torn))
        };
        let (_, is_torn) = next(&mut line)?;
        let mut ends_whole = !is_torn;
        let head = head_of(&line, is_torn);
        let mut history = History::new(head.map_err(|why| JournalError::new(None, why))?);
        while let (true, is_torn) = next(&mut line)? {
            ends_whole = !is_torn;
            let record = record_of(&line).and_then(|record| serde_json::from_slice(record).ok());
            match record {
                Some(record) => history.take(record),
                None => history.note_damage(),
            }
        }
        Ok(Contents { history, ends_whole })
    }

    pub(super) fn ends_whole(&self) -> bool {
        self.ends_whole
    }

    /// The cleanups that are owed, in the order in which they are to be called.
    pub(super) fn owed(&self) -> Vec<Owed> {
        self.history.owed()
    }

    /// Whether the run has ended, with all its cleanups.
    pub(super) fn is_complete(&self) -> bool {
        self.history.is_complete()
    }

    pub(super) fn into_report(mut self) -> Result<Report, JournalError> {
        self.history.take_report().map_err(|why| JournalError::new(None, Why::Unfit(why.to_string())))
    }
}

#[derive(Deserialize)]
struct OnlyHead<H> {
    head: H,
}

/// All that a head of any version has.
#[derive(Deserialize)]
struct OnlyVersion {
    dojobber_journal: u32,
}

fn head_of(line: &[u8], is_torn: bool) -> Result<Head, Why> {
    if line.is_empty() {
        return Err(Why::Empty);
    }
    let Some(record) = record_of(line) else {
        return Err(match (is_begun(line), is_torn) {
            (true, true) => Why::Empty, // nothing follows, so nothing was begun
            (true, false) => Why::Damaged,
            (false, _) => Why::NotAJournal,
        });
    };
    let version: OnlyHead<OnlyVersion> = serde_json::from_slice(record).map_err(|_| Why::NotAJournal)?;
    match version.head.dojobber_journal {
        VERSION => {
            let head: OnlyHead<Head> =
                serde_json::from_slice(record).map_err(|error| Why::Unfit(error.to_string()))?;
            Ok(head.head)
        }
        version => Err(Why::Version(version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::frame::write_line;

    fn line(record: &str) -> Vec<u8> {
        let mut line = Vec::new();
        write_line(record.as_bytes(), &mut line);
        line
    }

    #[track_caller]
    fn check(journal: &[u8], expected: &str) {
        let error = Report::read_journal(journal).map(|report| report.to_string()).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.path(), None);
    }

    #[test]
    fn what_is_not_a_journal() {
        check(b"", "is empty");
        check(b"{\"len\"", "is empty");
        check(b"{\"len\":12,\"crc32\":\"00000000\",\"record\":{}}\n", "first line");
        check(b"{}\n", "not a journal");
        check(b"{\"dojobber_report\":2}", "not a journal");
        check(&[0, 159, 146, 150], "not a journal");
        check(&line(r#"{"run_ended":{"at_ns":1,"cleanups_due":0}}"#), "not a journal");
        check(&line(r#"{"head":{"dojobber_journal":7}}"#), "version 7, and this program reads version 1");
        check(&line(r#"{"head":{"dojobber_journal":1}}"#), "does not fit together: missing field");
    }
}
