use dojobber::Graph;

fn part(graph: Graph<'_>) -> Graph<'_> {
    graph.job("user").after("network")
}

fn main() {
    part(Graph::new()).compile().unwrap();
}
