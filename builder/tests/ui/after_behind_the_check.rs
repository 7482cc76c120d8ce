use dojobber::Graph;

fn main() {
    Graph::new().job("user").check(|_| true).after("network").run(|_| ()).compile().unwrap();
}
