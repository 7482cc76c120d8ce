//! The front door: a fluent description of jobs.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dojobber_core::Elsewhere;
use dojobber_core::{
    Backoff, Context, Draft, JobDefaults, JobName, JobNames, JobSpec, Keeps, Outcome, PhaseCode, Plan,
    PlanErrors, PoolUses, Result, RunText, StructJob, Verdict,
};

use crate::state::{
    Accepts, AwaitsBody, AwaitsRun, Checked, CheckedAsync, Open, OpenOrChecked, Settled, SettledGraph,
};

/// Jobs and what they depend on, being described.
///
/// Every job opens with [`.job(name)`](Graph::job), says its edges and options, and is closed by what it does:
///
/// | a job that | is closed with |
/// |---|---|
/// | checks, and runs where the check fails | [`.check(f)`](Graph::check)[`.run(g)`](Graph::run) |
/// | runs every time | [`.run_only(f)`](Graph::run_only) |
/// | checks, and cannot repair | [`.check_only(f)`](Graph::check_only) |
/// | is a name for what it depends on | [`.group()`](Graph::group) |
/// | is a struct | [`.with(job)`](Graph::with), [`.with_new(f)`](Graph::with_new) |
/// | waits for futures | [`.check_async(f)`](Graph::check_async)[`.run_async(g)`](Graph::run_async), [`.run_only_async(f)`](Graph::run_only_async), [`.check_only_async(f)`](Graph::check_only_async), or a struct with async phases |
/// | is a whole graph | [`.nest(graph)`](Graph::nest) |
///
/// ```no_run
/// use dojobber::Graph;
/// # use std::{path::Path, time::Duration};
/// # fn user_exists(_: &str) -> bool { true }
/// # fn add_user(_: &str) -> bool { true }
/// # fn disk_is_free() -> bool { true }
/// # fn main() -> dojobber::Result {
///
/// let plan = Graph::new()
///     .job("user").check(|_| user_exists("wendell")).run(|_| add_user("wendell"))
///     .job("home").after("user").tries(5).retry_delay(Duration::from_secs(2))
///         .check(|_| Path::new("/home/wendell").is_dir())
///         .run(|_| { std::fs::create_dir("/home/wendell")?; Ok(()) })
///     .job("greet").after(["user", "home"]).run_only(|_| println!("hello"))
///     .job("disk").check_only(|_| disk_is_free())
///     .job("ready").after(["home", "greet", "disk"]).group()
///     .compile()?;
/// plan.run(()).into_result()?;
/// # Ok(())
/// # }
/// ```
///
/// rustfmt writes all steps of all jobs in one column; `#[rustfmt::skip]` on the function keeps a layout that shows
/// what belongs to which job.
///
/// # A function, a loop, a subgraph
///
/// `A` is the type of a run's arguments. `'env` is what the closures may borrow: it must outlive the plan. The third
/// parameter is the state of the builder; a graph in which no job is open is written `Graph<'env, A>`, and there is
/// one such type, so a loop, an `if` and a function from graph to graph all just compile:
///
/// ```
/// use dojobber::Graph;
///
/// fn hosts<'a>(mut graph: Graph<'a>, names: &'a [&'a str]) -> Graph<'a> {
///     for name in names {
///         graph = graph.job(name).before("all hosts").check(|_| true).run(|_| ());
///     }
///     graph
/// }
/// let graph = hosts(Graph::new().job("all hosts").group(), &["db", "web"]);
/// assert!(graph.compile().unwrap().depends("all hosts", "web"));
/// ```
#[must_use = "a graph does nothing until it is compiled and run"]
pub struct Graph<'env, A = (), S = Settled> {
    draft: Box<Draft<'env, A>>, // boxed, because every step moves it
    state: S,
}

impl<'env> Graph<'env> {
    /// A graph whose runs need no arguments.
    pub fn new() -> Self {
        Graph::default()
    }

    /// A graph whose runs get arguments of type `A`: `Graph::with_args::<Args>()`.
    pub fn with_args<A>() -> Graph<'env, A> {
        Graph::default()
    }
}

impl<A> Default for Graph<'_, A> {
    fn default() -> Self {
        Graph { draft: Box::default(), state: Settled }
    }
}

impl<'env, A, S> Graph<'env, A, S> {
    /// Opens a job. The name is anything that is `AsRef<str>`, or a [`Key`](crate::Key), which also promises what the
    /// job returns. Other jobs may have named it before.
    ///
    /// What a job named by a key returns is read by those that depend on it, with
    /// [`Context::output`], and at the end with [`Run::output`](crate::Run::output):
    ///
    /// ```no_run
    /// use dojobber::{Graph, Key};
    /// # use dojobber::Result;
    /// # type Version = String;
    /// # fn read_version(_: &str) -> Result<Version> { Ok("1.2.3".to_owned()) }
    /// # fn tags(_: &str) -> Result<Vec<String>> { Ok(Vec::new()) }
    /// # fn push_tag(_: &str, _: &Version) -> Result { Ok(()) }
    /// # let repo = ".";
    ///
    /// const VERSION: Key<Version> = Key::new("version");
    ///
    /// # let graph: Graph<'_> =
    /// Graph::new()
    ///     .job(VERSION).check_only(|_| Ok(read_version(repo)?)) // does not compile if it returns another type
    ///     .job("tag").after(VERSION)
    ///         .check(|cx| Ok(tags(repo)?.contains(&format!("v{}", cx.output(&VERSION)?))))
    ///         .run(|cx| Ok(push_tag(repo, cx.output(&VERSION)?)?))
    /// # ;
    /// ```
    pub fn job<M>(mut self, name: impl JobName<M>) -> Graph<'env, A, Open<'env, A, M>>
    where
        S: SettledGraph,
    {
        self.draft.open(name.job_name());
        let mut state = Open::new();
        if let Some(portable) = name.job_portable() {
            state.options.portable(portable);
        }
        Graph { draft: self.draft, state }
    }

    /// Says what holds for all jobs of this graph, and so of a nest, unless they say otherwise themselves: for those that
    /// were declared before as well as for those that follow. Where a graph says nothing, the one around it decides, and
    /// then the runner.
    ///
    /// ```
    /// use dojobber::Graph;
    /// use std::time::Duration;
    ///
    /// let hosts = Graph::new()
    ///     .defaults(|job| job.tries(10).retry_delay(Duration::from_millis(1)))
    ///     .job("db").check_only(|cx| cx.attempt() == 10)
    ///     .job("web").tries(1).check_only(|cx| cx.max_tries() == Some(1));
    /// let plan = Graph::new().job("hosts").nest(hosts).compile().unwrap();
    /// assert!(plan.run(()).success());
    /// ```
    pub fn defaults(mut self, change: impl FnOnce(JobDefaults) -> JobDefaults) -> Graph<'env, A>
    where
        S: SettledGraph,
    {
        self.draft.defaults(change);
        self.settled()
    }

    /// Adds something for each item.
    ///
    /// ```
    /// use dojobber::Graph;
    ///
    /// let people = ["Wendell Bagg", "Lawyer Cat"];
    /// let graph = Graph::new()
    ///     .job("everyone is invited").group()
    ///     .each(people, |graph, person| graph
    ///         .job(format!("invite {person}")).before("everyone is invited")
    ///             .run_only(move |_| println!("dear {person}")));
    /// assert_eq!(graph.compile().unwrap().len(), 3);
    /// ```
    pub fn each<I: IntoIterator>(
        self,
        items: I,
        add: impl FnMut(Graph<'env, A>, I::Item) -> Graph<'env, A>,
    ) -> Graph<'env, A>
    where
        S: SettledGraph,
    {
        items.into_iter().fold(self.settled(), add)
    }

    /// Adds the jobs of another graph, under their own names.
    pub fn merge(self, other: Graph<'env, A>) -> Graph<'env, A>
    where
        S: SettledGraph,
    {
        let mut merged = self.settled();
        merged.draft.merge(*other.draft);
        merged
    }

    /// Checks the whole and makes a plan of it, which can be run any number of times.
    ///
    /// ```
    /// use dojobber::Graph;
    ///
    /// let error = Graph::new()
    ///     .job("walls").after("fundation").group()
    ///     .job("foundation").after("drawing").group()
    ///     .job("drawing").after("foundation").group()
    ///     .compile()
    ///     .unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "job `walls` is after `fundation`, which does not exist; did you mean `foundation`?\n\
    ///      jobs depend on each other in a cycle: foundation -> drawing -> foundation \
    ///      (each is after the next: remove one of these edges)"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// [`PlanErrors`], with every mistake there is and one line each: empty, duplicate or unprintable names,
    /// dependencies that do not exist, cycles, and options that a job of its kind cannot have.
    pub fn compile(self) -> Result<Plan<'env, A>, PlanErrors>
    where
        S: SettledGraph,
    {
        self.draft.compile()
    }

    /// The open job begins only when these are done: one name, or several.
    ///
    /// ```
    /// # use dojobber::{Graph, Key};
    /// # const ADDRESS: Key<String> = Key::new("address");
    /// # let hosts = vec![String::from("db1"), String::from("db2")];
    /// # let graph = Graph::new()
    /// .job("release").after("tests").after(["build", "docs"]).after(&hosts).after(ADDRESS).group()
    /// # ;
    /// ```
    pub fn after<M>(mut self, names: impl JobNames<M>) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        names.for_each_name(&mut |name| self.draft.after(name));
        self
    }

    /// These begin only when the open job is done: it is added to what they are after. So a job need not know, and a
    /// graph need not list, all that it waits for.
    pub fn before<M>(mut self, names: impl JobNames<M>) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        names.for_each_name(&mut |name| self.draft.before(name));
        self
    }

    /// How many tries the open job may use, at least 1. Default: that of the runner, which is 3 if nothing else is said,
    /// for jobs that only run, too.
    pub fn tries(mut self, tries: u32) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().tries(tries);
        self
    }

    /// The least time from the end of one try of the open job to the start of its next: a `Duration`, or a [`Backoff`]
    /// that grows from try to try. Default: that of the runner, which is 1 s if nothing else is said. Waiting takes no
    /// thread.
    pub fn retry_delay(mut self, delay: impl Into<Backoff>) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().retry_delay(delay);
        self
    }

    /// Tries the open job again for so long: another try follows if it is due at most that long after the start of the
    /// first. It is how one waits for something.
    ///
    /// The runner's default of tries does not count then; `.tries(n)` beside it does. A delay below 1 ms counts as 1 ms.
    /// A try that was planned begins however late. Zero is one try.
    ///
    /// ```
    /// # use dojobber::Graph;
    /// # use std::time::Duration;
    /// # fn answers() -> bool { true }
    /// # let graph = Graph::new()
    /// .job("server answers")
    ///     .retry_for(Duration::from_secs(30)).retry_delay(Duration::from_millis(200))
    ///     .check_only(|_| answers())
    /// # ;
    /// ```
    pub fn retry_for(mut self, time: Duration) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().retry_for(time);
        self
    }

    /// Asked where a try of the open job has failed and another one is allowed: `false` makes it the last. A panic counts
    /// as `true`.
    pub fn retry_if(
        mut self,
        ask: impl Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'env,
    ) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().retry_if(ask);
        self
    }

    /// Says which errors of the open job's check mean that the state could not be seen: the try has then failed without a
    /// run, as with [`unknown`](crate::unknown).
    ///
    /// ```
    /// # use dojobber::{Graph, Unmet, ensure};
    /// # let graph = Graph::new()
    /// .job("config").unknown_if(|error| !error.is::<Unmet>()) // only what says no runs the run
    ///     .check(|_| ensure(std::fs::read_to_string("app.conf")?.contains("port"), "no port"))
    ///     .run(|_| ())
    /// # ;
    /// ```
    pub fn unknown_if(
        mut self,
        ask: impl Fn(&(dyn Error + Send + Sync + 'static)) -> bool + Send + Sync + 'env,
    ) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().unknown_if(ask);
        self
    }

    /// How long each phase of the open job may take, its cleanup included: a try may take three times that. Default: that
    /// of the runner.
    ///
    /// A limit never decides by itself: what the phase returns does. `cx.sleep`, `cx.check_cancelled` and commands return an
    /// error when the time is over. A phase that pays no attention, and passes late, has passed.
    pub fn timeout(mut self, time: Duration) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().timeout(time);
        self
    }

    /// Takes slots of these pools for each try of the open job. Several calls add up.
    ///
    /// ```
    /// # use dojobber::{Graph, Pool};
    /// let (uplink, disk) = (Pool::new("uplink", 4), Pool::new("disk", 2));
    /// # let graph = Graph::new()
    /// .job("upload").uses(&uplink).run_only(|_| ())
    /// .job("index").uses([uplink.slots(3), disk.slots(1)]).run_only(|_| ())
    /// # ;
    /// ```
    pub fn uses(mut self, pools: impl PoolUses) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().uses(pools);
        self
    }

    /// Where several jobs may begin, the one of the highest priority does. Default: 0.
    pub fn priority(mut self, priority: i32) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().priority(priority);
        self
    }

    /// Where each try of the open job is executed, or a whole nest: on a cluster, for example, or in processes of their own.
    /// What executes them is an [`Elsewhere`], as the crate `dojobber-cluster` has it. Default: here.
    ///
    /// A nest is executed there as one unit, when all has ended that any of its jobs waits for outside; its jobs come back
    /// with it all at once, its cleanups are called there, and it shares no store with the others.
    pub fn on(mut self, elsewhere: impl Into<Arc<dyn Elsewhere>>) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().on(elsewhere.into());
        self
    }

    /// What the open job is there for. It stands in reports and in pictures.
    pub fn description(mut self, text: impl Into<String>) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().description(text);
        self
    }

    /// Says what the run of the open job would do, or does: more than the description can, which is written before anything
    /// is known. It stands in reports, in what is shown of a dry run, and beside the run that begins.
    ///
    /// It is called as a part of the check that asks for the run, and before a run without a check; once a job, and only in a
    /// dry run or where somebody watches. It returns text, or a [`Result`] of text; where it fails, the description stands.
    /// Like a check it must change nothing.
    ///
    /// ```
    /// use dojobber::{DryRun, Graph, Runner};
    ///
    /// let files = ["a.txt", "b.txt"];
    /// let plan = Graph::new()
    ///     .job("upload").description("upload what is new")
    ///         .describe_run(|_| format!("upload {}", files.join(", ")))
    ///         .check(|_| false).run(|_| ())
    ///     .compile().unwrap();
    /// let run = Runner::builder().dry_run(DryRun::Through).build().run(&plan, ());
    /// assert_eq!(run.job("upload").unwrap().description_of_run(), Some("upload a.txt, b.txt"));
    /// ```
    pub fn describe_run<T: RunText>(
        mut self,
        describe: impl Fn(&Context<A>) -> T + Send + Sync + 'env,
    ) -> Self
    where
        S: AwaitsBody<'env, A>,
    {
        self.state.options().describe_run(describe);
        self
    }

    /// The cleanup of the open job. It is called after all jobs have ended, once for each try that executed the run, in
    /// reverse order of the runs. It gets that try's local store.
    ///
    /// It is not called for a job whose run was not executed, because its check passed at once, because it was blocked,
    /// or in a dry run; nor if the process ends before.
    pub fn cleanup<O: Outcome>(mut self, cleanup: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> Self
    where
        S: OpenOrChecked<'env, A>,
    {
        self.state.options().cleanup(cleanup);
        self
    }

    /// Looks whether the desired state is there. It must change nothing; what it returns when it passes is the output of
    /// the job. [`.run(..)`](Graph::run) follows.
    ///
    /// An error says no, as `false` does, and the run is called. A check that cannot tell says so with
    /// [`unknown`](crate::unknown).
    ///
    /// It returns a [`Verdict`]: `bool`, or a `dojobber::Result<T>`, so that `?` works. `Ok(false)` says no, and so
    /// does the status of a process that failed.
    ///
    /// ```
    /// # use dojobber::{Graph, ensure};
    /// # let plan =
    /// Graph::new()
    ///     .job("plain").check(|_| 1 + 1 == 2).run(|_| ())
    ///     .job("with a message").check(|_| ensure(1 + 1 == 2, "arithmetic is broken")).run(|_| ())
    ///     .job("with errors").check(|_| Ok("2".parse::<u8>()? == 2)).run(|_| ())
    /// # .compile().unwrap();
    /// # assert!(plan.run(()).success() && !plan.run(()).changed());
    /// ```
    pub fn check<T, V, C>(self, check: C) -> Graph<'env, A, Checked<'env, A, C, V, T>>
    where
        S: AwaitsBody<'env, A>,
        V: Verdict<Value = T> + Keeps<S::Promise>,
        C: Fn(&Context<A>) -> V + Send + Sync + 'env,
    {
        Graph {
            draft: self.draft,
            state: Checked { options: self.state.into_options(), check, verdict: V::verdict },
        }
    }

    /// The same as [`check`](Graph::check), as a future: while it waits it holds no worker. [`.run(..)`](Graph::run) or
    /// [`.run_async(..)`](Graph::run_async) follows.
    ///
    /// The closure gets a context of its own. The future may borrow what the plan may, and may be of any runtime.
    ///
    /// ```
    /// # use dojobber::Graph;
    /// # use std::time::Duration;
    /// let ready = std::sync::atomic::AtomicBool::new(false);
    /// let plan = Graph::new()
    ///     .job("upload")
    ///     .check_async(async |_| ready.load(std::sync::atomic::Ordering::Relaxed))
    ///     .run_async(async |cx| {
    ///         cx.sleep_async(Duration::from_millis(1)).await;
    ///         ready.store(true, std::sync::atomic::Ordering::Relaxed);
    ///     })
    ///     .compile()
    ///     .unwrap();
    /// assert!(plan.run(()).success());
    /// ```
    pub fn check_async<V, F, C>(self, check: C) -> Graph<'env, A, CheckedAsync<'env, A>>
    where
        S: AwaitsBody<'env, A>,
        V: Verdict + Keeps<S::Promise>,
        C: Fn(Context<A>) -> F + Send + Sync + 'env,
        F: Future<Output = V> + Send + 'env,
    {
        let check = PhaseCode::check_async(check);
        Graph { draft: self.draft, state: CheckedAsync { options: self.state.into_options(), check } }
    }

    /// The same as [`run`](Graph::run), as a future.
    pub fn run_async<O, F>(self, run: impl Fn(Context<A>) -> F + Send + Sync + 'env) -> Graph<'env, A>
    where
        S: AwaitsRun<'env, A>,
        O: Outcome,
        F: Future<Output = O> + Send + 'env,
    {
        Self::closed(self.draft, self.state.with_run_async(PhaseCode::run_async(run)))
    }

    /// The same as [`run_only`](Graph::run_only), as a future.
    pub fn run_only_async<O, F, R>(self, run: R) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A>,
        O: Outcome + Keeps<S::Promise>,
        R: Fn(Context<A>) -> F + Send + Sync + 'env,
        F: Future<Output = O> + Send + 'env,
    {
        self.close(JobSpec::run_only_async(run))
    }

    /// The same as [`check_only`](Graph::check_only), as a future.
    pub fn check_only_async<V, F, C>(self, check: C) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A>,
        V: Verdict + Keeps<S::Promise>,
        C: Fn(Context<A>) -> F + Send + Sync + 'env,
        F: Future<Output = V> + Send + 'env,
    {
        self.close(JobSpec::check_only_async(check))
    }

    /// The same as [`cleanup`](Graph::cleanup), as a future: the thread that cleans up waits for it.
    pub fn cleanup_async<O, F>(mut self, cleanup: impl Fn(Context<A>) -> F + Send + Sync + 'env) -> Self
    where
        S: OpenOrChecked<'env, A>,
        O: Outcome,
        F: Future<Output = O> + Send + 'env,
    {
        self.state.options().cleanup_async(cleanup);
        self
    }

    /// Does something about it where the check fails. The check that follows decides: an error of the run is recorded and shown.
    pub fn run<O: Outcome>(self, run: impl Fn(&Context<A>) -> O + Send + Sync + 'env) -> Graph<'env, A>
    where
        S: AwaitsRun<'env, A>,
    {
        Self::closed(self.draft, self.state.with_run(run))
    }

    /// Is done every time. What it returns is the output of the job, its error the failure.
    ///
    /// Where it fails it is done again, as any job is: three times in all, unless [`.tries(1)`](Graph::tries) or the
    /// runner says otherwise.
    pub fn run_only<O, R>(self, run: R) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A>,
        O: Outcome + Keeps<S::Promise>,
        R: Fn(&Context<A>) -> O + Send + Sync + 'env,
    {
        self.close(JobSpec::run_only(run))
    }

    /// Looks at something that must hold, and that nothing but time can repair. What it returns when it passes is the output of the job.
    pub fn check_only<V, C>(self, check: C) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A>,
        V: Verdict + Keeps<S::Promise>,
        C: Fn(&Context<A>) -> V + Send + Sync + 'env,
    {
        self.close(JobSpec::check_only(check))
    }

    /// Ends the open job without anything to do: it stands for the jobs that it is after.
    pub fn group(self) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A, Promise: Accepts<()>>,
    {
        self.close(JobSpec::group())
    }

    /// The phases of a struct, which is cloned for every try: a [`Job`](crate::Job), or an [`AsyncJob`](crate::AsyncJob).
    pub fn with<J, M>(self, job: J) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A, Promise: Accepts<J::Output>>,
        J: StructJob<'env, A, M> + Clone + Send + Sync + 'env,
    {
        self.with_new(move |_| Ok(job.clone()))
    }

    /// The phases of a struct, which is made for every try. A constructor that fails is a failed try.
    pub fn with_new<J, M>(
        self,
        make: impl Fn(&Context<A>) -> Result<J> + Send + Sync + 'env,
    ) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A, Promise: Accepts<J::Output>>,
        J: StructJob<'env, A, M>,
    {
        self.close(JobSpec::with_new(make))
    }

    /// Ends the open job with a whole graph inside of it, whose jobs become `name/inner`. All of them wait for what the
    /// open job is after, and the open job is done when all of them are. It makes no difference which end of an edge says
    /// it: `.job("backup").before("db")` holds back everything inside of `db`.
    ///
    /// A name inside is looked up inside first, then outside, nest by nest. A `/` that you write in a name makes no nest.
    ///
    /// ```
    /// use dojobber::Graph;
    ///
    /// let steps = || Graph::new()
    ///     .job("install").after("network").group()
    ///     .job("start").after("install").group();
    /// let plan = Graph::new()
    ///     .job("network").group()
    ///     .job("db").nest(steps())
    ///     .job("web").after("db").nest(steps())
    ///     .compile()
    ///     .unwrap();
    /// assert!(plan.depends("db/install", "network"));
    /// assert!(plan.depends("web/install", "db/start"));
    /// assert!(plan.depends("web", "web/start"));
    /// ```
    ///
    /// Tries, delays and cleanups belong to the jobs inside; [`defaults`](Graph::defaults) sets them for all.
    pub fn nest(self, graph: Graph<'env, A>) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A, Promise: Accepts<()>>,
    {
        let mut draft = self.draft;
        draft.nest(*graph.draft, JobSpec::group().with_options(self.state.into_options()));
        Graph { draft, state: Settled }
    }

    fn close(self, spec: JobSpec<'env, A>) -> Graph<'env, A>
    where
        S: AwaitsBody<'env, A>,
    {
        Self::closed(self.draft, spec.with_options(self.state.into_options()))
    }

    fn closed(mut draft: Box<Draft<'env, A>>, spec: JobSpec<'env, A>) -> Graph<'env, A> {
        draft.close(spec);
        Graph { draft, state: Settled }
    }

    fn settled(self) -> Graph<'env, A> {
        Graph { draft: self.draft, state: Settled }
    }
}

/// Merges all of them.
impl<'env, A> Extend<Graph<'env, A>> for Graph<'env, A> {
    fn extend<I: IntoIterator<Item = Graph<'env, A>>>(&mut self, graphs: I) {
        for graph in graphs {
            self.draft.merge(*graph.draft);
        }
    }
}

/// Merges all of them.
impl<'env, A> FromIterator<Graph<'env, A>> for Graph<'env, A> {
    fn from_iter<I: IntoIterator<Item = Graph<'env, A>>>(graphs: I) -> Self {
        let mut merged = Graph::default();
        merged.extend(graphs);
        merged
    }
}

impl<A, S: fmt::Debug> fmt::Debug for Graph<'_, A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("jobs", &self.draft).field("state", &self.state).finish()
    }
}
