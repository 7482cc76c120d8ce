use dojobber::Graph;

fn main() {
    Graph::new().job(5).after([1, 2]).group().compile().unwrap();
}
