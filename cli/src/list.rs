//! `--list` and `--why`.

use std::collections::VecDeque;

use dojobber::{JobGraph, JobId, Kind, Plan, printable};

use crate::text::{columns, listed};

/// A line for each job, in the order in which they would run. Groups are none, but jobs may be after them.
/// No line takes more than `width` cells, where that is known.
pub(crate) fn list<A>(plan: &Plan<'_, A>, width: Option<usize>) -> Vec<String> {
    let graph = plan.graph();
    let jobs = plan.order().filter(|job| graph.kind(*job) != Kind::Group);
    let row = |job: JobId| {
        let about = graph.description(job).map(|text| printable(text).to_string()).unwrap_or_default();
        [graph.name(job).to_owned(), about, after(graph, job)]
    };
    columns(&jobs.map(row).collect::<Vec<_>>(), width)
}

/// What a job waits for: what itself says, and what the nests say that it is inside of.
fn after(graph: &JobGraph, job: JobId) -> String {
    let mut names: Vec<&str> = graph.own_after(job).iter().map(|on| graph.name(*on)).collect();
    let mut nest = graph.nest_of(job);
    while let Some(inside) = nest {
        for on in inside.after() {
            let name = graph.name(*on);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        nest = inside.parent();
    }
    if names.is_empty() { String::new() } else { format!("after {}", listed(names.into_iter())) }
}

/// `upload -> notes -> tag`: the shortest way to a job from one that nothing depends on; `->` reads "is after".
pub(crate) fn why<A>(plan: &Plan<'_, A>, name: &str) -> Result<String, String> {
    let graph = plan.graph();
    let Some(job) = graph.find(name) else {
        let unknown = plan.select(name).err();
        return Err(unknown.map_or_else(|| format!("there is no job `{name}`"), |error| error.to_string()));
    };
    let way: Vec<&str> = way_down(graph, job).into_iter().map(|job| graph.name(job)).collect();
    Ok(match way[..] {
        [only] => format!("{only}: nothing depends on it"),
        _ => way.join(" -> "),
    })
}

/// Breadth first from the job to the nearest one that nothing depends on, and the way back.
fn way_down(graph: &JobGraph, job: JobId) -> Vec<JobId> {
    let mut from: Vec<Option<JobId>> = vec![None; graph.len()];
    let mut next = VecDeque::from([job]);
    while let Some(at) = next.pop_front() {
        let behind = graph.before(at);
        if behind.is_empty() {
            return std::iter::successors(Some(at), |at| from[at.index()].filter(|_| *at != job)).collect();
        }
        for &one in behind.iter() {
            if one != job && from[one.index()].is_none() {
                from[one.index()] = Some(at);
                next.push_back(one);
            }
        }
    }
    vec![job]
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::Graph;

    fn plan() -> Plan<'static> {
        Graph::new()
            .job("verify")
            .after("upload")
            .run_only(|_| ())
            .job("upload")
            .description("send it\nthere")
            .after(["parts", "disk"])
            .run_only(|_| ())
            .job("parts")
            .after("version")
            .nest(Graph::new().job("one").run_only(|_| ()).job("two").after("one").check_only(|_| true))
            .job("version")
            .check_only(|_| true)
            .job("disk")
            .check_only(|_| true)
            .job("all")
            .after(["verify", "version"])
            .group()
            .compile()
            .unwrap()
    }

    #[test]
    fn jobs_are_listed_in_order() {
        let expected = [
            "version",
            "disk",
            "parts/one                  after version",
            "parts/two                  after parts/one, version",
            "upload     send it\\nthere  after parts, disk",
            "verify                     after upload",
        ];
        assert_eq!(list(&plan(), None), expected);
        assert_eq!(list(&Graph::new().compile().unwrap(), None), [""; 0]);
    }

    #[track_caller]
    fn check_why(name: &str, expected: &str) {
        let found = why(&plan(), name).unwrap_or_else(|error| error);
        assert_eq!(found, expected);
    }

    #[test]
    fn the_shortest_way_to_a_job() {
        check_why("version", "all -> version");
        check_why("disk", "all -> verify -> upload -> disk");
        check_why("parts/one", "all -> verify -> upload -> parts -> parts/two -> parts/one");
        check_why("parts", "all -> verify -> upload -> parts");
        check_why("all", "all: nothing depends on it");
        check_why("verfy", "there is no job `verfy`; did you mean `verify`?");
    }
}
