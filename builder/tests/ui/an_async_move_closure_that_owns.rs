//! A closure is called for every try: its futures borrow from what outlives the plan, not from itself. `let url = &url;`
//! before it lends it to all of them.

use dojobber::Graph;

async fn fetch(_url: &str) -> bool {
    true
}

fn main() {
    let url = String::from("http://localhost");
    let _ = Graph::new().job("a").check_only_async(async move |_| fetch(&url).await).compile();
}
