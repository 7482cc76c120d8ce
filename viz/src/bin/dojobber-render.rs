//! Draws a saved report of dojobber.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use dojobber_core::WholeWriter;
use dojobber_viz::cli::{RenderArgs, on_one_line};

/// Draw a saved report of dojobber: every job in the colour of its outcome
#[derive(Parser)]
#[command(name = "dojobber-render", version)]
struct Program {
    #[command(flatten)]
    render: RenderArgs,
}

fn main() -> ExitCode {
    let program = Program::parse();
    match program.render.render() {
        Ok(written) => {
            let notes: String = written.notes.iter().map(|note| format!("warning: {note}\n")).collect();
            say(io::stderr(), &notes);
            if !program.render.uses_standard_output() {
                let files = written.files.iter().map(|file| format!("{}\n", file.display()));
                say(io::stdout(), &files.collect::<String>());
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            say(io::stderr(), &format!("error: {}\n", on_one_line(&error)));
            ExitCode::from(2)
        }
    }
}

/// Nobody has to listen: the files are there all the same.
fn say(to: impl Write + Send + 'static, lines: &str) {
    let _ = WholeWriter::new(to).write_all(lines.as_bytes());
}
