//! What is done to the workspace, not by it: `cargo xtask ci`, and whatever joins it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program says what it does")]

mod util;
mod metadata;
mod tidy;
mod deny;
mod package;
mod movie;
mod docs;
mod render;
mod guard;
mod outside;
mod newcomer;
mod mermaid;
mod readers;
mod targets;
mod model;
mod slurm;
mod ci;
mod bench;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use util::workspace_root;

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
    /// Counts the instructions of a few fixed runs and compares them with what was accepted; needs valgrind
    Guard {
        /// Accept what it counts now
        #[arg(long)]
        accept: bool,
    },
    /// Takes all figures, beside oneTBB (Debian's libtbb-dev, where it is there) and others; a quarter of an hour
    Bench {
        /// In two minutes, with few samples and no graph of a million tasks
        #[arg(long)]
        quick: bool,
        /// Without the Rust crates that do the same, which take long to build and to run
        #[arg(long)]
        without_peers: bool,
        /// Nothing but jobs that wait for processes (beside ninja and make, where they are there) and for time
        #[arg(long)]
        waits: bool,
    },
    /// Fuzz every target; needs cargo-fuzz and a nightly toolchain
    Fuzz {
        /// How long, for each target
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Does a command while there is a Slurm of three nodes on this machine; needs slurm-wlm, munge and root
    ///
    /// `cargo xtask slurm -- sinfo`, or `-- bash` to look around. Nothing of it is left behind.
    Slurm {
        /// The command and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<std::ffi::OsString>,
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
        Task::Guard { accept } => (guard::run(workspace_root(), accept), ExitCode::FAILURE),
        Task::LayoutQuality { arguments } => {
            (ci::layout_quality(workspace_root(), &arguments), ExitCode::FAILURE)
        }
        Task::Bench { quick, without_peers, waits } => {
            (bench::run(workspace_root(), bench::Extent { quick, without_peers, waits }), ExitCode::FAILURE)
        }
        Task::Fuzz { seconds } => (outside::fuzz(workspace_root(), seconds), ExitCode::FAILURE),
        Task::Slurm { command } => (slurm::within(workspace_root(), &command), ExitCode::FAILURE),
        Task::Render(args) => (render::run(workspace_root(), &args), ExitCode::from(2)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            failure
        }
    }
}
