//! What goes on, on a terminal: a block of lines that is drawn anew ten times a second, and taken away at the end.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::Term;
use dojobber::{Event, Observer, WholeWriter};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::progress::Progress;
use crate::ticker::Ticker;

/// How often the block is drawn.
const TICK: Duration = Duration::from_millis(100);

/// A place for lines on a terminal, above a block that moves.
#[derive(Clone)]
pub(crate) struct Screen {
    block: ProgressBar,
}

impl Screen {
    /// On standard error; `always` also where that is no terminal.
    pub(crate) fn new(always: bool) -> Self {
        let target = match always {
            true => ProgressDrawTarget::term_like(Box::new(Term::stderr())),
            false => ProgressDrawTarget::stderr(),
        };
        let block = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            block.set_style(style);
        }
        Screen { block }
    }

    /// Draws the block as it is now, as large as fits.
    fn draw(&self, progress: &Mutex<Progress>, now: Duration) {
        let (rows, columns) = Term::stderr().size();
        let frame = lock(progress).frame(now, usize::from(rows), usize::from(columns));
        if !frame.is_empty() {
            self.block.set_message(frame.join("\n")); // draws it, too
        }
    }

    /// Begins anew, after a run that has ended.
    fn begin(&self) {
        self.block.reset();
    }

    /// Takes the block away.
    fn clear(&self) {
        self.block.finish_and_clear();
    }
}

/// What is written stands above the block.
impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.block.suspend(|| WholeWriter::new(io::stderr()).write_all(text.as_bytes()))?;
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
    pub(crate) fn new(screen: Screen) -> Self {
        Live { screen, progress: Arc::default(), ticker: Mutex::default() }
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
                    screen.draw(&progress, begin.elapsed());
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
