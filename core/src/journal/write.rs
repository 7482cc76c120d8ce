//! The file of a journal that is being written.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde::Serialize;

use crate::event::Event;
use crate::graph::JobId;
use crate::journal::error::{JournalError, There, Why};
use crate::journal::frame::write_line;
use crate::journal::read::Contents;
use crate::journal::record::{Head, Record};
use crate::log::warning;
use crate::words::Phase;

/// When the file of a journal is brought to the disk. The death of a process loses nothing that was written; that of the
/// machine may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JournalSync {
    /// When the system does it by itself.
    #[default]
    Never,
    /// Before each run of a job that has a cleanup, and at the end: so no cleanup that is owed is forgotten when the power
    /// fails.
    Runs,
}

/// A journal that is written.
pub(super) struct Writer {
    path: PathBuf,
    state: State,
    sync: JournalSync,
    /// The jobs that have a cleanup.
    with_cleanup: Arc<[JobId]>,
    failure: Option<String>,
    /// The last line may be there in part.
    is_torn: bool,
    // kept for the next line
    record: Vec<u8>,
    line: Vec<u8>,
}

enum State {
    /// No run has begun.
    New(Locked),
    Open(Locked),
    /// The run is over. Its processes that go on may still be let go.
    Over,
    /// All that belongs in it is there.
    Closed,
}

impl Writer {
    pub(super) fn create(path: &Path) -> Result<Self, JournalError> {
        let file = File::options().append(true).create_new(true).open(path);
        let file = file.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists if path.is_dir() => {
                Why::Io { doing: "create", source: io::ErrorKind::IsADirectory.into() }
            }
            io::ErrorKind::AlreadyExists => Why::Exists(what_is_there(path)),
            _ => Why::Io { doing: "create", source },
        });
        let file = file.map_err(|why| JournalError::new(Some(path), why))?;
        let file = Locked::wait(file).ok_or_else(|| JournalError::new(Some(path), Why::InUse))?;
        Ok(Writer::on(path, State::New(file)))
    }

    /// Goes on with the journal of a run that has not ended. What it says is to be read then.
    pub(super) fn resume(path: &Path) -> Result<(Self, Contents), JournalError> {
        let wrong = |why| JournalError::new(Some(path), why);
        let file = File::options().append(true).open(path);
        let file = file.map_err(|source| wrong(Why::Io { doing: "write to", source }))?;
        let file = Locked::wait(file).ok_or_else(|| wrong(Why::InUse))?;
        let contents = Contents::of_file(path)?;
        let mut writer = Writer::on(path, State::Open(file));
        writer.is_torn = !contents.ends_whole();
        Ok((writer, contents))
    }

    fn on(path: &Path, state: State) -> Self {
        Writer {
            path: path.to_owned(),
            state,
            sync: JournalSync::Never,
            with_cleanup: Arc::default(),
            failure: None,
            is_torn: false,
            record: Vec::new(),
            line: Vec::new(),
        }
    }

    pub(super) fn set_sync(&mut self, sync: JournalSync) {
        self.sync = sync;
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Writes the record of an event.
    pub(super) fn take(&mut self, event: &Event) {
        if let Event::RunStarted { graph, options, expected, with_cleanup, .. } = event {
            match std::mem::replace(&mut self.state, State::Closed) {
                State::New(file) => {
                    self.state = State::Open(file);
                    self.with_cleanup = Arc::clone(with_cleanup);
                    let head = Head::of(graph, options, expected.as_deref(), with_cleanup);
                    self.write(&Begun { head });
                }
                State::Open(_) => self.fail("a second run has begun while the first went on"),
                State::Over | State::Closed => self.fail("a second run has begun, and a journal takes one"),
            }
            return;
        }
        if let (State::Over, Event::ProcessDetached { .. }) = (&self.state, event) {
            return self.add(event);
        }
        if !matches!(self.state, State::Open(_)) {
            return;
        }
        if let Some(record) = Record::of(event) {
            self.write(&record);
        }
        match event {
            Event::PhaseStarted { job, phase: Phase::Run, .. }
                if self.with_cleanup.binary_search(&job.id()).is_ok() =>
            {
                self.bring_to_disk();
            }
            Event::RunEnded { cleanups_due, .. } => {
                self.bring_to_disk();
                if *cleanups_due == 0 {
                    self.state = State::Over;
                }
            }
            Event::CleanupEnded { .. } => {
                self.bring_to_disk();
                self.state = State::Over;
            }
            _ => {}
        }
    }

    /// Writes the record of what follows the end.
    fn add(&mut self, event: &Event) {
        let file = File::options().append(true).open(&self.path);
        let file = file.and_then(|file| Locked::wait(file).ok_or_else(|| io::ErrorKind::ResourceBusy.into()));
        match (file, Record::of(event)) {
            (Ok(file), Some(record)) => {
                self.state = State::Open(file);
                self.write(&record);
                self.bring_to_disk();
                self.state = State::Over;
            }
            (Err(error), _) => self.fail(&error.to_string()),
            (Ok(_), None) => {}
        }
    }

    /// One write for the whole line. What cannot be written is left out.
    pub(super) fn write(&mut self, record: &impl Serialize) {
        let State::Open(file) = &mut self.state else { return };
        self.record.clear();
        self.line.clear();
        if self.is_torn {
            self.line.push(b'\n'); // so that what follows is read
        }
        let written =
            serde_json::to_writer(&mut self.record, record).map_err(io::Error::from).and_then(|()| {
                write_line(&self.record, &mut self.line);
                file.0.write_all(&self.line)
            });
        self.is_torn = written.is_err();
        if let Err(error) = written {
            self.fail(&error.to_string());
        }
    }

    pub(super) fn bring_to_disk(&mut self) {
        let State::Open(file) = &self.state else { return };
        if self.sync == JournalSync::Runs
            && let Err(error) = file.0.sync_data()
        {
            self.fail(&error.to_string());
        }
    }

    /// Told once: what follows has the same reason, or matters less.
    fn fail(&mut self, why: &str) {
        if self.failure.is_none() {
            let text = format!("the journal {} does not tell all: {why}", self.path.display());
            warning!("{text}");
            self.failure = Some(text);
        }
    }
}

#[derive(Serialize)]
struct Begun {
    head: Head,
}

/// Whether somebody else writes it.
pub(super) fn is_in_use(path: &Path) -> bool {
    File::options().append(true).open(path).is_ok_and(|file| Locked::new(file).is_err())
}

fn what_is_there(path: &Path) -> There {
    match Contents::of_file(path) {
        Err(_) => There::Other,
        Ok(_) if is_in_use(path) => There::InUse,
        Ok(contents) if contents.is_complete() => There::Ended,
        Ok(contents) => There::Torn { owed: contents.owed().len() },
    }
}

const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// A file that nobody else may write for as long as it is open here. Where there are no such locks, nobody is asked.
struct Locked(File);

impl Locked {
    /// `None` if somebody else has it. Whoever asks only whether it is in use has it for a moment, too, so this is tried
    /// several times.
    fn wait(mut file: File) -> Option<Self> {
        for _ in 0..TRIES {
            match Locked::new(file) {
                Ok(locked) => return Some(locked),
                Err(other) => file = other,
            }
            thread::sleep(PAUSE);
        }
        None
    }

    /// Gives the file back if somebody else has it.
    #[cfg(unix)]
    fn new(file: File) -> Result<Self, File> {
        use rustix::fs::{FlockOperation, flock};
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => Err(file),
            _ => Ok(Locked(file)),
        }
    }

    #[cfg(not(unix))]
    fn new(file: File) -> Result<Self, File> {
        Ok(Locked(file))
    }
}

#[cfg(unix)]
impl Drop for Locked {
    /// Closing it is not enough: a process that is just being started has it, too, for a moment.
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.0, rustix::fs::FlockOperation::Unlock);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::journal::frame::record_of;

    #[test]
    fn a_disk_that_is_full_is_told_once_and_stops_nothing() {
        let full = File::options().append(true).open("/dev/full").unwrap();
        let mut writer = Writer::on(Path::new("/dev/full"), State::Open(Locked(full)));
        for at in 0..3 {
            writer.take(&Event::CleanupEnded { at: Duration::from_secs(at) });
            writer.state = State::Open(Locked(File::options().append(true).open("/dev/full").unwrap()));
        }
        let told = writer.failure().unwrap();
        assert!(told.starts_with("the journal /dev/full does not tell all: "), "{told}");
        assert!(told.contains("No space left"), "{told}");
    }

    #[test]
    fn what_follows_a_line_that_was_lost_is_read() {
        let path = std::env::temp_dir().join(format!("dojobber-journal-{}", std::process::id()));
        let mut writer = Writer::on(&path, State::Open(Locked(File::create(&path).unwrap())));
        if let State::Open(file) = &mut writer.state {
            file.0.write_all(b"{\"len\":12,\"crc").unwrap();
        }
        writer.is_torn = true;
        writer.write(&Record::CleanupEnded { at_ns: 7 });
        writer.write(&Record::CleanupEnded { at_ns: 8 });
        let text = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(record_of).collect();
        let ended = [&b"{\"cleanup_ended\":{\"at_ns\":7}}"[..], b"{\"cleanup_ended\":{\"at_ns\":8}}"];
        assert_eq!(lines, [None, Some(ended[0]), Some(ended[1])]);
    }
}
