//! What needs no waiting is a blocking phase.

use dojobber::Graph;

fn main() {
    let _ = Graph::new().job("a").check_async(|_| true).run_async(async |_| ()).compile();
}
