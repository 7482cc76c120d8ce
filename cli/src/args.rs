//! The options that every graph has.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process;
use std::time::Duration;

use clap::builder::{PathBufValueParser, TypedValueParser as _};
use clap::{ArgAction, ArgGroup, Args, Parser, ValueEnum};
use dojobber::DryRun;

use crate::earlier::Earlier;
use crate::output::Color;
use crate::time::duration;

/// The exit code of a wrong call, as `sysexits.h` has it: clap's own is taken by `--detailed-exitcode`.
pub(crate) const USAGE: u8 = 64;

/// The options of a program that runs a graph: flatten them into its own.
///
/// ```
/// use clap::Parser;
///
/// #[derive(Parser)]
/// struct Args {
///     #[command(flatten)]
///     run: dojobber_cli::RunArgs,
/// }
///
/// let args = Args::try_parse_from(["program", "--threads", "4", "--timeout", "5m", "-v"]).unwrap();
/// let options = args.run.runner().build().options();
/// assert_eq!((options.threads, options.run_timeout.as_secs()), (4, 300));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "What to do", group = ArgGroup::new("look").args(["dry_run", "plan"]))]
pub struct RunArgs {
    /// Only look what there is to do, by the first check of each job, and change nothing; with =through also behind jobs
    /// that would run
    #[arg(short = 'n', long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "checks", hide_possible_values = true)]
    pub(crate) dry_run: Option<Look>,
    /// The same as --dry-run=through: what would be done, what then, and what only may be
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) plan: bool,
    /// End with 2 where something is due and nothing failed (with --dry-run or --plan)
    #[arg(long, requires = "look")]
    pub(crate) detailed_exitcode: bool,
    /// Only this job and all that it depends on. May be a pattern (`*` stops at a level of nested jobs), and be said
    /// several times
    #[arg(long, value_name = "NAME|GLOB")]
    pub(crate) only: Vec<String>,
    /// All but this job and what depends on it. May be a pattern, and be said several times
    #[arg(long, value_name = "NAME|GLOB")]
    pub(crate) exclude: Vec<String>,
    /// List the jobs in the order in which they would run, and what each is after
    #[arg(long)]
    pub(crate) list: bool,
    /// Say why a job is there: the shortest way to it from a job that nothing depends on
    #[arg(long, value_name = "JOB", conflicts_with = "list")]
    pub(crate) why: Option<String>,

    /// Call the cleanups that a killed run still owes, as the journal in this file tells, and do nothing else; with
    /// --dry-run, only say which
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "exclude", "list", "why"])]
    pub(crate) recover: Option<PathBuf>,

    /// How many jobs may run at once; 0 is as many as the machine likes
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        hide_default_value = true,
        help_heading = "How to run"
    )]
    pub(crate) threads: usize,
    /// How long the whole run may take before it is stopped, such as 30s, 5m or 1h30m
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "How to run")]
    pub(crate) timeout: Option<Duration>,
    /// A report that --report has written: what takes the longest way to the end, by its times, begins first, and on a terminal
    /// it is told how long the run will take
    #[arg(long, value_name = "FILE", value_parser = PathBufValueParser::new().try_map(Earlier::read), help_heading = "How to run")]
    pub(crate) timings: Option<Earlier>,
    /// Begin nothing new once a job has failed
    #[arg(long, help_heading = "How to run")]
    pub(crate) fail_fast: bool,
    /// Begin nothing new once so many jobs have failed
    #[arg(long, value_name = "N", conflicts_with = "fail_fast", help_heading = "How to run")]
    pub(crate) max_failures: Option<NonZeroUsize>,

    /// Say of each step how it went; twice is --debug
    #[arg(short, long, action = ArgAction::Count, help_heading = "What to say")]
    pub(crate) verbose: u8,
    /// The same, with all that is known about what fails
    #[arg(short, long, help_heading = "What to say")]
    pub(crate) debug: bool,
    /// Say nothing unless something is wrong
    #[arg(short, long, conflicts_with_all = ["verbose", "debug"], help_heading = "What to say")]
    pub(crate) quiet: bool,
    /// Whether what goes on is shown by lines that move: auto (on a terminal), always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Moving::Auto, hide_possible_values = true, hide_default_value = true, help_heading = "What to say")]
    pub(crate) progress: Moving,
    /// Whether there are colours: auto, always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, hide_possible_values = true, hide_default_value = true, help_heading = "What to say")]
    pub(crate) color: Color,

    /// Draw how it went: an .svg, .html, .dot, .mmd or .txt. May be said several times
    #[arg(long, value_name = "FILE", help_heading = "What to write")]
    pub(crate) graph: Vec<PathBuf>,
    /// Write all that happened as JSON
    #[arg(long, value_name = "FILE", help_heading = "What to write")]
    pub(crate) report: Option<PathBuf>,
    /// Write a JUnit file, for build servers
    #[arg(long, value_name = "FILE", help_heading = "What to write")]
    pub(crate) junit: Option<PathBuf>,
    /// Write all that happens while it does, a line each, to a new file: for --recover, and for dojobber-render --follow
    #[arg(long, value_name = "FILE", conflicts_with = "recover", help_heading = "What to write")]
    pub(crate) journal: Option<PathBuf>,
    /// Write a trace in Chrome's format, which ui.perfetto.dev opens
    #[arg(long, value_name = "FILE", visible_alias = "chrome-trace", help_heading = "What to write")]
    pub(crate) trace: Option<PathBuf>,
}

/// How a dry run looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Look {
    /// The first check of each job; what is behind a job that would run is blocked
    Checks,
    /// All jobs, as if those that would run were done
    Through,
}

/// Whether there are lines that move.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Moving {
    /// On a terminal that can show them
    #[default]
    Auto,
    /// Also where there is no terminal, and in a dry run
    Always,
    /// Never
    Never,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Words {
    /// What is wrong at the end.
    Quiet,
    /// What each job has done.
    Normal,
    /// Each phase.
    Verbose,
    /// All that is known.
    Debug,
}

/// What else is said of a job.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Says {
    /// On which machine it is executed, if that is another one.
    pub(crate) node: bool,
}

impl RunArgs {
    pub(crate) fn look(&self) -> DryRun {
        match self.dry_run {
            _ if self.plan => DryRun::Through,
            None => DryRun::Off,
            Some(Look::Checks) => DryRun::Checks,
            Some(Look::Through) => DryRun::Through,
        }
    }

    pub(crate) fn words(&self) -> Words {
        match self.verbose {
            _ if self.quiet => Words::Quiet,
            _ if self.debug => Words::Debug,
            0 => Words::Normal,
            1 => Words::Verbose,
            _ => Words::Debug,
        }
    }

    pub(crate) fn most_failures(&self) -> Option<usize> {
        if self.fail_fast { Some(1) } else { self.max_failures.map(NonZeroUsize::get) }
    }
}

/// The options of the program, from its command line.
///
/// A wrong call ends the process with the exit code 64, where [`Parser::parse`] has 2: that one says with
/// `--detailed-exitcode` that something is due. `--help` and `--version` end it with 0, as ever.
pub fn parse<P: Parser>() -> P {
    P::try_parse().unwrap_or_else(|error| {
        let _ = error.print(); // nobody has to listen
        process::exit(if error.use_stderr() { USAGE.into() } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        options: RunArgs,
    }

    fn parsed(line: &str) -> Result<RunArgs, clap::Error> {
        let words = std::iter::once("program").chain(line.split_whitespace());
        Program::try_parse_from(words).map(|program| program.options)
    }

    #[test]
    fn clap_finds_no_mistake_in_the_options() {
        <Program as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn no_option_is_the_default() {
        assert_eq!(parsed("").unwrap(), RunArgs::default());
    }

    #[track_caller]
    fn check_words(line: &str, expected: Option<Words>) {
        assert_eq!(parsed(line).ok().map(|args| args.words()), expected, "{line}");
    }

    #[test]
    fn how_much_is_said() {
        check_words("", Some(Words::Normal));
        check_words("-q", Some(Words::Quiet));
        check_words("-v", Some(Words::Verbose));
        check_words("-vv", Some(Words::Debug));
        check_words("-d", Some(Words::Debug));
        check_words("-v --debug", Some(Words::Debug));
        check_words("-q -v", None);
        check_words("--quiet --debug", None);
    }

    #[track_caller]
    fn check_refused(line: &str, part: &str) {
        let error = parsed(line).unwrap_err().to_string();
        assert!(error.contains(part), "{line}: {error}");
    }

    #[test]
    fn wrong_calls_are_told() {
        check_refused("--threads many", "many");
        check_refused("--timeout 30", "as in 30s");
        check_refused("--max-failures 0", "0");
        check_refused("--fail-fast --max-failures 2", "--fail-fast");
        check_refused("--list --why a", "--why");
        check_refused("--recover a --only b", "--recover");
        check_refused("--recover a --journal b", "--journal");
        check_refused("--detailed-exitcode", "--dry-run");
        check_refused("--plan -n", "--plan");
        check_refused("--dry-run=soon", "checks");
        check_refused("--color blue", "blue");
        check_refused("-n checks", "checks");
    }
}
