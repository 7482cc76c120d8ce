//! A process, its group and its pipes, watched by the thread that wants it.
//!
//! One `poll` waits for its end, for what it writes, for room to write to it, for who stops the run, and for the nearest
//! of deadline, end of the grace period and end of the linger. No signal handler, and no time is spent while nothing
//! happens.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionbio};

use crate::cancel::StopLevel;
use crate::process::bell::{PipeBell, left};
use crate::process::capture::{Capture, Lines, OutputStream};
use crate::process::drain;
use crate::process::exit::{Exit, News};
use crate::process::group::Target;
use crate::process::orders::{End, LINGER, Orders, QUIET, Ran, Tell};

/// Watches a process to its end. Whatever happens, a panic included, it is reaped.
pub(super) fn watch(child: Child, orders: Orders<'_>) -> io::Result<Ran> {
    let running = Running { target: Target::of(&child, orders.leads), child, is_reaped: false };
    Watch::new(running, orders)?.run()
}

/// A process that has not been reaped.
struct Running {
    child: Child,
    target: Target,
    is_reaped: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_reaped {
            self.target.kill();
            self.target.forget();
            let _ = self.child.wait();
        }
    }
}

#[derive(Clone, Copy)]
enum State {
    Running,
    /// SIGTERM was sent.
    Asked {
        kill_at: Option<Instant>,
    },
    Killed,
    /// And somebody else may hold its pipes.
    Ended {
        quiet_at: Instant,
        last_at: Instant,
    },
}

/// What is read at once: of a process that writes little, and of one that fills its pipes.
const SMALL: usize = 4096;
const LARGE: usize = 65536;

struct Watch<'a> {
    running: Running,
    orders: Orders<'a>,
    /// Until then a process is young.
    young_until: Instant,
    /// What watches for its end; a young process has none: most end at once, and are heard by their pipes.
    lookout: Option<Lookout>,
    input: Option<Input>,
    stdout: Stream<ChildStdout>,
    stderr: Stream<ChildStderr>,
    state: State,
    end: End,
    buffer: Vec<u8>,
}

/// What is waited for beside the pipes.
struct Lookout {
    exit: Exit,
    /// Where nobody can stop the run, there is none.
    bell: Option<PipeBell>,
}

/// A process is young for so long. It is not ended before, and its pipes alone are listened to.
const YOUNG: Duration = Duration::from_millis(10);

/// What `poll` found something at.
#[derive(Default)]
struct Ready {
    exit: bool,
    bell: bool,
    input: bool,
    stdout: bool,
    stderr: bool,
}

impl<'a> Watch<'a> {
    fn new(mut running: Running, mut orders: Orders<'a>) -> io::Result<Self> {
        let child = &mut running.child;
        let stdin = child.stdin.take().map(|pipe| Input::new(pipe, std::mem::take(&mut orders.input)));
        let stdout = Stream::new(child.stdout.take(), orders.capture_stdout())?;
        let stderr = Stream::new(child.stderr.take(), orders.capture_stderr())?;
        let youth = if orders.watches_stops { Duration::ZERO } else { YOUNG };
        Ok(Watch {
            input: stdin.transpose()?,
            running,
            orders,
            young_until: Instant::now() + youth,
            lookout: None,
            stdout,
            stderr,
            state: State::Running,
            end: End::Itself,
            buffer: vec![0; SMALL],
        })
    }

    fn run(mut self) -> io::Result<Ran> {
        loop {
            self.obey();
            let ready = self.wait()?;
            self.exchange(&ready)?;
            if ready.exit {
                self.hear_news()?;
            } else if self.only_ends() {
                self.reap()?;
            }
            if self.is_over() {
                return self.finish();
            }
        }
    }

    /// Sends the signals that are due.
    fn obey(&mut self) {
        let is_kill = self.orders.level() >= StopLevel::Kill;
        match self.state {
            State::Running => {
                if let Some(over) = self.orders.over() {
                    self.end = End::Over(over);
                    self.ask(is_kill);
                }
            }
            State::Asked { kill_at } if is_kill || kill_at.is_some_and(|at| at <= Instant::now()) => {
                self.kill();
            }
            State::Asked { .. } | State::Killed | State::Ended { .. } => {}
        }
    }

    fn ask(&mut self, is_kill: bool) {
        let grace = self.orders.grace;
        if is_kill || grace.is_zero() {
            return self.kill();
        }
        self.running.target.terminate();
        self.state = State::Asked { kill_at: Instant::now().checked_add(grace) };
    }

    fn kill(&mut self) {
        self.running.target.kill();
        self.state = State::Killed; // it ends for certain
    }

    /// When something is due whatever happens.
    fn alarm(&self) -> Option<Instant> {
        let alarm = match self.state {
            State::Running => self.orders.deadline(),
            State::Asked { kill_at } => kill_at,
            State::Killed => None,
            State::Ended { quiet_at, last_at } => return Some(quiet_at.min(last_at)),
        };
        alarm.into_iter().chain(self.lookout.is_none().then_some(self.young_until)).min()
    }

    fn look_out(&mut self) -> io::Result<()> {
        let is_silent = !self.stdout.is_open() && !self.stderr.is_open();
        let is_due = is_silent || self.young_until <= Instant::now();
        if is_due && self.lookout.is_none() && !self.is_ended() {
            let exit = Exit::of(&self.running.child, self.orders.watches_stops)?;
            let bell = self.orders.limits.map(|limits| PipeBell::new(limits.stop())).transpose()?;
            self.lookout = Some(Lookout { exit, bell });
            self.obey(); // a rise before now rings no bell
        }
        Ok(())
    }

    fn wait(&mut self) -> io::Result<Ready> {
        self.look_out()?;
        let lookout = self.lookout.as_ref().filter(|_| !self.is_ended());
        let of = [
            lookout.map(|lookout| (lookout.exit.fd(), PollFlags::IN)),
            lookout.and_then(|lookout| Some((lookout.bell.as_ref()?.fd(), PollFlags::IN))),
            self.input.as_ref().map(|input| (input.pipe.as_fd(), PollFlags::OUT)),
            self.stdout.fd().map(|fd| (fd, PollFlags::IN)),
            self.stderr.fd().map(|fd| (fd, PollFlags::IN)),
        ];
        let mut fds = Vec::with_capacity(of.len());
        fds.extend(of.iter().flatten().map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)));
        match poll(&mut fds, self.alarm().map(left).as_ref()) {
            Ok(_) => {}
            Err(Errno::INTR) => return Ok(Ready::default()),
            Err(error) => return Err(error.into()),
        }
        let mut polled = fds.iter().map(|fd| !fd.revents().is_empty());
        let [exit, bell, input, stdout, stderr] =
            of.map(|fd| fd.is_some() && polled.next().unwrap_or_default());
        Ok(Ready { exit, bell, input, stdout, stderr })
    }

    fn exchange(&mut self, ready: &Ready) -> io::Result<()> {
        if ready.bell {
            self.lookout.iter_mut().filter_map(|lookout| lookout.bell.as_mut()).for_each(PipeBell::hear);
        }
        if ready.input {
            self.input = self.input.take().and_then(Input::write);
        }
        if ready.stdout || ready.stderr {
            // when one of them is closed, so is most often the other
            let tell = &mut self.orders.tell;
            self.stdout.read(&mut self.buffer, OutputStream::Stdout, tell)?;
            self.stderr.read(&mut self.buffer, OutputStream::Stderr, tell)?;
            if let State::Ended { quiet_at, .. } = &mut self.state {
                *quiet_at = Instant::now() + QUIET;
            }
        }
        Ok(())
    }

    fn hear_news(&mut self) -> io::Result<()> {
        match self.lookout.as_mut().map(|lookout| lookout.exit.news()) {
            Some(News::WantsTerminal) if matches!(self.state, State::Running) => {
                self.end = End::WantsTerminal;
                self.kill();
            }
            Some(News::WantsTerminal) => {}
            Some(News::Ended) | None => self.reap()?,
        }
        Ok(())
    }

    /// Whether nothing can happen any more but its end, so that it is as well to wait for that alone.
    fn only_ends(&self) -> bool {
        let is_free =
            self.orders.limits.is_none() && self.orders.timeout.is_none() && !self.orders.watches_stops;
        let is_silent = self.input.is_none() && !self.stdout.is_open() && !self.stderr.is_open();
        is_free && is_silent && !self.is_ended()
    }

    fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    fn reap(&mut self) -> io::Result<()> {
        let running = &mut self.running;
        if !matches!(self.end, End::Itself) {
            running.target.kill_rest();
        }
        running.target.forget();
        running.is_reaped = true;
        running.child.wait()?; // the status is kept there
        self.input = None;
        let now = Instant::now();
        self.state = State::Ended { quiet_at: now + QUIET, last_at: now + LINGER };
        Ok(())
    }

    /// Whether it has ended, and nothing more is to be expected of its pipes.
    fn is_over(&self) -> bool {
        let State::Ended { quiet_at, last_at } = self.state else { return false };
        (!self.stdout.is_open() && !self.stderr.is_open()) || quiet_at.min(last_at) <= Instant::now()
    }

    fn finish(mut self) -> io::Result<Ran> {
        if let Some(tell) = &mut self.orders.tell {
            self.stdout.lines.finish(&mut |line| tell(OutputStream::Stdout, line));
            self.stderr.lines.finish(&mut |line| tell(OutputStream::Stderr, line));
        }
        Ok(Ran {
            status: self.running.child.wait()?,
            end: self.end,
            stdout: self.stdout.let_go(),
            stderr: self.stderr.let_go(),
        })
    }
}

/// What the process is still to read.
struct Input {
    pipe: ChildStdin,
    bytes: Vec<u8>,
    written: usize,
}

impl Input {
    fn new(pipe: ChildStdin, bytes: Vec<u8>) -> io::Result<Self> {
        no_waiting(&pipe)?;
        Ok(Input { pipe, bytes, written: 0 })
    }

    /// Closes it when all is written, or when the process does not want the rest.
    fn write(mut self) -> Option<Self> {
        match self.pipe.write(&self.bytes[self.written..]) {
            Ok(written) => self.written += written,
            Err(error) if is_later(&error) => {}
            Err(_) => return None,
        }
        (self.written < self.bytes.len()).then_some(self)
    }
}

struct Stream<R> {
    pipe: Option<R>,
    capture: Capture,
    lines: Lines,
}

impl<R: Read + AsFd + Into<OwnedFd>> Stream<R> {
    /// Without a pipe it goes elsewhere.
    fn new(pipe: Option<R>, capture: Capture) -> io::Result<Self> {
        if let Some(pipe) = &pipe {
            no_waiting(pipe)?;
        }
        Ok(Stream { pipe, capture, lines: Lines::default() })
    }

    fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// What there is now, up to a pipe's fill, so that others get their turn.
    fn read(&mut self, buffer: &mut Vec<u8>, stream: OutputStream, tell: &mut Tell<'_>) -> io::Result<()> {
        let Some(pipe) = &mut self.pipe else { return Ok(()) };
        match pipe.read(buffer) {
            Ok(0) => self.pipe = None,
            Ok(read) => {
                self.capture.push(&buffer[..read]);
                if let Some(tell) = tell {
                    self.lines.push(&buffer[..read], &mut |line| tell(stream, line));
                }
                if read == buffer.len() {
                    buffer.resize(LARGE, 0);
                }
            }
            Err(error) if is_later(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What was captured. A pipe that is still open is somebody else's.
    fn let_go(self) -> Capture {
        if let Some(pipe) = self.pipe {
            drain::hand_over(pipe.into());
        }
        self.capture
    }
}

fn no_waiting(pipe: impl AsFd) -> io::Result<()> {
    Ok(ioctl_fionbio(pipe, true)?)
}

fn is_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
