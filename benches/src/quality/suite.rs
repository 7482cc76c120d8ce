//! The graphs that are drawn: fixed shapes and seeded random ones.

use std::collections::BTreeSet;

use dojobber::Graph;
use dojobber_viz::scene::Scene;
use dojobber_viz::view::View;

/// A graph to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What the graph is called in tables.
    pub name: String,
    /// The names of its nodes.
    pub nodes: Vec<String>,
    /// Its edges, downwards.
    pub edges: Vec<(usize, usize)>,
    /// Whether the picture must be as good as `dot`'s. Where not, `dot` has a minute to show what it can.
    pub compared: bool,
    /// Whether crossings are counted: in a wide fan nearly all edges meet.
    pub counted: bool,
    /// Whether the picture must have the shape of a page: at most three times wider than high, or higher than wide.
    pub is_page: bool,
    /// What is drawn, where that is more than nodes and edges: nests.
    pub scene: Option<Scene>,
}

impl Sample {
    fn new(name: &str, nodes: usize, label: impl Fn(usize) -> String, edges: Vec<(usize, usize)>) -> Self {
        Self {
            name: name.to_owned(),
            nodes: (0..nodes).map(label).collect(),
            edges,
            compared: true,
            counted: true,
            is_page: false,
            scene: None,
        }
    }

    fn only_drawn(self) -> Self {
        Self { compared: false, ..self }
    }

    fn uncounted(self) -> Self {
        Self { counted: false, ..self }
    }

    fn page_shaped(self) -> Self {
        Self { is_page: true, ..self.only_drawn() }
    }
}

/// All samples, the small ones first.
pub fn all() -> Vec<Sample> {
    let mut samples = vec![movie(), random_layers("random 100", 10, 10, 4, 11)];
    samples.extend((1..=10).map(|seed| random_layers(&format!("random 204 #{seed}"), 12, 17, 4, seed)));
    samples.extend([pipeline(), dense(), skip_chain()]);
    samples.push(random_layers("random 1000", 25, 40, 3, 12));
    samples.push(random_layers("random 10000", 100, 100, 3, 14));
    samples.extend([
        chain(2000),
        chain(5000),
        binary_tree(1023),
        leaves(200),
        leaves(5000).uncounted(),
        leaves(20_000).uncounted(),
        fan(200),
        fan(5000).uncounted(),
        fan(20_000).uncounted(),
        fleet(300, 4),
        fleet(1000, 3),
        crates("crates", include_str!("../../../Cargo.lock")),
        list("crates 1005", include_str!("crates.txt")),
        nests("nests open", false),
        nests("nests closed", true),
        bipartite(100).uncounted(),
        long_edges(400, 7).uncounted(),
    ]);
    samples
}

#[path = "../../../cli/examples/movie/graph.rs"]
mod example;

/// The movie example.
fn movie() -> Sample {
    let (house, friends) = (example::House::new(&|_| ()), example::friends());
    let plan = example::graph(&house, &friends).compile().expect("the example is sound");
    let graph = plan.graph();
    let names: Vec<&str> = plan.names().collect();
    let edges =
        graph.ids().flat_map(|job| graph.own_after(job).iter().map(move |on| (job.index(), on.index())));
    Sample::new("movie", names.len(), |node| names[node].to_owned(), edges.collect())
}

/// A small fixed generator, so that the suite never changes.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    fn share(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 53) as f64
    }
}

/// Layers of nodes, each with one to three edges from nodes near above it, mostly from the layer before.
pub fn random_layers(name: &str, layers: usize, width: usize, reach: usize, seed: u64) -> Sample {
    let mut random = Random::new(seed);
    let mut edges = BTreeSet::new();
    for layer in 1..layers {
        for place in 0..width {
            let count = [1, 1, 1, 1, 1, 2, 2, 2, 3, 3][random.below(10)];
            for _ in 0..count {
                let back = [1, 1, 1, 1, 1, 1, 1, 1, 2, 3][random.below(10)].min(layer);
                let moved = place + random.below(2 * reach + 1);
                let from = moved.saturating_sub(reach).min(width - 1);
                edges.insert(((layer - back) * width + from, layer * width + place));
            }
        }
    }
    Sample::new(name, layers * width, |node| format!("job_{node}"), edges.into_iter().collect())
}

/// Twelve stages, each of eight jobs between two joins, some of which also need a job of the stage before.
fn pipeline() -> Sample {
    let mut random = Random::new(3);
    let mut nodes = vec!["start".to_owned()];
    let mut edges = Vec::new();
    for stage in 0..12 {
        let join = nodes.len() - 1;
        let first = nodes.len();
        for job in 0..8 {
            edges.push((join, first + job));
            if stage > 0 && random.below(4) == 0 {
                edges.push((first - 9 + random.below(8), first + job));
            }
            nodes.push(format!("build-{stage}-{job}"));
        }
        edges.extend((0..8).map(|job| (first + job, first + 8)));
        nodes.push(format!("join {stage}"));
    }
    Sample::new("pipeline", nodes.len(), |node| nodes[node].clone(), edges)
}

/// Thirty nodes with three of ten possible edges.
fn dense() -> Sample {
    let mut random = Random::new(9);
    let pairs = (0..30).flat_map(|a| (a + 1..30).map(move |b| (a, b)));
    let edges = pairs.filter(|_| random.share() < 0.3).collect();
    Sample::new("dense", 30, |node| format!("d{node}"), edges)
}

/// A chain of forty with edges that skip up to four nodes.
fn skip_chain() -> Sample {
    let pairs = (0..40).flat_map(|a| (1..=5).map(move |skip| (a, skip)));
    let edges = pairs
        .filter(|&(a, skip)| a + skip < 40 && (skip == 1 || (a * 7 + skip) % 3 == 0))
        .map(|(a, skip)| (a, a + skip))
        .collect();
    Sample::new("skip chain", 40, |node| format!("step {node}"), edges)
}

fn chain(nodes: usize) -> Sample {
    let edges = (1..nodes).map(|node| (node - 1, node)).collect();
    Sample::new(&format!("chain {nodes}"), nodes, |node| format!("s{node}"), edges).only_drawn()
}

fn binary_tree(nodes: usize) -> Sample {
    let edges = (1..nodes).map(|node| ((node - 1) / 2, node)).collect();
    Sample::new(&format!("tree {nodes}"), nodes, |node| format!("n{node}"), edges).only_drawn()
}

/// Many jobs under one.
fn leaves(count: usize) -> Sample {
    let edges = (1..=count).map(|leaf| (0, leaf)).collect();
    Sample::new(&format!("leaves {count}"), count + 1, |node| format!("leaf {node}"), edges).page_shaped()
}

/// Many jobs between two.
fn fan(count: usize) -> Sample {
    let edges = (1..=count).flat_map(|shard| [(0, shard), (shard, count + 1)]).collect();
    Sample::new(&format!("fan {count}"), count + 2, |node| format!("shard {node}"), edges).page_shaped()
}

/// Many chains of a few jobs, between what all of them need and what needs all of them.
fn fleet(hosts: usize, jobs: usize) -> Sample {
    let (network, ready) = (hosts * jobs, hosts * jobs + 1);
    let chain = |host: usize| {
        let first = host * jobs;
        let inside = (first + 1..first + jobs).map(|job| (job, job - 1));
        [(first, network)].into_iter().chain(inside).chain([(ready, first + jobs - 1)])
    };
    let label = move |node: usize| match node {
        _ if node == network => "network".to_owned(),
        _ if node == ready => "ready".to_owned(),
        _ => format!("host {}/{}", node / jobs, ["install", "configure", "start", "check"][node % jobs % 4]),
    };
    let edges = (0..hosts).flat_map(chain).collect();
    Sample::new(&format!("fleet {hosts}x{jobs}"), hosts * jobs + 2, label, edges).page_shaped()
}

/// Reads which package needs which from a lock file of cargo. Of several versions of a package it takes the first.
pub fn crates(name: &str, lock: &str) -> Sample {
    let mut nodes: Vec<String> = Vec::new();
    let mut needs: Vec<Vec<String>> = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let quoted = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
        let own = package.lines().find(|line| line.starts_with("name = ")).map(quoted).unwrap_or_default();
        let needed = package.lines().filter(|line| line.starts_with(" \""));
        let first_word = |line: &str| quoted(line).split(' ').next().unwrap_or_default().to_owned();
        nodes.push(own);
        needs.push(needed.map(first_word).collect());
    }
    let number = |name: &String| nodes.iter().position(|node| node == name);
    let edges = needs.iter().enumerate().flat_map(|(node, needed)| {
        needed.iter().filter_map(number).map(move |on| (node, on)).collect::<Vec<_>>()
    });
    let edges: BTreeSet<(usize, usize)> = edges.collect();
    Sample::new(name, nodes.len(), |node| nodes[node].clone(), edges.into_iter().collect()).only_drawn()
}

/// The packages that a large program is built from, as its lock file has them: a name a line, and the lines of what it needs.
fn list(name: &str, text: &str) -> Sample {
    let lines: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once(':')).collect();
    let mut edges = Vec::new();
    for (node, (_, needs)) in lines.iter().enumerate() {
        edges.extend(needs.split(' ').filter_map(|on| Some((node, on.parse().ok()?))));
    }
    Sample::new(name, lines.len(), |node| lines[node].0.to_owned(), edges).page_shaped()
}

/// Sixty services in nests of seven jobs, each of which needs some of those before it.
fn nests(name: &str, closed: bool) -> Sample {
    let mut random = Random::new(21);
    let mut graph = Graph::new().job("disk").run_only(|_| ());
    for service in 0..60_usize {
        let steps = ["fetch", "build", "lint", "test", "pack", "push", "check"];
        let inside = steps.iter().enumerate().fold(Graph::new(), |graph, (step, name)| {
            graph.job(name).after((step > 0).then(|| steps[(step - 1) / 2])).run_only(|_| ())
        });
        let needed = (0..service.min(2)).map(|_| format!("service {}", random.below(service)));
        let needed: Vec<String> = needed.chain((service == 0).then(|| "disk".to_owned())).collect();
        graph = graph.job(format!("service {service}")).after(&needed).nest(inside);
    }
    let plan = graph.compile().expect("the graph is sound");
    let mut view = View::default();
    (view.boxes, view.all_collapsed) = (true, closed);
    let scene = view.of(&Scene::of(plan.graph()));
    let names: Vec<String> = scene.nodes.iter().map(|node| node.name.clone()).collect();
    let sample = Sample::new(name, names.len(), |node| names[node].clone(), scene.edges.clone());
    let counted = closed; // edges of open boxes end where there is no node
    Sample { scene: Some(scene), counted, ..sample.page_shaped() }
}

fn bipartite(side: usize) -> Sample {
    let edges = (0..side).flat_map(|a| (side..2 * side).map(move |b| (a, b))).collect();
    Sample::new(&format!("bipartite {side}"), 2 * side, |node| format!("b{node}"), edges).only_drawn()
}

/// A line of nodes, each with an edge to every `step`th node after it.
fn long_edges(nodes: usize, step: usize) -> Sample {
    let edges = (0..nodes).flat_map(|a| (a + 1..nodes).step_by(step).map(move |b| (a, b))).collect();
    Sample::new(&format!("long {nodes}"), nodes, |node| format!("k{node}"), edges).only_drawn()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suite_is_what_it_always_was() {
        let sizes: Vec<_> = all().iter().map(|s| (s.name.clone(), s.nodes.len(), s.edges.len())).collect();
        let size = |name: &str| sizes.iter().find(|size| size.0 == name).map(|size| (size.1, size.2));
        assert_eq!(size("movie"), Some((20, 23)));
        assert_eq!(size("random 100"), Some((100, 139)));
        assert_eq!(size("pipeline"), Some((109, 209)));
        assert_eq!(size("dense"), Some((30, 132)));
        assert_eq!(size("skip chain"), Some((40, 89)));
        assert_eq!(size("random 1000"), Some((1000, 1528)));
        assert_eq!(size("random 10000"), Some((10000, 15931)));
        assert_eq!(size("random 204 #1").map(|size| size.0), Some(204));
        assert_eq!(size("fleet 300x4"), Some((1202, 1500)));
        assert_eq!(size("crates 1005"), Some((1005, 4879)));
        assert!(size("crates").is_some_and(|(nodes, edges)| nodes > 100 && edges > nodes));
    }
}
