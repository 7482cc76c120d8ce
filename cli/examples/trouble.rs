//! Jobs that go wrong in many ways, to see how that looks: `cargo run -p dojobber-cli --example trouble -- --help`.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::{Parser, ValueEnum};
use dojobber::{Graph, ensure};

/// Jobs that go wrong in many ways
#[derive(Parser)]
struct Args {
    /// What goes wrong; may be said several times
    #[arg(value_enum)]
    troubles: Vec<Trouble>,
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Trouble {
    /// A job that needs a second try
    Flaky,
    /// A job that cannot be done, and one behind it
    Broken,
    /// A program that fails, with much to say
    Command,
    /// A job that panics
    Panic,
    /// A cleanup that fails
    Cleanup,
    /// A program that does not end by itself
    Endless,
    /// A graph with a mistake
    Mistake,
}

#[rustfmt::skip] // the layout shows what belongs to a job
fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let calls = AtomicU32::new(0);
    let graph = Graph::new().job("fine").description("nothing to do").check_only(|_| true);
    let graph = args.troubles.iter().fold(graph, |graph, trouble| match trouble {
        Trouble::Flaky => graph
            .job("flaky").description("works at the second try").tries(2)
                .check(|_| ensure(calls.fetch_add(1, Ordering::Relaxed) > 2, "not yet"))
                .run(|_| ()),
        Trouble::Broken => graph
            .job("broken").tries(2)
                .check(|_| ensure(false, "there is no disk"))
                .run(|_| ensure(false, "no room"))
            .job("behind").after("broken").run_only(|_| ()),
        Trouble::Command => graph
            .job("command").tries(1)
                .run_only(|cx| cx.command("sh").arg("-c").arg("echo one >&2; echo two >&2; exit 3").run()),
        Trouble::Panic => graph.job("panic").tries(1).run_only(|_| -> () { panic!("the house burns") }),
        Trouble::Cleanup => graph
            .job("cleanup").cleanup(|_| ensure(false, "the bucket is gone")).run_only(|_| ()),
        Trouble::Endless => graph
            .job("endless").after("fine").tries(1)
                .run_only(|cx| {
                    let _ = writeln!(std::io::stdout(), "endless has begun");
                    cx.command("sleep").arg("1000").run()
                })
            .job("after").after("endless").run_only(|_| ()),
        Trouble::Mistake => graph.job("mistake").after("fnie").run_only(|_| ()),
    });
    args.run.main_with(graph.compile(), (), |runner| runner.default_retry_delay(Duration::ZERO))
}
