//! All that is known about what fails, below the line that says so.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use dojobber::{Console, ErrorText, Event, Observer, WholeWriter, printable};

/// The lines of a [`Console`], and below those of failed phases what did not fit: the other lines of an error, and the
/// chain of its causes, indented.
pub(crate) struct Details {
    out: Mutex<(Console, WholeWriter)>,
}

impl Details {
    /// What the console writes and what is below it go to the same place.
    pub(crate) fn new(out: impl Write + Send + Clone + 'static) -> Self {
        Details { out: Mutex::new((Console::lines().to(out.clone()), WholeWriter::new(out))) }
    }
}

impl Observer for Details {
    fn on_event(&self, event: &Event) {
        // held, so that the details of a line follow it
        let mut held = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let (console, out) = &mut *held;
        console.on_event(event);
        if let Event::PhaseEnded { error: Some(error), .. } = event {
            let lines: String = details(error).iter().map(|line| format!("  {line}\n")).collect();
            let _ = out.write_all(lines.as_bytes()); // nobody has to listen
        }
    }
}

fn details(error: &ErrorText) -> Vec<String> {
    let message = error.message();
    let mut lines = Vec::new();
    if message.trim_end().contains('\n') {
        lines.extend(message.lines().map(|line| format!("{:#}", printable(line))));
    }
    for cause in error.causes() {
        lines.extend(cause.lines().enumerate().map(|(at, line)| {
            let before = if at == 0 { "caused by: " } else { "" };
            format!("{before}{:#}", printable(line))
        }));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::{BoxError, Graph};

    #[track_caller]
    fn check(error: impl Fn() -> BoxError + Send + Sync, expected: &[&str]) {
        let fails = Graph::new().job("fails").tries(1).run_only(move |_| Err::<(), BoxError>(error()));
        let run = fails.compile().unwrap().run(());
        assert_eq!(details(run.report().error("fails").unwrap()), expected);
    }

    #[test]
    fn what_did_not_fit_on_the_line() {
        check(|| "short".into(), &[]);
        check(|| "two\nlines\u{1b}".into(), &["two", "lines\\u{1b}"]);
        let caused = || -> BoxError {
            Box::new(std::io::Error::other(Above("the disk\nis full".parse::<u8>().unwrap_err())))
        };
        check(caused, &["caused by: invalid digit found in string"]);
    }

    #[derive(Debug)]
    struct Above(std::num::ParseIntError);

    impl std::fmt::Display for Above {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("above")
        }
    }

    impl std::error::Error for Above {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
}
