//! A future where a blocking phase is: another method waits for it.

use dojobber::Graph;

async fn exists() -> bool {
    true
}

fn main() {
    let _ = Graph::new()
        .job("a").check(|_| async { exists().await }).run(|_| ())
        .job("b").check(|_| true).run(async |_| ())
        .job("c").run_only(|_| exists())
        .compile();
}
