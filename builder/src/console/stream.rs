//! Whole lines into a stream that may take them in pieces, later, or not at all.

use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::Duration;

/// How long a stream that takes nothing may take. Standard error is full for as long as its reader pauses.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time between two attempts grows up to this.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// A stream of lines.
///
/// 1. A line is written whole while somebody reads: a part of it that was taken is no reason to give up the rest, also
///    where the stream does not wait by itself (as Node.js or ssh leave standard error).
/// 2. A line that could only be written in part is ended before the next one begins.
/// 3. Nobody waits for a stream for ever: one that has taken nothing for ten seconds is not waited for again until it
///    takes something.
pub(super) struct Stream {
    out: Box<dyn Write + Send>,
    /// Whether the last thing written is a part of a line.
    is_cut: bool,
    is_stuck: bool,
    patience: Duration,
}

impl Stream {
    pub(super) fn new(out: impl Write + Send + 'static) -> Self {
        Stream { out: Box::new(out), is_cut: false, is_stuck: false, patience: PATIENCE }
    }

    /// Writes lines, in one piece. What cannot be written is lost: that is no reason to stop a run.
    pub(super) fn write(&mut self, lines: &str) {
        if self.is_cut && !self.write_all(b"\n") {
            return;
        }
        self.is_cut = false;
        self.write_all(lines.as_bytes());
        let _ = self.out.flush();
    }

    /// Whether all of it was written.
    fn write_all(&mut self, mut bytes: &[u8]) -> bool {
        let (mut pause, mut waited) = (Duration::from_millis(1), Duration::ZERO);
        while !bytes.is_empty() {
            match self.out.write(bytes) {
                Ok(0) => return false,
                Ok(written) => {
                    self.is_cut = written < bytes.len() || bytes[written - 1] != b'\n';
                    self.is_stuck = false;
                    bytes = &bytes[written..];
                    (pause, waited) = (Duration::from_millis(1), Duration::ZERO);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_full(&error) && !self.is_stuck => {
                    self.is_stuck = waited >= self.patience;
                    thread::sleep(pause);
                    waited += pause;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                Err(_) => return false,
            }
        }
        true
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
        /// That many bytes at most.
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
        let mut stream = Stream::new(out);
        stream.patience = Duration::from_millis(3);
        ["one\n", "two\nand\n", "three\n"].iter().for_each(|lines| stream.write(lines));
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
