//! A closure is called for every try: what it owns cannot go into the first future. `let url = &url;` before it lends it
//! to all of them.

use dojobber::Graph;

async fn fetch(_url: &str) -> bool {
    true
}

fn main() {
    let url = String::from("http://localhost");
    let _ = Graph::new().job("a").check_only_async(move |_| async move { fetch(&url).await }).compile();
}
