//! The way back from a unit to its run.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use crate::elsewhere::outcome::{Lost, UnitDone, UnitProgress};

/// Tells a run what has come of a unit: once, from any thread. If it is dropped untold, the unit is lost.
pub struct Done {
    mail: Arc<Mail>,
    /// Rung when there is something to read. It is let go after the last message.
    waker: Waker,
    is_told: bool,
}

/// What a unit has told, and its run has not read yet.
#[derive(Default)]
pub(crate) struct Mail(Mutex<Vec<Message>>);

pub(crate) enum Message {
    Progress(UnitProgress),
    Over(Box<UnitDone>),
}

impl Done {
    pub(crate) fn new(waker: Waker) -> (Self, Arc<Mail>) {
        let mail = Arc::new(Mail::default());
        (Done { mail: Arc::clone(&mail), waker, is_told: false }, mail)
    }

    /// Tells how far the unit is. It may be told any number of times, or never.
    pub fn progress(&self, progress: UnitProgress) {
        self.send(Message::Progress(progress));
    }

    /// Tells the end.
    pub fn tell(mut self, done: UnitDone) {
        self.is_told = true;
        self.send(Message::Over(Box::new(done)));
    }

    fn send(&self, message: Message) {
        self.mail.0.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        self.waker.wake_by_ref();
    }
}

impl Drop for Done {
    fn drop(&mut self) {
        if !self.is_told {
            let why = "who was to execute it has forgotten it";
            self.send(Message::Over(Box::new(UnitDone::lost(Lost::new(why)))));
        }
    }
}

impl Mail {
    /// Takes all that was told since.
    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done").finish_non_exhaustive()
    }
}
