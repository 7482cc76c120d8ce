//! A report from what was read of it; what does not fit together is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::{DeserializeSeed as _, Error as _};
use serde::{Deserialize, Deserializer};

use crate::clock::Scale;
use crate::fields::Fill;
use crate::graph::{Edges, JobGraph, JobId, NestSpan, Nests, Rows, StartEdges};
use crate::names::NameId;
use crate::report::saved::jobs::{Jobs, Unfit, add_row, check_name, check_row};
use crate::report::saved::read::{SavedNest, SavedNode, SavedReport};
use crate::report::{Extras, NO_EXTRAS, Origin, Report, date};
use crate::text::name_fault;
use crate::words::DryRun;

impl<'de> Deserialize<'de> for Report {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut saved = SavedReport::default();
        Fill(&mut saved).deserialize(deserializer)?;
        restore(saved).map_err(D::Error::custom)
    }
}

/// The report, if all of it fits together.
pub(super) fn restore(saved: SavedReport) -> Result<Report, Unfit> {
    let SavedReport { version, mut jobs, nests, elapsed_ns, .. } = saved;
    let origin = restore_origin(saved.started.as_deref(), saved.host)?;
    jobs.check(elapsed_ns)?;
    let (nests, edges) = restore_nests(&nests, &mut jobs)?;
    if let Some(job) = edges.left_out(&edges.order()).first() {
        let why = "depends on jobs that depend on each other in a cycle";
        return Err(Unfit::of(jobs.name(*job), why));
    }
    let dry_run = match (saved.dry_run, saved.goes_through) {
        (true, true) => DryRun::Through,
        (false, true) => return Err(Unfit::alone("it goes through, but is no dry run".to_owned())),
        (is_on, false) => is_on.into(),
    };
    if version.0 == 1 {
        jobs.know_false_by_its_text();
    }
    let count = jobs.len() as u32;
    let graph = JobGraph::new(
        jobs.names,
        (0..count).map(NameId).collect(),
        (0..count).map(JobId).collect(),
        jobs.kinds,
        jobs.descriptions,
        edges,
        nests,
    );
    let mut report = Report::new(graph.into(), dry_run, jobs.heads, jobs.logs);
    report.say_why_stopped(saved.stop_reason);
    report.close(elapsed_ns, Scale::NANOS);
    report.origin = origin;
    report.is_complete = !saved.incomplete;
    let extras = Extras {
        observer_failures: saved.observer_failures,
        descriptions_of_runs: jobs.descriptions_of_runs,
        said: jobs.said,
        nodes: restore_nodes(saved.nodes)?,
    };
    report.extras = (extras != NO_EXTRAS).then(|| Box::new(extras));
    Ok(report)
}

fn restore_origin(started: Option<&str>, host: Option<String>) -> Result<Origin, Unfit> {
    let started = match started {
        None => None,
        Some(text) => {
            let no_moment = || Unfit::alone(format!("{text:?} is no moment, such as 2026-11-25T10:47:14.5Z"));
            Some(date::from_text(text).ok_or_else(no_moment)?)
        }
    };
    if let Some(host) = host.as_deref().filter(|host| name_fault(host).is_some()) {
        return Err(Unfit::alone(format!("{host:?} is no name of a machine")));
    }
    Ok(Origin { started, host: host.map(Into::into) })
}

/// Each worker stands for one machine.
fn restore_nodes(saved: Vec<SavedNode>) -> Result<BTreeMap<u16, Box<str>>, Unfit> {
    let mut nodes = BTreeMap::new();
    for SavedNode { worker, name } in saved {
        if name_fault(&name).is_some() {
            return Err(Unfit::alone(format!("{name:?} is no name of a machine")));
        }
        if nodes.insert(worker, name.into()).is_some() {
            return Err(Unfit::alone(format!("worker {worker} is on two machines")));
        }
    }
    Ok(nodes)
}

/// The nests, and all edges: those of the jobs, and those that come of what nests wait for.
fn restore_nests(saved: &[SavedNest], all: &mut Jobs) -> Result<(Nests, Edges), Unfit> {
    let jobs = all.len();
    let mut spans: Vec<NestSpan> = Vec::with_capacity(saved.len());
    let mut after = Rows::with_capacity(saved.len(), 0);
    let mut seen = BTreeSet::new();
    let mut open: Vec<u32> = Vec::new(); // where the nests end that the next one may be inside of
    for nest in saved {
        let unfit = |why: String| Err(Unfit::of(&nest.name, why));
        check_name(&nest.name)?;
        let Some(end) =
            nest.first.checked_add(nest.jobs).filter(|end| nest.jobs > 0 && *end as usize <= jobs)
        else {
            return unfit(format!(
                "is a nest of {} jobs from job {} on, but there are {jobs}",
                nest.jobs, nest.first
            ));
        };
        while open.pop_if(|around| *around <= nest.first).is_some() {}
        // a group that ends it has its name, and stands behind it
        let fits = all.names.find(&nest.name).is_none_or(|name| name.0 == end);
        if !fits || !seen.insert(&nest.name) {
            return unfit("is the name of a nest and of something else".to_owned());
        }
        let is_in_order = spans.last().is_none_or(|last| last.jobs.start <= nest.first);
        if !is_in_order || open.last().is_some_and(|around| end > *around) {
            return unfit("is a nest that is neither inside of another nor beside it".to_owned());
        }
        open.push(end);
        spans.push(NestSpan { name: nest.name.as_str().into(), jobs: nest.first..end });
        add_row(&nest.name, &nest.after, &mut after)?;
        check_row(&nest.name, after.row(JobId::new(spans.len() - 1)), jobs)?;
    }
    let mut nests = Nests::new(spans);
    let own = std::mem::replace(&mut all.after, Rows::with_capacity(0, 0));
    let rows = nests.with_starts(own, &after, StartEdges::Few);
    let edges = Edges::new(rows, jobs, nests.nodes(jobs));
    Ok((nests, edges))
}
