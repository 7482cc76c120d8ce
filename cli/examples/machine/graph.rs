//! The jobs that set up a machine.

use std::path::{Path, PathBuf};
use std::time::Duration;

use dojobber::{Context, Graph, Job, Result, ensure, sh};

pub(crate) struct Args {
    pub(crate) root: PathBuf,
}

pub(crate) fn machine<'a>(root: &Path, domain: &str) -> Graph<'a, Args> {
    let (file, root) = (root.join("etc/nginx.conf"), root.display());
    packages(&["nginx", "postgresql", "curl"])
        .job("user www")
        .description("add the user")
        .check(sh(format!("grep -q '^www$' {root}/passwd")))
        .run(sh(format!("echo www >> {root}/passwd")))
        .job("nginx.conf")
        .after(["package nginx", "user www"])
        .description("write the configuration")
        .with(File { path: file, text: format!("server_name {domain};\n") })
        .job("nginx running")
        .after("nginx.conf")
        .description("start the server")
        .check(sh(format!("test -e {root}/running/nginx")))
        .run(sh(format!("mkdir -p {root}/running; touch {root}/running/nginx")))
        .job("machine")
        .after(["packages", "nginx running"])
        .group()
}

fn packages<'a>(names: &'a [&'a str]) -> Graph<'a, Args> {
    Graph::with_args::<Args>().job("packages").group().each(names, |graph, name| {
        graph
            .job(format!("package {name}"))
            .before("packages")
            .description("install it")
            .tries(2)
            .retry_delay(Duration::from_millis(10))
            .check(move |cx| in_root(cx, "test").args(["-e", &format!("pkg/{name}")]).succeeds())
            .run(move |cx| {
                in_root(cx, "mkdir").args(["-p", "pkg"]).run()?;
                in_root(cx, "touch").arg(format!("pkg/{name}")).run()
            })
    })
}

fn in_root(cx: &Context<Args>, program: &str) -> dojobber::Command {
    cx.command(program).current_dir(&cx.args().root)
}

#[derive(Clone)]
struct File {
    path: PathBuf,
    text: String,
}

impl<A> Job<A> for File {
    // does not need the arguments: usable in any graph
    type Output = ();
    fn check(&mut self, _: &Context<A>) -> Result {
        ensure(std::fs::read_to_string(&self.path)? == self.text, format!("{} differs", self.path.display()))
    }
    fn run(&mut self, _: &Context<A>) -> Result {
        if let Some(dir) = self.path.parent() {
            std::fs::create_dir_all(dir)?
        }
        Ok(std::fs::write(&self.path, &self.text)?)
    }
}
