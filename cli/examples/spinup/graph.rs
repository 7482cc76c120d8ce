//! The jobs of a small stack, without a word about how they are run.

use std::time::Duration;

use dojobber::{Backoff, Context, Graph, Key, Result, ensure, permanent};

const SERVER: Key<Box<dyn Server>> = Key::new("server");

/// What is to be brought up.
pub(crate) struct Stack {
    pub(crate) greeting: String,
    /// How long to wait for the server.
    pub(crate) patience: Duration,
    pub(crate) hold: bool,
}

/// Where it is brought up: this machine, or a fake in a test.
pub(crate) trait Host: Sync {
    fn has_directory(&self) -> bool;
    fn make_directory(&self) -> Result;
    fn configuration(&self) -> Result<String>;
    /// The file is there as a whole afterwards, or not at all.
    fn configure(&self, greeting: &str) -> Result;
    /// Whether a server could listen.
    fn port_is_free(&self) -> Result;
    /// The server belongs to the run: it is ended right after the cleanup of its job.
    fn start(&self, cx: &Context) -> Result<Box<dyn Server>>;
    /// What the server answers, within the time that the phase has left.
    fn get(&self, cx: &Context, path: &str) -> Result<String>;
    /// What says that a server was started goes away, if it is there.
    fn remove_note(&self) -> Result;
}

/// A server that was started.
pub(crate) trait Server: Send + Sync {
    fn check_running(&self) -> Result;
}

pub(crate) fn spinup<'s>(stack: &'s Stack, host: &'s dyn Host) -> Graph<'s> {
    let graph = Graph::new()
        .job("directory")
        .check(|_| host.has_directory())
        .run(|_| host.make_directory())
        .job("configuration")
        .after("directory")
        .check(|_| Ok(host.configuration()? == stack.greeting))
        .run(|_| host.configure(&stack.greeting))
        .job("port")
        .description("is free: the server of a run that was killed is asked to quit")
        .retry_for(Duration::from_secs(5))
        .retry_delay(Duration::from_millis(50))
        .timeout(Duration::from_secs(1))
        .check(|_| host.port_is_free())
        .run(|cx| host.get(cx, "/quit").map(drop))
        .job(SERVER)
        .after(["configuration", "port"])
        .tries(1)
        .cleanup(|_| host.remove_note())
        .run_only(|cx| host.start(cx))
        .job("answers")
        .after(SERVER)
        .retry_for(stack.patience)
        .retry_delay(Backoff::exponential(Duration::from_millis(20)).max_delay(Duration::from_millis(200)))
        .timeout(Duration::from_millis(500))
        .check_only(|cx| {
            cx.output(&SERVER)?.check_running().map_err(permanent)?; // a server that has died will not answer
            ensure(host.get(cx, "/health")? == "well", "the server is not well")
        })
        .job("smoke test")
        .after("answers")
        .tries(1)
        .check_only(|cx| ensure(host.get(cx, "/")? == stack.greeting, "the server says something else"));
    if stack.hold { graph.job("up").after("smoke test").timeout(Duration::MAX).run_only(wait) } else { graph }
}

/// Until the run is stopped. Ends well then: that is what was asked for.
fn wait(cx: &Context) {
    cx.sleep(Duration::MAX).unwrap_or_default();
}
