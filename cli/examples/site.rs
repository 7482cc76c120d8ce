//! A small web site, with the whole command line of `dojobber-cli`: `cargo run -p dojobber-cli --example site -- --help`.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use dojobber::{Graph, ensure};

/// Make a small web site
#[derive(Parser)]
struct Args {
    /// The folder that it is made in
    #[arg(default_value = "site")]
    folder: PathBuf,
    /// A page of it; may be said several times
    #[arg(long = "page", default_values = ["index", "about"])]
    pages: Vec<String>,
    #[command(flatten)]
    run: dojobber_cli::RunArgs,
}

#[rustfmt::skip] // the layout shows what belongs to a job
fn main() -> ExitCode {
    let args = dojobber_cli::parse::<Args>();
    let file = |page: &str| args.folder.join(format!("{page}.html"));
    let pages = Graph::new().each(&args.pages, |graph, page| graph
        .job(page).description("write the page")
            .check(move |_| ensure(file(page).is_file(), "it is not there"))
            .run(move |_| Ok(fs::write(file(page), format!("<h1>{page}</h1>\n"))?)));
    let list = args.folder.join("list.txt");
    let plan = Graph::new()
        .job("folder").description("make the folder")
            .check(|_| args.folder.is_dir())
            .run(|_| Ok(fs::create_dir(&args.folder)?))
        .job("pages").after("folder").nest(pages)
        .job("list").after("pages").description("list the pages")
            .check(|_| ensure(fs::read_to_string(&list)? == args.pages.join("\n"), "it is old"))
            .run(|_| Ok(fs::write(&list, args.pages.join("\n"))?))
        .compile();
    args.run.main(plan, ())
}
