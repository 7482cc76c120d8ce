//! Whom the test kit blames: the job that has to be mended stands first.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojobber::testkit::{
    Disk, Fault, Faults, Simulation, check_always, check_convergent, check_idempotent, explore, on_exit,
    try_explore,
};
use dojobber::{Graph, Phase, ensure};

use crate::support::untimed;

use crate::kit::{check, on_a_disk};

/// A check that draws a ticket, whenever it is called: it is not the job where the fault was, nor the one that came next.
#[test]
fn a_check_that_changes_something_again() {
    check("ticket", "`ticket`.check changes the world again, though the job was done", |bug| {
        check_convergent(
            1,
            on_a_disk(move |disk| {
                Graph::new()
                    .job("first")
                    .check(|_| disk.is("first", "done"))
                    .run(|_| disk.write("first", "done"))
                    .job("ticket")
                    .after("first")
                    .check_only(move |_| {
                        match bug {
                            true => disk.append("tickets", "1"),
                            false => disk.write("tickets", "1"),
                        }
                        true
                    })
                    .job("ride")
                    .after("ticket")
                    .check(|_| disk.is("ride", "done"))
                    .run(|_| disk.write("ride", "done"))
            }),
        )
    });
}

/// What is lost in a crash is what was done right before it; which job comes next is chance.
#[test]
fn the_job_before_the_crash() {
    check("lease", "after a crash between `lease`.check and `", |bug| {
        check_convergent(1, move |simulation: &Simulation| {
            let (leased, done) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
            let graph = || {
                Graph::new()
                    .job("lease")
                    .tries(1)
                    .check_only(|_| {
                        let held = Arc::clone(&leased);
                        if !bug {
                            on_exit(move || held.store(false, SeqCst));
                        }
                        done.load(SeqCst) || !leased.swap(true, SeqCst)
                    })
                    .each(["a", "b", "c"], |graph, name| graph.job(name).after("lease").run_only(|_| ()))
                    .job("end")
                    .after(["a", "b", "c"])
                    .run_only(|_| done.store(true, SeqCst))
            };
            let _ = simulation.run_anew(graph, ());
            done.load(SeqCst)
        })
        .inspect_err(|finding| {
            assert_eq!(finding.jobs(), ["lease"], "{finding}");
        })
    });
}

/// `firewall` has to be done again, and it was `vpn` that has undone it.
#[test]
fn who_ran_before_a_lost_check() {
    fn graph(disk: &Disk, bug: bool) -> Graph<'_> {
        Graph::new()
            .job("user")
            .check(|_| disk.is("user", "www"))
            .run(|_| disk.write("user", "www"))
            .job("firewall")
            .after("user")
            .check(|_| disk.is("rules", "drop"))
            .run(|_| disk.write("rules", "drop"))
            .each(["dns", "vpn", "ntp"], |graph, service| {
                graph.job(service).after("firewall").check(move |_| disk.is(service, "on")).run(move |_| {
                    if service == "vpn" && bug {
                        disk.write("rules", "accept");
                    }
                    disk.write(service, "on");
                })
            })
    }
    for finding in [
        check_idempotent(1, on_a_disk(|disk| graph(disk, true))).unwrap_err(),
        check_convergent(1, on_a_disk(|disk| graph(disk, true))).unwrap_err(),
    ] {
        assert_eq!(finding.jobs()[..2], ["firewall", "vpn"], "{finding}");
        assert!(finding.to_string().contains("it was done until `vpn`.run"), "{finding}");
    }
    check_idempotent(1, on_a_disk(|disk| graph(disk, false))).unwrap();
    check_convergent(1, on_a_disk(|disk| graph(disk, false))).unwrap();
}

/// Two plans of one body, with other jobs at the same places.
#[test]
fn jobs_of_the_second_plan() {
    let body = |bug: bool| {
        move |simulation: &Simulation| {
            let disk = Disk::new();
            let prepare = Graph::new().each(["one", "two", "three"], |graph, name| {
                graph.job(name).check(|_| disk.is(name, "done")).run(|_| disk.write(name, "done"))
            });
            let _ = simulation.run(&prepare.compile().unwrap(), ());
            let graph = Graph::new()
                .job("four")
                .check(|_| disk.is("four", "done"))
                .run(|_| disk.write("four", "done"))
                .job("five")
                .after("four");
            let graph = match bug {
                true => graph.run_only(|_| disk.append("five", "done;")),
                false => graph.run_only(|_| disk.write("five", "done;")),
            };
            let _ = simulation.run(&graph.compile().unwrap(), ());
            disk.into_files()
        }
    };
    check("five", "`five`.run changes the world again", |bug| check_convergent(1, body(bug)));
    check("five", "`five` is run again", |bug| {
        check_idempotent(1, body(bug)).map(drop).or_else(|finding| match bug {
            true => Err(finding),
            false => Ok(()), // it is a run_only all the same
        })
    });
}

/// A run_only is run again in any case: a job with a check that is run again is more telling.
#[test]
fn jobs_with_checks_before_run_onlys() {
    check("count", "job `count` was done, and has to be done again", |bug| {
        check_convergent(
            1,
            on_a_disk(move |disk| {
                Graph::new()
                    .job("announce")
                    .run_only(|_| disk.write("announced", ""))
                    .job("count")
                    .after("announce")
                    .check(move |cx| match bug {
                        true => cx.phase() == Phase::Recheck,
                        false => disk.is("counted", "1"),
                    })
                    .run(move |_| match bug {
                        true => disk.append("counted", "1"),
                        false => disk.write("counted", "1"),
                    })
                    .job("last")
                    .after("count")
                    .run_only(|_| disk.write("last", ""))
            }),
        )
        .inspect_err(|finding| {
            assert!(!finding.jobs().contains(&"announce".to_owned()), "{finding}");
        })
    });
}

#[test]
fn a_body_that_is_random_by_itself() {
    let calls = AtomicU32::new(0);
    let body = |simulation: &Simulation| {
        let random = calls.fetch_add(1, SeqCst);
        let plan = Graph::new().each(["a", "b"], |graph, name| graph.job(name).run_only(|_| ()));
        let _ = simulation.run(&plan.compile().unwrap(), ());
        random % 3
    };
    let finding = try_explore(10, body).unwrap_err();
    assert!(finding.to_string().starts_with("the body is random by itself"), "{finding}");
    assert!(finding.jobs().is_empty());
    // what it does differs, too
    let calls = AtomicU32::new(0);
    let body = |simulation: &Simulation| {
        let is_there = calls.fetch_add(1, SeqCst).is_multiple_of(2);
        let log = Mutex::new(Vec::new());
        let plan = Graph::new()
            .job("early")
            .run_only(|_| log.lock().unwrap().push("early"))
            .job("maybe")
            .check(|cx| is_there || cx.phase() == Phase::Recheck)
            .run(|_| log.lock().unwrap().push("maybe"));
        let _ = simulation.run(&plan.compile().unwrap(), ());
        log.into_inner().unwrap().len()
    };
    let finding = try_explore(10, body).unwrap_err();
    assert!(finding.to_string().starts_with("the body is random by itself"), "{finding}");
}

/// The job that waits for its time stands between the two whose order matters.
#[test]
fn a_retry_that_waits_in_between() {
    check("late", "it makes a difference whether `late`", |bug| {
        try_explore(
            200,
            on_a_disk(move |disk| {
                let first = Mutex::new(true);
                let graph = Graph::new()
                    .job("slow")
                    .tries(2)
                    .retry_delay(Duration::from_secs(60))
                    .check_only(move |_| !std::mem::replace(&mut *first.lock().unwrap(), false))
                    .job("config")
                    .after("slow")
                    .check(|_| disk.exists("config"))
                    .run(|_| disk.write("config", "new"))
                    .each(0..4, |graph, at| {
                        graph
                            .job(format!("other {at}"))
                            .check(move |_| disk.exists(&format!("other {at}")))
                            .run(move |_| disk.write(&format!("other {at}"), ""))
                    })
                    .job("wait")
                    .tries(2)
                    .retry_delay(Duration::from_secs(60))
                    .check_only(|cx| cx.attempt() == 2)
                    .job("late");
                let graph = if bug { graph.after("wait") } else { graph.after(["wait", "config"]) };
                graph.check(|_| disk.exists("late")).run(|_| {
                    disk.write("late", if disk.list("config").is_empty() { "without" } else { "with" })
                })
            }),
        )
        .inspect_err(|finding| {
            assert_eq!(finding.jobs(), ["late", "config"], "{finding}");
        })
    });
}

/// In the other order other phases are executed at all.
#[test]
fn another_course_of_calls() {
    check("reader", "it makes a difference whether `reader` or `maker` comes first", |bug| {
        try_explore(
            100,
            on_a_disk(move |disk| {
                let graph = Graph::new()
                    .each(0..3, |graph, at| {
                        let file = format!("other {at}");
                        let made = file.clone();
                        graph
                            .job(&file)
                            .check(move |_| disk.exists(&file))
                            .run(move |_| disk.write(&made, ""))
                    })
                    .job("maker")
                    .run_only(|_| disk.write("made", ""))
                    .job("reader");
                let graph = if bug { graph } else { graph.after("maker") };
                graph.check(|_| !disk.list("made").is_empty()).run(|_| {
                    disk.write("made", "");
                    disk.write("made by reader", "");
                })
            }),
        )
    });
}

/// Random faults follow from the seed, and the seed is the same in all orders.
#[test]
fn random_faults_are_not_the_order() {
    let body = |simulation: &Simulation| {
        let disk = Disk::new();
        let plan = Graph::new().each(0..6, |graph, at| {
            let (disk, file) = (&disk, format!("file {at}"));
            let made = file.clone();
            graph.job(&file).tries(2).check(move |_| disk.exists(&file)).run(move |_| disk.write(&made, ""))
        });
        let faults = Faults::none().randomly(0.4, [Fault::Error]);
        let run = simulation.clone().faults(faults).run(&plan.compile().unwrap(), ());
        untimed(run.report())
    };
    explore(100, body);
}

/// What fails is said by whoever looks: the phase after which it does not hold, and the reason.
#[test]
fn the_phase_after_which_it_does_not_hold() {
    let body = on_a_disk(|disk| {
        Graph::new().each(["a", "b", "c"], |graph, name| {
            graph.job(name).check(move |_| disk.exists(name)).run(move |_| disk.write(name, ""))
        })
    });
    let finding = check_always(3, body, |files| ensure(files.len() < 3, "three are too many")).unwrap_err();
    let text = finding.to_string();
    assert!(text.contains("`.run\n  it says: three are too many\n  the body sees: {"), "{text}");
    assert_eq!(finding.phase(), Some(Phase::Run));
}
