//! Brings up a small stack on this machine: directories, a configuration, a server, a wait until it answers, a smoke test.
//! Whatever happens to it (Ctrl-C, a server that hangs, `kill -9`), it leaves nothing behind that the next run does not put
//! right. Its jobs are described in `spinup/graph.rs`, which tests run with a fake of the machine.
//!
//! ```text
//! cargo run -p dojobber-cli --example spinup -- --dir stack --port 8080 --hold -v
//! ```

#[path = "spinup/graph.rs"]
mod graph;
#[path = "spinup/machine.rs"]
mod machine;
#[path = "spinup/server.rs"]
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use graph::{Stack, spinup};
use machine::{CONFIGURATION, Machine};

/// Bring up a small stack on this machine, and try it
#[derive(Parser)]
struct Args {
    /// Where the stack has its files
    #[arg(long)]
    dir: PathBuf,
    /// The port of 127.0.0.1 that the server listens at
    #[arg(long)]
    port: u16,
    /// What the server says
    #[arg(long, default_value = "hello")]
    greeting: String,
    /// Stay up until Ctrl-C
    #[arg(long)]
    hold: bool,
    /// How many milliseconds to wait for the server to answer
    #[arg(long, default_value_t = 10_000)]
    patience: u64,
    /// Start a server that never answers
    #[arg(long)]
    hang: bool,
    /// Be that server, and not the stack
    #[arg(long, hide = true)]
    serve: bool,
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

fn main() -> dojobber::Result<ExitCode> {
    let Args { dir, port, greeting, hold, patience, hang, serve, run } = dojobber_cli::parse();
    if serve {
        server::serve(port, &dir.join(CONFIGURATION), hang)?;
        return Ok(ExitCode::SUCCESS);
    }
    let patience = Duration::from_millis(patience);
    let machine = Machine { program: std::env::current_exe()?, dir, port, hang };
    let stack = Stack { greeting, patience, hold };
    let limits = |runner: dojobber::RunnerBuilder| {
        runner.grace_period(Duration::from_secs(2)).default_timeout(Duration::from_secs(30))
    };
    Ok(run.main_with(spinup(&stack, &machine).compile(), (), limits))
}
