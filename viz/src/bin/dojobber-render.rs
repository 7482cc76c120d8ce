//! Draws a saved report of dojobber.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;
use dojobber_viz::cli::{RenderArgs, on_one_line};

/// Draw a saved report of dojobber: every job in the colour of its outcome
#[derive(Parser)]
#[command(name = "dojobber-render", version)]
struct Program {
    #[command(flatten)]
    render: RenderArgs,
}

#[expect(clippy::print_stderr, reason = "a program for people")]
fn main() -> ExitCode {
    let program = Program::parse();
    match program.render.render() {
        Ok(written) => {
            written.notes.iter().for_each(|note| eprintln!("warning: {note}"));
            if !program.render.uses_standard_output() {
                written.files.iter().for_each(|file| say(&file.display()));
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}", on_one_line(&error));
            ExitCode::from(2)
        }
    }
}

/// The files are there, even if nobody wants to know.
fn say(text: &dyn Display) {
    let _ = writeln!(io::stdout(), "{text}");
}
