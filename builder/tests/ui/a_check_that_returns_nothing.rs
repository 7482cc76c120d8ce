use dojobber::Graph;

fn main() {
    Graph::new().job("user").check(|_| println!("is it there?")).run(|_| ()).compile().unwrap();
}
