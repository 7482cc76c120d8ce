//! The folder of one run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use dojobber::Portable;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::{RunSpot, Tag};
use crate::spool::files::{Began, Order, Record, RunFile, Value};
use crate::spool::unit_name::UnitName;
use crate::spool::{host, now_ms};

/// Values that are longer than this have a file of their own.
const LONG: usize = 64 << 10;

/// What is shown of a log.
const TAIL: u64 = 4 << 10;

/// The folder of one run.
#[derive(Debug, Clone)]
pub(crate) struct RunFolder {
    pub(crate) path: PathBuf,
    pub(crate) id: String,
}

impl RunFolder {
    pub(crate) fn new(root: &Path, id: &str) -> Self {
        RunFolder { path: root.join(id), id: id.to_owned() }
    }

    pub(crate) fn of_spot(run: &RunSpot<'_>) -> Self {
        RunFolder { path: run.folder.to_owned(), id: run.id.to_owned() }
    }

    /// What is known of the whole run.
    pub(crate) fn read_run(&self) -> Result<RunFile, String> {
        read(&self.path.join("run.json"))?.ok_or_else(|| "run.json is gone".to_owned())
    }

    /// The folder of an order, as the environment of a unit names it.
    pub(crate) fn of_order(order: &Path) -> Option<Self> {
        let path = order.parent()?.parent()?.to_owned();
        let id = path.file_name()?.to_str()?.to_owned();
        Some(RunFolder { path, id })
    }

    pub(crate) fn create(&self) -> io::Result<()> {
        for part in ["order", "began", "out", "value", "new", "log", "tmp"] {
            fs::create_dir_all(self.path.join(part))?;
        }
        Ok(())
    }

    pub(crate) fn spot(&self) -> RunSpot<'_> {
        RunSpot { id: &self.id, folder: &self.path }
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.path.join("program")
    }

    pub(crate) fn order(&self, tag: &Tag) -> PathBuf {
        self.path.join("order").join(tag.to_string())
    }

    /// Where the output of a unit goes.
    pub(crate) fn log(&self, tag: &Tag) -> PathBuf {
        self.path.join(format!("log/{tag}.log"))
    }

    pub(crate) fn record(&self, unit: UnitName) -> PathBuf {
        self.path.join("out").join(unit.to_string())
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.path.join("ended").exists()
    }

    /// Closes the run.
    pub(crate) fn end(&self, how: &str) -> io::Result<()> {
        self.write(&self.path.join("ended"), how.as_bytes(), true)
    }

    /// Writes a file as a whole or not at all: beside its place first, and on the disk if it is to be `safe`.
    pub(crate) fn write(&self, to: &Path, bytes: &[u8], safe: bool) -> io::Result<()> {
        let beside = self.beside(bytes, safe)?;
        let moved = fs::rename(&beside, to);
        if moved.is_err() {
            let _ = fs::remove_file(&beside);
        }
        moved
    }

    pub(crate) fn write_order(&self, tag: &Tag, order: &Order) -> io::Result<()> {
        self.write(&self.order(tag), &json(order)?, false)
    }

    pub(crate) fn write_began(&self, tag: &Tag, began: &Began, safe: bool) -> io::Result<()> {
        self.write(&self.path.join("began").join(tag.to_string()), &json(began)?, safe)
    }

    /// Writes a record, unless there is one. Returns whether this is it.
    pub(crate) fn commit(&self, unit: UnitName, record: &Record) -> io::Result<bool> {
        let (to, beside) = (self.record(unit), self.beside(&json(record)?, true)?);
        let linked = fs::hard_link(&beside, &to);
        let _ = fs::remove_file(&beside);
        match linked {
            Ok(()) => {
                File::open(self.path.join("out"))?.sync_all()?; // its name, too
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Says that there is a record. It is found without that, only later.
    pub(crate) fn hint(&self, unit: UnitName) {
        let _ = File::create(self.hint_of(unit));
    }

    pub(crate) fn hint_of(&self, unit: UnitName) -> PathBuf {
        self.path.join("new").join(unit.to_string())
    }

    /// The units with hints.
    pub(crate) fn hints(&self) -> Vec<UnitName> {
        let entries = fs::read_dir(self.path.join("new")).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
    }

    /// `Ok(None)`: there is none yet.
    pub(crate) fn read_record(&self, unit: UnitName) -> Result<Option<Record>, String> {
        let Some(record) = read::<Record>(&self.record(unit))? else {
            return Ok(None);
        };
        if record.end { Ok(Some(record)) } else { Err("it was cut off".to_owned()) }
    }

    /// Puts a record aside that cannot be read, so that another one can take its place.
    pub(crate) fn discard_record(&self, unit: UnitName) {
        let record = self.record(unit);
        let _ = fs::rename(&record, self.path.join("tmp").join(format!("{unit}.unreadable")));
    }

    pub(crate) fn read_order(&self, tag: &Tag) -> Result<Option<Order>, String> {
        read(&self.order(tag))
    }

    pub(crate) fn read_began(&self, tag: &Tag) -> Option<Began> {
        read(&self.path.join("began").join(tag.to_string())).ok().flatten()
    }

    /// All orders that there are.
    pub(crate) fn orders(&self) -> Vec<Tag> {
        let entries = fs::read_dir(self.path.join("order")).into_iter().flatten().flatten();
        entries.filter_map(|entry| Tag::of_order(&entry.path())).collect()
    }

    /// The last lines of what a unit has printed.
    pub(crate) fn log_tail(&self, tag: &Tag) -> String {
        let Ok(mut log) = File::open(self.log(tag)) else {
            return String::new();
        };
        let length = log.metadata().map_or(0, |metadata| metadata.len());
        let mut bytes = Vec::new();
        let read = log
            .seek(SeekFrom::Start(length.saturating_sub(TAIL)))
            .and_then(|_| log.take(TAIL).read_to_end(&mut bytes));
        if read.is_err() {
            return String::new();
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(4)..].join(" | ")
    }

    /// Keeps a value: in what is returned if it is short, else in a file of that name.
    pub(crate) fn keep(
        &self,
        name: impl FnOnce() -> String,
        portable: Portable,
        value: &(dyn std::any::Any + Send + Sync),
    ) -> Result<Value, String> {
        let value = portable.write(value).ok_or("it is not what its key says")?;
        let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
        if text.len() <= LONG {
            return Ok(Value::Text(text));
        }
        let name = name();
        self.write(&self.path.join("value").join(&name), text.as_bytes(), true)
            .map_err(|error| error.to_string())?;
        Ok(Value::File(name))
    }

    /// The JSON of a value.
    pub(crate) fn text_of(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            Value::File(name) => {
                let is_plain = !name.contains('/') && !name.starts_with('.');
                let path = self.path.join("value").join(name);
                let text =
                    if is_plain { fs::read_to_string(path) } else { Err(io::ErrorKind::InvalidInput.into()) };
                text.map_err(|error| format!("its file cannot be read: {error}"))
            }
        }
    }

    fn beside(&self, bytes: &[u8], safe: bool) -> io::Result<PathBuf> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}.{}.{:x}.{count}", host(), std::process::id(), now_ms());
        let beside = self.path.join("tmp").join(name);
        let written = OpenOptions::new().write(true).create_new(true).open(&beside).and_then(|mut file| {
            file.write_all(bytes)?;
            if safe { file.sync_all() } else { Ok(()) }
        });
        if let Err(error) = written {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        Ok(beside)
    }
}

/// Opens a value for a key.
pub(crate) fn open(portable: Portable, text: &str) -> Result<dojobber::Carried, String> {
    let mut from = serde_json::Deserializer::from_str(text);
    let mut from = <dyn erased_serde::Deserializer<'_>>::erase(&mut from);
    portable.read(&mut from).map_err(|error| error.to_string())
}

fn json(value: &impl Serialize) -> io::Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(io::Error::other)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| error.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
