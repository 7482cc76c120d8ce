use dojobber::Graph;

fn main() {
    Graph::new().job("user").check(|_| true).compile().unwrap();
}
