//! The futures of a struct go on with whichever worker is free, too.

use dojobber::{AsyncJob, Context, Graph, Result};
use std::{future::ready, rc::Rc};

#[derive(Clone)]
struct Server;

impl AsyncJob for Server {
    type Output = ();
    async fn check(&mut self, _: &Context) -> Result {
        let count = Rc::new(1);
        ready(()).await;
        drop(count);
        Ok(())
    }
    async fn run(&mut self, _: &Context) -> Result {
        Ok(())
    }
}

fn main() {
    let _ = Graph::new().job("a").with(Server).compile();
}
