use dojobber::Graph;

fn main() {
    Graph::new().job("user").check(|_| true).run(|_| ()).run(|_| ()).compile().unwrap();
}
