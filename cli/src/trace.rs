//! A report as a trace in Chrome's format, which ui.perfetto.dev and chrome://tracing open.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dojobber::{JobId, JobReport, Phase, PhaseRecord, Pool, Report, Slots, Status, printable};
use serde_json::{Value, json};

use crate::text::reason;

/// A row for each worker, with all that held it; below them, phases that held none while they waited, and what waited for
/// its next try; and how many jobs did what, and how many slots of each pool were taken, as `uses` tells.
pub(crate) fn trace(report: &Report, program: &str, uses: &[(JobId, Slots)]) -> Value {
    let mut events = vec![metadata("process_name", 0, program)];
    events.extend(workers(report));
    let aside = aside(report);
    for job in report.jobs() {
        let phases = job.phases();
        for (at, record) in phases.iter().enumerate() {
            if aside.contains(&(job.id(), at)) {
                events.extend(pair(job, record, at));
            } else {
                events.push(phase(job, record));
            }
        }
        events.extend(delays(job, &phases));
        if job.status() == Status::Failed {
            events.extend(phases.iter().rfind(|record| record.phase() != Phase::Cleanup).map(|last| {
                json!({ "ph": "i", "pid": 1, "tid": row(last.worker()), "ts": micros(last.end().as_nanos()), "s": "p",
                    "cat": "job", "name": format!("{} failed", job.name()) })
            }));
        }
    }
    events.extend(counts(report));
    events.extend(pools(report, uses));
    json!({
        "displayTimeUnit": "ms",
        "otherData": {
            "program": program,
            "dojobber": env!("CARGO_PKG_VERSION"),
            "status": report.counts().to_string(),
            "host": report.host(),
        },
        "traceEvents": events,
    })
}

/// The names of the rows.
fn workers(report: &Report) -> Vec<Value> {
    let of = |job: JobReport<'_>| job.phases().iter().map(PhaseRecord::worker).max();
    let last = report.jobs().filter_map(of).max();
    let name = |worker| match (worker, report.node(worker)) {
        (0, _) => "worker 0 (caller)".to_owned(),
        (_, Some(node)) => format!("worker {worker} on {}", printable(node)),
        _ => format!("worker {worker}"),
    };
    let workers = last.map_or(0, |last| last + 1);
    (0..workers).map(|worker| metadata("thread_name", worker, &name(worker))).collect()
}

/// Phases that overlap with others of their worker, by job and place. They were futures: a worker that ended another phase
/// meanwhile was not held by this one. So all that did hold it find it free, in the order of their ends.
fn aside(report: &Report) -> BTreeSet<(JobId, usize)> {
    let mut all = Vec::new();
    for job in report.jobs() {
        let of = |(at, record): (usize, &PhaseRecord<'_>)| {
            (record.end(), Reverse(record.start()), record.worker(), (job.id(), at))
        };
        all.extend(job.phases().iter().enumerate().map(of));
    }
    all.sort_unstable();
    let mut busy_until = BTreeMap::new();
    let overlaps = |(end, Reverse(start), worker, place)| {
        let until = busy_until.entry(worker).or_insert(Duration::ZERO);
        if start < *until {
            return Some(place);
        }
        if start < end {
            *until = end;
        }
        None
    };
    all.into_iter().filter_map(overlaps).collect()
}

/// The number of a worker's row. No thread has the number 0: some readers take it for none.
fn row(worker: usize) -> usize {
    worker + 1
}

/// With a category, a time and a row, as Chrome itself writes it: some readers insist on them.
fn metadata(what: &str, worker: usize, name: &str) -> Value {
    json!({ "ph": "M", "pid": 1, "tid": row(worker), "ts": 0, "cat": "__metadata", "name": what,
        "args": { "name": name } })
}

/// A bar: what a worker did from when to when.
fn phase(job: JobReport<'_>, record: &PhaseRecord<'_>) -> Value {
    let mut args =
        json!({ "try": record.attempt(), "verdict": if record.passed() { "pass" } else { "fail" } });
    if !reason(record.error()).is_empty() {
        args["error"] = json!(reason(record.error()));
    }
    if let Some(node) = record.node() {
        args["on"] = json!(printable(node).to_string());
    }
    let about = job.description_of_run().or(job.description());
    if let Some(about) = about.filter(|_| record.phase() == Phase::Run) {
        args["what"] = json!(printable(about).to_string());
    }
    json!({
        "ph": "X",
        "pid": 1,
        "tid": row(record.worker()),
        "ts": micros(record.start().as_nanos()),
        "dur": micros(record.length().as_nanos()),
        "name": job.name(),
        "cat": record.phase().to_string(),
        "args": args,
    })
}

/// A bar in a row of its own: a pair of events that belong together.
fn pair(job: JobReport<'_>, record: &PhaseRecord<'_>, at: usize) -> [Value; 2] {
    let mut begin = phase(job, record);
    begin["ph"] = json!("b");
    begin["id"] = json!(format!("{} {at}", job.name()));
    let mut end = begin.clone();
    end["ph"] = json!("e");
    end["ts"] = json!(micros(record.end().as_nanos()));
    [begin, end].map(|mut event| {
        event.as_object_mut().into_iter().for_each(|event| _ = event.remove("dur"));
        event
    })
}

/// The times between tries, in which a job held no worker: each a pair of events that belong together.
fn delays(job: JobReport<'_>, phases: &[PhaseRecord<'_>]) -> Vec<Value> {
    let mut events = Vec::new();
    for pair in phases.windows(2) {
        if is_delay(pair) {
            for (kind, at) in [("b", pair[0].end()), ("e", pair[1].start())] {
                events.push(json!({
                    "ph": kind,
                    "pid": 1,
                    "tid": row(pair[0].worker()),
                    "id": job.name(),
                    "ts": micros(at.as_nanos()),
                    "name": job.name(),
                    "cat": "delay",
                }));
            }
        }
    }
    events
}

/// How many jobs were in a phase, and how many between two tries, whenever that changed.
fn counts(report: &Report) -> Vec<Value> {
    let mut changes: BTreeMap<Duration, [i64; 2]> = BTreeMap::new();
    let mut change = |at, which: usize, by| changes.entry(at).or_default()[which] += by;
    for job in report.jobs() {
        let phases = job.phases();
        for record in &phases {
            change(record.start(), 0, 1);
            change(record.end(), 0, -1);
        }
        for pair in phases.windows(2).filter(|pair| is_delay(pair)) {
            change(pair[0].end(), 1, 1);
            change(pair[1].start(), 1, -1);
        }
    }
    let mut now = [0; 2];
    let mut events = Vec::new();
    for (at, by) in changes.into_iter().filter(|(_, by)| *by != [0, 0]) {
        now = [now[0] + by[0], now[1] + by[1]];
        events.push(json!({ "ph": "C", "pid": 1, "tid": row(0), "ts": micros(at.as_nanos()), "cat": "job",
            "name": "jobs", "args": { "running": now[0], "between tries": now[1] } }));
    }
    events
}

/// How many slots of each pool were taken, whenever that changed.
fn pools(report: &Report, uses: &[(JobId, Slots)]) -> Vec<Value> {
    let mut pools: Vec<(&Pool, BTreeMap<Duration, i64>)> = Vec::new();
    for (job, slots) in uses {
        let at = pools.iter().position(|(pool, _)| *pool == slots.pool()).unwrap_or(pools.len());
        if at == pools.len() {
            pools.push((slots.pool(), BTreeMap::new()));
        }
        let Some(job) = report.job(report.graph().name(*job)) else { continue };
        for (begin, end) in tries(job) {
            *pools[at].1.entry(begin).or_default() += i64::from(slots.count());
            *pools[at].1.entry(end).or_default() -= i64::from(slots.count());
        }
    }
    let mut events = Vec::new();
    for (pool, changes) in pools {
        let mut taken = 0;
        for (at, by) in changes.into_iter().filter(|(_, by)| *by != 0) {
            taken += by;
            events.push(
                json!({ "ph": "C", "pid": 1, "tid": row(0), "ts": micros(at.as_nanos()), "cat": "pool",
                "name": pool.name(), "args": { "slots in use": taken } }),
            );
        }
    }
    events
}

/// When each try of a job has begun and ended.
fn tries(job: JobReport<'_>) -> Vec<(Duration, Duration)> {
    let mut tries: Vec<(u32, Duration, Duration)> = Vec::new();
    for record in job.phases().iter().filter(|record| record.phase() != Phase::Cleanup) {
        match tries.last_mut() {
            Some((attempt, _, end)) if *attempt == record.attempt() => *end = record.end(),
            _ => tries.push((record.attempt(), record.start(), record.end())),
        }
    }
    tries.into_iter().map(|(_, begin, end)| (begin, end)).collect()
}

/// Whether a job waited for its next try between two phases that follow each other.
fn is_delay(pair: &[PhaseRecord<'_>]) -> bool {
    pair[0].attempt() != pair[1].attempt() && pair[1].phase() != Phase::Cleanup
}

/// The format counts in microseconds; fractions are allowed.
fn micros(nanos: u128) -> f64 {
    nanos as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::{Graph, Runner, ensure};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// `flaky` needs two tries, `broken` fails, `behind` is blocked.
    fn traced() -> (Report, Value) {
        let calls = AtomicU32::new(0);
        let plan = Graph::new()
            .job("flaky")
            .tries(2)
            .check_only(|_| ensure(calls.fetch_add(1, Ordering::Relaxed) > 0, "not yet"))
            .job("broken")
            .description("cannot work")
            .tries(1)
            .run_only(|_| false)
            .job("behind")
            .after("broken")
            .run_only(|_| ())
            .compile()
            .unwrap();
        let runner = Runner::builder().threads(1).default_retry_delay(Duration::ZERO).build();
        let report = runner.run(&plan, ()).into_report();
        let made = trace(&report, "program", &[]);
        (report, made)
    }

    #[track_caller]
    fn events<'a>(trace: &'a Value, kind: &str) -> Vec<&'a Value> {
        trace["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == kind).collect()
    }

    #[test]
    fn every_phase_is_a_bar_as_long_as_it_was() {
        let (report, trace) = traced();
        let bars = events(&trace, "X");
        let records: Vec<_> = report.jobs().flat_map(|job| job.phases()).collect();
        assert_eq!(bars.len(), records.len());
        for (bar, record) in bars.iter().zip(&records) {
            assert_eq!(bar["dur"].as_f64().unwrap(), record.length().as_nanos() as f64 / 1000.0);
            assert_eq!(bar["args"]["try"], record.attempt());
        }
        assert_eq!(
            (&bars[0]["args"]["error"], &bars[0]["args"]["verdict"]),
            (&json!("not yet"), &json!("fail"))
        );
        assert_eq!((&bars[2]["args"]["what"], &bars[2]["args"].get("error")), (&json!("cannot work"), &None));
    }

    #[test]
    fn a_delay_begins_and_ends() {
        let (_, trace) = traced();
        let (begin, end) = (events(&trace, "b"), events(&trace, "e"));
        assert_eq!((begin.len(), end.len()), (1, 1));
        assert_eq!((&begin[0]["id"], &end[0]["id"]), (&json!("flaky"), &json!("flaky")));
        assert!(begin[0]["ts"].as_f64() <= end[0]["ts"].as_f64());
    }

    #[test]
    fn what_held_no_worker_has_rows_of_its_own() {
        let waits = |graph: Graph<'static>, at: usize| {
            graph.job(format!("waits {at}")).run_only_async(async |cx| {
                cx.sleep_async(Duration::from_millis(5)).await;
            })
        };
        let blocks = Graph::new().job("blocks").run_only(|cx| cx.sleep(Duration::from_millis(1)));
        let plan = (0..3).fold(blocks, waits).compile().unwrap();
        let runner = Runner::builder().threads(1).build();
        let made = trace(&runner.run(&plan, ()).into_report(), "program", &[]);
        let names = |kind| events(&made, kind).iter().map(|event| event["name"].clone()).collect::<Vec<_>>();
        assert!(names("X").contains(&json!("blocks")), "{:?}", names("X"));
        assert_eq!(names("X").len() + names("b").len(), 4);
        assert!(names("b").len() >= 2, "at most one of them ends before the others began");
        let (begin, end) = (events(&made, "b"), events(&made, "e"));
        for (begin, end) in begin.iter().zip(&end) {
            assert_eq!((&begin["id"], &begin["cat"]), (&end["id"], &json!("run")));
            assert!(begin["ts"].as_f64() < end["ts"].as_f64());
        }
    }

    #[test]
    fn jobs_are_counted_by_what_they_do() {
        let (_, trace) = traced();
        let counts: Vec<_> = events(&trace, "C").iter().map(|event| event["args"].clone()).collect();
        let is_between = |count: &&Value| count["between tries"] == 1;
        assert!(counts.iter().all(|count| count["running"] == 0 || count["running"] == 1), "{counts:?}");
        assert!(counts.iter().any(|count| count["running"] == 1));
        assert!(counts.iter().filter(is_between).count() >= 1, "flaky waits: {counts:?}");
        assert_eq!(counts.last().unwrap(), &json!({ "running": 0, "between tries": 0 }));
    }

    #[test]
    fn slots_of_pools_are_counted() {
        let (disk, line) = (Pool::new("disk", 3), Pool::new("line", 1));
        let calls = AtomicU32::new(0);
        let plan = Graph::new()
            .job("flaky")
            .uses([disk.slots(2), line.slots(1)])
            .tries(2)
            .check(|_| calls.fetch_add(1, Ordering::Relaxed) > 1)
            .run(|_| ())
            .job("plain")
            .uses(&disk)
            .cleanup(|_| ())
            .run_only(|_| ())
            .compile()
            .unwrap();
        let runner = Runner::builder().threads(1).default_retry_delay(Duration::from_millis(1)).build();
        let report = runner.run(&plan, ()).into_report();
        let trace = trace(&report, "program", &plan.uses());
        let of = |pool: &str| {
            let events = events(&trace, "C").into_iter().filter(|event| event["name"] == pool);
            events.map(|event| event["args"]["slots in use"].as_i64().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!((of("disk"), of("line")), (vec![2, 0, 1, 0, 2, 0], vec![1, 0, 1, 0]));
    }

    #[test]
    fn names_and_what_failed() {
        let (_, trace) = traced();
        let names: Vec<_> = events(&trace, "M").iter().map(|event| event["args"]["name"].clone()).collect();
        assert_eq!(names, ["program", "worker 0 (caller)"]);
        let marks: Vec<_> = events(&trace, "i").iter().map(|event| event["name"].clone()).collect();
        assert_eq!(marks, ["broken failed"]);
        assert_eq!(trace["otherData"]["status"], "1 satisfied, 1 failed, 1 blocked");
    }
}
