use dojobber::{Graph, Key};

const VERSION: Key<u32> = Key::new("version");

fn main() {
    Graph::new().job(VERSION).run_only(|_| println!("no version")).compile().unwrap();
}
