use dojobber::Graph;

#[derive(Clone)]
struct File;

fn main() {
    Graph::new().job("file").with(File).compile().unwrap();
}
