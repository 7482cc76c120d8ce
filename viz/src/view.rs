//! What of a scene is shown: parts left out, edges that go without saying, boxes around jobs that belong together.

use std::collections::{BTreeMap, BTreeSet};

use crate::scene::{Scene, SceneNest, SceneNode, Status};
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
    /// Boxes around nests.
    pub boxes: bool,
    /// The jobs of these nests become one each.
    pub collapsed: Vec<String>,
    /// All nested jobs become one with the outermost nest that they are inside of.
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
        scene = put_into_boxes(scene, self.boxes);
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
    shown.nests = renumbered(&scene.nests, &number);
    shown
}

/// The same nests, where nodes have other numbers, or are not there any more.
fn renumbered(nests: &[SceneNest], number: &[Option<usize>]) -> Vec<SceneNest> {
    let renumber = |nest: &SceneNest| SceneNest {
        job: nest.job.and_then(|job| number[job]),
        after: nest.after.iter().filter_map(|on| number[*on]).collect(),
        ..nest.clone()
    };
    nests.iter().map(renumber).collect()
}

/// Puts all jobs inside of a nest into the job that ends it, which comes to be if it is not there.
fn collapse(scene: Scene, is_meant: impl Fn(&str) -> bool) -> Scene {
    let is_meant: Vec<bool> = scene.nests.iter().map(|nest| is_meant(&nest.name)).collect();
    let ends = scene.nests.iter().enumerate().filter_map(|(nest, ended)| Some((ended.job?, nest)));
    let ends: BTreeMap<usize, usize> = ends.collect();
    let mut collapsed = Collapsed::new(scene.nests.len());
    for (index, node) in scene.nodes.iter().enumerate() {
        let outermost = scene.nests_around(index).into_iter().find(|nest| is_meant[*nest]);
        let own = || ends.get(&index).copied().filter(|nest| is_meant[*nest]);
        let place = match outermost {
            Some(nest) => collapsed.put_into(nest, &scene.nests[nest].name, node),
            None => match own() {
                Some(nest) => collapsed.end(nest, node),
                None => collapsed.add(node.clone()),
            },
        };
        collapsed.number.push(place);
    }
    collapsed.finish(&scene)
}

/// A scene in which nests become nodes.
struct Collapsed {
    scene: Scene,
    /// Whether a node came to be for a nest whose end was not met yet.
    is_made_up: Vec<bool>,
    /// The node that a nest became.
    node_of: Vec<Option<usize>>,
    /// The node that each of the original ones became, or became a part of.
    number: Vec<usize>,
}

impl Collapsed {
    fn new(nests: usize) -> Self {
        Collapsed {
            scene: Scene::default(),
            is_made_up: Vec::new(),
            node_of: vec![None; nests],
            number: Vec::new(),
        }
    }

    fn add(&mut self, node: SceneNode) -> usize {
        self.scene.nodes.push(node);
        self.is_made_up.push(false);
        self.scene.nodes.len() - 1
    }

    /// A job inside of a nest.
    fn put_into(&mut self, nest: usize, name: &str, node: &SceneNode) -> usize {
        let index = match self.node_of[nest] {
            Some(index) => index,
            None => {
                let index = self.add(SceneNode { is_group: true, ..SceneNode::new(name) });
                self.is_made_up[index] = true;
                *self.node_of[nest].insert(index)
            }
        };
        let into = &mut self.scene.nodes[index];
        into.time = into.time.into_iter().chain(node.time).reduce(|a, b| a + b);
        if self.is_made_up[index] {
            into.status = worse(into.status, node.status);
        }
        if into.error.is_none() {
            into.error = node.error.as_ref().map(|error| format!("{}: {error}", node.name));
        }
        if !node.is_group {
            into.stands_for.push(node.status);
        }
        index
    }

    /// The job that ends a nest.
    fn end(&mut self, nest: usize, node: &SceneNode) -> usize {
        let Some(index) = self.node_of[nest] else {
            let index = self.add(node.clone());
            return *self.node_of[nest].insert(index);
        };
        let inside = std::mem::replace(&mut self.scene.nodes[index], node.clone());
        let own = &mut self.scene.nodes[index];
        own.time = own.time.into_iter().chain(inside.time).reduce(|a, b| a + b);
        own.error = own.error.take().or(inside.error);
        own.stands_for = inside.stands_for;
        self.is_made_up[index] = false;
        index
    }

    /// The edges between what the nodes became, and those of nests that became one.
    fn finish(self, original: &Scene) -> Scene {
        let Collapsed { mut scene, number, node_of, .. } = self;
        for node in scene.nodes.iter_mut().filter(|node| !node.stands_for.is_empty()) {
            let count = node.stands_for.len();
            let jobs = if count == 1 { "job" } else { "jobs" };
            node.label = Some(format!("{} ({count} {jobs})", node.name));
        }
        let number_of: Vec<Option<usize>> = number.iter().copied().map(Some).collect();
        scene.nests = renumbered(&original.nests, &number_of);
        let around = |nest| std::iter::successors(Some(nest), |nest: &usize| original.nests[*nest].parent);
        let mut edges: Vec<_> = original.edges.iter().map(|&(a, b)| (number[a], number[b], a == b)).collect();
        for nest in 0..scene.nests.len() {
            if let Some(node) = around(nest).find_map(|nest| node_of[nest]) {
                let after = std::mem::take(&mut scene.nests[nest].after);
                edges.extend(after.into_iter().map(|on| (node, on, false)));
            }
        }
        let mut seen = BTreeSet::new();
        edges.retain(|&(a, b, is_loop)| is_loop || (a != b && seen.insert((a, b))));
        scene.edges = edges.into_iter().map(|(a, b, _)| (a, b)).collect();
        scene
    }
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

/// Puts nests into boxes: all of them, or those alone that must be. The job that ends a nest becomes the box; where there
/// is none, a box comes to be. An edge that leaves a box or leads into one ends at the box, once, and those within a box
/// stay as they are.
fn put_into_boxes(mut scene: Scene, all: bool) -> Scene {
    let boxes = boxes_of_nests(&mut scene, all);
    for (index, nest) in scene.nests.iter_mut().enumerate() {
        // one that is nested too deep for a box ends with a job at least
        if let Some(node) = boxes.get(&index).copied().or(nest.job) {
            scene.edges.extend(std::mem::take(&mut nest.after).into_iter().map(|on| (node, on)));
        }
    }
    if boxes.is_empty() {
        return scene;
    }
    for index in 0..scene.nodes.len() {
        let mut around = scene.nests_around(index).into_iter().rev();
        scene.nodes[index].parent = around.find_map(|nest| boxes.get(&nest)).copied();
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

/// The node of each nest that becomes a box: of those that hold a node and are not nested too deep.
fn boxes_of_nests(scene: &mut Scene, all: bool) -> BTreeMap<usize, usize> {
    let mut is_empty = vec![true; scene.nests.len()];
    for index in 0..scene.nodes.len() {
        scene.nests_around(index).into_iter().for_each(|nest| is_empty[nest] = false);
    }
    let mut depth = vec![1; scene.nests.len()];
    let mut boxes = BTreeMap::new();
    for nest in 0..scene.nests.len() {
        let SceneNest { name, parent, job, after } = &scene.nests[nest];
        depth[nest] += parent.map_or(0, |parent| depth[parent]);
        if is_empty[nest] || depth[nest] > DEEPEST || (!all && after.is_empty()) {
            continue;
        }
        let made_up = SceneNode { is_group: true, nest: *parent, ..SceneNode::new(name) };
        let node = job.unwrap_or_else(|| {
            scene.nodes.push(made_up);
            scene.nodes.len() - 1
        });
        boxes.insert(nest, node);
    }
    boxes
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

/// Takes out every edge beside which there is a longer path. In a cycle nothing goes without saying, so a graph
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

/// The length of the longest path below each node; none if there is a cycle.
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
        Scene { nodes: nodes.iter().map(node).collect(), edges: edges.to_vec(), ..Scene::default() }
    }

    /// Adds a nest for each `(name, parent, nodes)`, an inner one after that around it. A node of the same name ends it.
    fn nested(mut scene: Scene, nests: &[(&str, Option<usize>, &[usize])]) -> Scene {
        for (at, (name, parent, nodes)) in nests.iter().enumerate() {
            let job = scene.nodes.iter().position(|node| node.name == *name);
            scene.nests.push(SceneNest { name: (*name).to_owned(), parent: *parent, job, after: Vec::new() });
            nodes.iter().for_each(|node| scene.nodes[*node].nest = Some(at));
        }
        scene
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
        let cycle = [(0, 1), (1, 2), (2, 0), (0, 2)];
        check(reduced, &plan(&names, &cycle), &names, &cycle);
    }

    #[test]
    fn nested_jobs_become_one() {
        let all = View { all_collapsed: true, ..View::default() };
        let before =
            plan(&["goal", "a/x", "a/y", "a", "b"], &[(0, 3), (3, 1), (3, 2), (1, 2), (1, 4), (2, 4)]);
        let before = nested(before, &[("a", None, &[1, 2])]);
        check(all.clone(), &before, &["goal", "a (2 jobs)", "b"], &[(0, 1), (1, 2)]);
        let some = View { collapsed: vec!["a/b".to_owned()], ..View::default() };
        let before = plan(&["a/b/c", "a/d", "/", "a/"], &[(0, 1), (2, 2)]);
        let before = nested(before, &[("a", None, &[1]), ("a/b", Some(0), &[0])]);
        check(some, &before, &["a/b (1 job)", "a/d", "/", "a/"], &[(0, 1), (2, 2)]);
        let parts = scene(
            &[
                ("a/x", Some(Status::Changed)),
                ("a/y", Some(Status::Failed)),
                ("a/z", Some(Status::Satisfied)),
            ],
            &[],
        );
        let made_up = all.of(&nested(parts, &[("a", None, &[0, 1, 2])]));
        assert_eq!(made_up.nodes[0].status, Some(Status::Failed));
    }

    #[test]
    fn a_slash_in_a_name_means_nothing() {
        let names = ["/etc/hosts", "https://example.org/a", "tcp/ip", "tcp"];
        let before = plan(&names, &[(3, 2)]);
        for view in [
            View { boxes: true, ..View::default() },
            View { all_collapsed: true, ..View::default() },
            View { collapsed: vec!["tcp".to_owned()], ..View::default() },
        ] {
            check(view, &before, &names, &[(3, 2)]);
        }
        // and one in the name of what was nested
        let boxes = View { boxes: true, ..View::default() };
        let before = nested(plan(&["tcp/ip/v4", "tcp/ip"], &[(1, 0)]), &[("tcp/ip", None, &[0])]);
        let parents: Vec<_> = boxes.of(&before).nodes.iter().map(|node| node.parent).collect();
        assert_eq!(parents, [Some(1), None]);
    }

    #[test]
    fn nested_jobs_are_put_into_boxes() {
        let boxes = View { boxes: true, ..View::default() };
        let before =
            plan(&["goal", "a", "a/x", "a/y", "b/c/z"], &[(0, 1), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)]);
        let before = nested(before, &[("a", None, &[2, 3]), ("b", None, &[]), ("b/c", Some(1), &[4])]);
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
    fn a_nest_with_too_many_edges_is_a_box_in_any_case() {
        let mut before =
            nested(plan(&["a", "b", "n/x", "n/y", "n"], &[(4, 2), (4, 3)]), &[("n", None, &[2, 3])]);
        before.nests[0].after = vec![0, 1];
        let names = ["a", "b", "n/x", "n/y", "n"];
        check(View::default(), &before, &names, &[(4, 0), (4, 1)]);
        check(View { boxes: true, ..View::default() }, &before, &names, &[(4, 0), (4, 1)]);
        let one = View { all_collapsed: true, ..View::default() };
        check(one, &before, &["a", "b", "n (2 jobs)"], &[(2, 0), (2, 1)]);
        let parents: Vec<_> = View::default().of(&before).nodes.iter().map(|node| node.parent).collect();
        assert_eq!(parents, [None, None, Some(4), Some(4), None]);
    }

    #[test]
    fn labels_tell_times() {
        let mut before = plan(&["a", "b"], &[]);
        before.nodes[0].time = Some(Duration::from_millis(1500));
        check(View { times: true, ..View::default() }, &before, &["a · 1.50 s", "b"], &[]);
    }
}
