//! The errors of futures are those of blocking phases.

use dojobber::Graph;

async fn read() -> std::io::Result<()> {
    Ok(())
}

fn main() {
    let _ = Graph::new().job("a").check_async(async |_| read().await).run_async(async |_| ()).compile();
}
