use dojobber::Graph;

fn main() {
    Graph::new().job("file").run_only(|_| 5).compile().unwrap();
}
