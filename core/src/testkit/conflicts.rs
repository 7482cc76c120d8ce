//! Two jobs without an order between them that touch the same thing.

use std::collections::BTreeMap;

use crate::faults::{Access, Touch};
use crate::graph::{JobGraph, JobId};
use crate::testkit::finding::Trouble;
use crate::testkit::observation::{Observation, RunSeen};
use crate::words::Phase;

/// The first two touches of one thing, of which one writes it, by jobs of which neither is after the other.
pub(super) fn conflict<O>(observation: &Observation<O>) -> Option<Trouble> {
    observation.runs.iter().find_map(|run| {
        let touches = observation.touches.iter().filter(|touch| touch.call.run == run.number);
        conflict_in(run, touches)
    })
}

fn conflict_in<'t>(run: &RunSeen, touches: impl Iterator<Item = &'t Touch>) -> Option<Trouble> {
    let mut things: BTreeMap<&str, Vec<&Touch>> = BTreeMap::new();
    for touch in touches {
        let earlier = things.entry(&touch.thing).or_default();
        if let Some(other) = earlier.iter().find(|other| conflicts(run, other, touch)) {
            return Some(told(&run.graph, other, touch));
        }
        let is_known = |other: &&Touch| {
            (other.call.step.job, other.access, is_cleanup(other))
                == (touch.call.step.job, touch.access, is_cleanup(touch))
        };
        if !earlier.iter().copied().any(|other| is_known(&other)) {
            earlier.push(touch);
        }
    }
    None
}

fn conflicts(run: &RunSeen, one: &Touch, other: &Touch) -> bool {
    let (graph, a, b) = (&run.graph, one.call.step.job, other.call.step.job);
    a != b
        && (one.access, other.access) != (Access::Read, Access::Read)
        // cleanups follow when all jobs have ended
        && is_cleanup(one) == is_cleanup(other)
        && !is_after(graph, a, b)
        && !is_after(graph, b, a)
        && !run.jobs[a.index()].is_kept_apart_from(&run.jobs[b.index()])
}

fn is_cleanup(touch: &Touch) -> bool {
    touch.call.step.phase == Phase::Cleanup
}

fn is_after(graph: &JobGraph, job: JobId, on: JobId) -> bool {
    graph.is_after(job, on)
}

/// The job that writes comes first: what reads it has to wait for that.
fn told(graph: &JobGraph, one: &Touch, other: &Touch) -> Trouble {
    let (first, second) = if one.access == Access::Write { (one, other) } else { (other, one) };
    let name = |touch: &Touch| graph.name(touch.call.step.job).to_owned();
    let does = |touch: &Touch| if touch.access == Access::Write { "writes" } else { "reads" };
    let (writer, user) = (name(first), name(second));
    let too = if second.access == Access::Write { ", too" } else { "" };
    Trouble::new(format!(
        "`{writer}` writes `{}`, `{user}` {} it{too}, and neither is after the other",
        first.thing,
        does(second)
    ))
    .job(writer.as_str())
    .job(user.as_str())
    .phase(first.call.step.phase)
    .detail(format!("`{writer}`.{} writes it", first.call.step.phase))
    .detail(format!("`{user}`.{} {} it", second.call.step.phase, does(second)))
    .detail(format!(
        "the edge that is missing: `.job(\"{user}\").after(\"{writer}\")`, or the other way round"
    ))
    .detail("or, where any order will do, a pool that has no room for both: `.uses(&pool)`")
}
