//! The jobs of some hosts, as their configuration says: hosts x steps. Everything is borrowed from there; nothing is cloned.

use std::collections::BTreeMap;

use dojobber::Graph;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Config {
    steps: Vec<Step>,
    hosts: BTreeMap<String, Host>,
}
#[derive(Deserialize)]
struct Step {
    name: String,
    #[serde(default)]
    needs: Vec<String>,
    check: String,
    run: String,
    only: Option<String>,
    #[serde(default = "three")]
    tries: u32,
}
#[derive(Deserialize)]
struct Host {
    role: String,
    #[serde(default)]
    after: Vec<String>,
}
fn three() -> u32 {
    3
}

pub(crate) const CONFIG: &str = r#"
[[steps]]
name = "packages"
check = "has nginx"
run = "install nginx"
[[steps]]
name = "reboot"
needs = ["packages"]
check = "has reboot"
run = "install reboot"
[[steps]]
name = "replica"
needs = ["reboot"]
check = "has replica"
run = "install replica"
only = "db"
[hosts.db1]
role = "db"
[hosts.db2]
role = "db"
after = ["db1"]
[hosts.web1]
role = "web"
after = ["db1", "db2"]
"#;

/// The way to the hosts: ssh, or a fake in a test.
pub(crate) trait Remote: Sync {
    /// Executes a line on a host, and says whether it has succeeded.
    fn ssh(&self, host: &str, line: &str) -> bool;
}

pub(crate) fn hosts<'a>(config: &'a Config, remote: &'a dyn Remote) -> Graph<'a> {
    config.hosts.iter().fold(Graph::new(), |graph, (name, host)| {
        graph.job(name).after(&host.after).nest(steps(config, name, &host.role, remote))
    })
}

fn steps<'a>(config: &'a Config, host: &'a str, role: &str, remote: &'a dyn Remote) -> Graph<'a> {
    let mut graph = Graph::new();
    for step in &config.steps {
        if step.only.as_deref().is_some_and(|only| only != role) {
            continue;
        }
        graph = graph
            .job(&step.name)
            .tries(step.tries)
            .after(&step.needs)
            .check(|_| remote.ssh(host, &step.check))
            .run(|_| remote.ssh(host, &step.run));
    }
    graph
}
