use dojobber::Graph;

fn main() {
    Graph::new().job("dir").check(|_| false).run(|_| std::fs::create_dir("dir")).compile().unwrap();
}
