//! What of a scene is shown: parts left out, edges that go without saying, boxes around jobs that belong together.

use std::collections::{BTreeMap, BTreeSet};

use crate::scene::{Scene, SceneNode, Status};
use crate::text;

/// Boxes are nested at most so deep.
const DEEPEST: usize = 8;

/// How to change a scene before it is drawn. By default it stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// Only jobs that failed or would run, what these lead to, and what leads to them: nothing that is done.
    pub only_failed: bool,
    /// Without the edges that go without saying: those between jobs that a longer path joins as well.
    pub reduced: bool,
    /// Boxes around jobs that are called `name/..`: nested ones.
    pub boxes: bool,
    /// Jobs called `name/..` become one, for each of these names.
    pub collapsed: Vec<String>,
    /// All nested jobs become one with what they are nested in.
    pub all_collapsed: bool,
    /// Labels tell how long a job took.
    pub times: bool,
}

impl View {
    /// The scene as it is to be drawn.
    pub fn of(&self, scene: &Scene) -> Scene {
        let mut scene = scene.clone();
        if self.only_failed {
            scene = only_failed(&scene);
        }
        if self.all_collapsed || !self.collapsed.is_empty() {
            scene =
                collapse(scene, |name| self.all_collapsed || self.collapsed.iter().any(|own| own == name));
        }
        if self.boxes {
            scene = put_into_boxes(scene);
        }
        if self.reduced {
            reduce(&mut scene);
        }
        if self.times {
            scene.nodes.iter_mut().for_each(tell_time);
        }
        scene
    }
}

/// Leaves out whatever is done, and where nothing has run, nothing.
fn only_failed(scene: &Scene) -> Scene {
    let is_shown = |node: &SceneNode| node.status.is_none_or(|status| !status.is_done());
    let mut number = vec![None; scene.nodes.len()];
    let mut shown = Scene::default();
    for (index, node) in scene.nodes.iter().enumerate().filter(|(_, node)| is_shown(node)) {
        number[index] = Some(shown.nodes.len());
        shown.nodes.push(node.clone());
    }
    shown.edges = scene.edges.iter().filter_map(|&(a, b)| Some((number[a]?, number[b]?))).collect();
    shown
}

/// The parts of a name that may be the name of a box: `a` and `a/b` of `a/b/c`.
fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    let ends = name.match_indices('/').map(|(at, _)| at).filter(|at| *at > 0 && at + 1 < name.len());
    ends.take(DEEPEST).map(|at| &name[..at])
}

/// Puts all jobs below a name into the job of that name, which comes to be if it is not there.
fn collapse(scene: Scene, is_meant: impl Fn(&str) -> bool) -> Scene {
    let mut collapsed = Scene::default();
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    let mut counts: Vec<usize> = Vec::new();
    let mut is_made_up: Vec<bool> = Vec::new();
    let mut number = Vec::with_capacity(scene.nodes.len());
    for node in &scene.nodes {
        let target = prefixes(&node.name).find(|prefix| is_meant(prefix));
        let name = target.unwrap_or(&node.name);
        let fresh = collapsed.nodes.len();
        let index = match target {
            Some(name) => *by_name.entry(name.to_owned()).or_insert(fresh),
            None if is_meant(name) => *by_name.entry(name.to_owned()).or_insert(fresh),
            None => fresh,
        };
        if index == fresh {
            collapsed.nodes.push(SceneNode::new(name));
            counts.push(0);
            is_made_up.push(true);
        }
        if target.is_some() {
            counts[index] += 1;
            let into = &mut collapsed.nodes[index];
            into.time = into.time.into_iter().chain(node.time).reduce(|a, b| a + b);
            if is_made_up[index] {
                into.status = worse(into.status, node.status);
            }
            if into.error.is_none() {
                into.error = node.error.as_ref().map(|error| format!("{}: {error}", node.name));
            }
        } else {
            let inside = std::mem::replace(&mut collapsed.nodes[index], node.clone());
            let own = &mut collapsed.nodes[index];
            own.time = own.time.into_iter().chain(inside.time).reduce(|a, b| a + b);
            own.error = own.error.take().or(inside.error);
            is_made_up[index] = false;
        }
        number.push(index);
    }
    for (node, count) in collapsed.nodes.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
        let jobs = if count == 1 { "job" } else { "jobs" };
        node.label = Some(format!("{} ({count} {jobs})", node.name));
    }
    let ends = scene.edges.iter().map(|&(a, b)| (number[a], number[b], a == b));
    let mut seen = BTreeSet::new();
    let kept = ends.filter(|&(a, b, is_loop)| is_loop || (a != b && seen.insert((a, b))));
    collapsed.edges = kept.map(|(a, b, _)| (a, b)).collect();
    collapsed
}

/// The status that says more about what went wrong.
fn worse(a: Option<Status>, b: Option<Status>) -> Option<Status> {
    let weight = |status: &Status| match status {
        Status::Satisfied => 0,
        Status::Changed => 1,
        Status::Blocked => 2,
        Status::Cancelled => 3,
        Status::WouldRun => 4,
        _ => 5,
    };
    a.into_iter().chain(b).max_by_key(weight)
}

/// Puts nested jobs into boxes. The job that they are nested in becomes the box; where there is none, a box comes to
/// be. An edge that leaves a box or leads into one ends at the box, once, and those within a box stay as they are.
fn put_into_boxes(mut scene: Scene) -> Scene {
    let mut by_name: BTreeMap<String, usize> = BTreeMap::new();
    for (index, node) in scene.nodes.iter().enumerate() {
        by_name.entry(node.name.clone()).or_insert(index);
    }
    let jobs = scene.nodes.len();
    for index in 0..jobs {
        let name = scene.nodes[index].name.clone();
        let mut parent = None;
        for prefix in prefixes(&name) {
            let fresh = scene.nodes.len();
            let around = *by_name.entry(prefix.to_owned()).or_insert(fresh);
            if around == fresh {
                scene.nodes.push(SceneNode { parent, ..SceneNode::new(prefix) });
            }
            parent = Some(around);
        }
        scene.nodes[index].parent = parent;
    }
    let mut seen = BTreeSet::new();
    let mut edges = Vec::new();
    for &(a, b) in &scene.edges {
        let Some(lifted) = lift(&scene, a, b) else { continue };
        // repetitions that nobody lifted were there before
        if lifted == (a, b) || seen.insert(lifted) {
            edges.push(lifted);
        }
    }
    scene.edges = edges;
    scene
}

/// The two nodes, around `a` and around `b`, that stand in the same box; none if one is inside of the other.
fn lift(scene: &Scene, a: usize, b: usize) -> Option<(usize, usize)> {
    if scene.nodes[a].parent == scene.nodes[b].parent {
        return Some((a, b));
    }
    let (a, b) = (path(scene, a), path(scene, b));
    let shared = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    Some((*a.get(shared)?, *b.get(shared)?))
}

/// All that a node stands in, from the outermost on, and the node itself.
fn path(scene: &Scene, node: usize) -> Vec<usize> {
    let mut path: Vec<usize> = std::iter::successors(Some(node), |node| scene.nodes[*node].parent).collect();
    path.reverse();
    path
}

/// How many nodes one reduction may look at in all.
const MOST_LOOKS: usize = 50_000_000;

/// Takes out every edge beside which there is a longer path. In a circle nothing goes without saying, so a graph
/// with one stays as it is; so does the rest of one that is too large to look at.
fn reduce(scene: &mut Scene) {
    let mut below = vec![Vec::new(); scene.nodes.len()];
    for &(a, b) in &scene.edges {
        below[a].push(b);
    }
    let Some(height) = heights(&below) else { return };
    let mut looks = 0;
    let mut superfluous = BTreeSet::new();
    let mut seen = vec![usize::MAX; below.len()];
    for (from, targets) in below.iter().enumerate().filter(|(_, targets)| targets.len() > 1) {
        let lowest = targets.iter().map(|target| height[*target]).min().unwrap_or(0);
        let mut stack: Vec<usize> =
            targets.iter().flat_map(|target| below[*target].iter().copied()).collect();
        while let Some(node) = stack.pop() {
            looks += 1;
            if looks > MOST_LOOKS {
                return scene.edges.retain(|edge| !superfluous.contains(edge));
            }
            if height[node] >= lowest && seen[node] != from {
                seen[node] = from;
                stack.extend(&below[node]);
            }
        }
        superfluous
            .extend(targets.iter().filter(|target| seen[**target] == from).map(|target| (from, *target)));
    }
    scene.edges.retain(|edge| !superfluous.contains(edge));
}

/// The length of the longest path below each node; none if there is a circle.
fn heights(below: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut above = vec![Vec::new(); below.len()];
    for (from, targets) in below.iter().enumerate() {
        targets.iter().for_each(|target| above[*target].push(from));
    }
    let mut left: Vec<usize> = below.iter().map(Vec::len).collect();
    let mut height = vec![0; below.len()];
    let mut ready: Vec<usize> = (0..below.len()).filter(|node| left[*node] == 0).collect();
    let mut at = 0;
    while let Some(&node) = ready.get(at) {
        at += 1;
        for &from in &above[node] {
            height[from] = height[from].max(height[node] + 1);
            left[from] -= 1;
            if left[from] == 0 {
                ready.push(from);
            }
        }
    }
    (ready.len() == below.len()).then_some(height)
}

fn tell_time(node: &mut SceneNode) {
    if let Some(time) = node.time {
        node.label = Some(format!("{} · {}", node.label(), text::duration(time)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn scene(nodes: &[(&str, Option<Status>)], edges: &[(usize, usize)]) -> Scene {
        let node = |(name, status): &(&str, Option<Status>)| SceneNode {
            name: (*name).to_owned(),
            status: *status,
            ..SceneNode::default()
        };
        Scene { nodes: nodes.iter().map(node).collect(), edges: edges.to_vec() }
    }

    fn plan(names: &[&str], edges: &[(usize, usize)]) -> Scene {
        scene(&names.iter().map(|name| (*name, None)).collect::<Vec<_>>(), edges)
    }

    fn drawn(scene: &Scene) -> (Vec<&str>, Vec<(usize, usize)>) {
        (scene.nodes.iter().map(SceneNode::label).collect(), scene.edges.clone())
    }

    #[track_caller]
    fn check(view: View, before: &Scene, names: &[&str], edges: &[(usize, usize)]) {
        assert_eq!(drawn(&view.of(before)), (names.to_vec(), edges.to_vec()));
    }

    #[test]
    fn nothing_changes_by_default() {
        let scene = plan(&["a", "a/b"], &[(0, 1), (0, 1), (1, 1)]);
        assert_eq!(View::default().of(&scene), scene);
    }

    #[test]
    fn only_what_failed() {
        let [done, failed, blocked] = [Status::Changed, Status::Failed, Status::Blocked].map(Some);
        let before = scene(&[("goal", blocked), ("x", failed), ("y", done)], &[(0, 1), (0, 2), (1, 2)]);
        check(View { only_failed: true, ..View::default() }, &before, &["goal", "x"], &[(0, 1)]);
    }

    #[test]
    fn longer_paths_make_edges_superfluous() {
        let reduced = View { reduced: true, ..View::default() };
        let names = ["a", "b", "c", "d"];
        let before = plan(&names, &[(0, 1), (0, 2), (1, 2), (2, 3), (0, 3)]);
        check(reduced.clone(), &before, &names, &[(0, 1), (1, 2), (2, 3)]);
        let circle = [(0, 1), (1, 2), (2, 0), (0, 2)];
        check(reduced, &plan(&names, &circle), &names, &circle);
    }

    #[test]
    fn nested_jobs_become_one() {
        let all = View { all_collapsed: true, ..View::default() };
        let before =
            plan(&["goal", "a/x", "a/y", "a", "b"], &[(0, 3), (3, 1), (3, 2), (1, 2), (1, 4), (2, 4)]);
        check(all.clone(), &before, &["goal", "a (2 jobs)", "b"], &[(0, 1), (1, 2)]);
        let some = View { collapsed: vec!["a/b".to_owned()], ..View::default() };
        let before = plan(&["a/b/c", "a/d", "/", "a/"], &[(0, 1), (2, 2)]);
        check(some, &before, &["a/b (1 job)", "a/d", "/", "a/"], &[(0, 1), (2, 2)]);
        let made_up = all.of(&scene(
            &[
                ("a/x", Some(Status::Changed)),
                ("a/y", Some(Status::Failed)),
                ("a/z", Some(Status::Satisfied)),
            ],
            &[],
        ));
        assert_eq!(made_up.nodes[0].status, Some(Status::Failed));
    }

    #[test]
    fn nested_jobs_are_put_into_boxes() {
        let boxes = View { boxes: true, ..View::default() };
        let before =
            plan(&["goal", "a", "a/x", "a/y", "b/c/z"], &[(0, 1), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)]);
        check(
            boxes.clone(),
            &before,
            &["goal", "a", "a/x", "a/y", "b/c/z", "b", "b/c"],
            &[(0, 1), (2, 3), (1, 5)],
        );
        let parents: Vec<_> = boxes.of(&before).nodes.iter().map(|node| node.parent).collect();
        assert_eq!(parents, [None, None, Some(1), Some(1), Some(6), None, Some(5)]);
    }

    #[test]
    fn labels_tell_times() {
        let mut before = plan(&["a", "b"], &[]);
        before.nodes[0].time = Some(Duration::from_millis(1500));
        check(View { times: true, ..View::default() }, &before, &["a · 1.50 s", "b"], &[]);
    }
}
