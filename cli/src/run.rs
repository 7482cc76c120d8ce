//! From the options to a run, and from a run to what is told of it.

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use dojobber::{CancelToken, Console, LogGroups, Plan, PlanErrors, Run, Runner, RunnerBuilder, StopReason};

use crate::again::again;
use crate::annotations::annotations;
use crate::args::{Moving, RunArgs, Says, USAGE, Words};
use crate::details::Details;
use crate::files;
use crate::findings::findings;
use crate::journal::LateJournal;
use crate::lines::Lines;
use crate::list::{list, why};
use crate::live::{Live, Screen};
use crate::output::{Paint, StandardError, answer, is_terminal, tell, width, width_of_stdout};
use crate::slowest::slowest;
use crate::subgraph::{Subgraph, subgraph};
use crate::terminal::Terminal;

impl RunArgs {
    /// Does what the options say with the plan, from its compilation to the exit code of the program.
    ///
    /// `args` are those of the plan, `()` where it has none. The mistakes of a graph that does not compile are told; the
    /// exit code is 1 then.
    ///
    /// ```
    /// use dojobber::Graph;
    /// use dojobber_cli::RunArgs;
    /// use std::process::ExitCode;
    ///
    /// let graph = Graph::with_args::<String>().job("greet").run_only(|cx| println!("hello {}", cx.args()));
    /// let code = RunArgs::default().main(graph.compile(), "world".to_owned());
    /// assert_eq!(code, ExitCode::SUCCESS);
    /// ```
    #[must_use = "it is what `main` returns"]
    pub fn main<'env, A: Send + Sync>(
        &self,
        plan: Result<Plan<'env, A>, PlanErrors>,
        args: impl Into<Arc<A>>,
    ) -> ExitCode {
        self.main_with(plan, args, |builder| builder)
    }

    /// The same with a runner that the program sets further, for example with its own number of tries.
    ///
    /// What is set there wins over the command line.
    ///
    /// ```
    /// # use dojobber::Graph;
    /// # use dojobber_cli::RunArgs;
    /// # use std::process::ExitCode;
    /// let plan = Graph::new().job("sun").check_only(|_| true).compile();
    /// let code = RunArgs::default().main_with(plan, (), |runner| runner.default_tries(5));
    /// # assert_eq!(code, ExitCode::SUCCESS);
    /// ```
    #[must_use = "it is what `main` returns"]
    pub fn main_with<'env, A: Send + Sync>(
        &self,
        plan: Result<Plan<'env, A>, PlanErrors>,
        args: impl Into<Arc<A>>,
        set: impl FnOnce(RunnerBuilder) -> RunnerBuilder,
    ) -> ExitCode {
        let runner = set(self.runner()).build();
        match self.run(&runner, plan, args) {
            Ok(run) => self.finish(&run),
            Err(code) => code,
        }
    }

    /// A runner as the options say, for programs that want some of this alone: threads, dry run, limits, what stops it, and what
    /// is told while it runs.
    ///
    /// SIGINT, SIGTERM and SIGHUP stop its runs, where the system has them: see [`CancelToken::on_signals`].
    pub fn runner(&self) -> RunnerBuilder {
        self.runner_on(self.screen(), Says::default())
    }

    /// Where it is shown what goes on, if that is wanted. All that is written meanwhile has to stand above that.
    pub(crate) fn screen(&self) -> Option<Screen> {
        let moves = match self.progress {
            Moving::Auto => is_terminal() && !self.look().is_on(),
            Moving::Always => true,
            Moving::Never => false,
        };
        (moves && self.words() > Words::Quiet).then(|| Screen::new(Terminal::stderr()))
    }

    pub(crate) fn runner_on(&self, screen: Option<Screen>, says: Says) -> RunnerBuilder {
        let builder = Runner::builder()
            .threads(self.threads)
            .dry_run(self.look())
            .run_timeout(self.timeout)
            .max_failures(self.most_failures())
            .timings(self.timings.as_ref().map(|earlier| &*earlier.report))
            .cancel_token(CancelToken::on_signals().ok().as_ref())
            .observer(self.journal.as_deref().map(LateJournal::new));
        let (paint, program) = (Paint::of_stderr(self.color), program());
        let Some(screen) = screen else {
            return match self.words() {
                Words::Quiet => builder,
                Words::Normal if self.look().is_on() => builder,
                Words::Normal => builder.observer(Lines::new(&program, paint, says)),
                Words::Verbose => builder.observer(Console::lines()),
                Words::Debug => builder.observer(Details::new(StandardError)),
            };
        };
        let lines = screen.clone();
        let builder = match self.words() {
            Words::Quiet | Words::Normal => {
                builder.observer(Lines::of_trouble(&program, paint, says, lines)) // there is no screen for the quiet
            }
            Words::Verbose => builder.observer(Console::lines().to(lines)),
            Words::Debug => builder.observer(Details::new(lines)),
        };
        builder.observer(Live::new(screen, says))
    }

    /// Runs the subgraph that is wanted, with that runner.
    ///
    /// # Errors
    ///
    /// The exit code of the program, if nothing was run: 0 where `--list`, `--why` or `--recover` were answered, 64 where the call was
    /// wrong, 1 where the graph has mistakes. It was told why.
    pub fn run<'env, A: Send + Sync>(
        &self,
        runner: &Runner,
        plan: Result<Plan<'env, A>, PlanErrors>,
        args: impl Into<Arc<A>>,
    ) -> Result<Run<'env, A>, ExitCode> {
        let args = args.into();
        let plan = self.ready(runner, plan, &args)?;
        Ok(runner.run(&plan, args))
    }

    /// The plan of the subgraph that is wanted, once all else is answered.
    pub(crate) fn ready<'env, A: Send + Sync>(
        &self,
        runner: &Runner,
        plan: Result<Plan<'env, A>, PlanErrors>,
        args: &Arc<A>,
    ) -> Result<Plan<'env, A>, ExitCode> {
        let plan = self.compiled(plan)?;
        if let Some(journal) = &self.recover {
            return Err(self.call_owed_cleanups(runner, &plan, Arc::clone(args), journal));
        }
        if let Some(earlier) = &self.timings {
            earlier.check(&plan).map_err(|text| self.refuse(&text))?;
        }
        let Subgraph { plan, excluded } = self.subgraph(plan)?;
        if let Some(line) = excluded.filter(|_| self.words() > Words::Quiet) {
            tell(line, self.color);
        }
        if self.list {
            return Err(self.answer(&list(&plan, width_of_stdout())));
        }
        if let Some(job) = &self.why {
            let way = why(&plan, job).map_err(|text| self.refuse(&text))?;
            return Err(self.answer(&[way]));
        }
        files::check(self).map_err(|text| self.refuse(&text))?;
        Ok(plan)
    }

    pub(crate) fn compiled<'env, A>(
        &self,
        plan: Result<Plan<'env, A>, PlanErrors>,
    ) -> Result<Plan<'env, A>, ExitCode> {
        plan.map_err(|errors| self.fail(&errors.to_string(), ExitCode::FAILURE))
    }

    pub(crate) fn subgraph<'env, A>(&self, plan: Plan<'env, A>) -> Result<Subgraph<'env, A>, ExitCode> {
        subgraph(plan, &self.only, &self.exclude).map_err(|text| self.refuse(&text))
    }

    /// Calls the cleanups that a killed run still owes, and tells how that went.
    fn call_owed_cleanups<'env, A: Send + Sync>(
        &self,
        runner: &Runner,
        plan: &Plan<'env, A>,
        args: Arc<A>,
        journal: &Path,
    ) -> ExitCode {
        let recovered = match runner.recover(plan, args, journal) {
            Ok(recovered) => recovered,
            Err(error) => return self.refuse(&format!("{error:?}")),
        };
        let text = recovered.to_string();
        if self.look().is_on() {
            return self.answer(&text.lines().map(str::to_owned).collect::<Vec<_>>());
        }
        if self.words() > Words::Quiet || !recovered.failures().is_empty() {
            text.lines().for_each(|line| tell(line, self.color));
        }
        recovered.exit_code()
    }

    /// Tells how a run went, writes the files that are wanted, and returns the exit code of the program.
    ///
    /// What a dry run has found goes to standard output, all else to standard error.
    #[must_use = "it is what `main` returns"]
    pub fn finish<A>(&self, run: &Run<'_, A>) -> ExitCode {
        let told = if run.dry_run() {
            self.answer(&findings(run.plan(), run, width_of_stdout()))
        } else {
            self.sum_up(run)
        };
        let wrong = files::write(self, run, &program(), &run.plan().uses());
        wrong.iter().for_each(|text| tell(format_args!("error: {text}"), self.color));
        if told != ExitCode::SUCCESS || !wrong.is_empty() { ExitCode::FAILURE } else { self.exit_code(run) }
    }

    fn sum_up<A>(&self, run: &Run<'_, A>) -> ExitCode {
        let is_good =
            run.success() && run.cleanup_failures().is_empty() && run.observer_failures().is_empty();
        if !is_good || self.words() > Words::Quiet {
            tell(run.summary().width(width()), self.color);
            if let Some(line) = slowest(run).filter(|_| self.words() > Words::Quiet) {
                tell(line, self.color);
            }
            let call: Vec<String> =
                env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
            let call = [&[program()][..], &call].concat();
            if let Some(line) = again(self, run, &call) {
                tell(line, self.color);
            }
        }
        if LogGroups::of_environment() == Some(LogGroups::GitHub) {
            annotations(run).iter().for_each(|line| tell(line, self.color));
        }
        ExitCode::SUCCESS
    }

    /// 0 if all is done; else what stopped it, what is due, or 1.
    fn exit_code<A>(&self, run: &Run<'_, A>) -> ExitCode {
        match run.stop_reason() {
            _ if run.success() && run.exit_code() == ExitCode::SUCCESS => ExitCode::SUCCESS,
            Some(StopReason::Signal(signal)) => {
                ExitCode::from(128_u8.saturating_add(u8::try_from(signal).unwrap_or(127)))
            }
            _ if self.detailed_exitcode => run.detailed_exit_code(),
            _ => run.exit_code(),
        }
    }

    fn answer(&self, lines: &[String]) -> ExitCode {
        match answer(lines, self.color) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => self.fail(&format!("cannot write to standard output: {error}"), ExitCode::FAILURE),
        }
    }

    pub(crate) fn refuse(&self, text: &str) -> ExitCode {
        self.fail(text, ExitCode::from(USAGE))
    }

    fn fail(&self, text: &str, code: ExitCode) -> ExitCode {
        text.lines().for_each(|line| tell(format_args!("error: {line}"), self.color));
        code
    }
}

/// What the program is called.
fn program() -> String {
    let path = env::args_os().next().unwrap_or_default();
    let name = Path::new(&path).file_stem().map(|name| name.to_string_lossy().into_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "program".to_owned())
}
