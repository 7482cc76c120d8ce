//! Small graphs with one realistic bug each, which the test kit must find and blame on the right job, and the same graphs
//! mended, which it must leave alone.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use dojobber::testkit::{
    Finding, Simulation, check_cleans_up, check_convergent, check_dry_run_is_pure, check_idempotent,
    check_order_independent, try_explore,
};
use dojobber::{Context, Graph, Job, Key, Result, ensure};

/// What all of them change: files, more or less.
#[derive(Default)]
struct Machine(Mutex<BTreeMap<String, String>>);

impl Machine {
    fn has(&self, file: &str) -> bool {
        self.read(file).is_some()
    }

    fn read(&self, file: &str) -> Option<String> {
        self.0.lock().unwrap().get(file).cloned()
    }

    fn is(&self, file: &str, text: &str) -> bool {
        self.read(file).as_deref() == Some(text)
    }

    fn write(&self, file: &str, text: impl Into<String>) {
        self.0.lock().unwrap().insert(file.to_owned(), text.into());
    }

    fn append(&self, file: &str, line: &str) {
        self.0.lock().unwrap().entry(file.to_owned()).or_default().push_str(&format!("{line};"));
    }

    fn remove(&self, file: &str) -> bool {
        self.0.lock().unwrap().remove(file).is_some()
    }

    fn remove_all(&self, prefix: &str) {
        self.0.lock().unwrap().retain(|file, _| !file.starts_with(prefix));
    }

    fn files(self) -> BTreeMap<String, String> {
        self.0.into_inner().unwrap()
    }
}

/// A body for the kit: runs what `graph` builds on a new machine, whose files are seen in the end.
fn on_a_machine(
    graph: impl for<'m> Fn(&'m Machine) -> Graph<'m>,
) -> impl Fn(&Simulation) -> BTreeMap<String, String> {
    move |simulation| {
        let machine = Machine::default();
        let plan = graph(&machine).compile().unwrap();
        let _ = simulation.run(&plan, ());
        drop(plan);
        machine.files()
    }
}

/// Runs what `graph` builds twice on one machine.
fn twice(graph: impl for<'m> Fn(&'m Machine) -> Graph<'m>) -> Result<(), Finding> {
    check_idempotent(1, on_a_machine(graph)).map(drop)
}

/// The kit finds the bug, within 2,000 simulated runs, and blames `job`; it passes the mended twin.
#[track_caller]
fn check(job: &str, look: impl Fn(bool) -> Result<(), Finding>) {
    let finding = look(true).expect_err("the bug was not found");
    assert!(finding.jobs().iter().any(|blamed| blamed == job), "{finding}");
    assert!(finding.to_string().contains(&format!("`{job}`")), "{finding}");
    assert!(finding.runs() <= 2000, "{finding}");
    if let Err(finding) = look(false) {
        panic!("the mended twin was not passed: {finding}");
    }
}

#[test]
fn a_forgotten_edge() {
    check("service", |bug| {
        let body = on_a_machine(|machine| {
            Graph::new()
                .each(["user", "data", "logs"], |graph, name| {
                    graph.job(name).check(move |_| machine.has(name)).run(move |_| machine.write(name, ""))
                })
                .job("config")
                .after("user")
                .check(|_| machine.is("config", "port 80"))
                .run(|_| machine.write("config", "port 80"))
                .job("service")
                .after(if bug { vec!["user", "data"] } else { vec!["user", "data", "config"] })
                .check(|_| machine.has("service"))
                .run(|_| machine.write("service", machine.read("config").unwrap_or("port 8080".into())))
        });
        try_explore(300, body).map(drop)
    });
}

/// It is there by the time of the check, or not, thanks to another job.
#[test]
fn a_check_that_looks_at_the_wrong_thing() {
    check("www", |bug| {
        let body = on_a_machine(|machine| {
            Graph::new()
                .job("web")
                .check(|_| machine.has("user/web"))
                .run(|_| machine.write("user/web", ""))
                .job("www")
                .check(move |_| machine.has(if bug { "user/web" } else { "user/www" }))
                .run(|_| ["user/web", "user/www"].iter().for_each(|user| machine.write(user, "")))
        });
        try_explore(100, body).map(drop)
    });
}

#[test]
fn a_run_that_appends_instead_of_setting() {
    check("web", |bug| {
        twice(|machine| {
            Graph::new().each(["db", "web"], |graph, host| {
                let line = format!("{host};");
                let is_there = move |hosts: String| match bug {
                    true => hosts.ends_with(&line),
                    false => hosts.contains(&line),
                };
                graph
                    .job(host)
                    .check(move |_| machine.read("hosts").is_some_and(&is_there))
                    .run(move |_| machine.append("hosts", host))
            })
        })
    });
}

#[test]
fn a_run_only_that_appends() {
    check("motd", |bug| {
        twice(|machine| {
            let motd = Graph::new().job("motd");
            match bug {
                true => motd.run_only(|_| machine.append("motd", "welcome")),
                false => {
                    motd.check(|_| machine.is("motd", "welcome;")).run(|_| machine.write("motd", "welcome;"))
                }
            }
        })
    });
}

/// The device must outlive the mount, but neither is after the other.
#[test]
fn cleanups_that_assume_an_order() {
    check("mount", |bug| {
        let body = on_a_machine(|machine| {
            let graph = Graph::new()
                .job("device")
                .cleanup(|_| machine.remove_all("device"))
                .run_only(|_| machine.write("device", ""))
                .job("mount");
            let graph = if bug { graph } else { graph.after("device") };
            graph
                .cleanup(|_| {
                    ensure(machine.has("device"), "the device is gone")?;
                    machine.remove("mount");
                    Ok(())
                })
                .run_only(|_| machine.write("mount", ""))
        });
        check_cleans_up(20, body).map(drop)
    });
}

const TOTAL: Key<u32> = Key::new("total");
const SEEN: Key<u32> = Key::new("seen");

#[test]
fn a_lost_update_of_a_shared_key() {
    check("upload b", |bug| {
        let body = |simulation: &Simulation| {
            let upload = |graph: Graph<'static>, file: &str| {
                graph
                    .job(format!("upload {file}"))
                    .check(|cx| {
                        cx.local().set(&SEEN, cx.shared().get(&TOTAL).map_or(0, |total| *total));
                        cx.phase() == dojobber::Phase::Recheck
                    })
                    .run(move |cx: &Context| match bug {
                        true => cx.shared().set(&TOTAL, cx.local().get(&SEEN).map_or(0, |seen| *seen) + 1),
                        false => cx.shared().update(&TOTAL, |total| *total += 1),
                    })
            };
            let plan = Graph::new().each(["a", "b"], upload).compile().unwrap();
            let run = simulation.run(&plan, ());
            run.shared().get(&TOTAL).map(|total| *total)
        };
        try_explore(100, body).map(drop)
    });
}

/// The same with a file that is read by the constructor of a struct and written by its run.
#[test]
fn a_lost_update_of_a_file() {
    struct Line<'m>(&'m Machine, &'static str, String);
    impl Job for Line<'_> {
        type Output = ();
        fn check(&mut self, _: &Context) -> Result {
            let lines = self.0.read("lines").unwrap_or_default();
            ensure(lines.contains(self.1), format!("no line for {}", self.1))
        }
        fn run(&mut self, _: &Context) -> Result {
            self.0.write("lines", format!("{}{};", self.2, self.1));
            Ok(())
        }
    }
    check("two", |bug| {
        let body = |simulation: &Simulation| {
            let machine = Machine::default();
            let graph = Graph::new()
                .job("one")
                .with_new(|_| Ok(Line(&machine, "one", machine.read("lines").unwrap_or_default())))
                .job("two");
            let graph = if bug { graph } else { graph.after("one") };
            let plan = graph
                .with_new(|_| Ok(Line(&machine, "two", machine.read("lines").unwrap_or_default())))
                .compile()
                .unwrap();
            let _ = simulation.run(&plan, ());
            ["one", "two"].map(|line| machine.read("lines").is_some_and(|lines| lines.contains(line)))
        };
        try_explore(100, body).map(drop)
    });
}

/// Declared in the right order, and so always right with one thread.
#[test]
fn a_job_that_succeeds_by_accident_of_order() {
    check("migrate", |bug| {
        let body = on_a_machine(|machine| {
            let graph = Graph::new()
                .job("db")
                .check(|_| machine.has("db"))
                .run(|_| machine.write("db", ""))
                .job("migrate")
                .tries(1);
            let graph = if bug { graph } else { graph.after("db") };
            graph.check(|_| machine.has("schema")).run(|_| {
                ensure(machine.has("db"), "there is no database")?;
                machine.write("schema", "1");
                Ok(())
            })
        });
        check_order_independent(100, body).map(drop)
    });
}

#[test]
fn a_retry_that_is_not_safe() {
    check("charge", |bug| {
        let body = on_a_machine(|machine| {
            let charge = Graph::new().job("charge").retry_delay(Duration::from_secs(60));
            match bug {
                true => charge.run_only(|_| machine.append("charges", "1 euro")),
                false => {
                    charge.check(|_| machine.has("charges")).run(|_| machine.append("charges", "1 euro"))
                }
            }
        });
        check_convergent(1, body).map(drop)
    });
}

#[test]
fn a_check_with_a_side_effect() {
    check("cache", |bug| {
        let body = on_a_machine(|machine| {
            Graph::new()
                .job("user")
                .check(|_| machine.has("user"))
                .run(|_| machine.write("user", ""))
                .job("cache")
                .check(move |_| {
                    if bug {
                        machine.write("cache", ""); // so that what follows has a place to look into
                    }
                    machine.has("cache/index")
                })
                .run(|_| machine.write("cache/index", ""))
                .job("disk")
                .check_only(|_| true)
        });
        check_dry_run_is_pure(4, body).map(drop)
    });
}

#[test]
fn a_constructor_with_a_side_effect() {
    #[derive(Clone)]
    struct Build<'m>(&'m Machine);
    impl Job for Build<'_> {
        type Output = ();
        fn check(&mut self, _: &Context) -> Result {
            ensure(self.0.has("built"), "not built")
        }
        fn run(&mut self, _: &Context) -> Result {
            self.0.write("tmp/build", "");
            self.0.write("built", "");
            Ok(())
        }
    }
    check("build", |bug| {
        let body = on_a_machine(|machine| {
            Graph::new().job("tests").check_only(|_| true).job("build").after("tests").with_new(move |_| {
                if bug {
                    machine.write("tmp/build", "");
                }
                Ok(Build(machine))
            })
        });
        check_dry_run_is_pure(4, body).map(drop)
    });
}

#[test]
fn a_cleanup_that_removes_too_much() {
    check("cache", |bug| {
        twice(|machine| {
            Graph::new()
                .job("cache")
                .check(|_| machine.has("tmp/cache"))
                .run(|_| machine.write("tmp/cache", ""))
                .job("install")
                .after("cache")
                .check(|_| machine.has("program"))
                .cleanup(move |_| machine.remove_all(if bug { "tmp/" } else { "tmp/unpacked" }))
                .run(|_| {
                    machine.write("tmp/unpacked", "");
                    machine.write("program", "");
                })
        })
    });
}

const UNPACKED: Key<bool> = Key::new("unpacked");

/// It relies on what is noted only when all went well.
#[test]
fn a_cleanup_that_forgets_after_an_error() {
    check("unpack", |bug| {
        let body = |simulation: &Simulation| {
            let machine = Machine::default();
            let plan = Graph::new()
                .job("unpack")
                .tries(1)
                .check(|cx| {
                    cx.local().set(&UNPACKED, machine.has("tmp"));
                    machine.has("tmp")
                })
                .cleanup(|cx| {
                    let noted = cx.local().get(&UNPACKED).is_some_and(|unpacked| *unpacked);
                    if !bug || noted {
                        machine.remove("tmp");
                    }
                })
                .run(|_| machine.write("tmp", ""))
                .compile()
                .unwrap();
            let _ = simulation.run(&plan, ());
            machine.has("tmp")
        };
        check_cleans_up(1, body).map(drop)
    });
}

const CHANGED: Key<bool> = Key::new("changed");

/// Whether the configuration was written in this run is forgotten when the process is killed.
#[test]
fn a_notice_that_is_lost_in_a_crash() {
    check("restart", |bug| {
        let body = on_a_machine(|machine| {
            Graph::new()
                .job("config")
                .check(|_| machine.has("config"))
                .run(|cx| {
                    machine.write("config", "new");
                    cx.shared().set(&CHANGED, true);
                })
                .job("restart")
                .after("config")
                .check(move |cx| match bug {
                    true => !cx.shared().contains(&CHANGED) || machine.is("running", "new"),
                    false => machine.is("running", "new"),
                })
                .run(|_| machine.write("running", machine.read("config").unwrap_or_default()))
        });
        check_convergent(1, body).map(drop)
    });
}

#[test]
fn two_jobs_that_undo_each_other() {
    check("firewall", |bug| {
        twice(|machine| {
            Graph::new()
                .job("firewall")
                .check(move |_| match bug {
                    true => machine.is("rules", "default;"),
                    false => machine.read("rules").is_some_and(|rules| rules.starts_with("default;")),
                })
                .run(|_| machine.write("rules", "default;"))
                .job("port")
                .after("firewall")
                .check(|_| machine.read("rules").is_some_and(|rules| rules.contains("port;")))
                .run(|_| machine.append("rules", "port"))
        })
    });
}

/// Old releases are removed while a new one is on its way, among a dozen other jobs.
#[test]
fn a_race_between_jobs_that_are_far_apart() {
    check("tidy", |bug| {
        let body = on_a_machine(|machine| {
            let graph = Graph::new()
                .each(0..10, |graph, at| {
                    let (file, before) = (format!("file {at}"), at / 2);
                    let graph = graph.job(format!("copy {at}"));
                    let graph = if at > 1 { graph.after(format!("copy {before}")) } else { graph };
                    let name = file.clone();
                    graph.check(move |_| machine.has(&name)).run(move |_| machine.write(&file, ""))
                })
                .job("release")
                .after(["copy 8", "copy 9"])
                .check(|_| machine.has("release/2"))
                .run(|_| machine.write("release/2", ""))
                .job("tidy")
                .after("copy 7");
            let graph = if bug { graph } else { graph.before("release") };
            graph.run_only(|_| machine.remove_all("release/"))
        });
        try_explore(200, body).map(drop)
    });
}

/// A time that is too short for what it waits for, and shorter still after a crash.
#[test]
fn a_job_that_gives_up_too_early() {
    check("ready", |bug| {
        let body = on_a_machine(|machine| {
            Graph::new()
                .job("boot")
                .check(|_| machine.has("booted"))
                .run(|_| machine.write("booted", ""))
                .job("ready")
                .after("boot")
                .tries(if bug { 3 } else { 4 })
                .retry_delay(Duration::from_secs(10))
                .check_only(|cx| cx.now() >= Duration::from_secs(25))
        });
        check_convergent(2, body).map(drop)
    });
}
