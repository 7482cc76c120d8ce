use dojobber::Graph;

fn main() {
    Graph::new().job("user").run(|_| ()).compile().unwrap();
}
