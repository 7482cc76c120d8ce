//! The rise of a token as something that `poll` waits for.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use rustix::event::Timespec;

use crate::cancel::{CancelToken, Listening};

/// Becomes readable at each rise of a token.
#[derive(Debug)]
pub(super) struct PipeBell {
    hears: PipeReader,
    _listening: Listening,
}

struct Rings(PipeWriter);

impl Wake for Rings {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let _ = (&self.0).write(&[1]); // there are but three levels: it never blocks
    }
}

impl PipeBell {
    pub(super) fn new(token: &CancelToken) -> io::Result<Self> {
        let (hears, rings) = io::pipe()?;
        let waker = Waker::from(Arc::new(Rings(rings)));
        loop {
            if let Some(listening) = token.listen(token.level(), waker.clone()) {
                return Ok(PipeBell { hears, _listening: listening });
            }
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.hears.as_fd()
    }

    /// Takes what has come; to be called once it is readable.
    pub(super) fn hear(&mut self) {
        let _ = self.hears.read(&mut [0; 8]);
    }
}

/// Some systems cannot wait for longer, and need not.
const LONGEST_POLL: Duration = Duration::from_secs(3600);

/// How long `poll` may wait.
pub(super) fn left(until: Instant) -> Timespec {
    let left = until.saturating_duration_since(Instant::now()).min(LONGEST_POLL);
    Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() }
}
