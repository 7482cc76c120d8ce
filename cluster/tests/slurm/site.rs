//! The Slurm of these tests: its nodes and its controller can be killed and started again.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

/// The files of the Slurm that was brought up for these tests.
pub(crate) struct Site(PathBuf);

impl Site {
    pub(crate) fn here() -> Self {
        let folder = std::env::var_os("DOJOBBER_SLURM");
        Site(folder.expect("there is no Slurm here: `cargo xtask ci slurm` brings one up").into())
    }

    /// A small file system of its own.
    pub(crate) fn small_disk(&self) -> PathBuf {
        self.0.join("full")
    }

    /// Kills a node, and all that runs there.
    pub(crate) fn kill_node(&self, node: &str) {
        let file = format!("node.{node}.pid");
        let outside = fs::read_to_string(self.0.join(&file)).unwrap().trim().to_owned();
        // the first process of the node's namespace: it is gone when all in there are
        let inside = fs::read_to_string(format!("/proc/{outside}/task/{outside}/children")).unwrap();
        self.kill(&file, "-KILL");
        wait_for("all that runs there is gone", || {
            !PathBuf::from(format!("/proc/{}", inside.trim())).exists()
        });
    }

    /// Starts a node, and waits until work can be sent there.
    pub(crate) fn start_node(&self, node: &str) {
        self.script(&["node", node]);
        self.wait_for_states(node, &["idle", "mixed", "allocated"]);
    }

    /// Waits until the controller says one of these of a node.
    pub(crate) fn wait_for_states(&self, node: &str, states: &[&str]) {
        let nodes = format!("--nodes={node}");
        wait_for(&format!("{node} is one of {states:?}"), || {
            let state = output("sinfo", &["--noheader", "--partition=main", &nodes, "--format=%T"]);
            states.contains(&state.as_str())
        });
    }

    /// Does something while a person brings back each node that is drained. Afterwards all nodes are started anew: they may
    /// still know jobs that the controller does not, and would be drained when it uses their numbers again.
    pub(crate) fn resume_nodes_while<T>(&self, work: impl FnOnce() -> T) -> T {
        let is_over = AtomicBool::new(false);
        let done = thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::SeqCst) {
                    resume_nodes();
                    sleep(Duration::from_millis(500));
                }
            });
            let _over = Over(&is_over); // also where it panics
            work()
        });
        for node in ["n1", "n2", "n3"] {
            self.kill_node(node);
            self.script(&["node", node]);
        }
        wait_for("all nodes are idle", || {
            resume_nodes();
            output("sinfo", &["--noheader", "--partition=main", "--format=%T %D"]) == "idle 3"
        });
        done
    }

    /// Ends the controller by a signal, and waits until it is gone.
    pub(crate) fn end_controller(&self, signal: &str) {
        let process = self.kill("slurmctld.pid", signal);
        wait_for("the controller is gone", || !PathBuf::from(format!("/proc/{process}")).exists());
    }

    pub(crate) fn start_controller(&self) {
        self.script(&["controller"]);
        wait_for("the controller answers", || output("scontrol", &["ping"]).contains("is UP"));
    }

    fn kill(&self, file: &str, signal: &str) -> String {
        let process = fs::read_to_string(self.0.join(file)).unwrap().trim().to_owned();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
        process
    }

    fn script(&self, words: &[&str]) {
        let mut script = Command::new("sh");
        script.arg(self.0.join(words[0])).args(&words[1..]).stdin(Stdio::null());
        assert!(script.status().unwrap().success());
    }
}

/// What a person does with nodes that are drained; it is an error, and no harm, for those that are not.
fn resume_nodes() {
    output("scontrol", &["update", "NodeName=n[1-3]", "State=RESUME"]);
}

/// Says at its end that something is over.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The names of the jobs that Slurm has, and what it says of them.
pub(crate) fn queue(format: &str) -> String {
    output("squeue", &["--noheader", "--array", "--states=all", &format!("--format={format}")])
}

/// What a command of Slurm prints.
pub(crate) fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[track_caller]
fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(120), "waited for too long: {what}");
        sleep(Duration::from_millis(50));
    }
}
