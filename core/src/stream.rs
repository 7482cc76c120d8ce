//! Streams that may take what they are given in pieces, later, or not at all.

use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::Duration;

/// How long a stream that takes nothing may take. Standard error is full for as long as its reader pauses.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two attempts grows up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A stream into which each call writes all that it is given, such as a line, or an error says that it could not.
///
/// 1. What is given arrives whole while somebody reads: a piece that was taken is no reason to give up the rest, also
///    where the stream does not wait by itself (as Node.js or ssh leave standard output and standard error).
/// 2. A line that could only be written in part is ended before the next one begins.
/// 3. A stream that has taken nothing for ten seconds, or for [`patience`](Self::patience), is not waited for again until
///    it takes something.
///
/// ```
/// use std::io::Write;
///
/// let mut errors = dojobber_core::WholeWriter::new(std::io::stderr());
/// errors.write_all(b"a line that arrives whole\n")?;
/// # std::io::Result::Ok(())
/// ```
pub struct WholeWriter {
    out: Box<dyn Write + Send>,
    /// Whether the last thing written is a piece of what was to be written whole.
    is_cut: bool,
    is_stuck: bool,
    patience: Duration,
}

impl WholeWriter {
    /// Writes to `out`, and waits for ten seconds where that is full.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        WholeWriter { out: Box::new(out), is_cut: false, is_stuck: false, patience: PATIENCE }
    }

    /// The time for which a stream is waited for that takes nothing; `Duration::MAX`: for as long as it takes.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn put(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.attempt(|out| out.write(bytes))?;
            if written == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
            self.is_cut = written < bytes.len();
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// Does it, again and again for as long as the stream is full and the patience lasts.
    fn attempt<T>(&mut self, mut act: impl FnMut(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
        let (mut pause, mut waited) = (Duration::from_millis(1), Duration::ZERO);
        loop {
            match act(&mut *self.out) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_full(&error) && !self.is_stuck => {
                    self.is_stuck = waited >= self.patience;
                    thread::sleep(pause);
                    waited += pause;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                Ok(done) => {
                    self.is_stuck = false;
                    return Ok(done);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Write for WholeWriter {
    /// Writes all of it, and flushes the stream.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_cut {
            self.put(b"\n")?;
        }
        self.put(bytes)?;
        self.flush()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|out| out.flush())
    }
}

impl fmt::Debug for WholeWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WholeWriter").field("is_cut", &self.is_cut).finish_non_exhaustive()
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What a stream answers to the next attempt. Afterwards it takes all.
    #[derive(Clone, Copy)]
    enum Answer {
        /// Up to that many bytes are taken.
        Takes(usize),
        Refuses(ErrorKind),
    }

    use Answer::{Refuses, Takes};

    struct Scripted {
        answers: VecDeque<Answer>,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Scripted {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let most = match self.answers.pop_front() {
                None => bytes.len(),
                Some(Takes(most)) => most.min(bytes.len()),
                Some(Refuses(kind)) => return Err(kind.into()),
            };
            self.taken.lock().unwrap().extend(&bytes[..most]);
            Ok(most)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What arrives of three lines.
    #[track_caller]
    fn check(answers: &[Answer], expected: &str) {
        let taken = Arc::<Mutex<Vec<u8>>>::default();
        let out = Scripted { answers: answers.iter().copied().collect(), taken: Arc::clone(&taken) };
        let mut stream = WholeWriter::new(out).patience(Duration::from_millis(3));
        for lines in ["one\n", "two\nand\n", "three\n"] {
            let is_whole = stream.write_all(lines.as_bytes()).is_ok();
            assert_eq!(is_whole, taken.lock().unwrap().ends_with(lines.as_bytes()));
        }
        assert_eq!(str::from_utf8(&taken.lock().unwrap()).unwrap(), expected);
    }

    const FULL: Answer = Refuses(ErrorKind::WouldBlock);
    const ALL: &str = "one\ntwo\nand\nthree\n";

    #[test]
    fn a_line_arrives_whole() {
        check(&[], ALL);
        check(&[Takes(1); 50], ALL);
        check(&[FULL, Takes(2), FULL, FULL, Takes(1), Takes(1), FULL], ALL);
        check(&[Takes(3), Refuses(ErrorKind::Interrupted), Refuses(ErrorKind::TimedOut), Takes(1)], ALL);
    }

    #[test]
    fn the_line_behind_a_cut_one_begins_anew() {
        let broken = Refuses(ErrorKind::BrokenPipe);
        check(&[broken], "two\nand\nthree\n");
        check(&[Takes(2), broken], "on\ntwo\nand\nthree\n");
        check(&[Takes(4), Takes(4), broken], "one\ntwo\n\nthree\n"); // a part of what belongs together
        check(&[Takes(2), broken, broken], "on\nthree\n"); // neither the end of the line, nor the next one
        check(&[Takes(2), Takes(0)], "on\ntwo\nand\nthree\n");
        check(&[Takes(3), broken, Takes(1), broken], "one\nthree\n"); // the end of the line, and nothing else
    }

    #[test]
    fn nobody_waits_for_ever() {
        check(&[FULL; 100], "");
        check(&[FULL; 5], "three\n"); // four for the first line, and one for the second
        check(&[FULL, FULL, Takes(1), FULL, FULL], ALL); // it has gone on meanwhile
    }
}
