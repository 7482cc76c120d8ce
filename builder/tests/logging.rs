//! What developers see who listen to the target `dojobber`.
//!
//! A program of its own with a single test: what is listened to is a matter of the whole process, and other tests that
//! run at the same moment would have a say in it.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::{Cleanup, Graph, Runner};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

/// Keeps level and message of every event of ours.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "dojobber"
    }
    fn event(&self, event: &Event<'_>) {
        let mut line = format!("{}:", event.metadata().level());
        event.record(&mut Message(&mut line));
        self.0.lock().unwrap().push(line);
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Message<'a>(&'a mut String);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            write!(self.0, " {value:?}").unwrap();
        }
    }
}

#[track_caller]
fn check(work: impl FnOnce(), expected: &[&str]) {
    let log = Log::default();
    with_default(log.clone(), work);
    assert_eq!(*log.0.lock().unwrap(), expected);
}

fn compile_and_run_at_debug_and_tries_at_trace() {
    let work = || {
        let plan = Graph::new().job("a").tries(2).run_only(|cx| cx.attempt() == 2).compile().unwrap();
        let runner = Runner::builder().threads(1).default_retry_delay(Duration::ZERO).build();
        assert!(runner.run(&plan, ()).success());
    };
    check(
        work,
        &[
            "DEBUG: plan compiled",
            "DEBUG: run starts",
            "TRACE: try failed",
            "TRACE: job ended",
            "DEBUG: run ended",
        ],
    );
}

fn cleanups_that_are_never_called() {
    let plan = Graph::new().job("a").cleanup(|_| ()).run_only(|_| ()).compile().unwrap();
    let run = |cleanup| Runner::builder().threads(1).cleanup(cleanup).build().run(&plan, ());
    let warning = "WARN: a run is dropped, and with it cleanups that were left to `Run::cleanup`";
    let forgotten = run(Cleanup::ByHand);
    check(|| drop(forgotten), &[warning]);
    let mut called = run(Cleanup::ByHand);
    called.cleanup();
    check(|| drop(called), &[]);
    let on_drop = run(Cleanup::OnDrop);
    check(|| drop(on_drop), &[]);
}

fn cleanups_that_fail_when_nobody_can_be_told() {
    let plan = Graph::new().job("a").cleanup(|_| false).run_only(|_| ());
    let plan = plan.job("b").cleanup(|_| panic!("p")).run_only(|_| ()).compile().unwrap();
    let run = |cleanup| Runner::builder().threads(1).cleanup(cleanup).build().run(&plan, ());
    let warning = "WARN: a cleanup failed when its run was dropped";
    let on_drop = run(Cleanup::OnDrop).into_result().unwrap();
    check(|| drop(on_drop), &[warning, warning]);
    let reported = run(Cleanup::OnDrop);
    check(|| assert_eq!(reported.into_report().cleanup_failures().len(), 2), &[]); // the report tells of them
    let at_end = run(Cleanup::AtEnd);
    check(|| drop(at_end), &[]);
}

#[test]
fn developers_see_what_happens() {
    compile_and_run_at_debug_and_tries_at_trace();
    cleanups_that_are_never_called();
    cleanups_that_fail_when_nobody_can_be_told();
}
