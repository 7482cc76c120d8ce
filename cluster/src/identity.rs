//! What must be the same everywhere: the graph, and the program.

use std::fmt::Write as _;
use std::fs::File;
use std::hash::{BuildHasher, Hash, Hasher};
use std::io::{self, Read as _};
use std::path::Path;

use dojobber::{JobId, Plan};

/// Everything of a graph that must be the same in each process, a line each.
pub(crate) fn graph_lines<A>(plan: &Plan<'_, A>, agreed: &str) -> String {
    let graph = plan.graph();
    let mut text = format!("{} jobs; agreed on: {}\n", graph.len(), agreed.escape_debug());
    for job in graph.ids() {
        let after: Vec<String> = graph.own_after(job).iter().map(|on| on.index().to_string()).collect();
        let place = if plan.is_elsewhere(job) { ", on the cluster" } else { "" };
        let output = match (plan.has_output(job), plan.portable(job).is_some()) {
            (false, _) => "",
            (true, true) => ", portable",
            (true, false) => ", stays",
        };
        let (name, kind) = (graph.name(job), graph.kind(job));
        let _ = writeln!(
            text,
            "{}: {name:?} is a {kind} after [{}]{place}{output}",
            job.index(),
            after.join(" ")
        );
    }
    for nest in graph.nests() {
        let after: Vec<String> = nest.after().iter().map(|on| on.index().to_string()).collect();
        let _ = writeln!(
            text,
            "nest {:?} of {} jobs after [{}]",
            nest.name(),
            nest.jobs().len(),
            after.join(" ")
        );
    }
    text
}

/// A short name for these lines. Each unit makes it, so they are not written down for that.
pub(crate) fn digest<A>(plan: &Plan<'_, A>, agreed: &str) -> String {
    let (graph, mut hasher) = (plan.graph(), hasher());
    let places = |after: &[JobId], hasher: &mut _| {
        after.len().hash(hasher);
        after.iter().for_each(|on| on.index().hash(hasher));
    };
    (graph.len(), agreed).hash(&mut hasher);
    for job in graph.ids() {
        let (has_output, is_portable) = (plan.has_output(job), plan.portable(job).is_some());
        (graph.name(job), graph.kind(job)).hash(&mut hasher);
        (plan.is_elsewhere(job), has_output, has_output && is_portable).hash(&mut hasher);
        places(graph.own_after(job), &mut hasher);
    }
    for nest in graph.nests() {
        (nest.name(), nest.jobs().len()).hash(&mut hasher);
        places(nest.after(), &mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// The length of a program, and a digest of all that is in it.
pub(crate) fn build(program: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut length) = (File::open(program)?, hasher(), 0_u64);
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(format!("{length}-{:016x}", hasher.finish()));
        }
        hasher.write(&buffer[..count]);
        length += count as u64;
    }
}

/// The same on every machine.
fn hasher() -> impl Hasher {
    foldhash::quality::FixedState::with_seed(0x0d0b).build_hasher()
}

/// Where two descriptions of a graph differ, in words.
pub(crate) fn difference(sent: &str, here: &str, node: &str) -> String {
    match sent.lines().zip(here.lines()).find(|(sent, here)| sent != here) {
        Some((sent, here)) => format!("`{sent}` where it was started, `{here}` on {node}"),
        None => {
            format!("{} lines where it was started, {} on {node}", sent.lines().count(), here.lines().count())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dojobber::{Done, Elsewhere, Graph, Key, Order};
    use std::sync::Arc;

    struct Away;

    impl Elsewhere for Away {
        fn begin(&self, _: &Order<'_>, _: Done) {}
    }

    #[test]
    fn a_graph_is_told_by_its_lines() {
        const KEY: Key<u8> = Key::new("b").portable();
        let graph = Graph::new().job("a").check_only(|_| Ok(1)).job(KEY).after("a").run_only(|_| Ok(1));
        let lines = graph_lines(&graph.compile().unwrap(), "x\n");
        let expected = "2 jobs; agreed on: x\\n\n0: \"a\" is a check_only after [], stays\n\
                        1: \"b\" is a run_only after [0], portable\n";
        assert_eq!(lines, expected);
    }

    /// What differs in its lines has another digest.
    #[test]
    fn a_graph_has_a_name_of_its_own() {
        const PORTABLE: Key<u8> = Key::new("b").portable();
        const STAYS: Key<u8> = Key::new("b");
        let a = |name: &str| Graph::new().job(name).check_only(|_| Ok(1));
        let away: Arc<dyn Elsewhere> = Arc::new(Away);
        let nest = |inner: &str| Graph::new().job("n").nest(Graph::new().job(inner).run_only(|_| ()));
        let graphs = [
            a("a"),
            a("b"),
            a("a").job("b").run_only(|_| ()),
            a("a").job("b").after("a").run_only(|_| ()),
            a("a").job("b").after("a").check_only(|_| true),
            a("a").job("b").after("a").group(),
            a("a").job(PORTABLE).after("a").run_only(|_| Ok(1)),
            a("a").job(STAYS).after("a").run_only(|_| Ok(1)),
            a("a").job("b").after("a").on(away).run_only(|_| ()),
            nest("x"),
            nest("y"),
            nest("x").job("a").run_only(|_| ()),
            Graph::new().job("a").group().job("n").after("a").nest(Graph::new().job("x").group()),
            Graph::new().job("a").group().job("n").nest(Graph::new().job("x").group()),
        ];
        let mut seen = std::collections::BTreeMap::new();
        for graph in graphs {
            let plan = graph.compile().unwrap();
            for agreed in ["", "x"] {
                let lines = graph_lines(&plan, agreed);
                assert_eq!(seen.insert(digest(&plan, agreed), lines.clone()), None, "{lines}");
                assert_eq!(seen[&digest(&plan, agreed)], lines);
            }
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(difference("a\nb\n", "a\nc\n", "n1"), "`b` where it was started, `c` on n1");
        assert_eq!(difference("a\nb\n", "a\n", "n1"), "2 lines where it was started, 1 on n1");
    }
}
