//! What goes on, on a terminal: a block of lines that is drawn anew ten times a second, and taken away at the end.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dojobber::{Event, Observer, cells, one_line};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Says;
use crate::progress::Progress;
use crate::terminal::Terminal;
use crate::ticker::Ticker;

/// How often the block is drawn.
const TICK: Duration = Duration::from_millis(100);

/// A place for lines on a terminal, above a block that moves.
#[derive(Clone)]
pub(crate) struct Screen {
    terminal: Terminal,
    block: ProgressBar,
    drawn: Arc<Mutex<Drawn>>,
}

/// The block as it stands on the terminal.
#[derive(Debug, Default)]
struct Drawn {
    lines: Vec<String>,
    /// How wide the terminal was then.
    columns: usize,
}

impl Screen {
    pub(crate) fn new(terminal: Terminal) -> Self {
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let block = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            block.set_style(style);
        }
        Screen { terminal, block, drawn: Arc::default() }
    }

    /// Draws these lines in place of those that are there.
    fn draw(&self, frame: impl FnOnce(usize, usize) -> Vec<String>) {
        let mut drawn = self.settled();
        let (rows, columns) = self.terminal.size();
        let lines = frame(rows, columns);
        if !lines.is_empty() || !drawn.lines.is_empty() {
            *drawn = Drawn { lines, columns };
            self.block.set_message(drawn.lines.join("\n")); // draws it, too
        }
    }

    /// The block, for which others have to wait. Where the terminal has become narrower and has broken its lines anew, it stands
    /// in more rows than were drawn, with the cursor in the last one: as many of them are taken away.
    fn settled(&self) -> MutexGuard<'_, Drawn> {
        let drawn = lock(&self.drawn);
        let more = self.terminal.rows_more(drawn.lines.iter().map(|line| cells(line)), drawn.columns);
        if more > 0 {
            let _ = self.terminal.write(&format!("\u{1b}[{more}A\r\u{1b}[J")); // up, and away with what is below
        }
        drawn
    }

    /// Begins anew, after a run that has ended.
    fn begin(&self) {
        self.block.reset();
    }

    /// Takes the block away.
    fn clear(&self) {
        *self.settled() = Drawn::default();
        self.block.finish_and_clear();
    }
}

/// What is written stands above the block.
impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut drawn = self.settled();
        let (_, columns) = self.terminal.size();
        if columns < drawn.columns {
            // it is drawn again below the text, and has to fit there
            let lines = drawn.lines.iter().map(|line| one_line(line, columns.saturating_sub(1))).collect();
            *drawn = Drawn { lines, columns };
            self.block.set_message(drawn.lines.join("\n"));
        }
        self.block.suspend(|| self.terminal.write(&text))?;
        drop(drawn);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An observer that shows what goes on.
pub(crate) struct Live {
    screen: Screen,
    progress: Arc<Mutex<Progress>>,
    ticker: Mutex<Option<Ticker>>,
}

impl Live {
    pub(crate) fn new(screen: Screen, says: Says) -> Self {
        let progress = Arc::new(Mutex::new(Progress::new(says)));
        Live { screen, progress, ticker: Mutex::default() }
    }
}

impl Observer for Live {
    fn on_event(&self, event: &Event) {
        lock(&self.progress).note(event);
        match event {
            Event::RunStarted { .. } => {
                self.screen.begin();
                let (screen, progress, begin) =
                    (self.screen.clone(), Arc::clone(&self.progress), Instant::now());
                let draw = move || {
                    let now = begin.elapsed();
                    screen.draw(|rows, columns| lock(&progress).frame(now, rows, columns));
                    TICK
                };
                *lock(&self.ticker) = Ticker::start(TICK, draw).ok();
            }
            Event::RunEnded { .. } => {
                drop(lock(&self.ticker).take());
                self.screen.clear();
            }
            _ => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::tests::Seen;

    /// Three lines that nearly reach the edge.
    fn frame(columns: usize) -> Vec<String> {
        ["a", "b", "c"].map(|word| format!("  {}", word.repeat(columns - 4))).into()
    }

    /// What was written above, and then the block as it fits. Returns how many lines of that are seen.
    #[track_caller]
    fn check(seen: &Seen, above: &[String], columns: usize) -> usize {
        let (lines, all) = (seen.lines(), [above, &frame(columns)].concat());
        assert!(all.ends_with(&lines), "{columns} columns: {lines:#?}\nin place of the end of {all:#?}");
        assert_eq!(lines[lines.len() - 3..], frame(columns));
        lines.len()
    }

    /// A terminal of 12 rows is resized again and again, while the block stands in its middle and later at its lower end.
    #[track_caller]
    fn check_resized(reflows: bool) {
        let seen = Seen::new(12, 80);
        let mut screen = Screen::new(seen.terminal(reflows));
        let mut above: Vec<String> = Vec::new();
        screen.draw(|_, columns| frame(columns));
        for (number, columns) in [40, 60, 30, 29, 14, 80, 30, 100, 99, 25, 50].into_iter().enumerate() {
            for part in ["drawn", "told"] {
                let line = format!("{part} {number}");
                screen.write_all(format!("{line}\n").as_bytes()).unwrap();
                above.push(line);
                screen.draw(|_, columns| frame(columns));
            }
            if reflows {
                seen.reflow(12, columns)
            } else {
                seen.resize(12, columns)
            }
            if number % 2 == 0 {
                // the first that comes after it is a line above
                screen.write_all(b"above\n").unwrap();
                above.push("above".to_owned());
            }
            screen.draw(|_, columns| frame(columns));
            let shown = check(&seen, &above, columns.into()) - 3;
            // others have left at the top, as the block took more rows for a moment
            assert!(reflows || shown == above.len().min(12 - 3), "{shown} of {above:#?}");
            above.drain(..above.len() - shown);
        }
        screen.clear();
        assert_eq!(seen.lines(), above);
    }

    /// A terminal that has no room for the block any more shows what was written, and nothing else.
    #[test]
    fn what_is_too_narrow_has_no_block() {
        for reflows in [false, true] {
            let seen = Seen::new(12, 80);
            let mut screen = Screen::new(seen.terminal(reflows));
            screen.write_all(b"a\nb\nc\n").unwrap();
            screen.draw(|_, columns| frame(columns));
            if reflows {
                seen.reflow(12, 40)
            } else {
                seen.resize(12, 40)
            }
            for _ in 0..5 {
                screen.draw(|_, _| Vec::new());
            }
            screen.write_all(b"d\n").unwrap();
            assert_eq!(seen.lines(), ["a", "b", "c", "d"], "reflows: {reflows}");
            screen.draw(|_, columns| frame(columns));
            check(&seen, &["a", "b", "c", "d"].map(str::to_owned), 40);
        }
    }

    #[test]
    fn where_lines_are_cut_off_nothing_is_left_behind_and_nothing_lost() {
        check_resized(false);
    }

    #[test]
    fn where_lines_are_broken_anew_nothing_is_left_behind_and_nothing_lost() {
        check_resized(true);
    }
}
