//! What is done to the workspace, not by it: `cargo xtask ci`, and whatever joins it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program says what it does")]

mod ci;
mod render;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Everything that must hold before a change goes in; stops at the first step that fails
    Ci {
        /// Do these steps alone
        steps: Vec<ci::Step>,
    },
    /// Draw a saved report, or run the movie example and draw that
    ///
    /// Every job is an ellipse in the colour of its outcome: green where nothing had to be done, dark green where it was
    /// done, red where it failed, white where something that it depends on failed. Exit status 2 if nothing was drawn.
    Render(render::Args),
    /// Compare our pictures with those of Graphviz; arguments go on to the program that does it (`-- --help` tells)
    LayoutQuality {
        /// For that program
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let (result, failure) = match Cli::parse().task {
        Task::Ci { steps } => (ci::run(workspace_root(), &steps), ExitCode::FAILURE),
        Task::LayoutQuality { arguments } => {
            (ci::layout_quality(workspace_root(), &arguments), ExitCode::FAILURE)
        }
        Task::Render(args) => (render::run(&args), ExitCode::from(2)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            failure
        }
    }
}

fn workspace_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package stands in the workspace")
}
