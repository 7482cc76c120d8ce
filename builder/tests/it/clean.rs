//! Thirteen graphs, and random ones, without a bug, of kinds that tools are made of: no check of the test kit may raise an alarm.

use std::collections::BTreeMap;
use std::time::Duration;

use dojobber::testkit::{
    Convergence, Disk, Idempotence, OrderIndependence, Simulation, Sketch, Table, assert_absorbs,
    assert_always, assert_cleans_up, assert_convergent, assert_dry_run_is_pure, assert_idempotent, explore,
    graphs,
};
use dojobber::{Context, Graph, Job, Key, Kind, Result, ensure};
use proptest::prelude::*;

/// Asks everything that can be asked. The run_onlys of the graph are named, and what cleanups take away is in `tmp/`.
#[track_caller]
fn check(jobs: usize, run_onlys: &[&str], graph: impl for<'d> Fn(&'d Disk) -> Graph<'d>) {
    let body = |simulation: &Simulation| {
        let disk = Disk::new().with("base", "installed");
        let run = simulation.run_anew(|| graph(&disk), ());
        assert!(run.jobs().len() == jobs || run.jobs().len() == 0, "{} jobs", run.jobs().len());
        drop(run);
        disk.into_files()
    };
    let files = explore(30, body);
    assert!(!files.keys().any(|file| file.starts_with("tmp/")), "{files:?}");
    assert_eq!(OrderIndependence::new(30).assert(body), files);
    assert_always(1, body, |files: &BTreeMap<_, _>| files.contains_key("base"));
    assert_eq!(Idempotence::new(2).exempt(run_onlys).assert(body), files);
    assert_eq!(assert_absorbs(1, body), files);
    let files_in_tmp = |wanted: bool| {
        move |simulation: &Simulation| {
            let mut files = body(simulation);
            files.retain(|file, _| file.starts_with("tmp/") == wanted);
            files
        }
    };
    assert_cleans_up(1, files_in_tmp(true));
    // no cleanup is called after a crash
    assert_eq!(assert_convergent(1, files_in_tmp(false)), files);
    assert_eq!(assert_dry_run_is_pure(1, body).len(), 1);
}

/// A job that makes a file be what it should be.
fn file<'d>(graph: Graph<'d>, disk: &'d Disk, name: &str, after: &[&str], text: &'static str) -> Graph<'d> {
    let (looked, written) = (name.to_owned(), name.to_owned());
    graph
        .job(name)
        .after(after.iter().copied())
        .check(move |_| disk.is(&looked, text))
        .run(move |_| disk.write(&written, text))
}

#[test]
fn a_machine() {
    check(10, &[], |disk| {
        let graph = file(Graph::new(), disk, "user", &[], "www");
        let graph = file(graph, disk, "home", &["user"], "/home/www");
        let graph = file(graph, disk, "package", &[], "nginx");
        let graph = file(graph, disk, "config", &["package", "user"], "port 80");
        let graph = file(graph, disk, "site", &["home"], "<p>");
        let graph = file(graph, disk, "firewall", &[], "accept 80");
        let graph = file(graph, disk, "service", &["config", "site"], "on");
        graph
            .job("answers")
            .after(["service", "firewall"])
            .check_only(|_| disk.is("service", "on"))
            .job("disk")
            .check_only(|_| disk.exists("base"))
            .job("ready")
            .after(["answers", "disk"])
            .group()
    });
}

/// Pages are made from templates, the index from the pages.
#[test]
fn a_site() {
    check(23, &["index"], |disk| {
        let graph = file(Graph::new(), disk, "templates", &[], "<p>");
        let names: Vec<String> = (0..20).map(|at| format!("page {at}")).collect();
        let graph = graph.each(names, |graph, name| {
            let (looked, written) = (name.clone(), name.clone());
            graph
                .job(&name)
                .after("templates")
                .before("index")
                .check(move |_| disk.is(&looked, "<p>text"))
                .run(move |_| disk.write(&written, &format!("{}text", disk.read("templates").unwrap())))
        });
        graph
            .job("index")
            .run_only(|_| {
                let pages = disk.list("page ").into_iter().filter(|page| disk.is(page, "<p>text"));
                disk.write("index.html", &pages.count().to_string());
            })
            .job("published")
            .after("index")
            .check(|_| disk.is("published", "20"))
            .run(|_| disk.write("published", &disk.read("index.html").unwrap()))
    });
}

/// Files are replaced by renaming: nobody can find half of one.
#[test]
fn files_that_are_replaced_at_once() {
    check(12, &[], |disk| {
        Graph::new().each(0..12, |graph, at| {
            let name = format!("file {at}");
            let looked = name.clone();
            graph.job(&name).check(move |_| disk.exists(&looked)).run(move |_| {
                let new = format!("{name}.new");
                disk.write(&new, "text");
                disk.rename(&new, &name);
            })
        })
    });
}

/// Migrations in a row, each from the version before.
#[test]
fn migrations() {
    check(30, &[], |disk| {
        Graph::new().each(1..=3, |graph, db| {
            let file = move |version: u32| format!("db {db} version {version}");
            (1..=10).fold(graph, |graph, to| {
                let after = (to > 1).then(|| file(to - 1));
                graph.job(file(to)).after(after).check(move |_| disk.is(&file(to), "done")).run(move |_| {
                    ensure(to == 1 || disk.is(&file(to - 1), "done"), "a version is missing")?;
                    disk.write(&file(to), "done");
                    Ok(())
                })
            })
        })
    });
}

/// What only the runs need is taken away, whatever happens.
#[test]
fn mounts_that_are_cleaned_up() {
    check(20, &[], |disk| {
        Graph::new().each(0..10, |graph, at| {
            let (image, copy) = (format!("tmp/image {at}"), format!("copy {at}"));
            let (mounted, source) = (image.clone(), image.clone());
            let (looked, written) = (copy.clone(), copy.clone());
            let needed = copy.clone();
            graph
                .job(format!("mount {at}"))
                .check(move |_| disk.is(&needed, "data") || disk.is(&mounted, "data"))
                .cleanup({
                    let image = image.clone();
                    move |_| _ = disk.remove(&image)
                })
                .run(move |_| disk.write(&image, "data"))
                .job(&copy)
                .after(format!("mount {at}"))
                .check(move |_| disk.is(&looked, "data"))
                .run(move |_| disk.write(&written, &disk.read(&source).unwrap_or_default()))
        })
    });
}

/// A sweep with a check, which has to sweep again after a crash.
#[test]
fn a_build_with_a_sweep() {
    check(14, &["note"], |disk| {
        let names: Vec<String> = (0..12).map(|at| format!("object {at}")).collect();
        let graph = Graph::new()
            .job("no leftovers")
            .check(|_| disk.list("work/").is_empty())
            .run(|_| disk.remove_all("work/"));
        let graph = graph.each(names, |graph, name| {
            let (looked, written, work) = (name.clone(), name.clone(), format!("work/{name}"));
            graph.job(&name).after("no leftovers").check(move |_| disk.is(&looked, "code")).run(move |_| {
                disk.write(&work, "code");
                disk.write(&written, "code");
                disk.remove(&work);
            })
        });
        graph.job("note").after("no leftovers").run_only(|_| disk.write("built", "yes"))
    });
}

const VERSION: Key<String> = Key::new("version");

fn artefact(target: u32) -> Key<String> {
    Key::named(format!("build {target}"))
}

/// Values go from job to job.
#[test]
fn a_release() {
    check(18, &["notes", "sums"], |disk| {
        let graph = Graph::new()
            .job(VERSION)
            .check_only(|_| Ok("1.2.3".to_owned()))
            .job("notes")
            .after(VERSION)
            .run_only(|cx| {
                disk.write("notes", cx.output(&VERSION)?);
                Ok(())
            });
        let graph = graph.each(0..12, |graph, target| {
            let path = move |cx: &Context| {
                Ok::<_, dojobber::BoxError>(format!("app-{}-{target}", cx.output(&VERSION)?))
            };
            graph
                .job(artefact(target))
                .after(VERSION)
                .check(move |cx| {
                    let path = path(cx)?;
                    ensure(disk.is(&path, "binary"), "it is not built")?;
                    Ok(path)
                })
                .run(move |cx| {
                    disk.write(&path(cx)?, "binary");
                    Ok(())
                })
        });
        graph
            .job("sums")
            .after((0..12).map(artefact))
            .run_only(|cx| {
                let read = |target| Ok(disk.read(cx.output(artefact(target))?).unwrap_or_default().len());
                let sums = (0..12).map(read).sum::<Result<usize>>()?;
                disk.write("sums", &sums.to_string());
                Ok(())
            })
            .job("tag")
            .after("sums")
            .after(VERSION)
            .check(|cx| Ok(disk.is("tag", cx.output(&VERSION)?)))
            .run(|cx| {
                disk.write("tag", cx.output(&VERSION)?);
                Ok(())
            })
            .job("publish")
            .after(["tag", "notes"])
            .check(|_| disk.is("published", "yes"))
            .run(|_| disk.write("published", "yes"))
            .job("released")
            .after("publish")
            .group()
    });
}

/// Time is what some jobs need.
#[test]
fn a_cluster_that_comes_up() {
    check(24, &[], |disk| {
        Graph::new().each(0..8_u64, |graph, at| {
            let (name, ready) = (format!("node {at}"), format!("ready {at}"));
            let (looked, written) = (name.clone(), name.clone());
            graph
                .job(&name)
                .check(move |_| disk.is(&looked, "booted"))
                .run(move |_| disk.write(&written, "booted"))
                .job(&ready)
                .after(&name)
                .tries(4)
                .retry_delay(Duration::from_secs(10 + at))
                .check_only(move |cx| cx.attempt() > 1 || cx.now() > Duration::from_secs(at))
                .job(format!("joined {at}"))
                .after(&ready)
                .check(move |_| disk.is(&format!("joined {at}"), "yes"))
                .run(move |_| disk.write(&format!("joined {at}"), "yes"))
        })
    });
}

/// A struct with fields, made anew for each try.
struct Line<'d> {
    disk: &'d Disk,
    name: String,
    seen: Option<String>,
}

impl Job for Line<'_> {
    type Output = ();
    fn check(&mut self, _: &Context) -> Result {
        self.seen = self.disk.read(&self.name);
        ensure(self.seen.as_deref() == Some("line"), "there is no line")
    }
    fn run(&mut self, _: &Context) -> Result {
        self.disk.write(&format!("tmp/{}", self.name), "before");
        self.disk.write(&self.name, "line");
        Ok(())
    }
    fn cleanup(&mut self, _: &Context) -> Result {
        self.disk.remove(&format!("tmp/{}", self.name));
        Ok(())
    }
}

#[test]
fn jobs_that_are_structs() {
    check(15, &[], |disk| {
        Graph::new().each(0..15, |graph, at| {
            let after = (at > 2).then(|| format!("line {}", at - 3));
            graph
                .job(format!("line {at}"))
                .after(after)
                .with_new(move |_| Ok(Line { disk, name: format!("line {at}"), seen: None }))
        })
    });
}

/// Phases that wait, beside others that do not; what they need meanwhile is taken away again.
#[test]
fn uploads_that_wait() {
    check(20, &["note"], |disk| {
        let graph = Graph::new().each(0..9, |graph, at| {
            let (object, name) = (format!("object {at}"), format!("upload {at}"));
            let (part, looked) = (format!("tmp/{at}"), object.clone());
            let left = part.clone();
            graph
                .job(&name)
                .tries(3)
                .retry_delay(Duration::from_secs(5))
                .check_async(move |cx| {
                    let is_there = disk.is(&looked, "data");
                    async move {
                        cx.sleep_async(Duration::from_millis(30)).await;
                        is_there
                    }
                })
                .cleanup_async(move |cx| {
                    disk.remove(&left);
                    async move { cx.sleep_async(Duration::from_millis(1)).await }
                })
                .run_async(move |cx| {
                    let (part, object) = (part.clone(), object.clone());
                    async move {
                        disk.write(&part, "data");
                        cx.sleep_async(Duration::from_secs(2)).await;
                        disk.write(&object, "data");
                    }
                })
                .job(format!("seen {at}"))
                .after(name)
                .check_only_async(move |_| std::future::ready(disk.is(&format!("object {at}"), "data")))
        });
        graph
            .job("note")
            .run_only_async(async |cx| {
                cx.sleep_async(Duration::from_millis(1)).await;
                disk.write("note", "begun");
            })
            .job("index")
            .after((0..9).map(|at| format!("seen {at}")))
            .check(|_| disk.is("index", "9"))
            .run_async(async |_| disk.write("index", &disk.list("object ").len().to_string()))
    });
}

/// Graphs in graphs.
#[test]
fn nested_environments() {
    check(25, &[], |disk| {
        Graph::new()
            .each(["dev", "test", "live"], |graph, stage| {
                let inner = ["network", "database", "server", "balancer", "monitor", "alarm", "backup"];
                let nest = (0..inner.len()).fold(Graph::new(), |graph, at| {
                    let path = format!("{stage}/{}", inner[at]);
                    let (looked, after) = (path.clone(), (at > 0).then(|| inner[at - 1]));
                    graph
                        .job(inner[at])
                        .after(after)
                        .check(move |_| disk.is(&looked, "up"))
                        .run(move |_| disk.write(&path, "up"))
                });
                graph.job(stage).nest(nest)
            })
            .job("all")
            .after(["dev", "test", "live"])
            .group()
    });
}

/// Nobody waits for anybody, and each of two may do what both need.
#[test]
fn many_that_are_alone() {
    check(60, &[], |disk| {
        let names: Vec<String> = (0..60).map(|at| format!("{at}")).collect();
        names.iter().fold(Graph::new(), |graph, name| file(graph, disk, name, &[], "alone"))
    });
}

/// Every host is a row of an inventory; what is made of all rows waits for all.
#[test]
fn an_inventory() {
    let body = |simulation: &Simulation| {
        let (disk, hosts) = (Disk::new(), Table::new("hosts"));
        let graph = || {
            Graph::new()
                .job("proxy")
                .check(|_| disk.is("proxy", "10 hosts"))
                .run(|_| disk.write("proxy", &format!("{} hosts", hosts.rows().len())))
                .each(0..10, |graph, at| {
                    let (hosts, name) = (&hosts, format!("host {at}"));
                    let row = name.clone();
                    graph
                        .job(&name)
                        .before("proxy")
                        .check(move |_| hosts.get(&row).is_some_and(|port| port == 80))
                        .run(move |_| _ = hosts.insert(name.clone(), 80))
                })
        };
        let _ = simulation.run_anew(graph, ());
        (disk.files(), hosts.rows())
    };
    let seen = OrderIndependence::new(30).assert(body);
    assert_eq!(assert_idempotent(1, body), seen);
    assert_eq!(assert_absorbs(1, body), seen);
    assert_eq!(Convergence::new(1).crashes(2).assert(body), seen);
    assert_always(1, body, |(files, hosts)| files.is_empty() || hosts.len() == 10);
    assert!(assert_dry_run_is_pure(1, body).1.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the edges: where each job keeps to its own file, nothing is to be found.
    #[test]
    fn jobs_that_keep_to_themselves(sketch in graphs().jobs(1..16)) {
        let run_onlys: Vec<String> = (0..sketch.jobs.len())
            .filter(|place| sketch.jobs[*place].kind == Kind::RunOnly)
            .map(Sketch::name)
            .collect();
        let body = |simulation: &Simulation| {
            let disk = Disk::new();
            let graph = || {
                sketch.graph(|open, place, job| {
                    let (disk, file) = (&disk, Sketch::name(place));
                    let looked = file.clone();
                    match job.kind {
                        Kind::Group => open.group(),
                        Kind::CheckOnly => open.check_only(|_| true),
                        Kind::RunOnly => open.run_only(move |_| disk.write(&file, "done")),
                        _ => open.check(move |_| disk.is(&looked, "done")).run(move |_| disk.write(&file, "done")),
                    }
                })
            };
            let _ = simulation.run_anew(graph, ());
            disk.into_files()
        };
        let files = explore(8, body);
        prop_assert_eq!(&OrderIndependence::new(8).statuses(true).assert(body), &files);
        prop_assert_eq!(&assert_always(1, body, |_| true), &files);
        prop_assert_eq!(&Idempotence::new(1).exempt(&run_onlys).assert(body), &files);
        prop_assert_eq!(&assert_absorbs(1, body), &files);
        prop_assert_eq!(&Convergence::new(1).stops(true).assert(body), &files);
        prop_assert!(assert_dry_run_is_pure(1, body).is_empty());
    }
}
