use dojobber::Graph;

fn main() {
    Graph::new().job("user").tries(2).compile().unwrap();
}
