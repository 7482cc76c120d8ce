//! A terminal that a block of lines is drawn on, and what becomes of the block when the terminal is resized.

use std::env;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use console::Term;
use dojobber::WholeWriter;
use indicatif::TermLike;

/// A terminal as indicatif draws on it. That one fills each line with spaces, and lets the terminal begin the next one at its
/// edge; here each line has an end of its own, so that a terminal which breaks its lines anew when it is resized breaks each of
/// them alone, and none when it becomes wider.
#[derive(Clone)]
pub(crate) struct Terminal {
    inner: Arc<Inner>,
}

struct Inner {
    /// Rows and columns, as they are now.
    size: Box<dyn Fn() -> (u16, u16) + Send + Sync>,
    out: Mutex<Out>,
    reflows: bool,
}

struct Out {
    stream: WholeWriter,
    /// What is not yet written.
    text: String,
    /// Whether the line is whole: what comes next stands below.
    is_line_whole: bool,
}

impl Terminal {
    /// Standard error.
    pub(crate) fn stderr() -> Self {
        Terminal::new(|| Term::stderr().size(), io::stderr(), reflows())
    }

    fn new(
        size: impl Fn() -> (u16, u16) + Send + Sync + 'static,
        stream: impl Write + Send + 'static,
        reflows: bool,
    ) -> Self {
        let out = Out { stream: WholeWriter::new(stream), text: String::new(), is_line_whole: false };
        Terminal { inner: Arc::new(Inner { size: Box::new(size), out: Mutex::new(out), reflows }) }
    }

    /// Rows and columns.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (rows, columns) = (self.inner.size)();
        (rows.into(), columns.into())
    }

    /// Writes where the cursor is.
    pub(crate) fn write(&self, text: &str) -> io::Result<()> {
        self.out().stream.write_all(text.as_bytes())
    }

    /// How many rows lines of so many cells take more than they did in a terminal that had so many columns.
    pub(crate) fn rows_more(&self, lines: impl Iterator<Item = usize>, before: usize) -> usize {
        let (_, columns) = self.size();
        if !self.inner.reflows || columns == 0 || columns >= before {
            return 0;
        }
        lines.map(|cells| cells.div_ceil(columns).saturating_sub(1)).sum()
    }

    fn out(&self) -> MutexGuard<'_, Out> {
        self.inner.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves it up, down, right or left: `A` to `D`.
    fn move_cursor(&self, n: usize, direction: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { self.push(format_args!("\u{1b}[{n}{direction}")) }
    }

    fn push(&self, text: fmt::Arguments<'_>) -> io::Result<()> {
        let mut out = self.out();
        out.is_line_whole = false;
        out.text.write_fmt(text).map_err(io::Error::other)
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        (self.inner.size)().1
    }

    fn height(&self) -> u16 {
        (self.inner.size)().0
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.push(format_args!("{text}\r\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.chars().all(|character| character == ' ') {
            self.push(format_args!("\u{1b}[K"))?; // these spaces fill the line
            self.out().is_line_whole = true;
            return Ok(());
        }
        let below = if self.out().is_line_whole { "\r\n" } else { "" };
        self.push(format_args!("{below}{text}"))
    }

    fn clear_line(&self) -> io::Result<()> {
        self.push(format_args!("\r\u{1b}[2K"))
    }

    fn flush(&self) -> io::Result<()> {
        let out = &mut *self.out();
        let text = std::mem::take(&mut out.text);
        out.stream.write_all(text.as_bytes())
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}

/// Whether the terminal breaks lines anew when it becomes narrower. Those that do not are `xterm`, `screen` and the console of
/// Linux; where it is not known nothing is taken away, since it might be something else.
fn reflows() -> bool {
    const TERMS: [&str; 7] =
        ["alacritty", "foot", "rxvt-unicode", "tmux", "wezterm", "xterm-ghostty", "xterm-kitty"];
    const PROGRAMS: [&str; 5] = ["Apple_Terminal", "WezTerm", "ghostty", "iTerm.app", "vscode"];
    const VARIABLES: [&str; 6] =
        ["ALACRITTY_WINDOW_ID", "KITTY_WINDOW_ID", "KONSOLE_VERSION", "TMUX", "VTE_VERSION", "WT_SESSION"];
    let value = |name: &str| env::var(name).unwrap_or_default();
    let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let (term, program) = (value("TERM"), value("TERM_PROGRAM"));
    let is_known = TERMS.iter().any(|known| term.starts_with(known))
        || PROGRAMS.contains(&&*program)
        || VARIABLES.iter().any(|name| is_set(name));
    is_known && (is_set("TMUX") || !is_set("STY") && !is_set("XTERM_VERSION"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What is seen on a terminal.
    #[derive(Clone)]
    pub(crate) struct Seen {
        screen: Arc<Mutex<vt100::Parser>>,
    }

    impl Seen {
        pub(crate) fn new(rows: u16, columns: u16) -> Self {
            Seen { screen: Arc::new(Mutex::new(vt100::Parser::new(rows, columns, 0))) }
        }

        /// As a terminal. One that `reflows` is resized with [`Seen::reflow`].
        pub(crate) fn terminal(&self, reflows: bool) -> Terminal {
            let screen = Arc::clone(&self.screen);
            Terminal::new(move || screen.lock().unwrap().screen().size(), self.clone(), reflows)
        }

        /// The rows are cut off, or go on.
        pub(crate) fn resize(&self, rows: u16, columns: u16) {
            self.screen.lock().unwrap().screen_mut().set_size(rows, columns);
        }

        /// The lines are broken anew, and the cursor stays behind its text.
        pub(crate) fn reflow(&self, rows: u16, columns: u16) {
            let mut parser = self.screen.lock().unwrap();
            let screen = parser.screen();
            let (row, _) = screen.cursor_position();
            let mut text = String::new();
            for (at, line) in (0..=row).zip(screen.rows(0, screen.size().1)) {
                text.push_str(&line);
                text.push_str(if screen.row_wrapped(at) || at == row { "" } else { "\r\n" });
            }
            *parser = vt100::Parser::new(rows, columns, 0);
            parser.process(text.as_bytes());
        }

        /// All rows down to the last one that has text.
        pub(crate) fn lines(&self) -> Vec<String> {
            let screen = self.screen.lock().unwrap();
            screen.screen().contents().trim_end().lines().map(|line| line.trim_end().to_owned()).collect()
        }
    }

    impl Write for Seen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // as the system does it on the way to a terminal
            let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\n', "\r\n");
            self.screen.lock().unwrap().process(text.as_bytes());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
