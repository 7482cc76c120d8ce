use dojobber::Graph;

fn main() {
    Graph::new().job("file").check(|_| std::fs::read("file")).run(|_| ()).compile().unwrap();
}
