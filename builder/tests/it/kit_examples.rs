//! Every check of the test kit, on the graphs of the example programs, with fakes.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::testkit::{
    Access, Answer, Disk, Idempotence, Simulation, Table, assert_absorbs, assert_always, assert_cleans_up,
    assert_convergent, assert_dry_run_is_pure, assert_order_independent, explore, touches,
};
use dojobber::{Context, ensure};
use semver::Version;

use self::host::Host;

#[expect(dead_code, reason = "the test has hosts of its own")]
#[path = "../../../cli/examples/fleet/host.rs"]
mod host; // of the fleet
#[path = "../../../cli/examples/fleet/graph.rs"]
mod fleet;
#[path = "../../examples/hosts/graph.rs"]
mod hosts;
#[path = "../../../cli/examples/machine/graph.rs"]
mod machine;
#[path = "../../../cli/examples/release/graph.rs"]
mod release;
#[path = "../../../cli/examples/spinup/graph.rs"]
mod spinup;

/// Each question of TESTING.md, with the run_onlys that may be run again. Cleanups have nothing to take away; where a graph
/// has some, that is asked besides.
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

impl hosts::Remote for FakeHosts {
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
fn hosts() {
    let config: hosts::Config = toml::from_str(hosts::CONFIG).unwrap();
    let seen = check(&[], |simulation: &Simulation| {
        let fake = FakeHosts(Table::new("hosts"));
        let _ = simulation.run_anew(|| hosts::hosts(&config, &fake), ());
        fake.0.into_rows()
    });
    assert_eq!(seen.len(), 8);
}

/// Servers that answer as soon as they exist, and whether the app is installed on them.
struct FakeCloud(Table<String, bool>);

impl fleet::Service for FakeCloud {
    async fn exists(&self, host: &Host) -> io::Result<bool> {
        Ok(self.0.contains(&host.name))
    }
    async fn create(&self, host: &Host) -> io::Result<()> {
        self.0.insert(host.name.clone(), false);
        Ok(())
    }
    async fn answers(&self, host: &Host) -> io::Result<()> {
        if self.0.contains(&host.name) { Ok(()) } else { Err(io::ErrorKind::ConnectionRefused.into()) }
    }
    async fn is_installed(&self, host: &Host) -> io::Result<bool> {
        Ok(self.0.get(&host.name) == Some(true))
    }
    async fn install(&self, host: &Host) -> io::Result<()> {
        self.0.insert(host.name.clone(), true);
        Ok(())
    }
}

#[test]
fn fleet() {
    let host = |at: usize, region| Host { name: format!("{region}{at}"), region, never_comes_up: false };
    let all = [host(0, "eu"), host(1, "eu"), host(2, "us")];
    let seen = check(&[], |simulation: &Simulation| {
        let cloud = FakeCloud(Table::new("servers"));
        let _ = simulation.run_anew(|| fleet::fleet(&all, &cloud), ());
        cloud.0.into_rows()
    });
    assert!(seen.len() == 3 && seen.values().all(|is_installed| *is_installed), "{seen:?}");
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

/// A host on which the server of a run that was killed may still be up.
struct FakeHost {
    disk: Disk,
    /// What the server says, if there is one.
    server: Arc<Mutex<Option<String>>>,
}

/// It is ended with its run.
struct FakeServer(Arc<Mutex<Option<String>>>);

impl spinup::Server for FakeServer {
    fn check_running(&self) -> dojobber::Result {
        ensure(self.0.lock().unwrap().is_some(), "the server has died")
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = None;
    }
}

impl FakeHost {
    fn new(old_server: bool) -> Self {
        let disk = if old_server { Disk::new().with("running", "") } else { Disk::new() };
        FakeHost { disk, server: Arc::new(Mutex::new(old_server.then(|| "old".to_owned()))) }
    }

    /// A server, and what says that there is one.
    fn leftovers(&self) -> (bool, bool) {
        (self.server.lock().unwrap().is_some(), self.disk.exists("running"))
    }
}

impl spinup::Host for FakeHost {
    fn has_directory(&self) -> bool {
        self.disk.exists("directory")
    }
    fn make_directory(&self) -> dojobber::Result {
        self.disk.write("directory", "");
        Ok(())
    }
    fn configuration(&self) -> dojobber::Result<String> {
        Ok(self.disk.read("greeting").ok_or("there is no configuration")?)
    }
    fn configure(&self, greeting: &str) -> dojobber::Result {
        self.disk.write("greeting.new", greeting);
        self.disk.rename("greeting.new", "greeting");
        Ok(())
    }
    fn port_is_free(&self) -> dojobber::Result {
        touches("port", Access::Read);
        ensure(self.server.lock().unwrap().is_none(), "a server listens there")
    }
    fn start(&self, _: &Context) -> dojobber::Result<Box<dyn spinup::Server>> {
        self.port_is_free()?;
        self.disk.write("running", "");
        touches("port", Access::Write);
        *self.server.lock().unwrap() = Some(self.configuration()?);
        Ok(Box::new(FakeServer(Arc::clone(&self.server))))
    }
    fn get(&self, _: &Context, path: &str) -> dojobber::Result<String> {
        let mut server = self.server.lock().unwrap();
        match path {
            "/" => Ok(server.clone().ok_or("nobody answers")?),
            "/health" => ensure(server.is_some(), "nobody answers").map(|()| "well".to_owned()),
            "/quit" => server.take().map(|_| "bye".to_owned()).ok_or_else(|| "nobody answers".into()),
            _ => Err(format!("{path} is not found").into()),
        }
    }
    fn remove_note(&self) -> dojobber::Result {
        self.disk.remove("running");
        Ok(())
    }
}

#[test]
fn spinup() {
    let stack =
        spinup::Stack { greeting: "hello".to_owned(), patience: Duration::from_secs(10), hold: false };
    let seen = check(&["server"], |simulation: &Simulation| {
        let host = FakeHost::new(true);
        let _ = simulation.run_anew(|| spinup::spinup(&stack, &host), ());
        (host.leftovers(), host.disk.into_files())
    });
    assert_eq!(seen.0, (false, false));
    assert_eq!(seen.1["greeting"], "hello");
    assert_cleans_up(1, |simulation| {
        let host = FakeHost::new(false);
        let _ = simulation.run_anew(|| spinup::spinup(&stack, &host), ());
        host.leftovers()
    });
}
