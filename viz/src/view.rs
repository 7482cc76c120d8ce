//! What of a scene is shown: subgraphs left out, edges that go without saying, nests as boxes or closed.

use crate::scene::{Scene, SceneNode};
use crate::text;

mod reduce;
mod nests;

/// How to change a scene before it is drawn. By default it stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct View {
    /// Only jobs that failed or would run, what these lead to, and what leads to them: nothing that is done.
    pub only_failed: bool,
    /// Without the edges that go without saying: those between jobs that a longer path joins as well.
    pub reduced: bool,
    /// Boxes around what was nested.
    pub boxes: bool,
    /// The nests of these names are closed: one thing stands for all that is inside.
    pub collapsed: Vec<String>,
    /// All nests are closed.
    pub all_collapsed: bool,
    /// Labels tell how long a job took.
    pub times: bool,
}

impl View {
    /// The scene as it is to be drawn.
    pub fn of(&self, scene: &Scene) -> Scene {
        let scene = self.jobs(scene);
        let closed: Vec<bool> = scene.nests.iter().map(|nest| self.is_closed(&nest.name)).collect();
        self.finish(nests::gather(&scene, &closed, self.boxes))
    }

    /// The jobs that are to be shown.
    pub(crate) fn jobs(&self, scene: &Scene) -> Scene {
        if self.only_failed { only_failed(scene) } else { scene.clone() }
    }

    /// These jobs with every nest as a box: in their order, and behind them boxes that are no jobs.
    pub(crate) fn nested(&self, jobs: &Scene) -> Scene {
        self.finish(nests::gather(jobs, &vec![false; jobs.nests.len()], true))
    }

    /// The nodes of a scene for which `is_shown` is true.
    pub(crate) fn only(scene: &Scene, is_shown: impl Fn(usize) -> bool) -> Scene {
        let mut number = vec![None; scene.nodes.len()];
        let mut shown = Scene { nests: scene.nests.clone(), ..Scene::default() };
        for (index, node) in scene.nodes.iter().enumerate().filter(|(index, _)| is_shown(*index)) {
            number[index] = Some(shown.nodes.len());
            shown.nodes.push(node.clone());
        }
        shown.edges = scene.edges.iter().filter_map(|&(a, b)| Some((number[a]?, number[b]?))).collect();
        for nest in &mut shown.nests {
            nest.job = nest.job.and_then(|job| number[job]);
            nest.after = nest.after.iter().filter_map(|&job| number[job]).collect();
        }
        shown
    }

    /// Whether a nest was asked to be closed.
    pub(crate) fn is_closed(&self, name: &str) -> bool {
        self.all_collapsed || self.collapsed.iter().any(|own| own == name)
    }

    fn finish(&self, mut scene: Scene) -> Scene {
        if self.reduced {
            reduce::reduce(&mut scene);
        }
        if self.times {
            scene.nodes.iter_mut().for_each(tell_time);
        }
        scene
    }
}

/// Leaves out whatever is done, and where nothing has run, nothing.
fn only_failed(scene: &Scene) -> Scene {
    View::only(scene, |node| scene.nodes[node].status.is_none_or(|status| !status.is_done()))
}

fn tell_time(node: &mut SceneNode) {
    if let Some(time) = node.time {
        node.label = Some(format!("{} · {}", node.label(), text::duration(time)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{SceneNest, Status};
    use crate::style;
    use std::time::Duration;

    /// A scene of nodes: a name, and the status. A name that ends in `{` opens a nest of that name, whose job it is,
    /// and `}` closes the one that was opened last.
    fn scene(words: &[(&str, Option<Status>)], edges: &[(usize, usize)]) -> Scene {
        let mut scene = Scene { edges: edges.to_vec(), ..Scene::default() };
        let mut open: Vec<usize> = Vec::new();
        for &(word, status) in words {
            if word == "}" {
                open.pop();
                continue;
            }
            let nest = open.last().copied();
            let name = word.trim_end_matches('{').to_owned();
            if word.ends_with('{') {
                let job = Some(scene.nodes.len());
                open.push(scene.nests.len());
                scene.nests.push(SceneNest { name: name.clone(), parent: nest, job, after: Vec::new() });
            }
            scene.nodes.push(SceneNode { name, status, nest, ..SceneNode::default() });
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
        let scene = plan(&["a{", "x", "}"], &[(0, 1), (0, 1), (1, 1)]);
        assert_eq!(View::default().of(&scene), scene);
    }

    #[test]
    fn only_what_failed() {
        let [done, failed, blocked] = [Status::Changed, Status::Failed, Status::Blocked].map(Some);
        let before = scene(&[("goal", blocked), ("x", failed), ("y", done)], &[(0, 1), (0, 2), (1, 2)]);
        check(View { only_failed: true, ..View::default() }, &before, &["goal", "x"], &[(0, 1)]);
        // a box of which nothing is left inside is the job alone
        let before =
            scene(&[("n{", failed), ("x", done), ("}", None), ("m{", failed), ("y", failed)], &[(0, 1)]);
        let shown = View { only_failed: true, boxes: true, ..View::default() }.of(&before);
        assert_eq!(drawn(&shown), (vec!["n", "m", "y"], vec![]));
        assert_eq!((shown.nodes[0].nested.is_some(), shown.nodes[1].nested.is_some()), (false, true));
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
    fn nests_are_closed() {
        let all = View { all_collapsed: true, ..View::default() };
        let before =
            plan(&["goal", "a{", "x", "y", "}", "b"], &[(0, 1), (1, 2), (1, 3), (2, 3), (2, 4), (3, 4)]);
        check(all.clone(), &before, &["goal", "a (2 jobs)", "b"], &[(0, 1), (1, 2)]);
        let inner = View { collapsed: vec!["b".to_owned()], ..View::default() };
        let before = plan(&["a{", "b{", "c", "}", "d"], &[(2, 3), (3, 2), (3, 3)]);
        check(inner, &before, &["a", "b (1 job)", "d"], &[(1, 2), (2, 1), (2, 2)]);
        check(all, &before, &["a (3 jobs)"], &[]);
    }

    #[test]
    fn a_slash_in_a_name_means_nothing() {
        let names = ["/etc/hosts", "https://example.org", "tcp/ip", "/", "a/"];
        let before = plan(&names, &[(0, 1)]);
        for view in [
            View { all_collapsed: true, ..View::default() },
            View { boxes: true, ..View::default() },
            View { collapsed: vec!["/etc".to_owned(), "tcp".to_owned()], ..View::default() },
        ] {
            check(view, &before, &names, &[(0, 1)]);
        }
    }

    #[test]
    fn nests_become_boxes() {
        let boxes = View { boxes: true, ..View::default() };
        let before = plan(
            &["goal", "a{", "x", "y", "}", "b{", "c{", "z"],
            &[(0, 1), (1, 2), (1, 3), (2, 3), (2, 6), (3, 6), (0, 0)],
        );
        let names = ["goal", "a", "x", "y", "b", "c", "z"];
        check(boxes.clone(), &before, &names, &[(0, 1), (2, 3), (1, 4), (0, 0)]);
        let shown = boxes.of(&before);
        let parents: Vec<_> = shown.nodes.iter().map(|node| node.parent).collect();
        assert_eq!(parents, [None, None, Some(1), Some(1), None, Some(4), Some(5)]);
        assert_eq!(shown.jobs(), 7);
    }

    #[test]
    fn what_a_box_says_is_not_said_inside() {
        let before = plan(&["web{", "web/build", "web/db{", "web/db/start", "}", "api/x"], &[]);
        let labels = |view: View| {
            let shown = view.of(&before);
            let label = |node: &SceneNode| {
                if node.is_closed() { node.closed_label().to_owned() } else { node.drawn_label().to_owned() }
            };
            shown.nodes.iter().map(label).collect::<Vec<_>>()
        };
        assert_eq!(labels(View { boxes: true, ..View::default() }), ["web", "build", "db", "start", "api/x"]);
        let closed = View { boxes: true, collapsed: vec!["web/db".to_owned()], ..View::default() };
        assert_eq!(labels(closed), ["web", "build", "db", "api/x"]);
        assert_eq!(labels(View::default()), ["web", "web/build", "web/db", "web/db/start", "api/x"]);
    }

    #[test]
    fn a_nest_without_its_job_is_a_box_and_no_job() {
        let mut before = plan(&["a{", "x", "y"], &[(1, 2)]);
        before.nests[0].job = None;
        before.nodes.remove(0);
        before.edges = vec![(0, 1)];
        for view in [View { boxes: true, ..View::default() }, View { all_collapsed: true, ..View::default() }]
        {
            assert_eq!(view.of(&before).jobs(), 2, "{view:?}");
        }
    }

    #[test]
    fn what_a_nest_waits_for_is_an_edge_of_its_box() {
        let mut before = plan(&["disk", "net", "a{", "x", "y"], &[(3, 0), (4, 0), (3, 1), (4, 1)]);
        let boxes = View { boxes: true, ..View::default() };
        check(boxes, &before, &["disk", "net", "a", "x", "y"], &[(2, 0), (2, 1)]);
        // the same where only the nest knows of these
        (before.edges, before.nests[0].after) = (Vec::new(), vec![0, 1]);
        check(View::default(), &before, &["disk", "net", "a", "x", "y"], &[(2, 0), (2, 1)]);
    }

    #[test]
    fn nests_may_be_very_deep() {
        let names: Vec<String> = (0..3000).map(|depth| format!("n{depth}{{")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).chain(["x"]).collect();
        let shown = View { boxes: true, ..View::default() }.of(&plan(&names, &[]));
        let depth =
            |node: usize| std::iter::successors(Some(node), |node| shown.nodes[*node].parent).count() - 1;
        assert_eq!((depth(3000), shown.jobs()), (8, 3001));
    }

    #[test]
    fn a_nest_shows_the_worst_of_what_is_inside() {
        let mut order = Status::ALL.to_vec();
        order.sort_by_key(|status| style::severity(*status));
        assert_eq!((order.first(), order.last()), (Some(&Status::Satisfied), Some(&Status::Failed)));
        for (index, worst) in order.iter().copied().enumerate() {
            for better in &order[..=index] {
                // whichever of them the job has that ends the nest
                for (own, inner) in [(worst, *better), (*better, worst)] {
                    let words = [
                        ("a{", Some(own)),
                        ("x", Some(order[0])),
                        ("b{", Some(order[0])),
                        ("y", Some(inner)),
                    ];
                    for view in [
                        View { all_collapsed: true, ..View::default() },
                        View { boxes: true, ..View::default() },
                    ] {
                        let shown = view.of(&scene(&words, &[]));
                        assert_eq!(shown.nodes[0].status, Some(worst), "{view:?}: {own}, {inner}");
                        let counted: Vec<Status> = words.iter().filter_map(|word| word.1).collect();
                        assert_eq!(
                            shown.counts(),
                            counted.iter().copied().collect(),
                            "every job is counted once"
                        );
                        assert_eq!(
                            shown.nodes[0].nested.as_ref().map(|nested| nested.statuses.total()),
                            Some(3)
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn labels_tell_times() {
        let mut before = plan(&["a", "b"], &[]);
        before.nodes[0].time = Some(Duration::from_millis(1500));
        check(View { times: true, ..View::default() }, &before, &["a · 1.50 s", "b"], &[]);
    }
}
