//! What is kept of what a process writes.

/// One of the streams that a process writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// How much of the start and of the end of a stream is kept, in bytes.
pub(super) const KEPT: usize = 64 * 1024;

/// The start and the end of a stream, or all of it.
#[derive(Debug)]
pub(super) struct Capture {
    /// What it may be long.
    limit: usize,
    start: Vec<u8>,
    /// Up to twice as much as is kept, so that it is moved rarely.
    end: Vec<u8>,
}

impl Capture {
    /// The first and the last 64 KiB.
    pub(super) fn ends() -> Self {
        Capture { limit: KEPT, start: Vec::new(), end: Vec::new() }
    }

    /// All of it.
    pub(super) fn all() -> Self {
        Capture { limit: usize::MAX, ..Capture::ends() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let (start, rest) = bytes.split_at(bytes.len().min(self.limit - self.start.len()));
        self.start.extend_from_slice(start);
        self.end.extend_from_slice(rest);
        if self.end.len() >= 2 * KEPT {
            self.end.drain(..self.end.len() - KEPT);
        }
    }

    /// All that was kept: of a long stream, start and end without what was between them.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.start;
        bytes.extend_from_slice(&self.end[self.end.len().saturating_sub(KEPT)..]);
        bytes
    }

    /// The end of it, as text.
    pub(super) fn quote(&self) -> String {
        let mut end = Vec::new();
        if self.end.len() < QUOTED {
            end.extend_from_slice(&self.start[self.start.len().saturating_sub(QUOTED)..]);
        }
        end.extend_from_slice(&self.end);
        quote(&end)
    }
}

/// How much of what a process wrote is quoted, in bytes.
const QUOTED: usize = 2048;

/// The end of what a process wrote, as text.
pub(super) fn quote(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    if text.len() <= QUOTED {
        return text.to_owned();
    }
    let cut = (text.len() - QUOTED..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    format!("..{}", &text[cut..])
}

/// Text as it comes, cut into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The start of a line whose end has not come yet.
    open: Vec<u8>,
}

impl Lines {
    /// Calls `tell` for each line that is complete, without its end. What has no line break is told in pieces.
    pub(super) fn push(&mut self, mut bytes: &[u8], tell: &mut dyn FnMut(&str)) {
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            self.open.extend_from_slice(&bytes[..at]);
            self.tell(tell);
            bytes = &bytes[at + 1..];
        }
        self.open.extend_from_slice(bytes);
        if self.open.len() >= KEPT {
            self.tell(tell);
        }
    }

    /// The last line may lack its end.
    pub(super) fn finish(&mut self, tell: &mut dyn FnMut(&str)) {
        if !self.open.is_empty() {
            self.tell(tell);
        }
    }

    fn tell(&mut self, tell: &mut dyn FnMut(&str)) {
        let line = self.open.strip_suffix(b"\r").unwrap_or(&self.open);
        tell(&String::from_utf8_lossy(line));
        self.open.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_and_end_are_kept() {
        let check = |length: usize, piece: usize| {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let (mut ends, mut all) = (Capture::ends(), Capture::all());
            for piece in bytes.chunks(piece) {
                ends.push(piece);
                all.push(piece);
                assert!(ends.end.len() < 2 * KEPT, "it does not grow");
            }
            let tail = length.saturating_sub(KEPT).min(KEPT);
            let expected = [&bytes[..length.min(KEPT)], &bytes[length - tail..]].concat();
            assert!(ends.into_bytes() == expected, "{length} {piece}");
            assert!(all.into_bytes() == bytes, "{length} {piece}");
        };
        for length in [0, 1, KEPT - 1, KEPT, KEPT + 1, 2 * KEPT, 2 * KEPT + 1, 5 * KEPT + 7] {
            for piece in [1000, KEPT - 1, KEPT, 10 * KEPT] {
                check(length, piece);
            }
        }
    }

    #[test]
    fn only_the_end_of_long_text_is_quoted() {
        let long = "ü".repeat(4000) + "end";
        let part = quote(long.as_bytes());
        assert!(part.starts_with("..ü") && part.ends_with("üend") && part.len() <= QUOTED + 2);
        assert_eq!(quote(b" short \n"), "short");
        let check = |length: usize| {
            let mut capture = Capture::ends();
            capture.push("x".repeat(length).as_bytes());
            capture.push(b"why\n");
            let quote = capture.quote();
            assert!(quote.ends_with("xwhy") && quote.len() <= QUOTED + 2, "{length}");
        };
        [10, 5000, KEPT - 2, KEPT, KEPT + 100, 3 * KEPT].into_iter().for_each(check);
    }

    #[test]
    fn lines_are_told_as_they_are_complete() {
        let check = |pieces: &[&[u8]], expected: &[&str]| {
            let (mut lines, mut told) = (Lines::default(), Vec::new());
            for piece in pieces {
                lines.push(piece, &mut |line| told.push(line.to_owned()));
            }
            lines.finish(&mut |line| told.push(line.to_owned()));
            assert_eq!(told, expected);
        };
        check(&[], &[]);
        check(&[b"a\nb\n"], &["a", "b"]);
        check(&[b"a", b"b\r\n", b"\n", b"c"], &["ab", "", "c"]);
        check(&[b"caf\xe9\n"], &["caf\u{fffd}"]);
        let long = vec![b'x'; KEPT];
        let text = "x".repeat(KEPT);
        check(&[&long, &long, b"y"], &[&text, &text, "y"]);
    }
}
