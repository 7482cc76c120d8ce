//! A process and its pipes where there is no `poll` for both: threads read and write, and its end is looked for.
//!
//! The process itself is ended, at once; what it has started is not.

use std::io::{self, Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::process::capture::{Lines, OutputStream};
use crate::process::orders::{End, LINGER, Orders, QUIET, Ran};

/// How often the end of a process is looked for.
const TURN: Duration = Duration::from_millis(10);

/// What a reading thread has found.
enum Piece {
    Bytes(OutputStream, Vec<u8>),
    Closed,
}

/// Watches a process to its end.
pub(super) fn watch(mut child: Child, mut orders: Orders<'_>) -> io::Result<Ran> {
    let result = watch_open(&mut child, &mut orders);
    if result.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    result
}

fn watch_open(child: &mut Child, orders: &mut Orders<'_>) -> io::Result<Ran> {
    let (sender, pieces) = channel();
    let mut open = 0;
    if let Some(pipe) = child.stdout.take() {
        read(pipe, OutputStream::Stdout, sender.clone())?;
        open += 1;
    }
    if let Some(pipe) = child.stderr.take() {
        read(pipe, OutputStream::Stderr, sender)?;
        open += 1;
    }
    if let Some(mut pipe) = child.stdin.take() {
        let bytes = std::mem::take(&mut orders.input);
        thread().spawn(move || pipe.write_all(&bytes))?;
    }
    Watch { child, orders, pieces, open }.run()
}

struct Watch<'w, 'a> {
    child: &'w mut Child,
    orders: &'w mut Orders<'a>,
    pieces: Receiver<Piece>,
    /// How many pipes have not been closed.
    open: usize,
}

impl Watch<'_, '_> {
    fn run(mut self) -> io::Result<Ran> {
        let (mut stdout, mut stderr) = (self.orders.capture_stdout(), self.orders.capture_stderr());
        let (mut out_lines, mut err_lines) = (Lines::default(), Lines::default());
        let mut end = End::Itself;
        let mut status = None;
        let (mut quiet_at, mut last_at) = (None, None);
        loop {
            if status.is_none() {
                if let Some(over) = self.orders.over().filter(|_| end == End::Itself) {
                    end = End::Over(over);
                    let _ = self.child.kill();
                }
                status = self.child.try_wait()?;
                if status.is_some() {
                    last_at = Some(Instant::now() + LINGER);
                    quiet_at = Some(Instant::now() + QUIET);
                }
            }
            if let Some(status) = status
                && (self.open == 0 || quiet_at.min(last_at).is_some_and(|at| at <= Instant::now()))
            {
                if let Some(tell) = &mut self.orders.tell {
                    out_lines.finish(&mut |line| tell(OutputStream::Stdout, line));
                    err_lines.finish(&mut |line| tell(OutputStream::Stderr, line));
                }
                return Ok(Ran { status, end, stdout, stderr });
            }
            match self.pieces.recv_timeout(TURN) {
                Ok(Piece::Bytes(stream, bytes)) => {
                    let (capture, lines) = match stream {
                        OutputStream::Stdout => (&mut stdout, &mut out_lines),
                        OutputStream::Stderr => (&mut stderr, &mut err_lines),
                    };
                    capture.push(&bytes);
                    if let Some(tell) = &mut self.orders.tell {
                        lines.push(&bytes, &mut |line| tell(stream, line));
                    }
                    quiet_at = quiet_at.map(|_| Instant::now() + QUIET);
                }
                Ok(Piece::Closed) => self.open -= 1,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(TURN),
            }
        }
    }
}

fn read(mut pipe: impl Read + Send + 'static, stream: OutputStream, pieces: Sender<Piece>) -> io::Result<()> {
    thread().spawn(move || {
        let mut buffer = vec![0; 65536];
        while let Ok(read @ 1..) = pipe.read(&mut buffer) {
            let _ = pieces.send(Piece::Bytes(stream, buffer[..read].to_vec())); // it reads on when nobody listens
        }
        let _ = pieces.send(Piece::Closed);
    })?;
    Ok(())
}

fn thread() -> std::thread::Builder {
    std::thread::Builder::new().name("dojobber-pipe".into())
}
