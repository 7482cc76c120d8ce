//! What the tests share.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::{Event, Observer, Runner};

/// A runner that loses no time between tries.
pub(crate) fn runner(threads: usize) -> Runner {
    Runner::builder().threads(threads).default_retry_delay(Duration::ZERO).build()
}

/// A text that grows from many sides.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<String>>);

impl Notes {
    /// Adds a word.
    pub(crate) fn add(&self, word: impl AsRef<str>) {
        let mut text = self.0.lock().unwrap();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word.as_ref());
    }

    /// All of it, so far.
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    /// All of it, and begins anew.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push_str(str::from_utf8(bytes).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps every event.
#[derive(Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<Event>>>);

impl Trace {
    pub(crate) fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

impl Observer for Trace {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}
