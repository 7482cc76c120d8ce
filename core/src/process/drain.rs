//! Pipes that somebody still holds whose process has ended: they are read to their end, so that whoever writes to them
//! is neither held up nor ended by it. One thread of the process does that, which starts with the first of them.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::log::warning;

struct Drain {
    arrived: Vec<OwnedFd>,
    /// Tells the thread that something has arrived.
    bell: Option<PipeWriter>,
}

static DRAIN: Mutex<Drain> = Mutex::new(Drain { arrived: Vec::new(), bell: None });

fn lock() -> MutexGuard<'static, Drain> {
    DRAIN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a pipe to its end, and forgets what comes out of it. It must not block.
pub(super) fn hand_over(pipe: OwnedFd) {
    let mut drain = lock();
    drain.arrived.push(pipe);
    if drain.bell.is_none() {
        match start() {
            Ok(bell) => drain.bell = Some(bell),
            Err(_error) => {
                warning!(%_error, "there is no thread that could read what is left in pipes");
            }
        }
    }
    if let Some(bell) = &mut drain.bell {
        let _ = bell.write_all(&[1]);
    }
}

fn start() -> io::Result<PipeWriter> {
    let (hears, bell) = io::pipe()?;
    std::thread::Builder::new().name("dojobber-drain".into()).spawn(move || drain(hears))?;
    Ok(bell)
}

fn drain(mut bell: PipeReader) {
    let (mut pipes, mut buffer) = (Vec::<OwnedFd>::new(), vec![0; 65536]);
    loop {
        let mut fds: Vec<_> = pipes.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN)).collect();
        fds.push(PollFd::new(&bell, PollFlags::IN));
        match poll(&mut fds, None) {
            Err(Errno::INTR) => continue,
            Err(_) => return, // nothing can be told to anybody
            Ok(_) => {}
        }
        let mut ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        if ready.pop() == Some(true) {
            let _ = bell.read(&mut buffer);
        }
        let mut ready = ready.into_iter();
        pipes.retain(|pipe| !ready.next().unwrap_or(false) || is_open(pipe, &mut buffer));
        pipes.append(&mut lock().arrived);
    }
}

fn is_open(pipe: impl AsFd, buffer: &mut [u8]) -> bool {
    match rustix::io::read(pipe, buffer) {
        Ok(0) => false,
        Ok(_) | Err(Errno::INTR | Errno::AGAIN) => true,
        Err(_) => false,
    }
}
