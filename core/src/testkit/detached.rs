//! A context without a run.

use std::sync::Arc;

use crate::clock::Clock;
use crate::context::{Context, Place, World};
use crate::graph::JobId;
use crate::job::JobSpec;
use crate::outputs::Outputs;
use crate::plan::{Draft, Plan};
use crate::process::LazyProcesses;
use crate::store::Store;
use crate::words::Phase;

impl<A> Context<A> {
    /// A context that belongs to no run, for a unit test that calls one phase of one job. Only with the feature
    /// `testkit`.
    ///
    /// The job is called `detached` and is in the only try of its check; it is after nothing, so it can read no output;
    /// both stores are empty, and the clock stands at 0.
    ///
    /// ```
    /// use dojobber_core::{Context, Job, Result, ensure};
    ///
    /// struct Port;
    /// impl Job<u16> for Port {
    ///     type Output = ();
    ///     fn check(&mut self, cx: &Context<u16>) -> Result {
    ///         ensure(*cx.args() >= 1024, "a port below 1024")
    ///     }
    ///     fn run(&mut self, _: &Context<u16>) -> Result {
    ///         Ok(())
    ///     }
    /// }
    /// assert!(Port.check(&Context::detached(8080)).is_ok());
    /// assert!(Port.check(&Context::detached(80)).is_err());
    /// ```
    pub fn detached(args: impl Into<Arc<A>>) -> Self {
        let plan = plan_of_one();
        let world = World {
            is_unit: false,
            graph: Arc::clone(plan.graph()),
            args: args.into(),
            shared: Store::default(),
            outputs: Outputs::of(plan.with_output()),
            cwd: std::env::current_dir().unwrap_or_default(),
            clock: Clock::simulated(),
            processes: LazyProcesses::default(),
            sayings: Default::default(),
            timers: Default::default(),
            runtime: Arc::default(),
            goes_through: false,
        };
        let place = Place { job: JobId::new(0), phase: Phase::Check, attempt: 1, max_tries: 1 };
        Context::new(Arc::new(world), place)
    }

    /// The same in another phase.
    #[must_use]
    pub fn in_phase(mut self, phase: Phase) -> Self {
        self.place_mut().phase = phase;
        self
    }
}

fn plan_of_one() -> Plan<'static> {
    let mut draft = Draft::default();
    draft.open("detached");
    draft.close(JobSpec::group());
    draft.compile().expect("a group is a plan")
}
