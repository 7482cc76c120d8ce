//! What the test kit finds inside of phases: at the points where their fakes could be cut.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use dojobber::testkit::{
    Access, Fault, Faults, Simulation, Table, check_cleans_up, check_convergent, explore, graphs,
    interruption, touches, try_explore,
};
use dojobber::{Context, Graph, Kind, Phase, Pool, Slots, Status, ensure, judge};
use proptest::prelude::*;

use crate::kit::check;
use crate::support::Trace;

const SECOND: Duration = Duration::from_secs(1);

/// Files that are written in two steps.
#[derive(Default)]
struct Disk(Mutex<BTreeMap<&'static str, String>>);

impl Disk {
    fn read(&self, file: &str) -> Option<String> {
        self.0.lock().unwrap().get(file).cloned()
    }

    fn set(&self, file: &'static str, text: &str) {
        self.0.lock().unwrap().insert(file, text.to_owned());
    }

    fn write(&self, file: &'static str, text: &str) {
        self.set(file, &text[..text.len() / 2]);
        interruption();
        self.set(file, text);
    }

    fn rename(&self, from: &str, to: &'static str) {
        let text = self.0.lock().unwrap().remove(from).expect("it is there");
        self.set(to, &text);
    }
}

fn on_a_disk(
    graph: impl for<'d> Fn(&'d Disk) -> Graph<'d>,
) -> impl Fn(&Simulation) -> BTreeMap<&'static str, String> {
    move |simulation| {
        let disk = Disk::default();
        let plan = graph(&disk).compile().unwrap();
        let _ = simulation.run(&plan, ());
        drop(plan);
        disk.0.into_inner().unwrap()
    }
}

#[test]
fn a_file_that_is_half_written() {
    check("config", "a crash in `config`.run at its interruption point 1", |bug| {
        let body = on_a_disk(|disk| {
            Graph::new()
                .job("user")
                .check(|_| disk.read("user").is_some())
                .run(|_| disk.set("user", "www"))
                .job("config")
                .after("user")
                .check(|_| disk.read("config").is_some()) // whatever stands in it
                .run(move |_| match bug {
                    true => disk.write("config", "port 80"),
                    false => {
                        disk.write("config.new", "port 80");
                        disk.rename("config.new", "config");
                    }
                })
        });
        check_convergent(1, body)
    });
}

/// Each of two jobs adds a line to what it has read before.
#[test]
fn two_jobs_that_write_one_file() {
    check("web", "it makes a difference that `db` goes on in the middle of `web`", |bug| {
        let body = on_a_disk(|disk| {
            Graph::new().job("hosts").run_only(|_| disk.set("hosts", "")).each(
                ["web", "db"],
                |graph, host| {
                    let after = if bug || host == "web" { "hosts" } else { "web" };
                    graph
                        .job(host)
                        .after(after)
                        .check(move |_| disk.read("hosts").is_some_and(|hosts| hosts.contains(host)))
                        .run(move |_| {
                            let hosts = disk.read("hosts").unwrap_or_default();
                            interruption();
                            disk.set("hosts", &format!("{hosts} {host}"));
                        })
                },
            )
        });
        let sorted = |simulation: &Simulation| {
            let mut hosts: Vec<String> =
                body(simulation)["hosts"].split_whitespace().map(str::to_owned).collect();
            hosts.sort();
            hosts
        };
        try_explore(100, sorted)
    });
}

/// Nobody is ever seen with half of what it should be, but between two writes.
#[test]
fn a_content_that_is_replaced_in_two_steps() {
    check("swap", "at its interruption point 1", |bug| {
        let body = on_a_disk(|disk| {
            Graph::new()
                .job("current")
                .run_only(|_| disk.set("current", "release 1"))
                .job("swap")
                .after("current")
                .run_only(move |_| {
                    if bug {
                        disk.0.lock().unwrap().remove("current");
                        interruption();
                    }
                    disk.set("current", "release 2");
                })
                .job("serve")
                .after("current")
                .tries(1)
                .run_only(|_| ensure(disk.read("current").is_some(), "there is no release"))
        });
        try_explore(100, body)
    });
}

#[test]
fn two_jobs_that_touch_one_thing() {
    check("write", "the edge that is missing: `.job(\"read\").after(\"write\")`", |bug| {
        let body = |simulation: &Simulation| {
            let graph = Graph::new()
                .job("first")
                .run_only(|_| touches("hosts", Access::Write))
                .job("write")
                .after("first")
                .run_only(|_| touches("hosts", Access::Write))
                .job("read")
                .after(if bug { "first" } else { "write" })
                .run_only(|_| touches("hosts", Access::Read))
                .job("other")
                .run_only(|_| touches("users", Access::Write))
                .job("too")
                .after("first")
                .run_only(|_| touches("groups", Access::Read))
                .job("three")
                .run_only(|_| touches("groups", Access::Read));
            let _ = simulation.run(&graph.compile().unwrap(), ());
        };
        let found = try_explore(100, body);
        if let Err(finding) = &found {
            assert_eq!((finding.jobs(), finding.runs()), (["write", "read"].map(String::from).as_slice(), 1));
        }
        found
    });
}

/// What a pool has no room for is never done at once, and may then touch one thing in any order.
#[test]
fn jobs_that_a_pool_keeps_apart() {
    let found = |shares: [Vec<Slots>; 2]| {
        let rows = |simulation: &Simulation| {
            let table = Table::new("rows").with("total", 0);
            let graph = || {
                let jobs = ["one", "two"].into_iter().zip(&shares);
                Graph::new().each(jobs, |graph, (name, uses)| {
                    let table = &table;
                    graph.job(name).uses(uses.clone()).check(move |_| table.contains(&name)).run(move |_| {
                        let total = table.get(&"total").unwrap_or_default();
                        interruption();
                        table.insert("total", total + 1);
                        table.insert(name, 0);
                    })
                })
            };
            let _ = simulation.run_anew(graph, ());
            table.into_rows()
        };
        try_explore(60, rows).map(|rows| rows["total"])
    };
    let (one, two, three) = (Pool::new("one", 1), Pool::new("two", 2), Pool::new("three", 3));
    let uses = |pool: &Pool, slots| vec![pool.slots(slots)];
    // there is no room for both in a pool
    assert_eq!(found([uses(&one, 1), uses(&one, 1)]), Ok(2));
    assert_eq!(found([uses(&two, 2), uses(&two, 1)]), Ok(2));
    assert_eq!(found([uses(&three, 2), uses(&three, 2)]), Ok(2));
    assert_eq!(found([vec![two.slots(1), one.slots(1)], vec![one.slots(1), two.slots(1)]]), Ok(2));
    // there is, or they use different ones
    for shares in [
        [vec![], vec![]],
        [uses(&one, 1), vec![]],
        [uses(&one, 1), uses(&two, 2)],
        [uses(&two, 1), uses(&two, 1)],
        [uses(&three, 2), uses(&three, 1)],
    ] {
        let finding = found(shares).unwrap_err();
        assert!(finding.to_string().contains("a pool that has no room for both"), "{finding}");
    }
}

/// A panic in the middle of a run leaves what its cleanup does not know of.
#[test]
fn a_cleanup_that_knows_only_the_end() {
    check("unpack", "after a panic in `unpack`.run at its interruption point 1", |bug| {
        let body = |simulation: &Simulation| {
            let disk = Disk::default();
            let plan = Graph::new()
                .job("unpack")
                .cleanup(|_| {
                    let is_whole = disk.read("archive").is_some_and(|text| text == "abcd");
                    if !bug || is_whole {
                        disk.0.lock().unwrap().remove("archive");
                    }
                })
                .tries(1)
                .run_only(|_| disk.write("archive", "abcd"))
                .compile()
                .unwrap();
            let _ = simulation.run(&plan, ());
            disk.read("archive")
        };
        check_cleans_up(1, body)
    });
}

#[test]
fn a_fault_may_strike_at_a_point() {
    let run = |fault, point| {
        let disk = Disk::default();
        let plan = Graph::new()
            .job("write")
            .check(|_| disk.read("file").is_some_and(|text| text == "abcd"))
            .run(|_| disk.write("file", "abcd"))
            .compile()
            .unwrap();
        let faults = Faults::none().on_interruption("write", Phase::Run, point, fault);
        let run = Simulation::new(0).faults(faults).run(&plan, ());
        let error = run.job("write").unwrap().phases().iter().find_map(|record| record.error().cloned());
        (
            run.status("write"),
            run.job("write").unwrap().tries(),
            error.map(|error| error.message().to_owned()),
        )
    };
    let no = Some("returned false".to_owned());
    assert_eq!(run(Fault::Crash, 1), (Some(Status::Changed), 1, no.clone()));
    assert_eq!(run(Fault::Panic, 1), (Some(Status::Changed), 2, no.clone()));
    assert_eq!(run(Fault::Crash, 2), (Some(Status::Changed), 1, no));
}

/// While one job pauses, others go on; the order follows from the seed, and no two phases ever move at once.
#[test]
fn phases_are_interleaved_and_nothing_runs_at_once() {
    let body = |simulation: &Simulation| {
        let log = Mutex::new(Vec::new());
        let plan = Graph::new()
            .each(["a", "b", "c"], |graph, name| {
                let log = &log;
                graph.job(name).run_only(move |_| {
                    for step in 0..3 {
                        log.try_lock().expect("nobody else moves").push(format!("{name}{step}"));
                        interruption();
                    }
                })
            })
            .compile()
            .unwrap();
        assert!(simulation.run(&plan, ()).success());
        drop(plan);
        log.into_inner().unwrap()
    };
    let seen = Mutex::new(std::collections::BTreeSet::new());
    let shuffled = |simulation: &Simulation| {
        let mut log = body(simulation);
        seen.lock().unwrap().insert(log.clone());
        log.sort();
        log
    };
    explore(200, shuffled);
    let orders = seen.into_inner().unwrap();
    assert!(orders.len() > 100, "{} orders", orders.len());
    let alternates =
        |log: &Vec<String>| log.windows(2).filter(|pair| pair[0][..1] != pair[1][..1]).count() > 5;
    assert!(orders.iter().any(alternates));
}

/// A process that is killed while jobs pause: they unwind, and the world is that of the moment.
#[test]
fn a_crash_while_others_pause() {
    let body = |simulation: &Simulation| {
        let log = Mutex::new(Vec::new());
        let plan = Graph::new()
            .each(["a", "b"], |graph, name| {
                let log = &log;
                graph.job(name).run_only(move |_| {
                    log.lock().unwrap().push((name, "begins"));
                    interruption();
                    log.lock().unwrap().push((name, "ends"));
                })
            })
            .compile()
            .unwrap();
        let faults = Faults::none().on_interruption("a", Phase::Run, 1, Fault::Crash);
        assert!(simulation.clone().faults(faults).run(&plan, ()).success());
        drop(plan);
        let log = log.into_inner().unwrap();
        let count = |what| log.iter().filter(|entry| **entry == ("a", what)).count();
        (count("begins"), count("ends"))
    };
    assert_eq!(explore(50, body), (2, 1));
}

/// 20 jobs with three writes each: the process is killed at each of these 60 points, too.
#[test]
fn every_point_is_tried() {
    let calls = AtomicU32::new(0);
    let body = |simulation: &Simulation| {
        calls.fetch_add(1, SeqCst);
        let rows = Table::new("rows");
        let graph = || {
            Graph::new().each(0..20, |graph, at| {
                let (rows, keys) = (&rows, [3 * at, 3 * at + 1, 3 * at + 2]);
                let after = (at > 3).then(|| format!("job {}", at - 4));
                graph
                    .job(format!("job {at}"))
                    .after(after)
                    .check(move |_| keys.iter().all(|key| rows.contains(key)))
                    .run(move |_| keys.iter().for_each(|key| _ = rows.insert(*key, ())))
            })
        };
        let _ = simulation.run_anew(graph, ());
        rows.rows().len()
    };
    assert_eq!(check_convergent(1, body).unwrap(), 60);
    // once, twice; each check and recheck: crash, error; each run: error at its end, too; for good: run and recheck
    assert_eq!(calls.into_inner(), 2 + 20 * (2 + 3 + 2) + 60 + 20 * 2);
}

/// Async phases are cut and left at their points as blocking ones are.
#[test]
fn an_async_phase_has_points_too() {
    let body = |bug: bool| {
        move |simulation: &Simulation| {
            let rows = Table::new("rows").with("total", 0);
            let graph = || {
                Graph::new().each(["one", "two"], |graph, name| {
                    let (rows, after) = (&rows, (!bug && name == "two").then_some("one"));
                    graph
                        .job(name)
                        .after(after)
                        .check_async(move |_| async move { Ok(rows.contains(&name)) })
                        .run_async(move |cx| async move {
                            let total = rows.rows()["total"];
                            interruption();
                            cx.sleep_async(SECOND).await;
                            rows.insert(name, 1);
                            if bug {
                                rows.insert("total", total + 1);
                            }
                            Ok(())
                        })
                })
            };
            let _ = simulation.run_anew(graph, ());
            rows.into_rows()
        }
    };
    let finding = check_convergent(1, body(true)).unwrap_err();
    assert!(finding.to_string().contains("at its interruption point 2"), "{finding}");
    assert!(try_explore(100, body(true)).is_err());
    assert_eq!(check_convergent(1, body(false)).unwrap().len(), 3);
    explore(50, body(false));
}

/// Outside of a simulation nothing happens.
#[test]
fn points_are_nothing_in_a_real_run() {
    let disk = Disk::default();
    let plan = Graph::new().job("write").run_only(|_| disk.write("file", "abcd")).compile().unwrap();
    assert!(plan.run(()).success());
    assert_eq!(disk.read("file").as_deref(), Some("abcd"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the graph, and wherever its phases are left: the judge finds nothing, and every order ends alike.
    #[test]
    fn interleaved_runs_obey_the_rules(sketch in graphs().jobs(1..12).delays(Duration::ZERO..SECOND), points in 0..3_u32) {
        let points = || (0..points).for_each(|_| interruption());
        explore(6, |simulation| {
            let trace = Trace::default();
            let done: Vec<AtomicBool> = sketch.jobs.iter().map(|_| AtomicBool::new(false)).collect();
            let graph = sketch.graph(|open, place, job| {
                let done = &done[place];
                let run = move |_: &Context| {
                    points();
                    done.store(true, SeqCst);
                };
                match job.kind {
                    Kind::Group => open.group(),
                    Kind::RunOnly => open.run_only(run),
                    Kind::CheckOnly => open.check_only(move |_| {
                        points();
                        true
                    }),
                    _ => open.check(move |_| done.load(SeqCst)).cleanup(move |_| points()).run(run),
                }
            });
            let plan = graph.compile().unwrap();
            let run = simulation.clone().observer(trace.clone()).run(&plan, ());
            assert_eq!(judge(&plan, &trace.events()), Ok(()));
            run.jobs().map(|job| job.status()).collect::<Vec<_>>()
        });
    }
}
