//! A future goes on with whichever worker is free.

use dojobber::Graph;
use std::{future::ready, rc::Rc};

fn main() {
    let _ = Graph::new()
        .job("a")
        .run_only_async(async |_| {
            let count = Rc::new(1);
            ready(()).await;
            drop(count);
        })
        .compile();
}
