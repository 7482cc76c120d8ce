//! Every check of the test kit, on the graphs of the example programs, with fakes.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use dojobber::testkit::{
    Answer, Disk, Idempotence, Simulation, Table, assert_absorbs, assert_always, assert_cleans_up,
    assert_convergent, assert_dry_run_is_pure, assert_order_independent, explore,
};
use semver::Version;

#[path = "../../examples/fleet/graph.rs"]
mod fleet;
#[path = "../../../cli/examples/machine/graph.rs"]
mod machine;
#[path = "../../../cli/examples/release/graph.rs"]
mod release;

/// Each question of TESTING.md, with the run_onlys that may be run again. No graph has a cleanup: nothing is to be
/// taken away.
#[track_caller]
fn check<O: PartialEq + Debug>(run_onlys: &[&str], body: impl Fn(&Simulation) -> O) -> O {
    let seen = explore(30, &body);
    assert_eq!(assert_order_independent(30, &body), seen);
    assert_eq!(assert_always(1, &body, |_| true), seen);
    assert_eq!(Idempotence::new(2).exempt(run_onlys).assert(&body), seen);
    assert_eq!(assert_absorbs(1, &body), seen);
    assert_eq!(assert_convergent(1, &body), seen);
    assert_cleans_up(1, |simulation| {
        body(simulation);
    });
    assert_ne!(assert_dry_run_is_pure(1, &body), seen);
    seen
}

/// A repository in which every write could be cut.
struct FakeRepo {
    disk: Disk,
    tags: Table<String, ()>,
}

impl release::Repo for FakeRepo {
    fn version(&self) -> anyhow::Result<Version> {
        Ok(Version::new(1, 2, 3))
    }
    fn is_built(&self, file: &str) -> bool {
        self.disk.exists(file)
    }
    fn build(&self, file: &str, target: &str) -> anyhow::Result<()> {
        self.disk.write(&format!("{file}.new"), target);
        self.disk.rename(&format!("{file}.new"), file);
        Ok(())
    }
    fn sum(&self, file: &str) -> anyhow::Result<u64> {
        Ok(self.disk.read(file).unwrap_or_default().bytes().map(u64::from).sum())
    }
    fn has_tag(&self, tag: &str) -> anyhow::Result<bool> {
        Ok(self.tags.contains(&tag.to_owned()))
    }
    fn push_tag(&self, tag: &str) -> anyhow::Result<()> {
        self.tags.insert(tag.to_owned(), ());
        Ok(())
    }
    fn publish(&self, notes: &str, sums: &BTreeMap<String, u64>) -> anyhow::Result<()> {
        self.disk.write("published", &format!("{notes} {sums:?}"));
        Ok(())
    }
}

#[test]
fn release() {
    let seen = check(&["notes", "checksums", "publish"], |simulation: &Simulation| {
        let repo = FakeRepo { disk: Disk::new(), tags: Table::new("tags") };
        let run = simulation.run_anew(|| release::release(&repo, true), ());
        assert!(run.output(&release::VERSION).is_none_or(|version| version.major == 1));
        drop(run);
        (repo.disk.into_files(), repo.tags.into_rows())
    });
    let files: Vec<&str> = seen.0.keys().map(String::as_str).collect();
    assert_eq!(files, ["app-1.2.3-linux.tar", "app-1.2.3-macos.tar", "published"]);
    assert_eq!(seen.1.into_keys().collect::<Vec<_>>(), ["v1.2.3"]);
}

/// Hosts, and what is installed on them.
struct FakeHosts(Table<String, ()>);

impl fleet::Remote for FakeHosts {
    fn ssh(&self, host: &str, line: &str) -> bool {
        match line.split_once(' ') {
            Some(("has", what)) => self.0.contains(&format!("{host} {what}")),
            Some((_, what)) => {
                self.0.insert(format!("{host} {what}"), ());
                true
            }
            None => false,
        }
    }
}

#[test]
fn fleet() {
    let config: fleet::Config = toml::from_str(fleet::CONFIG).unwrap();
    let seen = check(&[], |simulation: &Simulation| {
        let hosts = FakeHosts(Table::new("hosts"));
        let _ = simulation.run_anew(|| fleet::fleet(&config, &hosts), ());
        hosts.0.into_rows()
    });
    assert_eq!(seen.len(), 8);
}

/// A shell that knows the few lines of the example.
fn shell(disk: &Disk, line: &str) -> Answer {
    let script =
        line.strip_prefix("sh -ec -- ").map(|script| script.trim_matches('\'').replace("'\\''", "'"));
    let line = script.as_deref().unwrap_or(line).replace("ROOT/", "");
    let words: Vec<&str> = line.split([' ', ';']).filter(|word| !word.is_empty()).collect();
    match words[..] {
        ["test", "-e", file] => Answer::status(u8::from(!disk.exists(file))),
        ["mkdir", "-p", _] => Answer::ok(),
        ["mkdir", "-p", _, "touch", file] | ["touch", file] => {
            disk.write(file, "");
            Answer::ok()
        }
        ["grep", "-q", _, file] => {
            let lines = disk.read(file).unwrap_or_default();
            Answer::status(u8::from(!lines.lines().any(|line| line == "www")))
        }
        ["echo", name, ">>", file] => {
            disk.append(file, &format!("{name}\n"));
            Answer::ok()
        }
        _ => Answer::status(127).stderr(format!("not found: {line}")),
    }
}

/// Its commands are answered; the one file that it writes itself is a real one.
#[test]
fn machine() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("etc/nginx.conf");
    let seen = check(&[], |simulation: &Simulation| {
        let _ = fs::remove_dir_all(dir.path().join("etc"));
        let disk = Arc::new(Disk::new());
        let shell = {
            let (disk, root) = (Arc::clone(&disk), format!("{}/", dir.path().display()));
            move |line: &str| shell(&disk, &line.replace(&root, "ROOT/"))
        };
        let args = machine::Args { root: dir.path().to_owned() };
        let _ =
            simulation.clone().commands(shell).run_anew(|| machine::machine(dir.path(), "example.com"), args);
        (disk.files(), fs::read_to_string(&file).ok())
    });
    assert_eq!(seen.0["passwd"], "www\n");
    assert_eq!(seen.1.as_deref(), Some("server_name example.com;\n"));
    assert!(!Path::new("pkg").exists());
}
