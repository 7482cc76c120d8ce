use dojobber::Graph;

fn main() {
    Graph::new().after("network").job("user").group().compile().unwrap();
}
