use dojobber::Graph;

fn main() {
    Graph::new().job("user").group().run(());
}
