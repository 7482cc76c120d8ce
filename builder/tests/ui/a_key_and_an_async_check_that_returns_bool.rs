//! The future of a job that is named by a key returns what the key promises.

use dojobber::{Graph, Key};

const SIZE: Key<u64> = Key::new("size");

fn main() {
    let _ = Graph::new().job(SIZE).check_async(async |_| true).run_async(async |_| ()).compile();
}
