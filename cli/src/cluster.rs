//! The options of programs whose jobs may be executed on other machines.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use dojobber::{Plan, PlanErrors, Run, Runner, RunnerBuilder};
use dojobber_cluster::{Cluster, Processes, Slurm, is_unit};

use crate::args::{RunArgs, Says, Words};

/// The options of a program that places jobs with `.on(..)`: those of [`RunArgs`], and where placed jobs are executed. Flatten
/// them into its own in place of `RunArgs`. With the feature `cluster`, on Unix.
///
/// Without `--engine` all is executed in this process, and nothing is needed for that. With `--engine processes --spool DIR`
/// each placed job is a process of this machine, and with `--engine slurm --spool DIR` a part of a job of Slurm's. The
/// program is started again for each of them, with the same command line: what stands before [`main`](Self::main) has to
/// be quick and without effect.
///
/// ```
/// use clap::Parser;
/// use dojobber::Graph;
/// use dojobber_cli::ClusterArgs;
/// use dojobber_cluster::Slurm;
/// use std::process::ExitCode;
///
/// #[derive(Parser)]
/// struct Args {
///     #[command(flatten)]
///     run: ClusterArgs,
/// }
///
/// fn main() -> ExitCode {
///     let args = dojobber_cli::parse::<Args>();
///     let cluster = args.run.cluster(Slurm::new().partition("main"));
///     let plan = Graph::new().job("fit").on(cluster.needs().cpus(4)).run_only(|_| ()).compile();
///     args.run.main(&cluster, plan, ())
/// }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct ClusterArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Where placed jobs are executed: slurm, processes (of this machine, as many at once as --threads says), or here, in this
    /// process, as it is by default
    #[arg(long, value_name = "ENGINE", value_enum, hide_possible_values = true, help_heading = "Where to run",
        requires_ifs = [("slurm", "spool"), ("processes", "spool")])]
    engine: Option<EngineName>,
    /// The folder through which slurm and processes are used; all machines must see it under this path
    #[arg(long, value_name = "DIR", requires = "engine", help_heading = "Where to run")]
    spool: Option<PathBuf>,
    /// Say of each job on which other machine it is executed
    #[arg(long, help_heading = "Where to run")]
    on_node: bool,
}

/// What executes placed jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EngineName {
    Slurm,
    Processes,
    Here,
}

impl ClusterArgs {
    /// Where placed jobs are executed, as the options say; `slurm` is how this program uses Slurm, if it is to. What is
    /// submitted and what comes back is told with `--verbose`.
    pub fn cluster(&self, slurm: Slurm) -> Cluster {
        let spool = self.spool.clone().unwrap_or_default(); // it is there where it is needed
        let cluster = match self.engine {
            None | Some(EngineName::Here) => return Cluster::here(),
            Some(EngineName::Slurm) => Cluster::new(slurm, spool),
            Some(EngineName::Processes) => {
                let threads = Runner::builder().threads(self.run.threads).build().options().threads;
                Cluster::new(Processes::new(threads), spool)
            }
        };
        cluster.verbose(self.run.words() >= Words::Verbose)
    }

    /// Does what the options say with the plan, as [`RunArgs::main`] does, with placed jobs on this cluster. In a process
    /// that was started for one of them it executes that, and never returns.
    #[must_use = "it is what `main` returns"]
    pub fn main<'env, A: Send + Sync>(
        &self,
        cluster: &Cluster,
        plan: Result<Plan<'env, A>, PlanErrors>,
        args: impl Into<Arc<A>>,
    ) -> ExitCode {
        self.main_with(cluster, plan, args, |builder| builder)
    }

    /// The same with a runner that the program sets further, for example with its own number of tries.
    #[must_use = "it is what `main` returns"]
    pub fn main_with<'env, A: Send + Sync>(
        &self,
        cluster: &Cluster,
        plan: Result<Plan<'env, A>, PlanErrors>,
        args: impl Into<Arc<A>>,
        set: impl FnOnce(RunnerBuilder) -> RunnerBuilder,
    ) -> ExitCode {
        let runner = set(self.runner(cluster)).build();
        match self.run(cluster, &runner, plan, args) {
            Ok(run) => self.run.finish(&run),
            Err(code) => code,
        }
    }

    /// A runner as the options say, for programs that want some of this alone. That of a unit says and stops nothing: its
    /// coordinator does.
    pub fn runner(&self, cluster: &Cluster) -> RunnerBuilder {
        if serves(cluster) {
            return Runner::builder().threads(self.run.threads).dry_run(self.run.look());
        }
        let screen = self.run.screen();
        if let Some(screen) = &screen {
            cluster.tell_to(screen.clone());
        }
        self.run.runner_on(screen, Says { node: self.on_node })
    }

    /// Runs the subgraph that is wanted, with that runner and on this cluster.
    ///
    /// # Errors
    ///
    /// The exit code of the program, if nothing was run: as [`RunArgs::run`] has it, and 64 where the cluster cannot be used.
    /// It was told why.
    pub fn run<'env, A: Send + Sync>(
        &self,
        cluster: &Cluster,
        runner: &Runner,
        plan: Result<Plan<'env, A>, PlanErrors>,
        args: impl Into<Arc<A>>,
    ) -> Result<Run<'env, A>, ExitCode> {
        let args = args.into();
        let plan = if serves(cluster) {
            self.run.subgraph(self.run.compiled(plan)?)?.plan
        } else if self.run.recover.is_some() && !cluster.is_here() {
            let why = "--recover calls cleanups in this process: to go on with a run that was killed on a cluster, start the \
                       program again as it was";
            return Err(self.run.refuse(why));
        } else {
            self.run.ready(runner, plan, &args)?
        };
        cluster.run(runner, &plan, args).map_err(|error| self.run.refuse(&error.to_string()))
    }

    /// The options that every graph has, for [`RunArgs::finish`].
    pub fn run_args(&self) -> &RunArgs {
        &self.run
    }
}

/// Whether this process executes a unit.
fn serves(cluster: &Cluster) -> bool {
    is_unit() && !cluster.is_here()
}
