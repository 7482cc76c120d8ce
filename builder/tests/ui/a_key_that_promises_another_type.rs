use dojobber::{Graph, Key};

const VERSION: Key<u32> = Key::new("version");

fn main() {
    Graph::new().job(VERSION).check_only(|_| Ok("text".to_owned())).compile().unwrap();
}
