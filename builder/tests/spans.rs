//! What whoever collects spans sees of a run: where a job's own log stands, across threads and awaits.
//!
//! A program of its own: who listens is a matter of the whole process.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::{BoxError, CancelToken, Cleanup, Graph, Runner, ensure};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

#[derive(Debug, Clone, Default)]
struct Seen {
    name: &'static str,
    parent: Option<u64>,
    fields: BTreeMap<&'static str, String>,
    entered: usize,
    closed: bool,
}

/// What a job has said, and the spans that it was in.
type Said = (String, Vec<u64>);

/// Collects spans, and of each event of a job the spans around it.
#[derive(Clone, Default)]
struct Collector {
    next: Arc<AtomicU64>,
    spans: Arc<Mutex<BTreeMap<u64, Seen>>>,
    references: Arc<Mutex<BTreeMap<u64, usize>>>,
    events: Arc<Mutex<Vec<Said>>>,
}

thread_local! {
    static STACK: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

struct Fields<'a>(&'a mut BTreeMap<&'static str, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_span() || metadata.target() == "spans"
    }
    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let id = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        let current = || STACK.with_borrow(|stack| stack.last().copied());
        let parent = match attributes.parent() {
            Some(parent) => Some(parent.into_u64()),
            None if attributes.is_contextual() => current(),
            None => None,
        };
        let mut seen = Seen { name: attributes.metadata().name(), parent, ..Seen::default() };
        attributes.record(&mut Fields(&mut seen.fields));
        self.spans.lock().unwrap().insert(id, seen);
        self.references.lock().unwrap().insert(id, 1);
        Id::from_u64(id)
    }
    fn record(&self, id: &Id, record: &Record<'_>) {
        let mut spans = self.spans.lock().unwrap();
        record.record(&mut Fields(&mut spans.get_mut(&id.into_u64()).unwrap().fields));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut fields = BTreeMap::new();
        event.record(&mut Fields(&mut fields));
        let stack = STACK.with_borrow(Clone::clone);
        self.events.lock().unwrap().push((fields["message"].clone(), stack));
    }
    fn enter(&self, id: &Id) {
        STACK.with_borrow_mut(|stack| stack.push(id.into_u64()));
        self.spans.lock().unwrap().get_mut(&id.into_u64()).unwrap().entered += 1;
    }
    fn exit(&self, id: &Id) {
        STACK.with_borrow_mut(|stack| assert_eq!(stack.pop(), Some(id.into_u64())));
    }
    fn clone_span(&self, id: &Id) -> Id {
        *self.references.lock().unwrap().get_mut(&id.into_u64()).unwrap() += 1;
        id.clone()
    }
    fn try_close(&self, id: Id) -> bool {
        let mut references = self.references.lock().unwrap();
        let left = references.get_mut(&id.into_u64()).unwrap();
        *left -= 1;
        if *left == 0 {
            self.spans.lock().unwrap().get_mut(&id.into_u64()).unwrap().closed = true;
        }
        *left == 0
    }
}

impl Collector {
    fn spans(&self, name: &str) -> Vec<Seen> {
        self.spans.lock().unwrap().values().filter(|span| span.name == name).cloned().collect()
    }

    /// The names of the spans around each event, from the outermost on, as parents tell.
    fn check_events(&self, expected: usize) {
        let (events, spans) = (self.events.lock().unwrap(), self.spans.lock().unwrap());
        assert_eq!(events.len(), expected);
        for (message, stack) in events.iter() {
            let phase = &spans[stack.last().unwrap_or_else(|| panic!("{message} stands in no span"))];
            let job = &spans[&phase.parent.unwrap()];
            let run =
                if phase.fields["dojobber.phase"] == "cleanup" { job } else { &spans[&job.parent.unwrap()] };
            let place = format!(
                "{} {} {}",
                phase.fields["dojobber.job"],
                phase.fields["dojobber.phase"],
                phase.fields["dojobber.attempt"]
            );
            assert_eq!((message, phase.name, run.name), (&place, "phase", "run"));
            assert_eq!(
                phase.fields["otel.name"],
                place.rsplit_once(' ').map(|(rest, _)| swapped(rest)).unwrap()
            );
        }
    }

    fn check_closed(&self) {
        for (id, span) in self.spans.lock().unwrap().iter() {
            assert!(span.closed, "{id}: {span:?}");
        }
    }
}

/// `check a` of `a check`.
fn swapped(text: &str) -> String {
    let (job, phase) = text.rsplit_once(' ').unwrap();
    format!("{phase} {job}")
}

fn say<A>(cx: &dojobber::Context<A>) {
    tracing::info!(target: "spans", "{} {} {}", cx.job(), cx.phase(), cx.attempt());
}

fn across_threads_tries_and_awaits() {
    let collector = Collector::default();
    let graph = (0..40).fold(Graph::new(), |graph, number: usize| {
        let name = format!("job {number}");
        let open = graph.job(&name).tries(3).retry_delay(Duration::ZERO).cleanup(say);
        if number.is_multiple_of(2) {
            open.check(move |cx| {
                say(cx);
                ensure(cx.attempt() == 2 && cx.phase() == dojobber::Phase::Recheck, "not yet")
            })
            .run(say)
        } else {
            open.check_async(async |cx| {
                say(&cx);
                cx.sleep_async(Duration::from_millis(1)).await;
                say(&cx);
                Err::<(), BoxError>("not yet".into())
            })
            .run_async(async |cx| {
                cx.sleep_async(Duration::from_millis(1)).await;
                say(&cx);
                Ok(())
            })
        }
    });
    let plan = graph.compile().unwrap();
    // listened to on this thread alone, and heard on all
    with_default(collector.clone(), || {
        let run = Runner::builder().threads(4).build().run(&plan, ());
        assert_eq!(run.counts().to_string(), "20 changed, 20 failed");
    });
    // 20 jobs: two tries of check, run and recheck, two cleanups; 20 of three tries of two checks with two lines and a run
    collector.check_events(20 * (6 + 2) + 20 * 3 * (2 + 1 + 2 + 1));
    collector.check_closed();
    let jobs = collector.spans("job");
    assert_eq!((jobs.len(), collector.spans("run").len()), (40, 1));
    for job in jobs {
        let [status, result] =
            ["dojobber.status", "cicd.pipeline.task.run.result"].map(|field| &*job.fields[field]);
        let fails = job.fields.contains_key("error.type");
        assert_eq!((status, result), if fails { ("failed", "failure") } else { ("changed", "success") });
        if fails {
            assert_eq!(job.fields["otel.status_code"], "ERROR");
            assert_eq!(job.fields["otel.status_description"], "not yet");
        }
        assert_eq!(job.fields["otel.name"], job.fields["cicd.pipeline.task.name"]);
    }
    let run = &collector.spans("run")[0];
    assert_eq!(run.fields["cicd.pipeline.result"], "failure");
    assert_eq!((&*run.fields["dojobber.changed"], &*run.fields["dojobber.failed"]), ("20", "20"));
    assert!(collector.spans("phase").iter().any(|phase| phase.entered > 1), "no future was polled twice");
}

fn panics_stops_and_late_cleanups() {
    let collector = Collector::default();
    let stop = CancelToken::new();
    let token = stop.clone();
    let plan = Graph::new()
        .job("panics")
        .tries(1)
        .cleanup(say)
        .run_only(|_| panic!("smoke"))
        .job("behind")
        .after("panics")
        .run_only(|_| ())
        .job("stops")
        .run_only(move |_| token.cancel())
        .job("last")
        .after("stops")
        .run_only(|_| ())
        .compile()
        .unwrap();
    with_default(collector.clone(), || {
        let outer = tracing::info_span!(target: "spans", "outer");
        let _entered = outer.enter();
        let runner = Runner::builder().threads(1).cancel_token(&stop).cleanup(Cleanup::OnDrop).build();
        let run = runner.run(&plan, ());
        assert_eq!(run.counts().to_string(), "1 changed, 1 failed, 1 blocked, 1 cancelled");
        assert!(!collector.spans("run")[0].closed, "a cleanup is due");
        drop(run);
    });
    collector.check_events(1);
    collector.check_closed();
    let run = &collector.spans("run")[0];
    assert_eq!(run.fields["cicd.pipeline.result"], "cancellation");
    let parent = collector.spans.lock().unwrap()[&run.parent.unwrap()].name;
    assert_eq!(parent, "outer");
    let jobs = collector.spans("job");
    assert_eq!(jobs.len(), 2, "those that began");
    assert_eq!(
        (&*jobs[0].fields["error.type"], &*jobs[0].fields["otel.status_description"]),
        ("panic", "smoke")
    );
}

/// Nobody listens: no span, and nothing else changes.
fn nothing_where_nobody_listens() {
    let plan = Graph::new().job("a").run_only(|_| ()).compile().unwrap();
    assert!(plan.run(()).success());
}

#[test]
fn spans() {
    nothing_where_nobody_listens();
    across_threads_tries_and_awaits();
    panics_stops_and_late_cleanups();
    nothing_where_nobody_listens();
}
