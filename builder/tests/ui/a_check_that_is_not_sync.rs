use std::cell::Cell;

use dojobber::Graph;

fn main() {
    let counter = Cell::new(0);
    Graph::new().job("file").check(|_| counter.get() > 0).run(|_| ()).compile().unwrap();
}
