//! What OpenTelemetry makes of a run, as docs/tracing.md says.

use std::collections::HashMap;
use std::time::Duration;

use dojobber::{Graph, Runner, ensure};
use opentelemetry::trace::{Status, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing_subscriber::prelude::*;

/// The spans of a run in which one job fails once, and one for good.
fn spans() -> Vec<SpanData> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    let _guard = tracing_subscriber::registry().with(layer).set_default();
    let graph = Graph::new()
        .job("flaky")
        .check_only(|cx| ensure(cx.attempt() > 1, "not yet"))
        .job("broken")
        .after("flaky")
        .run_only(|_| ensure(false, "no room"));
    let runner = Runner::builder().default_tries(2).default_retry_delay(Duration::ZERO);
    assert!(runner.threads(2).build().run(&graph.compile().unwrap(), ()).failure());
    exporter.get_finished_spans().unwrap()
}

fn field(span: &SpanData, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|field| field.key.as_str() == name);
    found.map(|field| field.value.to_string())
}

#[test]
fn spans_have_their_names_parents_and_results() {
    let spans = spans();
    let names: HashMap<_, _> = spans.iter().map(|span| (span.span_context.span_id(), &*span.name)).collect();
    let mut told: Vec<(&str, &str)> = spans
        .iter()
        .map(|span| (&*span.name, names.get(&span.parent_span_id).copied().unwrap_or("-")))
        .collect();
    told.sort_unstable();
    let expected = [
        ("broken", "run"),
        ("check flaky", "flaky"),
        ("check flaky", "flaky"),
        ("flaky", "run"),
        ("run", "-"),
        ("run broken", "broken"),
        ("run broken", "broken"),
    ];
    assert_eq!(told, expected);

    let result = |name: &str, key: &str| field(spans.iter().find(|span| span.name == name).unwrap(), key);
    assert_eq!(result("run", "cicd.pipeline.result").as_deref(), Some("failure"));
    let of_job = "cicd.pipeline.task.run.result";
    assert_eq!(result("flaky", of_job).as_deref(), Some("success"));
    assert_eq!(result("broken", of_job).as_deref(), Some("failure"));
    assert_eq!(result("broken", "error.type").as_deref(), Some("_OTHER"));
    let status = |name: &str| spans.iter().find(|span| span.name == name).unwrap().status.clone();
    assert!(matches!(status("broken"), Status::Error { description } if description == "no room"));
    assert!(!matches!(status("flaky"), Status::Error { .. }));
}
