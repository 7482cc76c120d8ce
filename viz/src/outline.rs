//! Writes plain text for logs and terminals: a tree of jobs with their states.
//!
//! What a job depends on is indented below it. A job that several others depend on is told once; later it is only
//! mentioned. So the text is as long as the graph is large, however the paths multiply.

use std::collections::VecDeque;
use std::fmt::Write as _;

use crate::scene::{Scene, SceneNode, Status};
use crate::text;

/// Jobs deeper than this start a tree of their own.
const DEEPEST: usize = 24;

/// The scene as an indented tree below a line of counts.
pub fn write(scene: &Scene) -> String {
    let mut text = counts(scene);
    let mut outline = Outline::new(scene);
    for root in outline.roots() {
        outline.queue.push_back(root);
    }
    loop {
        while let Some(root) = outline.queue.pop_front() {
            outline.tree(root, &mut text);
        }
        // whatever is left stands in a cycle
        let Some(rest) = outline.told.iter().position(|told| !told) else { break };
        outline.queue.push_back(rest);
    }
    text
}

fn counts(scene: &Scene) -> String {
    let (jobs, counts) = (scene.jobs(), scene.counts());
    let separator = if counts.total() == 0 { "" } else { ": " };
    format!("{jobs} {}{separator}{counts}\n", if jobs == 1 { "job" } else { "jobs" })
}

struct Outline<'a> {
    scene: &'a Scene,
    /// What each job depends on.
    below: Vec<Vec<usize>>,
    /// The failed job that keeps a blocked one from being done.
    cause: Vec<Option<usize>>,
    told: Vec<bool>,
    /// Where trees begin that are not told yet.
    queue: VecDeque<usize>,
}

impl<'a> Outline<'a> {
    fn new(scene: &'a Scene) -> Self {
        let jobs = scene.nodes.len();
        let mut below = vec![Vec::new(); jobs];
        for (node, job) in scene.nodes.iter().enumerate() {
            below[job.parent.unwrap_or(node)].extend(job.parent.map(|_| node));
        }
        for &(a, b) in &scene.edges {
            below[a].push(b);
        }
        Self { scene, below, cause: causes(scene), told: vec![false; jobs], queue: VecDeque::new() }
    }

    /// The jobs that nothing depends on.
    fn roots(&self) -> Vec<usize> {
        let mut is_root = vec![true; self.below.len()];
        for (from, targets) in self.below.iter().enumerate() {
            targets.iter().filter(|target| **target != from).for_each(|target| is_root[*target] = false);
        }
        (0..is_root.len()).filter(|node| is_root[*node]).collect()
    }

    /// Tells a job and all below it, without recursion.
    fn tree(&mut self, root: usize, text: &mut String) {
        if self.told[root] {
            return;
        }
        self.told[root] = true;
        self.line(root, "", text);
        // the prefix of the children, and those that are left
        let mut open: Vec<(String, std::vec::IntoIter<usize>)> = vec![(String::new(), self.children(root))];
        while let Some((prefix, children)) = open.last_mut() {
            let Some(child) = children.next() else {
                open.pop();
                continue;
            };
            let is_last = children.len() == 0;
            let line = format!("{prefix}{}", if is_last { "└─ " } else { "├─ " });
            let inner = format!("{prefix}{}", if is_last { "   " } else { "│  " });
            let children = self.children(child);
            if self.told[child] {
                let note = if children.len() == 0 { "" } else { " (see above)" };
                self.mention(child, &line, note, text);
            } else if open.len() >= DEEPEST && children.len() > 0 {
                self.mention(child, &line, " (see below)", text);
                self.queue.push_back(child);
            } else {
                self.told[child] = true;
                self.line(child, &line, text);
                open.push((inner, children));
            }
        }
    }

    fn children(&self, node: usize) -> std::vec::IntoIter<usize> {
        self.below[node].clone().into_iter()
    }

    fn mention(&self, node: usize, prefix: &str, note: &str, text: &mut String) {
        let job = &self.scene.nodes[node];
        let status = job.status.map_or(String::new(), |status| format!(": {status}"));
        let _ = writeln!(text, "{prefix}{}{status}{note}", text::printable(job.label()));
    }

    fn line(&self, node: usize, prefix: &str, text: &mut String) {
        let job = &self.scene.nodes[node];
        let _ = write!(text, "{prefix}{}", text::printable(job.label()));
        if let Some(status) = job.status {
            let _ = write!(text, ": {status}");
        }
        if let Some(cause) = self.cause[node] {
            let _ = write!(text, " by {}", text::printable(&self.scene.nodes[cause].name));
        }
        text.push_str(&facts(job));
        text.push('\n');
    }
}

/// Tries, time, and the error or what would be done, as far as there are any.
fn facts(job: &SceneNode) -> String {
    let tries = (job.tries > 1).then(|| format!("{} tries", job.tries));
    let facts: Vec<String> = tries.into_iter().chain(job.time.map(text::duration)).collect();
    let mut line = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
    let run = job.run.as_ref().filter(|_| job.status == Some(Status::WouldRun));
    if let Some(words) = run.or(job.error.as_ref()) {
        // a log wants one line for one job
        let words = text::shortened(words).lines().map(text::printable).collect::<Vec<_>>().join("\\n");
        let _ = write!(line, " {words}");
    }
    line
}

/// For each blocked job a failed one, or one that would run, that it waits for: the nearest, upwards from each of
/// those in order of declaration.
fn causes(scene: &Scene) -> Vec<Option<usize>> {
    let mut above = vec![Vec::new(); scene.nodes.len()];
    for &(a, b) in &scene.edges {
        above[b].push(a);
    }
    let blocks = |status: Status| !status.is_done() && !matches!(status, Status::Blocked | Status::Cancelled);
    let is_cause = |node: &usize| scene.nodes[*node].status.is_some_and(blocks);
    let mut cause = vec![None; scene.nodes.len()];
    let mut queue: VecDeque<(usize, usize)> =
        (0..scene.nodes.len()).filter(is_cause).map(|node| (node, node)).collect();
    while let Some((node, from)) = queue.pop_front() {
        for &next in &above[node] {
            if cause[next].is_none() && scene.nodes[next].status == Some(Status::Blocked) {
                cause[next] = Some(from);
                queue.push_back((next, from));
            }
        }
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(nodes: Vec<SceneNode>, edges: &[(usize, usize)], expected: &str) {
        assert_eq!(write(&Scene { nodes, edges: edges.to_vec(), ..Scene::default() }), expected);
    }

    #[test]
    fn a_tree_with_states() {
        let mut failed = SceneNode::new("tv").with_status(Status::Failed);
        failed.tries = 3;
        failed.time = Some(std::time::Duration::from_millis(12));
        failed.error = Some("no remote\nanywhere".to_owned());
        check(
            vec![
                SceneNode::new("movie").with_status(Status::Blocked),
                failed,
                SceneNode::new("couch").with_status(Status::Changed),
                SceneNode::new("room").with_status(Status::Satisfied),
                SceneNode::new("other\u{1b}[31m"),
            ],
            &[(0, 1), (0, 2), (1, 2), (2, 3)],
            "\
5 jobs: 1 satisfied, 1 changed, 1 failed, 1 blocked
movie: blocked by tv
├─ tv: failed (3 tries, 12 ms) no remote\\nanywhere
│  └─ couch: changed
│     └─ room: satisfied
└─ couch: changed (see above)
other\u{fffd}[31m
",
        );
    }

    #[test]
    fn what_is_not_done_blocks_what_is_above_it() {
        for &status in Status::ALL {
            let blocked = SceneNode::new("a").with_status(Status::Blocked);
            let nodes = vec![blocked, SceneNode::new("b").with_status(status)];
            let text = write(&Scene { nodes, edges: vec![(0, 1)], ..Scene::default() });
            let blocks = !status.is_done() && !matches!(status, Status::Blocked | Status::Cancelled);
            let by = if blocks { " by b" } else { "" };
            assert!(text.ends_with(&format!("a: blocked{by}\n└─ b: {status}\n")), "{text}");
        }
    }

    #[test]
    fn cycles_end() {
        let nodes = ["a", "b", "c"].map(SceneNode::new).to_vec();
        check(
            nodes,
            &[(0, 1), (1, 0), (2, 2)],
            "3 jobs\nc\n└─ c (see above)\na\n└─ b\n   └─ a (see above)\n",
        );
        check(vec![], &[], "0 jobs\n");
    }

    #[test]
    fn a_long_chain_is_cut_into_pieces() {
        let nodes = (0..20_000).map(|node| SceneNode::new(format!("job {node}"))).collect();
        let edges = (1..20_000).map(|node| (node - 1, node)).collect();
        let text = write(&Scene { nodes, edges, ..Scene::default() });
        assert!(text.lines().all(|line| line.chars().count() < 100));
        assert_eq!(text.matches(" (see below)").count(), 19_999 / DEEPEST);
        assert_eq!(text.lines().count(), 1 + 20_000 + 19_999 / DEEPEST);
    }
}
