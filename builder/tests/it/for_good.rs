//! Jobs that fail in all their tries: what their cleanups leave, and what the next run finds.

use std::collections::BTreeMap;

use dojobber::testkit::{Convergence, Disk, Simulation, check_cleans_up, check_convergent};
use dojobber::{Context, Graph, Job, Result, ensure};

use crate::kit::{check, on_a_disk};

/// What is left of a graph; `tmp/` is to be empty.
fn leftovers(graph: impl for<'d> Fn(&'d Disk) -> Graph<'d>) -> impl Fn(&Simulation) -> Vec<String> {
    move |simulation| {
        let files = on_a_disk(&graph)(simulation);
        files.into_keys().filter(|file| file.starts_with("tmp/")).collect()
    }
}

/// A later try takes away what the first has left, unless that fails, too.
#[test]
fn a_lock_that_only_a_later_try_takes_away() {
    check("build", "at its interruption point 1, in this and every later try", |bug| {
        let body = leftovers(|disk| {
            Graph::new()
                .job("build")
                .cleanup(move |_| {
                    disk.remove("tmp/object");
                    if !bug {
                        disk.remove("tmp/lock");
                    }
                })
                .run_only(|_| {
                    disk.append("tmp/lock", "");
                    disk.append("tmp/object", "");
                    disk.remove("tmp/lock");
                })
        });
        check_cleans_up(1, body)
    });
}

/// The job is never done, and its cleanup waits for that.
#[test]
fn a_cleanup_that_waits_for_success() {
    struct Unpack<'d>(&'d Disk, bool);
    impl Job for Unpack<'_> {
        type Output = ();
        fn check(&mut self, _: &Context) -> Result {
            ensure(self.0.exists("done"), "it is not unpacked")
        }
        fn run(&mut self, _: &Context) -> Result {
            self.0.append("tmp/archive", "");
            self.0.append("done", "");
            Ok(())
        }
        fn cleanup(&mut self, _: &Context) -> Result {
            if !self.1 || self.0.exists("done") {
                self.0.remove("tmp/archive");
            }
            Ok(())
        }
    }
    check("unpack", "in this and every later try", |bug| {
        check_cleans_up(
            1,
            leftovers(move |disk| Graph::new().job("unpack").with_new(move |_| Ok(Unpack(disk, bug)))),
        )
    });
}

#[test]
fn an_async_cleanup_that_waits_for_success() {
    check("upload", "in this and every later try", |bug| {
        let body = leftovers(|disk| {
            Graph::new()
                .job("upload")
                .cleanup_async(move |_| async move {
                    if !bug || disk.exists("object") {
                        disk.remove("tmp/part");
                    }
                })
                .check_async(async |_| disk.exists("object"))
                .run_async(async |_| {
                    disk.append("tmp/part", "");
                    disk.append("object", "");
                })
        });
        check_cleans_up(1, body)
    });
}

/// It is called because a job behind it fails, and takes what that needs.
#[test]
fn a_cleanup_that_takes_what_the_next_run_needs() {
    fn graph(disk: &Disk, bug: bool) -> Graph<'_> {
        Graph::new()
            .job("keys")
            .cleanup(move |_| {
                if bug {
                    disk.remove("keys");
                }
            })
            .check(|_| disk.is("known", "yes"))
            .run(|_| {
                disk.write("keys", "secret");
                disk.write("known", "yes");
            })
            .job("sign")
            .after("keys")
            .check(|_| disk.is("signed", "yes"))
            .run(|_| {
                ensure(disk.exists("keys"), "there are no keys")?;
                disk.write("signed", "yes");
                Ok(())
            })
    }
    let body = |bug: bool| {
        move |simulation: &Simulation| {
            let mut files: BTreeMap<_, _> = on_a_disk(|disk| graph(disk, bug))(simulation);
            files.remove("keys");
            files
        }
    };
    check("sign", "running again would have helped until `keys`.cleanup", |bug| {
        check_convergent(1, body(bug)).inspect_err(|finding| assert_eq!(finding.jobs(), ["sign", "keys"]))
    });
    // a stop does the same
    check("sign", "after a stop at `keys`.run", |bug| Convergence::new(1).stops(true).check(body(bug)));
}

/// Which jobs have to do with a stop that does harm: what fails now, and whose cleanup it was.
#[test]
fn a_stop_that_does_harm() {
    check("site", "running again would have helped until `cache`.cleanup", |bug| {
        let body = on_a_disk(move |disk| {
            Graph::new()
                .job("cache")
                .cleanup(move |_| {
                    if bug && !disk.exists("site") {
                        disk.append("broken", "");
                    }
                })
                .check(|_| disk.is("cache", "full"))
                .run(|_| disk.write("cache", "full"))
                .job("site")
                .after("cache")
                .tries(1)
                .check(|_| disk.exists("site"))
                .run(|_| {
                    ensure(!disk.exists("broken"), "the cache is broken")?;
                    disk.append("site", "");
                    Ok(())
                })
        });
        Convergence::new(1).stops(true).check(body).inspect_err(|finding| {
            assert_eq!(finding.jobs(), ["site", "cache"], "{finding}");
        })
    });
}

/// Nothing lasts where no other try is left: it would be the same again.
#[test]
fn jobs_with_one_try_fail_once() {
    let runs = |tries: u32| {
        let runs = std::cell::Cell::new(0);
        let body = |simulation: &Simulation| {
            runs.set(runs.get() + 1);
            let disk = Disk::new();
            let graph = || {
                let job = Graph::new().job("write").tries(tries);
                job.check(|_| disk.exists("file")).run(|_| disk.append("file", "text"))
            };
            let _ = simulation.run_anew(graph, ());
            disk.into_files()
        };
        check_convergent(1, body).unwrap();
        runs.get()
    };
    assert_eq!(runs(2), runs(1) + 2); // run and recheck
}
